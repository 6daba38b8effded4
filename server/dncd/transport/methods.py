"""From the path of a call to what answers it: the handler where its plane has room, else the refusal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import grpc

from dncd.errors import DncError, Overloaded, TooManyWatchers
from dncd.limits import WATCHERS_MAX
from dncd.transport.pools import Pool, Pools
from dncd.transport.rpc import Authenticate, Plane, Rpc, Surroundings, refusal, stream, unary, upload


@dataclass(frozen=True, slots=True)
class Method:
    """One method: gRPC's handler, the pool that its calls take room of, and what answers when there is none."""

    handler: Any
    pool: Pool
    refuse: Any
    needs_caller: bool


class Methods(grpc.GenericRpcHandler):
    """All methods of a server, as gRPC's generic handler: asked once for each call, on gRPC's serving thread."""

    def __init__(self, methods: dict[str, Method], authenticate: Authenticate, pools: Pools) -> None:
        self._methods = methods
        self._authenticate = authenticate
        self._pools = pools

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Give the handler for a call; None for a method that is not there, which gRPC answers with UNIMPLEMENTED.

        Whoever has no token is refused here, before a thread waits for the request: a stranger who opens calls and
        sends nothing must not hold the threads of the checks.
        """
        method = self._methods.get(handler_call_details.method)
        if method is None:
            return None
        if not method.pool.has_room():
            return method.refuse
        if method.needs_caller:
            try:
                self._authenticate(handler_call_details.invocation_metadata or ())
            except DncError as error:
                return _refuse(error, self._pools)
        return method.handler


def rpc_methods(rpcs: Iterable[Rpc], around: Surroundings, pools: Pools) -> dict[str, Method]:
    """Wrap every rpc for its plane."""
    return {rpc.path: _method(rpc, around, pools) for rpc in rpcs}


def plain_methods(handlers: dict[str, Any], pools: Pools) -> dict[str, Method]:
    """Bound handlers that bring their own messages, health and reflection, by the service pool."""
    refuse = _refuse(_overloaded("the server"), pools)
    return {path: Method(handler, pools.service, refuse, needs_caller=False) for path, handler in handlers.items()}


def _method(rpc: Rpc, around: Surroundings, pools: Pools) -> Method:
    pool = pools.planes[rpc.plane]
    if rpc.plane is Plane.STREAM:
        watch: Any = grpc.unary_stream_rpc_method_handler(on_pool(stream(rpc, around), pool))
        return Method(watch, pool, _refuse(_too_many_watchers(), pools), needs_caller=True)
    if rpc.plane is Plane.UPLOAD:
        taken: Any = grpc.stream_unary_rpc_method_handler(on_pool(_leaving(upload(rpc, around), pool), pool))
        return Method(taken, pool, _refuse(_overloaded("the upload plane"), pools), needs_caller=True)
    answer: Any = grpc.unary_unary_rpc_method_handler(on_pool(unary(rpc, around), pool))
    return Method(answer, pool, _refuse(_overloaded(f"the {rpc.plane.value} plane"), pools), needs_caller=True)


def on_pool(behavior: Callable[..., Any], pool: Pool) -> Callable[..., Any]:
    """Name the threads that gRPC runs a behavior on: it looks for this attribute."""
    behavior.experimental_thread_pool = pool  # type: ignore[attr-defined]  # functions take attributes; mypy knows none
    return behavior


def _leaving(behavior: Callable[[Any, Any], bytes], pool: Pool) -> Callable[[Any, Any], bytes]:
    """Give the place of a call back before its answer is sent: who sends one file after another is never refused."""

    def answer(requests: Any, context: Any) -> bytes:
        try:
            return behavior(requests, context)
        finally:
            pool.leave()

    return answer


def _refuse(error: DncError, pools: Pools) -> Any:
    # Typed as streaming requests for gRPC, so that it does not wait for a request before it refuses.
    return grpc.stream_unary_rpc_method_handler(on_pool(refusal(error), pools.refusals))


def _overloaded(where: str) -> Overloaded:
    return Overloaded(f"{where} has no room for this call now; nothing was changed")


def _too_many_watchers() -> TooManyWatchers:
    return TooManyWatchers("all watcher places of this worker are taken", watchers_max=WATCHERS_MAX)
