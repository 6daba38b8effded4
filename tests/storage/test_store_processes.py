"""Several processes with one store: whatever one commits, every other sees, and nobody's death matters."""

from pathlib import Path

import numpy as np
import pytest

from dncd.errors import StoreUnusable
from dncd.storage.contract import Table
from dncd.storage.lmdb import LmdbStore
from storage_actors import Actors


def flags_all(store: LmdbStore, first: int, count: int) -> bool:
    with store.snapshot() as snapshot:
        return bool(snapshot.maybe_known_phones(7, np.arange(first, first + count, dtype=np.uint64)).all())


def test_processes_see_each_others_addresses_at_once(actor: Actors) -> None:
    owner, left, right = actor("own"), actor("attach"), actor("attach")

    left.ask("add 7 14155550000 100")
    right.ask("add 7 14155560000 100")

    for process in (owner, left, right):
        assert process.ask("known 7 14155550000 100") == 100
        assert process.ask("known 7 14155560000 100") == 100
        assert process.ask("known 7 14155570000 100") < 10


def test_processes_follow_a_growth_that_another_made(actor: Actors) -> None:
    owner, left, right = actor("own"), actor("attach"), actor("attach")
    right.ask("add 7 14155000000 10")

    left.ask("add 7 14156000000 70000")
    right.ask("add 7 14157000000 10")

    for process in (owner, left, right, actor("attach")):
        assert process.ask("known 7 14155000000 10") == 10
        assert process.ask("known 7 14156000000 70000") == 70_000
        assert process.ask("known 7 14157000000 10") == 10
        assert process.ask("known 7 14158000000 10000") < 200


def test_restored_store_uses_its_index_in_every_process(actor: Actors, tmp_path: Path) -> None:
    origin = LmdbStore.own(tmp_path / "origin")
    origin.copy_to(tmp_path / "store")
    origin.close()
    owner, worker = actor("own"), actor("attach")

    worker.ask("add 7 14155550000 100")

    for process in (owner, worker):
        assert process.ask("known 7 14155550000 100") == 100
        assert process.ask("known 7 14155560000 100") == 0
    assert (tmp_path / "store" / "address-index-2.bits").exists(), "no change built the index anew"


def test_process_that_finds_the_file_gone_flags_everything_and_the_next_change_heals_it(
    actor: Actors, tmp_path: Path
) -> None:
    owner = actor("own")
    owner.ask("add 7 14155550000 100")
    (tmp_path / "store" / "address-index-1.bits").unlink()
    worker = actor("attach")

    blind = worker.ask("known 7 14155560000 100")
    worker.ask("add 7 14155570000 1")

    assert blind == 100
    for process in (owner, worker):
        assert process.ask("known 7 14155550000 100") == 100
        assert process.ask("known 7 14155560000 100") < 10


def test_index_is_complete_after_its_owner_was_killed(actor: Actors, tmp_path: Path) -> None:
    owner = actor("own")
    owner.ask("add 7 14155550000 1000")
    owner.kill()

    store = LmdbStore.own(tmp_path / "store")

    assert flags_all(store, 14155550000, 1000)
    assert sorted(file.name for file in (tmp_path / "store").glob("*.bits")) == ["address-index-2.bits"]
    store.close()


def test_worker_killed_in_its_transaction_leaves_nothing_and_holds_nobody_up(actor: Actors, tmp_path: Path) -> None:
    owner, worker = actor("own"), actor("attach")
    worker.ask("hold 7 14155550000 1000")
    worker.kill()

    owner.ask("add 7 14155560000 10")
    owner.close()

    store = LmdbStore.own(tmp_path / "store")
    with store.snapshot() as snapshot:
        assert snapshot.count(Table.ADDRESSES) == 10
    store.close()


def test_worker_that_outlives_its_owner_still_counts(actor: Actors) -> None:
    owner, worker = actor("own"), actor("attach")
    owner.ask("add 7 14155550000 10")
    owner.close()
    worker.ask("add 7 14155560000 10")

    heir = actor("own")
    worker.ask("add 7 14155570000 10")

    for process in (heir, worker):
        for first in (14155550000, 14155560000, 14155570000):
            assert process.ask(f"known 7 {first} 10") == 10


def test_change_after_the_owner_vouched_takes_its_word_back(actor: Actors, tmp_path: Path) -> None:
    """A power loss may keep the change in data.mdb and lose the bits: the old file must not be believed then."""
    owner, worker = actor("own"), actor("attach")
    owner.close()
    bits = tmp_path / "store" / "address-index-1.bits"
    as_vouched_for = bits.read_bytes()
    worker.ask("add 7 14155550000 10")
    worker.kill()
    bits.write_bytes(as_vouched_for)

    store = LmdbStore.own(tmp_path / "store")

    assert flags_all(store, 14155550000, 10)
    store.close()


def test_second_owner_is_refused(actor: Actors, tmp_path: Path) -> None:
    actor("own")

    with pytest.raises(StoreUnusable, match="Another server holds the store"):
        LmdbStore.own(tmp_path / "store")


def test_reader_check_clears_the_place_of_a_killed_process(actor: Actors, tmp_path: Path) -> None:
    owner = actor("own")
    owner.ask("known 7 14155550000 1")
    store = LmdbStore.attach(tmp_path / "store")
    owner.kill()

    cleared = store.reader_check()

    assert cleared >= 1
    store.close()
