"""A server with canned answers behind real gRPC, so that the command runs with its real client."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from donotcontact.v1 import (
    attempt_service_pb2,
    check_service_pb2,
    consent_service_pb2,
    entry_service_pb2,
    journal_service_pb2,
    policy_service_pb2,
)
from donotcontact.v1.check_service_pb2 import CheckResponse, CheckResult, ScrubResponse
from donotcontact.v1.core_pb2 import Revision, Source
from donotcontact.v1.verdict_pb2 import AddressFault, Finding, Rule, Verdict

REVISION = Revision(store="s1", position=42)
NOVEMBER_3 = 1_793_664_000
MODULES = (
    attempt_service_pb2,
    check_service_pb2,
    consent_service_pb2,
    entry_service_pb2,
    journal_service_pb2,
    policy_service_pb2,
)
Answer = Callable[[Any], Any]


class Refusal(Exception):
    """A call that is refused, with the details that servers give."""

    def __init__(
        self,
        code: grpc.StatusCode,
        reason: str,
        message: str,
        violations: dict[str, str] | None = None,
        **figures: str,
    ) -> None:
        super().__init__(message)
        self.status = Status(code=code.value[0], message=message)
        info = ErrorInfo(reason=f"ERROR_REASON_{reason}", domain="donotcontact", metadata=figures)
        self.status.details.add().Pack(info)
        if violations:
            faults = [BadRequest.FieldViolation(field=path, description=text) for path, text in violations.items()]
            self.status.details.add().Pack(BadRequest(field_violations=faults))


class FakeServer(grpc.GenericRpcHandler):
    """Blocks `blocked` addresses, finds everything without 10 digits or an @ invalid, allows the rest."""

    def __init__(self) -> None:
        self.methods = {
            f"/{service.full_name}/{method.name}": method
            for module in MODULES
            for service in module.DESCRIPTOR.services_by_name.values()
            for method in service.methods
        }
        self.grpc_server = grpc.server(ThreadPoolExecutor(4), handlers=[self])
        self.target = f"127.0.0.1:{self.grpc_server.add_insecure_port('127.0.0.1:0')}"
        self.grpc_server.start()
        self.reset()

    def reset(self) -> None:
        self.blocked: set[str] = set()
        self.answers: dict[str, Answer] = {"Check": self.check, "Scrub": self.scrub}
        self.requests: list[Any] = []
        self.tokens: list[str] = []

    def stop(self) -> None:
        self.grpc_server.stop(None).wait()

    def service(self, handler_call_details: Any) -> Any:
        method = self.methods[handler_call_details.method]
        build = grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
        respond = self._stream if method.server_streaming else self._respond
        return build(
            lambda request, context: respond(method.name, request, context),
            GetMessageClass(method.input_type).FromString,
            lambda response: response.SerializeToString(),
        )

    def _respond(self, name: str, request: Any, context: grpc.ServicerContext) -> Any:
        self.requests.append(request)
        self.tokens.append(str(dict(context.invocation_metadata()).get("authorization", "")))
        try:
            return self.answers[name](request)
        except Refusal as refusal:
            context.abort_with_status(rpc_status.to_status(refusal.status))

    def _stream(self, name: str, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        self.requests.append(request)
        yield from self.answers[name](request)

    def findings(self, address: str) -> list[Finding]:
        text = address.strip()
        if not text or ("@" not in text and len(re.sub(r"\D", "", text)) < 10):
            fault = AddressFault.ADDRESS_FAULT_NOT_AN_ADDRESS if text else AddressFault.ADDRESS_FAULT_EMPTY
            if re.fullmatch(r"\d\.\d+E\+\d+", text):
                fault = AddressFault.ADDRESS_FAULT_ROUNDED_BY_SPREADSHEET
            return [Finding(rule=Rule.RULE_ADDRESS, verdict=Verdict.VERDICT_INVALID, fault=fault)]
        return [block_finding()] if text in self.blocked else []

    def check(self, request: Any) -> CheckResponse:
        results = []
        for row in request.rows:
            findings = self.findings(row.address)
            verdict = findings[0].verdict if findings else Verdict.VERDICT_ALLOW
            normal = "" if verdict == Verdict.VERDICT_INVALID else row.address
            results.append(CheckResult(verdict=verdict, address=normal, findings=findings, reference=row.reference))
        return CheckResponse(results=results, checked_at=REVISION, contact_time=Timestamp(seconds=NOVEMBER_3))

    def scrub(self, request: Any) -> ScrubResponse:
        response = ScrubResponse(checked_at=REVISION, contact_time=Timestamp(seconds=NOVEMBER_3))
        columns = response.findings
        columns.label_names.append("do-not-contact")
        for row, address in enumerate(request.addresses):
            findings = self.findings(address)
            response.verdicts.append(findings[0].verdict if findings else Verdict.VERDICT_ALLOW)
            for finding in findings:
                columns.rows.append(row)
                columns.rules.append(finding.rule)
                columns.verdicts.append(finding.verdict)
                columns.faults.append(finding.fault)
                columns.labels.append(0 if finding.label else 0xFFFFFFFF)
                columns.sources.append(finding.source)
                columns.recorded_at_ms.append(finding.recorded_at.ToMilliseconds())
                columns.event_positions.append(finding.event_position)
                columns.shadows.append(finding.shadow)
        return response


def block_finding() -> Finding:
    return Finding(
        rule=Rule.RULE_ENTRY,
        verdict=Verdict.VERDICT_BLOCK,
        label="do-not-contact",
        source=Source.SOURCE_AGENT,
        recorded_at=Timestamp(seconds=NOVEMBER_3),
        event_position=17,
    )
