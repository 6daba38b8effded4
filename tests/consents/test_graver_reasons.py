"""Reasons of entries: of two for one entry the graver stands, and what is grave outlives START and permission."""

import pytest

from consents.desk import DAY_MS, MAILBOX, PERSON, Desk
from dncd.events import AddedEntry, EntriesAdded
from dncd.nouns import Channel, EntryReason, Source, Verdict
from dncd.transport import fields

ASKED, LEGAL, DECEASED, INTERNAL = (
    EntryReason.REQUESTED_BY_PERSON,
    EntryReason.LEGAL,
    EntryReason.DECEASED,
    EntryReason.INTERNAL_DECISION,
)


def reasons(desk: Desk, address: str = PERSON) -> list[int]:
    return [fact.reason for fact in desk.facts(address) if fact.label]


@pytest.mark.parametrize(("first", "second"), [(INTERNAL, ASKED), (INTERNAL, LEGAL), (ASKED, LEGAL), (ASKED, DECEASED)])
def test_of_two_reasons_for_one_entry_the_graver_stands_in_either_order(
    desk: Desk, first: EntryReason, second: EntryReason
) -> None:
    desk.add(PERSON, "do-not-phone", reason=first)
    position = desk.add(PERSON, "do-not-phone", reason=second)
    assert reasons(desk) == [second]
    assert [fact.position for fact in desk.facts() if fact.label] == [position]

    desk.add(PERSON, "do-not-phone", reason=first)

    assert reasons(desk) == [second]
    assert [fact.position for fact in desk.facts() if fact.label] == [position]


def test_a_graver_reason_that_would_end_earlier_stands_as_long_as_the_entry_did(desk: Desk) -> None:
    desk.add(PERSON, "do-not-phone", reason=ASKED)

    desk.add(PERSON, "do-not-phone", reason=LEGAL, days=1)

    [fact] = [fact for fact in desk.facts() if fact.label]
    assert fact.reason == LEGAL
    assert not fact.expires_at_ms < desk.clock() + 10**12


@pytest.mark.parametrize("reason", [LEGAL, DECEASED])
def test_nothing_is_permitted_against_a_reason_that_was_added_later(desk: Desk, reason: EntryReason) -> None:
    desk.add(MAILBOX, "do-not-email", Source.API)
    desk.add(MAILBOX, "do-not-email", Source.API, reason=reason)

    answer = desk.permit()

    assert (answer.verdict, answer.permission) == (Verdict.BLOCK, "")


@pytest.mark.parametrize("reason", [LEGAL, DECEASED, EntryReason.COMPLAINT])
@pytest.mark.parametrize("stops", ["before", "after", "never"])
def test_start_takes_back_what_stop_did_and_no_entry_with_another_reason(
    desk: Desk, reason: EntryReason, stops: str
) -> None:
    if stops == "before":
        desk.say("STOP")
    desk.add(PERSON, "do-not-text", Source.INBOUND_MESSAGE, reason=reason)
    if stops == "after":
        desk.say("STOP")

    desk.say("START")

    was_added = reason is not EntryReason.COMPLAINT or stops != "before"
    assert desk.verdict(PERSON, Channel.SMS) == (Verdict.BLOCK if was_added else Verdict.ALLOW)
    assert desk.labels() == (["do-not-text"] if was_added else [])


def test_an_entry_that_begins_later_never_frees_whom_a_clock_that_ran_ahead_took_for_free(desk: Desk) -> None:
    target, now_ms = fields.target(PERSON, "US"), desk.clock()
    desk.add(PERSON, "do-not-text", Source.API, days=180)
    desk.clock.now_ms = now_ms + 365 * DAY_MS
    desk.add("+14155550102", "do-not-text")
    desk.clock.now_ms = now_ms
    assert desk.verdict() is Verdict.BLOCK

    later = AddedEntry(
        target, "do-not-text", Source.API, EntryReason.INTERNAL_DECISION, starts_at_ms=now_ms + 370 * DAY_MS
    )
    desk.accept(EntriesAdded([later]))

    assert desk.verdict() is Verdict.BLOCK
