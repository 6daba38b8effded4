"""The records of attempts, and what limits and cool-downs count in them."""

import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dncd.events import ClaimLimit
from dncd.limits import ATTEMPTS_KEPT_MAX
from dncd.nouns import AttemptOutcome, Channel
from dncd.storage.contract import Mask

RECORD: Final = np.dtype(
    [
        ("reserved_at_ms", "<i8"),
        ("lease_ends_at_ms", "<i8"),
        ("completed_at_ms", "<i8"),
        ("position", "<u8"),
        ("row", "<u4"),
        ("channel", "u1"),
        ("outcome", "u1"),
        ("spare", "<u2"),
    ]
)
RECORD_BYTES: Final = RECORD.itemsize
Attempts = NDArray[np.void]
Times = NDArray[np.int64]

_STRUCT = struct.Struct("<qqqQIBBH")
assert _STRUCT.size == RECORD_BYTES, "the struct and the dtype describe the same bytes"
_PENDING: Final = int(AttemptOutcome.PENDING)
_CHANNELS: Final = max(Channel) + 1
_RELEASED: Final = int(AttemptOutcome.RELEASED)


def pack_claim(time_ms: int, lease_ends_at_ms: int, position: int, row: int, channel: Channel) -> bytes:
    """Encode an attempt that was claimed."""
    return _STRUCT.pack(time_ms, lease_ends_at_ms, 0, position, row, channel, _PENDING, 0)


def unpack(value: bytes) -> Attempts:
    """Read the attempts of one row of ATTEMPTS, or of several joined."""
    return np.frombuffer(value, dtype=RECORD)


def counted(attempts: Attempts, channels: frozenset[Channel], since_ms: int | Times, now_ms: int) -> Mask:
    """Tell which attempts a limit counts: made since then and not released; a claim while its lease has not ended."""
    outcomes = attempts["outcome"]
    mask: Mask = (attempts["reserved_at_ms"] >= since_ms) & (outcomes != _RELEASED)
    mask &= (outcomes != _PENDING) | (now_ms < attempts["lease_ends_at_ms"])
    return mask & _on(attempts, channels) if channels else mask


def cooling(attempts: Attempts, channels: frozenset[Channel], after: AttemptOutcome, since_ms: int | Times) -> Mask:
    """Tell which attempts a cool-down waits after: those that came to the outcome since then."""
    mask: Mask = (attempts["outcome"] == after) & (attempts["completed_at_ms"] >= since_ms)
    return mask & _on(attempts, channels) if channels else mask


def _on(attempts: Attempts, channels: frozenset[Channel]) -> Mask:
    # np.isin costs 40 us a call.
    wanted = np.zeros(_CHANNELS, dtype=np.bool_)
    wanted[list(channels)] = True
    mask: Mask = wanted[attempts["channel"]]
    return mask


def is_full(value: bytes) -> bool:
    """Tell whether one row of ATTEMPTS holds as many attempts as are kept."""
    return len(value) >= ATTEMPTS_KEPT_MAX * RECORD_BYTES


def has_room(value: bytes, limit: ClaimLimit, now_ms: int) -> bool:
    """Tell whether one more attempt may follow those of one row of ATTEMPTS.

    A limit judges by the time that it was resolved at, the end of its window, where that is before `now_ms`: nothing
    ends by a clock that ran ahead.
    """
    if limit.after is not None:
        return not value or not cooling(unpack(value), limit.channels, limit.after, limit.since_ms).any()
    if len(value) < limit.max * RECORD_BYTES:
        return True
    asked_ms = min(limit.since_ms + limit.window_ms - 1, now_ms)
    mask = counted(unpack(value), limit.channels, asked_ms - limit.window_ms + 1, asked_ms)
    return int(mask.sum()) < limit.max
