"""Request ids: a retried change replays its first answer and changes nothing twice.

Rows of REQUESTS, and of ATTEMPT_REQUESTS for the stream of attempts: account + UUID -> position (8 bytes) + SHA-256 of
the request (32 bytes) + outcome codes. A message of a person is known by the gateway's id of it as well: in REQUESTS
stands account + SHA-256 of address and message id -> the same, with the SHA-256 of what was written and where.
"""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from dncd.encoding import decode
from dncd.errors import RequestIdReused
from dncd.events import Draft, Event, InboundMessageRecorded, RequestsPruned
from dncd.limits import REQUEST_ID_DAYS
from dncd.nouns import MessageClass
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key, u64

_HEAD = struct.Struct(">Q32s")
_PRUNED_TO = b"requests_pruned_to"
_HASH_BYTES = 32
_REMEMBERED_MS = REQUEST_ID_DAYS * 86_400_000


@dataclass(frozen=True, slots=True)
class Answered:
    """The first answer to a request: the position of its event and its outcome codes."""

    position: int
    codes: bytes


def find(snapshot: Snapshot, draft: Draft, now_ms: int, table: Table = Table.REQUESTS) -> Answered | None:
    """Return the first answer to the draft's request id, or to the message that it records; None where both are new.

    Raises `RequestIdReused` where an id belongs to a different request or message; a message that may be an opt-out is
    new then instead. So it is where its id was used longer ago than ids are promised to be remembered, though nobody
    has forgotten it yet.
    """
    for known in _ids(draft):
        row = snapshot.get(table, known.key)
        if row is None:
            continue
        position, digest = _HEAD.unpack_from(row)
        if known.gives_way and _time_ms(snapshot, position) < now_ms - _REMEMBERED_MS:
            continue
        if digest == known.digest:
            return Answered(position, row[_HEAD.size :])
        if not known.gives_way:
            raise RequestIdReused(
                f"this {known.of}_id belongs to a different {known.of}; make a new one for each new {known.of}"
            )
    return None


def _time_ms(snapshot: Snapshot, position: int) -> int:
    row = snapshot.get(Table.JOURNAL, u64(position))
    assert row is not None, "what is remembered stands in the journal"
    return decode(row[_HASH_BYTES:]).time_ms


def remember(txn: Transaction, event: Event, codes: bytes, table: Table = Table.REQUESTS) -> None:
    """Remember the answer to the event's request id and message id, where it has them."""
    for known in _ids(event.draft):
        txn.put(table, known.key, _HEAD.pack(event.position, known.digest) + codes)


class _Id(NamedTuple):
    """What a change is known by: the key of its row, the digest of what it stands for, and what it is the id of.

    One that gives way does not keep other content under the same id from being recorded.
    """

    key: bytes
    digest: bytes
    of: str
    gives_way: bool = False


def _ids(draft: Draft) -> Iterator[_Id]:
    if draft.request_id:
        yield _Id(account_key(draft.account_id, draft.request_id), draft.request_digest, "request")
    change = draft.change
    if isinstance(change, InboundMessageRecorded) and change.digest:
        # Twice as long as a UUID: no request id is ever the same.
        named = hashlib.sha256(b"\0".join([change.target.text.encode(), change.message_id.encode()])).digest()
        # A gateway may use its ids again, and what may be an opt-out must never be lost to that.
        stops = change.message_class in {MessageClass.OPT_OUT, MessageClass.REVIEW}
        yield _Id(account_key(draft.account_id, named), change.digest, "message", gives_way=stops)


def pruned_to(snapshot: Snapshot) -> int:
    """Return the position up to which request ids are forgotten."""
    return int.from_bytes(snapshot.get(Table.META, _PRUNED_TO) or b"")


def apply_pruned(txn: Transaction, event: Event, change: RequestsPruned) -> bytes:
    """Forget the request and message ids of old events, walking the journal on from where the last pruning stopped.

    Returns no codes: nobody waits for the number.
    """
    start = position = pruned_to(txn)
    for key, row in txn.scan(Table.JOURNAL, start=u64(start + 1)):
        old = decode(row[_HASH_BYTES:])
        if old.time_ms > change.cutoff_ms or old.position > start + change.events_max:
            break
        for known in _ids(old.draft):
            answered = txn.get(Table.REQUESTS, known.key)
            # Another message may have taken the id over since.
            if answered is not None and _HEAD.unpack_from(answered)[0] == old.position:
                txn.delete(Table.REQUESTS, known.key)
        position = int.from_bytes(key)
    txn.put(Table.META, _PRUNED_TO, u64(position))
    return b""
