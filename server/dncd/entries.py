"""Entries: how adding, removing and expiring change what is known about addresses.

An address may stand under a label from several sources, each an entry of its own: so START takes away what STOP added
and nothing else, and an import never hides a person's own word.
"""

from collections.abc import Container
from dataclasses import dataclass

from dncd import accounts, consents, labels, limits, permissions
from dncd.addresses import Target
from dncd.errors import FieldFault, InvalidFields, LimitReached
from dncd.events import AddedEntry, EntriesAdded, EntriesExpired, EntriesRemoved, Event
from dncd.facts import HEAD_BYTES, Fact, channel_mask, entry_fact
from dncd.nouns import GRAVITY, OWN_WORD, Channel, EntryReason, RemovalReason, RowOutcome
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import Kind, account_key
from dncd.touched import ACCOUNT_BYTES, BY_EXPIRY, BY_LABEL, BY_TIME, Template, Touched, read

_MAX_OF_KIND = {Kind.PREFIX: ("prefix", limits.PREFIXES_MAX), Kind.DOMAIN: ("domain", limits.DOMAINS_MAX)}

_SMS = channel_mask({Channel.SMS})

Only = Container[bytes] | None


@dataclass(frozen=True, slots=True)
class EntryKey:
    """Names one entry: its address, label and source."""

    address_key: bytes
    label_id: int
    source: int


def apply_added(txn: Transaction, event: Event, change: EntriesAdded, only: Only = None) -> bytes:
    """Add entries; outcomes are ADDED, EXTENDED or UNCHANGED.

    Each takes back what was permitted for one send to its address; what the person asked for ends consents as well.

    Raises `LabelNotFound`, `LabelArchived`, `LimitReached`, or `InvalidFields` for what has ended already, before
    anything is written. `only` limits the effect to some addresses, to rebuild what was known about them.
    """
    account_id = event.draft.account_id
    label_ids = {name: labels.find_open(txn, account_id, name) for name in {entry.label for entry in change.entries}}
    _check_room(txn, account_id, [entry.target for entry in change.entries])
    _check_ends(change.entries, event.time_ms)
    keys = [entry.target.key(account_id) for entry in change.entries]
    rows = [row for row, key in enumerate(keys) if only is None or key in only]
    touched = Touched(txn, event, [keys[row] for row in rows])
    templates: dict[tuple[object, ...], Template] = {}
    outcomes = bytearray()
    for row in rows:
        _, label, source, reason, _, _, starts_at_ms, expires_at_ms = change.entries[row]
        alike = (label, source, reason, starts_at_ms, expires_at_ms)
        template = templates.get(alike)
        if template is None:
            fact = entry_fact(label_ids[label], source, reason, starts_at_ms, expires_at_ms, event)
            template = templates[alike] = touched.template(fact)
        if touched.add_first(keys[row], template, row):
            outcomes.append(RowOutcome.ADDED)
        else:
            outcomes.append(_add_to_known(touched.facts(keys[row]), template.fact._replace(row=row), event))
    touched.save()
    _touch_catalog(txn, event, [entry.target for entry in change.entries])
    return bytes(outcomes)


def _add_to_known(facts: list[Fact], fact: Fact, event: Event) -> RowOutcome:
    """Add an entry to what is known about an address, with what that ends."""
    before = list(facts)
    outcome = add(facts, fact)
    permissions.take_back(facts)
    word = consents.word_of(fact)
    if word is not None:
        consents.end_by_word(facts, word)
        if outcome is not RowOutcome.ADDED:
            consents.note_repeated_word(facts, word, event)
    else:
        consents.keep_words(facts, [old for old in before if old not in facts], event)
    return outcome


def _check_ends(added: list[AddedEntry], now_ms: int) -> None:
    # Judged here and not with the other fields: a retry long after is answered from memory, whatever has ended since.
    faults = [
        FieldFault(f"entries[{row}].expires_at", "must be later than now")
        for row, entry in enumerate(added)
        if 0 < entry.expires_at_ms <= now_ms
    ]
    if faults:
        raise InvalidFields(faults[: limits.FIELD_FAULTS_MAX])


def add(facts: list[Fact], fact: Fact) -> RowOutcome:
    """Add an entry to what is known about an address, or let it extend the one that is there.

    An entry that ended before the new one began has no say any more: the new one takes its place. So does one with a
    graver reason, and it lasts as long as both.
    """
    for place, found in enumerate(facts):
        if found.label == fact.label and found.source == fact.source:
            # A scope is that of a STOP on some channels; what comes by another way counts as said by SMS, so that no
            # START elsewhere takes it away.
            old = found._replace(scope=found.scope | _SMS) if found.scope else found
            facts[place] = old
            graver = GRAVITY[EntryReason(fact.reason)] > GRAVITY[EntryReason(old.reason)]
            if old.covers(fact) and not graver:
                return RowOutcome.UNCHANGED
            facts[place] = _extended(old, fact, graver)
            return RowOutcome.EXTENDED
    facts.append(fact)
    return RowOutcome.ADDED


def _extended(old: Fact, fact: Fact, graver: bool) -> Fact:
    # The journal's time may be ahead of the clock, by which the old one has not ended: whoever was stopped stays so.
    if old.expires_at_ms <= fact.recorded_at_ms and fact.starts_at_ms <= fact.recorded_at_ms:
        return fact
    return fact.extended_by(old)._replace(scope=old.scope) if graver else old.extended_by(fact)


def apply_removed(txn: Transaction, event: Event, change: EntriesRemoved, only: Only = None) -> bytes:
    """Remove entries; outcomes are REMOVED, UNCHANGED or KEPT_OWN_WORD.

    A row takes every source's entry of the address from the label, or none. Raises `LabelNotFound` before anything is
    written.
    """
    account_id = event.draft.account_id
    label_ids = {name: labels.find_id(txn, account_id, name) for name in {entry.label for entry in change.entries}}
    may_overrule = change.reason == RemovalReason.CONSENT_RENEWED and bool(change.evidence)
    rows = [(entry.target.key(account_id), label_ids[entry.label]) for entry in change.entries]
    rows = [(key, label_id) for key, label_id in rows if only is None or key in only]
    touched = Touched(txn, event, [key for key, _ in rows])
    outcomes = bytes([_remove(touched.facts(key), key, label_id, may_overrule, event) for key, label_id in rows])
    touched.save()
    _touch_catalog(txn, event, [entry.target for entry in change.entries])
    return outcomes


def _remove(facts: list[Fact], key: bytes, label_id: int, may_overrule: bool, event: Event) -> RowOutcome:
    gone = [fact for fact in facts if fact.label == label_id]
    if not gone:
        return RowOutcome.UNCHANGED
    if not may_overrule and any(fact.source in OWN_WORD for fact in gone):
        return RowOutcome.KEPT_OWN_WORD
    _take_out(facts, key, gone, event)
    return RowOutcome.REMOVED


def _take_out(facts: list[Fact], key: bytes, gone: list[Fact], event: Event) -> None:
    """Take entries out, and keep of one address when the person said what they told; patterns have no consents."""
    facts[:] = [fact for fact in facts if fact not in gone]
    if key[ACCOUNT_BYTES] not in _MAX_OF_KIND:
        consents.keep_words(facts, gone, event)


def apply_expired(txn: Transaction, event: Event, change: EntriesExpired) -> bytes:
    """Tidy away the earliest of an account's entries that ended at the cutoff or before.

    Ended entries stop nothing, so no verdict depends on this. Returns one REMOVED for each.
    """
    due = scan_expired(txn, event.draft.account_id, change.cutoff_ms, change.entries_max)
    touched = Touched(txn, event, [entry.address_key for entry in due])
    for entry in due:
        facts = touched.facts(entry.address_key)
        ended = [fact for fact in facts if (fact.label, fact.source) == (entry.label_id, entry.source)]
        _take_out(facts, entry.address_key, ended, event)
    touched.save()
    if any(entry.address_key[ACCOUNT_BYTES] in _MAX_OF_KIND for entry in due):
        accounts.touch_catalog(txn, event)
    return bytes([RowOutcome.REMOVED]) * len(due)


def scan_expired(snapshot: Snapshot, account_id: int, cutoff_ms: int, entries_max: int) -> list[EntryKey]:
    """Return the entries that ended at the cutoff or before, the earliest first, at most `entries_max`."""
    prefix = account_key(account_id)
    found: list[EntryKey] = []
    for key, _ in snapshot.scan(Table.ENTRIES_BY_EXPIRY, prefix):
        expires_at_ms, label_id, source = BY_EXPIRY.unpack_from(key, ACCOUNT_BYTES)
        if expires_at_ms > cutoff_ms or len(found) == entries_max:
            break
        found.append(EntryKey(prefix + key[ACCOUNT_BYTES + BY_EXPIRY.size :], label_id, source))
    return found


def by_label_key(account_id: int, label_id: int, recorded_at_ms: int = 0) -> bytes:
    """Build the key of ENTRIES_BY_LABEL before which no entry of the time stands."""
    return account_key(account_id, BY_LABEL.pack(label_id, recorded_at_ms, 0))


def by_time_key(account_id: int, recorded_at_ms: int) -> bytes:
    """Build the key of ENTRIES_BY_TIME before which no entry of the time stands."""
    return account_key(account_id, BY_TIME.pack(recorded_at_ms, 0, 0))


def from_by_label_key(key: bytes) -> EntryKey:
    """Read a key of ENTRIES_BY_LABEL."""
    label_id, _, source = BY_LABEL.unpack_from(key, ACCOUNT_BYTES)
    return EntryKey(key[:ACCOUNT_BYTES] + key[ACCOUNT_BYTES + BY_LABEL.size :], label_id, source)


def from_by_time_key(key: bytes) -> EntryKey:
    """Read a key of ENTRIES_BY_TIME."""
    _, label_id, source = BY_TIME.unpack_from(key, ACCOUNT_BYTES)
    return EntryKey(key[:ACCOUNT_BYTES] + key[ACCOUNT_BYTES + BY_TIME.size :], label_id, source)


def scan_patterns(snapshot: Snapshot, account_id: int, kind: Kind) -> list[str]:
    """Return every prefix's digits, or every domain, that an account has entries about."""
    prefix = account_key(account_id, bytes((kind,)))
    rows = snapshot.scan(Table.ADDRESSES, prefix)
    return [key[len(prefix) :].decode() for key, value in rows if len(value) > HEAD_BYTES]


def _touch_catalog(txn: Transaction, event: Event, targets: list[Target]) -> None:
    if any(target.kind in _MAX_OF_KIND for target in targets):
        accounts.touch_catalog(txn, event)


def _check_room(txn: Transaction, account_id: int, targets: list[Target]) -> None:
    for kind, (name, count_max) in _MAX_OF_KIND.items():
        wanted = {target.key(account_id) for target in targets if target.kind is kind}
        if not wanted:
            continue
        new = sum(not read(txn, key).facts for key in wanted)
        if len(scan_patterns(txn, account_id, kind)) + new > count_max:
            raise LimitReached(
                f"the account has as many entries of this kind as it may: {name}", kind=name, count_max=count_max
            )
