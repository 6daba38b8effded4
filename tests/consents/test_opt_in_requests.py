"""The claim on the opt-in request: one caller gets it, and the request is a text that everything else may stop."""

from datetime import UTC, datetime
from typing import Any

import pytest

from consents.desk import DAY_MS, PERSON, Desk, at_once, new_id
from dncd.errors import InvalidFields, PolicyNotFound
from dncd.events import Label, LabelCreated, Policy, PolicyApplied, RegionClosed
from dncd.nouns import EVERY_CHANNEL, Channel, Mode, OptInStatus, Role, Rule, Source, Verdict

NOT_SENT, SENT, ACCEPTED, REJECTED = OptInStatus
NIGHT_MS = int(datetime(2026, 5, 29, 8, tzinfo=UTC).timestamp() * 1000)
DAY_TIME_MS = int(datetime(2026, 5, 29, 20, tzinfo=UTC).timestamp() * 1000)


def apply(desk: Desk, name: str = "texts", **facts: Any) -> None:
    facts = {"channels": frozenset({Channel.SMS}), "require_opt_in": frozenset({Channel.SMS})} | facts
    desk.accept(PolicyApplied(Policy(name, **facts)))


def set_status(desk: Desk, status: OptInStatus) -> None:
    proof = {"reference": "form 7"}
    desk.call("SetOptIn", Role.MANAGER, address=PERSON, status=status, source=Source.API, evidence=proof)


@pytest.mark.parametrize("policy", ["", "texts"])
def test_exactly_one_of_fifty_callers_may_send_the_request(desk: Desk, policy: str) -> None:
    apply(desk)

    answers = at_once(50, lambda: desk.ask(policy=policy))

    assert sum(answer.granted for answer in answers) == 1
    assert {answer.status for answer in answers} == {SENT}
    assert not any(answer.HasField("result") for answer in answers)


@pytest.mark.parametrize("policy", ["", "texts"])
def test_a_retry_of_a_granted_claim_is_granted_again_while_the_number_is_sent(desk: Desk, policy: str) -> None:
    apply(desk)
    request_id = new_id()

    first, again = (desk.ask(policy=policy, request_id=request_id) for _ in range(2))

    assert first.granted
    assert again == first


@pytest.mark.parametrize("text", ["START", "STOP", "maybe stop"])
@pytest.mark.parametrize("policy", ["", "texts"])
def test_a_retry_is_not_granted_once_the_person_answered(desk: Desk, text: str, policy: str) -> None:
    apply(desk)
    request_id = new_id()
    desk.ask(policy=policy, request_id=request_id)
    desk.say(text)

    again = desk.ask(policy=policy, request_id=request_id)

    assert not again.granted
    assert again.status == desk.status()
    assert again.blocked_by_entry == (text != "START")


def test_a_retry_does_not_share_the_claim_of_a_later_caller(desk: Desk) -> None:
    request_id = new_id()
    desk.ask(request_id=request_id)
    set_status(desk, NOT_SENT)
    assert desk.ask().granted

    again = desk.ask(request_id=request_id)

    assert (again.granted, again.status) == (False, SENT)


@pytest.mark.parametrize("status", [SENT, ACCEPTED, REJECTED])
def test_a_number_that_is_not_not_sent_gets_no_request(desk: Desk, status: OptInStatus) -> None:
    apply(desk)
    set_status(desk, status)

    answers = [desk.ask(policy=policy) for policy in ("", "texts")]

    assert [(answer.granted, answer.status) for answer in answers] == [(False, status)] * 2


def test_the_request_keeps_to_the_hours_of_its_policy(desk: Desk) -> None:
    apply(desk, calling_hours=("us-federal",))
    desk.clock.now_ms = NIGHT_MS
    head = desk.head()

    by_night = desk.ask(policy="texts")

    assert (by_night.granted, by_night.status, by_night.blocked_by_entry) == (False, NOT_SENT, False)
    assert {finding.rule for finding in by_night.result.findings} == {Rule.CALLING_HOURS, Rule.OPT_IN_NOT_SENT}
    assert by_night.result.HasField("retry_at") or by_night.result.verdict == Verdict.OPT_IN_REQUIRED
    assert (by_night.written_at.position, desk.head()) == (head, head)
    desk.clock.now_ms = DAY_TIME_MS
    assert desk.ask(policy="texts").granted


def test_a_retry_keeps_to_the_hours_too(desk: Desk) -> None:
    apply(desk, calling_hours=("us-federal",))
    desk.clock.now_ms = DAY_TIME_MS
    request_id = new_id()
    assert desk.ask(policy="texts", request_id=request_id).granted

    desk.clock.now_ms += DAY_MS // 2
    by_night = desk.ask(policy="texts", request_id=request_id)
    desk.clock.now_ms += DAY_MS // 2

    assert (by_night.granted, by_night.status) == (False, SENT)
    assert desk.ask(policy="texts", request_id=request_id).granted


@pytest.mark.parametrize("policy", ["", "texts"])
def test_no_request_goes_into_a_closed_region(desk: Desk, policy: str) -> None:
    apply(desk)
    desk.accept(RegionClosed("US-CA", (desk.clock() // 60_000) * 60_000 + DAY_MS, "fire"))

    answer = desk.ask(policy=policy)

    assert (answer.granted, answer.blocked_by_entry) == (False, False)
    assert Rule.REGION_CLOSED in {finding.rule for finding in answer.result.findings}
    assert desk.ask("+12125550123", policy=policy).granted


@pytest.mark.parametrize("label", ["do-not-text", "do-not-contact", "own"])
@pytest.mark.parametrize("address", [PERSON, "+1415*"])
def test_an_entry_that_the_policy_honours_stops_the_request_and_is_told(desk: Desk, label: str, address: str) -> None:
    desk.accept(LabelCreated(Label("own", EVERY_CHANNEL)))
    apply(desk, labels=("own",))
    desk.add(address, label)
    head = desk.head()

    answer = desk.ask(policy="texts")

    assert (answer.granted, answer.status, answer.blocked_by_entry) == (False, NOT_SENT, True)
    assert answer.result.verdict == Verdict.BLOCK
    assert [finding.label for finding in answer.result.findings if finding.rule == Rule.ENTRY] == [label]
    assert desk.head() == head


def test_an_entry_that_the_policy_does_not_honour_stops_no_request(desk: Desk) -> None:
    desk.accept(LabelCreated(Label("own", EVERY_CHANNEL)))
    apply(desk)
    desk.add(PERSON, "own")

    answer = desk.ask(policy="texts")

    assert (answer.granted, answer.blocked_by_entry) == (True, False)


def test_a_policy_in_shadow_stops_no_request_but_for_the_persons_word(desk: Desk) -> None:
    desk.accept(LabelCreated(Label("own", EVERY_CHANNEL)))
    apply(desk, labels=("own",), mode=Mode.SHADOW)
    desk.add(PERSON, "own")
    desk.add("+14155550102", "do-not-text")

    assert desk.ask(policy="texts").granted
    blocked = desk.ask("+14155550102", policy="texts")

    assert (blocked.granted, blocked.blocked_by_entry) == (False, True)


def test_a_policy_that_is_not_there_is_refused(desk: Desk) -> None:
    head = desk.head()

    with pytest.raises(PolicyNotFound):
        desk.ask(policy="missing")
    with pytest.raises(InvalidFields) as refused:
        desk.ask(policy="a b")

    assert [fault.path for fault in refused.value.faults] == ["policy"]
    assert desk.head() == head
