"""What a call is, and the one wrapper around every handler.

A handler takes a `Call` and its request and returns its response; it raises errors of `dncd.errors` and knows nothing
of gRPC. The wrapper takes raw bytes, so that every refusal carries a reason: too large, malformed, not authenticated,
not allowed; then it runs the handler, and maps what is raised to a status.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import grpc
from google.protobuf.message import DecodeError, Message

from dncd.errors import (
    DncError,
    MalformedRequest,
    MessageTooLarge,
    Overloaded,
    RoleNotAllowed,
    ShuttingDown,
    StorageFull,
    StoreCorrupt,
    TooManyWatchers,
)
from dncd.limits import MESSAGE_BYTES_MAX
from dncd.nouns import Role
from dncd.tokens import Caller
from dncd.transport.draining import Draining
from dncd.transport.errors import Incident, abort, trace_without_values

PACKAGE: Final = "donotcontact.v1"

Metadata = Sequence[tuple[str, str | bytes]]
Authenticate = Callable[[Metadata], Caller]

_log = logging.getLogger(__name__)


class Plane(Enum):
    """Which threads a call runs on, so that no kind of work starves another."""

    DATA = "data"
    BULK = "bulk"
    CONTROL = "control"
    READ = "read"
    STREAM = "stream"
    UPLOAD = "upload"


class Call:
    """One call, as its handler sees it."""

    __slots__ = ("_context", "_draining", "caller")

    def __init__(self, caller: Caller, context: Any, draining: Draining) -> None:
        self.caller = caller
        self._context = context
        self._draining = draining

    def is_active(self) -> bool:
        """Tell whether anybody waits for more: False once the caller has gone or the server is stopping."""
        return not self._draining.is_set() and bool(self._context.is_active())

    def on_end(self, wake: Callable[[], None]) -> None:
        """Have `wake` called once the call is not active any more, so that a stream that waits can stop at once.

        It runs on a thread of gRPC, so it must not wait; it may run twice.
        """
        self._draining.add(wake)
        if not self._context.add_callback(lambda: self._ended(wake)):
            self._ended(wake)

    def _ended(self, wake: Callable[[], None]) -> None:
        self._draining.remove(wake)
        wake()


@dataclass(frozen=True, slots=True)
class Rpc:
    """One method of a service: its messages, who may call it, where it runs, and what it does.

    The handler of a STREAM yields responses, that of an UPLOAD takes an iterator of requests. Others take one and
    return one; bytes are taken as a response already serialized.
    """

    service: str
    method: str
    request: type[Message]
    response: type[Message]
    roles: frozenset[Role]
    plane: Plane
    handler: Callable[[Call, Any], Any]

    @property
    def path(self) -> str:
        """Name the method as gRPC does."""
        return f"/{PACKAGE}.{self.service}/{self.method}"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the wrapper needs beside the method: who is calling, ids for incidents, whether the server is stopping.

    `overloaded` hears the plane of each call that a handler refuses for want of room.
    """

    authenticate: Authenticate
    new_id: Callable[[], str]
    draining: Draining
    overloaded: Callable[[Plane], object] = lambda _plane: None


def unary(rpc: Rpc, around: Surroundings) -> Callable[[bytes, Any], bytes]:
    """Wrap a handler that answers once into what gRPC calls with the bytes of a request."""
    handler, authenticate, roles, draining = rpc.handler, around.authenticate, rpc.roles, around.draining
    parse: Callable[[bytes], Any] = rpc.request.FromString

    def answer(payload: bytes, context: Any) -> bytes:
        try:
            if len(payload) > MESSAGE_BYTES_MAX:
                raise _too_large(payload)
            request = parse(payload)
            caller = authenticate(context.invocation_metadata())
            if caller.role not in roles:
                raise _not_allowed(caller, rpc)
            response = handler(Call(caller, context, draining), request)
            answered: bytes = response if type(response) is bytes else response.SerializeToString()
        except Exception as error:  # noqa: BLE001 - the last line of defence: everything becomes a status
            failure = _failure(error, rpc, around)
        else:
            return answered
        return abort_call(context, failure)

    return answer


def stream(rpc: Rpc, around: Surroundings) -> Callable[[bytes, Any], Iterator[bytes]]:
    """Wrap a handler that yields responses; when the server stops it ends with SHUTTING_DOWN: callers return.

    The caller is asked for again before each response: a token that was revoked or has expired ends the stream.
    """

    def messages(payload: bytes, context: Any) -> Iterator[bytes]:
        if len(payload) > MESSAGE_BYTES_MAX:
            raise _too_large(payload)
        request = rpc.request.FromString(payload)
        caller = around.authenticate(context.invocation_metadata())
        if caller.role not in rpc.roles:
            raise _not_allowed(caller, rpc)
        for response in rpc.handler(Call(caller, context, around.draining), request):
            around.authenticate(context.invocation_metadata())
            yield response.SerializeToString()
        if around.draining.is_set():
            raise ShuttingDown("the server is stopping; connect again")

    def answer(payload: bytes, context: Any) -> Iterator[bytes]:
        try:
            yield from messages(payload, context)
        except Exception as error:  # noqa: BLE001 - the last line of defence: everything becomes a status
            failure = _failure(error, rpc, around)
        else:
            return
        abort_call(context, failure)

    return answer


def upload(rpc: Rpc, around: Surroundings) -> Callable[[Iterator[bytes], Any], bytes]:
    """Wrap a handler that takes a stream of requests and answers once. The caller is known before any is read."""

    def messages(payloads: Iterator[bytes]) -> Iterator[Message]:
        try:
            for payload in payloads:
                if len(payload) > MESSAGE_BYTES_MAX:
                    raise _too_large(payload)
                yield rpc.request.FromString(payload)
        except grpc.RpcError:
            # Nobody hears this; it keeps a caller who left from being taken for a bug.
            raise MalformedRequest("the caller left in the middle of the upload") from None

    def answer(payloads: Iterator[bytes], context: Any) -> bytes:
        try:
            caller = around.authenticate(context.invocation_metadata())
            if caller.role not in rpc.roles:
                raise _not_allowed(caller, rpc)
            response = rpc.handler(Call(caller, context, around.draining), messages(payloads))
            answered: bytes = response.SerializeToString()
        except Exception as error:  # noqa: BLE001 - the last line of defence: everything becomes a status
            failure = _failure(error, rpc, around)
        else:
            return answered
        return abort_call(context, failure)

    return answer


def refusal(error: DncError) -> Callable[[Any, Any], bytes]:
    """Build what answers every call with one error, without reading its request."""

    def refuse(_requests: Any, context: Any) -> bytes:
        return abort_call(context, error)

    return refuse


def abort_call(context: Any, failure: DncError) -> bytes:
    """End the call with the failure's status; typed as an answer because it never returns."""
    abort(context, failure)
    raise AssertionError("abort raises")


def _failure(error: Exception, rpc: Rpc, around: Surroundings) -> DncError:
    if isinstance(error, DncError):
        if isinstance(error, (StorageFull, StoreCorrupt)):
            _log.error("%s failed: %s", rpc.path, error)
        if isinstance(error, (Overloaded, TooManyWatchers)):
            around.overloaded(rpc.plane)
        return error
    if isinstance(error, DecodeError):
        return MalformedRequest(f"the bytes are not a {rpc.request.DESCRIPTOR.name}")
    incident = around.new_id()
    _log.error("incident %s in %s\n%s", incident, rpc.path, trace_without_values(error))
    return Incident("an unexpected failure; the server's log has its trace under the incident id", incident=incident)


def _too_large(payload: bytes) -> MessageTooLarge:
    sentence = f"the message has {len(payload):,} bytes; at most {MESSAGE_BYTES_MAX:,} are taken"
    return MessageTooLarge(sentence, bytes=len(payload), bytes_max=MESSAGE_BYTES_MAX)


def _not_allowed(caller: Caller, rpc: Rpc) -> RoleNotAllowed:
    allowed = ", ".join(role.name for role in sorted(rpc.roles))
    return RoleNotAllowed(
        f"{rpc.method} takes one of the roles {allowed}", role=caller.role.name, roles_allowed=allowed
    )
