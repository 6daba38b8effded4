"""What comes back from a wash against the Australian Do Not Call Register, in its three shapes.

A wash result speaks of the washed numbers only: a number that is not in it was not screened. So those that came back
clean are kept too, as WASHED_CLEAN, and screening covers no others.
Source: donotcall.gov.au; the letters of the flag column are not published, so the operator says what they mean.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Final

import numpy as np

from dncd.registry.chunks import EVERY_CATEGORY, WASHED_CLEAN, Chunk
from dncd.registry.failures import FormatUnsuited, LayoutAmbiguous
from dncd.registry.formats.delimited import phone_column, refuse_second_numbers
from dncd.registry.formats.layouts import Layout, column_of, judged, unread
from dncd.registry.formats.options import Options, Shape
from dncd.registry.formats.patterns import pattern
from dncd.registry.formats.rows import Row, Table, column_by_words, position_of
from dncd.registry.lines import Source
from dncd.registry.rejects import NO_FLAG, NOT_A_NUMBER, OUT_OF_SCOPE, Tally
from dncd.storage.contract import Mask, Phones

CODE: Final = 61
_REGION: Final = "AU"
_NUMBER: Final = re.compile(rb"(?:\+61|0061|61|0)([2-9][0-9]{8})|(?:\+61|61)?(1[0-9]{9})")
_FLAG_WORDS: Final = frozenset(
    {"flag", "status", "result", "registered", "on register", "wash result", "register status"}
)
_FLAGS_MAX: Final = 8
_REGISTERED: Final = frozenset({"registered", "on register"})
_CLEAN: Final = frozenset({"not registered", "unregistered", "not on register"})


def read(source: Source, options: Options, tally: Tally) -> Iterator[Chunk]:
    """Read the registered and the clean numbers.

    Raises LayoutAmbiguous where it is not sure which they are, and ListDateMissing.
    """
    options.require_code(CODE, "acma")
    tally.reading.list_date = options.require_date(source.name)
    tally.reading.coverage |= options.coverage
    if options.shape is Shape.CLEAN:
        yield from _not_clean(source, options, tally)
    elif options.shape is Shape.REGISTERED:
        yield from (Chunk(phones) for phones in _numbers(source, options, tally, alone=True))
    else:
        yield from _flagged(source, options, tally)


@cache
def layout() -> Layout:
    """Build the layout on first use."""
    forms = ("0NDDDDDDDD", "61NDDDDDDDD")
    return Layout(tuple(pattern(form, CODE) for form in forms), define, judged=True)


def define(text: bytes) -> int | str:
    """Read one number: ten digits that begin with 0 or 1, or eleven with 61."""
    found = _NUMBER.fullmatch(text.replace(b" ", b""))
    if not found:
        return unread(text)
    return judged(int(b"61" + (found[1] or found[2])))


def _not_clean(source: Source, options: Options, tally: Tally) -> Iterator[Chunk]:
    """Give what went into the wash; what did not come back clean is registered."""
    if options.washed_input is None:
        what = "clean numbers alone do not tell which are registered; give the file that was washed too (--washed)"
        raise LayoutAmbiguous(what, source.name)
    columns = list(_numbers(source, options, tally, alone=True))
    clean = np.unique(np.concatenate(columns)) if columns else np.zeros(0, np.uint64)
    found = np.zeros(len(clean), np.bool_)
    # The options of the result are not those of the file that was washed: its columns are found anew.
    washed = replace(options, column=None, delimiter="", heading=None)
    for phones in _numbers(options.washed_input, washed, tally, alone=False):
        found |= _among(clean, np.sort(phones))
        yield _washed(phones, ~_among(phones, clean))
    # A result with numbers that were not washed is that of another wash, whose clean numbers say nothing about these.
    if not found.all():
        count = np.count_nonzero(~found)
        what = (
            f"{count:,} of {len(clean):,} clean numbers are not in the file that was washed; do they belong together?"
        )
        raise FormatUnsuited(what, source.name)
    if options.washed_input.sha256 == source.sha256:
        raise FormatUnsuited("the file that was washed and its result are the same file", source.name)


def _washed(phones: Phones, registered: Mask) -> Chunk:
    kinds = np.where(registered, np.uint16(1 << EVERY_CATEGORY), np.uint16(1 << WASHED_CLEAN))
    return Chunk(phones, categories=kinds)


def _among(phones: Phones, ordered: Phones) -> Mask:
    if not len(ordered):
        return np.zeros(len(phones), np.bool_)
    places = np.minimum(np.searchsorted(ordered, phones), len(ordered) - 1)
    found: Mask = ordered[places] == phones
    return found


def _tables(source: Source, options: Options, tally: Tally) -> Iterator[tuple[Table, Row]]:
    for entry in source.entries():
        tally.reading.files.append(entry.name)
        table = Table(entry, options, tally)
        if table.first:
            yield table, table.first


def _numbers(source: Source, options: Options, tally: Tally, *, alone: bool) -> Iterator[Phones]:
    """Read the numbers of all rows. Where they should be `alone`, refuse a second column that could be flags.

    In a file that was washed a second number is of no harm: one that nothing is known about is UNSCREENED.
    """
    for table, first in _tables(source, options, tally):
        column = phone_column(table, first, _REGION, options)
        others = _OtherColumns(table, column)
        if table.has_heading():
            table.skip_heading()
        for batch in table.batches():
            rows, phones = _read_rows(table, batch, (column, column), options, alone=alone)
            others.see(rows)
            tally.read(len(phones))
            yield phones
        if alone:
            others.refuse_flags(options.shape)


def _flagged(source: Source, options: Options, tally: Tally) -> Iterator[Chunk]:
    flags = Flags.told(options)
    for table, first in _tables(source, options, tally):
        if len(first.fields) == 1:
            what = "one column may be the registered numbers or the clean ones; say which (--shape)"
            raise LayoutAmbiguous(what, table.name, first.line)
        column = phone_column(table, first, _REGION, options)
        flag_column = _flag_column(table, first, column, options)
        if table.has_heading():
            table.skip_heading()
        for batch in table.batches():
            rows, phones = _read_rows(table, batch, (column, flag_column), options, alone=True)
            tally.read(len(phones))
            registered = [flags.registers(row.fields[flag_column], table.name, row.line) for row in rows]
            yield _washed(phones, np.array(registered, np.bool_))
    flags.check(source.name)


def _flag_column(table: Table, first: Row, column: int, options: Options) -> int:
    if options.flag_column is not None:
        return position_of(options.flag_column, first.fields, table.name)
    if len(first.fields) == 2:
        return 1 - column
    named = -1
    if table.has_heading():
        named = column_by_words(first.fields, _FLAG_WORDS, "the flag", table.name, "--flag-column")
    if named < 0:
        raise LayoutAmbiguous("no column is surely the flag; name it (--flag-column)", table.name, first.line)
    return named


def _read_rows(
    table: Table, batch: list[Row], columns: tuple[int, int], options: Options, *, alone: bool
) -> tuple[list[Row], Phones]:
    """Give the rows with a number and a flag, and their numbers; reject the others.

    `alone`: they should be the only numbers of their rows.
    """
    column, flag_column = columns
    rows = table.with_columns(batch, max(columns) + 1)
    if alone:
        refuse_second_numbers(table, rows, columns, _REGION, options)
    phones, reasons = column_of([row.fields[column] for row in rows], layout())
    outside = options.outside(phones)
    reasons.update(dict.fromkeys(np.flatnonzero(outside).tolist(), OUT_OF_SCOPE))
    phones[outside] = 0
    good = []
    for place, row in enumerate(rows):
        if not phones[place]:
            table.reject(row, reasons.get(place, NOT_A_NUMBER))
        elif not row.fields[flag_column].strip():
            table.reject(row, NO_FLAG)
            phones[place] = 0
        else:
            good.append(row)
    return good, phones[phones != 0]


class _OtherColumns:
    """What stands in the columns beside the numbers, as far as it is little enough to be flags."""

    def __init__(self, table: Table, column: int) -> None:
        self._table = table
        self._values: dict[int, set[str]] = {place: set() for place in range(table.width) if place != column}

    def see(self, rows: list[Row]) -> None:
        """Look at some rows."""
        for place, values in self._values.items():
            if len(values) <= _FLAGS_MAX:
                values.update(_fold(row.fields[place]) for row in rows if len(row.fields) > place)

    def refuse_flags(self, shape: Shape | None) -> None:
        """Raise LayoutAmbiguous for a column of few values: it could say which numbers are registered."""
        for place, values in self._values.items():
            if 0 < len(values - {""}) <= _FLAGS_MAX:
                what = (
                    f"column {place + 1} could be flags, so that these may not all be {shape} numbers; import it with"
                    " --shape flagged, or take that column out"
                )
                raise LayoutAmbiguous(what, self._table.name)


@dataclass(slots=True)
class Flags:
    """What the letters mean. Without word of the clean ones, one other letter is taken for clean, and no second."""

    registered: frozenset[str]
    clean: frozenset[str]
    guessing: bool
    seen_registered: bool = False
    other: set[str] = field(default_factory=set)

    @classmethod
    def told(cls, options: Options) -> "Flags":
        """Take the operator's word; without any, only plain words are understood."""
        registered = _folded(options.registered_flags)
        clean = _folded(options.clean_flags)
        if registered & clean:
            raise LayoutAmbiguous("a flag is said to mean both registered and clean")
        return cls(registered or _REGISTERED, clean or _CLEAN, guessing=bool(registered) and not clean)

    def registers(self, flag: str, file: str, line: int) -> bool:
        """Tell whether the flag means registered. Raises LayoutAmbiguous where that is not known."""
        flag = _fold(flag)
        if flag in self.registered:
            self.seen_registered = True
            return True
        if flag not in self.clean:
            self.other.add(flag)
            if not self.guessing or len(self.other) > 1:
                what = "the flag is not known; say which mean registered and clean (--registered-flags, --clean-flags)"
                raise LayoutAmbiguous(what, file, line)
        return False

    def check(self, file: str) -> None:
        """Refuse to take one unknown letter for clean where no row says registered."""
        if self.other and not self.seen_registered:
            what = "no row has a flag that means registered; say which flags mean clean (--clean-flags)"
            raise LayoutAmbiguous(what, file)


def _folded(flags: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_fold, flags))


def _fold(flag: str) -> str:
    return " ".join(flag.casefold().replace("_", " ").split())
