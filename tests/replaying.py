"""Replaying a journal into an empty store, to compare the two."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dncd import attempt_log, journal
from dncd.storage.contract import Snapshot, Store, Table
from dncd.storage.lmdb import LmdbStore
from dncd.storage.schema import STORAGE_PREFIX


def tables_of(snapshot: Snapshot) -> dict[Table, list[tuple[bytes, bytes]]]:
    """Read every row of every table, but for what META tells about the files of one copy."""
    return {
        table: [row for row in snapshot.scan(table) if table is not Table.META or not row[0].startswith(STORAGE_PREFIX)]
        for table in Table
    }


@contextmanager
def replayed(original: Store, path: Path) -> Iterator[LmdbStore]:
    """Build a second store from the journal of the first alone."""
    copy = LmdbStore.own(path, new_id=lambda: original.id)
    try:
        with original.snapshot() as snapshot, copy.transaction() as txn:
            for row in journal.read_from(snapshot, 0):
                journal.replay(txn, row)
        yield copy
    finally:
        copy.close()


def assert_replay_equals(original: Store, path: Path) -> None:
    """Hold a store against the replay of its journal, and of its attempts, byte for byte; none may be pruned yet."""
    with replayed(original, path) as copy, original.snapshot() as there:
        with copy.transaction() as txn:
            for _, encoded in attempt_log.read_from(there, 0):
                attempt_log.replay(txn, encoded)
        assert journal.verify(there).intact
        with copy.snapshot() as here:
            expected, found = tables_of(there), tables_of(here)
        for table in Table:
            assert found[table] == expected[table], f"{table} differs after a replay"
