"""Opening an LMDB environment as a store of this schema, or saying why not."""

import errno
import logging
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

import lmdb

from dncd.errors import Overloaded, StorageFull, StoreUnusable
from dncd.storage.contract import Table
from dncd.storage.schema import (
    COPIED_ROW,
    EPOCH_ROW,
    FIRST_EPOCH,
    SCHEMA_ROW,
    SCHEMA_VERSION,
    STORE_ROW,
    first_rows,
    id_in_epoch,
)

Tables = dict[Table, lmdb._Database]

MAP_BYTES: Final = 1 << 40
DATA_FILE: Final = "data.mdb"
LOCK_FILES: Final = frozenset({"lock.mdb", "serve.lock", "index.lock"})
# Each snapshot takes a place, in all processes together: 256 workers with 56 threads each, and commands. 1 MiB.
_READERS_MAX: Final = 16_384
_TABLES_MAX: Final = 32
_SPARE_TRANSACTIONS: Final = 64
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_ROOM_BYTES: Final = 1 << 20
_WHOLE_SHARE: Final = 0.9

_log = logging.getLogger(__name__)


def open_environment(path: Path, *, create: bool, map_bytes: int) -> lmdb.Environment:
    """Open or make the LMDB files of a directory; `StoreUnusable` says what to do where that fails."""
    try:
        _check_directory(path, create=create)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        env = lmdb.open(
            str(path),
            map_size=map_bytes,
            sync=True,
            metasync=True,
            writemap=False,
            mode=0o600,
            max_readers=_READERS_MAX,
            max_dbs=_TABLES_MAX,
            max_spare_txns=_SPARE_TRANSACTIONS,
            lib_version=0,
        )
        _check_length(env, path)
        if env.info()["last_txnid"] == 0:
            # LMDB syncs the file but not its name: a power loss could take the whole new store.
            _sync_names(path)
    except lmdb.MemoryError as error:
        raise StoreUnusable(
            f"The store needs {map_bytes >> 30} GiB of address space (not memory), and the system refused it. "
            "Lift the limit on virtual memory (`ulimit -v`), or set vm.overcommit_memory to 0 or 1."
        ) from error
    except lmdb.Error as error:
        raise StoreUnusable(f"LMDB cannot open the store: {error}") from error
    except OSError as error:
        raise StoreUnusable(f"The directory cannot be used: {error}") from error
    return env


def _sync_names(path: Path) -> None:
    """Sync the names in a directory, and its own name in the one above."""
    for directory in (path, path.absolute().parent):
        file = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def sync_copy(path: Path) -> None:
    """Sync a copy of a store's data, which LMDB leaves to the system."""
    with (path / DATA_FILE).open("rb") as file:
        os.fsync(file.fileno())
    _sync_names(path)


def _check_directory(path: Path, *, create: bool) -> None:
    data = path / DATA_FILE
    missing = "is not there"
    if data.exists():
        if data.stat().st_size:
            return
        # A copy that failed leaves it; LMDB would take it for a new store, that knows nobody.
        missing = "is empty"
    if not create:
        raise StoreUnusable(f"There is no store in {path}.")
    # `lost+found` is what an empty volume holds.
    if path.exists() and any(found.name not in {*LOCK_FILES, DATA_FILE, "lost+found"} for found in path.iterdir()):
        raise StoreUnusable(
            f"{path} is not empty, and {DATA_FILE} {missing}. If it was a store, restore {DATA_FILE} from a backup; "
            "for a new store, name an empty directory."
        )
    _log.warning("making a new, empty store in %s: it knows nobody", path)


def _check_length(env: lmdb.Environment, path: Path) -> None:
    """Raise `StoreUnusable` where much of the data is missing at its end, since to read there kills the process.

    A few pages less are sound: LMDB does not write those that a transaction made and dropped again.
    """
    pages = env.info()["last_pgno"] + 1
    if (path / DATA_FILE).stat().st_size < pages * env.stat()["psize"] * _WHOLE_SHARE:
        raise StoreUnusable(f"{DATA_FILE} in {path} is cut off. Restore it from a backup.")


def open_tables(env: lmdb.Environment, new_id: Callable[[], str], *, own: bool) -> tuple[Tables, str]:
    """Check the schema, or write it into an empty environment; return the tables and the store's id.

    A copy begins a new epoch when it is first opened to `own`, not when a command looks into it.
    """
    with env.begin(write=True) as txn:
        if env.stat()["entries"] == 0:
            meta = env.open_db(Table.META.encode(), txn=txn)
            for key, value in first_rows(new_id()).items():
                txn.put(key, value, db=meta)
        store_id = _check_schema(env, txn, new_id if own else None)
        tables = {table: env.open_db(table.encode(), txn=txn) for table in Table}
    return tables, store_id


def _check_schema(env: lmdb.Environment, txn: "lmdb.Transaction[bytes]", new_id: Callable[[], str] | None) -> str:
    try:
        meta = env.open_db(Table.META.encode(), txn=txn, create=False)
    except lmdb.Error as error:
        raise StoreUnusable("The LMDB files here were made by another program.") from error
    schema, store_id = txn.get(SCHEMA_ROW, None, meta), txn.get(STORE_ROW, None, meta)
    if schema is None or store_id is None:
        raise StoreUnusable("The LMDB files here were made by another program.")
    if schema != b"%d" % SCHEMA_VERSION:
        raise StoreUnusable(
            f"The store has schema {schema.decode(errors='replace')}; this version reads schema {SCHEMA_VERSION}. "
            "Use the version of dncd that wrote it."
        )
    if new_id is not None and txn.delete(COPIED_ROW, db=meta):
        txn.put(EPOCH_ROW, new_id().encode(), db=meta)
    return id_in_epoch(store_id, txn.get(EPOCH_ROW, FIRST_EPOCH, meta))


def mark_copied(path: Path, map_bytes: int) -> None:
    """Mark a copy, so that its first owner begins a new epoch."""
    with lmdb.open(str(path), map_size=map_bytes, mode=0o600, max_dbs=len(Table), lib_version=0) as env:
        meta = env.open_db(Table.META.encode())
        with env.begin(write=True) as txn:
            txn.put(COPIED_ROW, b"1", db=meta)


def is_disk_full(error: BaseException, path: Path) -> bool:
    """Tell whether a failure of LMDB or the system means that the disk of the store is full."""
    if isinstance(error, lmdb.MapFullError):
        return True
    if isinstance(error, OSError):
        return error.errno in _FULL
    if not isinstance(error, lmdb.Error):
        return False
    # LMDB reports a write cut short by a full disk as EIO, which may also be a broken disk.
    return error.code in _FULL or (error.code == errno.EIO and not _has_room(path))


def storage_full() -> StorageFull:
    """Build the error."""
    return StorageFull("The disk is full. Nothing was changed.")


def readers_full() -> Overloaded:
    """Build the error."""
    return Overloaded("The store has no room for another reader now. Nothing was changed.")


def _has_room(path: Path) -> bool:
    size = (path / DATA_FILE).stat().st_size
    with TemporaryFile(dir=path) as probe:
        try:
            os.posix_fallocate(probe.fileno(), size, _ROOM_BYTES)
        except OSError as error:
            return error.errno not in _FULL
    return True
