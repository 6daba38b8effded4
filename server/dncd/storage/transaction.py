"""Snapshots and transactions of LMDB, and how a transaction keeps the address index ahead of ADDRESSES and ATTEMPTS."""

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Self

import lmdb
import numpy as np

from dncd.storage.address_index import AddressIndex
from dncd.storage.bitmap import Bitmap, is_full
from dncd.storage.contract import INDEXED, Mask, Phones, Table
from dncd.storage.environment import Tables, is_disk_full, readers_full, storage_full
from dncd.storage.keys import u64
from dncd.storage.scan import scan_backwards, scan_forwards
from dncd.storage.schema import INDEX_CLEAN_ROW, INDEX_ROW


class LmdbSnapshot:
    """A view of what was committed when the block began. A plain class, since every check opens one."""

    __slots__ = ("_changes", "_env", "_index", "_tables", "_txn")
    _txn: "lmdb.Transaction[bytes]"

    def __init__(self, env: lmdb.Environment, tables: Tables, index: AddressIndex | None) -> None:
        self._env = env
        self._tables = tables
        self._index = index
        self._changes = 0

    def __enter__(self) -> Self:
        try:
            self._txn = self._env.begin()
        except lmdb.ReadersFullError as error:
            raise readers_full() from error
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._txn.abort()

    def get(self, table: Table, key: bytes) -> bytes | None:
        """Return the value of a key, or None where there is none."""
        return self._txn.get(key, None, self._tables[table])

    def get_many(self, table: Table, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the value of each key, in the order of the keys. Costs about 0.6 us a key."""
        get, rows = self._txn.get, self._tables[table]
        return [get(key, None, rows) for key in keys]

    def scan(
        self, table: Table, prefix: bytes = b"", *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows whose key begins with `prefix`, in key order; see the contract."""
        assert start is None or start.startswith(prefix), "a scan starts inside its prefix"
        cursor = self._txn.cursor(self._tables[table])
        if reverse:
            return scan_backwards(cursor, start, prefix, self._count_changes)
        return scan_forwards(cursor, prefix if start is None else start, prefix, self._count_changes)

    def count(self, table: Table) -> int:
        """Return the number of rows of a table."""
        return self._txn.stat(self._tables[table])["entries"]

    def maybe_known_phones(self, account_id: int, phones: Phones) -> Mask:
        """Tell for each number whether it may be known. Costs 5 ns a number, or a cache miss if that is more."""
        bitmap = self._bitmap()
        return np.ones(len(phones), dtype=np.bool_) if bitmap is None else bitmap.maybe_phones(account_id, phones)

    def maybe_known(self, keys: Sequence[bytes]) -> Mask:
        """Tell for each key of ADDRESSES and ATTEMPTS whether one of them may hold it."""
        bitmap = self._bitmap()
        return np.ones(len(keys), dtype=np.bool_) if bitmap is None else bitmap.maybe(keys)

    def _bitmap(self) -> Bitmap | None:
        """Return the bitmap of this very snapshot's generation; None means to look at everything."""
        if self._index is None:
            return None
        generation = self._generation()
        return self._index.at(generation) if generation else None

    def _generation(self) -> int:
        row = self.get(Table.META, INDEX_ROW)
        return int.from_bytes(row) if row else 0

    def _count_changes(self) -> int:
        return self._changes


class LmdbTransaction(LmdbSnapshot):
    """The write transaction. It keeps the address index ahead of ADDRESSES and ATTEMPTS by itself."""

    __slots__ = ("_built", "_index_touched", "_path", "_unindexed")

    def __init__(self, env: lmdb.Environment, tables: Tables, index: AddressIndex | None, path: Path) -> None:
        super().__init__(env, tables, index)
        self._path = path
        self._unindexed: list[bytes] = []
        self._index_touched = False
        self._built: Bitmap | None = None

    def __enter__(self) -> Self:
        self._txn = self._env.begin(write=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self._undo(error)
            return
        try:
            self._commit()
        except BaseException as failure:
            self._undo(failure)
            raise

    def put(self, table: Table, key: bytes, value: bytes) -> None:
        """Set the value of a key."""
        if table in INDEXED:
            assert self._index is not None, "ADDRESSES and ATTEMPTS change only while the owner of the index runs"
            self._unindexed.append(key)
            self._index_touched = True
        self._changes += 1
        self._txn.put(key, value, db=self._tables[table])

    def put_many(self, table: Table, rows: list[tuple[bytes, bytes]]) -> None:
        """Set the values of many keys; puts `rows` in order, so that neighbours go to the same page."""
        if table in INDEXED:
            assert self._index is not None, "ADDRESSES and ATTEMPTS change only while the owner of the index runs"
            self._unindexed += [key for key, _ in rows]
            self._index_touched = True
        self._changes += len(rows)
        rows.sort()
        self._txn.cursor(self._tables[table]).putmulti(rows)

    def delete(self, table: Table, key: bytes) -> bool:
        """Take a row away; tell whether it was there."""
        self._changes += 1
        return self._txn.delete(key, db=self._tables[table])

    def claim_index(self) -> None:
        """Make the address index one to rely on: the one closed cleanly, or else a new one. For its owner."""
        assert self._index is not None, "only a store opened as own claims the index"
        bitmap, nonce = self._bitmap(), self.get(Table.META, INDEX_CLEAN_ROW)
        if bitmap is not None and nonce is not None and bitmap.is_sealed(nonce):
            bitmap.unseal()
            self.delete(Table.META, INDEX_CLEAN_ROW)
        else:
            self._build_index()
        self._index.sweep(self._generation())

    def seal_index(self, nonce: bytes) -> None:
        """Vouch for the address index as it is now, so that the next owner need not build it. For its owner."""
        if bitmap := self._bitmap():
            bitmap.seal(nonce)
            self.put(Table.META, INDEX_CLEAN_ROW, nonce)

    def _bitmap(self) -> Bitmap | None:
        # A reader in this transaction sees its own writes, so the bitmap must hold them by now.
        bitmap = super()._bitmap()
        if bitmap is not None and self._unindexed:
            bitmap.add(self._unindexed)
            self._unindexed = []
        return bitmap

    def _commit(self) -> None:
        if self._index_touched:
            self._update_index()
        self._txn.commit()
        built, self._built = self._built, None
        if built is not None and self._index is not None:
            self._index.keep(built)

    def _update_index(self) -> None:
        bitmap = self._bitmap()
        self.delete(Table.META, INDEX_CLEAN_ROW)
        if bitmap is None or is_full(max(bitmap.keys, self._count_indexed()), bitmap.bits):
            self._build_index()

    def _build_index(self) -> None:
        assert self._index is not None, "a store without an index builds none"
        generation = self._generation() + 1
        cursors = (self._txn.cursor(self._tables[table]) for table in INDEXED)
        keys = chain.from_iterable(cursor.iternext(values=False) for cursor in cursors)
        self._built = self._index.build(generation, keys, self._count_indexed())
        self.put(Table.META, INDEX_ROW, u64(generation))
        self.delete(Table.META, INDEX_CLEAN_ROW)

    def _count_indexed(self) -> int:
        # A number that was attempted may stand in both: an estimate that errs towards more bits.
        return sum(self.count(table) for table in INDEXED)

    def _undo(self, error: BaseException) -> None:
        self._txn.abort()
        if self._built is not None and self._index is not None:
            self._index.discard(self._built)
        if is_disk_full(error, self._path):
            raise storage_full() from error
