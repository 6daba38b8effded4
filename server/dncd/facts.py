"""The packed value of an address: the position of the newest event about it, then a run of 48-byte facts.

A fact with a label is an entry; one of label 0 is the opt-in status, or what its form tells. All facts of many
addresses, joined, are one numpy array, so that a batch is decided without a loop over rows. An address no event was
ever about has no row; one whose entries are all gone keeps its position, from which its history is found.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dncd.events import Event
from dncd.nouns import Channel, EntryReason, OptInStatus, Source

HEAD_BYTES: Final = 8
FACT_BYTES: Final = 48
NEVER_MS: Final = 2**63 - 1
OPT_IN_LABEL: Final = 0
PURPOSE_BITS: Final = 3

_HEAD = struct.Struct(">Q")
_STRUCT = struct.Struct("<IBBBBqqqQII")
_ROW = struct.Struct("<II")
assert _STRUCT.size == FACT_BYTES, "the struct and the dtype describe the same bytes"

FACT: Final = np.dtype(
    [
        ("label", "<u4"),
        ("source", "u1"),
        ("reason", "u1"),
        ("status", "u1"),
        ("form", "u1"),
        ("starts_at_ms", "<i8"),
        ("expires_at_ms", "<i8"),
        ("recorded_at_ms", "<i8"),
        ("position", "<u8"),
        ("row", "<u4"),
        ("scope", "<u4"),
    ]
)
Facts = NDArray[np.void]


class Form(IntEnum):
    """What a fact of label 0 is. Kept on disk: never renumber."""

    OPT_IN = 0
    CONSENT = 1
    PERMISSION = 2
    REVIEW = 3
    REVOCATION = 4


class Permit(IntEnum):
    """What a permission is for: the reason of its fact. Kept on disk: never renumber."""

    ONE_TIME = 0
    CONFIRMATION = 1


class Fact(NamedTuple):
    """One entry, or something else that one address is known for.

    `position` and `row` name the event, and the row within it, that holds note, actor and evidence. `reason`, `status`
    and `scope` belong to the form: see `optin.py`, `consents.py` and `messages.py`.
    """

    label: int
    source: int
    reason: int
    status: int
    form: int
    starts_at_ms: int
    expires_at_ms: int
    recorded_at_ms: int
    position: int
    row: int
    scope: int = 0

    def pack(self) -> bytes:
        """Encode as 48 bytes."""
        return _STRUCT.pack(*self)

    def active(self, now_ms: int) -> bool:
        """Tell whether an entry stops contact at a time."""
        return self.starts_at_ms <= now_ms < self.expires_at_ms

    def covers(self, other: "Fact") -> bool:
        """Tell whether this entry stops contact whenever the other does."""
        return self.starts_at_ms <= other.starts_at_ms and other.expires_at_ms <= self.expires_at_ms

    def extended_by(self, other: "Fact") -> "Fact":
        """Return this entry with the earlier start and the later end of the two."""
        return self._replace(
            starts_at_ms=min(self.starts_at_ms, other.starts_at_ms),
            expires_at_ms=max(self.expires_at_ms, other.expires_at_ms),
        )


def pack_row(row: int) -> bytes:
    """Encode what a fact ends in: the row of its event."""
    return _ROW.pack(row, 0)


@dataclass(slots=True)
class Known:
    """What is known about an address: the position of the newest event about it (0: none), and its facts."""

    last_event: int
    facts: list[Fact]

    def pack(self) -> bytes:
        """Encode; facts are ordered by label and source, so that equal knowledge has equal bytes."""
        # Tuples compare by label, then source, and so on: no two facts are equal.
        return _HEAD.pack(self.last_event) + b"".join([fact.pack() for fact in sorted(self.facts)])


def unpack(value: bytes | None) -> Known:
    """Decode what is known about an address; None is nothing."""
    if value is None:
        return Known(0, [])
    facts = list(map(Fact._make, _STRUCT.iter_unpack(value[HEAD_BYTES:])))
    return Known(_HEAD.unpack_from(value)[0], facts)


def join(values: Iterable[bytes]) -> Facts:
    """Join the facts of many packed values into one column, in their order."""
    return np.frombuffer(b"".join([value[HEAD_BYTES:] for value in values]), dtype=FACT)


def opt_in_fact(status: OptInStatus, source: Source | int, event: Event) -> Fact:
    """Build the fact of an opt-in status."""
    return Fact(OPT_IN_LABEL, source, 0, status, Form.OPT_IN, 0, NEVER_MS, event.time_ms, event.position, 0)


def opt_in_of(facts: list[Fact]) -> Fact | None:
    """Find the opt-in fact; None is NOT_SENT."""
    return next((fact for fact in facts if is_opt_in(fact)), None)


def is_opt_in(fact: Fact) -> bool:
    """Tell whether a fact is the opt-in status."""
    return fact.label == OPT_IN_LABEL and fact.form == Form.OPT_IN


def of_form(facts: Iterable[Fact], form: Form) -> list[Fact]:
    """Return the facts of a form other than entries."""
    return [fact for fact in facts if fact.label == OPT_IN_LABEL and fact.form == form]


def entry_fact(
    label: int, source: Source, reason: EntryReason, starts_at_ms: int, expires_at_ms: int, event: Event, row: int = 0
) -> Fact:
    """Build the fact of an entry that a row of an event adds; an end of 0 is never."""
    ends = expires_at_ms or NEVER_MS
    return Fact(label, source, reason, 0, 0, starts_at_ms, ends, event.time_ms, event.position, row)


def channel_mask(channels: Iterable[Channel]) -> int:
    """Write channels as bits: the status of a consent, permission or review."""
    return sum(1 << (channel - 1) for channel in frozenset(channels))


def channels_of(mask: int) -> list[Channel]:
    """Read channels written as bits, in the order of their numbers."""
    return [channel for channel in Channel if mask & 1 << (channel - 1)]


def consent_fact(
    kind: int, source: Source, mask: int, scope: int, given_at_ms: int, expires_at_ms: int, event: Event
) -> Fact:
    """Build the fact of a consent; an end of 0 is never."""
    ends = expires_at_ms or NEVER_MS
    return Fact(
        OPT_IN_LABEL, source, kind, mask, Form.CONSENT, given_at_ms, ends, event.time_ms, event.position, 0, scope
    )


def revocation_fact(kinds: int, mask: int, purpose: int, event: Event) -> Fact:
    """Build the fact of a revocation: what was given up to its time does not come back. Purpose 0 is every one."""
    now_ms = event.time_ms
    return Fact(OPT_IN_LABEL, 0, kinds, mask, Form.REVOCATION, now_ms, NEVER_MS, now_ms, event.position, 0, purpose)


def permission_fact(permit: Permit, mask: int, expires_at_ms: int, event: Event) -> Fact:
    """Build the fact of a permission for one send, which ends."""
    now_ms = event.time_ms
    return Fact(OPT_IN_LABEL, 0, permit, mask, Form.PERMISSION, now_ms, expires_at_ms, now_ms, event.position, 0)


def review_fact(mask: int, event: Event) -> Fact:
    """Build the fact of a message that waits for a person's decision."""
    return Fact(
        OPT_IN_LABEL, Source.INBOUND_MESSAGE, 0, mask, Form.REVIEW, 0, NEVER_MS, event.time_ms, event.position, 0
    )
