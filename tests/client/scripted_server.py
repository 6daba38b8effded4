"""A real gRPC server that answers as a test tells it, and remembers what it was asked."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from threading import Event, Lock
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

from donotcontact.v1 import (
    attempt_service_pb2_grpc,
    check_service_pb2,
    check_service_pb2_grpc,
    consent_service_pb2_grpc,
    core_pb2,
    entry_service_pb2_grpc,
    journal_service_pb2_grpc,
    policy_service_pb2_grpc,
    registry_service_pb2_grpc,
    verdict_pb2,
)
from donotcontact.v1.core_pb2 import Revision
from donotcontact.v1.event_pb2 import Event as JournalEvent
from donotcontact.v1.journal_service_pb2 import WatchEventsResponse

Handler = Callable[[Any, grpc.ServicerContext], Any]

STORE = "0d5f8f0c-4f4d-4a38-8e53-5f4f5d2f9a10"
REVISION = core_pb2.Revision(store=STORE, position=42)
NOT_ALLOW = [0, 2, 3, 4, 5, 6, 7, 8, 99, 255, 256, 257, 513, 65_537, 2**31 - 1, -1, -255, -(2**31)]
ALLOW, BLOCK, INVALID = verdict_pb2.VERDICT_ALLOW, verdict_pb2.VERDICT_BLOCK, verdict_pb2.VERDICT_INVALID


@dataclass(frozen=True)
class Seen:
    """One request as it came."""

    name: str
    request: Any
    metadata: dict[str, str | bytes]
    peer: str


class ScriptedServer:
    """Answers each RPC with the next of its handlers; the last one goes on answering."""

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.release = Event()
        self._handlers: dict[str, list[Handler]] = {"Check": [honest_check], "Scrub": [honest_scrub]}
        self._lock = Lock()
        self._server = grpc.server(ThreadPoolExecutor(max_workers=8), options=[("grpc.so_reuseport", 0)])
        every_servicer: Any = self  # see __getattr__
        attempt_service_pb2_grpc.add_AttemptServiceServicer_to_server(every_servicer, self._server)
        check_service_pb2_grpc.add_CheckServiceServicer_to_server(every_servicer, self._server)
        entry_service_pb2_grpc.add_EntryServiceServicer_to_server(every_servicer, self._server)
        consent_service_pb2_grpc.add_ConsentServiceServicer_to_server(every_servicer, self._server)
        policy_service_pb2_grpc.add_PolicyServiceServicer_to_server(every_servicer, self._server)
        registry_service_pb2_grpc.add_RegistryServiceServicer_to_server(every_servicer, self._server)
        journal_service_pb2_grpc.add_JournalServiceServicer_to_server(every_servicer, self._server)
        self.target = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def script(self, name: str, *handlers: Handler) -> None:
        """Set the handlers of one RPC."""
        self._handlers[name] = list(handlers)

    def requests(self, name: str) -> list[Any]:
        """Return the requests of one RPC, in the order they came."""
        return [seen.request for seen in self.seen if seen.name == name]

    def hang(self, _request: Any, _context: grpc.ServicerContext) -> Any:
        """Answer nothing while the test runs."""
        self.release.wait()
        return check_service_pb2.CheckResponse()

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release.set()
        self._server.stop(grace=0).wait()

    def __getattr__(self, name: str) -> Handler:
        """Stand in for the method of every servicer."""
        streaming = {"WatchEvents": self._answer_stream, "ImportSnapshot": self._answer_upload}
        return partial(streaming.get(name, self._answer), name)

    def _answer(self, name: str, request: Any, context: grpc.ServicerContext) -> Any:
        return self._next(name, request, context)(request, context)

    def _answer_upload(self, name: str, pieces: Iterator[Any], context: grpc.ServicerContext) -> Any:
        return self._answer(name, list(pieces), context)

    def _answer_stream(self, name: str, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        yield from self._next(name, request, context)(request, context)

    def _next(self, name: str, request: Any, context: grpc.ServicerContext) -> Handler:
        with self._lock:
            self.seen.append(Seen(name, request, dict(context.invocation_metadata()), context.peer()))
            handlers = self._handlers[name]
            return handlers.pop(0) if len(handlers) > 1 else handlers[0]


def answer(response: Any) -> Handler:
    """Make a handler that gives this response."""
    return lambda _request, _context: response


def verdict_for(address: str) -> verdict_pb2.Verdict.ValueType:
    """Decide as the honest server does: by the last character."""
    if not address or not address[-1].isdigit():
        return INVALID
    return BLOCK if address[-1] in "02468" else ALLOW


def honest_check(request: Any, _context: Any) -> check_service_pb2.CheckResponse:
    """Answer a Check in full."""
    results = [
        check_service_pb2.CheckResult(verdict=verdict_for(row.address), address=row.address, reference=row.reference)
        for row in request.rows
    ]
    return check_service_pb2.CheckResponse(results=results, checked_at=REVISION, policy_version=7)


def honest_scrub(request: Any, _context: Any) -> check_service_pb2.ScrubResponse:
    """Answer a Scrub in full."""
    addresses = [str(phone) for phone in request.phones] or list(request.addresses)
    verdicts = [verdict_for(address) for address in addresses]
    response = check_service_pb2.ScrubResponse(verdicts=verdicts, checked_at=REVISION)
    if not request.omit_findings:
        _add_findings(response.findings, verdicts)
    return response


def failure(
    code: grpc.StatusCode,
    reason: str = "",
    *,
    message: str = "it failed",
    metadata: dict[str, str] | None = None,
    violations: tuple[tuple[str, str], ...] = (),
    retry_after_ms: int | None = None,
) -> Handler:
    """Make a handler that fails with a google.rpc.Status."""
    details: list[Any] = []
    if reason:
        details.append(error_details_pb2.ErrorInfo(reason=reason, domain="donotcontact", metadata=metadata or {}))
    if violations:
        faults = [error_details_pb2.BadRequest.FieldViolation(field=f, description=d) for f, d in violations]
        details.append(error_details_pb2.BadRequest(field_violations=faults))
    if retry_after_ms is not None:
        details.append(error_details_pb2.RetryInfo(retry_delay=Duration(nanos=retry_after_ms * 1_000_000)))
    status = status_pb2.Status(code=code.value[0], message=message, details=[_packed(detail) for detail in details])

    def fail(_request: Any, context: grpc.ServicerContext) -> Any:
        context.abort_with_status(rpc_status.to_status(status))

    return fail


def checked(*verdicts: int, references: tuple[str, ...] = ()) -> check_service_pb2.CheckResponse:
    """Build the answer to a Check with these verdicts."""
    names = references or ("",) * len(verdicts)
    results = [check_service_pb2.CheckResult(verdict=v, reference=n) for v, n in zip(verdicts, names, strict=True)]  # type: ignore[arg-type]  # unknown numbers too
    return check_service_pb2.CheckResponse(results=results, checked_at=REVISION)


def scrubbed(*verdicts: int) -> check_service_pb2.ScrubResponse:
    """Build the answer to a Scrub with these verdicts."""
    return check_service_pb2.ScrubResponse(verdicts=verdicts, checked_at=REVISION)  # type: ignore[arg-type]  # unknown numbers too


def event(position: int, store: str = STORE) -> WatchEventsResponse:
    """Build the message of one event."""
    return WatchEventsResponse(event=JournalEvent(position=position), read_at=Revision(store=store, position=position))


def heartbeat(position: int) -> WatchEventsResponse:
    """Build a heartbeat."""
    return WatchEventsResponse(read_at=Revision(store=STORE, position=position))


def stream(*messages: WatchEventsResponse, end: Handler | None = None) -> Handler:
    """Make a handler that tells these messages and then ends as `end` does."""

    def tell(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        yield from messages
        if end is not None:
            end(request, context)

    return tell


def resumed_from(server: ScriptedServer) -> list[int | None]:
    """Return the position that each watch began behind."""
    return [
        request.after_position if request.HasField("after_position") else None
        for request in server.requests("WatchEvents")
    ]


def closed_port() -> str:
    """Return a target where nothing listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{listener.getsockname()[1]}"


def _packed(detail: Any) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed


def _add_findings(findings: Any, verdicts: list[verdict_pb2.Verdict.ValueType]) -> None:
    findings.label_names.append("DNC_Sales")
    for row, verdict in enumerate(verdicts):
        if verdict == BLOCK:
            findings.rows.append(row)
            findings.rules.append(verdict_pb2.RULE_ENTRY)
            findings.verdicts.append(verdict)
            findings.faults.append(verdict_pb2.ADDRESS_FAULT_UNSPECIFIED)
            findings.labels.append(0)
            findings.sources.append(core_pb2.SOURCE_AGENT)
            findings.recorded_at_ms.append(1_700_000_000_000)
            findings.event_positions.append(row + 1)
            findings.shadows.append(False)


BREAK = failure(grpc.StatusCode.UNAVAILABLE)
FORBIDDEN = failure(grpc.StatusCode.PERMISSION_DENIED, "ERROR_REASON_ROLE_NOT_ALLOWED")
