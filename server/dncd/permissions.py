"""Permission for one send: given by a person to an opted-out address, or made by an opt-out for its own confirmation.

A record of Form.PERMISSION: the reason is its permit, the status the channel as a bit, the position that of the event
that made it, which names the permission. The first claim uses it up, which the scope tells; so until it would have
ended, a retry of that claim is known from one whose permission was taken back. The opt-out itself stays as it is.
There is one permission of each permit and channel at most.
"""

from typing import Final

from dncd.events import Event, PermissionAnswered, SendClaimed
from dncd.nouns import Channel
from dncd.records import OPT_IN_LABEL, Form, Permit, Record, channel_mask, of_form, permission_record
from dncd.storage.contract import Transaction
from dncd.touched import Touched

_USED: Final = 1
_EVERY_CHANNEL: Final = 0xFF


def standing(records: list[Record], position: int, now_ms: int) -> Record | None:
    """Return the permission that an event made, also a used one, or None where it has ended or was taken back."""
    found = (record for record in of_form(records, Form.PERMISSION) if record.position == position)
    return next((record for record in found if now_ms < record.expires_at_ms), None)


def find(records: list[Record], position: int, now_ms: int) -> Record | None:
    """Return the permission that an event made, or None where it is used up, has ended or was taken back."""
    record = standing(records, position, now_ms)
    return None if record is None or record.scope == _USED else record


def take_back(records: list[Record], mask: int = _EVERY_CHANNEL) -> None:
    """Take back what a person permitted for one send on some channels, given as bits; used ones are not retried."""
    records[:] = [record for record in records if not (_is_one_time(record) and record.status & mask)]


def add_confirmation(records: list[Record], event: Event, channel: Channel, until_ms: int) -> None:
    """Permit the one confirmation of what a message changed, on its channel."""
    _drop_ended(records, event.time_ms)
    records.append(permission_record(Permit.CONFIRMATION, channel_mask([channel]), until_ms, event))


def apply_answered(txn: Transaction, event: Event, change: PermissionAnswered) -> bytes:
    """Note an answer in the place of the ones before on its channel; returns whether it made a permission.

    It makes one where the change has an end for it.
    """
    key = change.target.key(event.draft.account_id)
    touched = Touched(txn, event, [key])
    records, mask = touched.records(key), channel_mask([change.channel])
    _drop_ended(records, event.time_ms)
    take_back(records, mask)
    if change.expires_at_ms:
        records.append(permission_record(Permit.ONE_TIME, mask, change.expires_at_ms, event))
    touched.save()
    return bytes([bool(change.expires_at_ms)])


def apply_claimed(txn: Transaction, event: Event, change: SendClaimed) -> bytes:
    """Use a permission up; returns whether this claim got it: the first one, before it ended."""
    key = change.target.key(event.draft.account_id)
    touched = Touched(txn, event, [key])
    records = touched.records(key)
    record = find(records, change.permission, event.time_ms)
    if record is not None:
        records[records.index(record)] = record._replace(scope=_USED)
    touched.save()
    return bytes([record is not None])


def _drop_ended(records: list[Record], now_ms: int) -> None:
    ended = [record for record in of_form(records, Form.PERMISSION) if record.expires_at_ms <= now_ms]
    records[:] = [record for record in records if record not in ended]


def _is_one_time(record: Record) -> bool:
    return record.label == OPT_IN_LABEL and record.form == Form.PERMISSION and record.reason == Permit.ONE_TIME
