"""Writing one set of numbers as files: a bit file for each span, and the rest sorted."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np
from pyroaring import BitMap64

from dncd.registry.blocks import BitWriter, BlockCache
from dncd.registry.files import copy_sparse, open_private
from dncd.registry.manifest import BitEntry, Manifest, PlainEntry
from dncd.registry.spans import Span, split_by_span
from dncd.registry.verify import plain_file_checksum, sum_bit_file
from dncd.storage.contract import Phones

_NUMBERS_AT_ONCE: Final = 1 << 20
_SORTED: Final = np.dtype("<u8")


class NumberSet:
    """A set of numbers that is being built; `category` None is the whole register."""

    def __init__(self, folder: Path, category: int | None, cache: BlockCache) -> None:
        self.category = category
        self._folder = folder
        self._cache = cache
        self._prefix = "" if category is None else f"c{category}-"
        self._writers: dict[Span, BitWriter] = {}
        self._rest = BitMap64()

    def start_from(self, folder: Path, manifest: Manifest) -> None:
        """Begin with the numbers of an older snapshot, by copying its files."""
        for entry in manifest.bits:
            if entry.category == self.category:
                copy_sparse(folder / entry.name, self._path(entry.span))
                self._writer(entry.span)
        for rest in manifest.sorted:
            if rest.category == self.category:
                self._rest = BitMap64(np.fromfile(folder / rest.name, _SORTED))

    def add(self, phones: Phones) -> int:
        """Add sorted numbers; return how many were not there."""
        return sum(self._add(span, part) for span, part in split_by_span(phones))

    def remove(self, phones: Phones) -> int:
        """Take sorted numbers away; return how many were there."""
        return sum(self._remove(span, part) for span, part in split_by_span(phones))

    def finish(self) -> tuple[list[BitEntry], list[PlainEntry], int]:
        """Describe the files, after the cache was flushed; the last figure is how many pages have bits."""
        bits, pages = [], 0
        for span, writer in sorted(self._writers.items()):
            sums = sum_bit_file(writer.path)
            size = writer.path.stat().st_size
            bits.append(BitEntry(writer.path.name, self.category, span, sums.members, size, sums.crc32))
            pages += sums.pages
        return bits, [self._write_rest()] if self._rest else [], pages

    def _add(self, span: Span, phones: Phones) -> int:
        if span.is_flat:
            return self._writer(span).add(phones)
        before = len(self._rest)
        self._rest |= BitMap64(phones)
        return len(self._rest) - before

    def _remove(self, span: Span, phones: Phones) -> int:
        if span.is_flat:
            return self._writer(span).remove(phones) if span in self._writers else 0
        before = len(self._rest)
        self._rest -= BitMap64(phones)
        return before - len(self._rest)

    def _writer(self, span: Span) -> BitWriter:
        if span not in self._writers:
            self._writers[span] = BitWriter(self._path(span), span, self._cache)
        return self._writers[span]

    def _path(self, span: Span) -> Path:
        return self._folder / f"{self._prefix}{span.calling_code}-{span.national_digits}.bits"

    def _write_rest(self) -> PlainEntry:
        path = self._folder / f"{self._prefix}rest.sorted"
        with open_private(path) as file:
            for part in columns(self._rest):
                file.write(part.astype(_SORTED, copy=False).data)
        size = path.stat().st_size
        return PlainEntry(path.name, self.category, len(self._rest), size, plain_file_checksum(path))


def columns(numbers: BitMap64) -> Iterator[Phones]:
    """Yield the numbers of a bitmap as sorted columns of about a million; 60 ns a number."""
    ascending = iter(numbers)
    while len(part := np.fromiter(islice(ascending, _NUMBERS_AT_ONCE), np.uint64)):
        yield part
