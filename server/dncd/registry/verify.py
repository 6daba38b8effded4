"""Finding damage: checksums over what a file says, wherever its holes are.

The checksum of a bit file is the CRC-32 over (number, CRC-32) of its blocks of 1 MiB that are not all zeros, both as
little-endian uint32, in order. So a copy without holes has the same checksum, and a lost or a stray bit does not.
"""

import os
import struct
import zlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dncd.registry.bits import BLOCK_BYTES, bit_file_bytes
from dncd.registry.files import PAGE_BYTES, extents, open_file
from dncd.registry.manifest import MANIFEST, BitEntry, Manifest, PlainEntry, damaged, read_manifest

_THREADS: Final = 2
_BLOCK: Final = struct.Struct("<II")
_READ_BYTES: Final = 4 << 20


def check_shape(folder: Path) -> Manifest:
    """Check the manifest, and that every file is there with its size; costs microseconds a file.

    Returns the manifest; raises SnapshotDamaged, which names the file.
    """
    manifest = read_manifest(folder)
    entries: list[BitEntry | PlainEntry] = [*manifest.bits, *manifest.sorted, *manifest.members]
    for entry in entries:
        _check_size(folder, entry)
    if any(entry.bytes != bit_file_bytes(entry.span) for entry in manifest.bits):
        raise damaged(folder, MANIFEST, "has a bit file of a wrong size")
    return manifest


def verify(folder: Path) -> Manifest:
    """Read all that is served from a snapshot and check it; about 0.1 s for 375 MB in the page cache.

    Returns the manifest; raises SnapshotDamaged, which names the file. Roaring files are not served: `verify_members`.
    """
    manifest = check_shape(folder)
    for bit_entry in manifest.bits:
        if sum_bit_file(folder / bit_entry.name).crc32 != bit_entry.crc32:
            raise damaged(folder, bit_entry.name, "was altered")
    _verify_plain(folder, manifest.sorted)
    return manifest


def check_origin(folder: Path, manifest: Manifest, sha256s: Iterable[str], numbers: int) -> None:
    """Raise SnapshotDamaged unless a snapshot was made of files with these digests and has so many numbers."""
    sources = [source.sha256 for source in manifest.about.sources]
    if (sources, manifest.counts.numbers) != (list(sha256s), numbers):
        raise damaged(folder, MANIFEST, "does not say what the journal says of its files and its numbers")


def verify_members(folder: Path) -> Manifest:
    """Check the Roaring files of a snapshot; the bit files may be missing. Raises SnapshotDamaged."""
    manifest = read_manifest(folder)
    for entry in manifest.members:
        _check_size(folder, entry)
    _verify_plain(folder, manifest.members)
    return manifest


class BitSums(NamedTuple):
    """A bit file's checksum, how many bits it has set, and how many of its pages have any."""

    crc32: int
    members: int
    pages: int


def sum_bit_file(path: Path) -> BitSums:
    """Read a bit file, its holes left out."""
    with open_file(path, os.O_RDONLY) as file, ThreadPoolExecutor(_THREADS) as threads:
        numbers = data_blocks(file)
        found = threads.map(partial(_sum_block, file), numbers, chunksize=1)
        checksum = members = pages = 0
        for number, block in zip(numbers, found, strict=True):
            members += block.members
            pages += block.pages
            if block.members:
                checksum = zlib.crc32(_BLOCK.pack(number, block.crc32), checksum)
    return BitSums(checksum, members, pages)


def plain_file_checksum(path: Path) -> int:
    """Return the CRC-32 of a file."""
    checksum = 0
    with path.open("rb", buffering=0) as file:
        while part := file.read(_READ_BYTES):
            checksum = zlib.crc32(part, checksum)
    return checksum


def data_blocks(file: int) -> list[int]:
    """Return the numbers of the blocks of a bit file that are not all hole, ascending."""
    numbers: dict[int, None] = {}
    for start, end in extents(file):
        numbers.update(dict.fromkeys(range(start // BLOCK_BYTES, (end - 1) // BLOCK_BYTES + 1)))
    return list(numbers)


def read_block(file: int, number: int) -> NDArray[np.uint8]:
    """Read a block of a bit file; beyond the end of the file it is zeros."""
    block = np.empty(BLOCK_BYTES, np.uint8)
    size = os.preadv(file, [block.data], number * BLOCK_BYTES)
    block[size:] = 0
    return block


def _sum_block(file: int, number: int) -> BitSums:
    block = read_block(file, number)
    words = block.view(np.uint64).reshape(-1, PAGE_BYTES // 8)
    members = np.bitwise_count(words).sum(axis=1, dtype=np.int64)
    return BitSums(zlib.crc32(block.data), int(members.sum()), int(np.count_nonzero(members)))


def _check_size(folder: Path, entry: BitEntry | PlainEntry) -> None:
    try:
        size = (folder / entry.name).stat().st_size
    except FileNotFoundError:
        raise damaged(folder, entry.name, "is missing") from None
    if size != entry.bytes:
        raise damaged(folder, entry.name, "was cut off" if size < entry.bytes else "is longer than it was")


def _verify_plain(folder: Path, entries: Iterable[PlainEntry]) -> None:
    for entry in entries:
        if plain_file_checksum(folder / entry.name) != entry.crc32:
            raise damaged(folder, entry.name, "was altered")
