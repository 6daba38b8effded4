"""The numbers of a snapshot in order, whatever file they stand in: windows of bits over E.164 digits, and the rest."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from itertools import groupby
from pathlib import Path
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from dncd.registry.bits import BLOCK_BYTES, map_file
from dncd.registry.files import open_file
from dncd.registry.manifest import BitEntry, PlainEntry
from dncd.registry.roaring import BitsPiece, NumbersPiece, Piece, places_of_bits
from dncd.registry.spans import Span
from dncd.registry.verify import data_blocks
from dncd.storage.contract import Phones

WINDOW_BYTES: Final = BLOCK_BYTES
WINDOW_NUMBERS: Final = 8 * WINDOW_BYTES
_KEYS_IN_WINDOW: Final = WINDOW_NUMBERS >> 16
_WINDOWS_IN_GROUP: Final = (1 << 32) // WINDOW_NUMBERS
_NUMBERS_AT_ONCE: Final = 1 << 20


class Windows(AbstractContextManager["Windows"]):
    """A set of numbers of a snapshot, open for reading.

    Window w has the numbers from w * 2^23 on, a bit for each, the least significant bit of a byte first. `rest` has the
    numbers that stand in no bit file, sorted.
    """

    def __init__(self, folder: Path, bits: list[BitEntry], rest: list[PlainEntry]) -> None:
        self._stack = ExitStack()
        self._files = [
            (self._stack.enter_context(open_file(folder / entry.name, os.O_RDONLY)), entry.span) for entry in bits
        ]
        maps = [np.frombuffer(map_file(folder / entry.name), np.uint64) for entry in rest]
        self.rest: Phones = maps[0] if maps else np.empty(0, np.uint64)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def touched(self) -> list[int]:
        """Return the windows in which bit files have data, ascending."""
        found: set[int] = set()
        for file, span in self._files:
            found.update(_windows_of_blocks(span, data_blocks(file)))
        return sorted(found)

    def read(self, window: int) -> NDArray[np.uint8]:
        """Return the bits of a window, from all bit files."""
        bits = np.zeros(WINDOW_BYTES, np.uint8)
        first = window * WINDOW_BYTES
        for file, span in self._files:
            start, end = span.first // 8, (span.first + span.numbers) // 8
            low, high = max(start, first), min(end, first + WINDOW_BYTES)
            if low < high:
                os.preadv(file, [bits[low - first : high - first].data], low - start)
        return bits

    def groups(self) -> "list[_Group]":
        """Return the numbers by their high 32 bits, ascending, as a Roaring file has them; none is empty."""
        by_high = {
            high: list(windows) for high, windows in groupby(self._used(), lambda window: window // _WINDOWS_IN_GROUP)
        }
        highs = sorted({*by_high, *np.unique(self.rest >> np.uint64(32)).tolist()})
        return [_Group(self, high, by_high.get(high, [])) for high in highs]

    def rest_between(self, first: int, end: int) -> Phones:
        """Return the sorted numbers of no bit file from `first` up to but not including `end`."""
        low = int(np.searchsorted(self.rest, np.uint64(first)))
        high = int(np.searchsorted(self.rest, np.uint64(end)))
        return self.rest[low:high]

    def _used(self) -> list[int]:
        # A block whose bits were all cleared has data and no members; a group of nothing but such must not be written.
        return [window for window in self.touched() if self.read(window).any()]


class _Group:
    """The numbers that have the same high 32 bits."""

    def __init__(self, windows: Windows, high: int, touched: list[int]) -> None:
        self.high = high
        self._windows = windows
        self._touched = touched

    def pieces(self) -> Iterator[Piece]:
        """Yield the pieces, ascending: windows of bits, and what is between them."""
        done = self.high << 32
        for window in self._touched:
            first = window * WINDOW_NUMBERS
            yield from _pieces_of_rest(self._windows.rest_between(done, first))
            done = first + WINDOW_NUMBERS
            bits = self._windows.read(window)
            _set(bits, self._windows.rest_between(first, done) - np.uint64(first))
            yield BitsPiece(bits, window % _WINDOWS_IN_GROUP * _KEYS_IN_WINDOW)
        yield from _pieces_of_rest(self._windows.rest_between(done, (self.high + 1) << 32))


def numbers_of_bits(bits: NDArray[np.uint8], window: int) -> Phones:
    """Return the numbers whose bits are set in a window, sorted."""
    return places_of_bits(bits).astype(np.uint64) + np.uint64(window * WINDOW_NUMBERS)


def _pieces_of_rest(phones: Phones) -> Iterator[Piece]:
    while len(phones):
        # A container is never cut in two.
        last = int(phones[min(_NUMBERS_AT_ONCE, len(phones)) - 1])
        end = int(np.searchsorted(phones, np.uint64((last >> 16) + 1 << 16)))
        yield NumbersPiece(phones[:end])
        phones = phones[end:]


def _set(bits: NDArray[np.uint8], places: Phones) -> None:
    masks = np.left_shift(np.uint8(1), places.astype(np.uint8) & np.uint8(7))
    np.bitwise_or.at(bits, (places >> np.uint64(3)).view(np.int64), masks)


def _windows_of_blocks(span: Span, blocks: list[int]) -> Iterator[int]:
    start, end = span.first // 8, (span.first + span.numbers) // 8
    for block in blocks:
        first = start + block * BLOCK_BYTES
        last = min(first + BLOCK_BYTES, end) - 1
        if first <= last:
            yield from range(first // WINDOW_BYTES, last // WINDOW_BYTES + 1)
