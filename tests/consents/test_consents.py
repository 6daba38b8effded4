"""Consents: recorded with their proof, ended by rule, narrowed by revocation, and ended by the person's own request."""

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from consents.desk import DAY_MS, MAILBOX, PERSON, START_MS, Desk, in_ms, moment, new_id
from dncd import consents
from dncd.accounts import catalog_version
from dncd.errors import InvalidAddresses, InvalidFields, LimitReached, PolicyNotFound
from dncd.events import Policy, PolicyApplied, PolicyDeleted
from dncd.facts import NEVER_MS, Fact, Form
from dncd.limits import CONSENTS_PER_ADDRESS_MAX
from dncd.nouns import Verdict
from dncd.terms import add_months

WRITTEN, EXPRESS, RELATIONSHIP, INQUIRY = 1, 2, 3, 4
VOICE, SMS, EMAIL, WHATSAPP = 1, 2, 3, 4


def test_a_consent_is_recorded_with_the_end_that_the_rule_gives_it(desk: Desk) -> None:
    given = START_MS - 10 * DAY_MS

    answer = desk.consent(INQUIRY, given_at=moment(given))
    [listed] = desk.consents()

    assert answer.changed
    assert in_ms(answer.consent.expires_at) == add_months(given, 3)
    assert listed.consent == answer.consent
    assert list(listed.consent.channels) == [VOICE, SMS, WHATSAPP]
    assert (listed.source, listed.event_position, listed.active) == (6, desk.head(), True)
    assert in_ms(listed.recorded_at) == START_MS


def test_a_consent_that_says_nothing_is_from_now_on_and_never_ends(desk: Desk) -> None:
    consent = desk.consent(WRITTEN, MAILBOX).consent

    assert (in_ms(consent.given_at), consent.HasField("expires_at")) == (START_MS, False)
    assert (list(consent.channels), consent.purpose, consent.policy) == ([EMAIL], 0, "")


def test_the_one_that_ends_later_stands(desk: Desk) -> None:
    ends = [START_MS + days * DAY_MS for days in (5, 3, 5, 9)]

    changed = [desk.consent(EXPRESS, expires_at=moment(end)).changed for end in ends]

    assert changed == [True, False, False, True]
    assert [in_ms(each.consent.expires_at) for each in desk.consents()] == [ends[-1]]
    assert desk.consent(EXPRESS).changed
    assert not desk.consent(EXPRESS, expires_at=moment(ends[-1])).changed


def test_consents_that_differ_stand_side_by_side(desk: Desk) -> None:
    desk.consent(EXPRESS)
    desk.consent(WRITTEN)
    desk.consent(EXPRESS, channels=[SMS])
    desk.consent(EXPRESS, purpose=1)
    desk.consent(EXPRESS, policy="mail")

    assert len(desk.consents()) == 5
    assert [each.consent.policy for each in desk.consents()].count("mail") == 1


def test_a_consent_lifts_nothing_that_a_person_said(desk: Desk) -> None:
    desk.say("STOP")
    desk.consent(WRITTEN)

    assert desk.verdict() is Verdict.BLOCK


def test_an_ended_consent_is_listed_and_not_active(desk: Desk) -> None:
    desk.consent(EXPRESS, expires_at=moment(START_MS + 10))
    desk.clock.now_ms += 9
    assert desk.consents()[0].active

    desk.clock.now_ms += 1

    assert not desk.consents()[0].active


def test_a_consent_is_over_once_any_clock_says_so() -> None:
    fact = Fact(0, 6, EXPRESS, 1, Form.CONSENT, 100, 200, 100, 1, 0)

    assert consents.in_force(fact, 100, 0)
    assert consents.in_force(fact, 100, 199)
    assert not consents.in_force(fact, 99, 150)
    assert not consents.in_force(fact, 150, 200)
    assert not consents.in_force(fact, 200, 0)


@pytest.mark.parametrize(
    ("facts", "path"),
    [
        ({"kind": 0}, "consent.kind"),
        ({"kind": 9}, "consent.kind"),
        ({"channels": [9]}, "consent.channels[0]"),
        ({"channels": [VOICE, EMAIL]}, "consent.channels[1]"),
        ({"purpose": 9}, "consent.purpose"),
        ({"policy": "a b"}, "consent.policy"),
        ({"given_at": moment(START_MS + 1)}, "consent.given_at"),
        ({"given_at": Timestamp(seconds=-1)}, "consent.given_at"),
        ({"expires_at": moment(START_MS)}, "consent.expires_at"),
        ({"expires_at": moment(0)}, "consent.expires_at"),
        # A purchase of long ago is no relationship any more.
        ({"kind": RELATIONSHIP, "given_at": moment(0)}, "consent.expires_at"),
        ({"kind": INQUIRY, "given_at": moment(add_months(START_MS, -3))}, "consent.expires_at"),
    ],
)
def test_a_consent_that_cannot_be_is_refused_by_its_field(desk: Desk, facts: dict[str, Any], path: str) -> None:
    head = desk.head()

    with pytest.raises(InvalidFields) as refused:
        desk.consent(EXPRESS, **facts)

    assert [fault.path for fault in refused.value.faults] == [path]
    assert desk.head() == head


@pytest.mark.parametrize(
    ("facts", "path"),
    [({"evidence": {"call_id": "c"}}, "evidence.reference"), ({"source": 0}, "source"), ({"note": "x" * 1001}, "note")],
)
def test_a_consent_needs_its_proof_and_source(desk: Desk, facts: dict[str, Any], path: str) -> None:
    sound = {"address": PERSON, "consent": {"kind": EXPRESS}, "source": 6, "evidence": {"reference": "form 7"}}

    with pytest.raises(InvalidFields) as refused:
        desk.call("RecordConsent", **sound | facts)

    assert [fault.path for fault in refused.value.faults] == [path]


@pytest.mark.parametrize("address", ["+1415*", "@example.com", "911", ""])
@pytest.mark.parametrize("method", ["RecordConsent", "RevokeConsent", "ListConsents"])
def test_a_consent_is_about_one_address(desk: Desk, method: str, address: str) -> None:
    with pytest.raises(InvalidAddresses):
        desk.call(method, address=address)


def test_a_consent_for_a_policy_that_is_not_there_is_refused(desk: Desk) -> None:
    with pytest.raises(PolicyNotFound):
        desk.consent(EXPRESS, policy="missing")


def test_a_policy_gets_its_id_when_a_consent_first_names_it(desk: Desk) -> None:
    with desk.store.snapshot() as snapshot:
        assert consents.scope_id_of(snapshot, 1, "mail") is None
    desk.accept(PolicyApplied(Policy("calls")))

    desk.consent(EXPRESS, policy="calls")
    desk.consent(EXPRESS, policy="mail")
    desk.accept(PolicyDeleted("calls"))
    desk.consent(INQUIRY, policy="calls")

    with desk.store.snapshot() as snapshot:
        assert consents.scope_names(snapshot, 1) == {0: "", 1: "calls", 2: "mail"}
        assert consents.scope_id_of(snapshot, 1, "mail") == 2
        assert consents.scope_id_of(snapshot, 2, "mail") is None


def test_compiled_policies_learn_of_a_new_id_and_of_nothing_else(desk: Desk) -> None:
    versions = []
    for policy in ("", "mail", "mail"):
        desk.consent(EXPRESS, policy=policy)
        with desk.store.snapshot() as snapshot:
            versions.append(catalog_version(snapshot, 1) == desk.head())

    assert versions == [False, True, False]


def test_an_address_has_room_for_so_many_consents(desk: Desk) -> None:
    purposes = range(1, 6)
    channel_sets = [[VOICE], [SMS], [WHATSAPP], [VOICE, SMS], [VOICE, WHATSAPP], [SMS, WHATSAPP]]
    wanted = [(kind, channels, purpose) for kind in range(1, 5) for channels in channel_sets for purpose in purposes]
    for kind, channels, purpose in wanted[:CONSENTS_PER_ADDRESS_MAX]:
        desk.consent(kind, channels=channels, purpose=purpose)
    head = desk.head()

    with pytest.raises(LimitReached):
        desk.consent(EXPRESS)

    assert desk.head() == head
    assert len(desk.consents()) == CONSENTS_PER_ADDRESS_MAX


def test_a_retry_of_a_consent_is_answered_as_the_first_call_was(desk: Desk) -> None:
    facts: dict[str, Any] = {"address": PERSON, "source": 6, "evidence": {"reference": "f"}, "request_id": new_id()}
    first = desk.call("RecordConsent", consent={"kind": INQUIRY}, **facts)
    desk.clock.now_ms += 400 * DAY_MS

    assert desk.call("RecordConsent", consent={"kind": INQUIRY}, **facts) == first


def test_records_tell_what_the_decision_needs(desk: Desk) -> None:
    desk.consent(EXPRESS, channels=[VOICE, WHATSAPP], purpose=2, policy="mail")

    [fact] = desk.facts()

    assert (fact.label, fact.form, fact.reason, fact.status) == (0, Form.CONSENT, EXPRESS, 0b1001)
    assert (fact.starts_at_ms, fact.expires_at_ms) == (START_MS, NEVER_MS)
    assert fact.scope == 1 << 3 | 2
    assert fact.position == desk.head()
