"""Whoever records a consent is told whether it stands: one that was taken back is not said to stand already."""

import pytest

from consents.desk import DAY_MS, PERSON, START_MS, Desk, moment, new_id, pb
from dncd.nouns import EntryReason, Source

WRITTEN, EXPRESS, RELATIONSHIP = 1, 2, 3
RECORDED, STOOD_ALREADY, TAKEN_BACK = 1, 2, 3


def test_the_outcome_tells_what_was_recorded_from_what_stood_already(desk: Desk) -> None:
    first = desk.consent(EXPRESS, expires_at=moment(START_MS + DAY_MS))
    shorter = desk.consent(EXPRESS, expires_at=moment(START_MS + 1))
    longer = desk.consent(EXPRESS)

    assert [each.outcome for each in (first, shorter, longer)] == [RECORDED, STOOD_ALREADY, RECORDED]
    assert [each.changed for each in (first, shorter, longer)] == [True, False, True]


def test_a_consent_from_before_it_was_revoked_is_told_as_taken_back(desk: Desk) -> None:
    desk.revoke()

    answer = desk.consent(WRITTEN, given_at=moment(START_MS - DAY_MS))

    assert (answer.outcome, answer.changed) == (TAKEN_BACK, False)
    assert desk.consents() == []


@pytest.mark.parametrize("ago_ms", [DAY_MS, 0])
def test_a_relationship_against_the_persons_word_is_told_as_taken_back(desk: Desk, ago_ms: int) -> None:
    desk.add(PERSON, "do-not-phone", Source.AGENT)

    assert desk.consent(RELATIONSHIP, given_at=moment(START_MS - ago_ms)).outcome == TAKEN_BACK


def test_one_that_is_shorter_and_was_taken_back_is_not_said_to_stand(desk: Desk) -> None:
    desk.revoke(purposes=[1])
    desk.clock.now_ms += DAY_MS
    assert desk.consent(EXPRESS).outcome == RECORDED

    older = desk.consent(EXPRESS, given_at=moment(START_MS), expires_at=moment(desk.clock() + DAY_MS))

    assert older.outcome == TAKEN_BACK


def test_a_retry_is_told_the_outcome_of_the_first_call_whatever_came_since(desk: Desk) -> None:
    asked = [(WRITTEN, new_id()), (WRITTEN, new_id()), (RELATIONSHIP, new_id())]
    given = moment(START_MS - DAY_MS)

    def ask() -> list[int]:
        return [desk.consent(kind, request_id=named, given_at=given).outcome for kind, named in asked]

    desk.add(PERSON, "do-not-text", Source.API, days=3, reason=EntryReason.REQUESTED_BY_PERSON)
    assert ask() == [TAKEN_BACK] * 3
    desk.clock.now_ms += 4 * DAY_MS
    asked, given = [(kind, new_id()) for kind, _ in asked], moment(desk.clock() - DAY_MS)
    first = ask()
    desk.revoke()
    desk.say("STOP")
    desk.clock.now_ms += DAY_MS

    assert (first, ask()) == ([RECORDED, STOOD_ALREADY, RECORDED],) * 2


def test_a_retry_after_the_word_was_taken_back_is_still_told_that_it_was_refused(desk: Desk) -> None:
    named = new_id()
    desk.add(PERSON, "do-not-phone", Source.AGENT)
    first = desk.consent(RELATIONSHIP, request_id=named)
    desk.remove(PERSON, "do-not-phone")
    desk.clock.now_ms += DAY_MS
    assert desk.consent(RELATIONSHIP).outcome == RECORDED

    again = desk.consent(RELATIONSHIP, request_id=named)

    assert (first.outcome, again) == (TAKEN_BACK, first)


def test_no_outcome_is_unspecified() -> None:
    assert sorted(pb.ConsentOutcome.values()) == [0, RECORDED, STOOD_ALREADY, TAKEN_BACK]
