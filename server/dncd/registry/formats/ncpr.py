"""The Indian National Customer Preference Register: service area, number, preferences, operation, kind of number.

Source: TRAI TCCCPR 2018. Heading and letters of operations are not published: what is accepted stands in the docs.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from dncd.registry.chunks import Categories, Chunk
from dncd.registry.failures import LayoutAmbiguous
from dncd.registry.formats.categories import categories_of
from dncd.registry.formats.delimited import refuse_second_numbers
from dncd.registry.formats.layouts import Layout, column_of, counted, judged, unread
from dncd.registry.formats.options import Options
from dncd.registry.formats.patterns import pattern
from dncd.registry.formats.rows import Row, Table, column_by_words, position_of, words_of
from dncd.registry.lines import Source
from dncd.registry.rejects import NO_CATEGORIES, NOT_A_NUMBER, OUT_OF_SCOPE, UNKNOWN_TEXT, Tally
from dncd.storage.contract import Mask, Phones

CODE: Final = 91
_REGION: Final = "IN"
_NUMBER: Final = re.compile(rb"(?:\+91|0091|91|0)?([1-9][0-9]{9})")
_PHONE_WORDS: Final = frozenset(
    {"phone number", "phone", "phonenumber", "phone no", "mobile", "mobile number", "number"}
)
_PREFERENCE_WORDS: Final = frozenset({"preferences", "preference", "categories", "category"})
_OPERATION_WORDS: Final = frozenset({"ops type", "opstype", "operation", "operation type", "op type"})
_REMOVALS: Final = frozenset({"d", "del", "delete", "deleted", "remove", "removed"})
# Any other word leaves the number on the register: where a letter's meaning is not known, blocking is the safe side.
_OPERATION: Final = re.compile(r"[a-z]{0,16}")


class Columns(NamedTuple):
    """Where the columns are, from 0; without an operation column (-1) every row is on the register."""

    phone: int
    preferences: int
    operation: int


_AS_SPECIFIED: Final = Columns(1, 2, 3)


def read(source: Source, options: Options, tally: Tally) -> Iterator[Chunk]:
    """Read numbers with their categories and removals, in order.

    Raises ListDateMissing without the operator's date, and LayoutAmbiguous for removals in one of several files.
    """
    options.require_code(CODE, "ncpr")
    tally.reading.list_date = options.require_date(source.name)
    tally.reading.coverage |= options.coverage
    removes = False
    for entry in source.entries():
        tally.reading.files.append(entry.name)
        table = Table(entry, options, tally)
        if table.first:
            columns = _columns(table, table.first, options)
            for batch in table.batches():
                chunk = _chunk(table, batch, columns, options, tally)
                removes |= chunk.removed is not None and bool(chunk.removed.any())
                if removes and len(tally.reading.files) > 1:
                    what = "a removal in one of several files: which comes first is not known; put all in one, in order"
                    raise LayoutAmbiguous(what, table.name)
                if len(chunk.phones):
                    yield chunk


@cache
def layout() -> Layout:
    """Build the layout on first use."""
    return Layout((pattern("PDDDDDDDDD", CODE), pattern("91PDDDDDDDDD", CODE)), define, judged=True)


def define(text: bytes) -> int | str:
    """Read one number: ten digits, with or without 91 or a leading 0."""
    found = _NUMBER.fullmatch(text)
    if not found:
        return unread(text)
    return judged(int(b"91" + found[1]))


def _columns(table: Table, first: Row, options: Options) -> Columns:
    heading = {words_of(field) for field in first.fields}
    if not heading & (_PHONE_WORDS | _PREFERENCE_WORDS | _OPERATION_WORDS):
        return _told(_AS_SPECIFIED, first, options, table.name)
    words = {_PHONE_WORDS: "--column", _PREFERENCE_WORDS: "--category-column", _OPERATION_WORDS: "--flag-column"}
    found = (column_by_words(first.fields, names, min(names), table.name, option) for names, option in words.items())
    table.skip_heading()
    columns = _told(Columns(*found), first, options, table.name)
    if columns.phone < 0 or columns.preferences < 0:
        raise LayoutAmbiguous("the heading does not name the number and the preferences", table.name, first.line)
    return columns


def _told(columns: Columns, first: Row, options: Options, file: str) -> Columns:
    """Let the operator's word go before the heading's."""
    if options.column is not None:
        columns = columns._replace(phone=position_of(options.column, first.fields, file))
    if options.categories_column is not None:
        columns = columns._replace(preferences=position_of(options.categories_column, first.fields, file))
    if options.flag_column is not None:
        columns = columns._replace(operation=position_of(options.flag_column, first.fields, file))
    return columns


def _chunk(table: Table, batch: list[Row], columns: Columns, options: Options, tally: Tally) -> Chunk:
    rows = table.with_columns(batch, max(columns) + 1)
    refuse_second_numbers(table, rows, columns, _REGION, options)
    phones, reasons = column_of([row.fields[columns.phone] for row in rows], layout())
    outside = options.outside(phones)
    reasons.update(dict.fromkeys(np.flatnonzero(outside).tolist(), OUT_OF_SCOPE))
    phones[outside] = 0
    masks = categories_of([row.fields[columns.preferences] for row in rows])
    operations = [row.fields[columns.operation].strip().casefold() if columns.operation >= 0 else "" for row in rows]
    removed = np.fromiter((operation in _REMOVALS for operation in operations), np.bool_, len(rows))
    for place in _bad_rows(phones, masks, removed, operations):
        table.reject(rows[place], _reason(phones[place], reasons.get(place, NOT_A_NUMBER), operations[place]))
        phones[place] = 0
    kept = phones != 0
    return Chunk(counted(phones, tally), removed[kept], masks[kept])


def _bad_rows(phones: Phones, masks: Categories, removed: Mask, operations: list[str]) -> list[int]:
    """Find the rows that cannot be read. A removal needs no preferences."""
    unknown = {operation for operation in set(operations) if not _OPERATION.fullmatch(operation)}
    odd = np.fromiter((operation in unknown for operation in operations), np.bool_, len(operations))
    return np.flatnonzero((phones == 0) | odd | ((masks == 0) & ~removed)).tolist()


def _reason(phone: np.uint64, unread_number: str, operation: str) -> str:
    if not phone:
        return unread_number
    return NO_CATEGORIES if _OPERATION.fullmatch(operation) else UNKNOWN_TEXT
