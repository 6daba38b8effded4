"""Permission for one send: made or not, claimed or not; nothing permits but both ALLOW and the grant."""

from datetime import UTC, datetime

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from client.scripted_server import ALLOW, NOT_ALLOW, ScriptedServer, answer, failure
from donotcontact import Client, Row, Verdict
from donotcontact.v1.consent_service_pb2 import (
    AuthorizeOneTimeSendResponse,
    ClaimSendResponse,
    ListReviewsResponse,
    Review,
)

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
