"""inbound, review, consent, permit, claim-send, attempts, packs, region: what is sent, said, and left with."""

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from cli.conftest import Dnc
from cli.fake_server import REVISION, FakeServer, block_finding
from donotcontact.v1 import attempt_service_pb2 as attempts_pb
from donotcontact.v1 import consent_service_pb2 as pb
from donotcontact.v1 import core_pb2
from donotcontact.v1 import policy_service_pb2 as policy_pb
from donotcontact.v1.check_service_pb2 import CheckResult
from donotcontact.v1.verdict_pb2 import Verdict

PHONE = "+14155550123"
SECOND_60 = Timestamp(seconds=60)
ALLOWED = CheckResult(verdict=Verdict.VERDICT_ALLOW, address=PHONE)
BLOCKED = CheckResult(verdict=Verdict.VERDICT_BLOCK, address=PHONE, findings=[block_finding()])


def opted_out(_request: Any) -> pb.RecordInboundMessageResponse:
    return pb.RecordInboundMessageResponse(
        message_class=core_pb2.MESSAGE_CLASS_OPT_OUT,
        matched="keyword STOP",
        status=core_pb2.OPT_IN_STATUS_REJECTED,
        confirmation="8",
        confirmation_until=SECOND_60,
        written_at=REVISION,
    )


def test_inbound_records_a_text_and_names_its_confirmation(dnc: Dnc, server: FakeServer) -> None:
    server.answers["RecordInboundMessage"] = opted_out

    result = dnc("inbound", PHONE, "Stop please", "--message-id", "m-1", "--own-code", "A1", "--own-code", "A2")

    (request,) = server.requests
    assert (request.address, request.text, request.channel) == (PHONE, "Stop please", core_pb2.CHANNEL_SMS)
    assert (request.message_id, list(request.own_codes), request.validate_only) == ("m-1", ["A1", "A2"], False)
    assert "OPT_OUT (keyword STOP). The opt-in is REJECTED." in result.stdout
    assert "dnc claim-send 8" in result.stdout
    assert result.exit_code == 0


@pytest.mark.parametrize("text", [b"leave me alone\n", "Arrêt\n".encode(), b""])
def test_inbound_reads_standard_input(dnc: Dnc, server: FakeServer, text: bytes) -> None:
    server.answers["RecordInboundMessage"] = opted_out

    dnc("inbound", PHONE, "-", "--channel", "whatsapp", "--dry-run", stdin=text)

    (request,) = server.requests
    assert request.text == text.decode().rstrip("\n")
    assert (request.channel, request.validate_only) == (core_pb2.CHANNEL_WHATSAPP, True)


@pytest.mark.parametrize(
    "content", [b"\xff\xfe", b"x" * 262_145, "é".encode() * 140_000], ids=["bytes", "long", "wide"]
)
def test_inbound_of_no_text_leaves_with_5(dnc: Dnc, server: FakeServer, content: bytes) -> None:
    result = dnc("inbound", PHONE, "-", stdin=content)

    assert result.exit_code == 5
    assert not server.requests


def test_an_uncertain_message_says_how_to_decide_it(dnc: Dnc, server: FakeServer) -> None:
    server.answers["RecordInboundMessage"] = lambda _: pb.RecordInboundMessageResponse(
        message_class=core_pb2.MESSAGE_CLASS_REVIEW, matched="phrase", review="9"
    )

    assert "dnc review decide 9" in dnc("inbound", PHONE, "hm").stdout


def test_reviews_are_listed_and_decided(dnc: Dnc, server: FakeServer) -> None:
    review = pb.Review(review="9", address=PHONE, channel=core_pb2.CHANNEL_SMS, recorded_at=SECOND_60, matched="why")
    server.answers["ListReviews"] = lambda _: pb.ListReviewsResponse(reviews=[review])
    server.answers["DecideReview"] = lambda _: pb.DecideReviewResponse(changed=True)

    listed, document = dnc("review", "list"), dnc.json("review", "list")
    decided = dnc("review", "decide", "9", "not-an-opt-out", "--note", "a joke")

    assert PHONE in listed.stdout
    assert document["reviews"][0]["review"] == "9"
    assert "Review 9 is decided: NOT_AN_OPT_OUT." in decided.stdout
    assert server.requests[-1].decision == core_pb2.REVIEW_DECISION_NOT_AN_OPT_OUT
    assert dnc("review", "decide", "9", "maybe").exit_code == 2


def test_consent_is_added_with_its_proof(dnc: Dnc, server: FakeServer) -> None:
    server.answers["RecordConsent"] = lambda request: pb.RecordConsentResponse(consent=request.consent, changed=True)

    result = dnc(
        "consent", "add", PHONE, "business-relationship", "--source", "api", "--reference", "order-1",
        "--channel", "voice", "--channel", "sms", "--purpose", "marketing", "--policy", "p",
        "--given", "2026-11-01T00:00Z",
    )  # fmt: skip

    (request,) = server.requests
    assert request.consent.kind == core_pb2.CONSENT_KIND_BUSINESS_RELATIONSHIP
    assert list(request.consent.channels) == [core_pb2.CHANNEL_VOICE, core_pb2.CHANNEL_SMS]
    assert (request.consent.purpose, request.consent.policy) == (core_pb2.PURPOSE_MARKETING, "p")
    assert request.consent.given_at.ToJsonString() == "2026-11-01T00:00:00Z"
    assert not request.consent.HasField("expires_at")
    assert request.evidence.reference == "order-1"
    assert "Recorded: VOICE, SMS; MARKETING; policy p, no end." in result.stdout


@pytest.mark.parametrize(
    ("outcome", "exit_code", "sentence"),
    [
        (pb.CONSENT_OUTCOME_STOOD_ALREADY, 0, "One that ends as late stood there already, and stands."),
        (pb.CONSENT_OUTCOME_TAKEN_BACK, 1, "Not recorded: the person took it back after it was given"),
        # A server that does not tell yet, or tells what this version does not know.
        (pb.CONSENT_OUTCOME_UNSPECIFIED, 1, "stood there already, or it had been taken back"),
        (99, 1, "stood there already, or it had been taken back"),
    ],
)
def test_consent_that_was_not_recorded_says_why(
    dnc: Dnc, server: FakeServer, outcome: pb.ConsentOutcome.ValueType, exit_code: int, sentence: str
) -> None:
    server.answers["RecordConsent"] = lambda request: pb.RecordConsentResponse(consent=request.consent, outcome=outcome)
    asked = ("consent", "add", PHONE, "express", "--source", "api", "--reference", "order-1")

    result = dnc(*asked)

    assert result.exit_code == exit_code
    assert sentence in result.stdout
    assert dnc(*asked, "--json").exit_code == exit_code


def test_the_document_of_a_consent_names_its_outcome(dnc: Dnc, server: FakeServer) -> None:
    taken_back = pb.RecordConsentResponse(outcome=pb.CONSENT_OUTCOME_TAKEN_BACK)
    server.answers["RecordConsent"] = lambda _: taken_back

    document = dnc.json("consent", "add", PHONE, "express", "--source", "api", "--reference", "order-1")

    assert (document["outcome"], document["changed"]) == ("TAKEN_BACK", False)


def test_consent_without_proof_is_a_wrong_command_line(dnc: Dnc, server: FakeServer) -> None:
    assert dnc("consent", "add", PHONE, "express", "--source", "api").exit_code == 2
    assert not server.requests


def test_consents_are_revoked_and_listed(dnc: Dnc, server: FakeServer) -> None:
    recorded = pb.RecordedConsent(consent=pb.Consent(kind=core_pb2.CONSENT_KIND_EXPRESS), source=1, active=True)  # type: ignore[arg-type]  # the wire's number
    server.answers["RevokeConsent"] = lambda _: pb.RevokeConsentResponse(revoked=2, widened=True)
    server.answers["ListConsents"] = lambda _: pb.ListConsentsResponse(address=PHONE, consents=[recorded])

    revoked = dnc("consent", "revoke", PHONE, "--source", "agent", "--purpose", "marketing")
    listed = dnc("consent", "list", PHONE)

    assert "Revoked: 2. A rule of law widened it to every purpose." in revoked.stdout
    assert list(server.requests[0].purposes) == [core_pb2.PURPOSE_MARKETING]
    assert "express" in listed.stdout
    assert "in force" in listed.stdout


PERMIT = ("permit", PHONE, "--channel", "email", "--policy", "quotes", "--note", "asked")


def test_permission_that_was_made_leaves_with_0_and_says_how_to_use_it(dnc: Dnc, server: FakeServer) -> None:
    server.answers["AuthorizeOneTimeSend"] = lambda _: pb.AuthorizeOneTimeSendResponse(
        verdict=Verdict.VERDICT_ALLOW, permission="15", expires_at=SECOND_60
    )

    result = dnc(*PERMIT, "--given")

    assert result.exit_code == 0
    assert "dnc claim-send 15" in result.stdout
    assert server.requests[0].permission_given


@pytest.mark.parametrize(
    "response",
    [
        pb.AuthorizeOneTimeSendResponse(verdict=Verdict.VERDICT_BLOCK, result=BLOCKED),
        pb.AuthorizeOneTimeSendResponse(verdict=Verdict.VERDICT_ALLOW),
        pb.AuthorizeOneTimeSendResponse(verdict=Verdict.ValueType(9), permission="15"),
    ],
    ids=["blocked", "no name", "unknown verdict"],
)
def test_permission_that_was_not_made_leaves_with_1(dnc: Dnc, server: FakeServer, response: Any) -> None:
    server.answers["AuthorizeOneTimeSend"] = lambda _: response

    result = dnc(*PERMIT, "--refused")

    assert result.exit_code == 1
    assert "No permission was made" in result.stdout
    assert not server.requests[0].permission_given


def test_what_the_person_answered_must_be_said(dnc: Dnc, server: FakeServer) -> None:
    assert dnc(*PERMIT).exit_code == 2
    assert not server.requests


@pytest.mark.parametrize(
    ("granted", "verdict", "code"),
    [(True, Verdict.VERDICT_ALLOW, 0), (False, Verdict.VERDICT_ALLOW, 1), (True, Verdict.VERDICT_BLOCK, 1)],
)
def test_claim_send_leaves_with_0_only_for_a_granted_allow(
    dnc: Dnc, server: FakeServer, granted: bool, verdict: Any, code: int
) -> None:
    server.answers["ClaimSend"] = lambda _: pb.ClaimSendResponse(
        granted=granted, verdict=verdict, address=PHONE, channel=core_pb2.CHANNEL_SMS
    )

    result, document = dnc("claim-send", "15"), dnc.json("claim-send", "15")

    assert result.exit_code == code
    assert document["allowed"] is (code == 0)
    assert ("send now, once" in result.stdout) is (code == 0)


def test_claim_send_names_the_attempt_of_a_send_and_when_another_may_be_claimed(dnc: Dnc, server: FakeServer) -> None:
    granted = pb.ClaimSendResponse(granted=True, verdict=Verdict.VERDICT_ALLOW, address=PHONE, reservation="7-0")
    waiting = pb.ClaimSendResponse(verdict=Verdict.VERDICT_DEFER)
    waiting.retry_at.FromSeconds(60)

    server.answers["ClaimSend"] = lambda _: granted
    sent, document = dnc("claim-send", "15"), dnc.json("claim-send", "15")
    server.answers["ClaimSend"] = lambda _: waiting
    refused, deferred = dnc("claim-send", "15"), dnc.json("claim-send", "15")

    assert "counts as attempt 7-0" in sent.stdout
    assert (document["reservation"], document["retry_at"]) == ("7-0", None)
    assert "DEFER" in refused.stdout
    assert "1970-01-01T00:01:00" in refused.stdout
    assert deferred["retry_at"].startswith("1970-01-01T00:01:00")


def reserving(*attempts: tuple[CheckResult, str]) -> Any:
    rows = [attempts_pb.ReservedAttempt(result=result, reservation=name) for result, name in attempts]
    return lambda _: attempts_pb.ReserveAttemptsResponse(attempts=rows, checked_at=REVISION)


RESERVE = ("attempts", "reserve", PHONE, "--channel", "voice", "--lease", "120", "--debt-id", "d-1")


def test_claimed_attempts_leave_with_0_and_name_their_claim(dnc: Dnc, server: FakeServer) -> None:
    server.answers["ReserveAttempts"] = reserving((ALLOWED, "7-0"))

    result, document = dnc(*RESERVE), dnc.json(*RESERVE)

    assert result.exit_code == 0
    assert "7-0" in result.stdout
    assert document["attempts"][0]["reservation"] == "7-0"
    assert (server.requests[0].lease_seconds, server.requests[0].rows[0].debt_id) == (120, "d-1")


@pytest.mark.parametrize("attempt", [(ALLOWED, ""), (BLOCKED, "7-0"), (BLOCKED, "")])
def test_an_attempt_without_claim_or_allow_leaves_with_1(
    dnc: Dnc, server: FakeServer, attempt: tuple[CheckResult, str]
) -> None:
    server.answers["ReserveAttempts"] = reserving(attempt)

    result = dnc(*RESERVE)

    assert result.exit_code == 1
    assert "1 of 1 must not be contacted" in result.stdout
    assert dnc.json(*RESERVE)["allowed"] is False


@pytest.mark.parametrize(("told", "code"), [([1, 2], 0), ([1, 3], 1), ([1, 9], 1)])
def test_outcomes_are_told_and_an_unknown_claim_leaves_with_1(
    dnc: Dnc, server: FakeServer, told: Any, code: int
) -> None:
    server.answers["CompleteAttempts"] = lambda _: attempts_pb.CompleteAttemptsResponse(outcomes=told)

    result = dnc("attempts", "complete", "7-0", "7-1", "--outcome", "conversation")

    assert result.exit_code == code
    assert {each.outcome for each in server.requests[0].completions} == {core_pb2.ATTEMPT_OUTCOME_CONVERSATION}


@pytest.mark.parametrize("outcome", ["pending", "gone"])
def test_an_outcome_that_nobody_can_tell_is_a_wrong_command_line(dnc: Dnc, outcome: str) -> None:
    assert dnc("attempts", "complete", "7-0", "--outcome", outcome).exit_code == 2


def packs(_request: Any) -> policy_pb.ListRulePacksResponse:
    rule = policy_pb.PackRule(
        id="us-fl-hours",
        region="US-FL",
        sentence="8 to 20.",
        citation="Fla. Stat. 501.616(6)",
        confidence="second-hand",
    )
    return policy_pb.ListRulePacksResponse(
        packs=[
            policy_pb.RulePack(name="uk", title="United Kingdom"),
            policy_pb.RulePack(name="us-states", title="US states", rules=[rule]),
        ]
    )


def test_packs_are_shown_with_citation_and_confidence(dnc: Dnc, server: FakeServer) -> None:
    server.answers["ListRulePacks"] = packs

    shown, one = dnc("packs").stdout, dnc.json("packs", "us-states")

    assert "Fla. Stat. 501.616(6)" in shown
    assert "second-hand" in shown
    assert [pack["name"] for pack in one["packs"]] == ["us-states"]


def test_a_pack_that_is_not_there_is_named(dnc: Dnc, server: FakeServer) -> None:
    server.answers["ListRulePacks"] = packs

    result = dnc("packs", "us-state")

    assert result.exit_code == 2
    assert "us-state" in result.stderr
    assert "us-states" in result.stderr


def test_a_region_is_closed_listed_and_opened(dnc: Dnc, server: FakeServer) -> None:
    closed = policy_pb.ClosedRegion(region="US-FL", until=Timestamp(seconds=2_000_000_000), reason="storm")
    over = policy_pb.ClosedRegion(region="US-GA", until=SECOND_60, reason="storm")
    server.answers["CloseRegion"] = lambda _: policy_pb.CloseRegionResponse(written_at=REVISION)
    server.answers["OpenRegion"] = lambda _: policy_pb.OpenRegionResponse(changed=True)
    server.answers["ListClosedRegions"] = lambda _: policy_pb.ListClosedRegionsResponse(regions=[closed, over])

    done = dnc("region", "close", "us-fl", "--until", "2026-11-25T08:00-05:00", "--reason", "storm")
    request = server.requests[0]
    listed, opened = dnc("region", "list"), dnc("region", "open", "US-FL")

    assert (request.region, request.reason, request.until.ToJsonString()) == ("US-FL", "storm", "2026-11-25T13:00:00Z")
    assert "US-FL is closed until 2033-05-18T03:33:20Z." in done.stdout
    assert [line.split()[2] for line in listed.stdout.splitlines()[1:]] == ["closed", "over"]
    assert "US-FL is open." in opened.stdout
