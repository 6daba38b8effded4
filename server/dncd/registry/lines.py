"""A source of lines: a file, or a gzip or zip archive of files, read in blocks of whole lines.

Blocks are bytes in UTF-8 (or in whatever 8-bit encoding the file has: digits are the same in all of them), every line
ended by one line feed, without byte order mark and without NUL bytes.
"""

import codecs
import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from dncd.registry.archives import check_archive, check_entry, entry_name, gzip_pieces, inner_archive, zip_pieces
from dncd.registry.failures import SourceTooLarge, SourceUnreadable

BLOCK_BYTES: Final = 1024 * 1024  # so that the passes over a block find it in the cache
LINE_BYTES_MAX: Final = 64 * 1024
EXPANDED_BYTES_MAX: Final = 64 * 1024**3
EXPANSION_RATIO_MAX: Final = 100
EXPANSION_FREE_BYTES: Final = 64 * 1024**2  # below this no ratio is asked for: small files may be very regular
_HEAD_BYTES: Final = 8
_LF: Final = 10
# Which bytes are not blank: what is stripped from lines is not, and neither are their ends.
_INK: Final = bytes(byte not in b" \t\n" for byte in range(256))
_CR: Final = 13
_UTF16: Final = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class Block:
    """Some whole lines of a file; `first_line` counts from 1."""

    file: str
    first_line: int
    text: bytes

    @cached_property
    def ends(self) -> NDArray[np.intp]:
        """Where the lines end: the offsets of their line feeds."""
        return np.flatnonzero(np.frombuffer(self.text, np.uint8) == _LF)

    def line(self, row: int) -> bytes:
        """Return the line at an index from 0, without its end."""
        return self.text[int(self.ends[row - 1]) + 1 if row else 0 : int(self.ends[row])]

    def filled(self, rows: NDArray[np.intp]) -> list[int]:
        """Return those of some rows, ascending, whose lines hold more than blanks; a gigabyte of blank lines is one."""
        if not len(rows):
            return []
        held = np.frombuffer(self.text.translate(_INK), np.bool_)
        starts = np.where(rows, self.ends[rows - 1] + 1, 0)
        edges = np.column_stack((starts, self.ends[rows])).ravel()
        filled: list[int] = rows[np.logical_or.reduceat(held, edges)[::2]].tolist()
        return filled

    def lines(self) -> list[bytes]:
        """Return all lines, without their ends."""
        return self.text.split(b"\n")[:-1]


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a source. Read its blocks before asking for the next entry."""

    name: str
    blocks: Iterator[Block]


class Source:
    """What the operator gave, read once from its beginning.

    `sha256` is that of exactly these bytes, known when the last entry was read; `bytes_read` of `size` tells how far
    the reading is, in bytes as given, compressed or not. The stream has to be seekable. Raises SourceUnreadable,
    SourceTooLarge, and OSError where the disk fails.
    """

    def __init__(self, stream: BinaryIO, name: str, block_bytes: int = BLOCK_BYTES) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._block_bytes = block_bytes
        self._expanded_bytes = 0
        self.name = Path(name).name
        self.bytes_read = 0
        self.size = stream.seek(0, os.SEEK_END)

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()

    @property
    def sha256(self) -> str:
        """The SHA-256 of the source, in hexadecimal; read all entries first."""
        assert self.bytes_read >= self.size, "the digest is known once the source was read to its end"
        return self._hash.hexdigest()

    def entries(self, arrange: Callable[[list[str]], list[int]] | None = None) -> Iterator[Entry]:
        """Give the files in order. Directories and what macOS adds to archives are skipped.

        `arrange` takes the names of several files and returns the places of all of them in the order to read them.
        """
        before = self._stamp()
        self._stream.seek(0)
        head = self._stream.read(_HEAD_BYTES)
        self._stream.seek(0)
        if head.startswith(b"PK"):
            yield from self._zip_entries(arrange)
        elif head.startswith(b"\x1f\x8b"):
            yield self._entry(self.name.removesuffix(".gz"), gzip_pieces(self._pieces(), self.name, self._block_bytes))
        else:
            yield Entry(self.name, self._blocks(self.name, self._pieces()))
        if self._stamp() != before:
            raise SourceUnreadable("changed while it was read", self.name)

    def _stamp(self) -> tuple[int, int]:
        """Tell a later state of a file from this one; streams in memory have no such thing."""
        try:
            stat = os.fstat(self._stream.fileno())
        except OSError:
            return self.size, 0
        return stat.st_size, stat.st_mtime_ns

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._stream.read(self._block_bytes):
            self._hash.update(piece)
            self.bytes_read += len(piece)
            yield piece

    def _zip_entries(self, arrange: Callable[[list[str]], list[int]] | None) -> Iterator[Entry]:
        # The directory is at the end of the file, so the digest takes a pass of its own.
        while piece := self._stream.read(BLOCK_BYTES):
            self._hash.update(piece)
        with check_archive(self._stream, self.name) as archive:
            infos = [info for info in archive.infolist() if check_entry(info, self.name)]
            order = arrange(list(map(entry_name, infos))) if arrange and len(infos) > 1 else range(len(infos))
            for place in order:
                yield self._entry(entry_name(infos[place]), self._zip_pieces(archive, infos[place]))
        self.bytes_read = self.size

    def _zip_pieces(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
        before, expanded = self.bytes_read, 0
        for piece in zip_pieces(archive, info, self._block_bytes):
            expanded += len(piece)
            # An entry does not tell how much of it was read: what came out of it stands for that.
            share = min(expanded / max(info.file_size, 1), 1)
            self.bytes_read = min(before + int(share * info.compress_size), self.size)
            yield piece

    def _entry(self, name: str, pieces: Iterator[bytes]) -> Entry:
        return Entry(name, self._blocks(name, self._bounded(name, pieces)))

    def _bounded(self, name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Stop what expands too far; all entries count together, so that overlapping ones do not help."""
        ratio_bytes = max(self.size * EXPANSION_RATIO_MAX, EXPANSION_FREE_BYTES)
        for piece in pieces:
            self._expanded_bytes += len(piece)
            if self._expanded_bytes > min(ratio_bytes, EXPANDED_BYTES_MAX):
                raise SourceTooLarge(
                    f"expands to more than {EXPANSION_RATIO_MAX} times its size, or {EXPANDED_BYTES_MAX:,} bytes", name
                )
            yield piece

    def _blocks(self, name: str, pieces: Iterator[bytes]) -> Iterator[Block]:
        try:
            yield from _blocks(name, _utf8(name, pieces))
        except (zlib.error, EOFError) as error:
            raise SourceUnreadable(f"is damaged or cut off: {error}", name) from None


def _utf8(name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Take a byte order mark off, and turn UTF-16 into UTF-8."""
    head = b""
    for piece in pieces:
        head += piece
        if len(head) >= _HEAD_BYTES:
            break
    if kind := inner_archive(head):
        raise SourceUnreadable(f"holds {kind}, not text; take the text out of it first", name)
    if encoding := _UTF16.get(head[:2]):
        yield from _recoded(name, encoding, head[2:], pieces)
        return
    yield head.removeprefix(codecs.BOM_UTF8)
    yield from pieces


def _recoded(name: str, encoding: str, head: bytes, pieces: Iterator[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        yield decoder.decode(head).encode()
        for piece in pieces:
            yield decoder.decode(piece).encode()
        decoder.decode(b"", final=True)
    except UnicodeError:
        raise SourceUnreadable("is not the UTF-16 that its byte order mark says", name) from None


def _blocks(name: str, pieces: Iterator[bytes]) -> Iterator[Block]:
    line = 1
    rest = b""
    for piece in pieces:
        text = rest + piece
        cut = _last_end(text)
        rest = text[cut:]
        if len(rest) > LINE_BYTES_MAX:
            raise SourceTooLarge(f"a line is longer than {LINE_BYTES_MAX:,} bytes", name, line + _lines(text[:cut]))
        if cut:
            block = _checked(name, line, text[:cut])
            line += _lines(block.text)
            yield block
    if rest:
        yield _checked(name, line, rest if rest.endswith((b"\n", b"\r")) else rest + b"\n")


def _last_end(text: bytes) -> int:
    """Return the offset behind the last line that is surely whole; a final CR may be half of a CR LF."""
    return max(text.rfind(b"\n"), text.rfind(b"\r", 0, len(text) - 1)) + 1


def _checked(name: str, line: int, text: bytes) -> Block:
    if b"\r" in text:
        text = _with_line_feeds(text)
    if (nul := text.find(b"\0")) >= 0:
        what = "has a NUL byte; if it is UTF-16 without a byte order mark, save it as UTF-8"
        raise SourceUnreadable(what, name, line + _lines(text[:nul]))
    return Block(name, line, text)


def _with_line_feeds(text: bytes) -> bytes:
    codes = np.frombuffer(text, np.uint8)
    returns = codes == _CR
    if not returns[-1] and (codes[1:][returns[:-1]] == _LF).all():
        return text.translate(None, b"\r")  # twice as fast as replacing pairs
    return text.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def _lines(text: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == _LF))
