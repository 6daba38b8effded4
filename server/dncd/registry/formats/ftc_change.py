"""The change list of the US registry: area code, number, optional date, A or D. Its columns are not published.

So each line is taken apart, and read only if there is one way to read it; a line with two ways refuses the file.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

import numpy as np

from dncd.registry.chunks import Chunk
from dncd.registry.failures import LayoutAmbiguous
from dncd.registry.formats.ftc import NANP, areas_of, dated_area
from dncd.registry.formats.layouts import decoded, unread
from dncd.registry.formats.options import Options
from dncd.registry.lines import Block, Source
from dncd.registry.rejects import NO_CHANGE, NOT_A_NUMBER, NOT_POSSIBLE, ROUNDED, UNKNOWN_TEXT, Tally

_SPLIT: Final = re.compile(rb"[,\t ]+")
_TEN: Final = re.compile(rb"1?([0-9]{10})")
_AREA: Final = re.compile(rb"[0-9]{3}")
_SEVEN: Final = re.compile(rb"[0-9]{7}")
_POSSIBLE: Final = re.compile(rb"[2-9][0-9]{2}[2-9][0-9]{6}")
_DATE: Final = re.compile(rb"[0-9]{8}|[0-9]{4}([-/.])[0-9]{1,2}\1[0-9]{1,2}|[0-9]{1,2}([-/.])[0-9]{1,2}\2[0-9]{4}")
_TIME: Final = re.compile(rb"[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")
_REMOVED: Final = {b"A": False, b"ADD": False, b"D": True, b"DELETE": True}

Change = tuple[int, bool]


def read(source: Source, options: Options, tally: Tally) -> Iterator[Chunk]:
    """Read changes in order; `removed` says which are deletions. Raises LayoutAmbiguous, ListDateMissing."""
    options.require_code(NANP, "ftc-change")
    for entry in source.entries():
        list_date = options.list_date or dated_area(entry.name)[0] or options.require_date(entry.name)
        # Changes bring a register up to the newest of their days.
        tally.reading.list_date = max(list_date, tally.reading.list_date or list_date)
        tally.reading.files.append(entry.name)
        for block in entry.blocks:
            if changes := list(_changes(block, tally)):
                phones = np.array([phone for phone, _ in changes], np.uint64)
                tally.read(len(phones))
                tally.reading.coverage |= options.coverage or areas_of(phones)
                yield Chunk(phones, np.array([removed for _, removed in changes], np.bool_))


def _changes(block: Block, tally: Tally) -> Iterator[Change]:
    for number, line in enumerate(block.lines(), block.first_line):
        parts = [part for part in _SPLIT.split(line.strip(b" \t,").upper()) if part]
        if not parts:
            continue
        change = _read_parts(parts, block.file, number)
        if isinstance(change, str):
            tally.rejected(block.file, number, change, decoded(line))
        else:
            yield change


def _read_parts(parts: list[bytes], file: str, line: int) -> Change | str:
    """Find the one number and the one letter; nothing but a date and a time may be left."""
    numbers = _numbers(parts)
    letters = [part for part in parts if part in _REMOVED]
    if len(numbers) > 1 or len(letters) > 1:
        raise LayoutAmbiguous("the line can be read in two ways; this is not a change list as it is known", file, line)
    if not numbers:
        return next((why for why in map(unread, parts) if why == ROUNDED), NOT_A_NUMBER)
    if not letters:
        return NO_CHANGE
    digits, width = numbers[0]
    rest = [part for part in parts if part not in _REMOVED and part not in digits]
    if not _only_date(rest) or len(parts) != width + len(letters) + len(rest):
        return UNKNOWN_TEXT
    phone = b"".join(digits)[-10:]
    return (int(b"1" + phone), _REMOVED[letters[0]]) if _POSSIBLE.fullmatch(phone) else NOT_POSSIBLE


def _numbers(parts: list[bytes]) -> list[tuple[list[bytes], int]]:
    """Find all ways to see a number: ten digits in one part, or three and seven in two neighbours."""
    whole = [([part], 1) for part in parts if _TEN.fullmatch(part)]
    pairs = pairwise(parts)
    split = [([area, line], 2) for area, line in pairs if _AREA.fullmatch(area) and _SEVEN.fullmatch(line)]
    return whole + split


def _only_date(parts: list[bytes]) -> bool:
    dates = sum(_DATE.fullmatch(part) is not None for part in parts)
    times = sum(_TIME.fullmatch(part) is not None for part in parts)
    return dates + times == len(parts) and times <= dates <= 1
