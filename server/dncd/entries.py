"""Entries: how adding, removing and expiring change the store.

An entry is found three ways: by its address (ADDRESSES, packed records), by its label and by its time (both in the
order of recording). An address may stand under a label from several sources, each an entry of its own: so START takes
away what STOP added and nothing else, and an import never hides a person's own word.
"""

import struct
from collections import Counter
from collections.abc import Container
from dataclasses import dataclass

from dncd import accounts, labels, limits
from dncd.addresses import Target
from dncd.errors import LimitReached
from dncd.events import EntriesAdded, EntriesExpired, EntriesRemoved, Event
from dncd.nouns import OWN_WORD, RemovalReason, RowOutcome
from dncd.records import NEVER_MS, Record, entry_record, pack, unpack
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import Kind, account_key, u64

_BY_LABEL = struct.Struct(">IQB")
_BY_TIME = struct.Struct(">QIB")
_BY_EXPIRY = struct.Struct(">QIB")
_ACCOUNT_BYTES = 4
_MAX_OF_KIND = {Kind.PREFIX: ("prefix", limits.PREFIXES_MAX), Kind.DOMAIN: ("domain", limits.DOMAINS_MAX)}

Only = Container[bytes] | None


@dataclass(frozen=True, slots=True)
class EntryKey:
    """Names one entry: its address, label and source."""

    address_key: bytes
    label_id: int
    source: int


def read(snapshot: Snapshot, address_key: bytes) -> list[Record]:
    """Return what is known about an address: the opt-in record first, then entries by label and source."""
    return unpack(snapshot.get(Table.ADDRESSES, address_key) or b"")


def write(txn: Transaction, address_key: bytes, records: list[Record]) -> None:
    """Store what is known about an address; no records, no row."""
    if records:
        txn.put(Table.ADDRESSES, address_key, pack(records))
    else:
        txn.delete(Table.ADDRESSES, address_key)


def note_history(txn: Transaction, address_key: bytes, position: int) -> None:
    """Note that an event was about an address."""
    txn.put(Table.HISTORY, history_prefix(address_key) + u64(position), b"")


def history_prefix(address_key: bytes) -> bytes:
    """Return what the history keys of an address begin with; the zero byte ends addresses of any length."""
    return address_key + b"\x00"


def catalog_history_key(account_id: int) -> bytes:
    """Return what stands in HISTORY for the account's labels and policies, in the place of an address key."""
    return account_key(account_id, b"\x00")


def apply_added(txn: Transaction, event: Event, change: EntriesAdded, only: Only = None) -> bytes:
    """Add entries; outcomes are ADDED, EXTENDED or UNCHANGED.

    Raises `LabelNotFound`, `LabelArchived` or `LimitReached` before anything is written. `only` limits the effect to
    some addresses, to rebuild what was known about them.
    """
    account_id = event.draft.account_id
    label_ids = {name: labels.find_open(txn, account_id, name) for name in {entry.label for entry in change.entries}}
    _check_room(txn, account_id, [entry.target for entry in change.entries])
    outcomes = bytearray()
    added: Counter[int] = Counter()
    for row, entry in enumerate(change.entries):
        key = entry.target.key(account_id)
        if only is not None and key not in only:
            continue
        record = entry_record(
            label_ids[entry.label],
            entry.source,
            entry.reason,
            starts_at_ms=entry.starts_at_ms,
            expires_at_ms=entry.expires_at_ms,
            recorded_at_ms=event.time_ms,
            position=event.position,
            row=row,
        )
        outcome = add_record(txn, key, record)
        note_history(txn, key, event.position)
        added[record.label] += outcome == RowOutcome.ADDED
        outcomes.append(outcome)
    _count(txn, account_id, added)
    if any(entry.target.kind in _MAX_OF_KIND for entry in change.entries):
        accounts.touch_catalog(txn, event)
    return bytes(outcomes)


def add_record(txn: Transaction, key: bytes, record: Record) -> RowOutcome:
    """Add one entry to an address, or let it extend the one that is there. The caller keeps the count of the label.

    An entry that ended before the new one was recorded has no say any more: the new one takes its place.
    """
    known = read(txn, key)
    position = next((i for i, old in enumerate(known) if (old.label, old.source) == (record.label, record.source)), -1)
    if position < 0:
        write(txn, key, [*known, record])
        _index(txn, key, record)
        return RowOutcome.ADDED
    old = known[position]
    if old.covers(record):
        return RowOutcome.UNCHANGED
    merged = old.extended_by(record) if old.expires_at_ms > record.recorded_at_ms else record
    _unindex(txn, key, old)
    known[position] = merged
    write(txn, key, known)
    _index(txn, key, merged)
    return RowOutcome.EXTENDED


def apply_removed(txn: Transaction, event: Event, change: EntriesRemoved, only: Only = None) -> bytes:
    """Remove entries; outcomes are REMOVED, UNCHANGED or KEPT_OWN_WORD. Raises `LabelNotFound` before anything is written.

    A row takes every source's entry of the address from the label, or none.
    """
    account_id = event.draft.account_id
    label_ids = {name: labels.find_id(txn, account_id, name) for name in {entry.label for entry in change.entries}}
    may_overrule = change.reason == RemovalReason.CONSENT_RENEWED and bool(change.evidence)
    outcomes = bytearray()
    patterns = False
    for entry in change.entries:
        key = entry.target.key(account_id)
        if only is not None and key not in only:
            continue
        note_history(txn, key, event.position)
        outcomes.append(_remove_label(txn, account_id, key, label_ids[entry.label], may_overrule))
        patterns |= entry.target.kind in _MAX_OF_KIND
    if patterns:
        accounts.touch_catalog(txn, event)
    return bytes(outcomes)


def _remove_label(txn: Transaction, account_id: int, key: bytes, label_id: int, may_overrule: bool) -> RowOutcome:
    known = read(txn, key)
    gone = [record for record in known if record.label == label_id]
    if not gone:
        return RowOutcome.UNCHANGED
    if not may_overrule and any(record.source in OWN_WORD for record in gone):
        return RowOutcome.KEPT_OWN_WORD
    remove_records(txn, account_id, key, known, gone)
    return RowOutcome.REMOVED


def remove_records(txn: Transaction, account_id: int, key: bytes, known: list[Record], gone: list[Record]) -> None:
    """Take entries from an address, from every table that finds them, and from the counts."""
    for record in gone:
        _unindex(txn, key, record)
        labels.add_to_count(txn, account_id, record.label, -1)
    write(txn, key, [record for record in known if record not in gone])


def apply_expired(txn: Transaction, event: Event, change: EntriesExpired) -> bytes:
    """Tidy away the earliest of an account's entries that ended at the cutoff or before.

    Ended entries stop nothing, so no verdict depends on this. Returns one REMOVED for each.
    """
    account_id = event.draft.account_id
    due = list(scan_expired(txn, account_id, change.cutoff_ms, change.entries_max))
    for entry in due:
        known = read(txn, entry.address_key)
        gone = [record for record in known if (record.label, record.source) == (entry.label_id, entry.source)]
        remove_records(txn, account_id, entry.address_key, known, gone)
        note_history(txn, entry.address_key, event.position)
    if any(entry.address_key[_ACCOUNT_BYTES] in _MAX_OF_KIND for entry in due):
        accounts.touch_catalog(txn, event)
    return bytes([RowOutcome.REMOVED]) * len(due)


def scan_expired(snapshot: Snapshot, account_id: int, cutoff_ms: int, entries_max: int) -> list[EntryKey]:
    """Return the entries that ended at the cutoff or before, the earliest first, at most `entries_max`."""
    prefix = account_key(account_id)
    found: list[EntryKey] = []
    for key, _ in snapshot.scan(Table.ENTRIES_BY_EXPIRY, prefix):
        expires_at_ms, label_id, source = _BY_EXPIRY.unpack_from(key, _ACCOUNT_BYTES)
        if expires_at_ms > cutoff_ms or len(found) == entries_max:
            break
        found.append(EntryKey(prefix + key[_ACCOUNT_BYTES + _BY_EXPIRY.size :], label_id, source))
    return found


def by_label_key(
    account_id: int, label_id: int, recorded_at_ms: int = 0, source: int = 0, target: bytes = b""
) -> bytes:
    """Build a key of ENTRIES_BY_LABEL."""
    return account_key(account_id, _BY_LABEL.pack(label_id, recorded_at_ms, source) + target)


def by_time_key(account_id: int, recorded_at_ms: int, label_id: int = 0, source: int = 0, target: bytes = b"") -> bytes:
    """Build a key of ENTRIES_BY_TIME."""
    return account_key(account_id, _BY_TIME.pack(recorded_at_ms, label_id, source) + target)


def from_by_label_key(key: bytes) -> EntryKey:
    """Read a key of ENTRIES_BY_LABEL."""
    label_id, _, source = _BY_LABEL.unpack_from(key, _ACCOUNT_BYTES)
    return EntryKey(key[:_ACCOUNT_BYTES] + key[_ACCOUNT_BYTES + _BY_LABEL.size :], label_id, source)


def from_by_time_key(key: bytes) -> EntryKey:
    """Read a key of ENTRIES_BY_TIME."""
    _, label_id, source = _BY_TIME.unpack_from(key, _ACCOUNT_BYTES)
    return EntryKey(key[:_ACCOUNT_BYTES] + key[_ACCOUNT_BYTES + _BY_TIME.size :], label_id, source)


def scan_patterns(snapshot: Snapshot, account_id: int, kind: Kind) -> list[str]:
    """Return every prefix's digits, or every domain, that an account has entries about."""
    prefix = account_key(account_id, bytes((kind,)))
    return [key[len(prefix) :].decode() for key, _ in snapshot.scan(Table.ADDRESSES, prefix)]


def _index(txn: Transaction, key: bytes, record: Record) -> None:
    account_id, target = int.from_bytes(key[:_ACCOUNT_BYTES]), key[_ACCOUNT_BYTES:]
    txn.put(
        Table.ENTRIES_BY_LABEL,
        by_label_key(account_id, record.label, record.recorded_at_ms, record.source, target),
        b"",
    )
    txn.put(
        Table.ENTRIES_BY_TIME, by_time_key(account_id, record.recorded_at_ms, record.label, record.source, target), b""
    )
    if record.expires_at_ms != NEVER_MS:
        txn.put(Table.ENTRIES_BY_EXPIRY, _by_expiry_key(key, record), b"")


def _unindex(txn: Transaction, key: bytes, record: Record) -> None:
    account_id, target = int.from_bytes(key[:_ACCOUNT_BYTES]), key[_ACCOUNT_BYTES:]
    txn.delete(
        Table.ENTRIES_BY_LABEL, by_label_key(account_id, record.label, record.recorded_at_ms, record.source, target)
    )
    txn.delete(
        Table.ENTRIES_BY_TIME, by_time_key(account_id, record.recorded_at_ms, record.label, record.source, target)
    )
    if record.expires_at_ms != NEVER_MS:
        txn.delete(Table.ENTRIES_BY_EXPIRY, _by_expiry_key(key, record))


def _by_expiry_key(key: bytes, record: Record) -> bytes:
    packed = _BY_EXPIRY.pack(record.expires_at_ms, record.label, record.source)
    return key[:_ACCOUNT_BYTES] + packed + key[_ACCOUNT_BYTES:]


def _count(txn: Transaction, account_id: int, added: Counter[int]) -> None:
    for label_id, entries in added.items():
        if entries:
            labels.add_to_count(txn, account_id, label_id, entries)


def _check_room(txn: Transaction, account_id: int, targets: list[Target]) -> None:
    for kind, (name, count_max) in _MAX_OF_KIND.items():
        wanted = {target.key(account_id) for target in targets if target.kind == kind}
        if not wanted:
            continue
        new = sum(not read(txn, key) for key in wanted)
        if len(scan_patterns(txn, account_id, kind)) + new > count_max:
            raise LimitReached(
                f"the account has as many entries of this kind as it may: {name}", kind=name, count_max=count_max
            )
