"""Archives as they come: gzip and zip, read as streams; what is not read is refused by name."""

import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from typing import BinaryIO, Final

from dncd.registry.failures import SourceTooLarge, SourceUnreadable

ENTRIES_MAX: Final = 10_000
NAME_CHARS_MAX: Final = 200
_ENCRYPTED: Final = 0x1
_GZIP_BITS: Final = 31
_SPREADSHEET_ENTRY: Final = "[Content_Types].xml"
# What zipfile lets through where a directory or a header was altered.
_DAMAGED: Final = (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, RuntimeError, struct.error)
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# The record at the end: its mark, and the length of the comment that ends the file.
_ZIP_END: Final = struct.Struct("<4s16xH")
_ZIP_END_MARK: Final = b"PK\x05\x06"
_KINDS: Final = {
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a rar archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstandard archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet or document",
    b"%PDF": "a PDF document",
}


def inner_archive(head: bytes) -> str:
    """Name the kind of archive or document that begins so, or return ""."""
    return next((kind for magic, kind in _KINDS.items() if head.startswith(magic)), "")


def gzip_pieces(compressed: Iterator[bytes], name: str, piece_bytes: int) -> Iterator[bytes]:
    """Expand gzip, all members, in pieces of at most so many bytes. Raises SourceUnreadable, zlib.error."""
    member = zlib.decompressobj(_GZIP_BITS)
    for piece in compressed:
        rest = piece
        while rest:
            if member.eof:
                rest = rest.lstrip(b"\0")  # tapes and block devices pad
                member = zlib.decompressobj(_GZIP_BITS) if rest else member
                continue
            expanded = member.decompress(rest, piece_bytes)
            rest = member.unused_data if member.eof else member.unconsumed_tail
            if expanded:
                yield expanded
        while not member.eof and (expanded := member.decompress(b"", piece_bytes)):
            yield expanded
    if not member.eof:
        raise SourceUnreadable("is cut off: the end of the gzip archive is missing", name)


def check_archive(stream: BinaryIO, name: str) -> zipfile.ZipFile:
    """Open a zip archive; a spreadsheet is one too, and refused. Raises SourceUnreadable, SourceTooLarge."""
    try:
        archive = zipfile.ZipFile(stream)
    except _DAMAGED as error:
        raise SourceUnreadable(f"is a damaged or cut off zip archive: {error}", name) from None
    size = stream.seek(0, os.SEEK_END)
    if not _is_whole(archive, stream, size):
        what = "has something before or behind the zip archive that is not in its directory, such as another archive"
        raise SourceUnreadable(what, name)
    if any(not 0 <= info.header_offset < size for info in archive.infolist()):
        raise SourceUnreadable("is a damaged zip archive: its directory points outside", name)
    if _SPREADSHEET_ENTRY in archive.namelist():
        raise SourceUnreadable("is a spreadsheet; save it as CSV", name)
    if len(archive.infolist()) > ENTRIES_MAX:
        raise SourceTooLarge(f"has more than {ENTRIES_MAX:,} entries", name)
    return archive


def _is_whole(archive: zipfile.ZipFile, stream: BinaryIO, size: int) -> bool:
    """Tell whether an archive is all of its file: `zipfile` reads the last of several, and nothing behind it."""
    stream.seek(max(size - _ZIP_END.size - len(archive.comment), 0))
    end = stream.read(_ZIP_END.size)
    if len(end) < _ZIP_END.size or _ZIP_END.unpack(end) != (_ZIP_END_MARK, len(archive.comment)):
        return False
    return min((info.header_offset for info in archive.infolist()), default=0) == 0


def entry_name(info: zipfile.ZipInfo) -> str:
    """Return an entry's name without its folders, which some tools separate by backslashes, fit to be shown."""
    name = info.filename.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(char if char.isprintable() else "?" for char in name[:NAME_CHARS_MAX])


def check_entry(info: zipfile.ZipInfo, name: str) -> bool:
    """Tell whether an entry is to be read. Raises SourceUnreadable where it should be but cannot."""
    parts = info.filename.split("/")
    if info.is_dir() or "__MACOSX" in parts or parts[-1] == ".DS_Store":
        return False
    if info.flag_bits & _ENCRYPTED:
        raise SourceUnreadable("is encrypted; decrypt it first", f"{name}/{entry_name(info)}")
    if info.compress_type not in _METHODS:
        raise SourceUnreadable(
            "is compressed in a way that is not read here; use deflate", f"{name}/{entry_name(info)}"
        )
    return True


def zip_pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo, piece_bytes: int) -> Iterator[bytes]:
    """Expand one entry in pieces; its end verifies its checksum. Raises SourceUnreadable, zlib.error, EOFError."""
    try:
        with archive.open(info) as entry:
            while piece := entry.read(piece_bytes):
                yield piece
    except _DAMAGED as error:
        raise SourceUnreadable(f"is damaged or cut off: {error}", entry_name(info)) from None
