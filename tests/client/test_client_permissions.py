"""Permission for one send: made or not, claimed or not; nothing permits but both ALLOW and the grant."""

from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from client.scripted_server import ALLOW, NOT_ALLOW, ScriptedServer, answer, failure
from donotcontact import Client, Row, Verdict
from donotcontact.v1.consent_service_pb2 import (
    AuthorizeOneTimeSendResponse,
    ClaimOptInRequestResponse,
    ClaimSendResponse,
    ListReviewsResponse,
    Review,
)
from donotcontact.v1.core_pb2 import OPT_IN_STATUS_REJECTED, OPT_IN_STATUS_SENT
from donotcontact.v1.verdict_pb2 import VERDICT_DEFER

ADDRESS = "ann@example.com"


def test_a_permission_is_made_with_its_name_and_its_end(server: ScriptedServer, client: Client) -> None:
    response = AuthorizeOneTimeSendResponse(verdict=ALLOW, permission="7", expires_at=Timestamp(seconds=60))
    server.script("AuthorizeOneTimeSend", answer(response))

    made = client.authorize_one_time_send(
        Row(ADDRESS, contact_id="c"), channel="EMAIL", policy="quotes", permission_given=True, note="asked"
    )

    assert (made.made, made.permission, made.verdict) == (True, "7", Verdict.ALLOW)
    assert made.expires_at == datetime(1970, 1, 1, 0, 1, tzinfo=UTC)
    (request,) = server.requests("AuthorizeOneTimeSend")
    assert (request.row.contact_id, request.permission_given, len(request.request_id)) == ("c", True, 36)


@pytest.mark.parametrize(("verdict", "name"), [(1, ""), *((verdict, "7") for verdict in NOT_ALLOW)])
def test_no_permission_is_made_without_both_allow_and_its_name(
    server: ScriptedServer, client: Client, verdict: int, name: str
) -> None:
    response = AuthorizeOneTimeSendResponse(verdict=verdict, permission=name)  # type: ignore[arg-type]  # unknown numbers too
    server.script("AuthorizeOneTimeSend", answer(response))

    assert client.authorize_one_time_send(ADDRESS, channel="EMAIL", permission_given=True).made is False


def test_a_granted_claim_that_is_allow_permits(server: ScriptedServer, client: Client) -> None:
    server.script("ClaimSend", answer(ClaimSendResponse(granted=True, verdict=ALLOW, address=ADDRESS)))

    claim = client.claim_send("7")

    assert (claim.allowed, claim.address) == (True, ADDRESS)
    assert ADDRESS not in repr(claim)


def test_a_claim_names_the_attempt_that_it_counts_as(server: ScriptedServer, client: Client) -> None:
    server.script("ClaimSend", answer(ClaimSendResponse(granted=True, verdict=ALLOW, reservation="7-0")))

    claim = client.claim_send("7")

    assert (claim.reservation, claim.retry_at, claim.result.findings) == ("7-0", None, ())


def test_a_claim_that_must_wait_says_until_when(server: ScriptedServer, client: Client) -> None:
    response = ClaimSendResponse(verdict=VERDICT_DEFER)
    response.retry_at.FromSeconds(60)
    server.script("ClaimSend", answer(response))

    claim = client.claim_send("7")

    assert (claim.allowed, claim.retry_at) == (False, datetime(1970, 1, 1, 0, 1, tzinfo=UTC))


@pytest.mark.parametrize(("granted", "verdict"), [(False, 1), *((True, verdict) for verdict in NOT_ALLOW)])
def test_a_claim_without_the_grant_or_without_allow_does_not_permit(
    server: ScriptedServer, client: Client, granted: bool, verdict: int
) -> None:
    server.script("ClaimSend", answer(ClaimSendResponse(granted=granted, verdict=verdict)))  # type: ignore[arg-type]  # unknown numbers too

    claim = client.claim_send("7")

    assert claim.allowed is False
    with pytest.raises(TypeError, match="allowed"):
        bool(claim)


def test_a_claim_is_repeated_with_the_same_request_id(server: ScriptedServer, client: Client) -> None:
    server.script(
        "ClaimSend", failure(grpc.StatusCode.UNAVAILABLE), answer(ClaimSendResponse(granted=True, verdict=ALLOW))
    )

    assert client.claim_send("7").allowed

    first, second = server.requests("ClaimSend")
    assert first == second


def test_reviews_come_over_all_pages(server: ScriptedServer, client: Client) -> None:
    server.script(
        "ListReviews",
        answer(ListReviewsResponse(reviews=[Review(review="1")], next_page_token="a")),
        answer(ListReviewsResponse(reviews=[Review(review="2")])),
    )

    assert [review.review for review in client.list_reviews()] == ["1", "2"]


@pytest.mark.parametrize(
    ("facts", "allowed"),
    [
        ({"granted": True, "status": OPT_IN_STATUS_SENT}, True),
        ({"granted": False, "status": OPT_IN_STATUS_SENT}, False),
        ({"granted": True, "status": OPT_IN_STATUS_REJECTED}, False),
        ({"granted": True, "status": OPT_IN_STATUS_SENT, "blocked_by_entry": True}, False),
        ({"granted": True}, False),
    ],
)
def test_an_opt_in_request_is_allowed_where_all_of_the_answer_says_so(
    server: ScriptedServer, client: Client, facts: dict[str, Any], allowed: bool
) -> None:
    server.script("ClaimOptInRequest", answer(ClaimOptInRequestResponse(**facts)))

    claim = client.claim_opt_in_request(ADDRESS)

    assert claim.allowed is allowed
    with pytest.raises(TypeError):
        bool(claim)
