"""explain and check under the whole policy: openings, places, remedies, evidence, and reasons in words."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from cli.conftest import Dnc
from cli.fake_server import NOVEMBER_3, REVISION, FakeServer
from donotcontact.cli.eventwords import EVENT_SENTENCES, event_sentence
from donotcontact.cli.nouns import local_words, time_of
from donotcontact.cli.sentences import RULE_WORDS, finding_kind, finding_sentence
from donotcontact.v1 import core_pb2
from donotcontact.v1.check_service_pb2 import CheckResponse, CheckResult, ConsideredRule, ExplainResponse
from donotcontact.v1.event_pb2 import Event
from donotcontact.v1.verdict_pb2 import (
    AttemptCount,
    Finding,
    LegalRule,
    LiftingConsent,
    RegistryRef,
    Rule,
    Verdict,
)

PHONE = "+13055550123"
OPENS = Timestamp(seconds=NOVEMBER_3 + 13 * 3600)
VOICE, SMS, NUMBER = core_pb2.CHANNEL_VOICE, core_pb2.CHANNEL_SMS, core_pb2.ATTEMPT_SCOPE_NUMBER
LIMIT = AttemptCount(attempts=3, max=3, per_hours=24, per=NUMBER)
LIFTED = LiftingConsent(
    kind=core_pb2.CONSENT_KIND_BUSINESS_RELATIONSHIP,
    given_at=Timestamp(seconds=0),
    expires_at=Timestamp(seconds=NOVEMBER_3),
    event_position=9,
)


def finding(rule: int, verdict: int = Verdict.VERDICT_DEFER, **fields: Any) -> Finding:
    return Finding(rule=Rule.ValueType(rule), verdict=Verdict.ValueType(verdict), **fields)


HOURS = finding(
    Rule.RULE_CALLING_HOURS,
    legal_rule=LegalRule(id="us-fl-hours", citation="Fla. Stat. 501.616(6)", time_zone="America/New_York"),
    retry_at=OPENS,
)
MATCH = finding(
    Rule.RULE_REGISTRY,
    Verdict.VERDICT_ALLOW,
    registry=RegistryRef(name="us-national", list_date="2026-11-01"),
    lifted_by=LIFTED,
)


def explanation(_request: Any) -> ExplainResponse:
    return ExplainResponse(
        result=CheckResult(
            verdict=Verdict.VERDICT_DEFER,
            address=PHONE,
            findings=[HOURS, MATCH],
            retry_at=OPENS,
            shadow_verdict=Verdict.VERDICT_BLOCK,
        ),
        considered=[ConsideredRule(rule=Rule.RULE_CALLING_HOURS, subject="us-fl-hours", finding=HOURS)],
        remedies=["Ask again at eight."],
        regions=["US", "US-FL"],
        time_zones=["America/New_York"],
        answered_at=REVISION,
        contact_time=Timestamp(seconds=NOVEMBER_3),
    )


def test_explain_tells_opening_places_rules_remedies_and_evidence(dnc: Dnc, server: FakeServer) -> None:
    server.answers["Explain"] = explanation

    result = dnc("explain", PHONE, "--channel", "voice", "--time-zone", "America/Chicago", "--debt-id", "d-1")

    assert result.exit_code == 1
    for words in (
        f"{PHONE}  DEFER: outside of calling hours (us-fl-hours: Fla. Stat. 501.616(6))",
        "Opens Tue 2026-11-03 08:00 (America/New_York).",
        "The policy is in SHADOW mode and would answer BLOCK.",
        "Where: US, US-FL; America/New_York.",
        "- Ask again at eight.",
        "us-national  business relationship  1970-01-01T00:00:00Z  2026-11-03T00:00:00Z         9",
    ):
        assert words in result.stdout
    row = server.requests[0].row
    assert (row.time_zone, row.debt_id) == ("America/Chicago", "d-1")


def test_explain_by_a_draft_sends_it(dnc: Dnc, server: FakeServer, tmp_path: Path) -> None:
    server.answers["Explain"] = explanation
    draft = tmp_path / "draft.yaml"
    draft.write_text("name: draft\n")

    dnc("explain", PHONE, "--channel", "voice", "--draft", str(draft))

    assert server.requests[0].draft.name == "draft"


@pytest.mark.parametrize("other", [["--policy", "p"], ["--as-of", "2026-11-03"]])
def test_a_draft_stands_alone(dnc: Dnc, server: FakeServer, other: list[str]) -> None:
    assert dnc("explain", PHONE, "--channel", "voice", "--draft", "d.yaml", *other).exit_code == 2
    assert not server.requests


def test_explain_that_never_opens_says_so(dnc: Dnc, server: FakeServer) -> None:
    result = CheckResult(verdict=Verdict.VERDICT_DEFER, address=PHONE)
    server.answers["Explain"] = lambda _: ExplainResponse(result=result, answered_at=REVISION)

    assert "It does not open within 400 days." in dnc("explain", PHONE, "--channel", "voice").stdout


def test_check_quotes_the_rule_and_says_when_it_opens_there(dnc: Dnc, server: FakeServer) -> None:
    limited = finding(Rule.RULE_ATTEMPT_LIMIT, attempts=LIMIT, retry_at=Timestamp(seconds=NOVEMBER_3))
    result = CheckResult(verdict=Verdict.VERDICT_DEFER, address=PHONE, findings=[HOURS, limited], retry_at=OPENS)
    server.answers["Check"] = lambda _: CheckResponse(results=[result], checked_at=REVISION)

    shown = " ".join(dnc("check", PHONE, "--channel", "voice").stdout.split())
    document = dnc.json("check", PHONE, "--channel", "voice")

    assert "outside of calling hours (us-fl-hours: Fla. Stat. 501.616(6)), until Tue 2026-11-03 08:00" in shown
    assert "as many attempts as are allowed: 3 of 3 in 24 hours by number, until Tue 2026-11-03 00:00 (UTC)" in shown
    assert "; opens Tue 2026-11-03 08:00 (America/New_York)" in shown
    assert document["results"][0]["retry_at"] == "2026-11-03T13:00:00Z"


def test_check_shows_what_a_shadow_policy_would_say(dnc: Dnc, server: FakeServer) -> None:
    result = CheckResult(verdict=Verdict.VERDICT_ALLOW, address=PHONE, shadow_verdict=Verdict.VERDICT_DEFER)
    server.answers["Check"] = lambda _: CheckResponse(results=[result], checked_at=REVISION)

    assert f"ALLOW    DEFER   {PHONE}" in dnc("check", PHONE, "--channel", "voice").stdout


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (finding(Rule.RULE_REGION_CLOSED, legal_rule=LegalRule(region="US-FL")), "US-FL is closed by this account"),
        (
            finding(
                Rule.RULE_COOLDOWN,
                legal_rule=LegalRule(id="reg-f-conversation", citation="12 CFR 1006.14(b)(2)"),
                attempts=AttemptCount(attempts=1, after=core_pb2.ATTEMPT_OUTCOME_CONVERSATION),
            ),
            "a pause after a conversation (reg-f-conversation: 12 CFR 1006.14(b)(2))",
        ),
        (
            finding(Rule.RULE_COOLDOWN, attempts=AttemptCount(after=core_pb2.ATTEMPT_OUTCOME_ABANDONED)),
            "a pause after an abandoned call",
        ),
        (finding(Rule.RULE_COOLDOWN), "a pause after an attempt"),
        (
            finding(
                Rule.RULE_COOLDOWN,
                recorded_at=Timestamp(seconds=NOVEMBER_3),
                attempts=AttemptCount(
                    days=7, after=core_pb2.ATTEMPT_OUTCOME_CONVERSATION, channels=[VOICE, SMS], regions=["US"]
                ),
            ),
            "a pause of 7 calendar days after a conversation on 2026-11-03, on VOICE, SMS, in US",
        ),
        (
            finding(Rule.RULE_COOLDOWN, attempts=AttemptCount(per_hours=72, after=core_pb2.ATTEMPT_OUTCOME_ABANDONED)),
            "a pause of 72 hours after an abandoned call",
        ),
        (
            finding(
                Rule.RULE_ATTEMPT_LIMIT,
                attempts=AttemptCount(
                    attempts=3, max=3, per_hours=24, per=NUMBER, channels=[VOICE], regions=["US-FL", "US-MD", "US-OK"]
                ),
            ),
            "as many attempts as are allowed: 3 of 3 in 24 hours by number, on VOICE, in US-FL, US-MD, US-OK",
        ),
        (
            finding(
                Rule.RULE_ATTEMPT_LIMIT,
                attempts=AttemptCount(attempts=1, max=1, per_hours=1, regions=["AT", "BE", "CA", "DE", "GB", "US"]),
            ),
            "as many attempts as are allowed: 1 of 1 in 1 hours by number, in AT, BE, CA, DE, GB and 1 more",
        ),
        (finding(Rule.RULE_ATTEMPT_LIMIT), "as many attempts as are allowed"),
        (finding(Rule.RULE_ZONE_UNKNOWN), "nobody knows the time zone of the number; give the row's own"),
        (
            finding(Rule.RULE_ZONE_UNKNOWN, legal_rule=LegalRule(citation="the row's postal_code cannot be read")),
            "nobody knows the time zone: the row's postal_code cannot be read",
        ),
        (finding(Rule.RULE_CONTEXT_MISSING), "attempts are counted by contact or debt, and the row names none"),
        (finding(Rule.RULE_REVIEW), "the person wrote what may be an opt-out, and nobody has decided yet"),
        (
            MATCH,
            "on us-national, list of 2026-11-01; lifted by consent (business relationship of 1970-01-01 until"
            " 2026-11-03)",
        ),
        (finding(99), "a rule that this version of dnc does not know (UNKNOWN_99)"),
    ],
)
def test_each_rule_has_its_sentence(given: Finding, sentence: str) -> None:
    assert finding_sentence(given) == sentence


def test_every_rule_of_the_contract_has_words() -> None:
    known = {name.removeprefix("RULE_") for name, number in Rule.items() if number}

    assert set(RULE_WORDS) == known
    for number in Rule.values()[1:]:
        assert "does not know" not in finding_sentence(finding(number))


def test_a_kind_holds_no_time_so_that_it_can_be_counted() -> None:
    told = AttemptCount(attempts=2, days=7, after=core_pb2.ATTEMPT_OUTCOME_CONVERSATION)
    pause = finding(Rule.RULE_COOLDOWN, recorded_at=Timestamp(seconds=NOVEMBER_3), attempts=told)
    assert finding_kind(pause) == "a pause of 7 calendar days after a conversation"
    assert finding_kind(HOURS) == "outside of calling hours (us-fl-hours: Fla. Stat. 501.616(6))"


def test_every_event_of_the_contract_has_a_sentence() -> None:
    changes = {field.name for field in Event.DESCRIPTOR.oneofs_by_name["change"].fields}

    assert set(EVENT_SENTENCES) == changes
    for name in changes:
        event = Event()
        getattr(event, name).SetInParent()
        assert event_sentence(event)


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("America/New_York", "Tue 2026-11-03 08:00 (America/New_York)"),
        ("", "Tue 2026-11-03 13:00 (UTC)"),
        ("Nowhere/Atall", "Tue 2026-11-03 13:00 (UTC)"),
        ("../../etc/passwd", "Tue 2026-11-03 13:00 (UTC)"),
    ],
)
def test_times_are_told_in_the_zone_of_the_rule_and_else_in_utc(zone: str, words: str) -> None:
    assert local_words(time_of(OPENS), zone) == words
