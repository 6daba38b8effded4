"""Consents: dated evidence that lifts registry matches and nothing else; how it is recorded, narrowed and ended.

A record of Form.CONSENT: the reason is its kind, the status its channels as bits, `starts_at_ms` when it was given; the
scope is the id of the one policy it is for, then three bits of its purpose, each 0 where it is for every one. There is
one record for each kind, channels and scope.

A record of Form.REVOCATION keeps what was revoked from being recorded again: the status has its channels as bits, the
scope its purpose, 0 for every one, `starts_at_ms` the time up to which consents do not come back; the reason tells
whether it is about every kind, or about relationships alone. There is one record for each reason, channels and purpose
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
from dncd.nouns import EVERY_CHANNEL, OWN_WORD, ConsentKind, EntryReason, OptInStatus, Purpose
from dncd.records import (
    OPT_IN_LABEL,
    PURPOSE_BITS,
    Form,
    Record,
    channel_mask,
    consent_record,
    is_opt_in,
    of_form,
    revocation_record,
)
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key
from dncd.touched import Touched

EVERY_POLICY = 0
_ID = struct.Struct(">I")
# They stand on a relationship that the person's own request ends: 47 CFR 64.1200(f)(5).
_RELATIONSHIPS = frozenset({int(ConsentKind.BUSINESS_RELATIONSHIP), int(ConsentKind.INQUIRY)})
_ANY_PURPOSE = 0


class Word(IntEnum):
    """What a person's word or a revocation ends: the reason of a revocation's record. Kept on disk: never renumber."""

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


def scope_id(record: Record) -> int:
    """Read the id of the policy that a consent is for; 0 is every policy."""
    return record.scope >> PURPOSE_BITS


def purpose_of(record: Record) -> Purpose | None:
    """Read the purpose of a consent; None is every purpose."""
    number = record.scope & ((1 << PURPOSE_BITS) - 1)
    return Purpose(number) if number else None


def in_force(record: Record, now_ms: int, latest_ms: int) -> bool:
    """Tell whether a consent is in force.

    It has ended once either the clock or the time of the newest event says so: where they disagree, a consent, which
    permits, is taken for ended, as an entry, which stops, is not.
    """
    return record.starts_at_ms <= now_ms and max(now_ms, latest_ms) < record.expires_at_ms


def apply_recorded(txn: Transaction, event: Event, change: ConsentRecorded) -> bytes:
    """Record a consent; of those alike the one that ends later stands. Returns whether it changed anything.

    One that was revoked after it was given, or ended by the person's word, does not come back: nothing changes.

    Raises `InvalidFields` for one that has ended already or was given in the future, and `LimitReached`, before
    anything is written.
    """
    _check_times(event, change)
    key = change.target.key(event.draft.account_id)
    touched = Touched(txn, event, [key])
    records = touched.records(key)
    changed = not _is_taken_back(records, change) and _add_named(txn, event, change, records)
    touched.save()
    return bytes([changed])


def apply_revoked(txn: Transaction, event: Event, change: ConsentRevoked) -> bytes:
    """Take consents away, or the channels that were revoked from them, and permission for one send with them.

    A consent for every purpose goes with any purpose. Returns how many were taken away or narrowed.
    """
    key = change.target.key(event.draft.account_id)
    touched = Touched(txn, event, [key])
    records = touched.records(key)
    mask = channel_mask(change.channels)
    gone = [record for record in of_form(records, Form.CONSENT) if _revokes(change, mask, record)]
    records[:] = [record for record in records if record not in gone]
    for record in gone:
        if left := record.status & ~mask:
            _add(records, record._replace(status=left))
    permissions.take_back(records, mask)
    for purpose in sorted(map(int, change.purposes)) or [_ANY_PURPOSE]:
        _note_revocation(records, revocation_record(Word.EVERY_CONSENT, mask, purpose, event))
    touched.save()
    return bytes([min(len(gone), 255)])


def word_of(record: Record) -> Word | None:
    """Tell what an entry, or a status, ends of what the person consented to; None where it ends nothing.

    Whatever has another reason than a decision of the company's own, whoever recorded it: a request, a complaint, a
    court's order, or that the number is another person's now. Under a built-in label, or as a STOP, it is about the
    company; under an own label it may be about less, and ends relationships alone.
    """
    if record.label == OPT_IN_LABEL:
        return Word.EVERY_CONSENT if is_opt_in(record) and record.status == OptInStatus.REJECTED else None
    if record.source not in OWN_WORD and record.reason == EntryReason.INTERNAL_DECISION:
        return None
    return Word.EVERY_CONSENT if record.label <= len(labels.BUILT_IN) else Word.RELATIONSHIPS


def end_by_word(records: list[Record], word: Word) -> None:
    """Take away what a person's word ends: consents, or those of a relationship, and permission for one send."""
    records[:] = [record for record in records if not _is_ended(word, record)]
    permissions.take_back(records)


def note_repeated_word(records: list[Record], word: Word, event: Event) -> None:
    """Note when the person said again what an entry says already, since the entry keeps the time of the first."""
    _note_revocation(records, _revocation_of_word(word, event))


def keep_words(records: list[Record], gone: list[Record], event: Event) -> None:
    """Note when the person said what some records told that are taken away: what that ended stays ended."""
    for word in Word:
        said_ms = [record.recorded_at_ms for record in gone if word_of(record) is word]
        if said_ms:
            new = _revocation_of_word(word, event)
            said_ms += [old.starts_at_ms for old in of_form(records, Form.REVOCATION) if _says_already(new, old)]
            _note_revocation(records, new._replace(starts_at_ms=max(said_ms)))


def _revocation_of_word(word: Word, event: Event) -> Record:
    return revocation_record(word, channel_mask(EVERY_CHANNEL), _ANY_PURPOSE, event)


def _is_ended(word: Word, record: Record) -> bool:
    is_consent = record.label == OPT_IN_LABEL and record.form == Form.CONSENT
    return is_consent and (word is Word.EVERY_CONSENT or record.reason in _RELATIONSHIPS)


def _note_revocation(records: list[Record], new: Record) -> None:
    # Time never runs backwards in the journal: the new one is the latest.
    records[:] = [old for old in records if not (old.form == new.form and _says_already(new, old))]
    records.append(new)


def _says_already(wide: Record, narrow: Record) -> bool:
    """Tell whether one revocation speaks about all that another one does."""
    return (
        narrow.label == OPT_IN_LABEL
        and wide.reason in {Word.EVERY_CONSENT, narrow.reason}
        and not narrow.status & ~wide.status
        and wide.scope in {_ANY_PURPOSE, narrow.scope}
    )


def _is_taken_back(records: list[Record], change: ConsentRecorded) -> bool:
    """Tell whether a consent was given before it was revoked, or before the person's word that ended it.

    While their word stands, no relationship counts, however new.
    """
    is_relationship = int(change.kind) in _RELATIONSHIPS
    mask, purpose = channel_mask(change.channels), change.purpose or _ANY_PURPOSE
    words = [(word_of(record), record.recorded_at_ms) for record in records]
    if is_relationship and any(word is not None for word, _ in words):
        return True
    said_ms = [at_ms for word, at_ms in words if word is Word.EVERY_CONSENT]
    said_ms += [
        record.starts_at_ms
        for record in of_form(records, Form.REVOCATION)
        if (record.reason == Word.EVERY_CONSENT or is_relationship)
        and record.status & mask
        and (_ANY_PURPOSE in {record.scope, purpose} or record.scope == purpose)
    ]
    return change.given_at_ms <= max(said_ms, default=-1)


def _check_times(event: Event, change: ConsentRecorded) -> None:
    # Judged here and not with the other fields: a retry long after is answered from memory, whatever has ended since.
    faults = []
    if change.given_at_ms > event.time_ms:
        faults.append(FieldFault("consent.given_at", "must not be in the future"))
    if 0 < change.expires_at_ms <= event.time_ms:
        faults.append(FieldFault("consent.expires_at", "must be later than now; some kinds end by rule"))
    if faults:
        raise InvalidFields(faults)


def _check_room(records: list[Record]) -> None:
    count_max = limits.CONSENTS_PER_ADDRESS_MAX
    if len(of_form(records, Form.CONSENT)) > count_max:
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


def _add_named(txn: Transaction, event: Event, change: ConsentRecorded, records: list[Record]) -> bool:
    """Add a consent, with the id of its policy where it is the first to name that; tell whether it changed anything."""
    account_id = event.draft.account_id
    known_id = scope_id_of(txn, account_id, change.policy)
    policy_id = _next_id(txn, account_id) if known_id is None else known_id
    changed = _add(records, _record(event, change, policy_id))
    _check_room(records)
    if known_id is None:
        txn.put(Table.SCOPES, account_key(account_id, change.policy.encode()), _ID.pack(policy_id))
        accounts.touch_catalog(txn, event)
    return changed


def _record(event: Event, change: ConsentRecorded, policy_id: int) -> Record:
    scope = policy_id << PURPOSE_BITS | (change.purpose or 0)
    mask = channel_mask(change.channels)
    return consent_record(change.kind, change.source, mask, scope, change.given_at_ms, change.expires_at_ms, event)


def _add(records: list[Record], record: Record) -> bool:
    """Add a consent, or let it take the place of one alike that ends earlier; tell whether that changed anything."""
    for place, old in enumerate(records):
        if _identity(old) == _identity(record):
            if old.expires_at_ms >= record.expires_at_ms:
                return False
            records[place] = record
            return True
    records.append(record)
    return True


def _identity(record: Record) -> tuple[int, ...]:
    return record.label, record.form, record.reason, record.status, record.scope


def _revokes(change: ConsentRevoked, mask: int, record: Record) -> bool:
    purpose = purpose_of(record)
    return bool(record.status & mask) and (not change.purposes or purpose is None or purpose in change.purposes)
