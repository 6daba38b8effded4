"""From the tree of expected failures to gRPC: one table of codes, and the status that a caller gets.

A status travels in the trailing metadata, which clients refuse beyond 8 KiB: so both texts and faults are cut to fit.
"""

from collections.abc import Callable
from typing import Any, Final, Protocol

import grpc
from google.protobuf.any_pb2 import Any as PackedAny
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from dncd.errors import DncError, FieldFault, InvalidFields, shown
from dncd.limits import FIELD_FAULTS_MAX

DOMAIN: Final = "donotcontact"
TEXT_CHARS_MAX: Final = 512
FAULT_BYTES_MAX: Final = 3_000
# Figures that callers gave.
_NAMES: Final = frozenset({"label", "policy"})

_Code = grpc.StatusCode
CODES: Final = {
    "ERROR_REASON_MALFORMED_REQUEST": _Code.INVALID_ARGUMENT,
    "ERROR_REASON_MESSAGE_TOO_LARGE": _Code.INVALID_ARGUMENT,
    "ERROR_REASON_UPLOAD_TOO_LARGE": _Code.INVALID_ARGUMENT,
    "ERROR_REASON_INVALID_FIELD": _Code.INVALID_ARGUMENT,
    "ERROR_REASON_BATCH_EMPTY": _Code.INVALID_ARGUMENT,
    "ERROR_REASON_BATCH_TOO_LARGE": _Code.INVALID_ARGUMENT,
    "ERROR_REASON_INVALID_ADDRESS": _Code.INVALID_ARGUMENT,
    "ERROR_REASON_POLICY_NOT_FOUND": _Code.NOT_FOUND,
    "ERROR_REASON_LABEL_NOT_FOUND": _Code.NOT_FOUND,
    "ERROR_REASON_LABEL_EXISTS": _Code.ALREADY_EXISTS,
    "ERROR_REASON_LABEL_ARCHIVED": _Code.FAILED_PRECONDITION,
    "ERROR_REASON_LABEL_BUILT_IN": _Code.FAILED_PRECONDITION,
    "ERROR_REASON_LABEL_NARROWED": _Code.FAILED_PRECONDITION,
    "ERROR_REASON_CHANNEL_NOT_IN_POLICY": _Code.INVALID_ARGUMENT,
    "ERROR_REASON_REVISION_OF_ANOTHER_STORE": _Code.FAILED_PRECONDITION,
    "ERROR_REASON_REVISION_NOT_YET_HERE": _Code.UNAVAILABLE,
    "ERROR_REASON_REQUEST_ID_REUSED": _Code.FAILED_PRECONDITION,
    "ERROR_REASON_TOKEN_MISSING": _Code.UNAUTHENTICATED,
    "ERROR_REASON_TOKEN_INVALID": _Code.UNAUTHENTICATED,
    "ERROR_REASON_ROLE_NOT_ALLOWED": _Code.PERMISSION_DENIED,
    "ERROR_REASON_OWN_WORD_STANDS": _Code.PERMISSION_DENIED,
    "ERROR_REASON_OVERLOADED": _Code.RESOURCE_EXHAUSTED,
    "ERROR_REASON_LIMIT_REACHED": _Code.RESOURCE_EXHAUSTED,
    "ERROR_REASON_STORAGE_FULL": _Code.RESOURCE_EXHAUSTED,
    "ERROR_REASON_SHUTTING_DOWN": _Code.UNAVAILABLE,
    "ERROR_REASON_INTERNAL": _Code.INTERNAL,
    "ERROR_REASON_PAGE_TOKEN_INVALID": _Code.INVALID_ARGUMENT,
    "ERROR_REASON_AS_OF_OUT_OF_RANGE": _Code.INVALID_ARGUMENT,
    "ERROR_REASON_STORE_CORRUPT": _Code.DATA_LOSS,
    "ERROR_REASON_TOO_MANY_WATCHERS": _Code.RESOURCE_EXHAUSTED,
    "ERROR_REASON_REGISTRY_NOT_FOUND": _Code.NOT_FOUND,
    "ERROR_REASON_REGISTRY_EXISTS": _Code.ALREADY_EXISTS,
    "ERROR_REASON_SNAPSHOT_NOT_FOUND": _Code.NOT_FOUND,
    "ERROR_REASON_IMPORT_FAILED": _Code.FAILED_PRECONDITION,
    "ERROR_REASON_SNAPSHOT_DAMAGED": _Code.DATA_LOSS,
    "ERROR_REASON_SNAPSHOT_HELD": _Code.FAILED_PRECONDITION,
    "ERROR_REASON_SNAPSHOT_IN_FORCE": _Code.FAILED_PRECONDITION,
    "ERROR_REASON_OPERATOR_ONLY": _Code.PERMISSION_DENIED,
    "ERROR_REASON_PERMISSION_NOT_FOUND": _Code.NOT_FOUND,
    "ERROR_REASON_REVIEW_NOT_FOUND": _Code.NOT_FOUND,
}


class Incident(DncError):
    """A bug; the log has its trace under the incident id."""

    reason = "ERROR_REASON_INTERNAL"


class Aborts(Protocol):
    """The part of grpc.ServicerContext that ends a call."""

    abort_with_status: Callable[[Any], Any]


def abort(context: Aborts, error: DncError) -> None:
    """End the call with the error's status. Raises, as gRPC wants it."""
    context.abort_with_status(rpc_status.to_status(status_of(error)))


def status_of(error: DncError) -> Status:
    """Build the status: code, sentence, one ErrorInfo, and BadRequest or RetryInfo where they apply."""
    figures = {key: shown(value) if key in _NAMES else value for key, value in error.figures.items()}
    details: list[Message] = []
    if isinstance(error, InvalidFields):
        told = _faults_that_fit(error.faults)
        figures |= {"faults": str(len(error.faults)), "faults_told": str(len(told))}
        details.append(_bad_request(told))
    if error.retry_after_ms is not None:
        details.append(_retry_info(error.retry_after_ms))
    info = ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=figures)
    code: int = CODES[error.reason].value[0]
    return Status(code=code, message=_cut(str(error)), details=[_packed(detail) for detail in (info, *details)])


def trace_without_values(error: BaseException) -> str:
    """Tell where an exception came from without its message, which may quote the request."""
    frames = []
    chain: BaseException | None = error
    while chain is not None:
        frames.append(type(chain).__name__)
        trace = chain.__traceback__
        while trace is not None:
            code = trace.tb_frame.f_code
            frames.append(f"  {code.co_filename}:{trace.tb_lineno} in {code.co_qualname}")
            trace = trace.tb_next
        chain = chain.__cause__ or chain.__context__
    return "\n".join(frames)


def _faults_that_fit(faults: list[FieldFault]) -> list[FieldFault]:
    told: list[FieldFault] = []
    size = 0
    for fault in faults[:FIELD_FAULTS_MAX]:
        size += len(fault.path.encode()) + len(_cut(fault.description).encode())
        if told and size > FAULT_BYTES_MAX:
            break
        told.append(fault)
    return told


def _bad_request(faults: list[FieldFault]) -> BadRequest:
    violations = [BadRequest.FieldViolation(field=fault.path, description=_cut(fault.description)) for fault in faults]
    return BadRequest(field_violations=violations)


def _retry_info(delay_ms: int) -> RetryInfo:
    return RetryInfo(retry_delay=Duration(seconds=delay_ms // 1000, nanos=delay_ms % 1000 * 1_000_000))


def _packed(message: Message) -> PackedAny:
    packed = PackedAny()
    packed.Pack(message)
    return packed


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_CHARS_MAX else text[: TEXT_CHARS_MAX - 1] + "…"
