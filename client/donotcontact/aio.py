"""The client for asyncio."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self

import grpc
from google.protobuf.message import Message

from donotcontact import attempts, changes, consents, permissions, questions, regions
from donotcontact.bulk import AsyncScreener
from donotcontact.caller import described, stream_ended
from donotcontact.calls import AnswerT, ItemT, Pages, Sendable
from donotcontact.columns import Chunk, check_chunks
from donotcontact.connection import Connection, connect_async
from donotcontact.errors import DoNotContactError, from_rpc_error
from donotcontact.results import Channel, CheckAnswer, Result, Row, complete_check
from donotcontact.retry import Attempts
from donotcontact.v1.check_service_pb2 import CheckRequest, CheckResponse
from donotcontact.v1.core_pb2 import Revision
from donotcontact.v1.journal_service_pb2 import EventKind, WatchEventsRequest, WatchEventsResponse
from donotcontact.watch import Watch

P = ParamSpec("P")


def _sends(
    build: Callable[P, Sendable[AnswerT]],
) -> Callable[Concatenate["AsyncClient", P], Coroutine[Any, Any, AnswerT]]:
    """Make a method that sends what `build` builds and returns the response."""

    async def send(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> AnswerT:
        call = build(*args, **kwargs)
        return call.complete(await self._send(call.request, call.timeout_s))

    return described(send, build, "AsyncClient")


def _pages(build: Callable[P, Pages[ItemT]]) -> Callable[Concatenate["AsyncClient", P], AsyncIterator[ItemT]]:
    """Make a method that yields the items of what `build` asks for, over all pages."""

    def send(self: "AsyncClient", /, *args: P.args, **kwargs: P.kwargs) -> AsyncIterator[ItemT]:
        return self._items(build(*args, **kwargs))

    return described(send, build, "AsyncClient", AsyncIterator)


class AsyncClient(AsyncScreener):
    """Ask a do-not-contact server, and tell it what changed, from one event loop. An async context manager.

    It connects at its first call. Every failure is a `DoNotContactError`; wrong arguments are ValueError or TypeError.
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

    closed_regions = _sends(regions.closed_regions)
    rule_packs = _sends(regions.rule_packs)
    list_consents = _sends(consents.list_consents)
    list_reviews = _pages(consents.list_reviews)

    add_entries = _sends(changes.add_entries)
    remove_entries = _sends(changes.remove_entries)
    create_label = _sends(changes.create_label)
    update_label = _sends(changes.update_label)
    archive_label = _sends(changes.archive_label)
    set_opt_in = _sends(changes.set_opt_in)
    claim_opt_in_request = _sends(permissions.claim_opt_in_request)
    apply_policy = _sends(changes.apply_policy)
    delete_policy = _sends(changes.delete_policy)
    close_region = _sends(regions.close_region)
    open_region = _sends(regions.open_region)
    record_inbound_message = _sends(consents.record_inbound_message)
    decide_review = _sends(consents.decide_review)
    record_consent = _sends(consents.record_consent)
    revoke_consent = _sends(consents.revoke_consent)
    authorize_one_time_send = _sends(permissions.authorize_one_time_send)
    claim_send = _sends(permissions.claim_send)
    reserve_attempts = _sends(attempts.reserve_attempts)
    complete_attempts = _sends(attempts.complete_attempts)
    create_registry = _sends(changes.create_registry)
    activate_snapshot = _sends(changes.activate_snapshot)
    prune_snapshot = _sends(changes.prune_snapshot)
    grant_coverage = _sends(changes.grant_coverage)

    async def check(
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
        return CheckAnswer([await self._check_chunk(chunk, deadline - self._clock()) for chunk in chunks])

    async def check_one(
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
        answer = await self.check(
            [address],
            channel=channel,
            policy=policy,
            at_least_as_fresh=at_least_as_fresh,
            contact_time=contact_time,
            timeout_s=timeout_s,
        )
        return answer[0]

    def watch_events(
        self,
        after_position: int | None = None,
        kinds: Sequence[EventKind.ValueType | int] = (),
        heartbeat_seconds: int = 0,
        *,
        give_up_after_s: float | None = None,
    ) -> AsyncIterator[WatchEventsResponse]:
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

    async def close(self) -> None:
        """Close the connections; calls under way fail."""
        self._closed = True
        for connection in self._opened:
            await connection.channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _own_sleep(self) -> Callable[[float], Awaitable[None]]:
        return asyncio.sleep

    def _open(self) -> None:
        self._closed = False
        self._opened: list[Connection] = []

    @property
    def _connections(self) -> list[Connection]:
        """Connect at the first call: only there is it sure that the right loop runs."""
        if self._closed:
            raise ValueError("the client is closed")
        if not self._opened:
            self._opened = connect_async(self._target, self._connection_count)
        return self._opened

    def _call(self, request_type: type[Message], turn: int) -> Any:  # a multi-callable of grpc
        return self._connections[turn % len(self._connections)].calls[request_type]

    async def _send(self, request: Message, timeout_s: float | None) -> Any:
        request_type = type(request)
        return await self._repeat(request_type, self._stamped(request), self._attempts(request_type, timeout_s))

    async def _repeat(self, request_type: type[Message], payload: bytes, attempts: Attempts) -> Any:
        """Send until an attempt is answered or no further one is safe; each goes over the next connection."""
        turn = next(self._turns)
        while True:
            try:
                with self._closing_is_a_failure():
                    return await self._call(request_type, turn + attempts.number)(
                        payload, timeout=attempts.timeout_s(), metadata=self._metadata
                    )
            except grpc.RpcError as error:
                pause_s = attempts.pause_s(from_rpc_error(error))
            await self._sleep(pause_s)

    async def _items(self, pages: Pages[ItemT]) -> AsyncIterator[ItemT]:
        more = True
        while more:
            items, more = pages.turn(await self._send(pages.request, None))
            for item in items:
                yield item

    async def _check_chunk(self, chunk: Chunk, timeout_s: float) -> CheckResponse:
        try:
            response = await self._repeat(CheckRequest, chunk.request, self._attempts(CheckRequest, timeout_s))
            return complete_check(response, chunk.references)
        except DoNotContactError as error:
            raise error.counted_from(chunk.offset) from error.__cause__

    async def _watch(self, watch: Watch) -> AsyncIterator[WatchEventsResponse]:
        turn = next(self._turns)
        while True:
            stream = self._call(WatchEventsRequest, turn + watch.breaks)(watch.request(), metadata=self._metadata)
            try:
                with self._closing_is_a_failure():
                    async for message in stream:
                        if watch.is_news(message):
                            yield message
                failure = stream_ended()
            except grpc.RpcError as error:
                failure = from_rpc_error(error)
            finally:
                stream.cancel()
            if self._closed:
                raise failure
            await self._sleep(watch.pause_s(failure))
