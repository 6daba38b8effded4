"""Call files as people have them: a CSV of any header, delimiter and encoding, or one address a line.

A file is read twice: once to survey it, so that a damaged file is refused before anything is asked of the server, and
once to screen it. Both passes stream; memory does not grow with the file. Rows keep their text exactly as it stood.
"""

import codecs
import csv
import io
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TextIO

from donotcontact.cli.delimiters import sniff_delimiter
from donotcontact.cli.exits import FileError, UsageError
from donotcontact.cli.headers import FirstRow

SAMPLE_ROWS = 100
LINE_CHARS_MAX = 1_048_576
PACKED = ((b"PK\x03\x04", "a zip or a workbook of Excel"), (b"\x1f\x8b", "packed by gzip"))
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ANY_FIRST_ROW = FirstRow()
NUL_HINT = "If it is UTF-16 without a byte order mark, give --encoding utf-16-le; otherwise export it again as UTF-8."
QUOTE_HINT = 'Close the quote, or double it where it belongs to the text: "".'

Record = tuple[str, list[str]]
"""A row: its text without the line ending, and its cells. A blank line has no cells."""


@dataclass(frozen=True, slots=True)
class Layout:
    """What the survey found."""

    encoding: str
    delimiter: str
    line_ending: str
    preamble: tuple[str, ...]  # lines above the header: "sep=;" and blank ones
    header: Record | None
    rows: int  # without the header, and without blank lines at the end
    width: int  # the cells of the widest row
    sample: tuple[list[str], ...]  # the first rows, for guessing


class CallFile:
    """An open call file. `layout` tells its form, `rows()` reads it from the start."""

    def __init__(
        self,
        source: BinaryIO,
        name: str,
        *,
        encoding: str | None = None,
        delimiter: str | None = None,
        first_row: FirstRow = ANY_FIRST_ROW,
    ) -> None:
        """Survey a seekable file. What is not given is found out.

        Raises FileError for one that cannot be trusted, UsageError where nothing tells whether it has a header.
        """
        self.source = source
        self.name = name
        self.layout = self._survey(encoding, delimiter, first_row)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.source.close()

    def rows(self) -> Iterator[Record]:
        """Yield the rows below the header in order. Raises FileError where the file is no longer the one surveyed."""
        return (record for _, record in self.numbered_rows())

    def numbered_rows(self) -> Iterator[tuple[int, Record]]:
        """Yield the rows as `rows()`, each with the line of the file where it begins, counted from 1."""
        above = len(self.layout.preamble) + (self.layout.header is not None)
        seen = 0
        with self._text(self.layout.encoding) as text:
            for index, (line, record) in enumerate(read_records(text, self.layout.delimiter)):
                if index < above:
                    continue
                if seen == self.layout.rows:
                    break
                seen += 1
                yield line, record
        if seen != self.layout.rows:
            raise FileError(f"{self.name} changed while it was read.", "Start again when nobody writes to it.")

    def _survey(self, encoding: str | None, delimiter: str | None, first_row: FirstRow) -> Layout:
        candidates = [encoding] if encoding else self._encodings()
        for candidate in candidates:
            try:
                return self._survey_as(candidate, delimiter, first_row)
            except UnicodeError:
                if candidate == candidates[-1]:
                    raise self._undecodable(candidate) from None
                self._refuse_mixed(candidate)
            except LookupError:
                raise FileError(f"There is no encoding named {candidate}.") from None
        raise AssertionError("there is at least one candidate")

    def _encodings(self) -> list[str]:
        self.source.seek(0)
        start = self.source.read(4)
        if packed := next((name for mark, name in PACKED if start.startswith(mark)), None):
            raise FileError(f"{self.name} is {packed}, not text.", "Save it as CSV, or unpack it, and name that file.")
        marked = [encoding for mark, encoding in BYTE_ORDER_MARKS if start.startswith(mark)]
        return marked[:1] or ["utf-8", "cp1252"]

    def _survey_as(self, encoding: str, delimiter: str | None, first_row: FirstRow) -> Layout:
        with self._text(encoding) as text:
            start = list(islice(_lines(text, []), SAMPLE_ROWS))
        chosen = delimiter or sniff_delimiter(start)
        with self._text(encoding) as text:
            return _survey_records(
                read_records(text, chosen),
                self.name,
                first_row,
                encoding=encoding,
                delimiter=chosen,
                line_ending=_line_ending(start),
            )

    @contextmanager
    def _text(self, encoding: str) -> Iterator[TextIO]:
        self.source.seek(0)
        text = io.TextIOWrapper(self.source, encoding=encoding, newline="")
        try:
            yield text
        finally:
            text.detach()

    def _refuse_mixed(self, encoding: str) -> None:
        """Raise FileError where some lines are text in the encoding beyond ASCII, and others are not.

        Read in another encoding, the first would become other addresses than were meant.
        """
        self.source.seek(0)
        fits, faulty = False, 0
        for number, line in enumerate(self.source, 1):
            if line.isascii():
                continue
            try:
                line.decode(encoding)
            except UnicodeError:
                faulty = faulty or number
            else:
                fits = True
            if fits and faulty:
                raise FileError(
                    f"{self.name}, line {faulty}: not text in {encoding}, as other lines are.",
                    "Save it as UTF-8, or name its encoding: --encoding NAME.",
                )

    def _undecodable(self, encoding: str) -> FileError:
        hint = "Save it as UTF-8, or name its encoding: --encoding NAME."
        if not encoding.startswith("utf-16"):
            self.source.seek(0)
            for number, line in enumerate(self.source, 1):
                try:
                    line.decode(encoding)
                except UnicodeError:
                    return FileError(f"{self.name}, line {number}: not text in {encoding}.", hint)
        return FileError(f"{self.name} is not text in {encoding}.", hint)


def open_call_file(
    path: str,
    stdin: BinaryIO,
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
    first_row: FirstRow = ANY_FIRST_ROW,
) -> CallFile:
    """Open a call file by path; `-` is standard input, which goes to a temporary file on the disk first."""
    name = "standard input" if path == "-" else path
    source = _spooled(stdin) if path == "-" else _opened(path)
    try:
        return CallFile(source, name, encoding=encoding, delimiter=delimiter, first_row=first_row)
    except BaseException:
        source.close()
        raise


def read_records(text: TextIO, delimiter: str) -> Iterator[tuple[int, Record]]:
    """Yield each record with the line where it begins, counted from 1, and with its own text.

    Raises FileError with the line for NUL bytes, unbalanced quotes, and cells that are too long.
    """
    pending: list[str] = []
    reader = csv.reader(_lines(text, pending), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _unreadable(line, error) from None
        yield line, ((pending[0] if len(pending) == 1 else "".join(pending)).rstrip("\r\n"), cells)
        pending.clear()


def _unreadable(line: int, error: csv.Error) -> FileError:
    if "field larger than field limit" in str(error):
        return FileError(
            f"Line {line}: a cell is longer than {csv.field_size_limit():,} characters.",
            "A quote that is never closed reads so too. Close it, or shorten the cell.",
        )
    return FileError(f"Line {line}: the quotes do not balance ({error}).", QUOTE_HINT)


def _survey_records(
    records: Iterator[tuple[int, Record]],
    name: str,
    first_row: FirstRow,
    *,
    encoding: str,
    delimiter: str,
    line_ending: str,
) -> Layout:
    preamble: list[str] = []
    first: Record | None = None
    for _, (raw, cells) in records:
        if cells and not _is_separator_line(raw):
            first = raw, cells
            break
        preamble.append(raw)
    if first is None:
        raise FileError(f"{name} holds no rows.")
    sample: list[list[str]] = []
    rows, width = 0, len(first[1])
    for number, (_, (_, cells)) in enumerate(records, 1):
        if cells:
            rows, width = number, max(width, len(cells))
            if len(sample) < SAMPLE_ROWS:
                sample.append(cells)
    has_header = first_row.is_header(first[1], sample, width)
    if has_header is None:
        raise UsageError(
            f"{name}: it is not clear whether the first row names the columns or is one of the rows.",
            "Give --header if it names them, --no-header if it is a row. Nothing was done.",
        )
    if not has_header:
        rows, sample = rows + 1, [first[1], *sample][:SAMPLE_ROWS]
    return Layout(
        encoding, delimiter, line_ending, tuple(preamble), first if has_header else None, rows, width, tuple(sample)
    )


def _lines(text: TextIO, taken: list[str]) -> Iterator[str]:
    """Yield the lines, and keep each in `taken`, which the caller empties."""
    number = 0
    while line := text.readline(LINE_CHARS_MAX):
        number += 1
        if "\0" in line:
            raise FileError(f"Line {number} holds a NUL byte.", NUL_HINT)
        if len(line) == LINE_CHARS_MAX:
            raise FileError(f"Line {number} is longer than {LINE_CHARS_MAX:,} characters.", "This is no call file.")
        taken.append(line)
        yield line


def _is_separator_line(raw: str) -> bool:
    return len(raw) == 5 and raw.lower().startswith("sep=")


def _line_ending(lines: Sequence[str]) -> str:
    return "\r\n" if lines and lines[0].endswith("\r\n") else "\n"


def _opened(path: str) -> BinaryIO:
    try:
        source = Path(path).open("rb")  # noqa: SIM115 - CallFile closes it
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}.") from None
    if source.seekable():
        return source
    with source:  # a pipe, such as <(gunzip -c calls.csv.gz)
        return _spooled(source)


def _spooled(source: BinaryIO) -> BinaryIO:
    spool = tempfile.TemporaryFile()  # noqa: SIM115 - CallFile closes it
    shutil.copyfileobj(source, spool)
    return spool
