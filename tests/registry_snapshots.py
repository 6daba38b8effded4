"""Snapshots for tests: built from plain numbers."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
from pyroaring import BitMap64

from dncd.registry.build import SnapshotBuilder
from dncd.registry.chunks import Chunk
from dncd.registry.manifest import About, Source
from dncd.registry.verify import verify_members
from dncd.storage.contract import Phones

ABOUT = About(
    format="numbers",
    list_date=date(2025, 3, 1),
    created_at=datetime(2025, 3, 2, 12, tzinfo=UTC),
    sources=(Source("list.txt", "00" * 32, 12),),
    lines=3,
    rejects=1,
    coverage=("1415", "44"),
)


def column(phones: Iterable[int]) -> Phones:
    return np.array(list(phones), np.uint64)


def build(
    registries: Path,
    chunks: Iterable[Chunk],
    snapshot: str = "first",
    previous: Path | None = None,
    about: About = ABOUT,
) -> Path:
    """Build a snapshot and return its folder."""
    with SnapshotBuilder(registries, "us-national", snapshot, previous=previous) as builder:
        for chunk in chunks:
            builder.add(chunk)
        builder.finish(about)
    return builder.place


def build_numbers(registries: Path, phones: Iterable[int], snapshot: str = "first") -> Path:
    return build(registries, [Chunk(column(phones))], snapshot)


def read_members(folder: Path, category: int | None = None) -> BitMap64:
    """Read a snapshot's Roaring file by the library alone, that of a category if asked."""
    [entry] = [entry for entry in verify_members(folder).members if entry.category == category]
    numbers = BitMap64.deserialize((folder / entry.name).read_bytes())
    assert len(numbers) == entry.members
    return numbers
