"""The change list of the US registry: area code, number, optional date, A or D. Its columns are not published.

So each line is taken apart, and read only if there is one way to read it; a line with two ways refuses the file. Files
of several days are applied by their days, whatever their order in the archive.
"""

import re
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from typing import Final

import numpy as np

from dncd.registry.chunks import Chunk
from dncd.registry.failures import LayoutAmbiguous
from dncd.registry.formats.ftc import NANP, dated_area
from dncd.registry.formats.layouts import decoded, unread
from dncd.registry.formats.options import Options
from dncd.registry.lines import Block, Entry, Source
from dncd.registry.prefixes import PrefixSet
from dncd.registry.rejects import (
    NO_CHANGE,
    NOT_A_NUMBER,
    NOT_COVERED,
    NOT_POSSIBLE,
    ROUNDED,
    UNKNOWN_TEXT,
    WRONG_AREA,
    Tally,
    judge_part,
)

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
    """Read changes by their days; `removed` says which are deletions. `dates` says what they cover, and until when.

    Raises LayoutAmbiguous, ListDateMissing, and MostlyRejects for a bad file.
    """
    options.require_code(NANP, "ftc-change")
    reading = tally.reading
    for entry in source.entries(by_day):
        named, area = dated_area(entry.name)
        day = options.list_date or named or options.require_date(entry.name)
        covered = frozenset({f"{NANP}{area}"}) if area else options.coverage
        for prefix in covered:
            options.require_scope(prefix, entry.name)
            reading.dates[prefix] = max(day, reading.dates.get(prefix, day))
        reading.list_date = max(day, reading.list_date or day)
        reading.files.append(entry.name)
        lines, rejects = reading.lines, reading.rejects
        yield from _entry_chunks(entry, _Wanted(covered, WRONG_AREA if area else NOT_COVERED), tally)
        # Its area code counts as covered, so the good files of other area codes must not make up for a bad one.
        if area:
            judge_part(reading.lines - lines, reading.rejects - rejects, entry.name)
    # A prefix that no file is about had no changes, as the operator says: until the oldest day of those that had some.
    for prefix in options.coverage - reading.dates.keys():
        reading.dates[prefix] = min(reading.dates.values(), default=reading.list_date or date.min)
    reading.coverage |= reading.dates.keys()


def by_day(names: list[str]) -> list[int]:
    """Return the places of several files by their days. Raises LayoutAmbiguous where their names do not tell."""
    places: dict[tuple[date, int], int] = {}
    for place, name in enumerate(names):
        day, area = dated_area(name)
        if day is None:
            what = (
                "is one of several files, and its name does not say of which day; import one by one, the oldest first"
            )
            raise LayoutAmbiguous(what, name)
        if places.setdefault((day, area), place) != place:
            what = "another file is of the same day and area code; which of them comes first is not known"
            raise LayoutAmbiguous(what, name)
    return [places[dated] for dated in sorted(places)]


class _Wanted:
    """What a file's changes are about; those about other numbers are rejects, for the reason."""

    def __init__(self, covered: frozenset[str], why: str) -> None:
        self.why = why
        self._prefixes = PrefixSet(covered).prefixes

    def has(self, phone: int) -> bool:
        """Tell whether a change is about what the file covers; nothing said: anything."""
        return not self._prefixes or str(phone).startswith(self._prefixes)


def _entry_chunks(entry: Entry, wanted: _Wanted, tally: Tally) -> Iterator[Chunk]:
    for block in entry.blocks:
        if changes := list(_changes(block, wanted, tally)):
            phones = np.array([phone for phone, _ in changes], np.uint64)
            tally.read(len(phones))
            yield Chunk(phones, np.array([removed for _, removed in changes], np.bool_))


def _changes(block: Block, wanted: _Wanted, tally: Tally) -> Iterator[Change]:
    for number, line in enumerate(block.lines(), block.first_line):
        parts = [part for part in _SPLIT.split(line.strip(b" \t,").upper()) if part]
        if not parts:
            continue
        change = _read_parts(parts, block.file, number)
        if not isinstance(change, str) and not wanted.has(change[0]):
            change = wanted.why
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
