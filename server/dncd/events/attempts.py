"""Events about contact attempts: a stream of their own, which is pruned."""

from dataclasses import dataclass
from typing import NamedTuple

from dncd.addresses import Target
from dncd.limits import ATTEMPTS_KEPT_MAX
from dncd.nouns import AttemptOutcome, AttemptScope, Channel


class ClaimLimit(NamedTuple):
    """What a claim is judged by, with packs and regions resolved: a limit, or with `after` a cool-down.

    A limit: fewer than `max` attempts in the last `window_ms`; `since_ms` is the begin of that window by the clock of
    who claimed, and the earlier one counts. A cool-down: no attempt that came to `after` at `since_ms` or later.
    """

    per: AttemptScope
    channels: frozenset[Channel]
    max: int = 0
    window_ms: int = 0
    after: AttemptOutcome | None = None
    since_ms: int = 0


class ClaimedAttempt(NamedTuple):
    """An attempt that is to be claimed: its row in the request; `limits` are indexes into those of the event."""

    row: int
    target: Target
    contact_id: str = ""
    debt_id: str = ""
    limits: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AttemptsReserved:
    """Attempts were to be claimed, for a lease that runs from the event's time.

    One on what has `kept_max` attempts already is not: it could not be counted.
    """

    channel: Channel
    lease_ms: int
    limits: tuple[ClaimLimit, ...]
    attempts: tuple[ClaimedAttempt, ...]
    kept_max: int = ATTEMPTS_KEPT_MAX


class CompletedAttempt(NamedTuple):
    """A claim that came to an outcome."""

    reservation: str
    outcome: AttemptOutcome


@dataclass(frozen=True, slots=True)
class AttemptsCompleted:
    """Attempts came to an outcome."""

    attempts: tuple[CompletedAttempt, ...]


@dataclass(frozen=True, slots=True)
class AttemptsPruned:
    """Attempts of events at the cutoff or before were forgotten; at most `events_max` events were looked at."""

    cutoff_ms: int
    events_max: int
