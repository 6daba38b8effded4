"""Guarantee 9: overload gives RESOURCE_EXHAUSTED at once, never a slow wrong answer, and bulk never starves checks."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import grpc
import pytest

from dncd import limits
from dncd.storage.contract import Snapshot, Store
from dncd.transport.pools import BULK_WAITING_MAX
from serving import WAIT_S, Served, new_id, pb, served

NUMBER, OPTED_OUT = "+14155550199", "+14155550101"


class Gate:
    """Stands before a store, and keeps the threads of one plane waiting while it is shut."""

    def __init__(self) -> None:
        self._open = threading.Event()
        self._open.set()
        self._plane = ""
        self.arrived = threading.Semaphore(0)

    def shut(self, plane: str) -> None:
        self._plane = plane
        self._open.clear()

    def let_go(self) -> None:
        self._open.set()

    def wait(self) -> None:
        if threading.current_thread().name.startswith(self._plane) and not self._open.is_set():
            self.arrived.release()
            assert self._open.wait(WAIT_S), "the test forgot to open the gate"


class GatedStore:
    """A store behind a gate."""

    def __init__(self, store: Store, gate: Gate) -> None:
        self._store = store
        self._gate = gate

    @property
    def id(self) -> str:
        return self._store.id

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        self._gate.wait()
        return self._store.snapshot()

    def transaction(self) -> Any:
        self._gate.wait()
        return self._store.transaction()

    def close(self) -> None:
        self._store.close()


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def server(tmp_path: Path, gate: Gate) -> Iterator[Served]:
    with served(tmp_path / "store", around=lambda store: GatedStore(store, gate)) as running:
        running.api().add(OPTED_OUT)
        yield running
        gate.let_go()


def outcomes(calls: list[Any]) -> tuple[list[bytes], list[grpc.StatusCode]]:
    answered, refused = [], []
    for call in calls:
        if call.exception(WAIT_S) is None:
            answered.append(call.result())
        else:
            refused.append(call.code())
    return answered, refused


def arrivals(gate: Gate, count: int) -> None:
    for _ in range(count):
        assert gate.arrived.acquire(timeout=WAIT_S), "a call did not reach the store"


def test_guarantee_9_too_many_checks_are_refused_at_once_and_the_others_answered_right(
    server: Served, gate: Gate
) -> None:
    api = server.api()
    request = pb.CheckRequest(channel=1, rows=[pb.CheckRow(address=OPTED_OUT)])
    room = limits.DATA_THREADS + limits.CHECKS_WAITING_MAX
    gate.shut("data")
    waiting = [api.start("Check", request) for _ in range(room)]
    arrivals(gate, limits.DATA_THREADS)

    # The refusal comes while nothing moves: it waits for nobody.
    refused = api.refused("Check", request)

    gate.let_go()
    answered, others = outcomes(waiting)
    assert (refused.code.name, refused.reason) == ("RESOURCE_EXHAUSTED", "ERROR_REASON_OVERLOADED")
    assert refused.retry_info.retry_delay.ToMilliseconds() > 0
    assert others == []
    assert {pb.CheckResponse.FromString(answer).results[0].verdict for answer in answered} == {2}


def test_guarantee_9_bulk_work_never_starves_single_checks(server: Served, gate: Gate) -> None:
    api = server.api()
    request = pb.ScrubRequest(channel=1, addresses=[NUMBER, OPTED_OUT])
    room = limits.BULK_RUNNING_MAX + BULK_WAITING_MAX
    gate.shut("bulk")
    waiting = [api.start("Scrub", request) for _ in range(room)]
    arrivals(gate, limits.BULK_RUNNING_MAX)

    refused = api.refused("Scrub", request)
    single = [api.verdicts(NUMBER, OPTED_OUT) for _ in range(50)]

    gate.let_go()
    answered, others = outcomes(waiting)
    assert (refused.code.name, refused.reason) == ("RESOURCE_EXHAUSTED", "ERROR_REASON_OVERLOADED")
    assert single == [[1, 2]] * 50
    assert others == []
    assert [list(pb.ScrubResponse.FromString(answer).verdicts) for answer in answered] == [[1, 2]] * room


def test_guarantee_9_reads_that_scan_starve_neither_checks_nor_opt_outs(server: Served, gate: Gate) -> None:
    api = server.api()
    room = limits.READ_THREADS + limits.READS_WAITING_MAX
    gate.shut("read")
    waiting = [api.start("VerifyJournal") for _ in range(room)]
    arrivals(gate, limits.READ_THREADS)

    refused = api.refused("ListEntries", pb.ListEntriesRequest())
    before = api.verdicts(NUMBER)
    api.add(NUMBER)
    after = api.verdicts(NUMBER)

    gate.let_go()
    answered, others = outcomes(waiting)
    assert (refused.code.name, refused.reason) == ("RESOURCE_EXHAUSTED", "ERROR_REASON_OVERLOADED")
    assert (before, after) == ([1], [2])
    assert others == []
    assert all(pb.VerifyJournalResponse.FromString(answer).intact for answer in answered)


def test_guarantee_9_too_many_changes_are_refused_and_what_was_refused_is_not_there(server: Served, gate: Gate) -> None:
    api = server.api()
    gate.shut("writer")
    numbers = [f"+1212555{index:04d}" for index in range(limits.CONTROL_THREADS + limits.CHANGES_WAITING_MAX + 40)]
    calls = [api.start("AddEntries", one_entry(number)) for number in numbers]
    refused_first = [call for call in calls[-40:] if call.exception(WAIT_S) is not None]

    gate.let_go()
    answered, refused = outcomes(calls)
    verdicts = api.verdicts(*numbers)

    assert len(refused_first) == 40
    assert set(refused) == {grpc.StatusCode.RESOURCE_EXHAUSTED}
    assert verdicts == [2 if call.exception() is None else 1 for call in calls]
    assert verdicts.count(2) == len(answered)


def one_entry(number: str) -> Any:
    entry = pb.NewEntry(address=number, label="do-not-contact", source=6)
    return pb.AddEntriesRequest(entries=[entry], request_id=new_id())
