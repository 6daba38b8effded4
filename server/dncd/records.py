"""The packed value of an address: the position of the newest event about it, then a run of 48-byte records.

A record with label 0 is the opt-in status; every other is an entry. All records of many addresses, joined, are one
numpy array, so that a batch is decided without a loop over rows. An address no event was ever about has no row; one
whose entries are all gone keeps its position, from which its history is found.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dncd.events import Event
from dncd.nouns import EntryReason, OptInStatus, Source

HEAD_BYTES: Final = 8
RECORD_BYTES: Final = 48
NEVER_MS: Final = 2**63 - 1
OPT_IN_LABEL: Final = 0

_HEAD = struct.Struct(">Q")
_STRUCT = struct.Struct("<IBBBxqqqQII")
_ROW = struct.Struct("<II")
assert _STRUCT.size == RECORD_BYTES, "the struct and the dtype describe the same bytes"

RECORD: Final = np.dtype(
    [
        ("label", "<u4"),
        ("source", "u1"),
        ("reason", "u1"),
        ("status", "u1"),
        ("_pad", "u1"),
        ("starts_at_ms", "<i8"),
        ("expires_at_ms", "<i8"),
        ("recorded_at_ms", "<i8"),
        ("position", "<u8"),
        ("row", "<u4"),
        ("_pad2", "<u4"),
    ]
)
Records = NDArray[np.void]


class Record(NamedTuple):
    """One entry, or the opt-in status, of one address.

    `position` and `row` name the event, and the row within it, that holds note, actor and evidence.
    """

    label: int
    source: int
    reason: int
    status: int
    starts_at_ms: int
    expires_at_ms: int
    recorded_at_ms: int
    position: int
    row: int

    def pack(self) -> bytes:
        """Encode as 48 bytes."""
        return _STRUCT.pack(*self, 0)

    def active(self, now_ms: int) -> bool:
        """Tell whether an entry stops contact at a time."""
        return self.starts_at_ms <= now_ms < self.expires_at_ms

    def covers(self, other: "Record") -> bool:
        """Tell whether this entry stops contact whenever the other does."""
        return self.starts_at_ms <= other.starts_at_ms and other.expires_at_ms <= self.expires_at_ms

    def extended_by(self, other: "Record") -> "Record":
        """Return this entry with the earlier start and the later end of the two."""
        return self._replace(
            starts_at_ms=min(self.starts_at_ms, other.starts_at_ms),
            expires_at_ms=max(self.expires_at_ms, other.expires_at_ms),
        )


def pack_row(row: int) -> bytes:
    """Encode what a record ends in: the row of its event."""
    return _ROW.pack(row, 0)


@dataclass(slots=True)
class Known:
    """What is known about an address: the position of the newest event about it (0: none), and its records."""

    last_event: int
    records: list[Record]

    def pack(self) -> bytes:
        """Encode; records are ordered by label and source, so that equal knowledge has equal bytes."""
        # Tuples compare by label, then source, which no two records share.
        return _HEAD.pack(self.last_event) + b"".join([record.pack() for record in sorted(self.records)])


def unpack(value: bytes | None) -> Known:
    """Decode what is known about an address; None is nothing."""
    if value is None:
        return Known(0, [])
    records = [Record(*fields) for *fields, _ in _STRUCT.iter_unpack(value[HEAD_BYTES:])]
    return Known(_HEAD.unpack_from(value)[0], records)


def join(values: Iterable[bytes]) -> Records:
    """Join the records of many packed values into one column, in their order."""
    return np.frombuffer(b"".join([value[HEAD_BYTES:] for value in values]), dtype=RECORD)


def opt_in_record(status: OptInStatus, source: Source | int, event: Event) -> Record:
    """Build the record of an opt-in status."""
    return Record(OPT_IN_LABEL, source, 0, status, 0, NEVER_MS, event.time_ms, event.position, 0)


def opt_in_of(records: list[Record]) -> Record | None:
    """Find the opt-in record; None is NOT_SENT."""
    return next((record for record in records if record.label == OPT_IN_LABEL), None)


def entry_record(
    label: int, source: Source, reason: EntryReason, starts_at_ms: int, expires_at_ms: int, event: Event, row: int = 0
) -> Record:
    """Build the record of an entry that a row of an event adds; an end of 0 is never."""
    ends = expires_at_ms or NEVER_MS
    return Record(label, source, reason, 0, starts_at_ms, ends, event.time_ms, event.position, row)
