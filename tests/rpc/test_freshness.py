"""Waiting for a revision: short, never settling for an older one, and never with all threads of the checks."""

from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue
from threading import Semaphore
from typing import Any

import pytest

from dncd import journal, limits
from dncd.administration import create_account
from dncd.errors import RevisionNotYetHere, RevisionOfAnotherStore
from dncd.freshness import fresh_snapshot, wait_for
from dncd.storage.contract import Store
from dncd.storage.lmdb import LmdbStore
from rpc_serving import Caught
from serving import WAIT_S, pb, served

NUMBER = "+14155550199"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = LmdbStore.own(tmp_path / "store")
    create_account(made, 1, "default", "")
    yield made
    made.close()


@pytest.fixture
def waiters() -> Semaphore:
    return Semaphore(1)


def head(store: Store) -> int:
    with store.snapshot() as snapshot:
        return journal.head(snapshot).position


def never(_seconds: float) -> None:
    raise AssertionError("it waited")


def test_a_revision_that_is_here_takes_no_place(store: Store, waiters: Semaphore) -> None:
    waiters.acquire()

    with fresh_snapshot(store, store.id, head(store), waiters) as snapshot:
        assert journal.head(snapshot).position == head(store)


def test_whoever_finds_no_place_to_wait_is_refused_at_once(store: Store, waiters: Semaphore) -> None:
    waiters.acquire()

    with pytest.raises(RevisionNotYetHere):
        wait_for(store, head(store) + 1, waiters, never)


def test_a_revision_that_comes_while_waiting_is_answered_and_the_place_given_back(
    store: Store, waiters: Semaphore
) -> None:
    def comes(_seconds: float) -> None:
        create_account(store, 1, "another", "")

    wait_for(store, head(store) + 1, waiters, comes)

    assert waiters.acquire(blocking=False)


def test_the_wait_ends_and_the_place_is_given_back(store: Store, waiters: Semaphore) -> None:
    waited: list[float] = []

    with pytest.raises(RevisionNotYetHere):
        wait_for(store, head(store) + 1, waiters, waited.append)

    assert sum(waited) * 1000 == pytest.approx(limits.FRESHNESS_WAIT_MS_MAX)
    assert waiters.acquire(blocking=False)


def test_a_revision_of_another_store_never_waits(store: Store, waiters: Semaphore) -> None:
    with pytest.raises(RevisionOfAnotherStore), fresh_snapshot(store, "another", 1, waiters):
        pass

    assert waiters.acquire(blocking=False)


def test_callers_who_wait_leave_threads_for_the_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FRESHNESS_WAIT_MS_MAX", int(WAIT_S * 1000))
    ended: SimpleQueue[Any] = SimpleQueue()
    with served(tmp_path / "served") as running:
        api = running.api()
        future = pb.Revision(store=running.store.id, position=running.head() + 1)
        rows = [pb.CheckRow(address=NUMBER)]
        calls = [
            api.start("Check", pb.CheckRequest(channel=1, rows=rows, at_least_as_fresh=future))
            for _ in range(limits.DATA_THREADS + 1)
        ]
        for call in calls:
            call.add_done_callback(ended.put)

        refused = [ended.get(timeout=WAIT_S) for _ in range(len(calls) - limits.FRESHNESS_WAITERS_MAX)]
        meanwhile = api.verdicts(NUMBER)
        api.add(NUMBER)
        waited = ended.get(timeout=WAIT_S)

    assert {Caught(call.exception()).reason for call in refused} == {"ERROR_REASON_REVISION_NOT_YET_HERE"}
    assert meanwhile == [1]
    assert [result.verdict for result in pb.CheckResponse.FromString(waited.result()).results] == [2]
