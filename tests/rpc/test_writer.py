"""The writer thread: nobody waits for it in vain, and a change that breaks a commit harms no other."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dncd import journal, limits
from dncd.addresses import target_from_text
from dncd.administration import create_account
from dncd.errors import Overloaded, ShuttingDown, StorageFull, StoreCorrupt
from dncd.events import AddedEntry, Draft, EntriesAdded
from dncd.journal import Written
from dncd.nouns import EntryReason, Role, Source
from dncd.storage.contract import Store, Transaction
from dncd.storage.lmdb import LmdbStore
from dncd.writer import StoreLog
from serving import START_MS

WAIT_S = 20.0
BIG = 100
ADDRESS = "+14155550101"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = LmdbStore.own(tmp_path / "store")
    create_account(made, 1, "default", "")
    yield made
    made.close()


class HeldClock:
    """A clock that the writer asks once for each change: it says so, and waits to be let go, or fails."""

    def __init__(self) -> None:
        self.asked = threading.Semaphore(0)
        self.go_on = threading.Event()
        self.failure: BaseException | None = None

    def __call__(self) -> int:
        self.asked.release()
        assert self.go_on.wait(WAIT_S), "the test forgot the clock"
        if self.failure is not None:
            raise self.failure
        return START_MS


@pytest.fixture
def clock() -> HeldClock:
    return HeldClock()


def addition(first: int, count: int = 1) -> Draft:
    targets = [target_from_text(f"+1415555{first + offset:04d}", "") for offset in range(count)]
    added = [AddedEntry(target, "do-not-contact", Source.API, EntryReason.LEGAL) for target in targets]
    return Draft(1, "tester", Role.ADMIN, EntriesAdded(added))


def behind_the_first(
    pool: ThreadPoolExecutor, log: StoreLog, clock: HeldClock, drafts: list[Draft]
) -> list[Future[Written]]:
    """Append one change that the clock holds, and the others behind it, so that they share the next commit."""
    calls = [pool.submit(log.append, addition(9000))]
    assert clock.asked.acquire(timeout=WAIT_S)
    calls += [pool.submit(log.append, draft) for draft in drafts]
    with log._wake:
        assert log._wake.wait_for(lambda: len(log._waiting) == len(drafts), WAIT_S)
    return calls


def test_a_writer_that_dies_refuses_all_that_wait_and_says_so(store: Store, clock: HeldClock) -> None:
    log, deaths = StoreLog(store, clock), threading.Semaphore(0)
    log.start(on_death=deaths.release)
    with ThreadPoolExecutor(4) as pool:
        calls = behind_the_first(pool, log, clock, [addition(number) for number in range(3)])
        clock.failure = SystemExit()
        clock.go_on.set()

        failures = [call.exception(WAIT_S) for call in calls]

    assert [type(failure) for failure in failures] == [ShuttingDown] * 4
    assert deaths.acquire(timeout=WAIT_S)
    assert not deaths.acquire(blocking=False)
    with pytest.raises(ShuttingDown):
        log.append(addition(5))
    log.stop()


def test_a_writer_that_cannot_take_the_next_batch_dies_too(
    store: Store, clock: HeldClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    log, deaths = StoreLog(store, clock), threading.Semaphore(0)

    def broken(*_: Any) -> Any:
        raise MemoryError(ADDRESS)

    monkeypatch.setattr("dncd.writer.islice", broken)
    log.start(on_death=deaths.release)

    with pytest.raises(ShuttingDown):
        log.append(addition(1))

    log.stop()
    assert deaths.acquire(timeout=WAIT_S)
    assert "the writer ended with MemoryError" in caplog.text
    assert ADDRESS not in caplog.text


def test_a_writer_that_is_stopped_has_not_died(store: Store) -> None:
    log, deaths = StoreLog(store, lambda: START_MS), threading.Semaphore(0)
    log.start(on_death=deaths.release)
    log.append(addition(1))

    log.stop()

    assert not deaths.acquire(blocking=False)


@pytest.mark.parametrize("failure", [StorageFull("full"), StoreCorrupt("corrupt"), ValueError("unexpected")])
def test_a_change_that_breaks_the_commit_does_not_harm_those_that_share_it(
    store: Store, clock: HeldClock, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def accept(txn: Transaction, draft: Draft, now_ms: int) -> Written:
        written = accept_well(txn, draft, now_ms)
        if isinstance(draft.change, EntriesAdded) and len(draft.change.entries) == BIG:
            raise failure
        return written

    accept_well = journal.accept
    monkeypatch.setattr(journal, "accept", accept)
    log = StoreLog(store, clock)
    begun = log.head().position
    log.start()
    with ThreadPoolExecutor(4) as pool:
        calls = behind_the_first(pool, log, clock, [addition(1), addition(1000, BIG), addition(2)])
        clock.go_on.set()
        failures = [call.exception(WAIT_S) for call in calls]
    log.stop()

    assert failures == [None, None, failure, None]
    assert [row.event().draft for row in log.read_from(begun)] == [addition(9000), addition(1), addition(2)]


def test_previews_beyond_their_room_are_refused_at_once_and_the_room_comes_back(store: Store, clock: HeldClock) -> None:
    log = StoreLog(store, clock)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(log.preview, addition(1))
        assert clock.asked.acquire(timeout=WAIT_S)

        with pytest.raises(Overloaded):
            log.preview(addition(2))
        clock.go_on.set()
        codes = running.result(WAIT_S).codes

    assert limits.PREVIEWS_RUNNING_MAX == 1
    assert codes == log.preview(addition(3)).codes == b"\x01"
