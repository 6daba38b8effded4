"""The Roaring file says the same as the bit files, and damage to either is named."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap64

from dncd.registry.chunks import Chunk
from dncd.registry.failures import SnapshotDamaged
from dncd.registry.members import diff, rebuild_from_members
from dncd.registry.membership import Membership
from dncd.registry.roaring import read_roaring
from dncd.registry.verify import check_shape, verify, verify_members
from registry_snapshots import build, build_numbers, column, read_members

PHONES = st.one_of(
    st.integers(12_000_000_000, 12_000_200_000),
    st.integers(19_999_999_000, 20_000_001_000).filter(lambda phone: not 20_000_000_000 <= phone < 20_000_000_008),
    st.integers(2_000_000_000_000, 2_000_000_200_000),
    st.integers(8_610_000_000_000, 8_610_000_200_000),
    st.integers(4_910_000_000_000, 4_999_000_000_000),
)
DENSE = range(14_150_000_000, 14_150_200_000)
SPARSE = range(16_000_000_000, 16_010_000_000, 40_000)
# Array and bit containers side by side in one window.
MIXED = [*range(17_000_000_000, 17_000_500_000, 90), *range(17_000_500_000, 17_000_600_000)]
WIDE = range(8_613_800_000_000, 8_613_800_010_000)


@settings(max_examples=25)
@given(st.lists(PHONES, max_size=60))
def test_roaring_file_and_bit_files_agree(tmp_path_factory: pytest.TempPathFactory, phones: list[int]) -> None:
    folder = build_numbers(tmp_path_factory.mktemp("r"), phones)

    members = read_members(folder)

    assert members == BitMap64(phones)
    assert Membership.open(folder).contains(column(members)).all()


def test_all_kinds_of_containers_are_read_back(tmp_path: Path) -> None:
    expected = BitMap64([*DENSE, *SPARSE, *MIXED, *WIDE])

    folder = build_numbers(tmp_path, expected)

    assert read_members(folder) == expected
    assert [phone for part in read_roaring(folder / "members.roaring") for phone in part.tolist()] == list(expected)


def test_empty_snapshot_is_a_snapshot(tmp_path: Path) -> None:
    folder = build_numbers(tmp_path, [])

    assert len(read_members(folder)) == 0
    assert not Membership.open(folder).contains(column([14155550123] * 20)).any()


def test_group_of_cleared_bits_leaves_no_trace(tmp_path: Path) -> None:
    old = build_numbers(tmp_path, [14155550123, 442079460958])

    new = build(tmp_path, [Chunk(column([442079460958]), np.array([True]))], "second", previous=old)

    assert read_members(new) == BitMap64([14155550123])
    assert verify(new).counts.numbers == 1


@settings(max_examples=20)
@given(st.lists(PHONES, max_size=40), st.lists(PHONES, max_size=40))
def test_difference_applied_to_the_old_gives_the_new(
    tmp_path_factory: pytest.TempPathFactory, before: list[int], after: list[int]
) -> None:
    registries = tmp_path_factory.mktemp("r")
    old, new = build_numbers(registries, before, "old"), build_numbers(registries, after, "new")

    added, removed = diff(old, new)
    applied = build(
        registries,
        [Chunk(column(added)), Chunk(column(removed), np.ones(len(removed), np.bool_))],
        "applied",
        previous=old,
    )

    assert added == BitMap64(after) - BitMap64(before)
    assert removed == BitMap64(before) - BitMap64(after)
    assert read_members(applied) == read_members(new)
    live_bits = [entry for entry in verify(applied).bits if entry.members]
    assert live_bits == list(verify(new).bits)


def test_categories_have_members_of_their_own(tmp_path: Path) -> None:
    phones = column([919810000001, 919810000002])

    folder = build(tmp_path, [Chunk(phones, None, np.array([2, 4], np.uint16))])

    assert read_members(folder, 1) == BitMap64([919810000001])
    assert read_members(folder) == BitMap64(phones)


def test_snapshot_moves_as_manifest_and_roaring_files(tmp_path: Path) -> None:
    phones = column([*DENSE, *SPARSE, *WIDE])
    folder = build(tmp_path / "here", [Chunk(phones, None, (phones % np.uint64(3)).astype(np.uint16))])
    there = tmp_path / "there" / "us-national" / "first"
    there.mkdir(parents=True)
    for path in [folder / "manifest.json", *folder.glob("*.roaring")]:
        shutil.copy(path, there)

    manifest = rebuild_from_members(there)

    assert manifest == verify(folder)
    assert Membership.open(there).contains(phones).all()
    assert sorted(path.name for path in there.iterdir()) == sorted(path.name for path in folder.iterdir())


def _write(path: Path, place: int, part: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        file.write(part)


def _first_data(path: Path) -> int:
    with path.open("rb") as file:
        return os.lseek(file.fileno(), 0, os.SEEK_DATA)


DAMAGE: dict[str, Callable[[Path], None]] = {
    "is missing": lambda path: path.unlink(),
    "was cut off": lambda path: os.truncate(path, path.stat().st_size - 2),
    "is longer than it was": lambda path: os.truncate(path, path.stat().st_size + 1),
}


@pytest.mark.parametrize("fault", DAMAGE)
@pytest.mark.parametrize("name", ["1-10.bits", "44-10.bits", "rest.sorted", "members.roaring"])
def test_missing_or_cut_file_is_named_by_the_cheap_check(tmp_path: Path, name: str, fault: str) -> None:
    folder = build_numbers(tmp_path, [14155550123, 442079460958, *WIDE])
    DAMAGE[fault](folder / name)

    with pytest.raises(SnapshotDamaged, match=name) as failure:
        check_shape(folder)

    assert failure.value.figures["file"] == name
    assert fault in str(failure.value)


@pytest.mark.parametrize("damage", DAMAGE.values())
def test_damaged_manifest_is_named(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = build_numbers(tmp_path, [14155550123])
    damage(folder / "manifest.json")

    with pytest.raises(SnapshotDamaged, match=r"manifest\.json"):
        check_shape(folder)


def _alter(path: Path) -> None:
    _write(path, _first_data(path), b"\xa5")


def _set_bit_in_a_hole(path: Path) -> None:
    _write(path, 900_000_000, b"\1")


def _fill_with_zeros(path: Path) -> None:
    _write(path, _first_data(path), bytes(4096))


def _punch_hole(path: Path) -> None:
    size = path.stat().st_size
    os.truncate(path, _first_data(path))
    os.truncate(path, size)


def _swap_pages(path: Path) -> None:
    place = _first_data(path)
    with path.open("rb") as file:
        file.seek(place)
        page = file.read(4096)
    _write(path, place, bytes(4096))
    _write(path, place + (64 << 20), page)


@pytest.mark.parametrize("damage", [_alter, _set_bit_in_a_hole, _fill_with_zeros, _punch_hole, _swap_pages])
def test_altered_bits_are_noticed(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    folder = build_numbers(tmp_path, [14155550123, *SPARSE])
    damage(folder / "1-10.bits")
    check_shape(folder)

    with pytest.raises(SnapshotDamaged, match=r"1-10\.bits of snapshot us-national/first was altered"):
        verify(folder)


def test_altered_sorted_file_is_noticed(tmp_path: Path) -> None:
    folder = build_numbers(tmp_path, WIDE)
    _alter(folder / "rest.sorted")

    with pytest.raises(SnapshotDamaged, match=r"rest\.sorted"):
        verify(folder)


def test_altered_roaring_file_is_noticed_before_it_is_used(tmp_path: Path) -> None:
    folder = build_numbers(tmp_path, WIDE)
    _alter(folder / "members.roaring")

    verify(folder)
    for use in (verify_members, rebuild_from_members):
        with pytest.raises(SnapshotDamaged, match=r"members\.roaring"):
            use(folder)


def test_altered_manifest_is_noticed(tmp_path: Path) -> None:
    folder = build_numbers(tmp_path, [14155550123])
    manifest = folder / "manifest.json"
    manifest.write_text(manifest.read_text().replace("2025-03-01", "2025-09-01"))

    with pytest.raises(SnapshotDamaged, match="altered"):
        check_shape(folder)


def test_zeros_in_place_of_a_hole_change_nothing(tmp_path: Path) -> None:
    folder = build_numbers(tmp_path, [14155550123])
    _write(folder / "1-10.bits", 900_000_000, bytes(4096))

    verify(folder)
