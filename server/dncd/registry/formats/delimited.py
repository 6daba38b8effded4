"""CSV with any heading: the phone column is named by the operator, or the only one that can be it."""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np

from dncd.addresses import phones_from_texts
from dncd.registry.chunks import Categories, Chunk
from dncd.registry.failures import LayoutAmbiguous
from dncd.registry.formats.categories import categories_of
from dncd.registry.formats.layouts import counted
from dncd.registry.formats.numbers import region_of
from dncd.registry.formats.options import Options
from dncd.registry.formats.rows import Row, Table, column_by_words, may_hold_number, position_of
from dncd.registry.formats.written import holds_numbers, read_written
from dncd.registry.lines import Source
from dncd.registry.rejects import NO_CATEGORIES, OUT_OF_SCOPE, Tally
from dncd.storage.contract import Mask, Phones

# fmt: off
PHONE_WORDS: Final = frozenset({
    "phone", "phones", "phone number", "phonenumber", "phone no", "phone num", "telephone", "telephone number",
    "telephone no", "tel", "tel no", "mobile", "mobile number", "mobile phone", "cell", "cell phone",
    "cellphone", "msisdn", "number", "numbers", "contact number", "company phone number", "home phone",
    "work phone", "phone1", "phone 1", "phone2", "phone 2",
})
# fmt: on
# In plans whose numbers vary in length a day would pass for one of them.
_DATE: Final = re.compile(
    r"((19|20)\d\d([-/.])[01]?\d\3[0-3]?\d|[0-3]?\d([-/.])[0-3]?\d\4(19|20)\d\d)([T ]\d\d:\d\d(:\d\d(\.\d+)?)?Z?)?"
)


def read(source: Source, options: Options, tally: Tally) -> Iterator[Chunk]:
    """Read one column. Raises LayoutAmbiguous where several can be it, ListDateMissing without a date."""
    region = region_of(options)
    tally.reading.list_date = options.require_date(source.name)
    tally.reading.coverage |= options.coverage
    for entry in source.entries():
        tally.reading.files.append(entry.name)
        table = Table(entry, options, tally)
        if table.first:
            column, categories = _columns(table, table.first, region, options)
            for batch in table.batches():
                chunk = _chunk(table, batch, (column, categories), region, options, tally)
                if len(chunk.phones):
                    yield chunk


def _columns(table: Table, first: Row, region: str, options: Options) -> tuple[int, int]:
    """Find the phone column and the categories column (-1 for none), and skip the heading."""
    column = phone_column(table, first, region, options)
    if table.has_heading():
        table.skip_heading()
    if options.categories_column is None:
        return column, -1
    return column, position_of(options.categories_column, first.fields, table.name)


def phone_column(table: Table, first: Row, region: str, options: Options) -> int:
    """Find the phone column, from 0: as told, or the only one, or by the heading, or by the only number in row one."""
    if options.column is not None:
        return position_of(options.column, first.fields, table.name)
    if len(first.fields) == 1:
        return 0
    if table.has_heading():
        named = column_by_words(first.fields, PHONE_WORDS, "the phone number", table.name, "--column")
        places = [named] if named >= 0 else []
    else:
        phones, _ = phones_from_texts(first.fields, region, len(first.fields))
        places = np.flatnonzero(phones).tolist()
    if len(places) != 1:
        what = "no column is surely the phone number; name it (--column)"
        unless = "" if table.has_heading() else ", and say whether the first row names the columns (--header)"
        raise LayoutAmbiguous(what + unless, table.name, first.line)
    return places[0]


def refuse_second_numbers(table: Table, rows: list[Row], known: tuple[int, ...], region: str, options: Options) -> None:
    """Raise LayoutAmbiguous where a row has a number in another column, unless the operator named the one to read.

    `known` are the columns that are read, the numbers' first. Another number would be dropped in silence; every row is
    looked at, since the second number of a few is one all the same.
    """
    others = [] if options.column is not None else [place for place in range(table.width) if place not in known]
    for other in others:
        texts = [(row, row.fields[other]) for row in rows if len(row.fields) > other]
        likely = [(row, text) for row, text in texts if may_hold_number(text) and not _DATE.fullmatch(text.strip())]
        held = holds_numbers([text for _, text in likely], region, options.outside)
        if held.any():
            what = (
                f"column {other + 1} has a number too, beside column {known[0] + 1}; put all numbers into one column,"
                " or name the one that is to be read (--column)"
            )
            raise LayoutAmbiguous(what, table.name, likely[int(held.argmax())][0].line)


def _chunk(
    table: Table, batch: list[Row], columns: tuple[int, int], region: str, options: Options, tally: Tally
) -> Chunk:
    column, categories = columns
    rows = table.with_columns(batch, max(column, categories) + 1)
    refuse_second_numbers(table, rows, columns, region, options)
    texts = [row.fields[column] for row in rows]
    phones, reasons = read_written(texts, region, international=options.international)
    reasons |= _taken_out(phones, options.outside(phones), OUT_OF_SCOPE)
    masks = None
    if categories >= 0:
        masks = categories_of([row.fields[categories] for row in rows])
        reasons |= _taken_out(phones, (masks == 0) & (phones != 0), NO_CATEGORIES)
    for place in sorted(reasons):
        table.reject(rows[place], reasons[place])
    kept: Categories | None = None if masks is None else masks[phones != 0]
    return Chunk(counted(phones, tally), categories=kept)


def _taken_out(phones: Phones, rows: Mask, why: str) -> dict[int, str]:
    """Take the numbers of some rows out, and return why, by row."""
    phones[rows] = 0
    return dict.fromkeys(np.flatnonzero(rows).tolist(), why)
