"""Listing and searching entries, newest first, a bounded number of rows at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

from dncd import journal, labels, limits
from dncd.addresses import Target, target_from_key
from dncd.entries import EntryKey, by_label_key, by_time_key, from_by_label_key, from_by_time_key
from dncd.errors import PageTokenInvalid
from dncd.events import NO_EVIDENCE, EntriesAdded, Event, Evidence, OptInSet
from dncd.facts import Fact
from dncd.nouns import EntryReason, EntryState, Source
from dncd.storage.contract import Snapshot, Table
from dncd.storage.keys import account_key
from dncd.touched import read


@dataclass(frozen=True, slots=True)
class Filter:
    """What entries must be like; None and empty match everything. Times are milliseconds since 1970 UTC."""

    label_id: int | None = None
    address_contains: str = ""
    source: Source | None = None
    actor: str = ""
    reason: EntryReason | None = None
    state: EntryState | None = None
    from_ms: int = 0
    before_ms: int | None = None

    @property
    def by_label_alone(self) -> bool:
        """Tell whether the entries that match are counted already: all of them, or all under one label."""
        return self == Filter(label_id=self.label_id)


@dataclass(frozen=True, slots=True)
class Listed:
    """An entry with all that is known about it."""

    target: Target
    label: str
    fact: Fact
    state: EntryState
    actor: str
    note: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Page:
    """A page of entries; `next_key` is where the next one begins, empty at the end."""

    entries: list[Listed]
    next_key: bytes


class Listing:
    """A listing of one account's entries over one snapshot, at one time."""

    def __init__(self, snapshot: Snapshot, account_id: int, now_ms: int) -> None:
        self._snapshot = snapshot
        self._account_id = account_id
        self._now_ms = now_ms
        self._events: dict[int, Event] = {}
        self._names: dict[int, str] = {label_id: label.name for label_id, label in labels.scan(snapshot, account_id)}

    def page(self, wanted: Filter, page_rows: int, start: bytes = b"") -> Page:
        """Return the next entries that match, newest first, after looking at a bounded number of rows."""
        found: list[Listed] = []
        for scanned, (key, entry_key) in enumerate(self._scan(wanted, start)):
            if len(found) == page_rows or scanned == limits.SCANNED_ROWS_PER_PAGE_MAX:
                return Page(found, key)
            listed = self._match(wanted, entry_key)
            if listed is not None:
                found.append(listed)
        return Page(found, b"")

    def total(self, wanted: Filter) -> tuple[int, bool]:
        """Count the entries that match; tell whether it is only a lower bound, for the bounded number of rows."""
        if wanted.by_label_alone:
            label_ids = self._names if wanted.label_id is None else (wanted.label_id,)
            return sum(
                labels.count_entries(self._snapshot, self._account_id, label_id) for label_id in label_ids
            ), False
        count = 0
        for scanned, (_, entry_key) in enumerate(self._scan(wanted, b"")):
            if scanned == limits.SCANNED_ROWS_PER_PAGE_MAX:
                return count, True
            count += self._match(wanted, entry_key) is not None
        return count, False

    def of_address(self, target: Target) -> list[Listed]:
        """Return every entry of one address, newest first."""
        facts = read(self._snapshot, target.key(self._account_id)).facts
        listed = [self._listed(target, fact) for fact in facts if fact.label]
        return sorted(listed, key=lambda entry: entry.fact.recorded_at_ms, reverse=True)

    def _scan(self, wanted: Filter, start: bytes) -> Iterator[tuple[bytes, EntryKey]]:
        """Yield the rows in the filter's range of time, newest first, from `start` on. Raises `PageTokenInvalid`."""
        account_id, before = self._account_id, wanted.before_ms
        if wanted.label_id is not None:
            table, prefix = Table.ENTRIES_BY_LABEL, by_label_key(account_id, wanted.label_id)[:8]
            oldest = by_label_key(account_id, wanted.label_id, wanted.from_ms)
            newest = by_label_key(account_id, wanted.label_id, before) if before is not None else b""
            read = from_by_label_key
        else:
            table, prefix = Table.ENTRIES_BY_TIME, account_key(account_id)
            oldest = by_time_key(account_id, wanted.from_ms)
            newest = by_time_key(account_id, before) if before is not None else b""
            read = from_by_time_key
        if start and not start.startswith(prefix):
            raise PageTokenInvalid("the page_token was not given for these filters; begin again without it")
        for key, _ in self._snapshot.scan(table, prefix, start=start or newest or None, reverse=True):
            if key < oldest:
                return
            yield key, read(key)

    def _match(self, wanted: Filter, key: EntryKey) -> Listed | None:
        if wanted.source is not None and key.source != wanted.source:
            return None
        target = target_from_key(key.address_key)
        if wanted.address_contains not in target.text:
            return None
        facts = read(self._snapshot, key.address_key).facts
        fact = next(r for r in facts if (r.label, r.source) == (key.label_id, key.source))
        if wanted.reason is not None and fact.reason != wanted.reason:
            return None
        listed = self._listed(target, fact)
        if wanted.state not in {None, listed.state} or not is_by(listed.actor, wanted.actor):
            return None
        return listed

    def _listed(self, target: Target, fact: Fact) -> Listed:
        event = self._event(fact.position)
        note, evidence = _details(event, fact.row)
        return Listed(
            target, self._names[fact.label], fact, state_of(fact, self._now_ms), event.draft.actor, note, evidence
        )

    def _event(self, position: int) -> Event:
        # Entries of one import share their event; decoding it once makes a page cheap.
        event = self._events.get(position)
        if event is None:
            event = self._events[position] = journal.find(self._snapshot, position).event()
        return event


def is_by(actor: str, wanted: str) -> bool:
    """Tell whether an actor, such as `console/ann`, is the one that is wanted: by all of it, or by the person alone.

    An empty name is everybody's.
    """
    return wanted in {"", actor, actor.partition("/")[2]}


def state_of(fact: Fact, now_ms: int) -> EntryState:
    """Tell whether an entry stops contact at a time."""
    if now_ms < fact.starts_at_ms:
        return EntryState.SCHEDULED
    return EntryState.ACTIVE if now_ms < fact.expires_at_ms else EntryState.EXPIRED


def _details(event: Event, row: int) -> tuple[str, Evidence]:
    change = event.draft.change
    if isinstance(change, EntriesAdded):
        return change.entries[row].note, change.entries[row].evidence
    if isinstance(change, OptInSet):
        return change.note, change.evidence
    return "", NO_EVIDENCE
