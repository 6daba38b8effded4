"""Asking a snapshot: files of bits and of sorted numbers, mapped once and shared through the page cache.

A bit file has a bit for every national number of its span, the least significant bit of a byte first; it ends in zeros
that fill its last page. Numbers of plans that are too wide for that stand in one file of sorted uint64.

Nothing has to be closed: a mapping goes when the last array over it goes, which is when the last check that uses the
membership returns. Its files may be removed before.
"""

import mmap
import os
from pathlib import Path
from typing import Final, Protocol

import numpy as np

from dncd.registry.files import PAGE_BYTES, extents, open_file
from dncd.registry.spans import Span, are_within, span_of
from dncd.storage.contract import Mask, Phones

BLOCK_BYTES: Final = 1 << 20
# With fewer numbers than this, plain integers beat numpy's cost per call.
SCALAR_ROWS_MAX: Final = 8


class Numbers(Protocol):
    """A set of numbers that answers columns."""

    def contains(self, phones: Phones) -> Mask:
        """Tell for each number whether the set has it."""


class BitFile:
    """The numbers of one span, a bit for each."""

    def __init__(self, path: Path, span: Span) -> None:
        """Map a file whose size was checked; takes microseconds, whatever its size."""
        self.span = span
        self._path = path
        self._mapped = map_file(path)
        self._bytes = np.frombuffer(self._mapped, np.uint8)
        self._first = span.first
        self._numbers = span.numbers
        assert len(self._bytes) == bit_file_bytes(span), "the manifest was checked against the file's size"

    def contains(self, phones: Phones) -> Mask:
        """Tell for each number whether its bit is set; numbers of other spans are no members."""
        if len(phones) <= SCALAR_ROWS_MAX:
            return np.array([self.has(phone) for phone in phones.tolist()], np.bool_)
        # Below the span the unsigned difference wraps, and whatever is beyond it meets the zeros that fill the page.
        places = phones - np.uint64(self._first)
        np.minimum(places, np.uint64(self._numbers), out=places)
        shifts = places.astype(np.uint8)
        shifts &= np.uint8(7)
        places >>= np.uint64(3)
        # take() with int64 indexes is twice as fast as indexing with uint64.
        found = self._bytes.take(places.view(np.int64))
        found >>= shifts
        found &= np.uint8(1)
        return found.view(np.bool_)

    def touch(self) -> None:
        """Read a byte of every page that has data, so that later checks need not wait for the kernel to map it.

        A page that was never touched costs a check 0.2 us or more, and random numbers touch one each. Holes stay
        untouched. Takes about 0.1 s for 350 MB in the page cache, most of it without the interpreter's lock.
        """
        with open_file(self._path, os.O_RDONLY) as file:
            for start, end in extents(file):
                self._bytes[start:end:PAGE_BYTES].max()

    def has(self, phone: int) -> bool:
        """Tell whether the bit of one number is set."""
        place = phone - self._first
        return 0 <= place < self._numbers and bool(self._mapped[place >> 3] >> (place & 7) & 1)


class SortedFile:
    """Numbers of any spans, sorted. Shared between processes, as a Roaring bitmap in memory would not be."""

    def __init__(self, path: Path) -> None:
        """Map a file whose size was checked and is not zero."""
        self._numbers = np.frombuffer(map_file(path), np.uint64)

    def contains(self, phones: Phones) -> Mask:
        """Tell for each number whether it stands in the file."""
        # A number beyond the last belongs after it, where there is nothing to compare with.
        places = np.minimum(np.searchsorted(self._numbers, phones), len(self._numbers) - 1)
        found: Mask = self._numbers.take(places) == phones
        return found

    def has(self, phone: int) -> bool:
        """Tell whether one number stands in the file."""
        place = int(np.searchsorted(self._numbers, np.uint64(phone)))
        return place < len(self._numbers) and int(self._numbers[place]) == phone


class SpanFiles:
    """Numbers in several files: a bit file for each span, and the rest."""

    def __init__(self, flat: list[BitFile], rest: SortedFile | None) -> None:
        self._flat = flat
        self._rest = rest
        self._by_span = {file.span: file for file in flat}

    def contains(self, phones: Phones) -> Mask:
        """Tell for each number whether a file has it; costs a nanosecond for each file that has none of the span."""
        if len(phones) <= SCALAR_ROWS_MAX:
            return np.array([self._has(phone) for phone in phones.tolist()], np.bool_)
        found = np.zeros(len(phones), np.bool_)
        left = np.ones(len(phones), np.bool_)
        for file in self._flat:
            within = are_within(file.span, phones)
            rows = within.nonzero()[0]
            if len(rows):
                found[rows] = file.contains(phones[rows])
                left &= ~within
        rows = left.nonzero()[0]
        if self._rest is not None and len(rows):
            found[rows] = self._rest.contains(phones[rows])
        return found

    def _has(self, phone: int) -> bool:
        file = self._by_span.get(span_of(phone), self._rest)
        return file is not None and file.has(phone)


class Nothing:
    """The empty set."""

    def contains(self, phones: Phones) -> Mask:
        """Tell for each number that it is no member."""
        return np.zeros(len(phones), np.bool_)


def bit_file_bytes(span: Span) -> int:
    """Return the size of a span's bit file: whole pages, and at least one zero byte after the last number's."""
    return (span.numbers // 8 // PAGE_BYTES + 1) * PAGE_BYTES


def join(flat: list[BitFile], rest: SortedFile | None) -> Numbers:
    """Return the set of numbers that the files hold together."""
    if not flat:
        return Nothing() if rest is None else rest
    return flat[0] if len(flat) == 1 and rest is None else SpanFiles(flat, rest)


def map_file(path: Path) -> mmap.mmap:
    """Map a whole file for reading."""
    with open_file(path, os.O_RDONLY) as file:
        return mmap.mmap(file, 0, prot=mmap.PROT_READ)
