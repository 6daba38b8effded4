"""Inbound messages: what a text does, the one confirmation, and what waits for a person."""

from collections.abc import Collection, Iterator
from typing import Any

import pytest
from google.protobuf.message import Message

from consents.desk import DAY_MS, MINUTE_MS, PERSON, START_MS, Desk, Meanings, at_once, desk, in_ms, new_id, pb
from dncd import journal
from dncd.encoding import public_event
from dncd.errors import InvalidAddresses, InvalidFields, OwnWordStands, PermissionNotFound, RequestIdReused
from dncd.events import InboundMessageRecorded, RequestsPruned
from dncd.limits import INBOUND_TEXT_BYTES_MAX, OWN_CODES_MAX
from dncd.messages import ANSWERS
from dncd.nouns import Channel, MessageClass, OptInStatus, Role, Source, Verdict
from dncd.texts import Classified, load_classifier
from dncd.transport import fields

NOT_SENT, SENT, ACCEPTED, REJECTED = OptInStatus.NOT_SENT, OptInStatus.SENT, OptInStatus.ACCEPTED, OptInStatus.REJECTED
SMS, WHATSAPP = Channel.SMS, Channel.WHATSAPP
OTHER = "+14155550102"


class WithYes(Meanings):
    """The classifier of the desk, which knows YES too."""

    def classify(self, text: str, own_codes: Collection[str]) -> Classified:
        if text == "YES":
            return Classified(MessageClass.OPT_IN, "keyword YES", assent=True)
        known = super().classify(text, own_codes)
        return Classified(known.message_class, known.matched)


@pytest.fixture(name="yes_desk")
def desk_that_knows_yes() -> Iterator[Desk]:
    with desk(WithYes()) as opened:
        yield opened


def set_status(desk: Desk, status: OptInStatus, role: Role = Role.AGENT, source: int = 4, reference: str = "") -> None:
    evidence = {"reference": reference} if reference else None
    desk.call("SetOptIn", role, address=PERSON, status=status, source=source, evidence=evidence)


def test_stop_blocks_texts_and_not_calls(desk: Desk) -> None:
    answer = desk.say("STOP")

    assert (answer.message_class, answer.matched, answer.status) == (MessageClass.OPT_OUT, "keyword OPT_OUT", REJECTED)
    assert desk.status() == REJECTED
    assert desk.labels() == ["do-not-text"]
    assert desk.verdict() is desk.verdict(channel=Channel.WHATSAPP) is Verdict.BLOCK
    assert desk.verdict(channel=Channel.VOICE) is Verdict.ALLOW


def test_start_undoes_only_what_stop_did(desk: Desk) -> None:
    desk.add(PERSON, "do-not-text", Source.AGENT)
    desk.add(PERSON, "do-not-phone", Source.INBOUND_MESSAGE)
    desk.say("maybe stop")
    before = sorted(desk.facts())
    desk.say("STOP")
    assert len(desk.facts()) == len(before) + 3

    desk.say("START")

    assert desk.status() == ACCEPTED
    assert [fact for fact in sorted(desk.facts()) if fact in before] == before
    assert sorted(desk.labels()) == ["do-not-phone", "do-not-text"]


def test_start_on_whatsapp_takes_back_stop_and_opts_in_to_no_texts(desk: Desk) -> None:
    desk.say("STOP", channel=Channel.WHATSAPP)
    stopped = desk.verdict(channel=Channel.WHATSAPP)
    desk.say("START", channel=Channel.WHATSAPP)

    assert stopped is Verdict.BLOCK
    assert desk.verdict(channel=Channel.WHATSAPP) is Verdict.ALLOW
    assert desk.status() == NOT_SENT


@pytest.mark.parametrize(("stopped", "started"), [(SMS, WHATSAPP), (WHATSAPP, SMS)])
def test_start_undoes_the_stop_of_its_own_channel_only(desk: Desk, stopped: Channel, started: Channel) -> None:
    desk.say("STOP", channel=stopped)

    desk.say("START", channel=started)

    assert desk.labels() == ["do-not-text"]
    assert desk.verdict(channel=SMS) is desk.verdict(channel=WHATSAPP) is Verdict.BLOCK
    assert desk.status() == (ACCEPTED if started is SMS else REJECTED)


@pytest.mark.parametrize("order", [(SMS, WHATSAPP), (WHATSAPP, SMS)])
def test_a_stop_on_both_channels_takes_a_start_on_both(desk: Desk, order: tuple[Channel, Channel]) -> None:
    desk.say("STOP", channel=SMS)
    desk.say("STOP", channel=WHATSAPP)

    desk.say("START", channel=order[0])
    between = desk.verdict()
    desk.say("START", channel=order[1])

    assert between is Verdict.BLOCK
    assert desk.labels() == []
    assert desk.verdict(channel=SMS) is desk.verdict(channel=WHATSAPP) is Verdict.ALLOW
    assert desk.status() == ACCEPTED


def test_an_entry_that_names_no_channel_is_a_stop_by_sms(desk: Desk) -> None:
    desk.add(PERSON, "do-not-text", Source.INBOUND_MESSAGE)

    desk.say("START", channel=WHATSAPP)
    after_whatsapp = desk.verdict()
    desk.say("START")

    assert after_whatsapp is Verdict.BLOCK
    assert desk.verdict() is Verdict.ALLOW


def test_a_stop_on_whatsapp_outlives_what_an_agent_sets_and_not_what_a_manager_proves(desk: Desk) -> None:
    desk.say("STOP", channel=WHATSAPP)
    for refused in ({"role": Role.AGENT, "reference": "form 8"}, {"role": Role.MANAGER, "source": 7}):
        with pytest.raises(OwnWordStands):
            set_status(desk, ACCEPTED, **refused)
    after_agent = desk.verdict()

    set_status(desk, ACCEPTED, Role.MANAGER, source=7, reference="form 9")

    assert after_agent is Verdict.BLOCK
    assert desk.verdict() is Verdict.ALLOW


def test_a_status_set_to_rejected_is_a_stop_by_sms(desk: Desk) -> None:
    set_status(desk, REJECTED)

    desk.say("START", channel=WHATSAPP)

    assert (desk.status(), desk.verdict()) == (REJECTED, Verdict.BLOCK)


@pytest.mark.parametrize("channel", [SMS, WHATSAPP])
def test_a_review_that_is_an_opt_out_is_a_stop_on_its_own_channel(desk: Desk, channel: Channel) -> None:
    desk.call("DecideReview", review=desk.say("maybe stop", channel=channel).review, decision=1)

    desk.say("START", channel=SMS if channel is WHATSAPP else WHATSAPP)
    elsewhere = desk.verdict()
    desk.say("START", channel=channel)

    assert elsewhere is Verdict.BLOCK
    assert desk.verdict() is Verdict.ALLOW


def test_a_review_that_was_no_opt_out_may_still_be_decided_to_be_one(desk: Desk) -> None:
    name = desk.say("maybe stop").review
    desk.call("DecideReview", review=name, decision=2)

    stopped = desk.call("DecideReview", Role.AGENT, review=name, decision=1)
    again = desk.call("DecideReview", Role.AGENT, review=name, decision=1)
    back = desk.call("DecideReview", Role.MANAGER, review=name, decision=2)

    assert (stopped.changed, again.changed, back.changed) == (True, False, False)
    assert (desk.status(), desk.labels(), desk.verdict()) == (REJECTED, ["do-not-text"], Verdict.BLOCK)


def test_a_message_that_is_delivered_twice_is_answered_as_the_first_time_and_does_nothing(desk: Desk) -> None:
    first = desk.say("START", message_id="SM-1")
    desk.say("STOP", message_id="SM-2")
    head = desk.head()

    again = desk.say("START", message_id="SM-1")

    assert again == first
    assert desk.head() == head
    assert desk.verdict() is Verdict.BLOCK


@pytest.mark.parametrize(
    "otherwise",
    [{"actor": "gate-2"}, {"own_codes": ["12345"]}, {"region": "US", "address": "(415) 555-0101"}, {"channel": 2}],
)
def test_who_delivers_a_message_and_how_it_is_written_do_not_make_it_another(
    desk: Desk, otherwise: dict[str, Any]
) -> None:
    first = desk.say("STOP", message_id="SM-1", actor="gate-1")

    again = desk.call(
        "RecordInboundMessage", Role.AGENT, **{"address": PERSON, "text": "STOP", "message_id": "SM-1"} | otherwise
    )

    assert again == first


def test_another_number_or_account_makes_a_message_another(desk: Desk) -> None:
    first = desk.say("STOP", message_id="SM-1", actor="gate-1")
    actor = desk.newest().draft.actor

    others = [
        desk.say("STOP", OTHER, message_id="SM-1"),
        desk.call("RecordInboundMessage", Role.AGENT, 2, address=PERSON, text="STOP", message_id="SM-1"),
        desk.say("STOP"),
        desk.say("STOP"),
    ]

    positions = [answer.written_at.position for answer in [first, *others]]
    assert positions == list(range(positions[0], positions[0] + 5))
    assert actor == "tester/gate-1"


@pytest.mark.parametrize("request_id", ["", "6f1f8d6c-3c6e-4d0e-9f4e-0d6f0a0c7a11"])
@pytest.mark.parametrize("otherwise", [{"text": "thanks"}, {"channel": WHATSAPP}])
def test_another_text_of_one_message_id_is_refused(desk: Desk, otherwise: dict[str, Any], request_id: str) -> None:
    desk.say("START", message_id="SM-1")
    head = desk.head()

    with pytest.raises(RequestIdReused):
        desk.say(**{"text": "START", "message_id": "SM-1", "request_id": request_id} | otherwise)

    assert desk.head() == head


def test_a_dry_run_uses_no_message_id_up(desk: Desk) -> None:
    dry = desk.say("STOP", message_id="SM-1", validate_only=True)

    wet = desk.say("STOP", message_id="SM-1")

    assert (dry.status, dry.confirmation) == (REJECTED, "")
    assert wet.confirmation


def test_a_message_id_is_known_for_as_long_as_a_request_id(desk: Desk) -> None:
    first = desk.say("STOP", message_id="SM-1")
    desk.clock.now_ms += 7 * DAY_MS

    before = desk.say("STOP", message_id="SM-1")
    desk.accept(RequestsPruned(desk.clock(), events_max=1_000))
    after = desk.say("STOP", message_id="SM-1")

    assert before == first
    assert after.written_at.position == desk.head() > first.written_at.position


@pytest.mark.parametrize(
    ("status", "message_class", "after", "verdict"),
    [
        (NOT_SENT, MessageClass.NONE, NOT_SENT, Verdict.ALLOW),
        (SENT, MessageClass.OPT_IN, ACCEPTED, Verdict.ALLOW),
        (ACCEPTED, MessageClass.NONE, ACCEPTED, Verdict.ALLOW),
        (REJECTED, MessageClass.REVIEW, REJECTED, Verdict.BLOCK),
    ],
)
def test_yes_opts_in_only_where_the_opt_in_request_was_sent(
    yes_desk: Desk, status: OptInStatus, message_class: MessageClass, after: OptInStatus, verdict: Verdict
) -> None:
    set_status(yes_desk, status)

    answer = yes_desk.say("YES")

    assert (answer.message_class, answer.status) == (message_class, after)
    assert bool(answer.confirmation) == (message_class is MessageClass.OPT_IN)
    assert answer.matched.startswith("keyword YES, ")
    assert yes_desk.verdict() is verdict


def test_yes_on_whatsapp_answers_no_opt_in_request(yes_desk: Desk) -> None:
    set_status(yes_desk, SENT)

    answer = yes_desk.say("YES", channel=WHATSAPP)

    assert (answer.message_class, answer.status) == (MessageClass.NONE, SENT)


@pytest.mark.parametrize("status", [NOT_SENT, SENT, ACCEPTED, REJECTED])
def test_start_opts_in_from_any_status(yes_desk: Desk, status: OptInStatus) -> None:
    set_status(yes_desk, status)

    assert yes_desk.say("START").status == ACCEPTED


def test_a_yes_that_a_stop_overtakes_opts_in_to_nothing(desk: Desk) -> None:
    desk.say("STOP")
    yes = InboundMessageRecorded(fields.target(PERSON, "US"), SMS, MessageClass.OPT_IN, f"keyword YES{ANSWERS}")

    desk.accept(yes)

    assert (desk.status(), desk.verdict()) == (REJECTED, Verdict.BLOCK)


def test_only_agents_and_above_record_what_a_person_said(desk: Desk) -> None:
    assert desk.rpcs["RecordInboundMessage"].roles == {Role.AGENT, Role.MANAGER, Role.ADMIN}


@pytest.mark.parametrize("text", ["HELP", "thanks"])
def test_help_and_chat_change_nothing_and_are_journaled(desk: Desk, text: str) -> None:
    desk.say("STOP")
    before, head = desk.facts(), desk.head()

    answer = desk.say(text)

    assert (answer.status, answer.confirmation, answer.review) == (REJECTED, "", "")
    assert desk.facts() == before
    assert desk.head() == head + 1


def test_a_confirmation_passes_the_block_that_its_own_stop_made(desk: Desk) -> None:
    answer = desk.say("STOP", channel=2)

    claimed = desk.claim(answer.confirmation)

    assert in_ms(answer.confirmation_until) == START_MS + 5 * MINUTE_MS
    assert (claimed.granted, claimed.verdict, claimed.address, claimed.channel) == (True, Verdict.ALLOW, PERSON, 2)
    assert desk.verdict() is Verdict.BLOCK


@pytest.mark.parametrize("before", ["status set back", "added", "added for days"])
def test_a_stop_that_stood_already_is_confirmed_no_second_time(desk: Desk, before: str) -> None:
    if before == "status set back":
        # The entry outlives the status where a MANAGER sets that back.
        desk.say("STOP")
        desk.call("SetOptIn", address=PERSON, status=NOT_SENT, source=7, evidence={"reference": "r"})
    else:
        desk.add(PERSON, "do-not-text", Source.INBOUND_MESSAGE, days=3 if before == "added for days" else 0)

    answer = desk.say("STOP")

    assert (answer.confirmation, answer.HasField("confirmation_until"), answer.status) == ("", False, REJECTED)
    with pytest.raises(PermissionNotFound):
        desk.claim(answer.confirmation)


def test_a_start_by_sms_is_not_confirmed_while_a_stop_on_whatsapp_stands(desk: Desk) -> None:
    desk.say("STOP", channel=2)
    desk.say("STOP", channel=4)

    answer = desk.say("START", channel=2)

    assert (answer.status, answer.confirmation) == (ACCEPTED, "")
    assert desk.verdict() is Verdict.BLOCK


def test_a_stop_whose_entry_ended_is_confirmed_again(desk: Desk) -> None:
    desk.add(PERSON, "do-not-text", Source.INBOUND_MESSAGE, days=1)
    desk.clock.now_ms += DAY_MS

    assert desk.claim(desk.say("STOP").confirmation).granted


@pytest.mark.parametrize("stranger", ["do-not-contact", "do-not-text", "prefix", "review"])
def test_a_confirmation_passes_no_other_block(desk: Desk, stranger: str) -> None:
    if stranger == "prefix":
        desk.add("+1415*", "do-not-text")
    elif stranger == "review":
        desk.say("maybe stop")
    else:
        desk.add(PERSON, stranger)
    confirmation = desk.say("STOP").confirmation

    claimed = desk.claim(confirmation)

    assert (claimed.granted, claimed.verdict) == (False, Verdict.BLOCK)


def test_a_confirmation_does_not_pass_what_came_after_it(desk: Desk) -> None:
    confirmation = desk.say("STOP").confirmation
    desk.add(PERSON, "do-not-contact")

    assert not desk.claim(confirmation).granted


def test_a_confirmation_may_be_sent_once_within_five_minutes(desk: Desk) -> None:
    first, second = desk.say("STOP").confirmation, desk.say("STOP", OTHER).confirmation

    desk.clock.now_ms += 5 * MINUTE_MS - 1
    granted = [claim.granted for claim in at_once(20, lambda: desk.claim(first))]
    desk.clock.now_ms += 1

    assert sum(granted) == 1
    assert not desk.claim(second).granted


def test_a_stop_that_changes_nothing_has_nothing_to_confirm(desk: Desk) -> None:
    confirmation = desk.say("STOP").confirmation

    again = desk.say("STOP")

    assert (again.message_class, again.status, again.confirmation) == (MessageClass.OPT_OUT, REJECTED, "")
    assert not again.HasField("confirmation_until")
    assert desk.claim(confirmation).granted


def test_nothing_is_left_to_confirm_of_what_no_longer_stands(desk: Desk) -> None:
    stopped = desk.say("STOP").confirmation
    started = desk.say("START").confirmation

    assert not desk.claim(stopped).granted
    assert desk.claim(started).granted
    assert desk.verdict() is Verdict.ALLOW


def test_validate_only_says_what_would_happen_and_changes_nothing(desk: Desk) -> None:
    head = desk.head()

    stop = desk.say("STOP", validate_only=True)
    review = desk.say("maybe stop", validate_only=True)

    assert (stop.message_class, stop.status, stop.confirmation) == (MessageClass.OPT_OUT, REJECTED, "")
    assert (review.message_class, review.review) == (MessageClass.REVIEW, "")
    assert stop.written_at.position == desk.head() == head
    assert desk.verdict() is Verdict.ALLOW


def test_a_retry_is_answered_as_the_first_call_was(desk: Desk) -> None:
    request_id = new_id()
    first = desk.say("STOP", request_id=request_id)
    desk.say("START")

    assert desk.say("STOP", request_id=request_id) == first
    assert desk.status() == ACCEPTED


def test_the_text_is_nowhere_unless_the_account_keeps_texts(desk: Desk) -> None:
    request_id = new_id()
    desk.say("maybe stop", request_id=request_id)
    assert b"maybe stop" not in desk.journal_bytes()
    assert not desk.call("ListReviews").reviews[0].text

    desk.keep_texts()
    kept = desk.say("maybe stop", OTHER)

    assert desk.journal_bytes().count(b"maybe stop") == 1
    assert [review.text for review in desk.call("ListReviews").reviews] == ["", "maybe stop"]
    assert "maybe stop" not in repr(desk.newest().draft.change)
    assert kept.review


def test_the_journal_tells_what_a_message_and_its_decision_did(desk: Desk) -> None:
    desk.call("DecideReview", review=desk.say("maybe stop").review, decision=1)
    desk.say("STOP")
    desk.say("START")
    desk.claim(str(desk.head()))

    with desk.store.snapshot() as snapshot:
        told = [public_event(row.encoded) for row in journal.read_from(snapshot, desk.head() - 5)]

    review, decided, stop, start, claimed = told
    assert int(review.inbound_message_recorded.status) == NOT_SENT
    assert decided.review_decided.changed
    assert [int(stop.inbound_message_recorded.before), int(stop.inbound_message_recorded.status)] == [REJECTED] * 2
    assert stop.inbound_message_recorded.confirmation_until_ms == 0
    assert start.inbound_message_recorded.confirmation_until_ms == START_MS + 5 * MINUTE_MS
    assert claimed.send_claimed.granted


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({"text": "x" * (INBOUND_TEXT_BYTES_MAX + 1)}, "text"),
        ({"text": "é" * (INBOUND_TEXT_BYTES_MAX // 2 + 1)}, "text"),
        ({"channel": 1}, "channel"),
        ({"channel": 3}, "channel"),
        ({"channel": 99}, "channel"),
        ({"own_codes": ["1"] * (OWN_CODES_MAX + 1)}, "own_codes"),
        ({"own_codes": ["1", " "]}, "own_codes[1]"),
        ({"own_codes": ["x" * 129]}, "own_codes[0]"),
        ({"message_id": "x" * 513}, "message_id"),
        ({"actor": "x" * 129}, "actor"),
        ({"request_id": "nope"}, "request_id"),
        ({"region": "ZZ"}, "region"),
    ],
)
def test_a_wrong_field_is_refused_by_its_path(desk: Desk, facts: dict[str, Any], path: str) -> None:
    head = desk.head()
    request = {"address": PERSON, "text": "STOP"} | facts

    with pytest.raises(InvalidFields) as refused:
        desk.call("RecordInboundMessage", **request)

    assert [fault.path for fault in refused.value.faults] == [path]
    assert desk.head() == head


@pytest.mark.parametrize("address", ["ann@example.com", "+1415*", "911", ""])
def test_only_one_number_sends_a_message(desk: Desk, address: str) -> None:
    with pytest.raises(InvalidAddresses):
        desk.say("STOP", address)


def test_the_real_classifier_reads_the_keywords_of_the_field() -> None:
    with desk(load_classifier()) as running:
        assert running.say("  stop. ").message_class == MessageClass.OPT_OUT
        assert running.say("\x00STOP\x07").message_class == MessageClass.OPT_OUT
        assert running.say("Start!").message_class == MessageClass.OPT_IN
        assert running.say("help").message_class == MessageClass.HELP
        assert running.say("STOP 12345", own_codes=["12345"]).message_class == MessageClass.NONE


def test_answers_hold_no_more_than_the_contract_says(desk: Desk) -> None:
    answer: Message = desk.say("thanks")

    assert {field.name for field, _ in answer.ListFields()} == {"message_class", "matched", "status", "written_at"}
    assert isinstance(answer, pb.RecordInboundMessageResponse)


def test_a_stop_that_another_system_reports_is_not_undone_by_a_start_elsewhere(desk: Desk) -> None:
    desk.say("STOP", channel=Channel.WHATSAPP)
    desk.add(PERSON, "do-not-text", Source.INBOUND_MESSAGE)

    desk.say("START", channel=Channel.WHATSAPP)

    assert desk.verdict() is Verdict.BLOCK
