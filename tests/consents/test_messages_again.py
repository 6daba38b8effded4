"""A message that comes again: known by the gateway's id of it, under whatever request id it comes."""

import pytest

from consents.desk import DAY_MS, PERSON, Desk, at_once, new_id
from dncd import journal
from dncd.encoding import public_event
from dncd.errors import RequestIdReused
from dncd.events import RequestsPruned
from dncd.nouns import OptInStatus, Role, Verdict
from dncd.storage.contract import Table
from dncd.storage.memory import MemoryStore
from replaying import tables_of

NOT_SENT, ACCEPTED, REJECTED = OptInStatus.NOT_SENT, OptInStatus.ACCEPTED, OptInStatus.REJECTED


def test_a_message_that_comes_again_with_another_request_id_does_nothing(desk: Desk) -> None:
    first = desk.say("START", message_id="SM-1", request_id=new_id())
    desk.say("STOP", message_id="SM-2", request_id=new_id())
    head = desk.head()

    again = [desk.say("START", message_id="SM-1", request_id=request_id) for request_id in (new_id(), new_id(), "")]

    assert again == [first] * 3
    assert desk.head() == head
    assert (desk.status(), desk.verdict()) == (REJECTED, Verdict.BLOCK)


def test_a_message_is_known_by_its_request_id_as_well(desk: Desk) -> None:
    request_id = new_id()
    first = desk.say("START", message_id="SM-1", request_id=request_id)
    desk.say("STOP")

    assert desk.say("START", message_id="SM-1", request_id=request_id) == first
    with pytest.raises(RequestIdReused):
        desk.say("START", message_id="SM-9", request_id=request_id)
    assert desk.status() == REJECTED


def test_a_message_that_came_without_a_request_id_is_known_when_it_comes_with_one(desk: Desk) -> None:
    first = desk.say("START", message_id="SM-1")
    desk.say("STOP")

    assert desk.say("START", message_id="SM-1", request_id=new_id()) == first
    assert desk.status() == REJECTED


def test_of_one_message_that_comes_many_times_at_once_one_is_recorded(desk: Desk) -> None:
    head = desk.head()

    answers = at_once(20, lambda: desk.say("STOP", message_id="SM-1", request_id=new_id()))

    assert all(answer == answers[0] for answer in answers)
    assert desk.head() == head + 1


def test_an_opt_out_under_an_id_of_over_seven_days_ago_is_recorded(desk: Desk) -> None:
    # Nobody has forgotten the id yet: housekeeping may come days late.
    desk.say("STOP", message_id="17")
    desk.say("START", message_id="18")
    desk.clock.now_ms += 7 * DAY_MS + 1

    desk.say("STOP", message_id="17")

    assert (desk.status(), desk.verdict()) == (REJECTED, Verdict.BLOCK)


def test_an_opt_out_that_comes_again_within_seven_days_does_nothing(desk: Desk) -> None:
    desk.say("STOP", message_id="17")
    desk.say("START", message_id="18")
    desk.clock.now_ms += 7 * DAY_MS
    head = desk.head()

    desk.say("STOP", message_id="17")

    assert (desk.status(), desk.head()) == (ACCEPTED, head)


def test_two_accounts_never_share_a_message_id(desk: Desk) -> None:
    desk.say("START", message_id="SM-1", request_id=new_id())
    asked = {"address": PERSON, "text": "START", "message_id": "SM-1", "request_id": new_id()}

    other = desk.call("RecordInboundMessage", Role.AGENT, 2, **asked)

    assert other.written_at.position == desk.head()


@pytest.mark.parametrize(("said", "status"), [("STOP", REJECTED), ("maybe stop", NOT_SENT)])
def test_an_opt_out_is_never_lost_to_an_id_that_a_gateway_uses_again(desk: Desk, said: str, status: int) -> None:
    desk.say("thanks", message_id="SM-1")

    recorded = desk.say(said, message_id="SM-1")
    head = desk.head()
    again = desk.say(said, message_id="SM-1", request_id=new_id())

    assert (desk.status(), desk.verdict()) == (status, Verdict.BLOCK)
    assert again == recorded
    assert desk.head() == head
    with pytest.raises(RequestIdReused):
        desk.say("START", message_id="SM-1")


def test_an_id_that_was_used_again_is_known_for_as_long_as_its_newer_message(desk: Desk) -> None:
    desk.say("thanks", message_id="SM-1")
    desk.clock.now_ms += DAY_MS
    stopped = desk.say("STOP", message_id="SM-1")

    desk.accept(RequestsPruned(desk.clock() - 1, events_max=1_000))

    assert desk.say("STOP", message_id="SM-1") == stopped


def test_nothing_is_left_of_ids_that_were_forgotten(desk: Desk) -> None:
    desk.say("START", message_id="SM-1", request_id=new_id())
    desk.accept(RequestsPruned(desk.clock(), events_max=1_000))

    with desk.store.snapshot() as snapshot:
        assert snapshot.count(Table.REQUESTS) == 0


def test_a_replay_knows_messages_as_the_first_store_did(desk: Desk) -> None:
    desk.say("START", message_id="SM-1", request_id=new_id())
    desk.say("STOP", message_id="SM-1")
    desk.say("thanks", message_id="SM-2")
    copy = MemoryStore()

    with desk.store.snapshot() as there, copy.transaction() as txn:
        for row in journal.read_from(there, 0):
            journal.replay(txn, row)

    with desk.store.snapshot() as there, copy.snapshot() as here:
        assert tables_of(here) == tables_of(there)


def test_nobody_is_told_the_digest_of_a_text(desk: Desk) -> None:
    desk.say("STOP", message_id="SM-1")

    with desk.store.snapshot() as snapshot:
        row = journal.find(snapshot, desk.head())

    assert row.event().draft.change.digest  # type: ignore[union-attr]  # of a message
    assert not public_event(row.encoded).inbound_message_recorded.message_digest
