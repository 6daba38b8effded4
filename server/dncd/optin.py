"""The opt-in to texts: its states, who may move them, and the one claim on the opt-in request.

STOP (REJECTED) also makes a do-not-text entry from INBOUND_MESSAGE; START (ACCEPTED) takes that one away and no other,
and on its own channel only: the scope of the entry holds the channels on which STOP was said, as bits. So does the
scope of a status of REJECTED, since the entry may be removed without it.
"""

from typing import Final

from dncd import consents, entries, labels
from dncd.errors import OwnWordStands
from dncd.events import Event, OptInClaimed, OptInSet
from dncd.facts import (
    OPT_IN_LABEL,
    Fact,
    Form,
    Permit,
    channel_mask,
    entry_fact,
    is_opt_in,
    of_form,
    opt_in_fact,
    opt_in_of,
)
from dncd.nouns import Channel, EntryReason, OptInStatus, Role, Source
from dncd.storage.contract import Snapshot, Transaction
from dncd.storage.keys import Kind, text_key
from dncd.touched import Touched, read

# Channels as bits: on which STOP or START was said.
SMS: Final = channel_mask([Channel.SMS])
WHATSAPP: Final = channel_mask([Channel.WHATSAPP])
TEXTS: Final = SMS | WHATSAPP
# The label and source of the entry that STOP makes.
_STOP = (labels.DO_NOT_TEXT_ID, Source.INBOUND_MESSAGE)
_ASKED = EntryReason.REQUESTED_BY_PERSON


def status_of(facts: list[Fact]) -> OptInStatus:
    """Read the status from what is known about a number."""
    fact = opt_in_of(facts)
    return OptInStatus(fact.status) if fact else OptInStatus.NOT_SENT


def apply_set(txn: Transaction, event: Event, change: OptInSet) -> bytes:
    """Record a status; returns the status before. ACCEPTED takes STOP back on every channel.

    Raises `OwnWordStands` before anything is written, where somebody speaks against the person's STOP who is no
    MANAGER with evidence.
    """
    key = change.target.key(event.draft.account_id)
    touched = Touched(txn, event, [key])
    facts = touched.facts(key)
    before = status_of(facts)
    if _overrules(facts, before, change.status):
        _check_overrule(event, change)
    if change.status is OptInStatus.REJECTED:
        stop(facts, event, change.source)
    elif change.status is OptInStatus.ACCEPTED:
        start(facts, event, change.source, TEXTS)
    else:
        known = list(facts)
        _replace_status(facts, opt_in_fact(change.status, change.source, event))
        consents.keep_words(facts, [fact for fact in known if fact not in facts], event)
    touched.save()
    return bytes([before])


def stop(facts: list[Fact], event: Event, source: Source, said_on: int = SMS) -> None:
    """Do what STOP does: REJECTED, a do-not-text entry from INBOUND_MESSAGE, and consents end.

    `said_on` are channels as bits. The entry and the status keep all those on which STOP was said, in their scopes.
    """
    on_entry = said_on | stopped_on([fact for fact in facts if fact.expires_at_ms > event.time_ms])
    on_status = on_entry | _rejected_on(facts)
    _replace_status(facts, opt_in_fact(OptInStatus.REJECTED, source, event)._replace(scope=on_status))
    entries.add(facts, entry_fact(*_STOP, _ASKED, 0, 0, event))
    facts[:] = [fact._replace(scope=on_entry) if _is_stop(fact) else fact for fact in facts]
    consents.end_by_word(facts, consents.Word.EVERY_CONSENT)


def start(facts: list[Fact], event: Event, source: Source, said_on: int = SMS) -> None:
    """Do what START does: ACCEPTED, and STOP is taken back on its channels. No other entry goes, and no review."""
    before = list(facts)
    _replace_status(facts, opt_in_fact(OptInStatus.ACCEPTED, source, event))
    _take_back(facts, said_on)
    consents.keep_words(facts, [fact for fact in before if fact not in facts], event)


def unstop(facts: list[Fact], event: Event, source: Source, said_on: int = WHATSAPP) -> None:
    """Take back what STOP did, and opt in to nothing: START on a channel that has no opt-in.

    REJECTED becomes NOT_SENT only where no STOP of another channel stands, or made that status.
    """
    before = list(facts)
    _take_back(facts, said_on)
    left = (_rejected_on(facts) & ~said_on) | stopped_on(facts)
    if status_of(facts) is OptInStatus.REJECTED and not left:
        _replace_status(facts, opt_in_fact(OptInStatus.NOT_SENT, source, event))
    facts[:] = [fact._replace(scope=left) if _is_rejected(fact) else fact for fact in facts]
    consents.keep_words(facts, [fact for fact in before if fact not in facts], event)


def stopped_by(facts: list[Fact], now_ms: int) -> int:
    """Read the position of the event that made the entry of STOP; 0 where there is none that stops texts now."""
    return next((fact.position for fact in facts if _is_stop(fact) and fact.active(now_ms)), 0)


def stopped_on(facts: list[Fact]) -> int:
    """Read on which channels, as bits, STOP was said and stands. An entry that says none counts as one by SMS."""
    return next((fact.scope or SMS for fact in facts if _is_stop(fact)), 0)


def _rejected_on(facts: list[Fact]) -> int:
    """Read on which channels, as bits, the STOPs were said that made the status REJECTED; none told is by SMS."""
    return next((fact.scope or SMS for fact in facts if _is_rejected(fact)), 0)


def _is_rejected(fact: Fact) -> bool:
    return is_opt_in(fact) and fact.status == OptInStatus.REJECTED


def _take_back(facts: list[Fact], said_on: int) -> None:
    left = stopped_on(facts) & ~said_on
    # An entry with another reason is no STOP's alone: that the person texts again says nothing about a court's order.
    kept = [fact for fact in facts if left or not (_is_stop(fact) and fact.reason == _ASKED)]
    facts[:] = [fact._replace(scope=left) if _is_stop(fact) else fact for fact in kept]


def _is_stop(fact: Fact) -> bool:
    return (fact.label, fact.source) == _STOP


def apply_claimed(txn: Transaction, event: Event, change: OptInClaimed) -> bytes:
    """Grant the opt-in request to the first who asks.

    Returns three codes: granted, the status now, and whether an entry, or a review that waits, blocks it.
    """
    account_id = event.draft.account_id
    key = change.target.key(account_id)
    touched = Touched(txn, event, [key])
    status = status_of(touched.facts(key))
    waits = bool(of_form(touched.facts(key), Form.REVIEW))
    blocked = waits or _blocked(txn, account_id, key, event.time_ms)
    granted = status is OptInStatus.NOT_SENT and not blocked
    if granted:
        status = OptInStatus.SENT
        _replace_status(touched.facts(key), opt_in_fact(status, 0, event))
    touched.save()
    return bytes([granted, status, blocked])


def _replace_status(facts: list[Fact], status: Fact) -> None:
    """Put a status in the place of the one before; where it is another one, nothing is left to confirm of that."""
    changed = status_of(facts) != status.status
    facts[:] = [status, *(old for old in facts if not is_opt_in(old) and not (changed and _confirms(old)))]


def _confirms(fact: Fact) -> bool:
    return fact.label == OPT_IN_LABEL and fact.form == Form.PERMISSION and fact.reason == Permit.CONFIRMATION


def _overrules(facts: list[Fact], before: OptInStatus, after: OptInStatus) -> bool:
    """Tell whether a new status speaks against the person's STOP: the status, or the entry that outlived it."""
    if after is OptInStatus.ACCEPTED and any((old.label, old.source) == _STOP for old in facts):
        return True
    return before is OptInStatus.REJECTED and after is not OptInStatus.REJECTED


def _check_overrule(event: Event, change: OptInSet) -> None:
    # Whatever source is named: the person's START comes as their message, by RecordInboundMessage.
    if event.draft.role not in {Role.MANAGER, Role.ADMIN} or not change.evidence:
        raise OwnWordStands(
            "the person replied STOP; it takes their START, recorded as an inbound message, or a MANAGER with evidence"
        )


def _blocked(txn: Snapshot, account_id: int, key: bytes, now_ms: int) -> bool:
    """Tell whether an active entry covers the number itself or a prefix of it under a label that stops texts."""
    digits = str(int.from_bytes(key[5:]))
    covering = (text_key(account_id, Kind.PREFIX, digits[:length]) for length in range(1, len(digits) + 1))
    return any(
        fact.label in {labels.DO_NOT_CONTACT_ID, labels.DO_NOT_TEXT_ID} and fact.active(now_ms)
        for address_key in (key, *covering)
        for fact in read(txn, address_key).facts
    )
