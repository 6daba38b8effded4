"""What is imported is exactly what is found, and what is not finished is not there."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dncd.errors import StorageFull
from dncd.registry import blocks
from dncd.registry.build import SnapshotBuilder
from dncd.registry.chunks import Chunk
from dncd.registry.failures import DiskNotSparse, ImportFailed
from dncd.registry.files import remove, require_holes, sweep
from dncd.registry.manifest import read_manifest
from dncd.registry.membership import Membership
from dncd.registry.verify import verify
from registry_snapshots import ABOUT, build, build_numbers, column

# Small spans and a wide one, so that numbers meet in blocks, at edges, and in the sorted file.
PHONES = st.one_of(
    st.integers(12_000_000_000, 12_000_000_100),
    st.integers(19_999_999_900, 20_000_000_100),
    st.integers(10_008_388_500, 10_008_388_700),
    st.integers(440_000_000_000, 449_999_999_999),
    st.integers(861_000_000_000_0, 861_000_000_010_0),
    st.integers(491_000_000_000, 491_000_000_100),
    st.integers(3_545_550_000, 3_545_559_999),
)


@settings(max_examples=25)
@given(st.lists(st.lists(PHONES, max_size=40), max_size=4))
def test_what_is_built_is_what_is_found_and_neighbours_are_not(
    tmp_path_factory: pytest.TempPathFactory, parts: list[list[int]]
) -> None:
    folder = build(tmp_path_factory.mktemp("r"), [Chunk(column(part)) for part in parts])
    expected = {phone for part in parts for phone in part}
    asked = column({phone + step for phone in expected for step in (-8, -1, 0, 1, 8)} | {12_000_000_050})

    answers = Membership.open(folder).contains(asked)

    assert asked[answers].tolist() == [phone for phone in asked.tolist() if phone in expected]
    counts = verify(folder).counts
    assert (counts.read, counts.numbers) == (sum(map(len, parts)), len(expected))
    assert counts.duplicates == counts.read - counts.numbers


@settings(max_examples=20)
@given(st.lists(PHONES, max_size=30), st.lists(st.tuples(PHONES, st.booleans()), max_size=60))
def test_change_list_acts_as_if_line_by_line(
    tmp_path_factory: pytest.TempPathFactory, first: list[int], changes: list[tuple[int, bool]]
) -> None:
    registries = tmp_path_factory.mktemp("r")
    old = build_numbers(registries, first)
    expected = set(first)
    for phone, removed in changes:
        (expected.discard if removed else expected.add)(phone)
    chunk = Chunk(column(phone for phone, _ in changes), np.array([removed for _, removed in changes], np.bool_))

    new = build(registries, [chunk], "second", previous=old)

    asked = column({*first, *(phone for phone, _ in changes), 12_000_000_050})
    assert asked[Membership.open(new).contains(asked)].tolist() == [p for p in asked.tolist() if p in expected]
    assert verify(new).counts.numbers == len(expected)
    assert Membership.open(old).contains(column(first)).all()


def test_category_is_found_by_those_who_ask_for_it_or_for_any(tmp_path: Path) -> None:
    phones = column([919810000001, 919810000002, 919810000003, 919810000004])
    folder = build(tmp_path, [Chunk(phones, None, np.array([1, 2 | 8, 2, 0], np.uint16))])
    members = Membership.open(folder)

    assert verify(folder).categories == (0, 1, 3)
    assert members.contains(phones).tolist() == [True, True, True, True]
    assert members.contains(phones, frozenset({1})).tolist() == [True, True, True, True]
    assert members.contains(phones, frozenset({3})).tolist() == [True, True, False, True]
    assert members.contains(phones, frozenset({7})).tolist() == [True, False, False, True]
    assert members.contains(phones + np.uint64(4), frozenset({1, 3})).tolist() == [False] * 4


def test_number_without_categories_counts_for_all_of_them(tmp_path: Path) -> None:
    first, second = column([919810000001]), column([919810000002])

    folder = build(tmp_path, [Chunk(first, None, np.array([2], np.uint16)), Chunk(second)])

    assert Membership.open(folder).contains(second, frozenset({5})).all()


def test_categories_after_numbers_without_are_refused(tmp_path: Path) -> None:
    chunks = [Chunk(column([919810000001])), Chunk(column([919810000002]), None, np.array([2], np.uint16))]

    with pytest.raises(ImportFailed, match="categories"):
        build(tmp_path, chunks)

    assert list((tmp_path / "us-national").iterdir()) == []


def test_removal_takes_a_number_out_of_every_category(tmp_path: Path) -> None:
    phone = column([919810000001])
    old = build(tmp_path, [Chunk(phone, None, np.array([6], np.uint16))])

    new = build(tmp_path, [Chunk(phone, np.array([True]), np.array([2], np.uint16))], "second", previous=old)

    assert not Membership.open(new).contains(phone, frozenset({1, 2})).any()
    assert not Membership.open(new).contains(phone).any()


def test_register_without_categories_blocks_for_all_of_them(tmp_path: Path) -> None:
    folder = build_numbers(tmp_path, [14155550123])

    assert Membership.open(folder).contains(column([14155550123]), frozenset({4})).all()


def test_manifest_says_what_was_built(tmp_path: Path) -> None:
    folder = build_numbers(tmp_path, [14155550123, 14155550123, 8613812345678])

    manifest = read_manifest(folder)

    assert (manifest.registry, manifest.snapshot, manifest.about) == ("us-national", "first", ABOUT)
    assert [(entry.name, entry.span.calling_code, entry.members) for entry in manifest.bits] == [("1-10.bits", 1, 1)]
    assert [(entry.name, entry.members) for entry in manifest.sorted] == [("rest.sorted", 1)]
    assert [(entry.name, entry.members) for entry in manifest.members] == [("members.roaring", 2)]
    assert (manifest.counts.numbers, manifest.counts.duplicates) == (2, 1)
    assert 0 < manifest.disk_bytes < 1 << 20


def test_holes_stay_holes_in_new_snapshots_and_in_copies(tmp_path: Path) -> None:
    old = build_numbers(tmp_path, range(12_000_000_000, 20_000_000_000, 1_000_000_000))
    new = build(tmp_path, [Chunk(column([15_555_555_555]))], "second", previous=old)

    used = [(folder / "1-10.bits").stat().st_blocks * 512 for folder in (old, new)]

    assert max(used) < 1 << 20


def test_few_blocks_in_memory_give_the_same_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    phones = np.random.default_rng(5).integers(12_000_000_000, 12_100_000_000, 20_000, np.uint64)
    plenty = build(tmp_path, [Chunk(phones)], "plenty")
    monkeypatch.setattr(blocks.BlockCache.__init__, "__defaults__", (2,))

    few = build(tmp_path, [Chunk(part) for part in np.split(phones, 10)], "few")

    assert verify(few).bits == verify(plenty).bits
    assert verify(few).members == verify(plenty).members


def test_snapshot_that_exists_is_not_built_again(tmp_path: Path) -> None:
    build_numbers(tmp_path, [14155550123])

    with pytest.raises(ImportFailed, match="exists"):
        build_numbers(tmp_path, [14155550124])

    assert Membership.open(tmp_path / "us-national" / "first").contains(column([14155550123])).all()


def test_snapshot_that_is_being_built_is_neither_built_twice_nor_swept(tmp_path: Path) -> None:
    with SnapshotBuilder(tmp_path, "us-national", "first") as builder:
        builder.add(Chunk(column([14155550123])))
        with pytest.raises(ImportFailed, match="being built"):
            SnapshotBuilder(tmp_path, "us-national", "first")

        swept = sweep(tmp_path)
        builder.finish(ABOUT)

    assert swept == []
    verify(builder.place)


def test_abandoned_build_leaves_nothing(tmp_path: Path) -> None:
    def interrupted() -> Iterator[Chunk]:
        yield Chunk(column([14155550123]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path, interrupted())

    assert list((tmp_path / "us-national").iterdir()) == []


def test_removed_snapshot_is_gone_at_once(tmp_path: Path) -> None:
    folder = build_numbers(tmp_path, [14155550123])

    remove(folder)

    assert list(folder.parent.iterdir()) == []


@contextmanager
def _failing(monkeypatch: pytest.MonkeyPatch, name: str) -> Iterator[None]:
    def full(*arguments: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, name, full)
        yield


@pytest.mark.parametrize("call", ["pwrite", "ftruncate", "fsync"])
def test_full_disk_is_named_and_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    live = build_numbers(tmp_path, [14155550123])

    with _failing(monkeypatch, call), pytest.raises(StorageFull):
        build_numbers(tmp_path, [14155550124], "second")

    verify(live)
    assert [path.name for path in live.parent.iterdir()] == ["first"]


def test_too_little_space_is_refused_before_anything_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Disk:
        f_bavail = 1000
        f_frsize = 4096

    monkeypatch.setattr(os, "statvfs", lambda path: Disk())

    with pytest.raises(StorageFull, match="needs about 900 MiB"):
        SnapshotBuilder(tmp_path, "us-national", "first", numbers_expected=240_000_000)

    assert list((tmp_path / "us-national").iterdir()) == []


def test_disk_that_fills_holes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "ftruncate", lambda file, size: os.posix_fallocate(file, 0, size))

    with pytest.raises(DiskNotSparse, match="ext4"):
        build_numbers(tmp_path, [14155550123])

    assert list((tmp_path / "us-national").iterdir()) == []


def test_holes_are_judged_by_what_was_written() -> None:
    require_holes(375 << 20, 350 << 20)

    with pytest.raises(DiskNotSparse):
        require_holes(1250 << 20, 350 << 20)
