"""Request ids: a retried change replays its first answer and changes nothing twice.

Rows of REQUESTS, and of ATTEMPT_REQUESTS for the stream of attempts: account + UUID -> position (8 bytes) + SHA-256 of
the request (32 bytes) + outcome codes.
"""

import struct
from dataclasses import dataclass

from dncd.encoding import decode
from dncd.errors import RequestIdReused
from dncd.events import Draft, Event, RequestsPruned
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key, u64

_HEAD = struct.Struct(">Q32s")
_PRUNED_TO = b"requests_pruned_to"
_HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Answered:
    """The first answer to a request: the position of its event and its outcome codes."""

    position: int
    codes: bytes


def find(snapshot: Snapshot, draft: Draft, table: Table = Table.REQUESTS) -> Answered | None:
    """Return the first answer to the draft's request id, or None. Raises `RequestIdReused` for a different request."""
    if not draft.request_id:
        return None
    row = snapshot.get(table, account_key(draft.account_id, draft.request_id))
    if row is None:
        return None
    position, digest = _HEAD.unpack_from(row)
    if digest != draft.request_digest:
        raise RequestIdReused("this request_id belongs to a different request; make a new one for each new request")
    return Answered(position, row[_HEAD.size :])


def remember(txn: Transaction, event: Event, codes: bytes, table: Table = Table.REQUESTS) -> None:
    """Remember the answer to the event's request id, where it has one."""
    draft = event.draft
    if draft.request_id:
        row = _HEAD.pack(event.position, draft.request_digest) + codes
        txn.put(table, account_key(draft.account_id, draft.request_id), row)


def pruned_to(snapshot: Snapshot) -> int:
    """Return the position up to which request ids are forgotten."""
    return int.from_bytes(snapshot.get(Table.META, _PRUNED_TO) or b"")


def apply_pruned(txn: Transaction, event: Event, change: RequestsPruned) -> bytes:
    """Forget the request ids of old events, walking the journal on from where the last pruning stopped.

    Returns no codes: nobody waits for the number.
    """
    start = position = pruned_to(txn)
    for key, row in txn.scan(Table.JOURNAL, start=u64(start + 1)):
        old = decode(row[_HASH_BYTES:])
        if old.time_ms > change.cutoff_ms or old.position > start + change.events_max:
            break
        if old.draft.request_id:
            txn.delete(Table.REQUESTS, account_key(old.draft.account_id, old.draft.request_id))
        position = int.from_bytes(key)
    txn.put(Table.META, _PRUNED_TO, u64(position))
    return b""
