"""The blocking client."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self

import grpc
from google.protobuf.message import Message

from donotcontact import changes, questions
from donotcontact.caller import cancelled, described, stream_ended
from donotcontact.calls import Call, ItemT, Pages, ResponseT
from donotcontact.columns import Chunk, check_chunks, checked_size, scrub_chunks, sequence_of
from donotcontact.connection import connect
from donotcontact.errors import DoNotContactError, from_rpc_error
from donotcontact.imports import Importer
from donotcontact.results import Channel, CheckAnswer, Result, Row, complete_check
from donotcontact.retry import Attempts, is_refusal
from donotcontact.scrubbed import ScrubAnswer, complete_scrub
from donotcontact.v1.check_service_pb2 import CheckRequest, CheckResponse, ScrubRequest
from donotcontact.v1.core_pb2 import Revision
from donotcontact.v1.journal_service_pb2 import EventKind, WatchEventsRequest, WatchEventsResponse
from donotcontact.watch import Watch
from donotcontact.window import Window

if TYPE_CHECKING:
    from donotcontact.columns import Addresses

P = ParamSpec("P")


def _sends(build: Callable[P, Call[ResponseT]]) -> Callable[Concatenate["Client", P], ResponseT]:
    """Make a method that sends what `build` builds and returns the response."""

    def send(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> ResponseT:
        call = build(*args, **kwargs)
        return call.complete(self._send(call.request, call.timeout_s))

    return described(send, build, "Client")


def _pages(build: Callable[P, Pages[ItemT]]) -> Callable[Concatenate["Client", P], Iterator[ItemT]]:
    """Make a method that yields the items of what `build` asks for, over all pages."""

    def send(self: "Client", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[ItemT]:
        return self._items(build(*args, **kwargs))

    return described(send, build, "Client", Iterator)


class Client(Importer):
    """Ask a do-not-contact server, and tell it what changed. A context manager; threads may share it.

    Every failure is a `DoNotContactError`; wrong arguments are ValueError or TypeError.
    For the settings see `Caller`.
    """

    explain = _sends(questions.explain)
    get_address = _sends(questions.get_address)
    get_opt_in = _sends(questions.get_opt_in)
    get_policy = _sends(questions.get_policy)
    list_entries = _pages(questions.list_entries)
    list_entries_page = _sends(questions.list_entries_page)
    list_labels = _pages(questions.list_labels)
    list_policies = _pages(questions.list_policies)
    get_registry = _sends(questions.get_registry)
    list_registries = _pages(questions.list_registries)
    list_snapshots = _pages(questions.list_snapshots)
    list_events = _pages(questions.list_events)
    list_events_page = _sends(questions.list_events_page)
    verify_journal = _sends(questions.verify_journal)

    add_entries = _sends(changes.add_entries)
    remove_entries = _sends(changes.remove_entries)
    create_label = _sends(changes.create_label)
    update_label = _sends(changes.update_label)
    archive_label = _sends(changes.archive_label)
    set_opt_in = _sends(changes.set_opt_in)
    claim_opt_in_request = _sends(changes.claim_opt_in_request)
    apply_policy = _sends(changes.apply_policy)
    delete_policy = _sends(changes.delete_policy)
    create_registry = _sends(changes.create_registry)
    activate_snapshot = _sends(changes.activate_snapshot)
    prune_snapshot = _sends(changes.prune_snapshot)
    grant_coverage = _sends(changes.grant_coverage)

    def check(
        self,
        addresses: Sequence[str | Row],
        *,
        channel: Channel | str,
        policy: str = "",
        at_least_as_fresh: Revision | None = None,
        contact_time: datetime | None = None,
        timeout_s: float | None = None,
    ) -> CheckAnswer:
        """Ask about the addresses that are about to be contacted: one result for each, in order.

        More than 1,000 are asked in chunks, one after the other, all within `timeout_s`.
        """
        head = questions.check_head(channel, policy, at_least_as_fresh, contact_time)
        deadline = self._deadline(timeout_s)
        chunks = check_chunks(head, addresses)
        return CheckAnswer([self._check_chunk(chunk, deadline - self._clock()) for chunk in chunks])

    def check_one(
        self,
        address: str | Row,
        *,
        channel: Channel | str,
        policy: str = "",
        at_least_as_fresh: Revision | None = None,
        contact_time: datetime | None = None,
        timeout_s: float | None = None,
    ) -> Result:
        """Ask about one address that is about to be contacted."""
        return self.check(
            [address],
            channel=channel,
            policy=policy,
            at_least_as_fresh=at_least_as_fresh,
            contact_time=contact_time,
            timeout_s=timeout_s,
        )[0]

    def scrub(
        self,
        addresses: "Addresses",
        *,
        channel: Channel | str,
        policy: str = "",
        region: str = "",
        findings: bool = True,
        chunk: int = 10_000,
        in_flight: int = 4,
        at_least_as_fresh: Revision | None = None,
        contact_time: datetime | None = None,
    ) -> Iterator[ScrubAnswer]:
        """Yield the verdicts for any number of addresses, chunk by chunk, in order.

        Addresses are strings, or E.164 digits as whole numbers, fastest as a numpy array of uint64. They are taken
        as needed: at most `in_flight` chunks ahead. A failure is raised at the place of its chunk; what was not
        yielded was not answered.
        """
        head = questions.scrub_head(
            channel=channel,
            policy=policy,
            region=region,
            findings=findings,
            at_least_as_fresh=at_least_as_fresh,
            contact_time=contact_time,
        )
        chunks = scrub_chunks(head, sequence_of(addresses), checked_size(chunk))
        return self._scrub(Window(chunks, in_flight))

    def watch_events(
        self,
        after_position: int | None = None,
        kinds: Sequence[EventKind.ValueType | int] = (),
        heartbeat_seconds: int = 0,
        *,
        give_up_after_s: float | None = None,
    ) -> Iterator[WatchEventsResponse]:
        """Yield events as they are accepted, each once and in order, and heartbeats; goes on over breaks.

        `after_position` None: from now on. It raises for what waiting does not mend, where a stream from now on
        breaks before its first message, and where nothing was heard for `give_up_after_s`.
        """
        watch = self._watched(
            after_position=after_position,
            kinds=kinds,
            heartbeat_seconds=heartbeat_seconds,
            give_up_after_s=give_up_after_s,
        )
        return self._watch(watch)

    def close(self) -> None:
        """Close the connections; calls under way fail."""
        self._closed = True
        for connection in self._connections:
            connection.channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _own_sleep(self) -> Callable[[float], None]:
        return time.sleep

    def _open(self) -> None:
        self._closed = False
        self._connections = connect(self._target, self._connection_count)

    def _call(self, request_type: type[Message], turn: int) -> Any:  # a multi-callable of grpc
        return self._connections[turn % len(self._connections)].calls[request_type]

    def _send(self, request: Message, timeout_s: float | None) -> Any:
        request_type = type(request)
        return self._repeat(request_type, self._stamped(request), self._attempts(request_type, timeout_s))

    def _repeat(self, request_type: type[Message], payload: bytes, attempts: Attempts) -> Any:
        """Send until an attempt is answered or no further one is safe; each goes over the next connection."""
        turn = next(self._turns)
        while True:
            try:
                return self._call(request_type, turn + attempts.number)(
                    payload, timeout=attempts.timeout_s(), metadata=self._metadata
                )
            except grpc.RpcError as error:
                pause_s = attempts.pause_s(from_rpc_error(error))
            self._sleep(pause_s)

    def _items(self, pages: Pages[ItemT]) -> Iterator[ItemT]:
        more = True
        while more:
            items, more = pages.turn(self._send(pages.request, None))
            yield from items

    def _check_chunk(self, chunk: Chunk, timeout_s: float) -> CheckResponse:
        try:
            response = self._repeat(CheckRequest, chunk.request, self._attempts(CheckRequest, timeout_s))
            return complete_check(response, chunk.references)
        except DoNotContactError as error:
            raise error.counted_from(chunk.offset) from error.__cause__

    def _scrub(self, window: Window) -> Iterator[ScrubAnswer]:
        try:
            while (sent := window.take(self._start_scrub)) is not None:
                yield self._scrubbed(window, *sent)
        finally:
            window.cancel()

    def _start_scrub(self, chunk: Chunk) -> Any:  # a future of grpc
        call = self._call(ScrubRequest, next(self._turns))
        return call.future(chunk.request, timeout=self._timeout_s, metadata=self._metadata)

    def _scrubbed(self, window: Window, chunk: Chunk, future: Any) -> ScrubAnswer:
        try:
            response = self._scrub_response(window, chunk, future)
            return ScrubAnswer(complete_scrub(response, chunk.count), chunk.offset)
        except DoNotContactError as error:
            raise error.counted_from(chunk.offset) from error.__cause__

    def _scrub_response(self, window: Window, chunk: Chunk, future: Any) -> Any:  # a ScrubResponse
        try:
            return future.result()
        except grpc.FutureCancelledError:
            raise cancelled() from None
        except grpc.RpcError as error:
            failure = from_rpc_error(error)
        if is_refusal(failure):
            window.narrow()
        attempts = self._attempts(ScrubRequest, None)
        self._sleep(attempts.pause_s(failure))
        return self._repeat(ScrubRequest, chunk.request, attempts)

    def _watch(self, watch: Watch) -> Iterator[WatchEventsResponse]:
        turn = next(self._turns)
        while True:
            stream = self._call(WatchEventsRequest, turn + watch.breaks)(watch.request(), metadata=self._metadata)
            try:
                for message in stream:
                    if watch.is_news(message):
                        yield message
                failure = stream_ended()
            except grpc.RpcError as error:
                failure = from_rpc_error(error)
            finally:
                stream.cancel()
            if self._closed:
                raise failure
            self._sleep(watch.pause_s(failure))
