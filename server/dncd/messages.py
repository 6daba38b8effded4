"""Inbound messages: what a person's text does to the state, and the decision of those whose meaning is uncertain.

A fact of Form.REVIEW blocks texts, and what else the words name, until a person decides: the status is the channels
as bits, the position that of the message's event, which names the review. Rows of REVIEWS: account + that position ->
address key. Where as many wait for a number as may, the newest of them goes on in the next: nothing of it is lost.
"""

from collections.abc import Collection, Iterator
from typing import Final

from dncd import entries, limits, optin, permissions
from dncd.addresses import Target, target_from_key
from dncd.encoding import message_outcome
from dncd.errors import OwnWordStands
from dncd.events import Event, InboundMessageRecorded, ReviewDecided
from dncd.facts import Fact, Form, channel_mask, channels_of, entry_fact, of_form, review_fact
from dncd.labels import DO_NOT_PHONE_ID
from dncd.nouns import Channel, EntryReason, MessageClass, OptInStatus, ReviewDecision, Role, Source
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key, u64
from dncd.touched import Touched

TEXT_CHANNELS: Final = frozenset({Channel.SMS, Channel.WHATSAPP})
# What told that a message opts in ends so where it does only as the answer to an opt-in request. Kept in journals:
# never change.
ANSWERS: Final = ", the answer to the opt-in request"
_ASKED: Final = EntryReason.REQUESTED_BY_PERSON


def apply_recorded(txn: Transaction, event: Event, change: InboundMessageRecorded) -> bytes:
    """Do what a message says; returns the status before and after, and until when the one confirmation may be sent.

    STOP from who was REJECTED already, and START from who was ACCEPTED, confirm nothing new. Nothing is confirmed
    either where an older entry of STOP stands. An answer to an opt-in request that no longer waits for one does
    nothing.
    """
    account_id = event.draft.account_id
    key = change.target.key(account_id)
    touched = Touched(txn, event, [key])
    facts = touched.facts(key)
    before = optin.status_of(facts)
    if change.message_class is MessageClass.REVIEW:
        _wait(txn, key, facts, event, change)
    elif change.message_class is MessageClass.OPT_OUT:
        _stop(facts, event, channel_mask([change.channel]), change.about)
    elif change.message_class is MessageClass.OPT_IN and not _is_late(change, before):
        opt_in = optin.start if change.channel is Channel.SMS else optin.unstop
        opt_in(facts, event, Source.INBOUND_MESSAGE)
    after = optin.status_of(facts)
    until_ms = 0
    # An older STOP that stands has had its confirmation, and stops this one: ClaimSend would refuse it.
    stops = optin.stopped_by(facts, event.time_ms)
    if change.confirmation_ms and after is not before and stops in {0, event.position}:
        until_ms = event.time_ms + change.confirmation_ms
        permissions.add_confirmation(facts, event, change.channel, until_ms)
    touched.save()
    return message_outcome(before, after, until_ms)


def apply_decided(txn: Transaction, event: Event, change: ReviewDecided) -> bytes:
    """Take a review away, and for OPT_OUT do what STOP does, decided before or not.

    Returns whether that changed anything. Raises `OwnWordStands` before anything is written, where who decides that it
    is none is no MANAGER.
    """
    if change.decision is ReviewDecision.NOT_AN_OPT_OUT and event.draft.role not in {Role.MANAGER, Role.ADMIN}:
        raise OwnWordStands("what may be the person's opt-out stands; it takes a MANAGER to decide that it is none")
    account_id = event.draft.account_id
    key = change.target.key(account_id)
    touched = Touched(txn, event, [key])
    changed = txn.delete(Table.REVIEWS, _review_key(account_id, change.review))
    facts = touched.facts(key)
    # Of one that was decided before, the channel is not known any more: a STOP on each is the safe reading.
    waited = next((fact for fact in facts if _is_review(fact, change.review)), None)
    said_on = waited.scope if waited else optin.TEXTS
    # Another one may have gone on in this one, with what its words were about.
    about = change.about.union(channels_of(waited.status) if waited else ())
    facts[:] = [fact for fact in facts if not _is_review(fact, change.review)]
    if change.decision is ReviewDecision.OPT_OUT:
        known = len(facts), _is_stopped(facts, said_on)
        _stop(facts, event, said_on, about)
        changed |= known != (len(facts), True)
    touched.save()
    return bytes([changed])


def _wait(txn: Transaction, key: bytes, facts: list[Fact], event: Event, change: InboundMessageRecorded) -> None:
    """Block every text, and what else the message is about, until a person decides."""
    account_id = event.draft.account_id
    # Its scope keeps the channel, for a decision that it is a STOP.
    mask, said_on = optin.TEXTS | channel_mask(change.about), channel_mask([change.channel])
    waiting = of_form(facts, Form.REVIEW)
    if len(waiting) >= limits.REVIEWS_PER_ADDRESS_MAX:
        # Not refused: the words may be about more than those of all before.
        newest = max(waiting, key=_position)
        mask, said_on = mask | newest.status, said_on | newest.scope
        facts.remove(newest)
        txn.delete(Table.REVIEWS, _review_key(account_id, newest.position))
    facts.append(review_fact(mask, event)._replace(scope=said_on))
    txn.put(Table.REVIEWS, _review_key(account_id, event.position), key)


def _position(fact: Fact) -> int:
    return fact.position


def _stop(facts: list[Fact], event: Event, said_on: int, about: Collection[Channel]) -> None:
    """Do what STOP does, and what it asks for beside texts, which no START takes back: it may be about texts alone."""
    optin.stop(facts, event, Source.INBOUND_MESSAGE, said_on)
    if Channel.VOICE in about:
        entries.add(facts, entry_fact(DO_NOT_PHONE_ID, Source.INBOUND_MESSAGE, _ASKED, 0, 0, event))


def _is_stopped(facts: list[Fact], said_on: int) -> bool:
    return optin.status_of(facts) is OptInStatus.REJECTED and not said_on & ~optin.stopped_on(facts)


def _is_late(change: InboundMessageRecorded, status: OptInStatus) -> bool:
    """Tell whether an answer to the opt-in request came when none waited for it, whatever its handler saw before."""
    return change.matched.endswith(ANSWERS) and status is not OptInStatus.SENT


def waiting(snapshot: Snapshot, account_id: int, start: int = 0) -> Iterator[tuple[int, Target]]:
    """Yield the reviews that wait for a decision, from a position on, oldest first, each with its number."""
    prefix = account_key(account_id)
    for key, address_key in snapshot.scan(Table.REVIEWS, prefix, start=_review_key(account_id, start)):
        yield int.from_bytes(key[len(prefix) :]), target_from_key(address_key)


def _review_key(account_id: int, position: int) -> bytes:
    return account_key(account_id, u64(position))


def _is_review(fact: Fact, position: int) -> bool:
    return fact.position == position and bool(of_form([fact], Form.REVIEW))
