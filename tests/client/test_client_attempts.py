"""Attempts: an ALLOW without a claim, and a claim without an ALLOW, permit nothing."""

from typing import Any

import grpc
import pytest

from client.scripted_server import NOT_ALLOW, REVISION, ScriptedServer, answer, failure
from donotcontact import Client, Completion, IncompleteAnswer, InvalidRequest, Outcome, Row, Verdict
from donotcontact.v1 import attempt_service_pb2 as pb
from donotcontact.v1.attempt_service_pb2 import CompleteAttemptsResponse, ReserveAttemptsResponse, ReservedAttempt
from donotcontact.v1.check_service_pb2 import CheckResult
from donotcontact.v1.core_pb2 import ATTEMPT_OUTCOME_CONVERSATION, ATTEMPT_OUTCOME_RELEASED

PHONE = "+14155550123"
UNAVAILABLE = failure(grpc.StatusCode.UNAVAILABLE)


def reserved(*attempts: tuple[int, str], **fields: Any) -> ReserveAttemptsResponse:
    rows = [
        ReservedAttempt(result=CheckResult(verdict=verdict), reservation=reservation)  # type: ignore[arg-type]  # unknown numbers too
        for verdict, reservation in attempts
    ]
    return ReserveAttemptsResponse(attempts=rows, **{"checked_at": REVISION, **fields})


def test_an_allow_with_a_claim_permits(server: ScriptedServer, client: Client) -> None:
    server.script("ReserveAttempts", answer(reserved((1, "7-0"))))

    (attempt,) = client.reserve_attempts([PHONE], channel="VOICE", policy="p", lease_seconds=60)

    assert (attempt.allowed, attempt.reservation, attempt.verdict) == (True, "7-0", Verdict.ALLOW)
    (request,) = server.requests("ReserveAttempts")
    assert (request.policy, request.lease_seconds, len(request.request_id)) == ("p", 60, 36)


@pytest.mark.parametrize("verdict", NOT_ALLOW)
@pytest.mark.parametrize("reservation", ["", "7-0"])
def test_no_other_verdict_permits_claimed_or_not(
    server: ScriptedServer, client: Client, verdict: int, reservation: str
) -> None:
    server.script("ReserveAttempts", answer(reserved((verdict, reservation))))

    (attempt,) = client.reserve_attempts([PHONE], channel="VOICE")

    assert attempt.allowed is False


def test_an_allow_without_a_claim_does_not_permit(server: ScriptedServer, client: Client) -> None:
    server.script("ReserveAttempts", answer(reserved((1, ""))))

    (attempt,) = client.reserve_attempts([PHONE], channel="VOICE")

    assert attempt.verdict is Verdict.ALLOW
    assert attempt.allowed is False


@pytest.mark.parametrize(
    "response",
    [
        reserved(),
        reserved((1, "a")),
        reserved((1, "a"), (1, "a")),
        reserved((1, "a"), (1, "b"), (1, "c")),
        reserved((1, "a"), (1, "b"), checked_at=None),
    ],
    ids=["empty", "short", "one claim for two", "long", "without revision"],
)
def test_an_answer_that_does_not_fit_the_rows_is_refused(
    server: ScriptedServer, client: Client, response: ReserveAttemptsResponse
) -> None:
    server.script("ReserveAttempts", answer(response))

    with pytest.raises(IncompleteAnswer):
        client.reserve_attempts([PHONE, PHONE], channel="VOICE")


def test_a_claim_that_bears_the_reference_of_another_row_is_refused(server: ScriptedServer, client: Client) -> None:
    server.script("ReserveAttempts", answer(reserved((1, "a"))))

    with pytest.raises(IncompleteAnswer, match="reference"):
        client.reserve_attempts([Row(PHONE, reference="mine")], channel="VOICE")


def test_a_claim_is_repeated_with_the_same_request_id(server: ScriptedServer, client: Client) -> None:
    server.script("ReserveAttempts", UNAVAILABLE, answer(reserved((1, "a"))))

    client.reserve_attempts([PHONE], channel="VOICE")

    first, second = server.requests("ReserveAttempts")
    assert first == second
    assert first.request_id


def test_nobody_to_claim_for_is_refused_without_asking(server: ScriptedServer, client: Client) -> None:
    with pytest.raises(InvalidRequest):
        client.reserve_attempts([], channel="VOICE")

    assert server.seen == []


def test_outcomes_are_told_by_reservation_and_answered_so(server: ScriptedServer, client: Client) -> None:
    server.script(
        "CompleteAttempts",
        answer(CompleteAttemptsResponse(outcomes=[pb.COMPLETION_OUTCOME_RECORDED, pb.COMPLETION_OUTCOME_UNKNOWN])),
    )

    told = client.complete_attempts({"a": "conversation", "b": Outcome.RELEASED})

    assert told == {"a": Completion.RECORDED, "b": Completion.UNKNOWN}
    (request,) = server.requests("CompleteAttempts")
    assert [(each.reservation, each.outcome) for each in request.completions] == [
        ("a", ATTEMPT_OUTCOME_CONVERSATION),
        ("b", ATTEMPT_OUTCOME_RELEASED),
    ]


@pytest.mark.parametrize("outcome", ["", "PENDING", "gone", Outcome.PENDING, Outcome.UNSPECIFIED, 99])
def test_an_outcome_that_nobody_can_tell_is_refused(client: Client, outcome: Any) -> None:
    with pytest.raises(ValueError, match="NO_ANSWER"):
        client.complete_attempts({"a": outcome})


def test_a_completion_that_does_not_answer_all_is_incomplete(server: ScriptedServer, client: Client) -> None:
    server.script("CompleteAttempts", answer(CompleteAttemptsResponse(outcomes=[pb.COMPLETION_OUTCOME_RECORDED])))

    with pytest.raises(IncompleteAnswer):
        client.complete_attempts({"a": "NO_ANSWER", "b": "NO_ANSWER"})


def test_a_reserved_attempt_has_no_truth_value_and_is_equal_with_its_claim(
    server: ScriptedServer, client: Client
) -> None:
    server.script("ReserveAttempts", answer(reserved((1, "a"), (1, "b"))))

    one, other = client.reserve_attempts([PHONE, PHONE], channel="VOICE")

    assert one != other
    with pytest.raises(TypeError, match="allowed"):
        bool(one)
