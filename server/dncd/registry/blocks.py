"""Writing bit files: blocks of bits in memory, written back page by page so that holes stay holes.

Written with pwrite and never through a mapping: on a full disk a write into a hole of a mapped file kills the process.
"""

import os
from collections import OrderedDict
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dncd.registry.bits import BLOCK_BYTES, bit_file_bytes
from dncd.registry.files import PAGE_BYTES, open_file
from dncd.registry.spans import Span
from dncd.storage.contract import Mask, Phones

Bytes = NDArray[np.uint8]

# Enough for the whole of calling code 1, so that an unsorted file writes every block once; 512 MiB.
BLOCKS_MAX: Final = 512
_BLOCK_SHIFT: Final = BLOCK_BYTES.bit_length() - 1


class _Block:
    """Some bits of a file; `stored` tells which of its pages are not holes on the disk."""

    __slots__ = ("bits", "dirty", "stored")

    def __init__(self, bits: Bytes, stored: Mask) -> None:
        self.bits = bits
        self.stored = stored
        self.dirty = False


class BlockCache:
    """The blocks in memory, of all files of a build; the one not used for longest goes first."""

    def __init__(self, blocks_max: int = BLOCKS_MAX) -> None:
        self._blocks: OrderedDict[tuple[BitWriter, int], _Block] = OrderedDict()
        self._blocks_max = blocks_max

    def get(self, writer: "BitWriter", number: int) -> _Block:
        """Return a block of a file."""
        key = writer, number
        block = self._blocks.get(key)
        if block is None:
            if len(self._blocks) >= self._blocks_max:
                (other, place), old = self._blocks.popitem(last=False)
                other.store(place, old)
            block = self._blocks[key] = writer.load(number)
        else:
            self._blocks.move_to_end(key)
        return block

    def flush(self) -> None:
        """Write every block back and forget it."""
        while self._blocks:
            (writer, number), block = self._blocks.popitem(last=False)
            writer.store(number, block)


class BitWriter:
    """One bit file that is being built, new or a copy of an older one."""

    def __init__(self, path: Path, span: Span, cache: BlockCache) -> None:
        self.path = path
        self.span = span
        self._cache = cache
        # What has never been written reads as zeros; a copy has pages that must be looked at.
        self._written: set[int] | None = None if path.exists() else set()
        with open_file(path, os.O_WRONLY | os.O_CREAT) as file:
            os.ftruncate(file, bit_file_bytes(span))

    def add(self, phones: Phones) -> int:
        """Set the bits of sorted numbers of the span; return how many were not set."""
        return self._change(phones, removed=False)

    def remove(self, phones: Phones) -> int:
        """Clear the bits of sorted numbers of the span; return how many were set."""
        return self._change(phones, removed=True)

    def load(self, number: int) -> _Block:
        """Read a block, for the cache."""
        bits = np.zeros(BLOCK_BYTES, np.uint8)
        if self._written is None or number in self._written:
            with open_file(self.path, os.O_RDONLY) as file:
                os.preadv(file, [bits.data], number * BLOCK_BYTES)
        return _Block(bits, _used_pages(bits))

    def store(self, number: int, block: _Block) -> None:
        """Write those pages of a block that have bits, or had some."""
        if not block.dirty:
            return
        if self._written is not None:
            self._written.add(number)
        first = number * BLOCK_BYTES
        with open_file(self.path, os.O_WRONLY) as file:
            for start, end in _runs(block.stored | _used_pages(block.bits)):
                part = slice(start * PAGE_BYTES, end * PAGE_BYTES)
                _write_all(file, block.bits[part].data, first + part.start)

    def _change(self, phones: Phones, *, removed: bool) -> int:
        places, bits = _by_byte(phones - np.uint64(self.span.first))
        numbers = places >> _BLOCK_SHIFT
        edges = [0, *(np.flatnonzero(np.diff(numbers)) + 1).tolist(), len(places)]
        changed = 0
        for start, end in pairwise(edges):
            block = self._cache.get(self, int(numbers[start]))
            within = places[start:end] & (BLOCK_BYTES - 1)
            old = block.bits.take(within)
            new = old & ~bits[start:end] if removed else old | bits[start:end]
            block.bits[within] = new
            block.dirty = True
            changed += int(np.bitwise_count(old ^ new).sum())
        return changed


def _by_byte(places: Phones) -> tuple[NDArray[np.int64], Bytes]:
    """Turn sorted bit places into the places of bytes, each once, and the bits to change there."""
    byte_places = (places >> np.uint64(3)).view(np.int64)
    bits = np.left_shift(np.uint8(1), places.astype(np.uint8) & np.uint8(7))
    first = np.empty(len(places), np.bool_)
    first[:1] = True
    np.not_equal(byte_places[1:], byte_places[:-1], out=first[1:])
    starts = np.flatnonzero(first)
    return byte_places[starts], np.bitwise_or.reduceat(bits, starts)


def _used_pages(bits: Bytes) -> Mask:
    pages = bits.view(np.uint64).reshape(-1, PAGE_BYTES // 8)
    return np.asarray(pages.any(axis=1), np.bool_)


def _runs(mask: Mask) -> list[tuple[int, int]]:
    """Return (start, end) of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False]))))
    return [(int(start), int(end)) for start, end in edges.reshape(-1, 2)]


def _write_all(file: int, part: memoryview, where: int) -> None:
    while part:
        written = os.pwrite(file, part, where)
        part, where = part[written:], where + written
