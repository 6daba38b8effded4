"""What was taken back does not come back: an import records again what it recorded before, and nothing changes."""

from collections.abc import Callable
from typing import Any

import pytest

from consents.desk import DAY_MS, MAILBOX, PERSON, Desk, moment
from dncd.addresses import target_from_text
from dncd.events import AddedEntry, EntriesAdded, EntriesExpired
from dncd.facts import Form, of_form
from dncd.nouns import EntryReason, Role, Source

WRITTEN, EXPRESS, RELATIONSHIP, INQUIRY = 1, 2, 3, 4
VOICE, SMS, WHATSAPP = 1, 2, 4
KINDS = [WRITTEN, EXPRESS, RELATIONSHIP, INQUIRY]


def given(desk: Desk, kind: int, ago_ms: int = DAY_MS, address: str = PERSON, /, **facts: Any) -> bool:
    return bool(desk.consent(kind, address, given_at=moment(desk.clock() - ago_ms), **facts).changed)


WAYS: dict[str, Callable[[Desk], object]] = {
    "stop": lambda desk: desk.say("STOP"),
    "set": lambda desk: desk.call("SetOptIn", address=PERSON, status=4, source=6),
    "agent": lambda desk: desk.add(PERSON, "do-not-contact", Source.AGENT),
    "bot": lambda desk: desk.add(PERSON, "do-not-text", Source.BOT),
    "other label": lambda desk: desk.add(PERSON, "do-not-email", Source.IVR),
    "crm": lambda desk: desk.add(PERSON, "do-not-phone", Source.API, reason=EntryReason.REQUESTED_BY_PERSON),
}


@pytest.mark.parametrize("kind", [WRITTEN, EXPRESS])
@pytest.mark.parametrize("way", WAYS)
def test_consent_from_before_the_persons_word_does_not_come_back_and_a_later_one_does(
    desk: Desk, kind: int, way: str
) -> None:
    assert given(desk, kind)
    WAYS[way](desk)
    desk.clock.now_ms += 3 * DAY_MS

    assert not given(desk, kind, 4 * DAY_MS)
    assert not given(desk, kind, 3 * DAY_MS)
    assert desk.kinds() == []
    assert given(desk, kind, 3 * DAY_MS - 1)
    assert desk.kinds() == [kind]


@pytest.mark.parametrize("kind", [RELATIONSHIP, INQUIRY])
@pytest.mark.parametrize("way", WAYS)
def test_no_relationship_counts_while_the_persons_word_stands_whatever_they_bought_since(
    desk: Desk, kind: int, way: str
) -> None:
    assert given(desk, kind)
    WAYS[way](desk)
    desk.clock.now_ms += 3 * DAY_MS

    assert not given(desk, kind, 4 * DAY_MS)
    assert not given(desk, kind, DAY_MS)
    assert desk.kinds() == []


def test_a_relationship_from_after_a_word_that_was_taken_back_counts(desk: Desk) -> None:
    desk.add(PERSON, "do-not-phone", Source.AGENT)
    desk.clock.now_ms += DAY_MS
    desk.remove(PERSON, "do-not-phone")

    assert not given(desk, RELATIONSHIP, DAY_MS)
    assert given(desk, RELATIONSHIP, DAY_MS - 1)


@pytest.mark.parametrize("source", [Source.IMPORT, Source.API, Source.CONSOLE, Source.WORKFLOW])
def test_what_others_added_keeps_no_relationship_away(desk: Desk, source: Source) -> None:
    desk.add(PERSON, "do-not-contact", source)

    assert given(desk, RELATIONSHIP)


def test_the_word_that_a_person_said_again_counts_from_its_last_time(desk: Desk) -> None:
    desk.add(PERSON, "do-not-phone", Source.AGENT)
    desk.clock.now_ms += DAY_MS
    assert given(desk, WRITTEN, 10)
    desk.add(PERSON, "do-not-phone", Source.AGENT)
    desk.clock.now_ms += DAY_MS

    assert not given(desk, WRITTEN, DAY_MS + 10)
    assert given(desk, EXPRESS, DAY_MS - 1)


def test_a_word_whose_ended_entry_another_one_replaced_is_not_forgotten(desk: Desk) -> None:
    desk.add(PERSON, "do-not-phone", Source.API, days=1, reason=EntryReason.REQUESTED_BY_PERSON)
    desk.clock.now_ms += 2 * DAY_MS
    desk.add(PERSON, "do-not-phone", Source.API)

    assert not given(desk, WRITTEN, 2 * DAY_MS)
    assert given(desk, WRITTEN, 2 * DAY_MS - 1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_consent_that_was_revoked_does_not_come_back_and_a_later_one_does(desk: Desk, kind: int) -> None:
    assert given(desk, kind)
    desk.revoke()
    desk.clock.now_ms += DAY_MS

    assert not given(desk, kind, 2 * DAY_MS)
    assert not given(desk, kind, DAY_MS)
    assert desk.kinds() == []
    assert given(desk, kind, DAY_MS - 1)


def test_a_consent_that_was_never_recorded_is_revoked_too(desk: Desk) -> None:
    assert desk.revoke(MAILBOX).revoked == 0

    assert not given(desk, WRITTEN, DAY_MS, MAILBOX)
    assert given(desk, WRITTEN, DAY_MS, PERSON)


@pytest.mark.parametrize(
    ("revoked", "recorded", "comes_back"),
    [
        ({"channels": [SMS]}, {"channels": [SMS]}, False),
        ({"channels": [SMS]}, {"channels": [VOICE, WHATSAPP]}, True),
        # A part of it was revoked: what was not can be recorded by itself.
        ({"channels": [SMS]}, {"channels": [VOICE, SMS]}, False),
        ({"channels": [SMS]}, {}, False),
        ({"purposes": [1]}, {"purpose": 1}, False),
        ({"purposes": [1]}, {"purpose": 2}, True),
        ({"purposes": [1]}, {}, False),
        ({"purposes": [1, 2]}, {"purpose": 2}, False),
        ({}, {"purpose": 2, "channels": [VOICE], "policy": "mail"}, False),
        ({"channels": [SMS], "purposes": [1]}, {"channels": [SMS], "purpose": 2}, True),
        ({"channels": [SMS], "purposes": [1]}, {"channels": [VOICE], "purpose": 1}, True),
    ],
)
def test_a_revocation_holds_for_its_channels_and_purposes(
    desk: Desk, revoked: dict[str, Any], recorded: dict[str, Any], comes_back: bool
) -> None:
    desk.revoke(**revoked)

    assert given(desk, EXPRESS, **recorded) == comes_back


def test_the_latest_revocation_counts(desk: Desk) -> None:
    desk.revoke(channels=[SMS])
    desk.clock.now_ms += DAY_MS
    assert given(desk, EXPRESS, 10, channels=[SMS])
    desk.revoke(channels=[SMS])

    assert not given(desk, EXPRESS, 10, channels=[SMS])


def test_a_consent_that_does_not_come_back_leaves_no_trace_but_its_event(desk: Desk) -> None:
    desk.revoke()
    before = desk.facts()

    answer = desk.consent(EXPRESS, given_at=moment(desk.clock() - 1), policy="mail")

    assert (answer.changed, answer.written_at.position) == (False, desk.head())
    assert desk.facts() == before
    assert desk.newest().draft.change.kind == EXPRESS  # type: ignore[union-attr]  # it is the consent's


def test_revocations_of_an_address_are_bounded(desk: Desk) -> None:
    masks = [[channel for channel in range(1, 5) if mask & 1 << channel] for mask in range(0, 32, 2)]
    for _ in range(2):
        for channels in masks[1:]:
            for purpose in range(1, 6):
                desk.revoke(channels=channels, purposes=[purpose])
    assert len(of_form(desk.facts(), Form.REVOCATION)) <= 15 * 5

    desk.revoke()

    assert len(of_form(desk.facts(), Form.REVOCATION)) == 1


def test_a_wider_revocation_takes_the_place_of_the_narrow_and_never_the_other_way(desk: Desk) -> None:
    desk.add(PERSON, "do-not-phone", Source.AGENT)
    desk.add(PERSON, "do-not-phone", Source.AGENT)
    desk.revoke(channels=[SMS], purposes=[1])
    desk.revoke(channels=[SMS])
    desk.clock.now_ms += DAY_MS
    desk.revoke(channels=[SMS], purposes=[2])

    assert not given(desk, EXPRESS, DAY_MS, channels=[SMS], purpose=1)
    assert not given(desk, EXPRESS, DAY_MS - 1, channels=[SMS], purpose=2)
    assert given(desk, EXPRESS, DAY_MS - 1, channels=[SMS], purpose=1)
    assert not given(desk, RELATIONSHIP, DAY_MS, channels=[VOICE])


def test_a_revocation_stops_nothing_by_itself(desk: Desk) -> None:
    before = desk.verdict(), desk.labels(), desk.status()

    desk.revoke()

    assert (desk.verdict(), desk.labels(), desk.status()) == before
    assert desk.consents() == []
    assert desk.call("ListConsents", Role.AUDITOR, address=PERSON).address == PERSON


@pytest.mark.parametrize("way", ["START", "renewed", "ended"])
def test_a_word_is_not_forgotten_with_the_entry_that_told_it(desk: Desk, way: str) -> None:
    if way == "START":
        desk.say("STOP")
        desk.say("START")
    elif way == "renewed":
        desk.add(PERSON, "do-not-contact", Source.AGENT)
        desk.remove(PERSON, "do-not-contact")
    else:
        target = target_from_text(PERSON, "")
        ends_ms = desk.clock() + DAY_MS
        ending = AddedEntry(
            target, "do-not-contact", Source.AGENT, EntryReason.REQUESTED_BY_PERSON, expires_at_ms=ends_ms
        )
        desk.accept(EntriesAdded([ending]))
        desk.clock.now_ms += 2 * DAY_MS
        desk.accept(EntriesExpired(desk.clock(), 10), role=Role.SERVER)
    assert desk.labels() == []

    assert not given(desk, RELATIONSHIP, 3 * DAY_MS)
    assert desk.kinds() == []
