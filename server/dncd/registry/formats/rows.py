"""Rows of comma-separated files as people have them: delimiter and columns guessed only where there is one way to."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from dncd.registry.failures import FormatUnsuited, LayoutAmbiguous
from dncd.registry.formats.layouts import decoded
from dncd.registry.formats.options import Column, Options
from dncd.registry.lines import Block, Entry
from dncd.registry.rejects import BROKEN_ROW, COLUMN_MISSING, COLUMNS_TOO_MANY, Tally

BATCH_ROWS: Final = 20_000
_DELIMITERS: Final = ",;\t|"
# So many digits of a cell, whatever stands between them, may be a number.
NUMBER_DIGITS_MIN: Final = 7
_DIGITS_ON_END: Final = re.compile(r"\d{3}")
_NUMBER_DIGITS: Final = re.compile(rf"\d(?:\D*\d){{{NUMBER_DIGITS_MIN - 1}}}")


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the number of its first line, and its fields; `text` stands for it where it has to be rejected."""

    line: int
    fields: list[str]

    @property
    def text(self) -> str:
        """The row, nearly as written."""
        return ",".join(self.fields)


class Table:
    """The rows of one file; `first` is the first of them, still to come among the others unless it is skipped.

    Raises LayoutAmbiguous where several delimiters are in the first line and none was given.
    """

    def __init__(self, entry: Entry, options: Options, tally: Tally) -> None:
        self.name = entry.name
        self._tally = tally
        self._heading = options.heading
        self._lines = _Lines(entry.blocks)
        self._rows = self._read(options.delimiter)
        self._ahead = list(islice(self._rows, 1))
        self.width = len(self._ahead[0].fields) if self._ahead else 0

    @property
    def first(self) -> Row | None:
        """The first row, or None in an empty file."""
        return self._ahead[0] if self._ahead else None

    def has_heading(self) -> bool:
        """Tell whether the first row is a heading: as told, else where no cell of it is a number or a ruined one."""
        if self.first is None or self._heading is not None:
            return bool(self.first and self._heading)
        return not any(map(_is_like_number, self.first.fields))

    def skip_heading(self) -> None:
        """Drop the first row: it is a heading."""
        self._ahead.clear()

    def batches(self) -> Iterator[list[Row]]:
        """Give the rows in order."""
        ahead, self._ahead = self._ahead, []
        rows = self._rows
        batch = ahead + list(islice(rows, BATCH_ROWS))
        while batch:
            yield batch
            batch = list(islice(rows, BATCH_ROWS))

    def reject(self, row: Row, reason: str) -> None:
        """Reject a row at its line."""
        self._tally.rejected(self.name, row.line, reason, row.text)

    def with_columns(self, rows: list[Row], width: int) -> list[Row]:
        """Reject the rows with fewer columns than are needed, or more than the first row has, and give the others."""
        if all(width <= len(row.fields) <= self.width for row in rows):
            return rows
        return [row for row in rows if self._has_columns(row, width)]

    def _has_columns(self, row: Row, width: int) -> bool:
        if len(row.fields) < width:
            self.reject(row, COLUMN_MISSING)
            return False
        # A delimiter within a name moves what stands behind it into another column.
        if "".join(row.fields[self.width :]).strip():
            self.reject(row, COLUMNS_TOO_MANY)
            return False
        return True

    def _read(self, delimiter: str) -> Iterator[Row]:
        first = self._lines.first()
        chosen = delimiter or guessed_delimiter(first, self.name)
        reader = csv.reader(self._lines, delimiter=chosen, strict=True, skipinitialspace=True)
        while True:
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error:
                self._broken(line, reader.line_num)
                continue
            if reader.line_num > line:
                self._check_lines_within(fields, line)
            if "".join(fields).strip():
                yield Row(line, fields)

    def _check_lines_within(self, fields: list[str], line: int) -> None:
        """Refuse the file where a field of several lines may hold a number: its quotation marks may swallow rows."""
        if any("\n" in field and may_hold_number(field) for field in fields):
            what = (
                "a quotation mark opens here and closes on a later line, and there may be a number in between;"
                " mend the quotation marks, or take that column out"
            )
            raise LayoutAmbiguous(what, self.name, line)

    def _broken(self, first: int, last: int) -> None:
        """Reject one broken line; refuse the file where a quotation mark swallowed more lines than its own."""
        if last > first:
            raise LayoutAmbiguous("a quotation mark opens here and is not closed as it should be", self.name, first)
        self._tally.rejected(self.name, first, BROKEN_ROW, self._lines.last.rstrip("\n"))


class _Lines:
    """The lines of blocks as text; `last` is the one given last."""

    def __init__(self, blocks: Iterator[Block]) -> None:
        self.last = ""
        self._texts = (f"{decoded(line)}\n" for block in blocks for line in block.lines())
        self._ahead: list[str] = []

    def first(self) -> str:
        """Look at the first line that is not blank, without taking anything."""
        for text in self._texts:
            self._ahead.append(text)
            if not text.isspace():
                return text
        return ""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        self.last = self._ahead.pop(0) if self._ahead else next(self._texts)
        return self.last


def may_hold_number(text: str) -> bool:
    """Tell whether a text has as many digits as a number."""
    return len(text) >= NUMBER_DIGITS_MIN and _NUMBER_DIGITS.search(text) is not None


def _is_like_number(cell: str) -> bool:
    """Tell whether a cell is no word of a heading, such as "phone 2": a number written in pairs, or rounded."""
    digits = sum(map(str.isdigit, cell))
    outnumbered = 1 < digits > sum(map(str.isalpha, cell))
    return outnumbered or digits >= NUMBER_DIGITS_MIN or _DIGITS_ON_END.search(cell) is not None


def guessed_delimiter(line: str, file: str) -> str:
    """Return the one delimiter in a line, or a comma where there is none. Raises LayoutAmbiguous."""
    unquoted = "".join(line.rstrip("\r\n").split('"')[::2])
    found = [char for char in _DELIMITERS if char in unquoted]
    if len(found) > 1:
        raise LayoutAmbiguous("several delimiters are in the first line; save the file with one of them alone", file, 1)
    return found[0] if found else ","


def words_of(field: str) -> str:
    """Fold a heading for comparison: case, spaces, underscores, hyphens and dots do not count."""
    return " ".join("".join(" " if char in "_-. " else char for char in field.casefold()).split())


def position_of(column: Column, heading: Sequence[str], file: str) -> int:
    """Find a column, from 0, by its word in the heading or its position from 1. Raises FormatUnsuited."""
    words = list(map(words_of, heading))
    if isinstance(column, str) and column.isdecimal() and column not in words:
        column = int(column)
    if isinstance(column, int):
        if column < 1:
            raise FormatUnsuited("columns count from 1", file)
        return column - 1
    found = [place for place, word in enumerate(words) if word == words_of(column)]
    if len(found) != 1:
        raise FormatUnsuited(f'the heading has {len(found)} columns "{column}", not one', file, 1)
    return found[0]


def column_by_words(heading: Sequence[str], words: frozenset[str], what: str, file: str, option: str) -> int:
    """Find the one column whose heading is among the words; -1 without any. Raises LayoutAmbiguous for several."""
    found = [place for place, word in enumerate(heading) if words_of(word) in words]
    if len(found) > 1:
        names = ", ".join(f'"{heading[place]}"' for place in found)
        raise LayoutAmbiguous(f"{names} may all be {what}; name the column ({option})", file, 1)
    return found[0] if found else -1
