"""What is counted of calls, in this process: codes, refusals for want of room, callers that left."""

import socket
import ssl
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import grpc
import numpy as np
import pytest

from dncd.config import Settings
from dncd.daemon.crew import News, Place
from dncd.daemon.endpoint import Endpoint, EndpointUnusable
from dncd.daemon.order import Order
from dncd.daemon.page import Page
from dncd.daemon.scraping import SCRAPES_MAX, Scraping
from dncd.daemon.sheets import Sheet, counts_on
from dncd.errors import Overloaded, TokenMissing
from dncd.metrics import CODES, KINDS, Counts
from dncd.nouns import Channel, Verdict
from dncd.storage.memory import MemoryStore
from dncd.tokens import Caller
from dncd.transport.counting import layout
from dncd.transport.rpc import Call, Metadata, Plane, Rpc
from dncd.transport.server import Server, Tls
from donotcontact.v1.check_service_pb2 import CheckResponse
from metrics_reading import Scraped, scrape, shown, until_freed
from rpc_serving import WAIT_S, Client, Gate, everyone, rpc

TLS = Path(__file__).parents[1] / "transport" / "tls"


class Nobody:
    """A crew without workers."""

    def ready(self) -> int:
        return 0

    def wanted(self) -> int:
        return 0

    def starts(self) -> int:
        return 0


def page_of(*memories: Any, folder: Path) -> Page:
    return Page(layout(), lambda: memories, MemoryStore(), folder, Nobody())


@contextmanager
def counted(
    rpcs: Sequence[Rpc], folder: Path, authenticate: Callable[[Metadata], Caller] = everyone
) -> Iterator[tuple[Client, Callable[[], Scraped]]]:
    """Serve rpcs, counted; give a caller, and what tells the counts."""
    memory = bytearray(layout().bytes)
    server = Server(rpcs, authenticate, lambda: "incident", Counts(layout(), memory))
    client = Client(server.bind("127.0.0.1:0"))
    server.start()
    try:
        yield client, lambda: shown(page_of(memory, folder=folder))
    finally:
        client.channel.close()
        server.drain(notice_s=0, grace_s=WAIT_S)


def test_calls_are_counted_by_the_code_that_the_caller_got(tmp_path: Path) -> None:
    def fails(_call: Call, _request: Any) -> Any:
        raise RuntimeError

    with counted([rpc("Check"), rpc("Scrub", fails, Plane.BULK)], tmp_path) as (client, tell):
        client.call("Check")
        client.call("Check")
        client.refused("Check", b"\xff")
        client.refused("Scrub")
        client.refused("NoSuchMethod")
        told = tell()

    assert told("dncd_calls_total", method="Check", code="OK") == 2
    assert told("dncd_calls_total", method="Check", code="INVALID_ARGUMENT") == 1
    assert told("dncd_calls_total", method="Scrub", code="INTERNAL") == 1
    assert sum(value for (name, _), value in told.samples.items() if name == "dncd_calls_total") == 4
    assert told("dncd_call_duration_seconds_count", method="Check") == 3


def test_caller_without_a_token_is_counted_and_not_timed(tmp_path: Path) -> None:
    def nobody(_metadata: Metadata) -> Caller:
        raise TokenMissing("no token")

    with counted([rpc("Check")], tmp_path, nobody) as (client, tell):
        client.refused("Check")
        told = tell()

    assert told("dncd_calls_total", method="Check", code="UNAUTHENTICATED") == 1
    assert told("dncd_call_duration_seconds_count", method="Check") == 0
    assert told("dncd_overload_refusals_total", plane="data") == 0


def test_refusal_at_the_door_is_counted_by_plane(tmp_path: Path) -> None:
    gate = Gate()

    def taken(call: Call, requests: Any) -> Any:
        return gate(call, list(requests))

    with counted([rpc("ImportSnapshot", taken, Plane.UPLOAD)], tmp_path) as (client, tell):
        running = client.channel.stream_unary(PATH_OF_IMPORT).future(iter([b""]), timeout=WAIT_S)
        gate.wait_for(1)
        with pytest.raises(grpc.RpcError) as caught:
            client.channel.stream_unary(PATH_OF_IMPORT)(iter([b""]), timeout=WAIT_S)
        gate.open.set()
        running.result(timeout=WAIT_S)
        told = tell()

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert told("dncd_overload_refusals_total", plane="upload") == 1
    assert told("dncd_calls_total", method="ImportSnapshot", code="RESOURCE_EXHAUSTED") == 1
    assert told("dncd_calls_total", method="ImportSnapshot", code="OK") == 1


PATH_OF_IMPORT = "/donotcontact.v1.CheckService/ImportSnapshot"


def test_refusal_by_a_handler_is_counted_by_plane(tmp_path: Path) -> None:
    def full(_call: Call, _request: Any) -> Any:
        raise Overloaded("too many changes wait")

    with counted([rpc("AddEntries", full, Plane.CONTROL)], tmp_path) as (client, tell):
        client.refused("AddEntries")
        told = tell()

    assert told("dncd_overload_refusals_total", plane="control") == 1
    assert told("dncd_calls_total", method="AddEntries", code="RESOURCE_EXHAUSTED") == 1


def test_caller_that_left_is_counted_as_cancelled(tmp_path: Path) -> None:
    runs, left = threading.Event(), threading.Event()

    def outlived(call: Call, _request: Any) -> Any:
        call.on_end(left.set)
        runs.set()
        assert left.wait(WAIT_S), "the caller did not leave"
        return CheckResponse()

    with counted([rpc("Check", outlived)], tmp_path) as (client, tell):
        call = client.start("Check")
        assert runs.wait(WAIT_S)
        call.cancel()
        told = _once(tell, lambda told: told("dncd_call_duration_seconds_count", method="Check") == 1)

    assert told("dncd_calls_total", method="Check", code="CANCELLED") == 1


def _once(tell: Callable[[], Scraped], holds: Callable[[Scraped], bool]) -> Scraped:
    """Read until something holds: nobody hears of the end of a call that was cancelled."""
    for _ in range(10_000):
        told = tell()
        if holds(told):
            return told
    raise AssertionError("it never held")


def test_stream_is_counted_at_its_end_and_not_timed(tmp_path: Path) -> None:
    def watch(_call: Call, _request: Any) -> Iterator[Any]:
        yield from ()

    with counted([rpc("WatchEvents", watch, Plane.STREAM)], tmp_path) as (client, tell):
        assert list(client.watch("WatchEvents")) == []
        told = _once(tell, lambda told: told("dncd_calls_total", method="WatchEvents", code="OK") == 1)

    assert told("dncd_call_duration_seconds_count", method="WatchEvents") == 0


def test_codes_stand_by_their_numbers() -> None:
    numbers = {code.name: code.value[0] for code in grpc.StatusCode}

    assert {name: number for number, name in enumerate(CODES)} == numbers


def test_every_kind_of_change_has_a_name_of_its_own() -> None:
    assert len(set(KINDS.values())) == len(KINDS)


def test_rows_of_a_batch_are_counted_as_those_asked_one_by_one(tmp_path: Path) -> None:
    verdicts = np.array([1, 2, 2, 7, 1], dtype=np.uint8)
    together, alone = bytearray(layout().bytes), bytearray(layout().bytes)

    Counts(layout(), together).decided(Channel.SMS, verdicts, None)
    counts = Counts(layout(), alone)
    for verdict in verdicts:
        counts.decided(Channel.SMS, np.array([verdict]), None)

    assert together == alone
    assert any(together)


@pytest.mark.parametrize("rows", [0, 1, 100, 50_000])
@pytest.mark.parametrize("kinds", [[1], [2, 1], [7, 3, 6], list(range(1, 8))])
def test_column_of_any_length_is_counted_to_the_last_row(tmp_path: Path, rows: int, kinds: list[int]) -> None:
    memory = bytearray(layout().bytes)
    verdicts = np.resize(np.array(kinds, dtype=np.uint8), rows)

    Counts(layout(), memory).decided(Channel.VOICE, verdicts, None)

    told = shown(page_of(memory, folder=tmp_path))
    counted = {
        verdict.value: told("dncd_rows_decided_total", channel="VOICE", mode="ENFORCE", verdict=verdict.name)
        for verdict in Verdict
    }
    assert {verdict: count for verdict, count in counted.items() if count} == Counter(verdicts.tolist())


def test_threads_that_count_at_once_lose_nothing(tmp_path: Path) -> None:
    memory = bytearray(layout().bytes)
    counts = Counts(layout(), memory)
    ready = threading.Barrier(4)

    def count() -> None:
        ready.wait(WAIT_S)
        for _ in range(2_000):
            counts.ended(0, 0, 1_000_000)
            counts.committed()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WAIT_S)

    told = shown(page_of(memory, folder=tmp_path))
    assert told("dncd_commits_total") == 8_000
    assert told("dncd_call_duration_seconds_sum", method=layout().methods[0]) == pytest.approx(8.0)


def test_process_that_comes_after_another_goes_on_and_waits_for_nothing(tmp_path: Path) -> None:
    sheet = Sheet(layout())
    first = counts_on(sheet.file, layout())
    first.committed()
    first.wait_changed(3)

    counts_on(sheet.file, layout()).committed()
    sheet.close()

    told = shown(page_of(sheet.memory, folder=tmp_path))
    assert told("dncd_commits_total") == 2
    assert told("dncd_changes_waiting") == 0


def test_worker_counts_as_ready_from_its_word_to_its_end(tmp_path: Path) -> None:
    news: SimpleQueue[News] = SimpleQueue()
    program = [sys.executable, "-c", "input(); print('ready', flush=True); input()"]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as worker:
        order = Order(settings=Settings(store=tmp_path), host="127.0.0.1", port=1)
        place = Place(order, news.put, lambda: worker)
        seen = [(place.is_ready, place.starts)]
        place.start()
        assert news.get(timeout=WAIT_S) is News.READY
        seen.append((place.is_ready, place.starts))
        place.drain()
        assert place.wait(time.monotonic() + WAIT_S)
        seen.append((place.is_ready, place.starts))

    assert seen == [(False, 0), (True, 1), (False, 1)]


def test_page_over_tls_is_for_those_with_a_certificate_where_clients_need_one(tmp_path: Path) -> None:
    scraping = Scraping(Endpoint("127.0.0.1", 0), Tls(TLS / "server.pem", TLS / "server.key", TLS / "ca.pem"))
    scraping.start(page_of(folder=tmp_path))
    context = ssl.create_default_context(cafile=TLS / "ca.pem")
    try:
        with pytest.raises(OSError):  # noqa: PT011 - which one depends on who is first to give up
            scrape(scraping.url, context)
        context.load_cert_chain(TLS / "client.pem", TLS / "client.key")
        told = scrape(scraping.url, context)
    finally:
        scraping.close()

    assert scraping.url.startswith("https://127.0.0.1:")
    assert told("dncd_workers_wanted") == 0
    assert "dncd_build_info" in told.text


def test_unreadable_certificate_is_told_by_the_name_of_the_setting(tmp_path: Path) -> None:
    with pytest.raises(EndpointUnusable, match="metrics_listen: the files of TLS cannot be used"):
        Scraping(Endpoint("127.0.0.1", 0), Tls(tmp_path / "none.pem", tmp_path / "none.key"))


def test_silent_connections_take_no_more_than_their_places(tmp_path: Path) -> None:
    scraping = Scraping(Endpoint("127.0.0.1", 0), None)
    scraping.start(page_of(folder=tmp_path))
    port = int(scraping.url.removesuffix("/metrics").rpartition(":")[2])
    try:
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(SCRAPES_MAX)]
        with pytest.raises(OSError):  # noqa: PT011 - which one depends on who is first to give up
            scrape(scraping.url)
        for connection in silent:
            connection.close()
        told = until_freed(range(1_000), lambda: scrape(scraping.url))
    finally:
        scraping.close()

    assert "dncd_build_info" in told.text


def test_closed_page_reads_nothing_any_more(tmp_path: Path) -> None:
    page = page_of(folder=tmp_path)
    page.close()

    assert shown(page).text == ""
