"""Openings searched by whole columns are those of a second reading, and what one request may search for is bounded."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dncd.limits import RETRY_DAYS_MAX, SEARCHED_ZONE_DAYS_MAX
from dncd.locating import locate
from dncd.nouns import Channel, Purpose, Verdict
from dncd.openings import hours_findings
from dncd.rulebook import Rulebook, read_rulebook
from dncd.rules.hours import Hours, HoursTable, OpeningState
from dncd.rules.narrowing import narrow
from dncd.rules.pack import HoursRule
from dncd.rules.place import Place
from dncd.rules.search import Budget, Search, put_together, week_of
from dncd.rules.spans import RuleDays, Zone
from hours_reading import ALWAYS, DAY_MS, MINUTE_MS, at_utc, is_holiday, rule, wall_time, zones_of

QUARTER_MS = 15 * MINUTE_MS
# Zones whose clocks change at other hours, by half an hour, around a fast, at midnight; and those furthest from UTC.
ZONES = (
    "Africa/Casablanca",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/London",
    "Pacific/Chatham",
    "Pacific/Honolulu",
    "Pacific/Kiritimati",
)
REGIONS = ("US", "US-FL", "GB")
BASES = tuple(at_utc(day) for day in ("2026-03-07", "2026-10-24"))
DAYS = RETRY_DAYS_MAX + 10
COUNTRIES = ("JP", "IN", "FR", "NG", "AE", "BD", "PH", "RU", "ID", "KZ", "CN", "MN", "UZ", "ES", "UA", "VN", "IT", "TR")
NIGHT = at_utc("2026-11-18T06:00")
quarters = st.integers(0, 96)


@st.composite
def windows(draw: st.DrawFn) -> str:
    first, last = sorted((draw(quarters), draw(quarters)))
    # Early and long ones too: zones on both sides of the world share few minutes.
    first, last = draw(st.sampled_from([(first, last), (0, last), (first, 96)]))
    if first == last:
        return "closed"
    return "-".join(f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in (first, last))


rules = st.builds(
    lambda weekdays, saturday, sunday, region, effective, calendar: rule(
        weekdays, saturday, sunday, region=region, effective=effective, calendar=calendar
    ),
    *(windows(), windows(), windows()),
    st.sampled_from(REGIONS),
    st.just(ALWAYS) | st.dates(date(2026, 3, 1), date(2028, 1, 1)),
    st.sampled_from(["", "", "US-AL", "GB"]),
)
places = st.builds(
    lambda regions, zones: Place(frozenset(regions), tuple(sorted(zones))),
    st.sets(st.sampled_from(REGIONS), min_size=1),
    st.sets(st.sampled_from(ZONES), min_size=1, max_size=4),
)
times = st.builds(lambda base, later: base + later, st.sampled_from(BASES), st.integers(0, 3 * DAY_MS))


@cache
def walls(zone: str, base_ms: int) -> tuple[np.ndarray, np.ndarray]:
    """Read the clock of a zone at every quarter of an hour: the local day, counted from the base, and its minute."""
    read = [wall_time(zone, base_ms + quarter * QUARTER_MS) for quarter in range(DAYS * 96)]
    first = wall_time("UTC", base_ms).date() - timedelta(2)
    return (
        np.array([(wall.date() - first).days for wall in read]),
        np.array([wall.hour * 60 + wall.minute for wall in read]),
    )


def day_by_day(hours: HoursRule, base_ms: int) -> np.ndarray:
    """Read the hours of a rule on each local day."""
    first = wall_time("UTC", base_ms).date() - timedelta(2)
    read = []
    for day in (first + timedelta(later) for later in range(DAYS + 5)):
        week_day = {5: hours.saturday, 6: hours.sunday}.get(day.weekday(), hours.weekdays)
        if hours.holiday_calendar and is_holiday(hours.holiday_calendar, day):
            week_day = None
        read.append((0, 1440) if day < hours.effective else week_day or (0, 0))
    return np.array(read)


def opens_at(found: Sequence[HoursRule], place: Place, time_ms: int, *, in_effect: bool) -> int:
    """Look at every quarter of an hour for 400 days, rule by rule and zone by zone."""
    base_ms = max(base for base in BASES if base <= time_ms)
    is_open = np.ones(DAYS * 96, dtype=np.bool_)
    since = min(hours.effective for hours in found)
    bounds = [*found, rule("00:00-24:00", effective=ALWAYS)]
    for hours in bounds:
        of_day = day_by_day(hours, base_ms)
        for zone in place.zones:
            day, minute = walls(zone, base_ms)
            is_open &= (of_day[day, 0] <= minute) & (minute < of_day[day, 1])
            if in_effect:
                is_open &= day >= (since - wall_time("UTC", base_ms).date()).days + 2
    first = (time_ms - base_ms) // QUARTER_MS
    last = (time_ms - base_ms + RETRY_DAYS_MAX * DAY_MS) // QUARTER_MS
    quarters_open = np.flatnonzero(is_open[first : last + 1])
    return max(time_ms, base_ms + (first + int(quarters_open[0])) * QUARTER_MS) if len(quarters_open) else 0


@given(st.lists(rules, min_size=1, max_size=4), places, times)
@settings(max_examples=40, deadline=None)
def test_openings_are_those_of_every_quarter_looked_at(found: list[HoursRule], place: Place, time_ms: int) -> None:
    binding = [hours for hours in found if hours.region in place.regions]

    opening = Hours(found).at(place, time_ms)

    if not binding:
        assert opening.state == OpeningState.NOT_COVERED
        return
    expected = opens_at(binding, place, time_ms, in_effect=True)
    assert (opening.state == OpeningState.OPEN) == (expected == time_ms)
    assert opening.opens_at_ms == (0 if expected == time_ms else expected)
    for closed in opening.closed:
        assert closed.opens_at_ms == opens_at([closed.rule], place, time_ms, in_effect=False)


@given(rules, rules, st.sampled_from(BASES))
@settings(max_examples=60, deadline=None)
def test_hours_contain_others_only_where_they_are_open_whenever_those_are(
    one: HoursRule, other: HoursRule, base_ms: int
) -> None:
    day = base_ms // DAY_MS
    weeks = [week_of(RuleDays(hours), day) for hours in (one, other)]
    first, second = (day_by_day(hours, base_ms) for hours in (one, other))
    within = bool(
        (((second[:, 0] >= first[:, 0]) & (second[:, 1] <= first[:, 1])) | (second[:, 0] == second[:, 1])).all()
    )

    assert weeks[0].contains(put_together(weeks))
    assert within or not weeks[0].contains(weeks[1])


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return read_rulebook()


@pytest.mark.parametrize("zone", ZONES)
def test_pieces_of_time_have_the_offset_of_every_minute_in_them(zone: str) -> None:
    first, end = BASES[0] // MINUTE_MS, BASES[0] // MINUTE_MS + 500 * 1440

    pieces = list(Zone(zone).pieces(first, end))

    assert (pieces[0][0], pieces[-1][1]) == (first, end)
    assert all(one[1] == other[0] and one[2] != other[2] for one, other in pairwise(pieces))
    for begins, ends, offset in pieces:
        for minute in (begins, (begins + ends) // 2, ends - 1):
            read = wall_time(zone, minute * MINUTE_MS).utcoffset()
            assert read is not None
            assert read // timedelta(minutes=1) == offset


def worst(book: Rulebook, count: int) -> list[Place]:
    """Return places that never open: all zones of the United States and Canada, and one from elsewhere for each row."""
    place = book.places.under("1")
    away = [zone for country in COUNTRIES for zone in zones_of(country)]
    assert len(away) >= count
    return [narrow(place, zone, "", place)[0] for zone in away[:count]]


def us_hours(book: Rulebook) -> Hours:
    return Hours([hours for name in sorted(book.packs) if name.startswith("us-") for hours in book.packs[name].hours])


def test_one_row_never_needs_what_a_request_may_look_at(book: Rulebook) -> None:
    every = Hours([hours for pack in book.packs.values() for hours in pack.hours])

    for place in worst(book, 3):
        budget = Budget()
        every.at(place, NIGHT, budget)
        assert not budget.is_spent


def test_rows_of_the_worst_kind_look_at_no_more_than_a_request_may(book: Rulebook) -> None:
    hours, budget = us_hours(book), Budget()

    openings = [hours.at(place, NIGHT, budget) for place in worst(book, 40)]

    assert budget.is_spent
    assert 0 <= budget.zone_days < SEARCHED_ZONE_DAYS_MAX
    assert {opening.state for opening in openings} == {OpeningState.CLOSED}
    assert all(opening.closed for opening in openings)


def test_an_opening_found_within_a_budget_is_the_opening_and_never_another(book: Rulebook) -> None:
    rich = us_hours(book)
    some = [place for place in book.places if "US" in place.regions][:40]

    for zone_days in (0, 100, 1_000, 5_000):
        poor, budget = us_hours(book), Budget(zone_days)
        for place in some:
            cut, whole = poor.at(place, NIGHT, budget), rich.at(place, NIGHT)
            assert cut.state == whole.state
            assert cut.opens_at_ms in (0, whole.opens_at_ms)
            assert [(each.rule, each.zone) for each in cut.closed] == [(each.rule, each.zone) for each in whole.closed]
            pairs = zip(cut.closed, whole.closed, strict=True)
            assert all(each.opens_at_ms in (0, known.opens_at_ms) for each, known in pairs)


def test_what_one_request_had_no_budget_for_another_finds(book: Rulebook) -> None:
    hours = us_hours(book)
    place_id = int(book.places.of(np.array([12125550123], dtype=np.uint64))[0])
    table = HoursTable(hours, book.places)

    cut = table.opening(place_id, NIGHT, Budget(0))
    whole = table.opening(place_id, NIGHT)

    assert (cut.opens_at_ms, cut.closed[0].opens_at_ms) == (0, 0)
    assert whole == us_hours(book).at(book.places[place_id], NIGHT)


def test_what_is_known_costs_nothing_and_a_minute_later_little(book: Rulebook) -> None:
    hours, [place] = us_hours(book), worst(book, 1)
    hours.at(place, NIGHT)
    at_once, later = Budget(), Budget()

    hours.at(place, NIGHT, at_once)
    hours.at(place, NIGHT + MINUTE_MS, later)

    assert at_once.zone_days == SEARCHED_ZONE_DAYS_MAX
    # A day in each zone for each of the hours, whose next minute nobody had looked at.
    assert SEARCHED_ZONE_DAYS_MAX - later.zone_days <= 60 * len(place.zones)


def test_each_request_has_a_budget_of_its_own(book: Rulebook) -> None:
    column = np.array([12125550123], dtype=np.uint64)

    first, second = (locate(book.places, column, [], []) for _ in range(2))

    assert first.budget is not second.budget
    assert first.budget.zone_days == SEARCHED_ZONE_DAYS_MAX


def test_rows_beyond_the_budget_are_deferred_as_ever_with_no_time_to_ask_again(book: Rulebook) -> None:
    asked = book.hours(("us-federal", "us-states"), Channel.VOICE, Purpose.MARKETING)
    column = np.array([12125550123, 13055550123, 18005550123, 18005550124], dtype=np.uint64)
    zones = ["", "", "", "Asia/Tokyo"]
    numbers = np.ones(len(column), dtype=np.bool_)
    cut = replace(locate(book.places, column, zones, []), budget=Budget(0))
    whole = locate(book.places, column, zones, [])

    # First without a budget: nothing is known then.
    short, long = (
        list(hours_findings(book, asked, located, numbers, NIGHT, Verdict.UNSCREENED, [])) for located in (cut, whole)
    )

    assert [findings["row"].tolist() for findings in short] == [findings["row"].tolist() for findings in long]
    assert {int(verdict) for findings in short for verdict in findings["verdict"]} == {Verdict.DEFER}
    assert not any(findings["retry_at_ms"].any() for findings in short)
    assert any(findings["retry_at_ms"].any() for findings in long)


def test_rules_of_the_same_hours_share_a_search() -> None:
    search, zones = Search(), ("America/New_York",)
    weeks = [
        week_of(RuleDays(rule("08:00-20:00", rule_id=name, region=name)), NIGHT // DAY_MS) for name in ("US", "GB")
    ]
    budget = Budget()

    opens = {search.first_open(week, zones, NIGHT // MINUTE_MS, budget) for week in weeks}

    assert len(opens) == 1
    assert SEARCHED_ZONE_DAYS_MAX - budget.zone_days == 16
