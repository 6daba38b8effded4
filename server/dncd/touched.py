"""The addresses that one event is about: read once, changed in memory, written once with all that finds them.

The one place that writes ADDRESSES, and with it the tables that find entries by label, time and expiry, the counts of
labels, and the links of history: so none of them can disagree.
"""

import struct
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from dncd import labels
from dncd.events import Event
from dncd.facts import NEVER_MS, Fact, Known, pack_row, unpack
from dncd.links import link_of
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key

ACCOUNT_BYTES = 4
BY_LABEL = struct.Struct(">IQB")
BY_TIME = struct.Struct(">QIB")
BY_EXPIRY = struct.Struct(">QIB")

Rows = list[tuple[bytes, bytes]]
_FINDERS = (Table.ENTRIES_BY_LABEL, Table.ENTRIES_BY_TIME, Table.ENTRIES_BY_EXPIRY)


def read(snapshot: Snapshot, address_key: bytes) -> Known:
    """Return what is known about an address: the opt-in fact first, then entries by label and source."""
    return unpack(snapshot.get(Table.ADDRESSES, address_key))


@dataclass(frozen=True, slots=True)
class Template:
    """What the entries of one event have in common but for their address and row, packed as far as it goes."""

    fact: Fact
    value_head: bytes
    finders: tuple[bytes, ...]

    def value(self, row: int) -> bytes:
        """Pack what is known about an address whose first entry this is."""
        return self.value_head + pack_row(row)


class Touched:
    """What is known about the addresses of one event of one account, to be changed in place and saved.

    An address that the index rules out, and that gets one entry, costs half of any other: most rows of a large import
    are so. Both ways give the same tables, and a test holds that.
    """

    def __init__(self, txn: Transaction, event: Event, keys: Iterable[bytes]) -> None:
        """Read the addresses; one that the index rules out is not even looked for."""
        self._txn = txn
        self._event = event
        self._account = account_key(event.draft.account_id)
        unique = list(dict.fromkeys(keys))
        maybe = txn.maybe_known(unique).tolist()
        self._known = {key: read(txn, key) for key, look in zip(unique, maybe, strict=True) if look}
        self._before = {key: list(known.facts) for key, known in self._known.items() if known.facts}
        self._first: dict[bytes, tuple[Template, int]] = {}
        self._keys = unique

    def template(self, fact: Fact) -> Template:
        """Prepare entries that are alike but for their address and row."""
        value = Known(self._event.position, [fact]).pack()
        return Template(fact, value[: -len(pack_row(0))], _finders(self._account, b"", fact))

    def add_first(self, key: bytes, template: Template, row: int) -> bool:
        """Add the first entry of an address that is certainly new; False, and nothing done, for any other."""
        if key in self._known or key in self._first:
            return False
        self._first[key] = template, row
        return True

    def facts(self, key: bytes) -> list[Fact]:
        """Return the facts of an address: change this list."""
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = Known(0, [])
            if key in self._first:
                template, row = self._first.pop(key)
                known.facts.append(template.fact._replace(row=row))
        return known.facts

    def save(self) -> None:
        """Write every address, whether it changed or not: the event is part of its history."""
        position = self._event.position
        for key in self._keys:
            # What is written must not depend on whether the index happened to flag an address.
            if key not in self._known and key not in self._first:
                self._known[key] = Known(0, [])
        history: Rows = []
        addresses: Rows = []
        for key, known in self._known.items():
            if known.last_event != position:
                history.append(link_of(key, known.last_event, position))
                known.last_event = position
            addresses.append((key, known.pack()))
        counts: Counter[int] = Counter()
        found: tuple[Rows, ...] = ([], [], [])
        self._find_known(found, counts)
        self._save_first(history, addresses, found, counts)
        for table, rows in zip(_FINDERS, found, strict=True):
            self._txn.put_many(table, rows)
        self._txn.put_many(Table.HISTORY, history)
        self._txn.put_many(Table.ADDRESSES, addresses)
        for label_id, change in counts.items():
            if change:
                labels.add_to_count(self._txn, self._event.draft.account_id, label_id, change)

    def _save_first(self, history: Rows, addresses: Rows, found: tuple[Rows, ...], counts: Counter[int]) -> None:
        """Gather the rows of addresses that are new, in as few steps as there are rows."""
        link_head, no_link = link_of(b"", 0, self._event.position)
        for key, (template, row) in self._first.items():
            target = key[ACCOUNT_BYTES:]
            history.append((link_head + key, no_link))
            addresses.append((key, template.value(row)))
            for rows, finder in zip(found, template.finders, strict=False):
                rows.append((finder + target, b""))
        counts.update(template.fact.label for template, _ in self._first.values())

    def _find_known(self, found: tuple[Rows, ...], counts: Counter[int]) -> None:
        """Take the entries that are gone from the tables that find entries, gather the new ones, and count both."""
        for key, known in self._known.items():
            before = self._before.get(key, [])
            for fact in before:
                if fact.label and fact not in known.facts:
                    counts[fact.label] -= 1
                    self._delete_finders(self._account, key, fact)
            for fact in known.facts:
                if fact.label and fact not in before:
                    counts[fact.label] += 1
                    finders = _finders(self._account, key[ACCOUNT_BYTES:], fact)
                    for rows, finder in zip(found, finders, strict=False):
                        rows.append((finder, b""))

    def _delete_finders(self, account: bytes, key: bytes, fact: Fact) -> None:
        for table, finder in zip(_FINDERS, _finders(account, key[ACCOUNT_BYTES:], fact), strict=False):
            self._txn.delete(table, finder)


def _finders(account: bytes, target: bytes, fact: Fact) -> tuple[bytes, ...]:
    """Return the keys that find an entry by label, by time, and by expiry where it ends; each ends in the target."""
    label, source, recorded_at_ms = fact.label, fact.source, fact.recorded_at_ms
    by_label = account + BY_LABEL.pack(label, recorded_at_ms, source) + target
    by_time = account + BY_TIME.pack(recorded_at_ms, label, source) + target
    if fact.expires_at_ms == NEVER_MS:
        return by_label, by_time
    return by_label, by_time, account + BY_EXPIRY.pack(fact.expires_at_ms, label, source) + target
