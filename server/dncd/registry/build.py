"""Building a snapshot beside those that live: it appears whole, under its name, or not at all."""

import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

import numpy as np
from numpy.typing import NDArray

from dncd.registry.blocks import BlockCache
from dncd.registry.chunks import EVERY_CATEGORY, Categories, Chunk
from dncd.registry.failures import ImportFailed
from dncd.registry.files import (
    BUILDING,
    OWNER_ALONE,
    PAGE_BYTES,
    Claim,
    full_disk_named,
    make_folder,
    require_holes,
    require_space,
    require_sparse,
    sync_files,
    sync_folder,
)
from dncd.registry.manifest import About, BitEntry, Counts, Manifest, PlainEntry, write_manifest
from dncd.registry.members import write_members
from dncd.registry.numberset import NumberSet
from dncd.registry.verify import verify
from dncd.storage.contract import Mask, Phones

Step = Literal["bits", "members", "manifest", "sync", "rename"]
# At worst a number touches a page of bits, and is a container of its own; a national register takes 350 MB of each.
_BITS_BYTES_MAX: Final = 450 << 20
_MEMBERS_BYTES_MAX: Final = 450 << 20
_MEMBER_BYTES: Final = 16


class SnapshotBuilder:
    """One snapshot that is being built; leaving the block without `finish` leaves nothing behind.

    Takes about 25 ns for each sorted number and 80 ns for others, and up to 600 MB of memory.
    """

    def __init__(
        self,
        registries: Path,
        registry: str,
        snapshot: str,
        *,
        previous: Path | None = None,
        numbers_expected: int = 0,
        on_step: Callable[[Step], None] = lambda step: None,
    ) -> None:
        """Make the folder `<registries>/<registry>/<snapshot>.building`, with the members of `previous` if given.

        Raises ImportFailed, SnapshotDamaged for `previous`, or StorageFull where the disk has no room for so many.
        `on_step` is told when each step of `finish` begins.
        """
        self.registry, self.snapshot = registry, snapshot
        self.place = registries / registry / snapshot
        self.folder = self.place.with_name(snapshot + BUILDING)
        self.previous = previous
        self._on_step = on_step
        self._cache = BlockCache()
        self._sets: dict[int | None, NumberSet] = {None: NumberSet(self.folder, None, self._cache)}
        self._before = self._read = self._added = self._removed = 0
        self._finished = False
        self._claim = self._make_folder()
        try:
            self._prepare(numbers_expected)
        except BaseException:
            shutil.rmtree(self.folder)
            self._claim.release()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._finished:
            shutil.rmtree(self.folder)
        self._claim.release()

    def add(self, chunk: Chunk) -> None:
        """Apply a chunk, as if number by number; raises StorageFull, and ImportFailed for mixed categories."""
        if not len(chunk.phones):
            return
        self._read += len(chunk.phones)
        self._require_one_kind(chunk)
        with full_disk_named("writing bits"):
            for part in _in_order(chunk):
                self._apply(part)

    def finish(self, about: About) -> Manifest:
        """Write the rest, sync it all and give the snapshot its name; raises StorageFull or DiskNotSparse."""
        with full_disk_named("finishing a snapshot"):
            manifest = self._write(about)
            self._on_step("sync")
            sync_files(self.folder)
            self._on_step("rename")
            self.folder.rename(self.place)
            self._finished = True
            sync_folder(self.place.parent)
        return manifest

    def _make_folder(self) -> Claim:
        if self.place.exists():
            raise ImportFailed(f"the snapshot {self.registry}/{self.snapshot} exists")
        with full_disk_named("beginning a snapshot"):
            make_folder(self.place.parent)
            self.folder.mkdir(mode=OWNER_ALONE, exist_ok=True)
        claim = Claim(self.folder)
        if not claim.take():
            claim.release()
            raise ImportFailed(f"the snapshot {self.registry}/{self.snapshot} is being built")
        for leftover in self.folder.iterdir():
            leftover.unlink()
        return claim

    def _prepare(self, numbers_expected: int) -> None:
        # What is damaged would be damaged after changes too, under checksums that say that it is whole.
        earlier = verify(self.previous) if self.previous else None
        copied_bytes = earlier.disk_bytes if earlier else 0
        require_space(self.folder, copied_bytes + _expected_bytes(numbers_expected))
        require_sparse(self.folder)
        if self.previous and earlier:
            self._before = earlier.counts.numbers
            with full_disk_named("copying the previous snapshot"):
                for category in (None, *earlier.categories):
                    self._set(category).start_from(self.previous, earlier)

    def _require_one_kind(self, chunk: Chunk) -> None:
        # Numbers without categories would not be found by those who ask for some.
        had_numbers = self._before + self._added > 0
        if chunk.categories is not None and had_numbers and len(self._sets) == 1:
            raise ImportFailed("some numbers have categories and others before them have none")

    def _apply(self, part: Chunk) -> None:
        phones, categories = _sorted(part.phones, part.categories)
        if part.removed is not None:
            self._removed += {category: numbers.remove(phones) for category, numbers in self._sets.items()}[None]
            return
        self._added += self._set(None).add(phones)
        if categories is not None:
            for category, chosen in _by_category(categories):
                self._set(category).add(phones[chosen])
        elif len(self._sets) > 1:
            self._set(EVERY_CATEGORY).add(phones)

    def _set(self, category: int | None) -> NumberSet:
        if category not in self._sets:
            self._sets[category] = NumberSet(self.folder, category, self._cache)
        return self._sets[category]

    def _write(self, about: About) -> Manifest:
        self._on_step("bits")
        self._cache.flush()
        bits: list[BitEntry] = []
        rest: list[PlainEntry] = []
        members: list[PlainEntry] = []
        pages = 0
        for numbers in self._sets.values():
            set_bits, set_rest, set_pages = numbers.finish()
            bits, rest, pages = bits + set_bits, rest + set_rest, pages + set_pages
        require_holes(sum(_used_bytes(self.folder / entry.name) for entry in bits), pages * PAGE_BYTES)
        self._on_step("members")
        for category in self._sets:
            own_bits = [entry for entry in bits if entry.category == category]
            own_rest = [entry for entry in rest if entry.category == category]
            members.append(write_members(self.folder, category, own_bits, own_rest))
        self._on_step("manifest")
        manifest = Manifest(
            registry=self.registry,
            snapshot=self.snapshot,
            about=about,
            counts=self._counts(about, members[0].members),
            categories=tuple(sorted(category for category in self._sets if category is not None)),
            bits=tuple(bits),
            sorted=tuple(rest),
            members=tuple(members),
            disk_bytes=sum(_used_bytes(path) for path in self.folder.iterdir()),
        )
        write_manifest(self.folder, manifest)
        return manifest

    def _counts(self, about: About, numbers: int) -> Counts:
        assert numbers == self._before + self._added - self._removed, "every changed bit was counted"
        duplicates = self._read - self._added - self._removed
        return Counts(about.lines, about.rejects, self._read, numbers, self._added, self._removed, duplicates)


def _in_order(chunk: Chunk) -> list[Chunk]:
    """Split a chunk into parts that only add or only remove and give the same when applied one after the other."""
    if chunk.removed is None or not chunk.removed.any():
        return [Chunk(chunk.phones, None, chunk.categories)]
    both = np.intersect1d(chunk.phones[chunk.removed], chunk.phones[~chunk.removed])
    several = np.isin(chunk.phones, both)
    parts = [_pick(chunk, ~several & ~chunk.removed), _pick(chunk, ~several & chunk.removed)]
    rows = [_pick(chunk, np.array([row])) for row in several.nonzero()[0]]
    return [part for part in (*parts, *rows) if len(part.phones)]


def _pick(chunk: Chunk, rows: Mask | NDArray[np.int64]) -> Chunk:
    assert chunk.removed is not None, "only change lists are split"
    removed = chunk.removed[rows]
    categories = None if chunk.categories is None else chunk.categories[rows]
    return Chunk(chunk.phones[rows], removed if removed.any() else None, categories)


def _sorted(phones: Phones, categories: Categories | None) -> tuple[Phones, Categories | None]:
    if (phones[1:] >= phones[:-1]).all():
        return phones, categories
    if categories is None:
        return np.sort(phones), None
    order = np.argsort(phones)
    return phones[order], categories[order]


def _by_category(categories: Categories) -> list[tuple[int, Mask]]:
    """Return each category with the rows that have it; a row with none counts for every category."""
    masks = np.where(categories == 0, np.uint16(1 << EVERY_CATEGORY), categories)
    used = int(np.bitwise_or.reduce(masks))
    return [(bit, masks >> np.uint16(bit) & np.uint16(1) == 1) for bit in range(16) if used >> bit & 1]


def _expected_bytes(numbers: int) -> int:
    """Estimate what a register without categories takes of the disk."""
    return min(numbers * PAGE_BYTES, _BITS_BYTES_MAX) + min(numbers * _MEMBER_BYTES, _MEMBERS_BYTES_MAX)


def _used_bytes(path: Path) -> int:
    return path.stat().st_blocks * 512
