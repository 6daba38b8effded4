"""What the domain needs of a store: ordered tables of bytes, one writer, any number of consistent readers.

Keys have 1 to 511 bytes; those of account tables begin with the account's id, four bytes big-endian. Keys of ADDRESSES
and ATTEMPTS are built by `storage.keys` alone, since the address index hashes them; both change only while an owner
runs.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

Phones = NDArray[np.uint64]
Mask = NDArray[np.bool_]


class Table(StrEnum):
    """The tables of a store."""

    # Enum hashes by name in Python; every read looks its table up.
    __hash__ = str.__hash__

    META = "meta"
    JOURNAL = "journal"
    JOURNAL_BY_ACCOUNT = "journal_by_account"
    ACCOUNTS = "accounts"
    TOKENS = "tokens"
    LABELS = "labels"
    POLICIES = "policies"
    ADDRESSES = "addresses"
    ENTRIES_BY_LABEL = "entries_by_label"
    ENTRIES_BY_TIME = "entries_by_time"
    ENTRIES_BY_EXPIRY = "entries_by_expiry"
    HISTORY = "history"
    REQUESTS = "requests"
    REGISTRIES = "registries"
    REGIONS = "regions"
    REVIEWS = "reviews"
    SCOPES = "scopes"
    ATTEMPTS = "attempts"
    RESERVATIONS = "reservations"
    ATTEMPT_EVENTS = "attempt_events"
    ATTEMPT_REQUESTS = "attempt_requests"


# What the address index covers: whoever asks it about a key hears of both.
INDEXED: Final = (Table.ADDRESSES, Table.ATTEMPTS)


class Snapshot(Protocol):
    """A consistent view of every table: what was committed when it was opened, and nothing later."""

    def get(self, table: Table, key: bytes) -> bytes | None:
        """Return the value of a key, or None where there is none."""

    def get_many(self, table: Table, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the value of each key, in the order of the keys."""

    def scan(
        self, table: Table, prefix: bytes = b"", *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield the rows whose key begins with `prefix`, in key order; with `reverse`, backwards.

        With `start`, begin at the first key not before it (backwards: not after it). `start` begins with `prefix`.
        A scan of a transaction goes on rightly while rows are put and deleted beside it.
        """

    def count(self, table: Table) -> int:
        """Return the number of rows of a table."""

    def maybe_known_phones(self, account_id: int, phones: Phones) -> Mask:
        """Tell for each number whether ADDRESSES or ATTEMPTS may hold it. False is certain, True means "look"."""

    def maybe_known(self, keys: Sequence[bytes]) -> Mask:
        """Tell for each key of ADDRESSES and ATTEMPTS whether one of them may hold it. False is certain."""


class Transaction(Snapshot, Protocol):
    """The one write transaction of a store; reads see its own writes."""

    def put(self, table: Table, key: bytes, value: bytes) -> None:
        """Set the value of a key."""

    def put_many(self, table: Table, rows: list[tuple[bytes, bytes]]) -> None:
        """Set the values of many keys, at a third of the cost of `put` for each; puts `rows` in order."""

    def delete(self, table: Table, key: bytes) -> bool:
        """Take a row away; tell whether it was there."""


class Store(Protocol):
    """A store. Threads may share it."""

    @property
    def id(self) -> str:
        """Name the store: a UUID made with it, in every revision."""

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """Open a view of what is committed now. Costs about a microsecond; keep it short."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Wait for the one write transaction; commit and fsync when the block ends, undo it all when it raises.

        Raises `StorageFull` where the disk is full; nothing is changed then.
        """

    def close(self) -> None:
        """Let go of everything. No snapshot or transaction may be open."""
