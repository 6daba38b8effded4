"""The index is never behind a committed snapshot, whatever happens to its file."""

import errno
import logging
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from dncd.errors import StorageFull
from dncd.storage.address_index import AddressIndex
from dncd.storage.contract import Table
from dncd.storage.keys import phone_keys
from dncd.storage.lmdb import LmdbStore
from dncd.storage.schema import INDEX_CLEAN_ROW, INDEX_ROW

FIRST = 14155000000
# More than the smallest bitmap takes.
MANY = 40_000


def put(store: LmdbStore, count: int, first: int = FIRST, table: Table = Table.ADDRESSES) -> None:
    with store.transaction() as transaction:
        for key in phone_keys(7, np.arange(first, first + count, dtype=np.uint64)):
            transaction.put(table, key, b"row")


def flagged(store: LmdbStore, count: int, first: int = FIRST) -> int:
    with store.snapshot() as snapshot:
        return int(snapshot.maybe_known_phones(7, np.arange(first, first + count, dtype=np.uint64)).sum())


def generation(store: LmdbStore) -> int:
    with store.snapshot() as snapshot:
        row = snapshot.get(Table.META, INDEX_ROW)
    assert row is not None
    return int.from_bytes(row)


def bit_files(path: Path) -> list[str]:
    return sorted(file.name for file in path.glob("address-index-*"))


def closed_with(path: Path, count: int) -> Path:
    store = LmdbStore.own(path)
    put(store, count)
    store.close()
    return path / "address-index-1.bits"


def test_index_closed_cleanly_is_used_again(tmp_path: Path) -> None:
    closed_with(tmp_path, 100)

    store = LmdbStore.own(tmp_path)

    assert generation(store) == 1
    assert flagged(store, 100) == 100
    store.close()


def test_owner_takes_the_nonce_away_so_that_an_old_copy_never_matches(tmp_path: Path) -> None:
    closed_with(tmp_path, 100)

    store = LmdbStore.own(tmp_path)

    with store.snapshot() as snapshot:
        assert snapshot.get(Table.META, INDEX_CLEAN_ROW) is None
    store.close()


def test_a_flipped_bit_is_found_and_the_index_built_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    bits = closed_with(tmp_path, 100)
    content = bytearray(bits.read_bytes())
    touched = next(place for place in range(4096, len(content)) if content[place])
    content[touched] = 0
    bits.write_bytes(content)
    caplog.set_level(logging.INFO)

    store = LmdbStore.own(tmp_path)

    assert generation(store) == 2
    assert flagged(store, 100) == 100
    assert "Built address index 2 for 100 addresses" in caplog.text
    store.close()


@pytest.mark.parametrize("length", [0, 10, 4096, 60_000])
def test_a_file_cut_off_is_built_anew(tmp_path: Path, length: int) -> None:
    os.truncate(closed_with(tmp_path, 100), length)

    store = LmdbStore.own(tmp_path)

    assert generation(store) == 2
    assert flagged(store, 100) == 100
    store.close()


def test_a_missing_file_is_built_anew(tmp_path: Path) -> None:
    closed_with(tmp_path, 100).unlink()

    store = LmdbStore.own(tmp_path)

    assert flagged(store, 100) == 100
    assert bit_files(tmp_path) == ["address-index-2.bits"]
    store.close()


def test_older_data_beside_newer_bits_has_its_index_built_anew(tmp_path: Path) -> None:
    closed_with(tmp_path / "store", 100)
    shutil.copy(tmp_path / "store" / "data.mdb", tmp_path / "backup")
    store = LmdbStore.own(tmp_path / "store")
    put(store, 50, first=FIRST + 1000)
    store.close()

    shutil.copy(tmp_path / "backup", tmp_path / "store" / "data.mdb")
    store = LmdbStore.own(tmp_path / "store")

    assert generation(store) == 2
    assert flagged(store, 100) == 100
    store.close()


def test_newer_data_beside_older_bits_has_its_index_built_anew(tmp_path: Path) -> None:
    bits = closed_with(tmp_path / "store", 100)
    shutil.copy(bits, tmp_path / "backup")
    store = LmdbStore.own(tmp_path / "store")
    put(store, 50, first=FIRST + 1000)
    store.close()

    shutil.copy(tmp_path / "backup", bits)
    store = LmdbStore.own(tmp_path / "store")

    assert generation(store) == 2
    assert flagged(store, 50, first=FIRST + 1000) == 50
    store.close()


def test_files_of_dead_processes_are_swept_away(tmp_path: Path) -> None:
    closed_with(tmp_path, 10)
    (tmp_path / "address-index-9.bits").write_bytes(b"built, never committed")
    (tmp_path / "address-index-2.draft").write_bytes(b"never finished")

    LmdbStore.own(tmp_path).close()

    assert bit_files(tmp_path) == ["address-index-1.bits"]


def test_index_grows_within_the_transaction_that_fills_it(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)

    put(store, MANY)

    assert generation(store) == 2
    assert flagged(store, MANY) == MANY
    assert flagged(store, MANY, first=FIRST + MANY) < MANY // 100
    assert bit_files(tmp_path) == ["address-index-2.bits"]
    store.close()


def test_index_that_grew_is_used_again(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)
    put(store, MANY)
    store.close()

    store = LmdbStore.own(tmp_path)

    assert generation(store) == 2
    assert flagged(store, MANY) == MANY
    store.close()


def test_snapshot_opened_before_growth_keeps_its_own_generation(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)
    put(store, 100)
    phones = np.arange(FIRST, FIRST + MANY, dtype=np.uint64)

    with store.snapshot() as before:
        put(store, MANY)
        mask = before.maybe_known_phones(7, phones)
        held = before.get(Table.META, INDEX_ROW)

    assert held == (1).to_bytes(8)
    assert mask[:100].all()
    store.close()


def test_generation_whose_file_is_gone_is_no_certainty(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)
    put(store, MANY)
    latecomer = AddressIndex(tmp_path, store.id)

    assert latecomer.at(1) is None
    assert latecomer.at(2) is not None
    store.close()


def test_growth_that_is_undone_leaves_the_old_generation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = LmdbStore.own(tmp_path)
    put(store, 100)

    def refuse(file: int, offset: int, length: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", refuse)
        with pytest.raises(StorageFull):
            put(store, MANY)

    with store.snapshot() as snapshot:
        assert snapshot.count(Table.ADDRESSES) == 100
    assert generation(store) == 1
    assert flagged(store, 100) == 100
    assert bit_files(tmp_path) == ["address-index-1.bits"]
    put(store, MANY)
    assert flagged(store, MANY) == MANY
    store.close()


def test_churn_of_addresses_builds_the_index_anew_before_it_flags_everything(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)

    for first in range(FIRST, FIRST + MANY, 10_000):
        put(store, 10_000, first)
        with store.transaction() as transaction:
            for key, _ in transaction.scan(Table.ADDRESSES):
                transaction.delete(Table.ADDRESSES, key)

    assert generation(store) == 2
    assert flagged(store, 10_000) < 100
    store.close()


def test_an_index_built_anew_holds_the_keys_of_attempts_too(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)
    put(store, 100)
    put(store, 100, FIRST + 5000, Table.ATTEMPTS)
    store.close()
    (tmp_path / "address-index-1.bits").unlink()

    store = LmdbStore.own(tmp_path)

    assert generation(store) == 2
    assert flagged(store, 100) == 100
    assert flagged(store, 100, FIRST + 5000) == 100
    store.close()


def test_attempts_make_the_index_grow_as_addresses_do(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)
    put(store, MANY // 2)

    put(store, MANY // 2, FIRST + MANY, Table.ATTEMPTS)

    assert generation(store) == 2
    assert flagged(store, MANY // 2) == MANY // 2
    assert flagged(store, MANY // 2, FIRST + MANY) == MANY // 2
    store.close()


def test_attempts_that_were_pruned_stay_flagged_until_the_index_is_built_anew(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)
    put(store, 100, table=Table.ATTEMPTS)
    with store.transaction() as transaction:
        for key, _ in transaction.scan(Table.ATTEMPTS):
            transaction.delete(Table.ATTEMPTS, key)
    pruned = flagged(store, 100)
    put(store, MANY, FIRST + 5000)

    assert pruned == 100
    assert generation(store) == 2
    assert flagged(store, 100) < 10
    store.close()


def test_without_an_owner_everything_is_flagged_and_addresses_take_no_change(tmp_path: Path) -> None:
    closed_with(tmp_path, 100)
    store = LmdbStore.attach(tmp_path)

    everything = flagged(store, 100, first=FIRST + 5000)
    for table in (Table.ADDRESSES, Table.ATTEMPTS):
        with pytest.raises(AssertionError, match="owner"):
            put(store, 1, table=table)
    with store.transaction() as transaction:
        transaction.put(Table.TOKENS, b"token", b"row")
    store.close()

    assert everything == 100
    store = LmdbStore.own(tmp_path)
    assert generation(store) == 1
    store.close()


def test_store_made_by_a_command_gets_its_index_from_its_owner(tmp_path: Path) -> None:
    LmdbStore.attach(tmp_path).close()

    store = LmdbStore.own(tmp_path)
    put(store, 10)

    assert flagged(store, 10) == 10
    store.close()
