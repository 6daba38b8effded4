"""A server to hold to its word: in this process with a clock of its own, or as real processes."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from types import SimpleNamespace
from typing import Any

import grpc
import psutil
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from dncd.administration import create_account, create_token
from dncd.app import App, build_app
from dncd.config import effective
from dncd.nouns import Role
from dncd.storage.contract import Store
from dncd.storage.lmdb import LmdbStore
from dncd.transport.auth import authenticator
from dncd.transport.server import Server
from donotcontact.v1 import (
    attempt_service_pb2,
    check_service_pb2,
    consent_service_pb2,
    core_pb2,
    entry_pb2,
    entry_service_pb2,
    event_pb2,
    journal_service_pb2,
    policy_pb2,
    policy_service_pb2,
    registry_pb2,
    registry_service_pb2,
    verdict_pb2,
)
from rpc_serving import Caught

WAIT_S = 30.0
START_MS = 1_750_000_000_000
SERVICES = (
    check_service_pb2,
    attempt_service_pb2,
    consent_service_pb2,
    entry_service_pb2,
    journal_service_pb2,
    policy_service_pb2,
    registry_service_pb2,
)
_MODULES = (*SERVICES, core_pb2, entry_pb2, event_pb2, policy_pb2, registry_pb2, verdict_pb2)

# Every message and enum value of the contract by its name; untyped, so that tests may send what types forbid.
pb: Any = SimpleNamespace(**{name: value for module in _MODULES for name, value in vars(module).items()})


@dataclass(frozen=True)
class Method:
    """One RPC as the descriptors tell it."""

    path: str
    request: Any
    response: Any
    streams: bool
    uploads: bool


METHODS = {
    method.name: Method(
        f"/{service.full_name}/{method.name}",
        GetMessageClass(method.input_type),
        GetMessageClass(method.output_type),
        method.server_streaming,
        method.client_streaming,
    )
    for module in SERVICES
    for service in module.DESCRIPTOR.services_by_name.values()
    for method in service.methods
}


def moment(time_ms: int) -> Timestamp:
    return Timestamp(seconds=time_ms // 1000, nanos=time_ms % 1000 * 1_000_000)


def in_ms(time: Timestamp) -> int:
    return time.seconds * 1000 + time.nanos // 1_000_000


def new_id() -> str:
    return str(uuid.uuid4())


class Clock:
    """A clock that stands still until it is told otherwise."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self.now_ms = now_ms

    def __call__(self) -> int:
        return self.now_ms

    def advance(self, ms: int) -> None:
        self.now_ms += ms


class Api:
    """One caller: a connection of its own and a token."""

    def __init__(self, address: str, token: str = "") -> None:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        # Untyped: calls are made with raw bytes.
        self.channel: Any = grpc.insecure_channel(address, [*options, ("grpc.enable_http_proxy", 0)])
        self._metadata = (("authorization", f"Bearer {token}"),) if token else ()

    def call(self, method: str, request: Message | bytes | None = None, timeout_s: float = WAIT_S) -> Any:
        raw = self.raw(method, request, timeout_s)
        return METHODS[method].response.FromString(raw)

    def raw(self, method: str, request: Message | bytes | None = None, timeout_s: float = WAIT_S) -> bytes:
        """Give the bytes of an answer; what uploads sends one message."""
        sent = _bytes_of(request)
        uploads = METHODS[method].uploads
        called = self.channel.stream_unary if uploads else self.channel.unary_unary
        answer: bytes = called(METHODS[method].path)(
            iter([sent]) if uploads else sent, timeout=timeout_s, metadata=self._metadata, wait_for_ready=True
        )
        return answer

    def start(self, method: str, request: Message | bytes | None = None) -> Any:
        return self.channel.unary_unary(METHODS[method].path).future(
            _bytes_of(request), timeout=WAIT_S, metadata=self._metadata, wait_for_ready=True
        )

    def watch(self, request: Message | bytes | None = None) -> Any:
        method = METHODS["WatchEvents"]
        return self.channel.unary_stream(method.path, response_deserializer=method.response.FromString)(
            _bytes_of(request), timeout=WAIT_S, metadata=self._metadata, wait_for_ready=True
        )

    def refused(self, method: str, request: Message | bytes | None = None) -> Caught:
        try:
            if METHODS[method].streams:
                next(self.watch(request))
            else:
                self.raw(method, request)
        except grpc.RpcError as error:
            return Caught(error)
        raise AssertionError(f"{method} was answered")

    def close(self) -> None:
        self.channel.close()

    # What most tests say most often.

    def add(self, *addresses: str, label: str = "do-not-contact", source: int = 6, **fields: Any) -> Any:
        entries = [pb.NewEntry(address=address, label=label, source=source) for address in addresses]
        return self.call("AddEntries", pb.AddEntriesRequest(entries=entries, **fields))

    def check(self, *addresses: str, channel: int = 1, **fields: Any) -> Any:
        rows = [pb.CheckRow(address=address) for address in addresses]
        return self.call("Check", pb.CheckRequest(channel=channel, rows=rows, **fields))

    def apply(self, name: str, **fields: Any) -> int:
        """Apply a policy; give its version."""
        request = pb.ApplyPolicyRequest(policy=pb.Policy(name=name, **fields))
        version: int = self.call("ApplyPolicy", request).applied.version
        return version

    def verdicts(self, *addresses: str, channel: int = 1, **fields: Any) -> list[int]:
        return [result.verdict for result in self.check(*addresses, channel=channel, **fields).results]


def _bytes_of(request: Message | bytes | None) -> bytes:
    if request is None:
        return b""
    return request if isinstance(request, bytes) else request.SerializeToString()


@dataclass
class Served:
    """A server in this process."""

    store: LmdbStore
    app: App
    address: str
    clock: Clock
    _closing: ExitStack
    _apis: dict[tuple[str, Role], Api] = field(default_factory=dict)

    def account(self, name: str, region: str = "") -> None:
        create_account(self.store, self.clock(), name, region)

    def token(self, account: str = "default", role: Role = Role.ADMIN) -> str:
        return create_token(self.store, self.clock(), account, f"{role.name.lower()}-1", role)

    def api(self, account: str = "default", role: Role = Role.ADMIN) -> Api:
        """Give the caller of an account and role: the same one each time."""
        if (account, role) not in self._apis:
            api = self._apis[account, role] = Api(self.address, self.token(account, role))
            self._closing.callback(api.close)
        return self._apis[account, role]

    def head(self) -> int:
        return self.app._log.head().position


@contextmanager
def served(
    path: Path, clock: Clock | None = None, around: Callable[[Store], Store] = lambda store: store
) -> Iterator[Served]:
    """Serve a new store; `around` may put something between the server and the store, such as a gate."""
    clock = clock or Clock()
    with ExitStack() as closing:
        store = LmdbStore.own(path)
        closing.callback(store.close)
        app = build_app(around(store), clock, new_id, effective({"store": path}))
        server = Server(app.rpcs, authenticator(store, clock, open_allowed=True), new_id)
        port = server.bind("127.0.0.1:0")
        app.start()
        closing.callback(app.stop)
        server.start()
        closing.callback(server.drain, notice_s=0, grace_s=WAIT_S)
        yield Served(store, app, f"127.0.0.1:{port}", clock, closing)


class Daemon:
    """A real daemon: the supervisor and its workers, in a process group of their own."""

    def __init__(self, store: Path, workers: int = 2) -> None:
        options = ["--store", str(store), "--listen", "127.0.0.1:0", "--workers", str(workers)]
        self._words = TemporaryFile("w+")  # noqa: SIM115 - it lives as long as the daemon; _close closes it
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dncd", "serve", *options, "--log-level", "ERROR"],
            stdout=subprocess.PIPE,
            stderr=self._words,
            text=True,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(WAIT_S)
            self._words.seek(0)
            words = self._words.read()
            self._close()
            raise AssertionError(f"the daemon did not come up: {words}")
        self.address = line.split()[3]

    def workers(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children()
        return found

    def kill(self) -> None:
        """Kill everything at once, as a power cut does, and wait until nothing of it runs."""
        workers = self.workers()
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(WAIT_S)
        psutil.wait_procs(workers, timeout=WAIT_S)
        self._close()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(WAIT_S)
        self._close()

    def _close(self) -> None:
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._words.close()

    def api_on_each_worker(self, token: str, closing: ExitStack) -> list[Api]:
        """Open connections until each worker holds one; give one caller for each worker."""
        found: dict[int, Api] = {}
        workers = self.workers()
        before = {worker.pid: _connections(worker) for worker in workers}
        for _ in range(200):
            api = Api(self.address, token)
            closing.callback(api.close)
            api.call("ListPolicies")
            for worker in workers:
                now = _connections(worker)
                if now != before[worker.pid]:
                    found.setdefault(worker.pid, api)
                before[worker.pid] = now
            if len(found) == len(workers):
                return list(found.values())
        raise AssertionError("the system gave every connection to one worker")


def _connections(worker: psutil.Process) -> set[tuple[str, int]]:
    return {tuple(each.raddr) for each in worker.net_connections("tcp") if each.status == psutil.CONN_ESTABLISHED}


@contextmanager
def daemon(store: Path, workers: int = 2) -> Iterator[Daemon]:
    running = Daemon(store, workers)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.kill()


def prepared_store(path: Path, role: Role = Role.ADMIN) -> str:
    """Make a store with the account `default` and give a token of it."""
    store = LmdbStore.own(path)
    now_ms = START_MS
    build_app(store, lambda: now_ms, new_id, effective({"store": path}))
    token = create_token(store, now_ms, "default", "tester", role)
    store.close()
    return token
