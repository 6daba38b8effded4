"""The stream of attempts: its events, in order, with positions and a time of their own.

Rows of ATTEMPT_EVENTS: position -> event. Those of ATTEMPT_REQUESTS are as `requests` tells. The stream is pruned, so
it has no hash chain, and the journal, which is for ever, holds nothing of it.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dncd import attempts, requests
from dncd.encoding import decode, encode
from dncd.errors import StoreCorrupt
from dncd.events import AttemptsCompleted, AttemptsPruned, AttemptsReserved, Draft, Event
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import u64

_HEAD_KEY = b"attempts_head"
_HEAD = struct.Struct(">QQ")

_APPLY: dict[type, Callable[[Transaction, Event, Any], bytes]] = {
    AttemptsReserved: attempts.apply_reserved,
    AttemptsCompleted: attempts.apply_completed,
    AttemptsPruned: attempts.apply_pruned,
}


@dataclass(frozen=True, slots=True)
class AttemptHead:
    """The end of the stream: its last position, and that event's time in milliseconds since 1970 UTC."""

    position: int = 0
    time_ms: int = 0


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to an accepted change: where it stands, and its outcome codes."""

    position: int
    time_ms: int
    codes: bytes


def head(snapshot: Snapshot) -> AttemptHead:
    """Return the end of the stream in a snapshot."""
    row = snapshot.get(Table.META, _HEAD_KEY)
    return AttemptHead(*_HEAD.unpack(row)) if row is not None else AttemptHead()


def accept(txn: Transaction, draft: Draft, now_ms: int) -> Answered:
    """Accept a change of attempts in a transaction: apply it, keep its event, remember its request.

    Its request id must be new: see `journal.accept`. Time never runs backwards in the stream. Raises the change's
    `DncError` with nothing written.
    """
    end = head(txn)
    event = Event(end.position + 1, max(now_ms, end.time_ms), draft)
    codes = _APPLY[type(draft.change)](txn, event, draft.change)
    _write(txn, event, encode(event, codes), codes)
    return Answered(event.position, event.time_ms, codes)


def replay(txn: Transaction, encoded: bytes) -> None:
    """Do again what an event of another store did: behind the same events it gives the same tables, byte for byte.

    Raises `StoreCorrupt` where the stream does not continue with it, or its outcome is another one.
    """
    event = decode(encoded)
    codes = _APPLY[type(event.draft.change)](txn, event, event.draft.change)
    if event.position != head(txn).position + 1 or encode(event, codes) != encoded:
        raise StoreCorrupt(f"event {event.position} of the attempts does not do again what it did")
    _write(txn, event, encoded, codes)


def _write(txn: Transaction, event: Event, encoded: bytes, codes: bytes) -> None:
    txn.put(Table.ATTEMPT_EVENTS, u64(event.position), encoded)
    txn.put(Table.META, _HEAD_KEY, _HEAD.pack(event.position, event.time_ms))
    requests.remember(txn, event, codes, Table.ATTEMPT_REQUESTS)


def find_answer(snapshot: Snapshot, draft: Draft, now_ms: int) -> Answered | None:
    """Return the first answer to the draft's request id, or None. Raises `RequestIdReused` for a different request."""
    answered = requests.find(snapshot, draft, now_ms, Table.ATTEMPT_REQUESTS)
    if answered is None:
        return None
    return Answered(answered.position, event_at(snapshot, answered.position).time_ms, answered.codes)


def event_at(snapshot: Snapshot, position: int) -> Event:
    """Return the event at a position, which must be there; raises `StoreCorrupt` where it is not."""
    encoded = snapshot.get(Table.ATTEMPT_EVENTS, u64(position))
    if encoded is None:
        raise StoreCorrupt(f"event {position} of the attempts is missing")
    return decode(encoded)


def read_from(snapshot: Snapshot, position: int) -> Iterator[tuple[int, bytes]]:
    """Yield position and event of what is kept behind a position, in order."""
    for key, encoded in snapshot.scan(Table.ATTEMPT_EVENTS, start=u64(position + 1)):
        yield int.from_bytes(key), encoded


def oldest_ms(snapshot: Snapshot) -> int | None:
    """Return the time of the oldest event that is kept; None where there is none."""
    return next((decode(encoded).time_ms for _, encoded in read_from(snapshot, 0)), None)
