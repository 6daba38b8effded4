"""The states of many numbers at once are those of their places, one by one."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from dncd.rules.hours import Hours, HoursTable, OpeningState
from dncd.rules.pack import HoursRule, load_packs
from dncd.rules.place import NOWHERE, Place
from dncd.rules.search import Budget
from hours_reading import MINUTE_MS, at_utc

ZONES = ("America/Chicago", "America/Denver", "America/Los_Angeles", "America/New_York", "Pacific/Honolulu")
STATES = ("FL", "OK", "TX", "AL", "CA")
EVENING = at_utc("2026-11-22T01:30")
PLACES = (
    NOWHERE,
    Place(frozenset({"US"})),
    *(
        Place(frozenset({"US", f"US-{state}"}), tuple(sorted({zone, other})))
        for state in STATES
        for zone in ZONES
        for other in ZONES
    ),
)


class CountingHours(Hours):
    """Hours that count how often a state or an opening was worked out."""

    def __init__(self, rules: Sequence[HoursRule]) -> None:
        super().__init__(rules)
        self.states_asked = 0
        self.openings_asked = 0

    def state(self, place: Place, time_ms: int) -> OpeningState:
        self.states_asked += 1
        return super().state(place, time_ms)

    def opens_at(self, place: Place, time_ms: int, budget: Budget | None = None) -> int:
        self.openings_asked += 1
        return super().opens_at(place, time_ms, budget)


@pytest.fixture
def hours() -> CountingHours:
    packs = load_packs()
    names = ("us-federal", "us-states", "us-states-unconfirmed")
    return CountingHours([rule for name in names for rule in packs[name].hours])


def ids(count: int, seed: int = 7) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, len(PLACES), count).astype(np.uint16)


def test_each_id_gets_the_state_of_its_place_in_order(hours: CountingHours) -> None:
    place_ids = ids(5_000)
    table = HoursTable(hours, PLACES)

    for time_ms in range(EVENING, EVENING + 12 * 3_600_000, 3_600_000):
        expected = [hours.state(place, time_ms) for place in PLACES]
        states = table.states(place_ids, time_ms)

        assert states.dtype == np.uint8
        assert states.tolist() == [expected[place_id] for place_id in place_ids]


def test_a_place_is_looked_at_once_a_minute(hours: CountingHours) -> None:
    table = HoursTable(hours, PLACES)
    place_ids = np.array([3, 4, 3, 3, 4], dtype=np.uint16)

    table.states(place_ids, EVENING)
    table.states(place_ids, EVENING + MINUTE_MS - 1)
    assert hours.states_asked == 2

    table.states(np.array([4, 5], dtype=np.uint16), EVENING)
    assert hours.states_asked == 3

    table.states(place_ids, EVENING + MINUTE_MS)
    assert hours.states_asked == 5


def test_a_minute_asked_for_amid_others_is_kept(hours: CountingHours) -> None:
    table = HoursTable(hours, PLACES)
    place_ids = np.array([3], dtype=np.uint16)

    for _ in range(5):
        for minute in range(4):
            table.states(place_ids, EVENING + minute * MINUTE_MS)

    assert hours.states_asked == 4


def test_no_numbers_have_no_states(hours: CountingHours) -> None:
    assert HoursTable(hours, PLACES).states(np.array([], dtype=np.uint16), EVENING).tolist() == []


def test_an_id_that_is_no_place_is_refused(hours: CountingHours) -> None:
    with pytest.raises(IndexError):
        HoursTable(hours, PLACES).states(np.array([len(PLACES)], dtype=np.uint16), EVENING)


def test_an_opening_is_that_of_the_place_and_worked_out_once_a_minute(hours: CountingHours) -> None:
    table = HoursTable(hours, PLACES)
    night = EVENING + 5 * 3_600_000

    answers = [table.opening(9, night + seconds * 1_000) for seconds in range(60)]

    assert hours.openings_asked == 1
    assert answers == [hours.at(PLACES[9], night)] * 60


def test_threads_that_ask_at_once_get_the_same_as_one(hours: CountingHours) -> None:
    table = HoursTable(hours, PLACES)
    asked = [(ids(300, seed), EVENING + seed % 7 * MINUTE_MS) for seed in range(60)]

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda question: table.states(*question), asked))

    for (place_ids, time_ms), states in zip(asked, answers, strict=True):
        assert states.tolist() == HoursTable(hours, PLACES).states(place_ids, time_ms).tolist()
