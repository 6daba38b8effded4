"""The opt-in to texts: its states, who may move them, and the one claim on the opt-in request.

STOP (REJECTED) also makes a do-not-text entry from INBOUND_MESSAGE; START (ACCEPTED) takes that one away and no other.
"""

from dncd import entries, labels
from dncd.errors import OwnWordStands
from dncd.events import Event, OptInClaimed, OptInSet
from dncd.nouns import EntryReason, OptInStatus, Role, RowOutcome, Source
from dncd.records import Record, entry_record, opt_in_of, opt_in_record
from dncd.storage.contract import Snapshot, Transaction
from dncd.storage.keys import Kind, text_key

GRANTED = 1


def status_of(records: list[Record]) -> OptInStatus:
    """Read the status from what is known about a number."""
    record = opt_in_of(records)
    return OptInStatus(record.status) if record else OptInStatus.NOT_SENT


def apply_set(txn: Transaction, event: Event, change: OptInSet) -> bytes:
    """Record a status; returns the status before. Raises `OwnWordStands` before anything is written."""
    account_id = event.draft.account_id
    key = change.target.key(account_id)
    known = entries.read(txn, key)
    before = status_of(known)
    if before is OptInStatus.REJECTED and change.status is not OptInStatus.REJECTED:
        _check_overrule(event, change)
    record = opt_in_record(change.status, change.source, event.time_ms, event.position)
    entries.write(txn, key, [record, *(old for old in known if old.label)])
    if change.status is OptInStatus.REJECTED:
        _add_stop(txn, event, key)
    elif change.status is OptInStatus.ACCEPTED:
        _remove_stop(txn, account_id, key)
    entries.note_history(txn, key, event.position)
    return bytes([before])


def apply_claimed(txn: Transaction, event: Event, change: OptInClaimed) -> bytes:
    """Grant the opt-in request to the first who asks; returns granted, the status now, and whether an entry blocks it."""
    account_id = event.draft.account_id
    key = change.target.key(account_id)
    known = entries.read(txn, key)
    status = status_of(known)
    blocked = _blocked(txn, account_id, key, event.time_ms)
    granted = status is OptInStatus.NOT_SENT and not blocked
    if granted:
        status = OptInStatus.SENT
        record = opt_in_record(status, 0, event.time_ms, event.position)
        entries.write(txn, key, [record, *(old for old in known if old.label)])
    entries.note_history(txn, key, event.position)
    return bytes([granted, status, blocked])


def _check_overrule(event: Event, change: OptInSet) -> None:
    started = change.source is Source.INBOUND_MESSAGE and change.status is OptInStatus.ACCEPTED
    overruled = event.draft.role in {Role.MANAGER, Role.ADMIN} and bool(change.evidence)
    if not started and not overruled:
        raise OwnWordStands("the person replied STOP; it takes their START, or a MANAGER with evidence")


def _add_stop(txn: Transaction, event: Event, key: bytes) -> None:
    record = entry_record(
        labels.DO_NOT_TEXT_ID,
        Source.INBOUND_MESSAGE,
        EntryReason.REQUESTED_BY_PERSON,
        starts_at_ms=0,
        expires_at_ms=0,
        recorded_at_ms=event.time_ms,
        position=event.position,
        row=0,
    )
    if entries.add_record(txn, key, record) is RowOutcome.ADDED:
        labels.add_to_count(txn, event.draft.account_id, labels.DO_NOT_TEXT_ID, 1)


def _remove_stop(txn: Transaction, account_id: int, key: bytes) -> None:
    known = entries.read(txn, key)
    stop = (labels.DO_NOT_TEXT_ID, Source.INBOUND_MESSAGE)
    entries.remove_records(txn, account_id, key, known, [old for old in known if (old.label, old.source) == stop])


def _blocked(txn: Snapshot, account_id: int, key: bytes, now_ms: int) -> bool:
    """Tell whether an active entry covers the number itself or a prefix of it under a label that stops texts."""
    digits = str(int.from_bytes(key[5:]))
    covering = (text_key(account_id, Kind.PREFIX, digits[:length]) for length in range(1, len(digits)))
    return any(
        record.label in {labels.DO_NOT_CONTACT_ID, labels.DO_NOT_TEXT_ID} and record.active(now_ms)
        for address_key in (key, *covering)
        for record in entries.read(txn, address_key)
    )
