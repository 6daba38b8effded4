"""JournalService: the proof."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from dncd import history, journal, limits
from dncd.encoding import public_event
from dncd.journal import JournalRow
from dncd.listing import is_by
from dncd.storage.contract import Snapshot, Store, Table
from dncd.storage.keys import account_key, u64
from dncd.transport import fields, paging
from dncd.transport.messages import event_about, revision
from dncd.transport.roles import ADMINS_AND_AUDITORS, MANAGERS_AND_AUDITORS
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import event_pb2
from donotcontact.v1 import journal_service_pb2 as pb

_POLL_S = 0.05
_WATCH_CHUNK_EVENTS = 100

_KINDS: dict[str, int] = {
    "entries_added": pb.EVENT_KIND_ENTRIES_ADDED,
    "entries_removed": pb.EVENT_KIND_ENTRIES_REMOVED,
    "entries_expired": pb.EVENT_KIND_ENTRIES_EXPIRED,
    "label_created": pb.EVENT_KIND_LABEL,
    "label_updated": pb.EVENT_KIND_LABEL,
    "label_archived": pb.EVENT_KIND_LABEL,
    "opt_in_set": pb.EVENT_KIND_OPT_IN,
    "opt_in_claimed": pb.EVENT_KIND_OPT_IN,
    "policy_applied": pb.EVENT_KIND_POLICY,
    "policy_deleted": pb.EVENT_KIND_POLICY,
    "account_created": pb.EVENT_KIND_ACCESS,
    "token_created": pb.EVENT_KIND_ACCESS,
    "token_revoked": pb.EVENT_KIND_ACCESS,
    "requests_pruned": pb.EVENT_KIND_HOUSEKEEPING,
    "registry_created": pb.EVENT_KIND_REGISTRY,
    "snapshot_imported": pb.EVENT_KIND_REGISTRY,
    "snapshot_activated": pb.EVENT_KIND_REGISTRY,
    "snapshot_pruned": pb.EVENT_KIND_REGISTRY,
    "coverage_granted": pb.EVENT_KIND_REGISTRY,
    "account_changed": pb.EVENT_KIND_ACCESS,
    "inbound_message_recorded": pb.EVENT_KIND_MESSAGE,
    "review_decided": pb.EVENT_KIND_MESSAGE,
    "consent_recorded": pb.EVENT_KIND_CONSENT,
    "consent_revoked": pb.EVENT_KIND_CONSENT,
    "permission_answered": pb.EVENT_KIND_PERMISSION,
    "send_claimed": pb.EVENT_KIND_PERMISSION,
    "region_closed": pb.EVENT_KIND_REGION,
    "region_opened": pb.EVENT_KIND_REGION,
}


class JournalHandlers:
    """The handlers of JournalService."""

    def __init__(self, store: Store, monotonic_s: Callable[[], float]) -> None:
        self._store = store
        self._monotonic_s = monotonic_s

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        name = "JournalService"
        watched = (pb.WatchEventsRequest, pb.WatchEventsResponse)
        verified = (pb.VerifyJournalRequest, pb.VerifyJournalResponse)
        listed = (pb.ListEventsRequest, pb.ListEventsResponse)
        return [
            Rpc(name, "ListEvents", *listed, MANAGERS_AND_AUDITORS, Plane.READ, self.list_),
            Rpc(name, "WatchEvents", *watched, MANAGERS_AND_AUDITORS, Plane.STREAM, self.watch),
            Rpc(name, "VerifyJournal", *verified, ADMINS_AND_AUDITORS, Plane.READ, self.verify),
        ]

    def list_(self, call: Call, request: pb.ListEventsRequest) -> pb.ListEventsResponse:
        """List a page of events."""
        account_id = call.caller.journal_id
        start = paging.decode_position(request, account_id)
        page_rows = fields.page_rows(request.page_size)
        keys = _keys_of(call, request)
        found: list[event_pb2.Event] = []
        next_key = b""
        with self._store.snapshot() as snapshot:
            wanted = _wanted(snapshot, request)
            for scanned, position in enumerate(_positions(snapshot, account_id, keys, wanted, start)):
                if len(found) == page_rows or scanned == limits.SCANNED_ROWS_PER_PAGE_MAX:
                    next_key = u64(position)
                    break
                event = _event(journal.find(snapshot, position), keys, account_id)
                if wanted.matches(event):
                    found.append(event)
            end = journal.head(snapshot).position
        return pb.ListEventsResponse(
            events=found,
            next_page_token=paging.encode(request, account_id, next_key),
            read_at=revision(self._store.id, end),
        )

    def watch(self, call: Call, request: pb.WatchEventsRequest) -> Iterator[pb.WatchEventsResponse]:
        """Yield events as they are accepted, and heartbeats while there are none."""
        kinds = _kinds(request.kinds)
        heartbeat_s = request.heartbeat_seconds or limits.HEARTBEAT_SECONDS_DEFAULT
        if not 1 <= heartbeat_s <= limits.HEARTBEAT_SECONDS_MAX:
            raise fields.invalid("heartbeat_seconds", f"must be 0 to {limits.HEARTBEAT_SECONDS_MAX}")
        position = self._begin(request)
        ended = threading.Event()
        call.on_end(ended.set)
        # The first heartbeat tells at once where the stream stands.
        quiet_until = self._monotonic_s()
        while call.is_active():
            chunk, position, more = self._chunk(call.caller.journal_id, position, kinds)
            for event in chunk:
                yield pb.WatchEventsResponse(event=event, read_at=revision(self._store.id, event.position))
            now = self._monotonic_s()
            if chunk or now >= quiet_until:
                yield pb.WatchEventsResponse(read_at=revision(self._store.id, position))
                quiet_until = now + heartbeat_s
            if not more:
                ended.wait(_POLL_S)

    def verify(self, call: Call, request: pb.VerifyJournalRequest) -> pb.VerifyJournalResponse:
        """Recompute the hash chain."""
        del call, request  # it has no fields, and the chain is that of the whole store
        with self._store.snapshot() as snapshot:
            found = journal.verify(snapshot)
            end = journal.head(snapshot).position
        return pb.VerifyJournalResponse(
            intact=found.intact,
            events=found.events,
            head_hash=found.head_hash.hex(),
            broken_at=found.broken_at,
            problem=found.problem,
            read_at=revision(self._store.id, end),
        )

    def _begin(self, request: pb.WatchEventsRequest) -> int:
        with self._store.snapshot() as snapshot:
            end = journal.head(snapshot).position
        if not request.HasField("after_position"):
            return end
        if request.after_position > end:
            # Waiting for it would hide the events until then: it comes from another store, or from before a restore.
            raise fields.invalid("after_position", "lies behind the end of the journal")
        return request.after_position

    def _chunk(self, account_id: int, after: int, kinds: frozenset[int]) -> tuple[list[event_pb2.Event], int, bool]:
        """Return the next events behind a position, the position up to which all was looked at, and whether more wait.

        The snapshot is closed before anything is sent: a slow watcher must not keep old pages alive.
        """
        prefix = account_key(account_id)
        with self._store.snapshot() as snapshot:
            rows = snapshot.scan(Table.JOURNAL_BY_ACCOUNT, prefix, start=prefix + u64(after + 1))
            positions = [int.from_bytes(key[len(prefix) :]) for key, _ in islice(rows, _WATCH_CHUNK_EVENTS)]
            events = [public_event(journal.find(snapshot, position).encoded) for position in positions]
            end = max(after, journal.head(snapshot).position)
        more = len(positions) == _WATCH_CHUNK_EVENTS
        return [event for event in events if not kinds or _kind(event) in kinds], positions[-1] if more else end, more


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What events must be like: a range of positions, kinds, and actor."""

    first: int
    last: int
    oldest_first: bool
    kinds: frozenset[int]
    actor: str

    def matches(self, event: event_pb2.Event) -> bool:
        return (not self.kinds or _kind(event) in self.kinds) and is_by(event.actor, self.actor)


def _wanted(snapshot: Snapshot, request: pb.ListEventsRequest) -> _Wanted:
    from_ms = fields.time_ms(getattr(request, "from"), "from") if request.HasField("from") else None
    before_ms = fields.optional_time_ms(request, "before")
    first = 1 if not from_ms else journal.position_at(snapshot, from_ms - 1) + 1
    end = journal.head(snapshot).position
    last = end if before_ms is None else journal.position_at(snapshot, before_ms - 1)
    return _Wanted(first, last, request.oldest_first, _kinds(request.kinds), request.actor)


def _positions(
    snapshot: Snapshot, account_id: int, keys: frozenset[bytes], wanted: _Wanted, start: int
) -> Iterator[int]:
    """Yield the positions of the account's events, or those about one address, in the range and order wanted."""
    begin = start or (wanted.first if wanted.oldest_first else wanted.last)
    for position in _about(snapshot, keys, wanted) if keys else _of_account(snapshot, account_id, wanted, begin):
        if not wanted.first <= position <= wanted.last:
            return
        if position >= begin if wanted.oldest_first else position <= begin:
            yield position


def _of_account(snapshot: Snapshot, account_id: int, wanted: _Wanted, begin: int) -> Iterator[int]:
    prefix = account_key(account_id)
    rows = snapshot.scan(Table.JOURNAL_BY_ACCOUNT, prefix, start=prefix + u64(begin), reverse=not wanted.oldest_first)
    return (int.from_bytes(key[len(prefix) :]) for key, _ in rows)


def _about(snapshot: Snapshot, keys: frozenset[bytes], wanted: _Wanted) -> Iterator[int]:
    [key] = keys
    within = [p for p in history.positions(snapshot, key) if wanted.first <= p <= wanted.last]
    return reversed(within) if wanted.oldest_first else iter(within)


def _keys_of(call: Call, request: pb.ListEventsRequest) -> frozenset[bytes]:
    if not request.address:
        return frozenset()
    return frozenset({fields.target(request.address, call.caller.default_region).key(call.caller.journal_id)})


def _event(row: JournalRow, keys: frozenset[bytes], account_id: int) -> event_pb2.Event:
    return event_about(row.encoded, keys, account_id) if keys else public_event(row.encoded)


def _kinds(numbers: Iterable[int]) -> frozenset[int]:
    wanted = frozenset(map(int, numbers))
    if wanted - frozenset(pb.EventKind.values()):
        raise fields.invalid("kinds", "must be kinds of EventKind")
    return frozenset() if pb.EVENT_KIND_UNSPECIFIED in wanted else wanted


def _kind(event: event_pb2.Event) -> int:
    change = event.WhichOneof("change")
    assert change is not None, "only events with a change are written"
    return _KINDS[change]
