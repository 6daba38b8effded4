import logging

import pytest

from dncd.administration import create_first_accounts
from dncd.daemon.supervisor import keep_house
from dncd.housekeeping import SteadyClock
from dncd.storage.memory import MemoryStore

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
