"""The journal: every accepted change, in order, chained by SHA-256.

Rows of JOURNAL: position -> hash (32 bytes) + event, where hash = SHA-256(hash of the row before || event).
`accept` is the one way in: effect, journal row, indexes and request row in one transaction of the store. Changes of
attempts go the same way into a stream of their own, see `attempt_log.py`.
"""

import hashlib
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from dncd import attempt_log, requests
from dncd.apply import apply
from dncd.encoding import decode, encode
from dncd.errors import StoreCorrupt
from dncd.events import ATTEMPT_CHANGES, Draft, Event
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key, u64

_HEAD_KEY = b"head"
_HEAD = struct.Struct(">QQ32s")
_HASH_BYTES = 32
_GENESIS = bytes(_HASH_BYTES)


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the journal: its last position, that event's time in milliseconds since 1970 UTC, and hash."""

    position: int = 0
    time_ms: int = 0
    hash: bytes = _GENESIS


@dataclass(frozen=True, slots=True)
class Written:
    """The answer to an accepted change: where it stands, and its outcome codes."""

    position: int
    time_ms: int
    codes: bytes


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One row as it is stored."""

    position: int
    hash: bytes
    encoded: bytes

    def event(self) -> Event:
        """Decode the event; raises `StoreCorrupt` where the bytes are none."""
        try:
            return decode(self.encoded)
        except Exception as error:
            raise StoreCorrupt(f"journal row {self.position} does not read as an event") from error


class MutationLog(Protocol):
    """The seam for a replicated log: changes go in, are applied here, and are then answered."""

    def append(self, draft: Draft) -> Written:
        """Accept a change; return when it is durable and applied here. Raises the change's `DncError`."""

    def read_from(self, position: int) -> Iterator[JournalRow]:
        """Yield the rows behind a position, in order, up to the head at the time of the call."""

    def head(self) -> Head:
        """Return the end of the log."""


def head(snapshot: Snapshot) -> Head:
    """Return the end of the journal in a snapshot."""
    row = snapshot.get(Table.META, _HEAD_KEY)
    return Head(*_HEAD.unpack(row)) if row is not None else Head()


def accept(txn: Transaction, draft: Draft, now_ms: int) -> Written:
    """Accept a change in a transaction: apply it, journal it, remember its request.

    The same request id gives its first answer again; it may stand once, in the journal or among the attempts. Time
    never runs backwards in the journal. A change of attempts stands in the stream of attempts, and its position is one
    of that. Raises the change's `DncError` with nothing written.
    """
    answered = find_answer(txn, draft, now_ms)
    if answered is not None:
        return answered
    if isinstance(draft.change, ATTEMPT_CHANGES):
        counted = attempt_log.accept(txn, draft, now_ms)
        return Written(counted.position, counted.time_ms, counted.codes)
    end = head(txn)
    event = Event(end.position + 1, max(now_ms, end.time_ms), draft)
    codes = apply(txn, event)
    _write(txn, event, encode(event, codes), codes, end.hash)
    return Written(event.position, event.time_ms, codes)


def find_answer(snapshot: Snapshot, draft: Draft, now_ms: int) -> Written | None:
    """Return the first answer to the draft's request id, or None; costs two reads where it has one.

    Raises `RequestIdReused` where the id belongs to a different request, be it of the journal or of the attempts.
    """
    counted = attempt_log.find_answer(snapshot, draft, now_ms)
    if counted is not None:
        return Written(counted.position, counted.time_ms, counted.codes)
    answered = requests.find(snapshot, draft, now_ms)
    if answered is not None:
        return Written(answered.position, find(snapshot, answered.position).event().time_ms, answered.codes)
    return None


def replay(txn: Transaction, row: JournalRow) -> None:
    """Do again what a row of another journal did: behind the same rows it gives the same tables, byte for byte.

    Raises `StoreCorrupt` where the journal does not continue with it, or its outcome is another one.
    """
    event, end = row.event(), head(txn)
    codes = apply(txn, event)
    if event.position != end.position + 1 or encode(event, codes) != row.encoded:
        raise StoreCorrupt(f"journal row {row.position} does not do again what it did")
    _write(txn, event, row.encoded, codes, end.hash)


def _write(txn: Transaction, event: Event, encoded: bytes, codes: bytes, hash_before: bytes) -> None:
    """Write the row of an applied event behind the one with the given hash, and all that finds it."""
    chained = hashlib.sha256(hash_before + encoded).digest()
    txn.put(Table.JOURNAL, u64(event.position), chained + encoded)
    txn.put(Table.JOURNAL_BY_ACCOUNT, account_key(event.draft.account_id, u64(event.position)), b"")
    txn.put(Table.META, _HEAD_KEY, _HEAD.pack(event.position, event.time_ms, chained))
    requests.remember(txn, event, codes)


def find(snapshot: Snapshot, position: int) -> JournalRow:
    """Return the row at a position, which must exist; raises `StoreCorrupt` where it does not."""
    row = snapshot.get(Table.JOURNAL, u64(position))
    if row is None:
        raise StoreCorrupt(f"journal row {position} is missing; run `dncd journal verify`")
    return JournalRow(position, row[:_HASH_BYTES], row[_HASH_BYTES:])


def read_from(snapshot: Snapshot, position: int) -> Iterator[JournalRow]:
    """Yield the rows behind a position, in order."""
    for key, row in snapshot.scan(Table.JOURNAL, start=u64(position + 1)):
        yield JournalRow(int.from_bytes(key), row[:_HASH_BYTES], row[_HASH_BYTES:])


def position_at(snapshot: Snapshot, time_ms: int) -> int:
    """Return the position of the last event at or before a time; 0 where there is none. Binary search."""
    low, high = 0, head(snapshot).position
    while low < high:
        middle = (low + high + 1) // 2
        if find(snapshot, middle).event().time_ms <= time_ms:
            low = middle
        else:
            high = middle - 1
    return low


@dataclass(frozen=True, slots=True)
class Verification:
    """What a verification found; `broken_at` is 0 and `problem` empty where all is well."""

    events: int
    head_hash: bytes
    broken_at: int = 0
    problem: str = ""

    @property
    def intact(self) -> bool:
        """Tell whether every event is there, unaltered and in order."""
        return not self.problem


def verify(snapshot: Snapshot, progress: Callable[[int], None] = lambda _: None) -> Verification:
    """Recompute the chain from the first event to the head; `progress` is told each verified position."""
    end = head(snapshot)
    expected, before = 0, _GENESIS
    for row in read_from(snapshot, 0):
        expected += 1
        problem = _problem(row, expected, before)
        if problem:
            return Verification(expected - 1, before, expected, problem)
        before = row.hash
        progress(expected)
    if (expected, before) != (end.position, end.hash):
        return Verification(expected, before, expected + 1, "the journal ends before the recorded head")
    return Verification(expected, before)


def _problem(row: JournalRow, expected: int, before: bytes) -> str:
    if row.position != expected:
        return f"position {expected} is missing"
    if hashlib.sha256(before + row.encoded).digest() != row.hash:
        return "the event, or one before it, was altered"
    if row.event().position != expected:
        return "the event belongs to another position"
    return ""
