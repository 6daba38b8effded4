"""A campaign as it is run: the full policy, what its store holds beside entries, and moments by day and by night.

The policy asks everything that a policy for calls can ask: own labels, a register that consents lift, calling hours,
attempt limits of its own and of a rule pack. What is known about numbers is written by the domain in one process.
"""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from national import NAME, Imported, RegisterFile
from registers import nanp
from traffic import Numbers, Traffic, entries

from dncd import accounts, attempts, journal
from dncd.encoding import canonical_target
from dncd.events import (
    AddedEntry,
    AttemptLimit,
    AttemptsCompleted,
    AttemptsReserved,
    Change,
    ClaimedAttempt,
    CompletedAttempt,
    ConsentRecorded,
    Draft,
    EntriesAdded,
    Label,
    LabelCreated,
    Policy,
    PolicyApplied,
    RequiredRegistry,
)
from dncd.nouns import AttemptOutcome, Channel, ConsentKind, EntryReason, Purpose, Role, Source
from dncd.rulebook import Rulebook
from dncd.rules.hours import OpeningState
from dncd.storage.contract import Transaction
from dncd.storage.lmdb import LmdbStore

FULL: Final = "us-campaign"
LABELS: Final = ("DNC_Sales", "client-acme")
HOURS: Final = ("us-federal", "us-states")
LIMIT_PACKS: Final = ("us-states",)
LIFTED_BY: Final = frozenset({ConsentKind.EXPRESS_WRITTEN, ConsentKind.BUSINESS_RELATIONSHIP})
MAX_AGE_DAYS: Final = 31
ATTEMPTS_EACH: Final = 3
_ATTEMPTS_MAX: Final = 8
_RUN_MAX: Final = timedelta(hours=2)
_DAY_UTC: Final = 19
_NIGHT_UTC: Final = 8
_GROUP_MAX: Final = 10_000
_ROWS_PER_CHANGE: Final = 1_000
_DAY_MS: Final = 86_400_000

FULL_POLICY: Final = Policy(
    FULL,
    channels=frozenset({Channel.VOICE}),
    labels=LABELS,
    registries=(RequiredRegistry(NAME, MAX_AGE_DAYS, lifted_by=LIFTED_BY),),
    calling_hours=HOURS,
    attempt_limits=(AttemptLimit(_ATTEMPTS_MAX, 168),),
    attempt_packs=LIMIT_PACKS,
)


@dataclass(frozen=True, slots=True)
class Moments:
    """A time of day and a time of night everywhere from Puerto Rico to Hawaii, in milliseconds since 1970 UTC.

    By day every state's hours are open, by night all are closed. Both are within 39 hours, so that windows of attempts
    made now still hold them.
    """

    day_ms: int
    night_ms: int


def moments(now: datetime) -> Moments:
    """Return the next day that no run lasts until, since it would be past then, and the night after it."""
    day = now.astimezone(UTC).replace(hour=_DAY_UTC, minute=0, second=0, microsecond=0)
    if day <= now + _RUN_MAX:
        day += timedelta(days=1)
    night = (day + timedelta(days=1)).replace(hour=_NIGHT_UTC)
    return Moments(int(day.timestamp()) * 1000, int(night.timestamp()) * 1000)


def open_areas(book: Rulebook, when: Moments) -> Numbers:
    """Return the area codes whose hours are open by day and closed by night, whatever the exchange."""
    areas = np.arange(201, 990, dtype=np.uint64)
    ids = book.places.of(np.uint64(10**10) + areas * np.uint64(10**7) + np.uint64(2_000_000))
    table = book.hours(HOURS, Channel.VOICE, Purpose.MARKETING).table
    by_day, by_night = (table.states(ids, time_ms) for time_ms in (when.day_ms, when.night_ms))
    found: Numbers = areas[(by_day == OpeningState.OPEN) & (by_night == OpeningState.CLOSED)]
    return found


@dataclass(frozen=True, slots=True)
class Known:
    """Numbers that something is known about, by what: an entry of a built-in label or of an own one, a consent of one
    who is registered, or attempts. All are of area codes that the campaign calls."""

    entries: Numbers
    labelled: Numbers
    consented: Numbers
    attempted: Numbers

    @property
    def groups(self) -> tuple[Numbers, ...]:
        """Return the groups; numbers are drawn from each alike."""
        return self.entries, self.labelled, self.consented, self.attempted


class CampaignTraffic(Traffic):
    """Numbers of the area codes that the campaign calls, asked under a policy for a moment; 0: now.

    With the same seed, the same numbers whatever the policy. A share of them is known, from every group alike; whether
    the others are registered is left to chance.
    """

    def __init__(self, campaign: "Campaign", seed: int, policy: str, contact_ms: int) -> None:
        super().__init__(campaign.entries_total, seed, policy=policy, contact_ms=contact_ms)
        self._areas = campaign.areas
        self._groups = [group for group in campaign.known.groups if len(group)]

    def fresh(self, rows: int) -> Numbers:
        """Draw random numbers of the area codes that are called."""
        return random_numbers(self._random, self._areas, rows)

    def known(self, rows: int) -> Numbers:
        """Draw numbers of all groups."""
        drawn = np.array([group[self._random.integers(0, len(group), rows)] for group in self._groups])
        return drawn[self._random.integers(0, len(self._groups), rows), np.arange(rows)]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A store that is ready for the full policy, and what has to be known to ask about it."""

    store: Path
    register: Imported
    entries_total: int
    areas: Numbers
    known: Known
    moments: Moments
    book: Rulebook

    def traffic(self, seed: int, policy: str, contact_ms: int = 0) -> CampaignTraffic:
        """Return a source of requests under a policy."""
        return CampaignTraffic(self, seed, policy, contact_ms)


def prepared(store: Path, register: Imported, entries_total: int, book: Rulebook, seed: int) -> Campaign:
    """Put the full policy and what it asks about into a store that has the register in force and that nobody serves."""
    when = moments(datetime.now(UTC))
    called = open_areas(book, when)
    listed = np.array([int(area.head) for area in nanp(register.file.areas).areas], np.uint64)
    areas: Numbers = np.intersect1d(called, listed)
    known = _known(register.file, entries_total, areas, seed)
    opened = LmdbStore.own(store, create=False)
    for part in _changes(known):
        with opened.transaction() as txn:
            for change in part:
                accept(txn, change)
    _attempt(opened, known.attempted)
    opened.close()
    return Campaign(store, register, entries_total, areas, known, when, book)


def accept(txn: Transaction, change: Change) -> journal.Written:
    """Accept a change of the account that the benchmark asks for."""
    return journal.accept(txn, Draft(account_id(txn), "bench", Role.ADMIN, change), _now_ms())


def account_id(snapshot: Any) -> int:
    """Return the id of the account that the benchmark asks for."""
    account = accounts.find(snapshot, accounts.DEFAULT_NAME)
    assert account is not None, "every store has it"
    return account.id


def _known(file: RegisterFile, entries_total: int, areas: Numbers, seed: int) -> Known:
    random = np.random.default_rng([seed, 7])
    size = max(50, min(_GROUP_MAX, entries_total // 10))
    listed = file.sample[: 100 * size]
    held = entries(np.arange(entries_total))
    return Known(
        held[np.isin(area_of(held), areas)],
        random_numbers(random, areas, size),
        listed[np.isin(area_of(listed), areas)][:size],
        random_numbers(random, areas, size),
    )


def area_of(numbers: Numbers) -> Numbers:
    """Return the area code of each number of calling code 1."""
    return numbers // np.uint64(10**7) % np.uint64(1000)


def random_numbers(random: np.random.Generator, areas: Numbers, rows: int) -> Numbers:
    """Draw numbers of some area codes."""
    lines = random.integers(2_000_000, 10_000_000, rows, dtype=np.uint64)
    return np.uint64(10**10) + areas[random.integers(0, len(areas), rows)] * np.uint64(10**7) + lines


def _changes(known: Known) -> Iterator[Iterable[Change]]:
    """Yield what is known and the policy, in parts of which each is one commit."""
    yield [LabelCreated(Label(name, frozenset({Channel.VOICE}))) for name in LABELS]
    for rows in _parts(known.labelled):
        yield [EntriesAdded([_entry(number, LABELS[0]) for number in rows])]
    for rows in _parts(known.consented):
        yield [consent(number, _now_ms()) for number in rows]
    yield [PolicyApplied(FULL_POLICY)]


def _parts(numbers: Numbers) -> Iterator[list[int]]:
    for start in range(0, len(numbers), _ROWS_PER_CHANGE):
        yield numbers[start : start + _ROWS_PER_CHANGE].tolist()


def _entry(number: int, label: str) -> AddedEntry:
    return AddedEntry(canonical_target(f"+{number}"), label, Source.IMPORT, EntryReason.REQUESTED_BY_PERSON)


def consent(number: int, now_ms: int) -> ConsentRecorded:
    """Build a consent that lifts: written, for calls, for a year from yesterday."""
    return ConsentRecorded(
        canonical_target(f"+{number}"),
        ConsentKind.EXPRESS_WRITTEN,
        frozenset({Channel.VOICE}),
        None,
        "",
        now_ms - _DAY_MS,
        now_ms + 365 * _DAY_MS,
        Source.IMPORT,
    )


def _attempt(store: LmdbStore, numbers: Numbers) -> None:
    for rows in _parts(numbers):
        for _ in range(ATTEMPTS_EACH):
            with store.transaction() as txn:
                attempt(txn, rows)


def attempt(txn: Transaction, numbers: list[int]) -> None:
    """Make one attempt on each of these numbers: claimed, and nobody answered."""
    claimed = tuple(ClaimedAttempt(row, canonical_target(f"+{number}")) for row, number in enumerate(numbers))
    written = accept(txn, AttemptsReserved(Channel.VOICE, _DAY_MS, (), claimed))
    names = [attempts.reservation_text(written.position, row) for row in range(len(numbers))]
    accept(txn, AttemptsCompleted(tuple(CompletedAttempt(name, AttemptOutcome.NO_ANSWER) for name in names)))


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
