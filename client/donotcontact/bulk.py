"""Asking about whole lists: `scrub` answers for each address, `preview` counts."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import grpc
from google.protobuf.message import Message

from donotcontact import questions
from donotcontact.caller import cancelled
from donotcontact.columns import Chunk, Context, checked_size, scrub_chunks, sequence_of
from donotcontact.errors import DoNotContactError, from_rpc_error
from donotcontact.imports import AsyncImporter, Importer
from donotcontact.preview import PREVIEW_ADDRESSES, Counting, Preview
from donotcontact.results import Channel
from donotcontact.retry import Attempts, is_refusal
from donotcontact.scrubbed import ScrubAnswer, complete_scrub
from donotcontact.v1.check_service_pb2 import PreviewRequest, ScrubRequest
from donotcontact.v1.core_pb2 import Revision
from donotcontact.v1.policy_pb2 import Policy
from donotcontact.window import Window

if TYPE_CHECKING:
    from donotcontact.columns import Addresses, Texts

PREVIEW_TIMEOUT_S = 60.0


class Screener(Importer):
    """What `Client` can do about whole lists."""

    def scrub(
        self,
        addresses: "Addresses",
        *,
        channel: Channel | str,
        policy: str = "",
        region: str = "",
        time_zones: "Texts | None" = None,
        postal_codes: "Texts | None" = None,
        contact_ids: "Texts | None" = None,
        debt_ids: "Texts | None" = None,
        findings: bool = True,
        chunk: int = 10_000,
        in_flight: int = 4,
        at_least_as_fresh: Revision | None = None,
        contact_time: datetime | None = None,
    ) -> Iterator[ScrubAnswer]:
        """Yield the verdicts for any number of addresses, chunk by chunk, in order.

        Addresses are strings, or E.164 digits as whole numbers, fastest as a numpy array of uint64. They are taken
        as needed: at most `in_flight` chunks ahead. The columns beside them, as in `Row`, are as long as they are. A
        failure is raised at the place of its chunk; what was not yielded was not answered.
        """
        head = questions.scrub_head(
            channel=channel,
            policy=policy,
            region=region,
            findings=findings,
            at_least_as_fresh=at_least_as_fresh,
            contact_time=contact_time,
        )
        context = Context(time_zones, postal_codes, contact_ids, debt_ids)
        chunks = scrub_chunks(head, sequence_of(addresses), context, checked_size(chunk))
        return self._scrub(Window(chunks, in_flight))

    def preview(
        self,
        addresses: "Addresses",
        *,
        channel: Channel | str,
        policy: str = "",
        draft: Policy | None = None,
        hours: int = 0,
        region: str = "",
        time_zones: "Texts | None" = None,
        postal_codes: "Texts | None" = None,
        contact_ids: "Texts | None" = None,
        debt_ids: "Texts | None" = None,
        at_least_as_fresh: Revision | None = None,
        contact_time: datetime | None = None,
        chunk: int = PREVIEW_ADDRESSES,
        timeout_s: float = PREVIEW_TIMEOUT_S,
    ) -> Preview:
        """Count what a policy answers for any number of addresses, and how many open in each of the coming `hours`.

        `draft` is a policy that is not applied, in place of `policy`. The list is asked chunk by chunk, each within
        `timeout_s`, all for one moment. An address that stands there twice counts twice.
        """
        head = questions.scrub_head(
            channel=channel,
            policy=policy,
            region=region,
            findings=True,
            at_least_as_fresh=at_least_as_fresh,
            contact_time=contact_time,
        )
        context = Context(time_zones, postal_codes, contact_ids, debt_ids)
        counting = Counting(draft, hours)
        for part in scrub_chunks(head, sequence_of(addresses), context, checked_size(chunk)):
            self._count(counting, part, timeout_s)
        return counting.total()

    def _repeat(self, request_type: type[Message], payload: bytes, attempts: Attempts) -> Any:
        raise NotImplementedError

    def _count(self, counting: Counting, chunk: Chunk, timeout_s: float) -> None:
        attempts = self._attempts(PreviewRequest, timeout_s)
        try:
            counting.add(self._repeat(PreviewRequest, counting.request(chunk), attempts), chunk.count)
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


class AsyncScreener(AsyncImporter):
    """What `AsyncClient` can do about whole lists."""

    def scrub(
        self,
        addresses: "Addresses",
        *,
        channel: Channel | str,
        policy: str = "",
        region: str = "",
        time_zones: "Texts | None" = None,
        postal_codes: "Texts | None" = None,
        contact_ids: "Texts | None" = None,
        debt_ids: "Texts | None" = None,
        findings: bool = True,
        chunk: int = 10_000,
        in_flight: int = 4,
        at_least_as_fresh: Revision | None = None,
        contact_time: datetime | None = None,
    ) -> AsyncIterator[ScrubAnswer]:
        """Yield the verdicts for any number of addresses, chunk by chunk, in order.

        Addresses are strings, or E.164 digits as whole numbers, fastest as a numpy array of uint64. They are taken
        as needed: at most `in_flight` chunks ahead. The columns beside them, as in `Row`, are as long as they are. A
        failure is raised at the place of its chunk; what was not yielded was not answered.
        """
        head = questions.scrub_head(
            channel=channel,
            policy=policy,
            region=region,
            findings=findings,
            at_least_as_fresh=at_least_as_fresh,
            contact_time=contact_time,
        )
        context = Context(time_zones, postal_codes, contact_ids, debt_ids)
        chunks = scrub_chunks(head, sequence_of(addresses), context, checked_size(chunk))
        return self._scrub(Window(chunks, in_flight))

    async def preview(
        self,
        addresses: "Addresses",
        *,
        channel: Channel | str,
        policy: str = "",
        draft: Policy | None = None,
        hours: int = 0,
        region: str = "",
        time_zones: "Texts | None" = None,
        postal_codes: "Texts | None" = None,
        contact_ids: "Texts | None" = None,
        debt_ids: "Texts | None" = None,
        at_least_as_fresh: Revision | None = None,
        contact_time: datetime | None = None,
        chunk: int = PREVIEW_ADDRESSES,
        timeout_s: float = PREVIEW_TIMEOUT_S,
    ) -> Preview:
        """Count what a policy answers for any number of addresses, and how many open in each of the coming `hours`.

        `draft` is a policy that is not applied, in place of `policy`. The list is asked chunk by chunk, each within
        `timeout_s`, all for one moment. An address that stands there twice counts twice.
        """
        head = questions.scrub_head(
            channel=channel,
            policy=policy,
            region=region,
            findings=True,
            at_least_as_fresh=at_least_as_fresh,
            contact_time=contact_time,
        )
        context = Context(time_zones, postal_codes, contact_ids, debt_ids)
        counting = Counting(draft, hours)
        for part in scrub_chunks(head, sequence_of(addresses), context, checked_size(chunk)):
            await self._count(counting, part, timeout_s)
        return counting.total()

    async def _repeat(self, request_type: type[Message], payload: bytes, attempts: Attempts) -> Any:
        raise NotImplementedError

    async def _count(self, counting: Counting, chunk: Chunk, timeout_s: float) -> None:
        attempts = self._attempts(PreviewRequest, timeout_s)
        try:
            counting.add(await self._repeat(PreviewRequest, counting.request(chunk), attempts), chunk.count)
        except DoNotContactError as error:
            raise error.counted_from(chunk.offset) from error.__cause__

    async def _scrub(self, window: Window) -> AsyncIterator[ScrubAnswer]:
        try:
            while (sent := window.take(self._start_scrub)) is not None:
                yield await self._scrubbed(window, *sent)
        finally:
            window.cancel()

    def _start_scrub(self, chunk: Chunk) -> Any:  # a call of grpc.aio
        call = self._call(ScrubRequest, next(self._turns))
        return call(chunk.request, timeout=self._timeout_s, metadata=self._metadata)

    async def _scrubbed(self, window: Window, chunk: Chunk, call: Any) -> ScrubAnswer:
        try:
            response = await self._scrub_response(window, chunk, call)
            return ScrubAnswer(complete_scrub(response, chunk.count), chunk.offset)
        except DoNotContactError as error:
            raise error.counted_from(chunk.offset) from error.__cause__

    async def _scrub_response(self, window: Window, chunk: Chunk, call: Any) -> Any:  # a ScrubResponse
        try:
            with self._closing_is_a_failure():
                return await call
        except grpc.RpcError as error:
            failure = from_rpc_error(error)
        if is_refusal(failure):
            window.narrow()
        attempts = self._attempts(ScrubRequest, None)
        await self._sleep(attempts.pause_s(failure))
        return await self._repeat(ScrubRequest, chunk.request, attempts)
