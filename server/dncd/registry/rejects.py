"""Lines that could not be read: their reasons, their report, and when there are too many of them."""

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TextIO

from dncd.addresses import Fault
from dncd.registry.chunks import Reading, Reject
from dncd.registry.failures import MostlyRejects

REPORT_ROWS_MAX: Final = 100_000
MASKED_CHARS_MAX: Final = 60
REJECTED_PERCENT_MAX: Final = 50
_SHOWN_DIGITS: Final = 3

ROUNDED: Final = "rounded by a spreadsheet: digits are lost"
NOT_A_NUMBER: Final = "not a number in this format's layout"
NOT_POSSIBLE: Final = "not a possible number of its numbering plan"
CODE_OR_NOT: Final = (
    "begins with digits that may be the calling code or not: write it with + or 0, or say that all begin with it"
    " (--international)"
)
WRONG_AREA: Final = "of another area code than its file"
OUT_OF_SCOPE: Final = "not among the numbers that the registry speaks about"
NOT_COVERED: Final = "not of what the file is said to cover"
NO_CHANGE: Final = "does not say whether the number was added or deleted"
UNKNOWN_TEXT: Final = "has a part that is not known"
BROKEN_ROW: Final = "quotation marks do not match"
COLUMN_MISSING: Final = "has fewer columns than the heading"
COLUMNS_TOO_MANY: Final = "has more columns than the first row"
NO_CATEGORIES: Final = "the preferences are not category digits"
NO_FLAG: Final = "the flag is empty"

_FAULT_REASONS: Final = {
    Fault.EMPTY: "no number",
    Fault.ROUNDED_BY_SPREADSHEET: ROUNDED,
    Fault.NOT_A_POSSIBLE_NUMBER: NOT_POSSIBLE,
    Fault.SHORT_NUMBER: "a short code",
    Fault.REGION_MISSING: "without a country, and no region was given",
    Fault.WRONG_CHANNEL: "an e-mail address",
    Fault.SEVERAL_ADDRESSES: "several numbers",
    Fault.NOT_ONE_ADDRESS: "a pattern, not a number",
    Fault.TOO_LONG: "too long",
}


def fault_reason(fault: int) -> str:
    """Say why a written number was not read."""
    return _FAULT_REASONS.get(Fault(fault), NOT_A_NUMBER)


def masked(text: str) -> str:
    """Hide every letter and digit after the first three digits, and letters before them; keep the shape."""
    shown = []
    digits = 0
    for char in text[:MASKED_CHARS_MAX]:
        digits += char.isdigit()
        keep = (char.isdigit() and digits <= _SHOWN_DIGITS) or (char.isprintable() and not char.isalnum())
        shown.append(char if keep else "*")
    return "".join(shown) + ("..." if len(text) > MASKED_CHARS_MAX else "")


@dataclass(frozen=True, slots=True)
class Tally:
    """Count the lines of a source as they are read or rejected; every line that holds something is one of the two."""

    reading: Reading
    reject: Callable[[Reject], None]

    def rejected(self, file: str, line: int, reason: str, text: str) -> None:
        """Reject one line; `text` is masked here and goes no further."""
        self.reading.lines += 1
        self.reading.rejects += 1
        self.reject(Reject(file, line, reason, masked(text)))

    def read(self, lines: int) -> None:
        """Count lines that were read."""
        self.reading.lines += lines


def judge(reading: Reading, *, empty: bool = False) -> None:
    """Refuse a source of which nothing, or less than half of the lines, could be read. Raises MostlyRejects.

    One that may be `empty`, as a list of no changes, may have no lines.
    """
    if not reading.lines and not empty:
        raise MostlyRejects("nothing was read: there are no lines")
    judge_part(reading.lines, reading.rejects, "")


def judge_part(lines: int, rejects: int, file: str) -> None:
    """Judge one file of a source in the same way; a file without lines passes. Raises MostlyRejects."""
    if rejects * 100 > lines * REJECTED_PERCENT_MAX:
        what = f"{rejects:,} of {lines:,} lines are rejects; is it another format, or for another registry?"
        raise MostlyRejects(what, file)


@dataclass(slots=True)
class RejectsReport:
    """Write rejects as CSV as they come: file, line, reason, masked text; `close` writes how many found no room.

    `out` is opened with newline="" and belongs to the caller. `reasons` counts all of them, written or not.
    """

    out: TextIO
    rows_max: int = REPORT_ROWS_MAX
    rows: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        csv.writer(self.out).writerow(["file", "line", "reason", "masked"])

    def add(self, reject: Reject) -> None:
        """Write one reject while there is room; count it in any case."""
        self.reasons[reject.reason] += 1
        self.rows += 1
        if self.rows <= self.rows_max:
            csv.writer(self.out).writerow([reject.file, reject.line, reject.reason, reject.masked])

    def close(self) -> None:
        """Write the last row, where rejects found no room, and flush."""
        if self.rows > self.rows_max:
            csv.writer(self.out).writerow(["", "", f"and {self.rows - self.rows_max} more", ""])
        self.out.flush()
