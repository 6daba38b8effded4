"""Files that a scrub writes: beside their target under a temporary name, and renamed only when they are whole."""

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

from donotcontact.cli.callfile import Layout, Record
from donotcontact.cli.exits import FileError, UsageError

VERDICT_COLUMN = "dnc_verdict"
REASON_COLUMN = "dnc_reason"
RETRY_COLUMN = "dnc_retry_at"
SHADOW_COLUMN = "dnc_shadow_verdict"
NEVER_PLAIN = '"\r\n'


class ScreenedRows:
    """The rows of a call file with verdict, reason and opening behind them, each cell as it stood."""

    def __init__(self, stream: TextIO, layout: Layout) -> None:
        self.stream = stream
        self.layout = layout
        self.shadow = False
        self._unquoted: dict[str, str] = {}

    def begin(self, *, shadow: bool = False) -> None:
        """Write what stands above the rows; the header gains our columns, one more under a policy in SHADOW mode."""
        self.shadow = shadow
        titles = [VERDICT_COLUMN, REASON_COLUMN, RETRY_COLUMN, *([SHADOW_COLUMN] if shadow else [])]
        _begin(self.stream, self.layout, titles)

    def add(self, record: Record, verdict: str, reason: str, retry_at: str = "", shadow: str = "") -> None:
        """Write one row; a short one is filled up, so that our columns stand under their names."""
        layout = self.layout
        missing = layout.width - max(len(record[1]), 1)
        quoted = self._unquoted.get(reason)
        if quoted is None:
            quoted = self._quoted(reason)
        self.stream.write(
            f"{record[0]}{layout.delimiter * missing}{layout.delimiter}{verdict}{layout.delimiter}{quoted}"
            f"{layout.delimiter}{retry_at}{layout.delimiter + shadow if self.shadow else ''}{layout.line_ending}"
        )

    def _quoted(self, reason: str) -> str:
        quoted = quote(reason, self.layout.delimiter)
        if len(self._unquoted) < 10_000:  # reasons repeat: there are few labels and days
            self._unquoted[reason] = quoted
        return quoted


class CleanRows:
    """The rows that may be contacted, and nothing added to them."""

    def __init__(self, stream: TextIO, layout: Layout) -> None:
        self.stream = stream
        self.layout = layout

    def begin(self) -> None:
        """Write what stands above the rows."""
        _begin(self.stream, self.layout, [])

    def add(self, record: Record) -> None:
        """Write one row as it stood."""
        self.stream.write(record[0] + self.layout.line_ending)


def quote(cell: str, delimiter: str) -> str:
    """Quote a cell where a CSV needs it."""
    if delimiter not in cell and not any(character in cell for character in NEVER_PLAIN):
        return cell
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="").writerow([cell])
    return text.getvalue()


def check_targets(targets: list[Path], source: str, *, force: bool) -> None:
    """Refuse, before anything is asked, targets that are the source, each other, or there already."""
    resolved = [target.resolve() for target in targets]
    if len(set(resolved)) != len(resolved):
        raise UsageError("--out and --only-allowed name the same file.")
    for target, place in zip(targets, resolved, strict=True):
        if source != "-" and place == Path(source).resolve():
            raise UsageError(f"{target} is the call file itself.", "Write the result to a file of its own.")
        if target.is_dir() or not place.parent.is_dir():
            raise FileError(f"{target} cannot be written: it is no file in a folder that exists.")
        if target.exists() and not place.is_file():
            raise FileError(f"{target} is no file: it cannot be replaced.")
        if target.exists() and not force:
            raise FileError(f"{target} exists.", "Give --force to replace it, or --out for another name.")


@dataclass(frozen=True, slots=True)
class Draft:
    """A file being written under a temporary name."""

    stream: TextIO
    place: Path
    target: Path | None


@contextmanager
def drafts(targets: list[Path | None], source: str, *, marked: bool) -> Iterator[list[Draft]]:
    """Open a draft for each target, UTF-8; on success all are renamed into place, on any failure none is left.

    Nor is what stood there before, so that nobody takes an old result for this one. A target of None has no place of
    its own: copy it out before the block ends. Drafts take their permissions from the call file; `marked` asks for a
    byte order mark, which Excel needs.
    """
    places = [target and target.resolve() for target in targets]
    try:
        with ExitStack() as stack:
            opened = [stack.enter_context(_draft(place, source, marked)) for place in places]
            for place in filter(None, places):
                place.unlink(missing_ok=True)
            yield opened
            _publish(opened)
    except OSError as error:
        raise FileError(f"The result cannot be written: {error.strerror or error}.") from error


def copy_out(draft: Draft, target: BinaryIO) -> None:
    """Copy a whole draft to a pipe."""
    draft.stream.flush()
    with draft.place.open("rb") as whole:
        shutil.copyfileobj(whole, target)
    target.flush()


def refuse_screened(layout: Layout) -> None:
    """Refuse a file that holds verdicts already: two columns of one name would be mixed up."""
    titles = {title.strip().casefold() for title in layout.header[1]} if layout.header else set()
    ours = [title for title in (VERDICT_COLUMN, REASON_COLUMN, RETRY_COLUMN, SHADOW_COLUMN) if title in titles]
    if ours:
        raise FileError(
            f"The file holds a column {' and '.join(ours)} already.",
            "Screen the original file again, or take our columns out: an old verdict permits nothing.",
        )


def _begin(stream: TextIO, layout: Layout, titles: list[str]) -> None:
    stream.writelines(line + layout.line_ending for line in layout.preamble)
    if layout.header is None:
        return
    header = layout.header[0]
    if titles:
        header += layout.delimiter * (layout.width - len(layout.header[1]))
        header += "".join(layout.delimiter + title for title in titles)
    stream.write(header + layout.line_ending)


@contextmanager
def _draft(target: Path | None, source: str, marked: bool) -> Iterator[Draft]:
    handle, name = tempfile.mkstemp(prefix=".dnc-", suffix=".part", dir=target.parent if target else None)
    place = Path(name)
    try:
        with open(handle, "w", encoding="utf-8-sig" if marked else "utf-8", newline="") as stream:
            if target and source != "-":
                shutil.copymode(source, place)
            yield Draft(stream, place, target)
    finally:
        place.unlink(missing_ok=True)


def _publish(drafts: list[Draft]) -> None:
    published: list[Path] = []
    try:
        for draft in drafts:
            if draft.target:
                draft.stream.flush()
                os.fsync(draft.stream.fileno())
                draft.place.replace(draft.target)
                published.append(draft.target)
    except OSError:
        for target in published:
            target.unlink(missing_ok=True)
        raise
