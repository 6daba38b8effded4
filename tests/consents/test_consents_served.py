"""The whole way, over the wire and through a store on disk."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dncd.nouns import Role
from replaying import assert_replay_equals
from serving import START_MS, Served, new_id, pb, served

PERSON, MAILBOX = "+14155550101", "ann@example.com"
ALLOW, BLOCK, PERMISSION_REQUIRED = 1, 2, 5
VOICE, SMS, EMAIL = 1, 2, 3


@pytest.fixture(name="server")
def running(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "store") as server:
        server.account("beta")
        server.api().apply("mail", channels=[EMAIL], one_time_permission=pb.OneTimePermission(channels=[EMAIL]))
        yield server


def say(server: Served, text: str, **fields: Any) -> Any:
    request = pb.RecordInboundMessageRequest(address=PERSON, text=text, **fields)
    return server.api(role=Role.AGENT).call("RecordInboundMessage", request)


def test_a_stop_blocks_the_next_text_and_its_confirmation_passes_for_one_of_a_hundred(server: Served) -> None:
    checker = server.api(role=Role.CHECKER)

    stopped = say(server, "Stop!", message_id="m-1")

    assert checker.verdicts(PERSON, channel=SMS) == [BLOCK]
    claim = pb.ClaimSendRequest(permission=stopped.confirmation)
    with ThreadPoolExecutor(100) as callers:
        claims = list(callers.map(lambda _: checker.call("ClaimSend", claim), range(100)))
    assert sum(each.granted for each in claims) == 1
    assert {each.verdict for each in claims} == {ALLOW, BLOCK}
    assert checker.verdicts(PERSON, channel=SMS) == [BLOCK]


@pytest.mark.parametrize("text", ["please stop calling me", "Do not contact me.", "put me on your do not call list"])
def test_an_opt_out_by_text_that_names_calls_stops_the_next_call(server: Served, text: str) -> None:
    checker = server.api(role=Role.CHECKER)

    answer = say(server, text)

    assert (list(answer.about), answer.review) == ([VOICE], "")
    assert [checker.verdicts(PERSON, channel=channel) for channel in (VOICE, SMS)] == [[BLOCK], [BLOCK]]


def test_permission_for_one_send_passes_once_and_the_opt_out_stays(server: Served, tmp_path: Path) -> None:
    agent, checker = server.api(role=Role.AGENT), server.api(role=Role.CHECKER)
    agent.add(MAILBOX, label="do-not-email", source=1)
    assert checker.verdicts(MAILBOX, channel=EMAIL, policy="mail") == [PERMISSION_REQUIRED]
    row, note = pb.CheckRow(address=MAILBOX), "asked ann on the phone"
    asked = {"policy": "mail", "channel": EMAIL, "row": row, "note": note}

    no = agent.call("AuthorizeOneTimeSend", pb.AuthorizeOneTimeSendRequest(**asked))
    yes = agent.call("AuthorizeOneTimeSend", pb.AuthorizeOneTimeSendRequest(**asked, permission_given=True))
    claim = pb.ClaimSendRequest(permission=yes.permission, request_id=new_id())
    granted, again = (checker.call("ClaimSend", claim) for _ in range(2))

    assert (no.verdict, no.permission, yes.verdict) == (PERMISSION_REQUIRED, "", ALLOW)
    assert no.result.findings[0].label == "do-not-email"
    assert granted == again
    assert (granted.granted, granted.address, granted.channel) == (True, MAILBOX, EMAIL)
    assert not checker.call("ClaimSend", pb.ClaimSendRequest(permission=yes.permission)).granted
    assert checker.verdicts(MAILBOX, channel=EMAIL, policy="mail") == [PERMISSION_REQUIRED]
    assert_replay_equals(server.store, tmp_path / "replay")


def test_another_account_can_neither_claim_nor_decide_nor_see(server: Served) -> None:
    confirmation, review = say(server, "STOP").confirmation, say(server, "maybe you could stop this some day").review
    assert confirmation
    assert review
    stranger = server.api("beta")

    claimed = stranger.refused("ClaimSend", pb.ClaimSendRequest(permission=confirmation))
    decided = stranger.refused("DecideReview", pb.DecideReviewRequest(review=review, decision=1))

    assert (claimed.reason, decided.reason) == (
        "ERROR_REASON_PERMISSION_NOT_FOUND",
        "ERROR_REASON_REVIEW_NOT_FOUND",
    )
    assert not stranger.call("ListReviews", pb.ListReviewsRequest()).reviews
    assert not stranger.call("ListConsents", pb.ListConsentsRequest(address=PERSON)).consents


def test_an_explanation_of_the_past_knows_what_was_consented_then(server: Served) -> None:
    api = server.api()
    consent = pb.Consent(kind=2, policy="mail")
    proof = pb.Evidence(reference="form 7")
    record = pb.RecordConsentRequest(address=MAILBOX, consent=consent, source=6, evidence=proof)
    recorded = api.call("RecordConsent", record)
    api.call("RevokeConsent", pb.RevokeConsentRequest(address=MAILBOX, source=1))
    say(server, "STOP")

    past = pb.ExplainRequest(
        channel=EMAIL, policy="mail", row=pb.CheckRow(address=MAILBOX), revision=recorded.written_at
    )
    history = api.call("Explain", past).history

    assert [event.WhichOneof("change") for event in history] == ["consent_recorded"]
    assert history[0].consent_recorded.evidence.reference == "form 7"
    assert history[0].consent_recorded.changed
    assert recorded.consent.given_at.ToMilliseconds() == START_MS


def test_an_agent_may_revoke_and_not_record(server: Served) -> None:
    agent = server.api(role=Role.AGENT)

    refused = agent.refused("RecordConsent", pb.RecordConsentRequest(address=PERSON))

    assert refused.reason == "ERROR_REASON_ROLE_NOT_ALLOWED"
    assert agent.call("RevokeConsent", pb.RevokeConsentRequest(address=PERSON, source=1)).revoked == 0


def test_a_claim_that_is_stopped_tells_by_what(server: Served) -> None:
    api = server.api()
    api.apply("texts", channels=[SMS], require_opt_in=pb.RequireOptIn(channels=[SMS]))
    confirmation = say(server, "STOP").confirmation
    api.add("+1415*", label="do-not-contact")

    send = api.call("ClaimSend", pb.ClaimSendRequest(permission=confirmation))
    ask = api.call("ClaimOptInRequest", pb.ClaimOptInRequestRequest(address="+14155550199", policy="texts"))

    assert (send.granted, send.verdict, send.result.verdict) == (False, BLOCK, BLOCK)
    assert {finding.target for finding in send.result.findings} == {PERSON, "+1415*"}
    assert (ask.granted, ask.blocked_by_entry, ask.result.verdict) == (False, True, BLOCK)
    assert ask.written_at == send.written_at
