"""A real server on a port of its own, with rpcs made for a test."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import grpc
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from grpc_status import rpc_status

from dncd.nouns import Role
from dncd.tokens import Caller
from dncd.transport.rpc import Call, Metadata, Plane, Rpc
from dncd.transport.server import Server
from donotcontact.v1.check_service_pb2 import CheckRequest, CheckResponse

CALLER = Caller(1, "US", Role.AGENT, "tester")
ANY_ROLE = frozenset(Role)
PATH = "/donotcontact.v1.CheckService/"
WAIT_S = 20.0


def rpc(
    method: str,
    handler: Callable[[Call, Any], Any] = lambda _call, _request: CheckResponse(),
    plane: Plane = Plane.DATA,
    roles: frozenset[Role] = ANY_ROLE,
) -> Rpc:
    return Rpc("CheckService", method, CheckRequest, CheckResponse, roles, plane, handler)


class Caught:
    """A refused call, taken apart."""

    def __init__(self, error: Any) -> None:
        self.code = error.code()
        self.message = error.details()
        status = rpc_status.from_call(error)
        self._details = status.details if status else []

    @property
    def info(self) -> ErrorInfo:
        return self._detail(ErrorInfo)

    @property
    def reason(self) -> str:
        return str(self.info.reason)

    @property
    def bad_request(self) -> BadRequest:
        return self._detail(BadRequest)

    @property
    def retry_info(self) -> RetryInfo:
        return self._detail(RetryInfo)

    def _detail(self, kind: type[Any]) -> Any:
        found = [detail for detail in self._details if detail.Is(kind.DESCRIPTOR)]
        assert len(found) == 1, f"one {kind.__name__} is expected"
        message = kind()
        found[0].Unpack(message)
        return message


class Client:
    """Calls methods by name, with bytes as requests and responses."""

    def __init__(self, port: int, token: str | None = None) -> None:
        self.port = port
        self.channel: Any = grpc.insecure_channel(f"127.0.0.1:{port}", [("grpc.use_local_subchannel_pool", 1)])
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def call(self, method: str, payload: bytes = b"") -> bytes:
        answer: bytes = self.channel.unary_unary(PATH + method)(payload, timeout=WAIT_S, metadata=self._metadata)
        return answer

    def start(self, method: str, payload: bytes = b"") -> Any:
        return self.channel.unary_unary(PATH + method).future(payload, timeout=WAIT_S, metadata=self._metadata)

    def watch(self, method: str, payload: bytes = b"") -> Any:
        return self.channel.unary_stream(PATH + method)(payload, timeout=WAIT_S, metadata=self._metadata)

    def upload(self, method: str, payloads: Sequence[bytes]) -> Any:
        return self.channel.stream_unary(PATH + method)(iter(payloads), timeout=WAIT_S, metadata=self._metadata)

    def refused(self, method: str, payload: bytes = b"") -> Caught:
        try:
            self.call(method, payload)
        except grpc.RpcError as error:
            return Caught(error)
        raise AssertionError("the call was answered")


def everyone(_metadata: Metadata) -> Caller:
    return CALLER


@contextmanager
def serving(
    rpcs: Sequence[Rpc], authenticate: Callable[[Metadata], Caller] = everyone, grace_s: float = WAIT_S
) -> Iterator[tuple[Client, Server]]:
    server = Server(rpcs, authenticate, lambda: "incident-1")
    client = Client(server.bind("127.0.0.1:0"))
    server.start()
    try:
        yield client, server
    finally:
        client.channel.close()
        server.drain(notice_s=0, grace_s=grace_s)


class Gate:
    """A handler that says when it runs, and waits to be let go."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.open = threading.Event()

    def __call__(self, _call: Call, _request: Any) -> CheckResponse:
        self.entered.release()
        assert self.open.wait(WAIT_S), "the test forgot to open the gate"
        return CheckResponse()

    def wait_for(self, count: int) -> None:
        for _ in range(count):
            assert self.entered.acquire(timeout=WAIT_S), "a handler did not start"
