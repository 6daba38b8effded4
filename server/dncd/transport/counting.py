"""Counting around the transport, where metrics are on: each call as it ends, and each decision. Where they are off
nothing of this is there.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import grpc

from dncd.batch import Batch
from dncd.catalog import Catalogs
from dncd.events import Policy
from dncd.metrics import Counts, Layout
from dncd.storage.contract import Store
from dncd.tokens import Caller
from dncd.transport.deciding import Answer, Decider
from dncd.transport.methods import Method, on_pool
from dncd.transport.rpc import Plane, Rpc
from donotcontact.v1 import (
    attempt_service_pb2,
    check_service_pb2,
    consent_service_pb2,
    entry_service_pb2,
    journal_service_pb2,
    policy_service_pb2,
    registry_service_pb2,
)

_MODULES: Final = (
    check_service_pb2,
    entry_service_pb2,
    consent_service_pb2,
    attempt_service_pb2,
    registry_service_pb2,
    policy_service_pb2,
    journal_service_pb2,
)
_OK: Final = 0
_CANCELLED: Final = 1
_PLACES: Final = {plane: place for place, plane in enumerate(Plane)}


def layout() -> Layout:
    """Lay the cells out: the supervisor and its workers, which know the same contract, do it alike."""
    services = [service for module in _MODULES for service in module.DESCRIPTOR.services_by_name.values()]
    methods = tuple(method.name for service in services for method in service.methods)
    assert len(methods) == len(set(methods)), "the name of a method says which it is, without its service"
    return Layout(methods, tuple(plane.value for plane in Plane))


class CountedDecider(Decider):
    """Decides, and counts the verdicts of what callers asked under policies in force."""

    def __init__(self, store: Store, catalogs: Catalogs, now_ms: Callable[[], int], counts: Counts) -> None:
        super().__init__(store, catalogs, now_ms)
        self._counts = counts

    def answer(self, caller: Caller, request: Any, batch: Batch, draft: Policy | None = None) -> Answer:
        """Decide what a request asks, and count it; see `Decider`. What a draft would answer is not counted."""
        answer = super().answer(caller, request, batch, draft)
        return answer if draft is not None else self._counted(answer)

    def answer_now(self, caller: Caller, policy_name: str, batch: Batch) -> Answer:
        """Decide a batch under a policy, by name, now, and count it."""
        return self._counted(super().answer_now(caller, policy_name, batch))

    def _counted(self, answer: Answer) -> Answer:
        decision = answer.decision
        self._counts.decided(decision.channel, decision.verdicts, decision.shadow_verdicts)
        return answer


class CallCounter(grpc.ServerInterceptor):
    """Counts every call of the contract as it ends: answered, failed, or refused at the door.

    What gRPC itself refuses is not seen here: a method that is not there, and calls beyond all that the server takes.
    """

    def __init__(self, rpcs: Iterable[Rpc], methods: dict[str, Method], counts: Counts) -> None:
        self._tallies = {rpc.path: _Tally(rpc, methods[rpc.path], counts) for rpc in rpcs}

    def intercept_service(
        self, continuation: Callable[[grpc.HandlerCallDetails], Any], handler_call_details: grpc.HandlerCallDetails
    ) -> Any:
        """Give the handler for a call with counting around it; health and reflection are not counted."""
        handler = continuation(handler_call_details)
        tally = self._tallies.get(handler_call_details.method)
        return handler if tally is None else tally.around(handler)


class _Tally:
    """The counting of one method. Its handlers are wrapped once; a caller's refusal is made anew for each call."""

    def __init__(self, rpc: Rpc, method: Method, counts: Counts) -> None:
        self._method = method
        self._counts = counts
        self._place = counts.layout.methods.index(rpc.method)
        self._plane = _PLACES[rpc.plane]
        self._handler = self._timed(method.handler, rpc.plane)
        self._refuse = self._refused(method.refuse, overloaded=True)

    def around(self, handler: Any) -> Any:
        if handler is self._method.handler:
            return self._handler
        return self._refuse if handler is self._method.refuse else self._refused(handler, overloaded=False)

    def _timed(self, handler: Any, plane: Plane) -> Any:
        if plane is Plane.STREAM:
            return grpc.unary_stream_rpc_method_handler(self._streamed(handler.unary_stream))
        if plane is Plane.UPLOAD:
            return grpc.stream_unary_rpc_method_handler(self._answered(handler.stream_unary))
        return grpc.unary_unary_rpc_method_handler(self._answered(handler.unary_unary))

    def _answered(self, behavior: Any) -> Any:
        counts, place, clock_ns = self._counts, self._place, time.perf_counter_ns

        def answer(request: Any, context: Any) -> Any:
            began_ns = clock_ns()
            try:
                return behavior(request, context)
            finally:
                counts.ended(place, _code(context), clock_ns() - began_ns)

        return on_pool(answer, behavior.experimental_thread_pool)

    def _streamed(self, behavior: Any) -> Any:
        def answer(request: Any, context: Any) -> Iterator[Any]:
            try:
                yield from behavior(request, context)
            finally:
                self._counts.ended(self._place, _code(context), None)

        return on_pool(answer, behavior.experimental_thread_pool)

    def _refused(self, handler: Any, *, overloaded: bool) -> Any:
        behavior = handler.stream_unary

        def answer(requests: Any, context: Any) -> Any:
            try:
                return behavior(requests, context)
            finally:
                if overloaded:
                    self._counts.overloaded(self._plane)
                self._counts.ended(self._place, _code(context), None)

        return grpc.stream_unary_rpc_method_handler(on_pool(answer, behavior.experimental_thread_pool))


def _code(context: Any) -> int:
    """Tell the number of a call's status; CANCELLED where its caller left, or its deadline passed, before the end."""
    code = context.code()
    if code is None:
        return _OK if context.is_active() else _CANCELLED
    number: int = code.value[0]
    return number


def overload_counter(counts: Counts) -> Callable[[Plane], object]:
    """Build what counts the calls that handlers refuse for want of room."""
    return lambda plane: counts.overloaded(_PLACES[plane])
