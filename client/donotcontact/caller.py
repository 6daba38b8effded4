"""What the blocking and the asynchronous client have in common: settings, stamps, deadlines."""

import inspect
import itertools
import random
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar, get_args

import grpc
from google.protobuf.message import Message

from donotcontact.calls import methods
from donotcontact.connection import Target, Tls
from donotcontact.errors import DoNotContactError, Unavailable
from donotcontact.retry import Attempts, Retry
from donotcontact.v1.journal_service_pb2 import EventKind
from donotcontact.watch import Watch

TARGET = "127.0.0.1:7420"
TIMEOUT_S = 5.0
CONNECTIONS = 4

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


class Clock(Protocol):
    """Tells seconds that only grow, as `time.monotonic`."""

    def __call__(self) -> float:
        """Return now, in seconds."""


def new_uuid() -> str:
    """Make the id of a request."""
    return str(uuid.uuid4())


class Caller:
    """The settings of a client, and what follows from them for each call.

    `timeout_s` bounds each call with all of its repetitions; each chunk of a scrub is a call; a watch has no bound.
    `actor` stands in for an empty actor of a change. A token goes over plaintext to this machine only, unless
    `allow_plaintext_token`. `sleep` is `time.sleep` or `asyncio.sleep`, as fits the client.
    """

    def __init__(
        self,
        target: str = TARGET,
        *,
        token: str | None = None,
        tls: Tls | None = None,
        timeout_s: float = TIMEOUT_S,
        connections: int = CONNECTIONS,
        actor: str = "",
        allow_plaintext_token: bool = False,
        retry: Retry | None = None,
        new_request_id: Callable[[], str] = new_uuid,
        clock: Clock = time.monotonic,
        random: Callable[[], float] = random.random,
        sleep: Callable[[float], Any] | None = None,
    ) -> None:
        self._target = Target(target, token, tls, allow_plaintext_token)
        self._metadata = self._target.metadata
        self._timeout_s = _positive(timeout_s)
        self._connection_count = connections
        self._actor = actor
        self._retry = retry or Retry()
        self._new_request_id = new_request_id
        self._clock = clock
        self._random = random
        self._turns = itertools.count()  # its next() is atomic, so threads share it without a lock
        self._methods = dict(methods())
        self._sleep = sleep or self._own_sleep()
        self._open()

    def _own_sleep(self) -> Callable[[float], Any]:
        raise NotImplementedError

    def _open(self) -> None:
        raise NotImplementedError

    def _call(self, request_type: type[Message], turn: int) -> Any:  # a multi-callable of grpc
        raise NotImplementedError

    def _watched(
        self,
        *,
        after_position: int | None,
        kinds: Sequence[EventKind.ValueType | int],
        heartbeat_seconds: int,
        give_up_after_s: float | None,
    ) -> Watch:
        return Watch(
            after_position=after_position,
            kinds=kinds,
            heartbeat_seconds=heartbeat_seconds,
            give_up_after_s=give_up_after_s,
            retry=self._retry,
            clock=self._clock,
            random=self._random,
        )

    def _attempts(self, request_type: type[Message], timeout_s: float | None) -> Attempts:
        return Attempts(
            self._retry,
            is_change=self._methods[request_type].is_change,
            timeout_s=self._timeout_s if timeout_s is None else timeout_s,
            clock=self._clock,
            random=self._random,
        )

    def _deadline(self, timeout_s: float | None) -> float:
        return self._clock() + (self._timeout_s if timeout_s is None else timeout_s)

    def _stamped(self, request: Any) -> bytes:
        """Serialize the request once, for all of its attempts; a change gets its request_id and actor here."""
        if self._methods[type(request)].is_change:
            request.request_id = request.request_id or self._new_request_id()
            if "actor" in request.DESCRIPTOR.fields_by_name:
                request.actor = request.actor or self._actor
        payload: bytes = request.SerializeToString()
        return payload

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._target.address!r})"


def stream_ended() -> DoNotContactError:
    """Describe a stream that the server closed without a fault."""
    return Unavailable("the stream ended", code=grpc.StatusCode.UNAVAILABLE)


def cancelled() -> DoNotContactError:
    """Describe a call that was given up, on this side or the other."""
    return Unavailable("the call was cancelled", code=grpc.StatusCode.CANCELLED)


def described(send: FunctionT, build: Callable[..., Any], owner: str, container: Any = None) -> FunctionT:
    """Give a method the name, the documentation and the signature of the function that builds its request."""
    signature = inspect.signature(build)
    (answer,) = get_args(signature.return_annotation)
    itself = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    send.__name__ = build.__name__
    send.__qualname__ = f"{owner}.{build.__name__}"
    send.__doc__ = build.__doc__
    send.__signature__ = signature.replace(  # type: ignore[attr-defined]  # inspect looks for it, typing does not
        parameters=[itself, *signature.parameters.values()],
        return_annotation=answer if container is None else container[answer],
    )
    return send


def _positive(timeout_s: float) -> float:
    if not timeout_s > 0:
        raise ValueError("timeout_s is more than 0")
    return timeout_s
