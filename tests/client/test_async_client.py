"""The client for asyncio gives the same answers, and fails closed in the same way."""

import asyncio
from collections.abc import Awaitable, Callable
from threading import Event
from typing import Any

import grpc
import pytest

from client.scripted_server import (
    ALLOW,
    BREAK,
    FORBIDDEN,
    NOT_ALLOW,
    REVISION,
    ScriptedServer,
    answer,
    checked,
    closed_port,
    event,
    failure,
    honest_check,
    honest_scrub,
    resumed_from,
    scrubbed,
    stream,
    verdict_for,
)
from donotcontact import AsyncClient, IncompleteAnswer, InvalidRequest, NotPermitted, Timeout, Unavailable, Verdict
from donotcontact.v1.attempt_service_pb2 import ReserveAttemptsResponse, ReservedAttempt
from donotcontact.v1.check_service_pb2 import CheckResult
from donotcontact.v1.consent_service_pb2 import ClaimSendResponse
from donotcontact.v1.core_pb2 import SOURCE_AGENT
from donotcontact.v1.entry_pb2 import ROW_OUTCOME_ADDED, Entry
from donotcontact.v1.entry_service_pb2 import AddEntriesResponse, ListEntriesResponse, NewEntry

PHONE = "+14155550123"
UNAVAILABLE = failure(grpc.StatusCode.UNAVAILABLE)
OVERLOADED = failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "ERROR_REASON_OVERLOADED", retry_after_ms=100)


async def no_sleep(_seconds: float) -> None:
    """Come back at once."""


def ask(target: str, question: Callable[[AsyncClient], Awaitable[Any]], **settings: Any) -> Any:
    """Run one question in a loop of its own."""

    async def run() -> Any:
        async with AsyncClient(target, sleep=no_sleep, **settings) as client:
            return await question(client)

    return asyncio.run(run())


async def scrub(client: AsyncClient, addresses: Any, **settings: Any) -> list[Any]:
    return [part async for part in client.scrub(addresses, channel="SMS", **settings)]


def test_check_gives_one_result_for_each_row_in_order(server: ScriptedServer) -> None:
    addresses = ["+1", "+2", "+1", "x"] * 400

    results = ask(server.target, lambda client: client.check(addresses, channel="SMS"))

    assert [result.verdict for result in results] == [Verdict(verdict_for(address)) for address in addresses]


@pytest.mark.parametrize("verdict", NOT_ALLOW)
def test_every_other_verdict_is_kept_and_does_not_permit(server: ScriptedServer, verdict: int) -> None:
    server.script("Check", answer(checked(verdict)))
    server.script("Scrub", answer(scrubbed(verdict)))

    result = ask(server.target, lambda client: client.check_one(PHONE, channel="SMS"))
    (part,) = ask(server.target, lambda client: scrub(client, [PHONE]))

    assert (result.allowed, result.verdict.value) == (False, verdict)
    assert (list(part.allowed), list(part.verdicts)) == ([False], [verdict])


@pytest.mark.parametrize("verdicts", [(), (1,), (1, 1, 1)], ids=["empty", "short", "long"])
def test_an_answer_that_does_not_fit_is_refused(server: ScriptedServer, verdicts: tuple[int, ...]) -> None:
    server.script("Check", answer(checked(*verdicts)))
    server.script("Scrub", answer(scrubbed(*verdicts)))

    with pytest.raises(IncompleteAnswer):
        ask(server.target, lambda client: client.check([PHONE, PHONE], channel="SMS"))
    with pytest.raises(IncompleteAnswer):
        ask(server.target, lambda client: scrub(client, [PHONE, PHONE]))


def test_a_server_that_hangs_is_a_timeout(server: ScriptedServer) -> None:
    server.script("Check", server.hang)
    server.script("Scrub", server.hang)

    with pytest.raises(Timeout):
        ask(server.target, lambda client: client.check_one(PHONE, channel="SMS"), timeout_s=0.2)
    with pytest.raises(Timeout):
        ask(server.target, lambda client: scrub(client, [PHONE]), timeout_s=0.2)


def test_a_dead_server_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        ask(closed_port(), lambda client: client.check_one(PHONE, channel="SMS"))
    with pytest.raises(Unavailable):
        ask(closed_port(), lambda client: scrub(client, [PHONE]))


def test_fields_of_a_refused_request_are_named(server: ScriptedServer) -> None:
    server.script("Check", failure(grpc.StatusCode.INVALID_ARGUMENT, violations=(("rows[0].region", "unknown"),)))

    with pytest.raises(InvalidRequest) as caught:
        ask(server.target, lambda client: client.check_one(PHONE, channel="SMS"))

    assert caught.value.field_violations == [("rows[0].region", "unknown")]


def test_a_check_is_repeated_over_another_connection(server: ScriptedServer) -> None:
    server.script("Check", UNAVAILABLE, OVERLOADED, honest_check)

    result = ask(server.target, lambda client: client.check_one(PHONE, channel="SMS"))

    assert result.allowed
    assert len({seen.peer for seen in server.seen}) == 3


def test_a_change_is_repeated_with_the_same_request_id(server: ScriptedServer) -> None:
    server.script(
        "AddEntries",
        UNAVAILABLE,
        answer(AddEntriesResponse(outcomes=[ROW_OUTCOME_ADDED], added=1, written_at=REVISION)),
    )
    entry = NewEntry(address=PHONE, label="do-not-contact", source=SOURCE_AGENT)

    response = ask(server.target, lambda client: client.add_entries([entry]), actor="desk-7")

    one, two = server.requests("AddEntries")
    assert response.added == 1
    assert one == two
    assert (one.request_id != "", one.actor) == (True, "desk-7")


def test_scrub_keeps_the_order_when_chunks_overtake_each_other(server: ScriptedServer) -> None:
    last_answered = Event()

    def first_is_last(request: Any, context: Any) -> Any:
        if request.phones[0] == 0:
            assert last_answered.wait(20)
        if request.phones[0] == 30:
            last_answered.set()
        return honest_scrub(request, context)

    server.script("Scrub", first_is_last)
    parts = ask(server.target, lambda client: scrub(client, range(100), chunk=10), timeout_s=20.0)

    assert [verdict for part in parts for verdict in part.verdicts] == [verdict_for(str(n)) for n in range(100)]


def test_a_scrub_chunk_is_repeated_at_its_place(server: ScriptedServer) -> None:
    server.script("Scrub", UNAVAILABLE, OVERLOADED, honest_scrub)

    parts = ask(server.target, lambda client: scrub(client, range(20), chunk=3))

    assert [part.offset for part in parts] == [0, 3, 6, 9, 12, 15, 18]


def test_a_scrub_that_is_left_early_leaves_nothing_behind(server: ScriptedServer) -> None:
    async def first(client: AsyncClient) -> Any:
        answers = client.scrub(range(100), channel="SMS", chunk=10)
        part = await anext(answers)
        await answers.aclose()  # type: ignore[attr-defined]  # it is an asynchronous generator
        return part

    assert ask(server.target, first).offset == 0


def test_list_entries_follows_pages(server: ScriptedServer) -> None:
    pages = [ListEntriesResponse(next_page_token="a"), ListEntriesResponse(entries=[Entry(address="1")])]
    server.script("ListEntries", *map(answer, pages))

    async def listed(client: AsyncClient) -> list[str]:
        return [entry.address async for entry in client.list_entries()]

    assert ask(server.target, listed) == ["1"]


def test_a_watch_goes_on_behind_the_last_event_told(server: ScriptedServer) -> None:
    server.script("WatchEvents", stream(event(5), event(6), end=BREAK), stream(event(7)), stream(end=FORBIDDEN))
    positions: list[int] = []

    async def watch(client: AsyncClient) -> None:
        async for message in client.watch_events(after_position=4):
            positions.append(message.event.position)  # noqa: PERF401  # it never ends, so nothing collects it

    with pytest.raises(NotPermitted):
        ask(server.target, watch)

    assert positions == [5, 6, 7]
    assert resumed_from(server) == [4, 6, 7]


@pytest.mark.parametrize("rpc", ["Check", "Scrub", "WatchEvents"])
def test_closing_the_client_fails_what_is_under_way(server: ScriptedServer, rpc: str) -> None:
    arrived = Event()

    def hang(request: Any, context: Any) -> Any:
        arrived.set()
        return server.hang(request, context)

    server.script(rpc, stream(end=hang) if rpc == "WatchEvents" else hang)

    async def watch(client: AsyncClient) -> None:
        async for _ in client.watch_events(after_position=0):
            pass

    questions: dict[str, Callable[[AsyncClient], Awaitable[Any]]] = {
        "Check": lambda client: client.check_one(PHONE, channel="SMS"),
        "Scrub": lambda client: scrub(client, [PHONE]),
        "WatchEvents": watch,
    }

    async def close_while_asking(client: AsyncClient) -> None:
        asking = asyncio.ensure_future(questions[rpc](client))
        await asyncio.to_thread(arrived.wait)
        await client.close()
        await asking

    with pytest.raises(Unavailable):
        ask(server.target, close_while_asking)


def test_a_cancelled_question_is_cancelled(server: ScriptedServer) -> None:
    arrived = Event()

    def hang(request: Any, context: Any) -> Any:
        arrived.set()
        return server.hang(request, context)

    server.script("Check", hang)

    async def cancel_while_asking(client: AsyncClient) -> None:
        asking = asyncio.ensure_future(client.check_one(PHONE, channel="SMS"))
        await asyncio.to_thread(arrived.wait)
        asking.cancel()
        await asking

    with pytest.raises(asyncio.CancelledError):
        ask(server.target, cancel_while_asking)


def test_a_closed_client_says_so(server: ScriptedServer) -> None:
    async def ask_late(client: AsyncClient) -> None:
        await client.close()
        await client.check_one(PHONE, channel="SMS")

    with pytest.raises(ValueError, match="closed"):
        ask(server.target, ask_late)


def test_attempts_and_sends_fail_closed_as_with_the_blocking_client(server: ScriptedServer) -> None:
    attempts = [ReservedAttempt(result=CheckResult(verdict=ALLOW), reservation=name) for name in ("7-0", "")]
    reserved = ReserveAttemptsResponse(attempts=attempts, checked_at=REVISION)
    server.script("ReserveAttempts", UNAVAILABLE, answer(reserved))
    server.script("ClaimSend", answer(ClaimSendResponse(granted=True)))

    claimed = ask(server.target, lambda client: client.reserve_attempts([PHONE, PHONE], channel="VOICE"))
    sent = ask(server.target, lambda client: client.claim_send("7"))

    assert [attempt.allowed for attempt in claimed] == [True, False]
    assert sent.allowed is False
    assert len({request.request_id for request in server.requests("ReserveAttempts")}) == 1


def test_scrub_takes_context_columns(server: ScriptedServer) -> None:
    parts = ask(server.target, lambda client: scrub(client, [1, 2, 3], contact_ids=["a", "b", "c"], chunk=2))

    assert [len(part) for part in parts] == [2, 1]
    assert sorted(list(request.contact_ids) for request in server.requests("Scrub")) == [["a", "b"], ["c"]]
