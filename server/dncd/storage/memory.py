"""The contract in dicts: the reference that tests hold the real store against, and a scratch store of a few rows."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from threading import Lock
from types import TracebackType
from typing import Final

import numpy as np

from dncd.storage.contract import INDEXED, Mask, Phones, Table
from dncd.storage.keys import phone_keys
from dncd.storage.scan import end_of_prefix
from dncd.storage.schema import first_rows

KEY_BYTES_MAX: Final = 511
NIL_ID: Final = "00000000-0000-0000-0000-000000000000"


class Rows:
    """The rows of one table, and their order once a scan asks for it."""

    __slots__ = ("by_key", "order")

    def __init__(self, by_key: dict[bytes, bytes]) -> None:
        self.by_key = by_key
        self.order: list[bytes] | None = None

    def copy(self) -> "Rows":
        """Return rows that can change while these stay."""
        return Rows(self.by_key.copy())

    def put(self, key: bytes, value: bytes) -> None:
        """Set the value of a key."""
        if self.order is not None and key not in self.by_key:
            insort(self.order, key)
        self.by_key[key] = value

    def delete(self, key: bytes) -> bool:
        """Take a row away; tell whether it was there."""
        if self.by_key.pop(key, None) is None:
            return False
        if self.order is not None:
            del self.order[bisect_left(self.order, key)]
        return True

    def keys(self) -> list[bytes]:
        """Return the keys in order."""
        if self.order is None:
            self.order = sorted(self.by_key)
        return self.order

    def after(self, key: bytes, *, inclusive: bool) -> bytes | None:
        """Return the first key after `key`, or `key` itself where that counts and is there."""
        keys = self.keys()
        place = bisect_left(keys, key) if inclusive else bisect_right(keys, key)
        return keys[place] if place < len(keys) else None

    def before(self, key: bytes | None, *, inclusive: bool) -> bytes | None:
        """Return the last key before `key`, or `key` itself where that counts and is there; None is the table's end."""
        keys = self.keys()
        if key is None:
            return keys[-1] if keys else None
        place = bisect_right(keys, key) if inclusive else bisect_left(keys, key)
        return keys[place - 1] if place else None


Tables = dict[Table, Rows]


class MemorySnapshot:
    """A view of the tables as one commit left them. Committed rows never change, so it costs nothing to keep."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def __enter__(self) -> "MemorySnapshot":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._tables = {}

    def get(self, table: Table, key: bytes) -> bytes | None:
        """Return the value of a key, or None where there is none."""
        assert 0 < len(key) <= KEY_BYTES_MAX, "a key has 1 to 511 bytes"
        return self._tables[table].by_key.get(key)

    def get_many(self, table: Table, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the value of each key, in the order of the keys."""
        return [self.get(table, key) for key in keys]

    def scan(
        self, table: Table, prefix: bytes = b"", *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows whose key begins with `prefix`, in key order; see the contract."""
        assert start is None or start.startswith(prefix), "a scan starts inside its prefix"
        return self._backwards(table, prefix, start) if reverse else self._forwards(table, prefix, start)

    def _forwards(self, table: Table, prefix: bytes, start: bytes | None) -> Iterator[tuple[bytes, bytes]]:
        key = self._tables[table].after(prefix if start is None else start, inclusive=True)
        while key is not None and key.startswith(prefix):
            yield key, self._tables[table].by_key[key]
            key = self._tables[table].after(key, inclusive=False)

    def _backwards(self, table: Table, prefix: bytes, start: bytes | None) -> Iterator[tuple[bytes, bytes]]:
        end = end_of_prefix(prefix) if start is None else start
        key = self._tables[table].before(end, inclusive=start is not None)
        while key is not None and key.startswith(prefix):
            yield key, self._tables[table].by_key[key]
            key = self._tables[table].before(key, inclusive=False)

    def count(self, table: Table) -> int:
        """Return the number of rows of a table."""
        return len(self._tables[table].by_key)

    def maybe_known_phones(self, account_id: int, phones: Phones) -> Mask:
        """Tell for each number whether ADDRESSES or ATTEMPTS holds it; exact here."""
        return self.maybe_known(phone_keys(account_id, phones))

    def maybe_known(self, keys: Sequence[bytes]) -> Mask:
        """Tell for each key of ADDRESSES and ATTEMPTS whether one of them holds it; exact here."""
        addresses, attempts = (self._tables[table].by_key for table in INDEXED)
        return np.fromiter((key in addresses or key in attempts for key in keys), dtype=np.bool_, count=len(keys))


class MemoryTransaction(MemorySnapshot):
    """The write transaction of a memory store: copies each table it changes, and swaps them in at the end."""

    def __init__(self, store: "MemoryStore") -> None:
        super().__init__({})
        self._store = store
        self._copied: set[Table] = set()

    def __enter__(self) -> "MemoryTransaction":
        self._tables = self._store.begin()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._store.end(self._tables if kind is None else None)
        self._tables = {}

    def put(self, table: Table, key: bytes, value: bytes) -> None:
        """Set the value of a key."""
        assert 0 < len(key) <= KEY_BYTES_MAX, "a key has 1 to 511 bytes"
        self._own(table).put(key, value)

    def put_many(self, table: Table, rows: list[tuple[bytes, bytes]]) -> None:
        """Set the values of many keys."""
        for key, value in rows:
            self.put(table, key, value)

    def delete(self, table: Table, key: bytes) -> bool:
        """Take a row away; tell whether it was there."""
        return self._own(table).delete(key)

    def _own(self, table: Table) -> Rows:
        if table not in self._copied:
            self._tables[table] = self._tables[table].copy()
            self._copied.add(table)
        return self._tables[table]


class MemoryStore:
    """A store that lives as long as its object. Threads may share it."""

    def __init__(self, store_id: str = NIL_ID) -> None:
        self._id = store_id
        self._tables: Tables = dict.fromkeys(Table, Rows({}))
        self._tables[Table.META] = Rows(first_rows(store_id))
        self._writer = Lock()

    @property
    def id(self) -> str:
        """Name the store."""
        return self._id

    def snapshot(self) -> MemorySnapshot:
        """Open a view of what is committed now."""
        return MemorySnapshot(self._tables)

    def transaction(self) -> MemoryTransaction:
        """Wait for the one write transaction; commit when the block ends, undo it all when it raises."""
        return MemoryTransaction(self)

    def begin(self) -> Tables:
        """Take the place of the one writer; for its transaction alone."""
        self._writer.acquire()
        return dict(self._tables)

    def end(self, tables: Tables | None) -> None:
        """Swap the tables in, or leave all as it was; for its transaction alone."""
        if tables is not None:
            self._tables = tables
        self._writer.release()

    def close(self) -> None:
        """Do nothing: the rows go with the object."""
