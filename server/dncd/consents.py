"""Consents: dated evidence that lifts registry matches and nothing else; how it is recorded, narrowed and ended.

A fact of Form.CONSENT: the reason is its kind, the status its channels as bits, `starts_at_ms` when it was given; the
scope is the id of the one policy it is for, then three bits of its purpose, each 0 where it is for every one. There is
one fact for each kind, channels and scope.

A fact of Form.REVOCATION keeps what was revoked from being recorded again: the status has its channels as bits, the
scope its purpose, 0 for every one, `starts_at_ms` the time up to which consents do not come back; the reason tells
whether it is about every kind, or about relationships alone. There is one fact for each reason, channels and purpose
at most, and none that a later and wider one says already.

What a person asks for ends consents by itself, see `Word`: a STOP by text revokes every consent to calls and texts (47
CFR 64.1200(a)(10)), a request made to the company ends relationships, whatever business is done later (64.1200(f)(5)).

Rows of SCOPES: account + policy name -> id (4 bytes), from 1 on in the order in which consents first named them.
"""

import struct
from enum import IntEnum

from dncd import accounts, labels, limits, permissions
from dncd.errors import FieldFault, InvalidFields, LimitReached
from dncd.events import ConsentRecorded, ConsentRevoked, Event
from dncd.facts import (
    OPT_IN_LABEL,
    PURPOSE_BITS,
    Fact,
    Form,
    channel_mask,
    consent_fact,
    is_opt_in,
    of_form,
    revocation_fact,
)
from dncd.nouns import EVERY_CHANNEL, OWN_WORD, ConsentKind, EntryReason, OptInStatus, Purpose
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key
from dncd.touched import Touched

EVERY_POLICY = 0
_ID = struct.Struct(">I")
# They stand on a relationship that the person's own request ends: 47 CFR 64.1200(f)(5).
_RELATIONSHIPS = frozenset({int(ConsentKind.BUSINESS_RELATIONSHIP), int(ConsentKind.INQUIRY)})
_ANY_PURPOSE = 0


class Word(IntEnum):
    """What a person's word or a revocation ends: the reason of a revocation's fact. Kept on disk: never renumber."""

    EVERY_CONSENT = 0
    RELATIONSHIPS = 1


def scope_id_of(snapshot: Snapshot, account_id: int, name: str) -> int | None:
    """Return the id by which consents name a policy; 0 for the empty name, None where no consent ever named it."""
    if not name:
        return EVERY_POLICY
    row = snapshot.get(Table.SCOPES, account_key(account_id, name.encode()))
    return None if row is None else int(_ID.unpack(row)[0])


def scope_names(snapshot: Snapshot, account_id: int) -> dict[int, str]:
    """Return the policies that consents of an account ever named, by id."""
    prefix = account_key(account_id)
    named = {int(_ID.unpack(row)[0]): key[len(prefix) :].decode() for key, row in snapshot.scan(Table.SCOPES, prefix)}
    return {EVERY_POLICY: "", **named}


def scope_id(fact: Fact) -> int:
    """Read the id of the policy that a consent is for; 0 is every policy."""
    return fact.scope >> PURPOSE_BITS


def purpose_of(fact: Fact) -> Purpose | None:
    """Read the purpose of a consent; None is every purpose."""
    number = fact.scope & ((1 << PURPOSE_BITS) - 1)
    return Purpose(number) if number else None


def in_force(fact: Fact, now_ms: int, latest_ms: int) -> bool:
    """Tell whether a consent is in force.

    It has ended once either the clock or the time of the newest event says so: where they disagree, a consent, which
    permits, is taken for ended, as an entry, which stops, is not.
    """
    return fact.starts_at_ms <= now_ms and max(now_ms, latest_ms) < fact.expires_at_ms


def apply_recorded(txn: Transaction, event: Event, change: ConsentRecorded) -> bytes:
    """Record a consent; of those alike the one that ends later stands. Returns whether it changed anything.

    One that was taken back after it was given does not come back: nothing changes. The code of that is the same as
    where one stood, as it was in the first journals; `is_taken_back` tells them apart.

    Raises `InvalidFields` for one that has ended already or was given in the future, and `LimitReached`, before
    anything is written.
    """
    _check_times(event, change)
    key = change.target.key(event.draft.account_id)
    touched = Touched(txn, event, [key])
    facts = touched.facts(key)
    changed = not is_taken_back(facts, change, event.time_ms) and _add_named(txn, event, change, facts)
    touched.save()
    return bytes([changed])


def apply_revoked(txn: Transaction, event: Event, change: ConsentRevoked) -> bytes:
    """Take consents away, or the channels that were revoked from them, and permission for one send with them.

    A consent for every purpose goes with any purpose. Returns how many were taken away or narrowed.
    """
    key = change.target.key(event.draft.account_id)
    touched = Touched(txn, event, [key])
    facts = touched.facts(key)
    mask = channel_mask(change.channels)
    gone = [fact for fact in of_form(facts, Form.CONSENT) if _revokes(change, mask, fact)]
    facts[:] = [fact for fact in facts if fact not in gone]
    for fact in gone:
        if left := fact.status & ~mask:
            _add(facts, fact._replace(status=left))
    permissions.take_back(facts, mask)
    for purpose in sorted(map(int, change.purposes)) or [_ANY_PURPOSE]:
        _note_revocation(facts, revocation_fact(Word.EVERY_CONSENT, mask, purpose, event))
    touched.save()
    return bytes([min(len(gone), 255)])


def word_of(fact: Fact) -> Word | None:
    """Tell what an entry, or a status, ends of what the person consented to; None where it ends nothing.

    Whatever has another reason than a decision of the company's own, whoever recorded it: a request, a complaint, a
    court's order, or that the number is another person's now. Under a built-in label, or as a STOP, it is about the
    company; under an own label it may be about less, and ends relationships alone.
    """
    if fact.label == OPT_IN_LABEL:
        return Word.EVERY_CONSENT if is_opt_in(fact) and fact.status == OptInStatus.REJECTED else None
    if fact.source not in OWN_WORD and fact.reason == EntryReason.INTERNAL_DECISION:
        return None
    return Word.EVERY_CONSENT if fact.label <= len(labels.BUILT_IN) else Word.RELATIONSHIPS


def end_by_word(facts: list[Fact], word: Word) -> None:
    """Take away what a person's word ends: consents, or those of a relationship, and permission for one send."""
    facts[:] = [fact for fact in facts if not _is_ended(word, fact)]
    permissions.take_back(facts)


def note_repeated_word(facts: list[Fact], word: Word, event: Event) -> None:
    """Note when the person said again what an entry says already, since the entry keeps the time of the first."""
    _note_revocation(facts, _revocation_of_word(word, event))


def keep_words(facts: list[Fact], gone: list[Fact], event: Event) -> None:
    """Note when the person said what some facts told that are taken away: what that ended stays ended."""
    for word in Word:
        said_ms = [fact.recorded_at_ms for fact in gone if word_of(fact) is word]
        if said_ms:
            new = _revocation_of_word(word, event)
            said_ms += [old.starts_at_ms for old in of_form(facts, Form.REVOCATION) if _identity(old) == _identity(new)]
            _note_revocation(facts, new._replace(starts_at_ms=max(said_ms)))


def _revocation_of_word(word: Word, event: Event) -> Fact:
    return revocation_fact(word, channel_mask(EVERY_CHANNEL), _ANY_PURPOSE, event)


def _is_ended(word: Word, fact: Fact) -> bool:
    is_consent = fact.label == OPT_IN_LABEL and fact.form == Form.CONSENT
    return is_consent and (word is Word.EVERY_CONSENT or fact.reason in _RELATIONSHIPS)


def _note_revocation(facts: list[Fact], new: Fact) -> None:
    """Note a revocation in the place of those that it says already. One of less that reaches later stays."""
    said = [
        old
        for old in of_form(facts, Form.REVOCATION)
        if old.starts_at_ms <= new.starts_at_ms and _says_already(new, old)
    ]
    facts[:] = [fact for fact in facts if fact not in said]
    facts.append(new)


def _says_already(wide: Fact, narrow: Fact) -> bool:
    """Tell whether one revocation speaks about all that another one does."""
    return (
        wide.reason in {Word.EVERY_CONSENT, narrow.reason}
        and not narrow.status & ~wide.status
        and wide.scope in {_ANY_PURPOSE, narrow.scope}
    )


def is_taken_back(facts: list[Fact], change: ConsentRecorded, now_ms: int) -> bool:
    """Tell whether a consent was given before it was revoked, or before the person's word that ended it.

    While their word stands, no relationship counts, however new. An entry that has ended is a word that was said, as
    it is once housekeeping has tidied it away: what a consent does must not depend on when that is.
    """
    is_relationship = int(change.kind) in _RELATIONSHIPS
    words = [(word, fact) for fact in facts if (word := word_of(fact)) is not None]
    if is_relationship and any(fact.expires_at_ms > now_ms for _, fact in words):
        return True
    said_ms = [fact.recorded_at_ms for word, fact in words if is_relationship or word is Word.EVERY_CONSENT]
    said_ms += [fact.starts_at_ms for fact in of_form(facts, Form.REVOCATION) if _is_about(change, fact)]
    return change.given_at_ms <= max(said_ms, default=-1)


def _is_about(change: ConsentRecorded, revocation: Fact) -> bool:
    """Tell whether a revocation is about a consent, or a part of it."""
    purpose = change.purpose or _ANY_PURPOSE
    return (
        (revocation.reason == Word.EVERY_CONSENT or int(change.kind) in _RELATIONSHIPS)
        and bool(revocation.status & channel_mask(change.channels))
        and (_ANY_PURPOSE in {revocation.scope, purpose} or revocation.scope == purpose)
    )


def _check_times(event: Event, change: ConsentRecorded) -> None:
    # Judged here and not with the other fields: a retry long after is answered from memory, whatever has ended since.
    faults = []
    if change.given_at_ms > event.time_ms:
        faults.append(FieldFault("consent.given_at", "must not be in the future"))
    if 0 < change.expires_at_ms <= event.time_ms:
        faults.append(FieldFault("consent.expires_at", "must be later than now; some kinds end by rule"))
    if faults:
        raise InvalidFields(faults)


def _check_room(facts: list[Fact]) -> None:
    count_max = limits.CONSENTS_PER_ADDRESS_MAX
    if len(of_form(facts, Form.CONSENT)) > count_max:
        raise LimitReached("the address has as many consents as it may", kind="consent", count_max=count_max)


def _next_id(snapshot: Snapshot, account_id: int) -> int:
    next_id = 1 + sum(1 for _ in snapshot.scan(Table.SCOPES, account_key(account_id)))
    if next_id > limits.CONSENT_POLICIES_MAX:
        raise LimitReached(
            "consents of the account name as many policies as they may",
            kind="policy in consents",
            count_max=limits.CONSENT_POLICIES_MAX,
        )
    return next_id


def _add_named(txn: Transaction, event: Event, change: ConsentRecorded, facts: list[Fact]) -> bool:
    """Add a consent, with the id of its policy where it is the first to name that; tell whether it changed anything."""
    account_id = event.draft.account_id
    known_id = scope_id_of(txn, account_id, change.policy)
    policy_id = _next_id(txn, account_id) if known_id is None else known_id
    changed = _add(facts, _fact(event, change, policy_id))
    _check_room(facts)
    if known_id is None:
        txn.put(Table.SCOPES, account_key(account_id, change.policy.encode()), _ID.pack(policy_id))
        accounts.touch_catalog(txn, event)
    return changed


def _fact(event: Event, change: ConsentRecorded, policy_id: int) -> Fact:
    scope = policy_id << PURPOSE_BITS | (change.purpose or 0)
    mask = channel_mask(change.channels)
    return consent_fact(change.kind, change.source, mask, scope, change.given_at_ms, change.expires_at_ms, event)


def _add(facts: list[Fact], fact: Fact) -> bool:
    """Add a consent, or let it take the place of one alike that ends earlier; tell whether that changed anything."""
    for place, old in enumerate(facts):
        if _identity(old) == _identity(fact):
            if old.expires_at_ms >= fact.expires_at_ms:
                return False
            facts[place] = fact
            return True
    facts.append(fact)
    return True


def _identity(fact: Fact) -> tuple[int, ...]:
    return fact.label, fact.form, fact.reason, fact.status, fact.scope


def _revokes(change: ConsentRevoked, mask: int, fact: Fact) -> bool:
    purpose = purpose_of(fact)
    return bool(fact.status & mask) and (not change.purposes or purpose is None or purpose in change.purposes)
