import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import lmdb
import pytest

from dncd.errors import Overloaded, StorageFull, StoreUnusable
from dncd.storage.contract import Table
from dncd.storage.lmdb import LmdbStore
from dncd.storage.schema import SCHEMA_ROW
from dncd.storage.transaction import LmdbSnapshot

# The real map of 1 TiB never fills before the disk does; a small one fills at once, and LMDB fails in the same place.
SMALL_MAP_BYTES = 1 << 20


def fill(store: LmdbStore) -> None:
    with store.transaction() as transaction:
        for number in range(20_000):
            transaction.put(Table.LABELS, b"%d" % number, b"x" * 100)


def test_store_keeps_its_id_and_its_rows(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path / "made" / "here", new_id=lambda: "first")
    with store.transaction() as transaction:
        transaction.put(Table.LABELS, b"key", b"value")
    store.close()

    store = LmdbStore.own(tmp_path / "made" / "here", new_id=lambda: "second")

    assert store.id == "first"
    with store.snapshot() as snapshot:
        assert snapshot.get(Table.LABELS, b"key") == b"value"
    store.close()


def test_nobody_else_may_read_the_files(tmp_path: Path) -> None:
    LmdbStore.own(tmp_path / "store").close()

    modes = {file.name: file.stat().st_mode & 0o077 for file in (tmp_path / "store").iterdir()}

    assert set(modes.values()) == {0}, modes
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0


def test_unknown_schema_is_refused_and_named(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)
    with store.transaction() as transaction:
        transaction.put(Table.META, SCHEMA_ROW, b"9")
    store.close()

    with pytest.raises(StoreUnusable, match="schema 9; this version reads schema 2"):
        LmdbStore.own(tmp_path)
    with pytest.raises(StoreUnusable, match="schema 9"):
        LmdbStore.attach(tmp_path)


def test_directory_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"")

    with pytest.raises(StoreUnusable, match="not empty"):
        LmdbStore.own(tmp_path)

    assert [file.name for file in tmp_path.iterdir()] == ["photo.jpg"]


def test_store_whose_data_is_gone_is_refused_and_not_made_anew(tmp_path: Path) -> None:
    LmdbStore.own(tmp_path).close()
    (tmp_path / "data.mdb").unlink()

    with pytest.raises(StoreUnusable, match=r"restore data\.mdb"):
        LmdbStore.own(tmp_path)


def test_store_whose_data_is_empty_is_refused_and_not_made_anew(tmp_path: Path) -> None:
    LmdbStore.own(tmp_path).close()
    (tmp_path / "data.mdb").write_bytes(b"")

    with pytest.raises(StoreUnusable, match=r"data\.mdb is empty"):
        LmdbStore.own(tmp_path)

    assert (tmp_path / "data.mdb").stat().st_size == 0


def test_store_whose_data_is_cut_off_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data.mdb"
    store = LmdbStore.own(tmp_path)
    with store.transaction() as txn:
        for number in range(2_000):
            txn.put(Table.ADDRESSES, number.to_bytes(8), b"x" * 100)
    store.close()
    os.truncate(data, data.stat().st_size // 2)

    with pytest.raises(StoreUnusable, match="cut off"):
        LmdbStore.own(tmp_path)


def test_new_store_is_told_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        LmdbStore.own(tmp_path / "store").close()

    assert caplog.text.count("making a new, empty store") == 1


def test_fresh_volume_takes_a_store(tmp_path: Path) -> None:
    (tmp_path / "lost+found").mkdir()

    LmdbStore.own(tmp_path).close()

    assert (tmp_path / "data.mdb").exists()


def test_missing_store_is_refused_where_none_may_be_made(tmp_path: Path) -> None:
    with pytest.raises(StoreUnusable, match="There is no store"):
        LmdbStore.attach(tmp_path / "store", create=False)

    assert not (tmp_path / "store").exists()


def test_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"")

    with pytest.raises(StoreUnusable, match="Not a directory"):
        LmdbStore.own(tmp_path / "store")


def test_lmdb_files_of_another_program_are_refused(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path), lib_version=0) as env, env.begin(write=True) as txn:
        txn.put(b"theirs", b"row")

    with pytest.raises(StoreUnusable, match="another program"):
        LmdbStore.own(tmp_path)


def test_file_that_is_not_of_lmdb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data.mdb").write_bytes(b"text" * 4096)

    with pytest.raises(StoreUnusable, match="LMDB cannot open"):
        LmdbStore.own(tmp_path)


def test_store_open_in_this_process_is_refused_a_second_time(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)

    with pytest.raises(StoreUnusable, match="already open"):
        LmdbStore.attach(tmp_path)

    store.close()


def test_owner_that_failed_to_open_lets_go(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)
    with store.transaction() as transaction:
        transaction.put(Table.META, SCHEMA_ROW, b"9")
    store.close()

    for _ in range(2):
        with pytest.raises(StoreUnusable, match="schema 9"):
            LmdbStore.own(tmp_path)


def test_refused_address_space_says_what_to_do(tmp_path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path; from dncd.storage.lmdb import LmdbStore; "
        "from dncd.errors import StoreUnusable\n"
        "resource.setrlimit(resource.RLIMIT_AS, (1 << 36, 1 << 36))\n"
        "try: LmdbStore.own(Path(sys.argv[1]))\n"
        "except StoreUnusable as error: print(error)"
    )

    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=True)

    assert "1024 GiB of address space" in done.stdout
    assert "ulimit -v" in done.stdout


def test_full_map_is_storage_full_and_changes_nothing(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path, map_bytes=SMALL_MAP_BYTES)

    with pytest.raises(StorageFull):
        fill(store)

    with store.transaction() as transaction:
        assert transaction.count(Table.LABELS) == 0
        transaction.put(Table.LABELS, b"small", b"row")
    with store.snapshot() as snapshot:
        assert snapshot.count(Table.LABELS) == 1
    store.close()


def test_disk_full_at_the_commit_is_storage_full_and_changes_nothing(tmp_path: Path) -> None:
    """A limit on the size of files stands for the full disk: the system refuses the same write."""
    store = LmdbStore.own(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, limits[1]))
    try:
        with pytest.raises(StorageFull):
            fill(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    with store.snapshot() as snapshot:
        assert snapshot.count(Table.LABELS) == 0
    fill(store)
    with store.snapshot() as snapshot:
        assert snapshot.count(Table.LABELS) == 20_000
    store.close()


def test_copy_never_overwrites_a_store(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path / "store")
    store.copy_to(tmp_path / "copy")

    with pytest.raises(StoreUnusable, match="not empty"):
        store.copy_to(tmp_path / "copy")

    store.close()


def test_copy_of_a_store_in_use_is_a_store(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path / "store")
    fill(store)
    with store.transaction() as transaction:
        transaction.put(Table.ADDRESSES, b"\0\0\0\1\2ann@example.com", b"row")
    store.copy_to(tmp_path / "copy")
    store.close()

    copy = LmdbStore.own(tmp_path / "copy")

    with copy.snapshot() as snapshot:
        assert snapshot.count(Table.LABELS) == 20_000
        assert snapshot.maybe_known([b"\0\0\0\1\2ann@example.com"]).all()
    copy.close()
    assert not (tmp_path / "copy" / "address-index-1.bits").exists()
    assert (tmp_path / "copy" / "address-index-2.bits").exists()


def test_a_restored_copy_is_another_store_each_time_it_is_restored(tmp_path: Path) -> None:
    original = LmdbStore.own(tmp_path / "original")
    original.copy_to(tmp_path / "copy")
    original.close()
    shutil.copytree(tmp_path / "copy", tmp_path / "again")

    first, second = LmdbStore.own(tmp_path / "copy"), LmdbStore.own(tmp_path / "again")
    ids = {original.id, first.id, second.id}
    first.close()
    second.close()
    reopened = LmdbStore.own(tmp_path / "copy")
    reopened.close()

    assert len(ids) == 3
    assert reopened.id == first.id


def test_snapshot_beyond_the_readers_is_refused_until_one_ends(tmp_path: Path) -> None:
    with lmdb.open(str(tmp_path), max_readers=1, lib_version=0) as env:
        with (
            LmdbSnapshot(env, {}, None),
            pytest.raises(Overloaded, match="another reader"),
            LmdbSnapshot(env, {}, None),
        ):
            pass

        with LmdbSnapshot(env, {}, None):
            pass


def test_store_has_a_place_for_a_reader_on_every_thread_of_every_worker(tmp_path: Path) -> None:
    LmdbStore.own(tmp_path).close()

    # LMDB takes the number from the lock file where there is one, whatever it is asked for.
    with lmdb.open(str(tmp_path), max_readers=1, lib_version=0) as env:
        assert env.max_readers() >= 256 * 56
