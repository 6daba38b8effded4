"""The links of history: from each event about an address to the one before.

Rows of HISTORY: position + address key -> position of the event before, 0 for the first. Rows of one event stand side
by side at the end of the table, so that a batch of a thousand addresses touches a few pages and not a thousand. The
chain of an address begins in its own row of ADDRESSES, that of an account's catalog in ACCOUNTS.
"""

from collections.abc import Iterator

from dncd.errors import StoreCorrupt
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key, u64


def link_of(key: bytes, before: int, position: int) -> tuple[bytes, bytes]:
    """Return the row that links an event about a key to the one before."""
    return u64(position) + key, u64(before)


def link_history(txn: Transaction, key: bytes, before: int, position: int) -> None:
    """Link an event about a key to the one before, unless it is linked already."""
    if before != position:
        txn.put(Table.HISTORY, *link_of(key, before, position))


def walk_history(snapshot: Snapshot, key: bytes, newest: int) -> Iterator[int]:
    """Yield the positions of the events about a key, from the newest to the first."""
    position = newest
    while position:
        yield position
        before = snapshot.get(Table.HISTORY, u64(position) + key)
        if before is None:
            raise StoreCorrupt(f"the history has no link for event {position}; run `dncd journal verify`")
        position = int.from_bytes(before)


def catalog_key(account_id: int) -> bytes:
    """Return what stands for an account's labels and policies where an address key would."""
    return account_key(account_id, b"\x00")
