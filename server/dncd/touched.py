"""The addresses that one event is about: read once, changed in memory, written once with all that finds them.

The one place that writes ADDRESSES, and with it the tables that find entries by label, time and expiry, the counts of
labels, and the links of history: so none of them can disagree.
"""

import struct
from collections import Counter
from collections.abc import Iterable

from dncd import labels
from dncd.events import Event
from dncd.links import link_of
from dncd.records import NEVER_MS, Known, Record, unpack
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key

ACCOUNT_BYTES = 4
BY_LABEL = struct.Struct(">IQB")
BY_TIME = struct.Struct(">QIB")
BY_EXPIRY = struct.Struct(">QIB")

Rows = list[tuple[bytes, bytes]]
_FINDERS = (Table.ENTRIES_BY_LABEL, Table.ENTRIES_BY_TIME, Table.ENTRIES_BY_EXPIRY)


def read(snapshot: Snapshot, address_key: bytes) -> Known:
    """Return what is known about an address: the opt-in record first, then entries by label and source."""
    return unpack(snapshot.get(Table.ADDRESSES, address_key))


class Touched:
    """What is known about the addresses of one event of one account, to be changed in place and saved."""

    def __init__(self, txn: Transaction, event: Event, keys: Iterable[bytes]) -> None:
        """Read the addresses; one that the index rules out is not even looked for."""
        self._txn = txn
        self._event = event
        unique = list(dict.fromkeys(keys))
        maybe = txn.maybe_known(unique).tolist()
        self._known = {key: read(txn, key) if look else Known(0, []) for key, look in zip(unique, maybe, strict=True)}
        self._before = {key: list(known.records) for key, known in self._known.items() if known.records}

    def records(self, key: bytes) -> list[Record]:
        """Return the records of an address: change this list."""
        return self._known[key].records

    def save(self) -> None:
        """Write every address, whether it changed or not: the event is part of its history."""
        position = self._event.position
        history: Rows = []
        addresses: Rows = []
        for key, known in self._known.items():
            if known.last_event != position:
                history.append(link_of(key, known.last_event, position))
                known.last_event = position
            addresses.append((key, known.pack()))
        self._save_finders()
        self._txn.put_many(Table.HISTORY, history)
        self._txn.put_many(Table.ADDRESSES, addresses)

    def _save_finders(self) -> None:
        """Take the entries that are gone from the tables that find entries, put in the new ones, and count both."""
        account = account_key(self._event.draft.account_id)
        counts: Counter[int] = Counter()
        found: tuple[Rows, Rows, Rows] = ([], [], [])
        for key, known in self._known.items():
            before = self._before.get(key, [])
            for record in before:
                if record.label and record not in known.records:
                    counts[record.label] -= 1
                    self._delete_finders(account, key, record)
            for record in known.records:
                if record.label and record not in before:
                    counts[record.label] += 1
                    for rows, finder in zip(found, _finders(account, key, record), strict=False):
                        rows.append((finder, b""))
        for table, rows in zip(_FINDERS, found, strict=True):
            self._txn.put_many(table, rows)
        for label_id, change in counts.items():
            if change:
                labels.add_to_count(self._txn, self._event.draft.account_id, label_id, change)

    def _delete_finders(self, account: bytes, key: bytes, record: Record) -> None:
        for table, finder in zip(_FINDERS, _finders(account, key, record), strict=False):
            self._txn.delete(table, finder)


def _finders(account: bytes, key: bytes, record: Record) -> tuple[bytes, ...]:
    """Return the keys that find an entry by label, by time, and by expiry where it ends."""
    label, source, recorded_at_ms, target = record.label, record.source, record.recorded_at_ms, key[ACCOUNT_BYTES:]
    by_label = account + BY_LABEL.pack(label, recorded_at_ms, source) + target
    by_time = account + BY_TIME.pack(recorded_at_ms, label, source) + target
    if record.expires_at_ms == NEVER_MS:
        return by_label, by_time
    return by_label, by_time, account + BY_EXPIRY.pack(record.expires_at_ms, label, source) + target
