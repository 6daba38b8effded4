import logging

import pytest

from dncd import accounts
from dncd.addresses import Target
from dncd.administration import account_id, create_first_accounts
from dncd.daemon.supervisor import keep_house
from dncd.entries import scan_expired
from dncd.events import AddedEntry, Draft, EntriesAdded
from dncd.housekeeping import Housekeeper, LastingLog, SteadyClock
from dncd.nouns import EntryReason, Role, Source
from dncd.storage.keys import Kind
from dncd.storage.memory import MemoryStore
from dncd.writer import StoreLog, Waiting

START_MS = 1_795_000_000_000
DAY_S = 86_400


def test_round_clears_readers_and_tidies_with_the_time() -> None:
    told: list[object] = []

    keep_house(told.append, lambda: told.append("readers"), lambda: 7)

    assert told == ["readers", 7]


def test_failing_round_is_logged_without_values_and_does_not_end_the_rounds(caplog: pytest.LogCaptureFixture) -> None:
    def fails(_now_ms: int) -> None:
        raise KeyError("+14155550123")

    with caplog.at_level(logging.ERROR):
        keep_house(fails, lambda: None, lambda: 7)

    assert "housekeeping failed" in caplog.text
    assert "KeyError" in caplog.text
    assert "+14155550123" not in caplog.text


class Clocks:
    """The two clocks of a machine."""

    wall_ms = START_MS
    monotonic_s = 5.0


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def steady(clocks: Clocks) -> SteadyClock:
    store = MemoryStore()
    create_first_accounts(store, START_MS)
    return SteadyClock(store, lambda: clocks.wall_ms, lambda: clocks.monotonic_s)


class Dying(StoreLog):
    """A log whose writer ends at its first change, as a bug in it would end it."""

    def _commit(self, batch: list[Waiting]) -> None:
        raise SystemExit


def test_a_writer_of_housekeeping_that_ends_is_told_and_replaced(caplog: pytest.LogCaptureFixture) -> None:
    store = MemoryStore()
    create_first_accounts(store, START_MS)
    logs = iter([Dying(store, lambda: START_MS), StoreLog(store, lambda: START_MS)])
    lasting = LastingLog(lambda: next(logs))
    keeper = Housekeeper(store, lasting)
    add_ended_entry(store)
    later_ms = START_MS + 1000

    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            keep_house(keeper.keep, lambda: None, lambda: later_ms)
    lasting.stop()

    assert "the writer ended" in caplog.text
    assert "housekeeping failed" in caplog.text
    assert "another one starts" in caplog.text
    with store.snapshot() as snapshot:
        assert not scan_expired(snapshot, account_id(snapshot, accounts.DEFAULT_NAME), later_ms, 1)


def add_ended_entry(store: MemoryStore) -> None:
    log = StoreLog(store, lambda: START_MS)
    log.start()
    with store.snapshot() as snapshot:
        default_id = account_id(snapshot, accounts.DEFAULT_NAME)
    target = Target(Kind.PHONE, "+14155550123")
    brief = AddedEntry(target, "do-not-phone", Source.API, EntryReason.REQUESTED_BY_PERSON, expires_at_ms=START_MS + 1)
    log.append(Draft(default_id, "kim", Role.ADMIN, EntriesAdded([brief])))
    log.stop()


def test_steady_clock_goes_with_the_machine(clocks: Clocks, steady: SteadyClock) -> None:
    clocks.wall_ms += 3 * DAY_S * 1000
    clocks.monotonic_s += 3 * DAY_S

    assert steady.now_ms() == START_MS + 3 * DAY_S * 1000


def test_a_clock_that_jumps_ahead_does_not_lead_the_steady_one(clocks: Clocks, steady: SteadyClock) -> None:
    clocks.wall_ms += 60 * DAY_S * 1000
    clocks.monotonic_s += 10

    assert steady.now_ms() == START_MS + 10_000


def test_a_clock_that_is_set_back_takes_the_steady_one_with_it(clocks: Clocks, steady: SteadyClock) -> None:
    clocks.wall_ms -= DAY_S * 1000
    clocks.monotonic_s += 10

    assert steady.now_ms() == START_MS - DAY_S * 1000
