"""The US National Do Not Call Registry, full list: `AAA,NNNNNNN` a line; see docs/reference/registry-formats.md.

Source: telemarketing.donotcall.gov; an entry's name is YYYY-M-D_<area code>_<id>.txt.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from functools import cache
from typing import Final

import numpy as np

from dncd.registry.chunks import Chunk, Reading
from dncd.registry.failures import FormatUnsuited, LayoutAmbiguous
from dncd.registry.formats.layouts import Layout, numbers_of, unread
from dncd.registry.formats.options import Options
from dncd.registry.formats.patterns import pattern
from dncd.registry.lines import Entry, Source
from dncd.registry.rejects import NOT_POSSIBLE, OUT_OF_SCOPE, WRONG_AREA, Tally, judge_part
from dncd.storage.contract import Mask, Phones

NANP: Final = 1
_AREA_NUMBERS: Final = np.uint64(10_000_000)
_NAME: Final = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})_([2-9][0-9]{2})_.*", re.IGNORECASE)
_LINE: Final = re.compile(rb"([0-9]{3})[ \t]*,[ \t]*([0-9]{7})|1?([0-9]{10})")
_POSSIBLE: Final = re.compile(rb"[2-9][0-9]{2}[2-9][0-9]{6}")


def read(source: Source, options: Options, tally: Tally) -> Iterator[Chunk]:
    """Read numbers, list date and area codes.

    Raises ListDateMissing, MostlyRejects for a bad file, and LayoutAmbiguous for an area code of two days.
    """
    options.require_code(NANP, "ftc")
    for entry in source.entries():
        list_date, area = dated_area(entry.name)
        _take_date(tally.reading, options, list_date, entry.name)
        tally.reading.files.append(entry.name)
        if area:
            options.require_scope(f"{NANP}{area}", entry.name)
            tally.reading.coverage.add(f"{NANP}{area}")
            _take_part(tally.reading, f"{NANP}{area}", options.list_date or list_date, entry.name)
        yield from _entry_chunks(entry, area, options, tally)


def _entry_chunks(entry: Entry, area: int, options: Options, tally: Tally) -> Iterator[Chunk]:
    lines, rejects = tally.reading.lines, tally.reading.rejects
    unwanted, why = (outside_area(area), WRONG_AREA) if area else (options.outside, OUT_OF_SCOPE)
    for block in entry.blocks:
        phones = numbers_of(block, layout(), tally, unwanted, why)
        if not area:
            tally.reading.coverage |= options.coverage or areas_of(phones)
        if len(phones):
            yield Chunk(phones)
    # Its area code counts as covered, so the good files of other area codes must not make up for a bad one.
    if area:
        judge_part(tally.reading.lines - lines, tally.reading.rejects - rejects, entry.name)


@cache
def layout() -> Layout:
    """Build the layout on first use."""
    forms = ("NDD,NDDDDDD", "NDDNDDDDDD", "1NDDNDDDDDD")
    return Layout(tuple(pattern(form, NANP) for form in forms), define, judged=False)


def define(line: bytes) -> int | str:
    """Read one line: area code, comma, seven digits; or ten digits, with or without a leading 1."""
    found = _LINE.fullmatch(line)
    if not found:
        return unread(line)
    digits = found[3] or found[1] + found[2]
    return int(b"1" + digits) if _POSSIBLE.fullmatch(digits) else NOT_POSSIBLE


def dated_area(name: str) -> tuple[date | None, int]:
    """Read list date and area code from an entry's name; None and 0 where it does not carry them."""
    found = _NAME.fullmatch(name)
    if not found:
        return None, 0
    year, month, day, area = map(int, found.groups())
    try:
        return date(year, month, day), area
    except ValueError:
        raise FormatUnsuited("the name's date is not a day of the calendar", name) from None


def dates_of(names: Iterable[str]) -> set[date]:
    """Return the dates that names carry; more than one is worth a notice, since the oldest is the list's."""
    return {day for name in names if (day := dated_area(name)[0])}


def areas_of(phones: Phones) -> set[str]:
    """Return the calling code and area codes of numbers, as prefixes. Costs next to nothing where there is only one."""
    if not len(phones):
        return set()
    first, last = phones.min() // _AREA_NUMBERS, phones.max() // _AREA_NUMBERS
    areas = [first] if first == last else np.unique(phones // _AREA_NUMBERS)
    return {str(int(area)) for area in areas}


def outside_area(area: int) -> Callable[[Phones], Mask]:
    """Return what tells for each number whether it is of another area code."""
    first = np.uint64((NANP * 1000 + area) * int(_AREA_NUMBERS))
    # Below the first number the unsigned difference wraps to a very large one.
    return lambda phones: (phones - first) >= _AREA_NUMBERS


def _take_part(reading: Reading, prefix: str, day: date | None, file: str) -> None:
    """Keep the day of an area code: two of them would be neither, and changes could undo what the newer one has."""
    assert day is not None, "a name with an area code has a day"
    if reading.dates.setdefault(prefix, day) != day:
        raise LayoutAmbiguous("another file of its area code is of another day; take one of them out", file)


def _take_date(reading: Reading, options: Options, list_date: date | None, file: str) -> None:
    """Keep the oldest date: a list is as fresh as its oldest part."""
    if options.list_date is not None or list_date is None:
        list_date = options.require_date(file)
    reading.list_date = min(list_date, reading.list_date or list_date)
