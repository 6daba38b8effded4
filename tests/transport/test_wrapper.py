import logging
from collections.abc import Callable

import grpc
import pytest

from dncd.errors import BatchTooLarge, FieldFault, InvalidFields, RevisionNotYetHere, TokenMissing
from dncd.limits import FIELD_FAULTS_MAX, MESSAGE_BYTES_MAX
from dncd.nouns import Role
from dncd.tokens import Caller
from dncd.transport.rpc import Call
from donotcontact.v1.check_service_pb2 import CheckRequest, CheckResponse
from rpc_serving import CALLER, rpc, serving

SECRET = "+14155550123"


def raises(error: Exception) -> Callable[[Call, CheckRequest], CheckResponse]:
    def handler(_call: Call, _request: CheckRequest) -> CheckResponse:
        raise error

    return handler


def test_handler_gets_the_request_and_the_caller_and_its_response_comes_back() -> None:
    seen = []

    def handler(call: Call, request: CheckRequest) -> CheckResponse:
        seen.append((call.caller, request.policy, call.is_active()))
        return CheckResponse(policy_version=7)

    with serving([rpc("Check", handler)]) as (client, _):
        answer = client.call("Check", CheckRequest(policy="p").SerializeToString())

    assert CheckResponse.FromString(answer).policy_version == 7
    assert seen == [(CALLER, "p", True)]


def test_bytes_from_a_handler_are_sent_as_they_are() -> None:
    with serving([rpc("Check", lambda _call, _request: b"\x20\x09")]) as (client, _):
        answer = client.call("Check")

    assert CheckResponse.FromString(answer).policy_version == 9


def test_bytes_that_are_no_message_are_malformed() -> None:
    with serving([rpc("Check")]) as (client, _):
        caught = client.refused("Check", b"\xff\xff\xff")

    assert caught.code is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.reason == "ERROR_REASON_MALFORMED_REQUEST"
    assert caught.info.domain == "donotcontact"


def test_message_over_the_limit_is_refused_with_its_figures() -> None:
    payload = CheckRequest(policy="x" * MESSAGE_BYTES_MAX).SerializeToString()

    with serving([rpc("Check")]) as (client, _):
        caught = client.refused("Check", payload)

    assert caught.code is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.reason == "ERROR_REASON_MESSAGE_TOO_LARGE"
    assert dict(caught.info.metadata) == {"bytes": str(len(payload)), "bytes_max": str(MESSAGE_BYTES_MAX)}


def test_message_at_the_limit_is_taken() -> None:
    head = len(CheckRequest(policy="x" * 1_000_000).SerializeToString()) - 1_000_000
    payload = CheckRequest(policy="x" * (MESSAGE_BYTES_MAX - head)).SerializeToString()

    with serving([rpc("Check")]) as (client, _):
        assert len(payload) == MESSAGE_BYTES_MAX
        client.call("Check", payload)


def test_refused_caller_never_reaches_the_handler() -> None:
    reached = []

    def nobody(_metadata: object) -> Caller:
        raise TokenMissing("no token")

    with serving([rpc("Check", lambda *_: reached.append(1))], nobody) as (client, _):
        caught = client.refused("Check")

    assert caught.code is grpc.StatusCode.UNAUTHENTICATED
    assert caught.reason == "ERROR_REASON_TOKEN_MISSING"
    assert reached == []


@pytest.mark.parametrize("role", list(Role))
def test_only_the_roles_of_an_rpc_reach_its_handler(role: Role) -> None:
    allowed = frozenset({role})

    with serving([rpc("Check", roles=allowed)]) as (client, _):
        if role is CALLER.role:
            client.call("Check")
            return
        caught = client.refused("Check")

    assert caught.code is grpc.StatusCode.PERMISSION_DENIED
    assert caught.reason == "ERROR_REASON_ROLE_NOT_ALLOWED"
    assert dict(caught.info.metadata) == {"role": "AGENT", "roles_allowed": role.name}


def test_expected_failure_carries_its_reason_sentence_and_figures() -> None:
    error = BatchTooLarge("1,001 rows; at most 1,000", rows=1_001, rows_max=1_000)

    with serving([rpc("Check", raises(error))]) as (client, _):
        caught = client.refused("Check")

    assert caught.code is grpc.StatusCode.INVALID_ARGUMENT
    assert caught.message == "1,001 rows; at most 1,000"
    assert dict(caught.info.metadata) == {"rows": "1001", "rows_max": "1000"}


def test_field_faults_name_their_paths() -> None:
    faults = [FieldFault("rows[0].region", "two letters"), FieldFault("channel", "required")]

    with serving([rpc("Check", raises(InvalidFields(faults)))]) as (client, _):
        caught = client.refused("Check")

    told = [(violation.field, violation.description) for violation in caught.bad_request.field_violations]
    assert told == [("rows[0].region", "two letters"), ("channel", "required")]


@pytest.mark.parametrize(("count", "words"), [(FIELD_FAULTS_MAX * 10, 1), (FIELD_FAULTS_MAX, 20), (1, 20_000)])
def test_any_number_of_faults_fits_what_clients_accept(count: int, words: int) -> None:
    faults = [FieldFault(f"entries[{row}].address", "wrong " * words) for row in range(count)]

    with serving([rpc("Check", raises(InvalidFields(faults)))]) as (client, _):
        caught = client.refused("Check")

    told = len(caught.bad_request.field_violations)
    assert caught.reason == "ERROR_REASON_INVALID_FIELD"
    assert 1 <= told <= FIELD_FAULTS_MAX
    assert dict(caught.info.metadata) == {"faults": str(count), "faults_told": str(told)}


def test_failure_that_passes_says_when_to_try_again() -> None:
    with serving([rpc("Check", raises(RevisionNotYetHere("not here yet")))]) as (client, _):
        caught = client.refused("Check")

    assert caught.code is grpc.StatusCode.UNAVAILABLE
    assert caught.retry_info.retry_delay.ToMilliseconds() == 50


def test_bug_gives_an_incident_and_its_trace_is_logged_without_the_request(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), serving([rpc("Check", raises(KeyError(SECRET)))]) as (client, _):
        caught = client.refused("Check")

    assert caught.code is grpc.StatusCode.INTERNAL
    assert caught.reason == "ERROR_REASON_INTERNAL"
    assert dict(caught.info.metadata) == {"incident": "incident-1"}
    assert "incident-1" in caplog.text
    assert "test_wrapper.py" in caplog.text
    assert SECRET not in f"{caplog.text} {caught.message}"


def test_response_that_is_no_message_is_an_incident() -> None:
    with serving([rpc("Check", lambda _call, _request: None)]) as (client, _):
        caught = client.refused("Check")

    assert caught.reason == "ERROR_REASON_INTERNAL"


def test_method_that_is_not_there_is_unimplemented() -> None:
    with serving([rpc("Check")]) as (client, _), pytest.raises(grpc.RpcError) as caught:
        client.call("Nothing")

    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
