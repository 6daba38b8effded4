"""The verdicts that must come for the call file, worked out from the files alone, without the server's code."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from dncd.demo.files import BLOCKED_DOMAIN, BLOCKED_PREFIX, PROMOTIONS, SALES, Files
from donotcontact import Verdict

CALLS: Final = frozenset({"do-not-contact", "do-not-phone", SALES})
TEXTS: Final = frozenset({"do-not-contact", "do-not-text", SALES})
PROMOTION_EMAILS: Final = frozenset({"do-not-contact", "do-not-email", PROMOTIONS})
RECEIPT_EMAILS: Final = frozenset({"do-not-contact", "do-not-email"})
_AREA: Final = "+1" + BLOCKED_PREFIX.rstrip("X")
_HOST: Final = "." + BLOCKED_DOMAIN.removeprefix("@")


class Expectations:
    """What must come for each row of the call file, in its order."""

    def __init__(self, files: Files) -> None:
        self._leads = files.leads
        self._labels: Mapping[str, set[str]] = _labels_by_address(files)
        self._starts, self._stops = set(files.starts), set(files.stops)

    def calls(self, labels: frozenset[str] = CALLS) -> list[Verdict]:
        """Return the verdicts of the phone column for VOICE."""
        return [self._call(lead.number, labels) for lead in self._leads]

    def texts(self) -> list[Verdict]:
        """Return the verdicts of the phone column for SMS, where opt-in is required."""
        return [self._text(lead.number) for lead in self._leads]

    def emails(self, labels: frozenset[str]) -> list[Verdict]:
        """Return the verdicts of the e-mail column."""
        return [self._email(lead.mailbox, labels) for lead in self._leads]

    def callable_number(self) -> str:
        """Return a number that may be called."""
        return next(lead.number for lead in self._leads if self._call(lead.number, CALLS) is Verdict.ALLOW)

    def _call(self, number: str, labels: frozenset[str]) -> Verdict:
        if not number:
            return Verdict.INVALID
        blocked = number.startswith(_AREA) or self._labels[number] & labels
        return Verdict.BLOCK if blocked else Verdict.ALLOW

    def _text(self, number: str) -> Verdict:
        if not number:
            return Verdict.INVALID
        if number in self._stops or self._labels[number] & TEXTS:
            return Verdict.BLOCK
        return Verdict.ALLOW if number in self._starts else Verdict.OPT_IN_REQUIRED

    def _email(self, mailbox: str, labels: frozenset[str]) -> Verdict:
        if not mailbox:
            return Verdict.INVALID
        return Verdict.BLOCK if mailbox.endswith(_HOST) or self._labels[mailbox] & labels else Verdict.ALLOW


def _labels_by_address(files: Files) -> Mapping[str, set[str]]:
    labels: defaultdict[str, set[str]] = defaultdict(set)
    for opt_out in files.opt_outs:
        labels[opt_out.address].add(opt_out.label)
    return labels
