"""One-time permission: for exactly one send, for what it was asked about, and never beyond."""

from typing import Any

import pytest

from consents.desk import MAILBOX, MINUTE_MS, PERSON, Desk, at_once, new_id
from dncd.errors import InvalidAddresses, InvalidFields, PermissionNotFound, RequestIdReused
from dncd.events import PermissionAnswered, Policy, PolicyApplied
from dncd.facts import Form, of_form
from dncd.nouns import Channel, Role, Source, Verdict

OTHER = "bob@example.com"
STRANGERS = ["", "x", "0", "-1", "1", "999999", "9" * 30, "00001", "²", "1\n"]


@pytest.fixture(name="asked")
def opted_out(desk: Desk) -> Desk:
    desk.add(MAILBOX, "do-not-email", Source.AGENT)
    return desk


def test_a_permission_is_used_up_by_the_first_claim(asked: Desk) -> None:
    permitted = asked.permit()

    first, second = asked.claim(permitted.permission), asked.claim(permitted.permission)

    assert (permitted.verdict, permitted.HasField("result")) == (Verdict.ALLOW, False)
    assert (first.granted, first.verdict, first.address, first.channel) == (True, Verdict.ALLOW, MAILBOX, 3)
    assert (second.granted, second.verdict, second.address) == (False, Verdict.BLOCK, "")


def test_the_opt_out_stays_as_it_is(asked: Desk) -> None:
    before = asked.verdict(MAILBOX, Channel.EMAIL), asked.labels(MAILBOX)

    asked.claim(asked.permit().permission)

    assert (asked.verdict(MAILBOX, Channel.EMAIL), asked.labels(MAILBOX)) == before
    assert asked.verdict(MAILBOX, Channel.EMAIL, "mail") is Verdict.PERMISSION_REQUIRED


def test_a_no_is_kept_and_gives_no_permission(asked: Desk) -> None:
    answer = asked.permit(permission_given=False, note="")

    assert (answer.verdict, answer.permission) == (Verdict.PERMISSION_REQUIRED, "")
    assert answer.result.findings
    change = asked.newest().draft.change
    assert isinstance(change, PermissionAnswered)
    assert not change.permission_given
    with pytest.raises(PermissionNotFound):
        asked.claim(str(asked.head()))


def test_an_address_that_is_clear_needs_no_permission(desk: Desk) -> None:
    answer = desk.permit()

    assert (answer.verdict, answer.permission, answer.HasField("result")) == (Verdict.ALLOW, "", False)


@pytest.mark.parametrize("label", ["do-not-contact"])
def test_what_no_person_can_permit_gives_no_permission(asked: Desk, label: str) -> None:
    asked.add(MAILBOX, label)

    answer = asked.permit()

    assert (answer.verdict, answer.permission) == (Verdict.BLOCK, "")


def test_permission_needs_a_policy_that_asks_for_it(asked: Desk) -> None:
    answer = asked.permit(policy="")

    assert (answer.verdict, answer.permission) == (Verdict.BLOCK, "")


def test_a_permission_ends_after_15_minutes(asked: Desk) -> None:
    asked.add(OTHER, "do-not-email", Source.AGENT)
    early, late = asked.permit(), asked.permit(OTHER)

    asked.clock.now_ms += 15 * MINUTE_MS - 1
    assert asked.claim(early.permission).granted
    asked.clock.now_ms += 1
    claimed = asked.claim(late.permission)

    assert (claimed.granted, claimed.verdict) == (False, Verdict.BLOCK)


def test_exactly_one_of_a_hundred_callers_is_granted(asked: Desk) -> None:
    permission = asked.permit().permission

    granted = [claim.granted for claim in at_once(100, lambda: asked.claim(permission))]

    assert (len(granted), sum(granted)) == (100, 1)


def test_a_retry_of_a_granted_claim_is_granted_again_until_the_permission_would_have_ended(asked: Desk) -> None:
    permission, request_id = asked.permit().permission, new_id()
    first = asked.claim(permission, request_id=request_id)

    asked.clock.now_ms += 15 * MINUTE_MS - 1
    again = asked.claim(permission, request_id=request_id)
    asked.clock.now_ms += 1
    late = asked.claim(permission, request_id=request_id)

    assert first.granted
    assert again == first
    assert (late.granted, late.verdict, late.address) == (False, Verdict.BLOCK, "")


def test_a_clock_that_was_set_back_lengthens_no_retry(asked: Desk) -> None:
    permission, request_id = asked.permit().permission, new_id()
    asked.claim(permission, request_id=request_id)
    asked.clock.now_ms += 15 * MINUTE_MS
    asked.add(OTHER, "do-not-email")
    asked.clock.now_ms -= 10 * MINUTE_MS

    assert not asked.claim(permission, request_id=request_id).granted


@pytest.mark.parametrize("label", ["do-not-contact", "do-not-email"])
@pytest.mark.parametrize("source", [Source.AGENT, Source.API])
def test_a_retry_of_a_granted_claim_is_stopped_by_what_came_since(asked: Desk, label: str, source: Source) -> None:
    permission, request_id = asked.permit().permission, new_id()
    assert asked.claim(permission, request_id=request_id).granted
    asked.add(MAILBOX, label, source)

    again = asked.claim(permission, request_id=request_id)

    assert (again.granted, again.verdict, again.address) == (False, Verdict.BLOCK, "")


@pytest.mark.parametrize("answer", ["yes", "no", "revocation"])
def test_a_later_answer_ends_the_retries_of_a_claim_too(asked: Desk, answer: str) -> None:
    permission, request_id = asked.permit().permission, new_id()
    assert asked.claim(permission, request_id=request_id).granted

    if answer == "revocation":
        asked.revoke(MAILBOX)
    else:
        asked.permit(permission_given=answer == "yes")

    assert not asked.claim(permission, request_id=request_id).granted


def test_a_retry_of_the_claim_of_a_confirmation_is_granted_until_it_would_have_ended(desk: Desk) -> None:
    confirmation, request_id = desk.say("STOP").confirmation, new_id()
    first = desk.claim(confirmation, request_id=request_id)

    desk.clock.now_ms += 5 * MINUTE_MS - 1
    again = desk.claim(confirmation, request_id=request_id)
    desk.clock.now_ms += 1

    assert first.granted
    assert again == first
    assert not desk.claim(confirmation, request_id=request_id).granted


def test_a_retry_of_the_claim_of_a_confirmation_is_stopped_by_what_came_since(desk: Desk) -> None:
    confirmation, request_id = desk.say("STOP").confirmation, new_id()
    assert desk.claim(confirmation, request_id=request_id).granted
    desk.add(PERSON, "do-not-contact")

    again = desk.claim(confirmation, request_id=request_id)

    assert (again.granted, again.verdict) == (False, Verdict.BLOCK)
    assert {finding.label for finding in again.result.findings} == {"do-not-contact", "do-not-text"}


def test_a_request_id_of_another_claim_is_refused(asked: Desk) -> None:
    asked.add(OTHER, "do-not-email")
    one, other, request_id = asked.permit().permission, asked.permit(OTHER).permission, new_id()
    asked.claim(one, request_id=request_id)

    with pytest.raises(RequestIdReused):
        asked.claim(other, request_id=request_id)


def test_a_retry_of_an_answer_names_the_same_permission_while_it_may_be_used(asked: Desk) -> None:
    request_id = new_id()
    first = asked.permit(request_id=request_id)

    asked.clock.now_ms += 15 * MINUTE_MS - 1
    again = asked.permit(request_id=request_id)
    asked.clock.now_ms += 1
    late = asked.permit(request_id=request_id)

    assert again == first
    assert (late.verdict, late.permission) == (Verdict.PERMISSION_REQUIRED, "")
    assert late.result.findings
    assert not late.HasField("expires_at")
    assert late.written_at == first.written_at


@pytest.mark.parametrize(
    ("act", "verdict"),
    [("claim", Verdict.PERMISSION_REQUIRED), ("no", Verdict.PERMISSION_REQUIRED), ("entry", Verdict.BLOCK)],
)
def test_a_retry_of_an_answer_allows_nothing_once_its_permission_is_gone(
    asked: Desk, act: str, verdict: Verdict
) -> None:
    request_id = new_id()
    permission = asked.permit(request_id=request_id).permission
    acts: dict[str, Any] = {
        "claim": lambda: asked.claim(permission),
        "no": lambda: asked.permit(permission_given=False),
        "entry": lambda: asked.add(MAILBOX, "do-not-contact"),
    }
    acts[act]()

    again = asked.permit(request_id=request_id)

    assert (again.verdict, again.permission) == (verdict, "")
    assert again.result.findings


@pytest.mark.parametrize("given", [True, False])
def test_a_later_answer_takes_the_place_of_the_one_before(asked: Desk, given: bool) -> None:
    before = asked.permit().permission

    later = asked.permit(permission_given=given)

    assert not asked.claim(before).granted
    assert bool(later.permission) == given
    if given:
        assert asked.claim(later.permission).granted


def test_an_answer_for_another_channel_leaves_the_one_before(desk: Desk) -> None:
    desk.add(PERSON, "do-not-text")
    by_text = desk.permit(PERSON, Channel.SMS).permission
    desk.accept(PolicyApplied(Policy("calls", one_time_permission=frozenset({Channel.VOICE}))))
    desk.add("+14155550102", "do-not-phone")

    desk.permit(PERSON, Channel.VOICE, permission_given=False, policy="calls")

    assert desk.claim(by_text).granted


@pytest.mark.parametrize(("channels", "granted"), [([], False), ([3], False), ([1], True)])
def test_a_revocation_takes_permission_back_on_its_channels(asked: Desk, channels: list[int], granted: bool) -> None:
    permission = asked.permit().permission

    asked.revoke(MAILBOX, channels=channels)

    assert asked.claim(permission).granted == granted


@pytest.mark.parametrize("source", list(Source))
@pytest.mark.parametrize("days", [0, 900])
def test_any_entry_that_is_added_takes_permission_back_also_where_it_stood_already(
    desk: Desk, source: Source, days: int
) -> None:
    desk.add(MAILBOX, "do-not-email", source, days=400)
    permission = desk.permit().permission

    desk.add(MAILBOX, "do-not-email", source, days=days or 400)

    claimed = desk.claim(permission)
    assert (claimed.granted, claimed.verdict) == (False, Verdict.BLOCK)


def test_an_entry_of_a_neighbour_takes_no_permission_back(asked: Desk) -> None:
    permission = asked.permit().permission

    asked.add(OTHER, "do-not-contact", Source.AGENT)

    assert asked.claim(permission).granted


@pytest.mark.parametrize(
    ("address", "label", "verdict"),
    [
        (MAILBOX, "do-not-contact", Verdict.BLOCK),
        # Of the kind that the permission was about, but not what it was about.
        (MAILBOX, "do-not-email", Verdict.BLOCK),
        ("@example.com", "do-not-contact", Verdict.BLOCK),
        ("@example.com", "do-not-email", Verdict.PERMISSION_REQUIRED),
    ],
)
def test_what_came_since_the_permission_stops_the_send_and_is_told(
    asked: Desk, address: str, label: str, verdict: Verdict
) -> None:
    permission = asked.permit().permission
    position = asked.add(address, label, Source.CONSOLE)

    claimed = asked.claim(permission)

    assert (claimed.granted, claimed.verdict) == (False, verdict)
    assert position in {finding.event_position for finding in claimed.result.findings}


def test_a_claim_that_was_granted_or_came_too_late_tells_no_check(asked: Desk) -> None:
    permission = asked.permit().permission

    assert not asked.claim(permission).HasField("result")
    assert not asked.claim(permission).HasField("result")
    asked.clock.now_ms += 15 * MINUTE_MS
    assert not asked.claim(permission).HasField("result")


def test_the_persons_own_word_ends_a_permission_even_where_it_repeats_itself(asked: Desk) -> None:
    permission = asked.permit().permission
    asked.add(MAILBOX, "do-not-email", Source.AGENT)

    assert not asked.claim(permission).granted


def test_a_claim_that_was_stopped_may_be_made_once_what_stopped_it_is_gone(asked: Desk) -> None:
    permission = asked.permit().permission
    head = asked.add("@example.com", "do-not-contact")
    stopped = asked.claim(permission)
    assert (stopped.granted, stopped.written_at.position, asked.head()) == (False, head, head)

    asked.remove("@example.com", "do-not-contact")

    assert asked.claim(permission).granted


@pytest.mark.parametrize("name", STRANGERS)
def test_a_name_that_is_no_permission_is_not_found(asked: Desk, name: str) -> None:
    with pytest.raises(PermissionNotFound):
        asked.claim(name)


def test_a_permission_of_another_account_is_not_found(asked: Desk) -> None:
    permission = asked.permit().permission

    with pytest.raises(PermissionNotFound):
        asked.call("ClaimSend", Role.ADMIN, 2, permission=permission)
    assert asked.claim(permission).granted


def test_permission_needs_a_note_of_who_asked(asked: Desk) -> None:
    with pytest.raises(InvalidFields) as refused:
        asked.permit(note="  ")

    assert [fault.path for fault in refused.value.faults] == ["note"]


@pytest.mark.parametrize("address", ["911", "no address", PERSON, ""])
def test_what_is_no_address_of_the_channel_is_refused(desk: Desk, address: str) -> None:
    head = desk.head()

    with pytest.raises(InvalidAddresses) as refused:
        desk.permit(address)

    assert [fault.path for fault in refused.value.faults] == ["row.address"]
    assert desk.head() == head


def test_an_address_keeps_one_permission_of_a_channel_and_ended_ones_no_longer_than_to_the_next(asked: Desk) -> None:
    for _ in range(3):
        asked.claim(asked.permit().permission)
    assert len(of_form(asked.facts(MAILBOX), Form.PERMISSION)) == 1

    asked.clock.now_ms += 15 * MINUTE_MS
    asked.permit(permission_given=False)

    assert not of_form(asked.facts(MAILBOX), Form.PERMISSION)


def test_a_permission_is_for_its_channel_and_address_alone(asked: Desk) -> None:
    asked.add(OTHER, "do-not-email")
    permitted = asked.permit()

    claimed: Any = asked.claim(permitted.permission)

    assert (claimed.address, claimed.channel) == (MAILBOX, 3)
    assert asked.verdict(OTHER, Channel.EMAIL, "mail") is Verdict.PERMISSION_REQUIRED
