"""The store on disk: one LMDB table for each `Table`, and the address index beside it.

A commit is synced to disk before `transaction()` ends. The file format is that of LMDB 0.9. A thread may hold snapshots
and a transaction at once; LMDB refuses a second transaction on one thread. Close snapshots soon: pages freed after the
oldest one was opened cannot be used again.
"""

import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final, Self
from uuid import uuid4

import lmdb

from dncd.errors import StoreUnusable
from dncd.storage.address_index import AddressIndex
from dncd.storage.environment import (
    DATA_FILE,
    LOCK_FILES,
    MAP_BYTES,
    Tables,
    is_disk_full,
    mark_copied,
    open_environment,
    open_tables,
    storage_full,
    sync_copy,
)
from dncd.storage.locks import FileLock, is_locked
from dncd.storage.transaction import LmdbSnapshot, LmdbTransaction

_SERVE_LOCK: Final = "serve.lock"
# Held by the owner from the moment the index can be relied on, so that others can ask.
_INDEX_LOCK: Final = "index.lock"


class DestinationUnusable(StoreUnusable):
    """A copy cannot be written where it was asked for; the store itself is sound."""


def new_uuid() -> str:
    """Make a random UUID."""
    return str(uuid4())


class LmdbStore:
    """A store in a directory. Threads may share it; a process opens it once.

    One owner, the supervisor, vouches for the address index; workers attach to it while the owner runs. A store
    attached where no owner runs flags every address and takes no change of ADDRESSES: right for a command that makes a
    token.
    """

    def __init__(
        self, path: Path, env: lmdb.Environment, tables: Tables, store_id: str, index: AddressIndex | None
    ) -> None:
        self._path = path
        self._env = env
        self._tables = tables
        self._id = store_id
        self._index = index
        self._closing = ExitStack()

    @classmethod
    def own(
        cls, path: Path, *, create: bool = True, map_bytes: int = MAP_BYTES, new_id: Callable[[], str] = new_uuid
    ) -> Self:
        """Open the store as its one owner, or make it, and first make sure of the address index.

        Costs 0.1 s for 10 million addresses after a clean close, else about 0.4 us an address. Raises `StoreUnusable`
        where the directory holds something else, a schema of another version, or has an owner; `StorageFull`.
        """
        with ExitStack() as stack:
            env = _open(path, stack, create=create, map_bytes=map_bytes)
            _take_ownership(path, stack)
            tables, store_id = open_tables(env, new_id, own=True)
            store = cls(path, env, tables, store_id, AddressIndex(path, store_id))
            store._own_index(stack, new_id)
            store._closing = stack.pop_all()
        return store

    @classmethod
    def attach(
        cls, path: Path, *, create: bool = True, map_bytes: int = MAP_BYTES, new_id: Callable[[], str] = new_uuid
    ) -> Self:
        """Open the store beside its owner, or without one; raises `StoreUnusable` as `own` does, owners aside."""
        with ExitStack() as stack:
            env = _open(path, stack, create=create, map_bytes=map_bytes)
            tables, store_id = open_tables(env, new_id, own=False)
            vouched = is_locked(path / _INDEX_LOCK)
            store = cls(path, env, tables, store_id, AddressIndex(path, store_id) if vouched else None)
            store._closing = stack.pop_all()
        return store

    @property
    def id(self) -> str:
        """Name the store: a UUID made with it, in every revision."""
        return self._id

    def snapshot(self) -> LmdbSnapshot:
        """Open a view of what is committed now. Costs about a microsecond."""
        return LmdbSnapshot(self._env, self._tables, self._index)

    def transaction(self) -> LmdbTransaction:
        """Wait for the one write transaction of all processes; commit and sync at its end, or undo it all.

        Raises `StorageFull`.
        """
        return LmdbTransaction(self._env, self._tables, self._index, self._path)

    def reader_check(self) -> int:
        """Clear the places of readers whose process died, which keep old pages from reuse; return how many."""
        return self._env.reader_check()

    def copy_to(self, path: Path) -> None:
        """Write a compact copy of the committed state into a new or empty directory, while the store is in use.

        The copy has no address index; its owner builds one. Its first owner gives it a new id, so that revisions
        from after the copy was made are refused there. Its files are for their owner alone, whoever may look into
        the directory. Raises `StorageFull`, or `DestinationUnusable` where the copy cannot be written; nothing of it
        is left then.
        """
        if path.resolve().is_relative_to(self._path.resolve()):
            raise DestinationUnusable(f"{path} is in the folder of the store; name a folder outside it for the copy.")
        file = _open_copy(path)
        try:
            with os.fdopen(file, "wb") as copy:
                self._env.copyfd(copy.fileno(), compact=True)
            mark_copied(path, MAP_BYTES)
            sync_copy(path)
        except (lmdb.Error, OSError) as error:
            is_full = is_disk_full(error, path)
            for name in (DATA_FILE, *LOCK_FILES):
                (path / name).unlink(missing_ok=True)
            if is_full:
                raise storage_full() from error
            raise DestinationUnusable(f"The copy cannot be written: {error}") from error

    def close(self) -> None:
        """Let go of everything; an owner vouches for the address index first. Nothing of the store may be in use."""
        self._closing.close()

    def _own_index(self, stack: ExitStack, new_id: Callable[[], str]) -> None:
        with self.transaction() as txn:
            txn.claim_index()
        lock = FileLock(self._path / _INDEX_LOCK)
        stack.callback(lock.release)
        lock.wait()
        stack.callback(self._seal_index, new_id)

    def _seal_index(self, new_id: Callable[[], str]) -> None:
        with self.transaction() as txn:
            txn.seal_index(new_id().encode())


def _open_copy(path: Path) -> int:
    """Make the file of a copy in a new or empty directory; raises `DestinationUnusable`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # `lost+found` is what an empty volume holds.
        if any(found.name != "lost+found" for found in path.iterdir()):
            raise DestinationUnusable(f"{path} is not empty; name a new or an empty folder for the copy.")
        return os.open(path / DATA_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if is_disk_full(error, path):
            raise storage_full() from error
        raise DestinationUnusable(f"The copy cannot be made in {path}: {error.strerror}.") from error


def _open(path: Path, stack: ExitStack, *, create: bool, map_bytes: int) -> lmdb.Environment:
    env = open_environment(path, create=create, map_bytes=map_bytes)
    stack.callback(env.close)
    return env


def _take_ownership(path: Path, stack: ExitStack) -> None:
    lock = FileLock(path / _SERVE_LOCK)
    stack.callback(lock.release)
    if not lock.take():
        raise StoreUnusable(f"Another server holds the store in {path}. Stop it first, or name another directory.")
