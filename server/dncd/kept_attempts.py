"""Attempts as they are kept, and what limits and cool-downs count in them.

An attempt keeps when each outcome was told: a stronger one takes the place of a weaker one, yet a pause that was due
stays due, and the past is told as it was.
"""

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dncd.events import ClaimLimit
from dncd.nouns import AttemptOutcome, Channel
from dncd.storage.contract import Mask

ATTEMPT: Final = np.dtype(
    [
        ("reserved_at_ms", "<i8"),
        ("lease_ends_at_ms", "<i8"),
        ("position", "<u8"),
        ("row", "<u4"),
        ("channel", "u1"),
        ("outcome", "u1"),
        ("spare", "<u2"),
        # When each outcome was told, in the order of their numbers from NO_ANSWER on; 0: never.
        ("told_at_ms", "<i8", (4,)),
    ]
)
ATTEMPT_BYTES: Final = ATTEMPT.itemsize
Attempts = NDArray[np.void]
Times = NDArray[np.int64]

# A stronger outcome takes the place of a weaker one: what was reported wrongly must not undercount for good.
STRENGTHS: Final = (
    AttemptOutcome.PENDING,
    AttemptOutcome.RELEASED,
    AttemptOutcome.NO_ANSWER,
    AttemptOutcome.ABANDONED,
    AttemptOutcome.CONVERSATION,
)

_STRUCT = struct.Struct("<qqQIBBH4q")
assert _STRUCT.size == ATTEMPT_BYTES, "the struct and the dtype describe the same bytes"
_PENDING: Final = int(AttemptOutcome.PENDING)
_CHANNELS: Final = max(Channel) + 1
_RELEASED: Final = int(AttemptOutcome.RELEASED)


def pack_claim(time_ms: int, lease_ends_at_ms: int, position: int, row: int, channel: Channel) -> bytes:
    """Encode an attempt that was claimed."""
    return _STRUCT.pack(time_ms, lease_ends_at_ms, position, row, channel, _PENDING, 0, 0, 0, 0, 0)


def unpack(value: bytes) -> Attempts:
    """Read the attempts of one row of ATTEMPTS, or of several joined."""
    return np.frombuffer(value, dtype=ATTEMPT)


def complete(attempts: Attempts, outcome: AttemptOutcome, time_ms: int) -> None:
    """Give attempts an outcome in place; it must be stronger than theirs."""
    attempts["outcome"] = outcome
    told_at_ms(attempts, outcome)[:] = time_ms


def told_at_ms(attempts: Attempts, outcome: AttemptOutcome) -> Times:
    """Return when attempts came to an outcome, also where a stronger one stands by now; 0 where they did not."""
    times: Times = attempts["told_at_ms"][:, outcome - AttemptOutcome.NO_ANSWER]
    return times


def last_ms(attempts: Attempts) -> Times:
    """Return when something last happened to attempts."""
    times: Times = np.maximum(attempts["reserved_at_ms"], attempts["told_at_ms"].max(axis=1))
    return times


def as_of(attempts: Attempts, time_ms: int) -> Attempts:
    """Return attempts as they stood at a time: those of later are left out, and outcomes told later unknown."""
    then = attempts.compress(attempts["reserved_at_ms"] <= time_ms)
    then["told_at_ms"][then["told_at_ms"] > time_ms] = 0
    then["outcome"] = _PENDING
    for outcome in STRENGTHS[1:]:
        then["outcome"][told_at_ms(then, outcome) > 0] = outcome
    return then


def counted(attempts: Attempts, channels: frozenset[Channel], since_ms: int | Times, now_ms: int) -> Mask:
    """Tell which attempts a limit counts: made since then and not released; a claim while its lease has not ended."""
    outcomes = attempts["outcome"]
    mask: Mask = (attempts["reserved_at_ms"] >= since_ms) & (outcomes != _RELEASED)
    mask &= (outcomes != _PENDING) | (now_ms < attempts["lease_ends_at_ms"])
    return mask & _on(attempts, channels) if channels else mask


def cooling(attempts: Attempts, channels: frozenset[Channel], after: AttemptOutcome, since_ms: int | Times) -> Mask:
    """Tell which attempts a cool-down waits after: those that came to the outcome since then, whatever they are by now.

    What was told as abandoned and later as a conversation was abandoned first: its pause stays due.
    """
    mask: Mask = told_at_ms(attempts, after) >= np.maximum(since_ms, 1)
    return mask & _on(attempts, channels) if channels else mask


def _on(attempts: Attempts, channels: frozenset[Channel]) -> Mask:
    # np.isin costs 40 us a call.
    wanted = np.zeros(_CHANNELS, dtype=np.bool_)
    wanted[list(channels)] = True
    mask: Mask = wanted[attempts["channel"]]
    return mask


def is_full(value: bytes, kept_max: int) -> bool:
    """Tell whether one row of ATTEMPTS holds as many attempts as are kept."""
    return len(value) >= kept_max * ATTEMPT_BYTES


def has_room(value: bytes, limit: ClaimLimit, now_ms: int) -> bool:
    """Tell whether one more attempt may follow those of one row of ATTEMPTS.

    A limit judges by the time that it was resolved at, the end of its window, where that is before `now_ms`: nothing
    ends by a clock that ran ahead.
    """
    if limit.after is not None:
        return not value or not cooling(unpack(value), limit.channels, limit.after, limit.since_ms).any()
    if len(value) < limit.max * ATTEMPT_BYTES:
        return True
    asked_ms = min(limit.since_ms + limit.window_ms - 1, now_ms)
    mask = counted(unpack(value), limit.channels, asked_ms - limit.window_ms + 1, asked_ms)
    return int(mask.sum()) < limit.max
