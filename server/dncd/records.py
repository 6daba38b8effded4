"""The packed value of an address: what is known about it, as a run of 48-byte records.

A record with label 0 is the opt-in status; every other is an entry. All records of many addresses, joined, are one
numpy array, so that a batch is decided without a loop over rows. An address about which nothing is known has no row.
"""

import struct
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dncd.nouns import EntryReason, OptInStatus, Source

RECORD_BYTES: Final = 48
NEVER_MS: Final = 2**63 - 1
OPT_IN_LABEL: Final = 0

_STRUCT = struct.Struct("<IBBBxqqqQII")
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


@dataclass(frozen=True, slots=True)
class Record:
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
        return _STRUCT.pack(
            self.label,
            self.source,
            self.reason,
            self.status,
            self.starts_at_ms,
            self.expires_at_ms,
            self.recorded_at_ms,
            self.position,
            self.row,
            0,
        )

    def active(self, now_ms: int) -> bool:
        """Tell whether an entry stops contact at a time."""
        return self.starts_at_ms <= now_ms < self.expires_at_ms

    def covers(self, other: "Record") -> bool:
        """Tell whether this entry stops contact whenever the other does."""
        return self.starts_at_ms <= other.starts_at_ms and other.expires_at_ms <= self.expires_at_ms

    def extended_by(self, other: "Record") -> "Record":
        """Return this entry with the earlier start and the later end of the two."""
        return replace(
            self,
            starts_at_ms=min(self.starts_at_ms, other.starts_at_ms),
            expires_at_ms=max(self.expires_at_ms, other.expires_at_ms),
        )


def unpack(value: bytes) -> list[Record]:
    """Decode all records of an address, in their order."""
    return [
        Record(label, source, reason, status, starts, expires, recorded, position, row)
        for label, source, reason, status, starts, expires, recorded, position, row, _ in _STRUCT.iter_unpack(value)
    ]


def pack(records: list[Record]) -> bytes:
    """Encode records; the order is by label and source, so that equal knowledge has equal bytes."""
    return b"".join(record.pack() for record in sorted(records, key=_identity))


def _identity(record: Record) -> tuple[int, int]:
    return record.label, record.source


def opt_in_record(status: OptInStatus, source: Source | int, recorded_at_ms: int, position: int) -> Record:
    """Build the record of an opt-in status."""
    return Record(OPT_IN_LABEL, source, 0, status, 0, NEVER_MS, recorded_at_ms, position, 0)


def opt_in_of(records: list[Record]) -> Record | None:
    """Find the opt-in record; None is NOT_SENT."""
    # The label 0 sorts first, so it can only be the first.
    return records[0] if records and records[0].label == OPT_IN_LABEL else None


def entry_record(
    label: int,
    source: Source,
    reason: EntryReason,
    *,
    starts_at_ms: int,
    expires_at_ms: int,
    recorded_at_ms: int,
    position: int,
    row: int,
) -> Record:
    """Build the record of an entry; an end of 0 is never."""
    return Record(label, source, reason, 0, starts_at_ms, expires_at_ms or NEVER_MS, recorded_at_ms, position, row)
