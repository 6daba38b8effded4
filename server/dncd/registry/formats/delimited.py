"""CSV with any heading: the phone column is named by the operator, or the only one that can be it."""

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
from dncd.registry.formats.rows import Row, Table, column_by_words, position_of
from dncd.registry.lines import Source
from dncd.registry.rejects import NO_CATEGORIES, OUT_OF_SCOPE, Tally, fault_reason
from dncd.storage.contract import Mask, Phones

# fmt: off
PHONE_WORDS: Final = frozenset({
    "phone", "phones", "phone number", "phonenumber", "phone no", "phone num", "telephone", "telephone number",
    "telephone no", "tel", "tel no", "mobile", "mobile number", "mobile phone", "cell", "cell phone",
    "cellphone", "msisdn", "number", "numbers", "contact number", "company phone number", "home phone",
    "work phone", "phone1", "phone 1", "phone2", "phone 2",
})
# fmt: on


def read(source: Source, options: Options, tally: Tally) -> Iterator[Chunk]:
    """Read one column. Raises LayoutAmbiguous where several can be it, ListDateMissing without a date."""
    region = region_of(options)
    tally.reading.list_date = options.require_date(source.name)
    tally.reading.coverage |= options.coverage
    for entry in source.entries():
        tally.reading.files.append(entry.name)
        table = Table(entry, options.delimiter, tally)
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
        raise LayoutAmbiguous("no column is surely the phone number; name it (--column)", table.name, first.line)
    return places[0]


def _chunk(
    table: Table, batch: list[Row], columns: tuple[int, int], region: str, options: Options, tally: Tally
) -> Chunk:
    column, categories = columns
    rows = table.with_columns(batch, max(column, categories) + 1)
    phones, faults = phones_from_texts([row.fields[column] for row in rows], region, len(rows))
    reasons = {place: fault_reason(faults[place]) for place in np.flatnonzero(faults).tolist()}
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
