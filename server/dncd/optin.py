"""The opt-in to texts: its states, who may move them, and the one claim on the opt-in request.

STOP (REJECTED) also makes a do-not-text entry from INBOUND_MESSAGE; START (ACCEPTED) takes that one away and no other.
"""

from dncd import entries, labels
from dncd.errors import OwnWordStands
from dncd.events import Event, OptInClaimed, OptInSet
from dncd.nouns import EntryReason, OptInStatus, Role, Source
from dncd.records import Record, entry_record, opt_in_of, opt_in_record
from dncd.storage.contract import Snapshot, Transaction
from dncd.storage.keys import Kind, text_key
from dncd.touched import Touched, read

# The label and source of the entry that STOP makes.
_STOP = (labels.DO_NOT_TEXT_ID, Source.INBOUND_MESSAGE)


def status_of(records: list[Record]) -> OptInStatus:
    """Read the status from what is known about a number."""
    record = opt_in_of(records)
    return OptInStatus(record.status) if record else OptInStatus.NOT_SENT


def apply_set(txn: Transaction, event: Event, change: OptInSet) -> bytes:
    """Record a status; returns the status before. Raises `OwnWordStands` before anything is written."""
    key = change.target.key(event.draft.account_id)
    touched = Touched(txn, event, [key])
    records = touched.records(key)
    before = status_of(records)
    if _overrules(records, before, change.status):
        _check_overrule(event, change)
    _replace_status(records, opt_in_record(change.status, change.source, event))
    if change.status is OptInStatus.REJECTED:
        reason = EntryReason.REQUESTED_BY_PERSON
        entries.add(records, entry_record(*_STOP, reason, 0, 0, event, 0))
    elif change.status is OptInStatus.ACCEPTED:
        records[:] = [record for record in records if (record.label, record.source) != _STOP]
    touched.save()
    return bytes([before])


def apply_claimed(txn: Transaction, event: Event, change: OptInClaimed) -> bytes:
    """Grant the opt-in request to the first who asks.

    Returns three codes: granted, the status now, and whether an entry blocks it.
    """
    account_id = event.draft.account_id
    key = change.target.key(account_id)
    touched = Touched(txn, event, [key])
    status = status_of(touched.records(key))
    blocked = _blocked(txn, account_id, key, event.time_ms)
    granted = status is OptInStatus.NOT_SENT and not blocked
    if granted:
        status = OptInStatus.SENT
        _replace_status(touched.records(key), opt_in_record(status, 0, event))
    touched.save()
    return bytes([granted, status, blocked])


def _replace_status(records: list[Record], status: Record) -> None:
    records[:] = [status, *(record for record in records if record.label)]


def _overrules(records: list[Record], before: OptInStatus, after: OptInStatus) -> bool:
    """Tell whether a new status speaks against the person's STOP: the status, or the entry that outlived it."""
    if after is OptInStatus.ACCEPTED and any((old.label, old.source) == _STOP for old in records):
        return True
    return before is OptInStatus.REJECTED and after is not OptInStatus.REJECTED


def _check_overrule(event: Event, change: OptInSet) -> None:
    started = change.source is Source.INBOUND_MESSAGE and change.status is OptInStatus.ACCEPTED
    overruled = event.draft.role in {Role.MANAGER, Role.ADMIN} and bool(change.evidence)
    if not started and not overruled:
        raise OwnWordStands("the person replied STOP; it takes their START, or a MANAGER with evidence")


def _blocked(txn: Snapshot, account_id: int, key: bytes, now_ms: int) -> bool:
    """Tell whether an active entry covers the number itself or a prefix of it under a label that stops texts."""
    digits = str(int.from_bytes(key[5:]))
    covering = (text_key(account_id, Kind.PREFIX, digits[:length]) for length in range(1, len(digits) + 1))
    return any(
        record.label in {labels.DO_NOT_CONTACT_ID, labels.DO_NOT_TEXT_ID} and record.active(now_ms)
        for address_key in (key, *covering)
        for record in read(txn, address_key).records
    )
