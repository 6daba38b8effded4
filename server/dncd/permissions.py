"""Permission for one send: given by a person to an opted-out address, or made by an opt-out for its own confirmation.

A fact of Form.PERMISSION: the reason is its permit, the status the channel as a bit, the position that of the event
that made it, which names the permission. The first claim uses it up, which the scope tells; so until it would have
ended, a retry of that claim is known from one whose permission was taken back. The opt-out itself stays as it is.
There is one permission of each permit and channel at most.
"""

from typing import Final

from dncd.events import Event, PermissionAnswered, SendClaimed
from dncd.facts import OPT_IN_LABEL, Fact, Form, Permit, channel_mask, of_form, permission_fact
from dncd.nouns import Channel
from dncd.storage.contract import Transaction
from dncd.touched import Touched

_USED: Final = 1
_EVERY_CHANNEL: Final = 0xFF


def standing(facts: list[Fact], position: int, now_ms: int) -> Fact | None:
    """Return the permission that an event made, also a used one, or None where it has ended or was taken back."""
    found = (fact for fact in of_form(facts, Form.PERMISSION) if fact.position == position)
    return next((fact for fact in found if now_ms < fact.expires_at_ms), None)


def find(facts: list[Fact], position: int, now_ms: int) -> Fact | None:
    """Return the permission that an event made, or None where it is used up, has ended or was taken back."""
    fact = standing(facts, position, now_ms)
    return None if fact is None or fact.scope == _USED else fact


def take_back(facts: list[Fact], mask: int = _EVERY_CHANNEL) -> None:
    """Take back what a person permitted for one send on some channels, given as bits; used ones are not retried."""
    facts[:] = [fact for fact in facts if not (_is_one_time(fact) and fact.status & mask)]


def add_confirmation(facts: list[Fact], event: Event, channel: Channel, until_ms: int) -> None:
    """Permit the one confirmation of what a message changed, on its channel."""
    _drop_ended(facts, event.time_ms)
    facts.append(permission_fact(Permit.CONFIRMATION, channel_mask([channel]), until_ms, event))


def apply_answered(txn: Transaction, event: Event, change: PermissionAnswered) -> bytes:
    """Note an answer in the place of the ones before on its channel; returns whether it made a permission.

    It makes one where the change has an end for it.
    """
    key = change.target.key(event.draft.account_id)
    touched = Touched(txn, event, [key])
    facts, mask = touched.facts(key), channel_mask([change.channel])
    _drop_ended(facts, event.time_ms)
    take_back(facts, mask)
    if change.expires_at_ms:
        facts.append(permission_fact(Permit.ONE_TIME, mask, change.expires_at_ms, event))
    touched.save()
    return bytes([bool(change.expires_at_ms)])


def apply_claimed(txn: Transaction, event: Event, change: SendClaimed) -> bytes:
    """Use a permission up; returns whether this claim got it: the first one, before it ended."""
    key = change.target.key(event.draft.account_id)
    touched = Touched(txn, event, [key])
    facts = touched.facts(key)
    fact = find(facts, change.permission, event.time_ms)
    if fact is not None:
        facts[facts.index(fact)] = fact._replace(scope=_USED)
    touched.save()
    return bytes([fact is not None])


def _drop_ended(facts: list[Fact], now_ms: int) -> None:
    ended = [fact for fact in of_form(facts, Form.PERMISSION) if fact.expires_at_ms <= now_ms]
    facts[:] = [fact for fact in facts if fact not in ended]


def _is_one_time(fact: Fact) -> bool:
    return fact.label == OPT_IN_LABEL and fact.form == Form.PERMISSION and fact.reason == Permit.ONE_TIME
