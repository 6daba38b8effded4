import threading
import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import grpc
import pytest

from dncd.errors import BatchEmpty, TokenMissing
from dncd.limits import (
    BULK_RUNNING_MAX,
    CHANGES_WAITING_MAX,
    CHECKS_WAITING_MAX,
    CONTROL_THREADS,
    DATA_THREADS,
    READ_THREADS,
    READS_WAITING_MAX,
    WATCHERS_MAX,
)
from dncd.tokens import Caller
from dncd.transport.pools import BULK_WAITING_MAX, Pool
from dncd.transport.rpc import Call, Metadata, Plane
from donotcontact.v1.check_service_pb2 import CheckRequest, CheckResponse
from rpc_serving import CALLER, PATH, WAIT_S, Caught, Client, Gate, rpc, serving

BOUNDED = [
    (Plane.DATA, DATA_THREADS, CHECKS_WAITING_MAX),
    (Plane.BULK, BULK_RUNNING_MAX, BULK_WAITING_MAX),
    (Plane.CONTROL, CONTROL_THREADS, CHANGES_WAITING_MAX),
    (Plane.READ, READ_THREADS, READS_WAITING_MAX),
]


@pytest.mark.parametrize(("plane", "threads", "waiting"), BOUNDED)
def test_call_beyond_a_planes_room_is_refused_at_once_with_a_reason(plane: Plane, threads: int, waiting: int) -> None:
    gate = Gate()
    with serving([rpc("Full", gate, plane), rpc("Free", plane=Plane.STREAM)]) as (client, _):
        started = [client.start("Full") for _ in range(threads)]
        gate.wait_for(threads)
        tried = [client.start("Full") for _ in range(waiting + 5)]

        refused = _first_refused(tried, 5)
        caught = Caught(refused[0].exception(timeout=WAIT_S))
        gate.open.set()
        answered = [call for call in (*started, *tried) if call.exception(timeout=WAIT_S) is None]

    assert caught.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert caught.reason == "ERROR_REASON_OVERLOADED"
    assert caught.retry_info.retry_delay.ToMilliseconds() > 0
    assert len(refused) == 5
    assert len(answered) == threads + waiting


def _first_refused(calls: list[Any], count: int) -> list[Any]:
    """Wait until so many calls ended, which only refused ones do while the gate is shut."""
    ended: SimpleQueue[Any] = SimpleQueue()
    for call in calls:
        call.add_done_callback(ended.put)
    return [ended.get(timeout=WAIT_S) for _ in range(count)]


@pytest.mark.parametrize(("plane", "threads", "waiting"), BOUNDED[1:])
def test_checks_answer_while_another_plane_is_full(plane: Plane, threads: int, waiting: int) -> None:
    gate, calls = Gate(), threads + waiting
    with serving([rpc("Check"), rpc("Full", gate, plane)]) as (client, _):
        blocked = [client.start("Full") for _ in range(calls)]
        gate.wait_for(threads)

        answers = [client.call("Check") for _ in range(20)]

        gate.open.set()
        assert [call.result(timeout=WAIT_S) for call in blocked] == [b""] * calls

    assert answers == [b""] * 20


def test_room_comes_back_after_calls_that_failed_or_were_cancelled() -> None:
    gate = Gate()

    def fails(_call: Call, _request: CheckRequest) -> CheckResponse:
        raise BatchEmpty("no rows")

    with serving([rpc("Fails", fails, Plane.BULK), rpc("Full", gate, Plane.BULK)]) as (client, _):
        for _ in range(BULK_RUNNING_MAX * 3):
            assert client.refused("Fails").reason == "ERROR_REASON_BATCH_EMPTY"
        left = [client.start("Full") for _ in range(BULK_RUNNING_MAX)]
        gate.wait_for(BULK_RUNNING_MAX)
        for call in left:
            call.cancel()
        gate.open.set()
        answer = _once_there_is_room(lambda: client.call("Full"), "ERROR_REASON_OVERLOADED")

    assert answer == b""


def _once_there_is_room(call: Callable[[], bytes], reason: str) -> bytes:
    """Call until there is room: the place of an ended call is given back a moment after its answer."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        try:
            return call()
        except grpc.RpcError as error:
            if Caught(error).reason != reason:
                raise
    raise AssertionError("the room did not come back")


def test_handlers_run_on_the_threads_of_their_plane() -> None:
    seen = {}

    def note(_call: Call, request: CheckRequest) -> CheckResponse:
        seen[request.policy] = threading.current_thread().name
        return CheckResponse()

    def note_stream(_call: Call, request: CheckRequest) -> Iterator[CheckResponse]:
        yield note(_call, request)

    def note_upload(_call: Call, requests: Iterator[CheckRequest]) -> CheckResponse:
        return [note(_call, request) for request in requests][-1]

    unary_planes = (Plane.DATA, Plane.BULK, Plane.CONTROL, Plane.READ)
    streams = [rpc("stream", note_stream, Plane.STREAM), rpc("upload", note_upload, Plane.UPLOAD)]
    rpcs = [rpc(plane.value, note, plane) for plane in unary_planes] + streams
    with serving(rpcs) as (client, _):
        for plane in unary_planes:
            client.call(plane.value, CheckRequest(policy=plane.value).SerializeToString())
        list(client.watch("stream", CheckRequest(policy="stream").SerializeToString()))
        client.upload("upload", [CheckRequest(policy="upload").SerializeToString()])

    assert {plane: name.split("_")[0] for plane, name in seen.items()} == {p.value: p.value for p in Plane}


def test_watchers_beyond_the_cap_are_refused_and_a_place_is_given_back() -> None:
    ended = threading.Semaphore(0)

    def watch(call: Call, _request: CheckRequest) -> Iterator[CheckResponse]:
        over = threading.Event()
        call.on_end(over.set)
        yield CheckResponse()
        assert over.wait(WAIT_S), "nobody said that the call ended"
        ended.release()

    with serving([rpc("Watch", watch, Plane.STREAM), rpc("Check")]) as (client, _):
        watchers = [client.watch("Watch") for _ in range(WATCHERS_MAX)]
        for watcher in watchers:
            next(watcher)

        with pytest.raises(grpc.RpcError) as refused:
            next(client.watch("Watch"))
        check = client.call("Check")
        watchers[0].cancel()
        assert ended.acquire(timeout=WAIT_S)
        first = _once_there_is_room(lambda: bytes(next(client.watch("Watch"))), "ERROR_REASON_TOO_MANY_WATCHERS")

    caught = Caught(refused.value)
    assert caught.reason == "ERROR_REASON_TOO_MANY_WATCHERS"
    assert caught.info.metadata["watchers_max"] == str(WATCHERS_MAX)
    assert caught.retry_info.retry_delay.seconds == 5
    assert (check, first) == (b"", b"")


def test_failure_in_the_middle_of_a_stream_carries_its_reason() -> None:
    def watch(_call: Call, _request: CheckRequest) -> Iterator[CheckResponse]:
        yield CheckResponse(policy_version=1)
        raise BatchEmpty("nothing more")

    with serving([rpc("Watch", watch, Plane.STREAM)]) as (client, _):
        watcher = client.watch("Watch")
        first = next(watcher)
        with pytest.raises(grpc.RpcError) as refused:
            next(watcher)

    assert CheckResponse.FromString(first).policy_version == 1
    assert Caught(refused.value).reason == "ERROR_REASON_BATCH_EMPTY"


@pytest.mark.parametrize("payload", [b"\xff\xff", b""])
def test_stream_refuses_garbage_with_a_reason(payload: bytes) -> None:
    with serving([rpc("Watch", lambda _call, _request: iter([CheckResponse()]), Plane.STREAM)]) as (client, _):
        watcher = client.watch("Watch", payload)
        if not payload:
            assert list(watcher) == [b""]
            return
        with pytest.raises(grpc.RpcError) as refused:
            next(watcher)

    assert Caught(refused.value).reason == "ERROR_REASON_MALFORMED_REQUEST"


def test_strangers_who_send_nothing_hold_no_thread() -> None:
    def known(metadata: Metadata) -> Caller:
        if any(name == "authorization" for name, _ in metadata):
            return CALLER
        raise TokenMissing("no token")

    def nothing() -> Iterator[bytes]:
        assert over.wait(WAIT_S), "the test forgot the strangers"
        yield from ()

    over = threading.Event()
    with serving([rpc("Check")], known) as (stranger, _):
        friend = Client(stranger.port, "token")
        silent = [
            stranger.channel.stream_unary(PATH + "Check").future(nothing(), timeout=WAIT_S)
            for _ in range(DATA_THREADS * 2)
        ]

        answer = friend.call("Check")
        refused = {Caught(call.exception(timeout=WAIT_S)).reason for call in silent}
        over.set()
        friend.channel.close()

    assert answer == b""
    assert refused == {"ERROR_REASON_TOKEN_MISSING"}


def test_a_place_that_is_given_back_early_is_free_before_the_call_has_ended_and_counted_once() -> None:
    with Pool("uploads", 1, 0) as pool:

        def answered() -> bool:
            taken = pool.has_room()
            pool.leave()
            return not taken and pool.has_room()

        answers = [pool.submit(answered).result() for _ in range(3)]

    assert answers == [True, True, True]
    assert pool.has_room()
