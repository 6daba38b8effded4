"""Attempts without a server: claims, completions and questions straight to a store, with a clock of the test's own."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from dncd import attempt_log, attempts, journal
from dncd.addresses import Target
from dncd.attempt_counts import Asked, attempt_findings, resolve
from dncd.bounds import Bound
from dncd.events import AttemptsCompleted, AttemptsPruned, AttemptsReserved, ClaimedAttempt, CompletedAttempt, Draft
from dncd.findings import NO_FINDINGS, Findings, Ground, Rows
from dncd.journal import Written
from dncd.locating import Located
from dncd.nouns import AttemptOutcome, AttemptScope, Channel, Role, Verdict
from dncd.rules.place import NOWHERE, Place
from dncd.storage.contract import Store
from dncd.storage.keys import Kind, phone_keys
from dncd.storage.memory import MemoryStore

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
LEASE_MS = 5 * MINUTE_MS
START_MS = 1_750_000_000_000
ACCOUNT = 7


@dataclass(frozen=True)
class Wanted:
    """One attempt that somebody wants to make."""

    phone: int
    contact_id: str = ""
    debt_id: str = ""
    place: Place = NOWHERE


class _Anywhere(Sequence[Place]):
    """As many places as a test names."""

    def __init__(self, places: list[Place]) -> None:
        self._places = places

    def __len__(self) -> int:
        return len(self._places)

    def __getitem__(self, index: int) -> Place:  # type: ignore[override]  # a test takes no slices
        return self._places[index]


def located(wanted: Sequence[Wanted]) -> Located:
    places = list(dict.fromkeys([NOWHERE, *(each.place for each in wanted)]))
    ids = np.array([places.index(each.place) for each in wanted], dtype=np.uint16)
    return Located(ids, _Anywhere(places))  # type: ignore[arg-type]  # counting needs no more of Places


def asked(wanted: Sequence[Wanted], channel: Channel, now_ms: int, account: int = ACCOUNT) -> Asked:
    phones = np.array([each.phone for each in wanted], dtype=np.uint64)
    return Asked(
        channel=channel,
        faults=np.zeros(len(wanted), dtype=np.uint8),
        rows=np.arange(len(wanted)),
        keys=phone_keys(account, phones),
        contact_ids=[each.contact_id for each in wanted],
        debt_ids=[each.debt_id for each in wanted],
        located=located(wanted),
        begins_ms=now_ms,
        ends_ms=now_ms,
    )


@dataclass
class Book:
    """A store of attempts and its clock."""

    store: Store = field(default_factory=MemoryStore)
    now_ms: int = START_MS

    def accept(self, change: object, account: int = ACCOUNT, request_id: bytes = b"", digest: bytes = b"") -> Written:
        draft = Draft(account, "tester", Role.CHECKER, change, request_id, digest.ljust(32))  # type: ignore[arg-type]
        with self.store.transaction() as txn:
            return journal.accept(txn, draft, self.now_ms)

    def claim(
        self,
        *wanted: Wanted,
        bounds: Sequence[Bound] = (),
        channel: Channel = Channel.VOICE,
        lease_ms: int = LEASE_MS,
        account: int = ACCOUNT,
        asked_ms: int | None = None,
        request_id: bytes = b"",
        digest: bytes = b"",
    ) -> list[str]:
        """Claim attempts; returns for each its name, or "" where it was refused."""
        rows: Rows = np.arange(len(wanted))
        judged_ms = self.now_ms if asked_ms is None else asked_ms
        limits, judged_by = resolve(bounds, asked(wanted, channel, judged_ms, account), rows)
        claims = tuple(
            ClaimedAttempt(row, Target(Kind.PHONE, f"+{each.phone}"), each.contact_id, each.debt_id, judged_by[row])
            for row, each in enumerate(wanted)
        )
        change = AttemptsReserved(channel, lease_ms, limits, claims)
        written = self.accept(change, account, request_id, digest)
        return [
            attempts.reservation_text(written.position, row) if code else "" for row, code in enumerate(written.codes)
        ]

    def complete(
        self, *names: str, outcome: AttemptOutcome = AttemptOutcome.NO_ANSWER, account: int = ACCOUNT
    ) -> bytes:
        completed = tuple(CompletedAttempt(name, outcome) for name in names)
        return self.accept(AttemptsCompleted(completed), account).codes

    def prune(self, cutoff_ms: int, events_max: int = 1_000) -> None:
        self.accept(AttemptsPruned(cutoff_ms, events_max), account=0)

    def find(
        self,
        *wanted: Wanted,
        bounds: Sequence[Bound],
        channel: Channel = Channel.VOICE,
        now_ms: int | None = None,
        account: int = ACCOUNT,
    ) -> tuple[Findings, list[Ground]]:
        """Ask what is found about attempts now; findings by row, then in the order of the bounds."""
        grounds: list[Ground] = []
        question = asked(wanted, channel, self.now_ms if now_ms is None else now_ms, account)
        with self.store.snapshot() as snapshot:
            found = list(attempt_findings(snapshot, account, bounds, question, Verdict.UNSCREENED, grounds))
        joined = np.concatenate([NO_FINDINGS, *found])
        return joined[np.argsort(joined["row"], kind="stable")], grounds

    def head(self) -> attempt_log.AttemptHead:
        with self.store.snapshot() as snapshot:
            return attempt_log.head(snapshot)


def limit(maximum: int, hours: int, per: AttemptScope = AttemptScope.NUMBER, *channels: Channel) -> Bound:
    return Bound(per, frozenset(channels), max=maximum, per_hours=hours)


def cooldown(
    after: AttemptOutcome, hours: int = 0, days: int = 0, per: AttemptScope = AttemptScope.NUMBER, *channels: Channel
) -> Bound:
    return Bound(per, frozenset(channels), after=after, hours=hours, days=days)
