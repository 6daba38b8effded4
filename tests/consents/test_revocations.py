"""Revocation: for channels, for purposes, for all; and the person's own request, which ends consents by itself."""

from datetime import UTC, datetime
from typing import Any

import pytest

from consents.desk import MAILBOX, PERSON, START_MS, Desk, in_ms, moment, new_id
from dncd.errors import InvalidFields, OwnWordStands
from dncd.events import Label, LabelCreated
from dncd.facts import Form
from dncd.nouns import Channel, EntryReason, Role, Source

WRITTEN, EXPRESS, RELATIONSHIP, INQUIRY = 1, 2, 3, 4
VOICE, SMS, WHATSAPP = 1, 2, 4
RULE_MS = int(datetime(2027, 2, 1, tzinfo=UTC).timestamp() * 1000)


def revoke(desk: Desk, address: str = PERSON, **facts: Any) -> Any:
    return desk.call("RevokeConsent", Role.AGENT, address=address, source=1, **facts)


def test_a_revocation_of_a_channel_leaves_the_others(desk: Desk) -> None:
    desk.consent(EXPRESS)

    answer = revoke(desk, channels=[SMS])

    assert (answer.revoked, answer.widened) == (1, False)
    assert [list(each.consent.channels) for each in desk.consents()] == [[VOICE, WHATSAPP]]


def test_a_revocation_of_a_purpose_takes_consents_for_every_purpose_too(desk: Desk) -> None:
    for purpose in (0, 1, 2):
        desk.consent(EXPRESS, purpose=purpose)

    answer = revoke(desk, purposes=[1])

    assert answer.revoked == 2
    assert [each.consent.purpose for each in desk.consents()] == [2]


def test_a_revocation_of_everything_leaves_nothing_and_counts(desk: Desk) -> None:
    desk.consent(EXPRESS, policy="mail")
    desk.consent(WRITTEN, channels=[VOICE])

    assert revoke(desk).revoked == 2
    assert revoke(desk).revoked == 0
    assert not desk.consents()


def test_consents_that_become_alike_become_one_and_the_later_end_stands(desk: Desk) -> None:
    desk.consent(EXPRESS, channels=[VOICE], expires_at=moment(START_MS + 10))
    desk.consent(EXPRESS, channels=[VOICE, SMS], expires_at=moment(START_MS + 20))

    assert revoke(desk, channels=[SMS]).revoked == 1

    [left] = desk.consents()
    assert (list(left.consent.channels), in_ms(left.consent.expires_at)) == ([VOICE], START_MS + 20)


@pytest.mark.parametrize(("address", "widened"), [(PERSON, True), ("+442079460123", False), (MAILBOX, False)])
def test_from_the_day_of_the_rule_a_us_number_is_revoked_for_every_purpose(
    desk: Desk, address: str, widened: bool
) -> None:
    for purpose in (1, 2):
        desk.consent(EXPRESS, address, purpose=purpose)
    desk.clock.now_ms = RULE_MS

    answer = revoke(desk, address, purposes=[1])

    assert (answer.revoked, answer.widened) == ((2, True) if widened else (1, False))


def test_before_the_day_of_the_rule_nothing_is_widened_and_a_retry_after_it_neither(desk: Desk) -> None:
    for purpose in (1, 2):
        desk.consent(EXPRESS, purpose=purpose)
    request_id = new_id()
    first = revoke(desk, purposes=[1], request_id=request_id)
    desk.clock.now_ms = RULE_MS

    again = revoke(desk, purposes=[1], request_id=request_id)

    assert again == first
    assert (first.revoked, first.widened) == (1, False)
    assert len(desk.consents()) == 1


@pytest.mark.parametrize(
    ("facts", "path"),
    [({"source": 0}, "source"), ({"channels": [9]}, "channels[0]"), ({"purposes": [9]}, "purposes[0]")],
)
def test_a_revocation_that_cannot_be_is_refused_by_its_field(desk: Desk, facts: dict[str, Any], path: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        desk.call("RevokeConsent", **{"address": PERSON, "source": 1} | facts)

    assert [fault.path for fault in refused.value.faults] == [path]


@pytest.fixture(name="related")
def with_every_kind(desk: Desk) -> Desk:
    for kind in (WRITTEN, EXPRESS, RELATIONSHIP, INQUIRY):
        desk.consent(kind)
    return desk


@pytest.mark.parametrize("source", [Source.AGENT, Source.IVR, Source.BOT, Source.INBOUND_MESSAGE])
@pytest.mark.parametrize("label", ["do-not-contact", "do-not-email"])
def test_the_persons_own_word_ends_every_consent(related: Desk, label: str, source: Source) -> None:
    related.add(PERSON, label, source)

    assert related.kinds() == []


def test_under_an_own_label_the_persons_word_ends_relationships_alone(related: Desk) -> None:
    related.accept(LabelCreated(Label("surveys", frozenset({Channel.VOICE}))))

    related.add(PERSON, "surveys", Source.AGENT)

    assert related.kinds() == [WRITTEN, EXPRESS]


@pytest.mark.parametrize("source", [Source.IMPORT, Source.API, Source.CONSOLE, Source.WORKFLOW])
def test_what_the_company_decides_ends_no_consent(related: Desk, source: Source) -> None:
    related.add(PERSON, "do-not-contact", source)

    assert related.kinds() == [WRITTEN, EXPRESS, RELATIONSHIP, INQUIRY]


@pytest.mark.parametrize("reason", set(EntryReason) - {EntryReason.INTERNAL_DECISION})
def test_what_a_crm_notes_as_the_persons_request_ends_every_consent(related: Desk, reason: EntryReason) -> None:
    related.add(PERSON, "do-not-contact", Source.API, reason=reason)

    assert related.kinds() == []


def test_a_request_that_repeats_itself_ends_consents_that_came_between(desk: Desk) -> None:
    desk.add(PERSON, "do-not-phone", Source.AGENT)
    desk.clock.now_ms += 1
    assert desk.consent(WRITTEN).changed

    desk.add(PERSON, "do-not-phone", Source.AGENT)

    assert desk.kinds() == []


@pytest.mark.parametrize("way", ["stop", "set", "review"])
def test_stop_ends_every_consent_however_it_came(related: Desk, way: str) -> None:
    if way == "stop":
        related.say("STOP")
    elif way == "set":
        related.call("SetOptIn", address=PERSON, status=4, source=6)
    else:
        name = related.say("maybe stop").review
        assert related.kinds() == [WRITTEN, EXPRESS, RELATIONSHIP, INQUIRY]
        related.call("DecideReview", review=name, decision=1)

    assert related.kinds() == []


@pytest.mark.parametrize("text", ["START", "HELP", "thanks", "maybe stop"])
def test_no_other_message_touches_a_consent(related: Desk, text: str) -> None:
    before = related.consents()

    related.say(text)

    assert related.consents() == before


def test_the_request_of_one_person_touches_nobody_else(related: Desk) -> None:
    related.consent(RELATIONSHIP, "+14155550102")

    related.add(PERSON, "do-not-contact", Source.AGENT)

    assert related.kinds("+14155550102") == [RELATIONSHIP]


def test_opt_in_states_and_claims_leave_everything_else_of_a_number_alone(related: Desk) -> None:
    related.say("maybe stop")
    before = [fact for fact in related.facts() if fact.form != Form.OPT_IN]

    related.call("SetOptIn", address=PERSON, status=2, source=6)
    related.call("ClaimOptInRequest", address=PERSON)
    related.call("SetOptIn", address=PERSON, status=3, source=6)

    assert [fact for fact in related.facts() if fact.form != Form.OPT_IN] == before
    with pytest.raises(OwnWordStands):
        related.say("STOP") and related.call("SetOptIn", Role.AGENT, address=PERSON, status=3, source=1)
