"""A watch goes on over breaks, without a gap and without telling anything twice."""

from typing import Any

import grpc
import pytest

from client.scripted_server import (
    BREAK,
    FORBIDDEN,
    ScriptedServer,
    closed_port,
    event,
    failure,
    heartbeat,
    resumed_from,
    stream,
)
from donotcontact import Client, IncompleteAnswer, NotPermitted, Overloaded, Unavailable


def told(client: Client, **arguments: Any) -> tuple[list[int], Exception]:
    """Watch until it raises; return the positions of the events, and what it raised."""
    positions: list[int] = []
    try:
        watch = client.watch_events(**arguments)
        positions.extend(message.event.position for message in watch if message.HasField("event"))
    except Exception as error:  # noqa: BLE001  # given back to the test
        return positions, error
    raise AssertionError("a watch never ends by itself")


def test_it_goes_on_behind_the_last_event_told(server: ScriptedServer, client: Client) -> None:
    server.script("WatchEvents", stream(event(5), event(6), end=BREAK), stream(event(7)), stream(end=FORBIDDEN))

    positions, error = told(client, after_position=4, kinds=[1], heartbeat_seconds=3)

    assert positions == [5, 6, 7]
    assert isinstance(error, NotPermitted)
    assert resumed_from(server) == [4, 6, 7]
    assert {(r.heartbeat_seconds, tuple(r.kinds)) for r in server.requests("WatchEvents")} == {(3, (1,))}
    assert len({seen.peer for seen in server.seen}) == 3


def test_it_goes_on_behind_the_last_heartbeat(server: ScriptedServer, client: Client) -> None:
    server.script("WatchEvents", stream(heartbeat(90), end=BREAK), stream(end=FORBIDDEN))

    told(client)

    assert resumed_from(server) == [None, 90]


def test_events_told_before_the_break_are_not_told_again(server: ScriptedServer, client: Client) -> None:
    server.script("WatchEvents", stream(event(5), end=BREAK), stream(event(5), event(6), end=FORBIDDEN))

    positions, _ = told(client, after_position=0)

    assert positions == [5, 6]


def test_a_watch_from_now_on_that_breaks_at_once_raises_rather_than_leave_a_gap(
    server: ScriptedServer, client: Client
) -> None:
    server.script("WatchEvents", BREAK)

    positions, error = told(client)

    assert (positions, len(server.seen)) == ([], 1)
    assert isinstance(error, Unavailable)


def test_a_refused_watch_asks_another_worker(server: ScriptedServer, client: Client, pauses: list[float]) -> None:
    full = failure(grpc.StatusCode.RESOURCE_EXHAUSTED, "ERROR_REASON_TOO_MANY_WATCHERS", retry_after_ms=500)
    server.script("WatchEvents", full, stream(event(5), end=FORBIDDEN))

    positions, _ = told(client)

    assert positions == [5]
    assert pauses == [pytest.approx(0.55)]


def test_pauses_grow_over_failures_and_begin_anew_after_a_message(
    server: ScriptedServer, client: Client, pauses: list[float]
) -> None:
    server.script("WatchEvents", BREAK, BREAK, stream(event(1), end=BREAK), FORBIDDEN)

    told(client, after_position=0)

    assert pauses == [0.05, 0.1, 0.05]


def test_another_store_is_not_followed(server: ScriptedServer, client: Client) -> None:
    server.script("WatchEvents", stream(event(5), end=BREAK), stream(event(6, store="another")))

    positions, error = told(client, after_position=0)

    assert positions == [5]
    assert isinstance(error, IncompleteAnswer)


def test_it_gives_up_where_nothing_is_heard_for_long() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    with Client(closed_port(), sleep=sleep, clock=lambda: now[0], random=lambda: 1.0) as client:
        _, error = told(client, after_position=0, give_up_after_s=10.0)

    assert isinstance(error, Unavailable)
    assert 10.0 <= now[0] <= 12.0


def test_a_reason_that_does_not_pass_is_raised_at_once(server: ScriptedServer, client: Client) -> None:
    server.script("WatchEvents", failure(grpc.StatusCode.RESOURCE_EXHAUSTED))

    _, error = told(client, after_position=0)

    assert isinstance(error, Overloaded)
    assert len(server.seen) == 1


def test_closing_the_client_ends_its_watch(server: ScriptedServer, client: Client) -> None:
    server.script("WatchEvents", stream(event(1), end=lambda *_: server.release.wait()))
    messages = client.watch_events(after_position=0)
    next(messages)

    client.close()

    with pytest.raises(Unavailable):
        next(messages)
