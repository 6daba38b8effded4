"""Faults of entries as a person finds them: by the line of the file, the place on the command line, or the option."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from donotcontact import DoNotContactError

ENTRY_PATH = re.compile(r"entries\[(\d+)\](?:\.([a-z_.]+))?")
OPTIONS = {
    "label": "--label",
    "source": "--source",
    "reason": "--reason",
    "note": "--note",
    "starts_at": "--starts",
    "expires_at": "--expires",
    "evidence.call_id": "--call-id",
    "evidence.recording": "--recording",
    "evidence.campaign": "--campaign",
    "evidence.reference": "--reference",
}
"""Fields that all rows of a command share, so that one of them is at fault in all."""


@dataclass(frozen=True, slots=True)
class Given:
    """The addresses of a command; `lines` are those of the file, counted from 1, None on the command line."""

    addresses: Sequence[str]
    lines: Sequence[int] | None = None

    def place(self, index: int) -> str:
        """Say where an address stands."""
        return f"address {index + 1}" if self.lines is None else f"line {self.lines[index]}"


def placed(error: DoNotContactError, first: int, given: Given) -> DoNotContactError:
    """Return the error of a batch that begins at the address `first`, with places for its paths, each fault once."""
    faults = list(dict.fromkeys((_placed(path, first, given), text) for path, text in error.field_violations))
    message = _placed(str(error), first, given)
    if faults:
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        message = f"{faults[0][0]}: {faults[0][1]}{more}"
    return type(error)(
        message,
        reason=error.reason,
        code=error.code,
        field_violations=faults,
        metadata=error.metadata,
        retry_after_s=error.retry_after_s,
    )


def _placed(text: str, first: int, given: Given) -> str:
    def place(found: re.Match[str]) -> str:
        option = OPTIONS.get(found[2] or "")
        return option or given.place(first + int(found[1]))

    return ENTRY_PATH.sub(place, text)
