"""Calling hours on the days when clocks change, on holidays, and about the turn of the year."""

import zoneinfo
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from importlib import resources
from pathlib import Path

import holidays
import pytest

from dncd.rules.hours import Hours, OpeningState
from dncd.rules.pack import load_packs
from dncd.rules.place import Place
from dncd.rules.spans import load_zone
from hours_reading import MINUTE_MS, at_utc, at_wall, changes_of_clocks, is_open, rule, wall_time, zones_of

OPEN, CLOSED = OpeningState.OPEN, OpeningState.CLOSED
NEW_YORK = "America/New_York"
SYDNEY = "Australia/Sydney"
US = frozenset({"US"})
AU = frozenset({"AU"})
AU_HOURS = {hours.id: hours for hours in load_packs()["au"].hours}
# Their boundaries lie before, in and after what is skipped or comes twice.
NIGHT_RULES = tuple(rule(text) for text in ("01:30-02:30", "02:15-09:00", "00:00-01:45", "02:00-03:00"))
YEARS = range(2026, 2028)
COUNTRIES = ("US", "GB", "AU", "CA")
CHANGING = [(country, zone) for country in COUNTRIES for zone in zones_of(country) if changes_of_clocks(zone, YEARS)]


@pytest.mark.parametrize(("country", "zone"), CHANGING)
def test_every_minute_about_a_change_of_clocks_is_read_by_the_wall_clock(country: str, zone: str) -> None:
    hours = [(night, Hours([night])) for night in NIGHT_RULES]
    place = Place(US, (zone,))
    changes = changes_of_clocks(zone, YEARS)

    wrong = [
        (country, night.weekdays, time_ms)
        for change in changes
        for time_ms in range(change - 150 * MINUTE_MS, change + 150 * MINUTE_MS, MINUTE_MS)
        for night, asked in hours
        if (asked.state(place, time_ms) == OPEN) != is_open(night, zone, time_ms)
    ]

    # Parts of Canada give up the change in 2026.
    assert len(changes) == 4 or country == "CA"
    assert wrong == []


@pytest.mark.parametrize(("country", "zone"), CHANGING)
def test_the_morning_after_a_change_of_clocks_opens_by_the_new_time(country: str, zone: str) -> None:
    hours = Hours([rule("08:00-21:00")])
    place = Place(US, (zone,))

    for change in changes_of_clocks(zone, YEARS):
        opens = wall_time(zone, hours.opens_at(place, change))

        assert (opens.hour, opens.minute) == (8, 0), country
        assert opens.date() == wall_time(zone, change).date()


def test_most_zones_change_their_clocks() -> None:
    assert len(CHANGING) > 45


def test_zones_are_those_of_the_package_whatever_the_machine_has(tmp_path: Path, restored_zones: None) -> None:
    (tmp_path / "America").mkdir()
    (tmp_path / NEW_YORK).write_bytes((resources.files("tzdata") / "zoneinfo" / "UTC").read_bytes())
    zoneinfo.reset_tzpath([tmp_path])
    zoneinfo.ZoneInfo.clear_cache()

    opens = Hours([rule("08:00-21:00")]).opens_at(Place(US, (NEW_YORK,)), at_utc("2026-08-03T06:00"))

    assert zoneinfo.ZoneInfo(NEW_YORK).utcoffset(datetime(2026, 8, 3)) == timedelta(0)  # noqa: DTZ001  a wall time
    assert opens == at_utc("2026-08-03T12:00")


@pytest.fixture
def restored_zones() -> Iterator[None]:
    before = zoneinfo.TZPATH
    yield
    zoneinfo.reset_tzpath(before)
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.parametrize(
    "name", ["Mars/Phobos", "../UTC", "America/../UTC", "/UTC", "", "America", "leapseconds", "a\0b"]
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(zoneinfo.ZoneInfoNotFoundError):
        load_zone(name)


def test_eight_in_the_morning_is_an_hour_nearer_to_midnight_utc_once_clocks_went_forward() -> None:
    hours, place = Hours([rule("08:00-21:00")]), Place(US, (NEW_YORK,))

    assert hours.opens_at(place, at_utc("2026-03-07T06:00")) == at_utc("2026-03-07T13:00")
    assert hours.opens_at(place, at_utc("2026-03-08T06:00")) == at_utc("2026-03-08T12:00")
    assert hours.opens_at(place, at_utc("2026-10-31T05:00")) == at_utc("2026-10-31T12:00")
    assert hours.opens_at(place, at_utc("2026-11-01T05:00")) == at_utc("2026-11-01T13:00")


def test_an_opening_that_is_skipped_in_spring_is_the_first_minute_past_it() -> None:
    opening = Hours([rule("02:30-09:00")]).at(Place(US, (NEW_YORK,)), at_utc("2026-03-08T06:59"))

    assert opening.state == CLOSED
    assert opening.opens_at_ms == at_utc("2026-03-08T07:00")


def test_hours_that_are_skipped_whole_do_not_open_on_that_day() -> None:
    opens = Hours([rule("02:00-03:00")]).opens_at(Place(US, (NEW_YORK,)), at_utc("2026-03-08T06:59"))

    assert opens == at_wall(NEW_YORK, 2026, 3, 9, 2, 0)


def test_hours_that_come_twice_in_autumn_are_open_twice() -> None:
    hours, place = Hours([rule("01:00-01:30")]), Place(US, (NEW_YORK,))

    assert hours.state(place, at_utc("2026-11-01T05:29")) == OPEN
    assert hours.opens_at(place, at_utc("2026-11-01T05:30")) == at_utc("2026-11-01T06:00")
    assert hours.state(place, at_utc("2026-11-01T06:29")) == OPEN
    assert hours.state(place, at_utc("2026-11-01T06:30")) == CLOSED


@pytest.mark.parametrize("zone", zones_of("AU"))
def test_telemarketing_and_research_are_closed_on_the_national_holidays_of_australia(zone: str) -> None:
    place = Place(AU, (zone,))
    telemarketing = Hours([AU_HOURS["au-telemarketing-hours"]])
    research = Hours([AU_HOURS["au-research-hours"]])

    for day in holidays.country_holidays("AU", years=range(2026, 2031)):
        noon = at_wall(zone, day.year, day.month, day.day, 12, 0)
        assert telemarketing.state(place, noon) == CLOSED
        assert research.state(place, noon) == CLOSED


def test_a_day_that_every_state_keeps_is_closed_as_a_national_one_is() -> None:
    telemarketing = Hours([AU_HOURS["au-telemarketing-hours"]])
    place, years = Place(AU, (SYDNEY,)), range(2026, 2031)
    states = holidays.list_supported_countries()["AU"]
    everywhere = set.intersection(*(set(holidays.country_holidays("AU", subdiv=one, years=years)) for one in states))
    closed = everywhere | set(holidays.country_holidays("AU", years=years))
    weekdays = [
        day
        for day in (date(2026, 1, 1) + timedelta(days=number) for number in range(5 * 365))
        if day.weekday() < 6  # on a Sunday it is closed anyway
    ]

    found = {
        day
        for day in weekdays
        if telemarketing.state(place, at_wall(SYDNEY, day.year, day.month, day.day, 12, 0)) == CLOSED
    }

    assert found == closed & set(weekdays)
    # Boxing Day is a Saturday in 2026; in 2027 both days of Christmas are at the weekend.
    assert {date(2026, 12, 28), date(2027, 12, 27), date(2027, 12, 28)} <= found
    # The King's birthday is on this Monday in most States, and Labour Day in one.
    assert date(2026, 6, 8) not in found


def test_a_holiday_is_reckoned_by_the_local_date_of_each_zone() -> None:
    hours = Hours([rule("00:00-24:00", region="AU", calendar="AU")])
    # Anzac Day, a Saturday in 2026: from midnight to midnight.
    first, end = (at_wall("Australia/Perth", 2026, 4, day, 0, 0) for day in (25, 26))

    states = [hours.state(Place(AU, ("Australia/Perth",)), at) for at in (first - 1, first, end - 1, end)]

    assert states == [OPEN, CLOSED, CLOSED, OPEN]
    assert hours.state(Place(AU, ("Australia/Perth", SYDNEY)), at_wall(SYDNEY, 2026, 4, 25, 0, 0)) == CLOSED


def test_a_subdivision_has_its_own_holidays_beside_the_national_ones() -> None:
    alabama = Hours([rule("08:00-20:00", calendar="US-AL")])
    nation = Hours([rule("08:00-20:00", calendar="US")])
    place = Place(US, ("America/Chicago",))
    found = set(holidays.country_holidays("US", subdiv="AL", years=2027))
    wrong = []

    for day in (date(2027, 1, 1) + timedelta(days=number) for number in range(365)):
        expected = CLOSED if day in found else OPEN
        if alabama.state(place, at_wall("America/Chicago", day.year, day.month, day.day, 12, 0)) != expected:
            wrong.append(day)

    assert wrong == []
    confederate_memorial_day = at_wall("America/Chicago", 2027, 4, 26, 12, 0)
    assert alabama.state(place, confederate_memorial_day) == CLOSED
    assert nation.state(place, confederate_memorial_day) == OPEN


def test_new_years_eve_opens_after_the_holiday() -> None:
    telemarketing = Hours([AU_HOURS["au-telemarketing-hours"]])

    opening = telemarketing.at(Place(AU, (SYDNEY,)), at_wall(SYDNEY, 2026, 12, 31, 20, 0))

    # The first of January 2027 is a Friday.
    assert opening.opens_at_ms == at_wall(SYDNEY, 2027, 1, 2, 9, 0)


def test_a_holiday_that_is_observed_in_the_year_before_is_closed() -> None:
    hours = Hours([rule("08:00-20:00", calendar="US")])

    # The first of January 2028 is a Saturday.
    assert hours.state(Place(US, (NEW_YORK,)), at_wall(NEW_YORK, 2027, 12, 31, 12, 0)) == CLOSED


def test_years_whose_holidays_nobody_knows_are_closed() -> None:
    hours = Hours([rule("08:00-20:00", calendar="US")])
    far = at_wall(NEW_YORK, 2500, 6, 1, 12, 0)

    opening = hours.at(Place(US, (NEW_YORK,)), far)

    assert (opening.state, opening.opens_at_ms) == (CLOSED, 0)
