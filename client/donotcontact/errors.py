"""What a call raises instead of an answer.

DoNotContactError        the call gave no answer: contact nobody it was about
├── InvalidRequest       the request is wrong; change it
├── NotAuthenticated     no valid token came with the call
├── NotPermitted         the token's role may not do this, or the person's own word stands
├── NotFound             no policy or label of that name
├── Conflict             the request does not fit what is there; look, then decide
├── Overloaded           no room now; come again after `retry_after_s`
├── Unavailable          no server was reached, or it could not answer yet
├── Timeout              the deadline passed; a change may or may not have been made
├── IncompleteAnswer     an answer came, but not for everything that was asked
└── ServerError          the server has a fault
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status

_ROW_PATH = re.compile(r"\b(rows|phones|addresses|time_zones|postal_codes|contact_ids|debt_ids)\[(\d+)\]")


class DoNotContactError(Exception):
    """The call gave no answer; whatever it was about must not be contacted.

    `reason` is the name of an `ErrorReason`, or empty where the server did not name one. `code` is None for
    what the client found by itself. `field_violations` are (path, description), with paths as in the request.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        code: grpc.StatusCode | None = None,
        field_violations: Sequence[tuple[str, str]] = (),
        metadata: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason
        self.code = code
        self.field_violations = list(field_violations)
        self.metadata = dict(metadata or {})
        self.retry_after_s = retry_after_s

    def counted_from(self, offset: int) -> "DoNotContactError":
        """Return the error with row numbers of the whole input, for a chunk that began at `offset`."""
        if offset == 0:
            return self
        return type(self)(
            _shift(self.message, offset),
            reason=self.reason,
            code=self.code,
            field_violations=[(_shift(path, offset), text) for path, text in self.field_violations],
            metadata=self.metadata,
            retry_after_s=self.retry_after_s,
        )


class InvalidRequest(DoNotContactError):
    """The request is wrong; the same one will be wrong again."""


class NotAuthenticated(DoNotContactError):
    """No token, or one that is malformed, unknown, expired or revoked."""


class NotPermitted(DoNotContactError):
    """The token's role may not do this, or the person's own word stands against it."""


class NotFound(DoNotContactError):
    """What the request names does not exist."""


class Conflict(DoNotContactError):
    """The request does not fit the present state; the same one fails until that changes."""


class Overloaded(DoNotContactError):
    """The server has no room now; nothing was changed."""


class Unavailable(DoNotContactError):
    """No server could be reached, or it could not answer yet."""


class Timeout(DoNotContactError):
    """The deadline passed. A change may have been made: repeat it with the same request_id to know."""


class IncompleteAnswer(DoNotContactError):
    """The answer does not cover the question, so none of it is used."""


class ServerError(DoNotContactError):
    """The server, or something between, has a fault."""


_BY_CODE: Mapping[grpc.StatusCode, type[DoNotContactError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.UNAUTHENTICATED: NotAuthenticated,
    grpc.StatusCode.PERMISSION_DENIED: NotPermitted,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: Conflict,
    grpc.StatusCode.FAILED_PRECONDITION: Conflict,
    grpc.StatusCode.ABORTED: Conflict,
    grpc.StatusCode.RESOURCE_EXHAUSTED: Overloaded,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.CANCELLED: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: Timeout,
}

# These share RESOURCE_EXHAUSTED with Overloaded, but coming again later does not help.
_BY_REASON: Mapping[str, type[DoNotContactError]] = {
    "ERROR_REASON_LIMIT_REACHED": Conflict,
    "ERROR_REASON_STORAGE_FULL": ServerError,
}


def from_rpc_error(error: grpc.RpcError) -> DoNotContactError:
    """Translate what grpc raised, blocking or not; details that cannot be read are left out."""
    code = error.code()
    violations: list[tuple[str, str]] = []
    info = error_details_pb2.ErrorInfo()
    retry_after_s: float | None = None
    for detail in _status_of(error).details:
        retry = error_details_pb2.RetryInfo()
        bad_request = error_details_pb2.BadRequest()
        if detail.Is(info.DESCRIPTOR):
            detail.Unpack(info)
        elif detail.Unpack(retry):
            retry_after_s = retry.retry_delay.ToTimedelta().total_seconds()
        elif detail.Unpack(bad_request):
            violations += [(fault.field, fault.description) for fault in bad_request.field_violations]
    kind = _BY_REASON.get(info.reason) or _BY_CODE.get(code, ServerError)
    return kind(
        error.details() or code.name,
        reason=info.reason,
        code=code,
        field_violations=violations,
        metadata=dict(info.metadata),
        retry_after_s=retry_after_s,
    )


def _status_of(error: Any) -> status_pb2.Status:
    try:
        return rpc_status.from_call(error) or status_pb2.Status()
    except (DecodeError, ValueError):
        # A proxy rewrote the status; its code and text still say that there is no answer.
        return status_pb2.Status()


def _shift(text: str, offset: int) -> str:
    return _ROW_PATH.sub(lambda match: f"{match[1]}[{int(match[2]) + offset}]", text)
