"""Files of one number a line: patterns for the many, the layout's definition for the rest, rejects for what is left."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dncd.addresses import phone_faults
from dncd.registry.formats.patterns import Pattern, match
from dncd.registry.lines import Block
from dncd.registry.rejects import NOT_A_NUMBER, NOT_POSSIBLE, ROUNDED, Tally
from dncd.storage.contract import Mask, Phones

BLANK: Final = b" \t"
_ROUNDED: Final = re.compile(rb"[+-]?[0-9]+(?:[.,][0-9]*)?E\+?[0-9]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """How one kind of file writes a number.

    `define` reads any one line, blanks at its ends taken off: E.164 digits, or the reason why not. The patterns are a
    shortcut and say the same. Unless the patterns hold the numbering plan already, `judged` has their numbers judged.
    """

    patterns: tuple[Pattern, ...]
    define: Callable[[bytes], int | str]
    judged: bool


def judged(phone: int) -> int | str:
    """Return a number, or the reason why its numbering plan has no such number."""
    return NOT_POSSIBLE if phone_faults(np.array([phone], np.uint64), 1)[0] else phone


def unread(text: bytes) -> str:
    """Say why a text has not even the shape of a number."""
    return ROUNDED if _ROUNDED.fullmatch(text) else NOT_A_NUMBER


def read_lines(block: Block, layout: Layout) -> tuple[Phones, dict[int, str]]:
    """Read a block: one number for each line, 0 where there is none, and the reasons by row; blank lines have none."""
    phones = match(block, layout.patterns)
    if layout.judged:
        read = np.flatnonzero(phones)
        phones[read[phone_faults(phones[read], len(read)) != 0]] = 0
    reasons: dict[int, str] = {}
    if phones.all():
        return phones, reasons
    for row in block.filled(np.flatnonzero(phones == 0)):
        read_line = layout.define(block.line(row).strip(BLANK))
        if isinstance(read_line, str):
            reasons[row] = read_line
        else:
            phones[row] = read_line
    return phones, reasons


def numbers_of(
    block: Block, layout: Layout, tally: Tally, unwanted: Callable[[Phones], Mask] | None = None, why: str = ""
) -> Phones:
    """Read a block and count it: the numbers of its lines in order. `unwanted` numbers are rejected, for the reason."""
    phones, reasons = read_lines(block, layout)
    if unwanted is not None:
        outside = unwanted(phones)
        if outside.any():
            reasons.update(dict.fromkeys(np.flatnonzero(outside & (phones != 0)).tolist(), why))
            phones[outside] = 0
    for row in sorted(reasons):
        tally.rejected(block.file, block.first_line + row, reasons[row], decoded(block.line(row)))
    return counted(phones, tally)


def counted(phones: Phones, tally: Tally) -> Phones:
    """Drop the places without a number, and count the others as read."""
    phones = phones if phones.all() else phones[phones != 0]
    tally.read(len(phones))
    return phones


def decoded(line: bytes) -> str:
    """Turn a line into text: UTF-8, or else cp1252, which is what an 8-bit file most often is."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("cp1252", "replace")


def column_of(texts: Sequence[str], layout: Layout) -> tuple[Phones, dict[int, str]]:
    """Read the texts of a column as if they were lines; white space within counts as one space."""
    column = "".join(f"{' '.join(text.split())}\n" for text in texts)
    return read_lines(Block("", 1, column.encode()), layout)
