"""Repetitions: where they are safe, over which connection, and when they end."""

import grpc
import pytest

from client.scripted_server import REVISION, ScriptedServer, answer, closed_port, failure, honest_check, honest_scrub
from donotcontact import Client, Conflict, NotPermitted, Overloaded, Retry, ServerError, Timeout, Unavailable
from donotcontact.retry import Attempts
from donotcontact.v1.core_pb2 import SOURCE_AGENT
from donotcontact.v1.entry_pb2 import ROW_OUTCOME_ADDED
from donotcontact.v1.entry_service_pb2 import AddEntriesResponse, NewEntry

PHONE = "+14155550123"
ENTRY = NewEntry(address=PHONE, label="do-not-contact", source=SOURCE_AGENT)
ADDED = AddEntriesResponse(outcomes=[ROW_OUTCOME_ADDED], added=1, written_at=REVISION)
UNAVAILABLE = failure(grpc.StatusCode.UNAVAILABLE)
CANCELLED = failure(grpc.StatusCode.CANCELLED)
OVERLOADED = failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "ERROR_REASON_OVERLOADED", retry_after_ms=100)


def test_a_check_is_repeated_over_another_connection(server: ScriptedServer, client: Client) -> None:
    server.script("Check", UNAVAILABLE, UNAVAILABLE, honest_check)

    result = client.check_one(PHONE, channel="VOICE")

    assert result.allowed
    assert len({seen.peer for seen in server.seen}) == 3


def test_pauses_double(server: ScriptedServer, client: Client, pauses: list[float]) -> None:
    server.script("Check", UNAVAILABLE)

    with pytest.raises(Unavailable):
        client.check_one(PHONE, channel="VOICE")

    assert pauses == [0.05, 0.1, 0.2]


def test_overload_is_waited_out_for_as_long_as_the_server_asks(
    server: ScriptedServer, client: Client, pauses: list[float]
) -> None:
    server.script("Check", *[OVERLOADED] * 6, honest_check)

    result = client.check_one(PHONE, channel="VOICE")

    assert result.allowed
    assert pauses == pytest.approx([0.15, 0.2, 0.3, 0.5, 0.9, 1.7])


def test_a_pause_never_goes_past_the_deadline(server: ScriptedServer, client: Client, pauses: list[float]) -> None:
    server.script("Check", failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "ERROR_REASON_OVERLOADED", retry_after_ms=900))

    with pytest.raises(Overloaded) as caught:
        client.check_one(PHONE, channel="VOICE", timeout_s=0.9)

    assert caught.value.retry_after_s == pytest.approx(0.9)
    assert pauses == []


@pytest.mark.parametrize("first", [UNAVAILABLE, CANCELLED, OVERLOADED], ids=["unavailable", "cancelled", "overloaded"])
def test_a_change_is_repeated_with_the_same_bytes(server: ScriptedServer, client: Client, first: object) -> None:
    server.script("AddEntries", first, answer(ADDED))  # type: ignore[arg-type]  # a handler

    response = client.add_entries([ENTRY])

    one, two = server.requests("AddEntries")
    assert response == ADDED
    assert one.request_id == two.request_id != ""
    assert one == two


def test_a_change_whose_outcome_is_unknown_is_repeated_within_the_deadline(server: ScriptedServer) -> None:
    server.script("AddEntries", server.hang, answer(ADDED))

    with Client(server.target, timeout_s=1.0) as client:
        response = client.add_entries([ENTRY])

    one, two = server.requests("AddEntries")
    assert response == ADDED
    assert one.request_id == two.request_id != ""


def test_every_change_gets_a_request_id_of_its_own(server: ScriptedServer, client: Client) -> None:
    server.script("AddEntries", answer(ADDED))

    client.add_entries([ENTRY])
    client.add_entries([ENTRY])

    one, two = server.requests("AddEntries")
    assert one.request_id != two.request_id


def test_the_callers_request_id_and_actor_are_kept(server: ScriptedServer) -> None:
    server.script("AddEntries", answer(ADDED))

    with Client(server.target, actor="desk-7", new_request_id=lambda: "made") as client:
        client.add_entries([ENTRY], request_id="given", actor="ann")
        client.add_entries([ENTRY])

    one, two = server.requests("AddEntries")
    assert (one.request_id, one.actor) == ("given", "ann")
    assert (two.request_id, two.actor) == ("made", "desk-7")


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "ERROR_REASON_LIMIT_REACHED", Conflict),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "ERROR_REASON_STORAGE_FULL", ServerError),
        (grpc.StatusCode.PERMISSION_DENIED, "ERROR_REASON_OWN_WORD_STANDS", NotPermitted),
        (grpc.StatusCode.FAILED_PRECONDITION, "ERROR_REASON_REQUEST_ID_REUSED", Conflict),
        (grpc.StatusCode.INTERNAL, "ERROR_REASON_INTERNAL", ServerError),
    ],
)
def test_what_waiting_does_not_mend_is_not_repeated(
    server: ScriptedServer, client: Client, code: grpc.StatusCode, reason: str, kind: type[Exception]
) -> None:
    server.script("AddEntries", failure(code, reason))

    with pytest.raises(kind):
        client.add_entries([ENTRY])

    assert len(server.seen) == 1


def test_a_read_that_timed_out_is_not_repeated(server: ScriptedServer, client: Client) -> None:
    server.script("Check", server.hang)

    with pytest.raises(Timeout):
        client.check_one(PHONE, channel="VOICE", timeout_s=0.2)

    assert len(server.seen) == 1


def test_a_scrub_chunk_is_repeated_at_its_place(server: ScriptedServer, client: Client) -> None:
    server.script("Scrub", UNAVAILABLE, OVERLOADED, UNAVAILABLE, honest_scrub)
    phones = [14155550100 + n for n in range(20)]

    parts = list(client.scrub(phones, channel="VOICE", chunk=3))

    assert [part.offset for part in parts] == [0, 3, 6, 9, 12, 15, 18]
    assert [bool(allowed) for part in parts for allowed in part.allowed] == [phone % 2 == 1 for phone in phones]


def test_a_dead_server_is_given_up_after_four_attempts(pauses: list[float]) -> None:
    with Client(closed_port(), sleep=pauses.append) as client, pytest.raises(Unavailable) as caught:
        client.add_entries([ENTRY])

    assert len(pauses) == 3
    assert caught.value.code is grpc.StatusCode.UNAVAILABLE


def test_every_connection_gets_its_turn(server: ScriptedServer, client: Client) -> None:
    for _ in range(8):
        client.check_one(PHONE, channel="VOICE")

    peers = [seen.peer for seen in server.seen]
    assert len(set(peers)) == 4
    assert peers[:4] == peers[4:]


def test_no_attempt_is_sent_behind_the_deadline() -> None:
    now = [0.0]
    attempts = Attempts(Retry(), is_change=False, timeout_s=5.0, clock=lambda: now[0], random=lambda: 1.0)

    now[0] = 5.0

    with pytest.raises(Timeout):
        attempts.timeout_s()


def test_a_change_leaves_time_for_another_attempt_until_the_last() -> None:
    attempts = Attempts(Retry(attempts_max=2), is_change=True, timeout_s=8.0, clock=lambda: 0.0, random=lambda: 1.0)

    first = attempts.timeout_s()
    attempts.pause_s(Timeout("no answer"))
    last = attempts.timeout_s()

    assert (first, last) == (4.0, 8.0)
