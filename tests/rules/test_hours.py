"""Calling hours by the wall clock: boundaries, the strictest of several, effective dates, what is not known."""

from datetime import date, timedelta

import pytest

from dncd.rules.hours import Hours, OpeningState
from dncd.rules.pack import HoursRule, load_packs
from dncd.rules.place import NOWHERE, Place
from hours_reading import DAY_MS, MINUTE_MS, at_utc, at_wall, rule, window, zones_of

OPEN, CLOSED = OpeningState.OPEN, OpeningState.CLOSED
NOT_COVERED, ZONE_UNKNOWN = OpeningState.NOT_COVERED, OpeningState.ZONE_UNKNOWN
EVERY_RULE = {hours.id: hours for pack in load_packs().values() for hours in pack.hours}
NEW_YORK = "America/New_York"
LOS_ANGELES = "America/Los_Angeles"
# A Monday; no holiday of Australia falls in its week.
MONDAY = date(2026, 8, 3)


def us(*zones: str, state: str = "") -> Place:
    return Place(frozenset({"US", f"US-{state}"} if state else {"US"}), tuple(sorted(zones)))


@pytest.mark.parametrize("rule_id", sorted(EVERY_RULE))
def test_every_rule_opens_and_closes_at_its_minutes_in_every_zone_of_its_country(rule_id: str) -> None:
    hours = EVERY_RULE[rule_id]
    wrong = []

    for zone in zones_of(hours.region[:2]):
        place = Place(frozenset({hours.region}), (zone,))
        for weekday in range(7):
            for minute, expected in boundaries(hours, weekday):
                day = MONDAY + timedelta(days=weekday)
                time_ms = at_wall(zone, day.year, day.month, day.day, minute // 60, minute % 60)
                if Hours([hours]).state(place, time_ms) != expected:
                    wrong.append((zone, weekday, minute))

    assert wrong == []


def boundaries(hours: HoursRule, weekday: int) -> list[tuple[int, OpeningState]]:
    """Return minutes of a day beside the boundaries, and what they must be."""
    opens = (
        hours.weekdays,
        hours.weekdays,
        hours.weekdays,
        hours.weekdays,
        hours.weekdays,
        hours.saturday,
        hours.sunday,
    )
    of_day = opens[weekday]
    if of_day is None:
        return [(0, CLOSED), (12 * 60, CLOSED), (23 * 60 + 59, CLOSED)]
    inside = [(of_day.opens, OPEN), (of_day.closes - 1, OPEN)]
    return [*inside, (of_day.opens - 1, CLOSED), (of_day.closes, CLOSED), (0, CLOSED), (23 * 60 + 59, CLOSED)]


def test_the_last_millisecond_before_closing_is_open_and_the_next_is_not() -> None:
    closing = at_wall(NEW_YORK, 2026, 8, 3, 21, 0)
    hours = Hours([rule("08:00-21:00")])

    assert hours.state(us(NEW_YORK), closing - 1) == OPEN
    assert hours.state(us(NEW_YORK), closing) == CLOSED


def test_an_open_instant_is_its_own_opening() -> None:
    time_ms = at_wall(NEW_YORK, 2026, 8, 3, 12, 0) + 31_234

    assert Hours([rule()]).opens_at(us(NEW_YORK), time_ms) == time_ms
    assert Hours([rule()]).at(us(NEW_YORK), time_ms).opens_at_ms == 0


def test_every_zone_that_a_place_may_be_in_must_be_open() -> None:
    hours = Hours([rule("08:00-21:00")])
    place = us(NEW_YORK, LOS_ANGELES)

    assert hours.state(place, at_wall(NEW_YORK, 2026, 8, 3, 10, 59)) == CLOSED
    assert hours.state(place, at_wall(NEW_YORK, 2026, 8, 3, 11, 0)) == OPEN
    assert hours.state(place, at_wall(NEW_YORK, 2026, 8, 3, 20, 59)) == OPEN
    assert hours.state(place, at_wall(NEW_YORK, 2026, 8, 3, 21, 0)) == CLOSED


def test_a_rule_of_a_region_that_may_claim_the_address_binds_it() -> None:
    hours = Hours([rule("08:00-21:00"), rule("08:00-20:00", region="US-FL")])
    evening = at_wall(NEW_YORK, 2026, 8, 3, 20, 30)

    assert hours.state(us(NEW_YORK), evening) == OPEN
    assert hours.state(us(NEW_YORK, state="FL"), evening) == CLOSED
    assert hours.state(us(NEW_YORK, state="GA"), evening) == OPEN


def test_every_closed_rule_is_named_in_order_with_its_zone_and_its_own_opening() -> None:
    federal = rule("08:00-21:00", rule_id="federal")
    florida = rule("08:00-20:00", sunday="closed", rule_id="florida", region="US-FL")
    always = rule("00:00-24:00", rule_id="always")
    place = us(NEW_YORK, "America/Chicago", state="FL")
    saturday_night = at_wall(NEW_YORK, 2026, 8, 8, 21, 15)

    opening = Hours([federal, always, florida]).at(place, saturday_night)

    assert opening.state == CLOSED
    assert [(closed.rule.id, closed.zone) for closed in opening.closed] == [
        ("federal", NEW_YORK),
        ("florida", "America/Chicago"),
    ]
    assert opening.closed[0].opens_at_ms == at_wall("America/Chicago", 2026, 8, 9, 8, 0)
    assert opening.closed[1].opens_at_ms == at_wall("America/Chicago", 2026, 8, 10, 8, 0)
    assert opening.opens_at_ms == at_wall("America/Chicago", 2026, 8, 10, 8, 0)


def test_a_rule_that_closes_one_zone_opens_again_when_every_zone_is_open() -> None:
    early = at_wall(NEW_YORK, 2026, 8, 3, 9, 0)

    (closed,) = Hours([rule("08:00-21:00")]).at(us(NEW_YORK, LOS_ANGELES), early).closed

    assert closed.zone == LOS_ANGELES
    assert closed.opens_at_ms == at_wall(LOS_ANGELES, 2026, 8, 3, 8, 0)


def test_zones_that_are_never_open_together_have_no_opening() -> None:
    night = at_wall(NEW_YORK, 2026, 8, 3, 3, 0)

    opening = Hours([rule("10:00-18:00")]).at(us(NEW_YORK, "Asia/Tokyo"), night)

    assert opening.state == CLOSED
    assert opening.opens_at_ms == 0


def test_hours_that_are_always_closed_have_no_opening() -> None:
    opening = Hours([rule("closed")]).at(us(NEW_YORK), at_wall(NEW_YORK, 2026, 8, 3, 3, 0))

    assert (opening.state, opening.opens_at_ms, opening.closed[0].opens_at_ms) == (CLOSED, 0, 0)


def test_no_rule_for_a_place_is_not_covered_and_never_open() -> None:
    for place in (NOWHERE, Place(frozenset({"GB"}), ("Europe/London",))):
        opening = Hours([rule()]).at(place, 0)

        assert (opening.state, opening.closed, opening.opens_at_ms) == (NOT_COVERED, (), 0)


def test_a_place_without_zones_is_never_open() -> None:
    hours = Hours([rule("00:00-24:00")])

    assert hours.at(us(), at_utc("2026-08-03T15:00")).state == ZONE_UNKNOWN
    assert hours.opens_at(us(), at_utc("2026-08-03T15:00")) == 0


def test_a_rule_binds_from_its_effective_date_by_the_local_date() -> None:
    old, new = rule("08:00-21:00"), rule("08:00-20:00", effective=date(2026, 8, 4))
    hours = Hours([old, new])

    assert hours.state(us(LOS_ANGELES), at_wall(LOS_ANGELES, 2026, 8, 3, 20, 30)) == OPEN
    assert hours.state(us(LOS_ANGELES), at_wall(LOS_ANGELES, 2026, 8, 4, 20, 30)) == CLOSED


def test_before_any_rule_takes_effect_a_place_is_not_covered() -> None:
    hours = Hours([rule("00:00-24:00", effective=date(2026, 8, 4))])
    midnight = at_wall(LOS_ANGELES, 2026, 8, 4, 0, 0)

    assert hours.at(us(LOS_ANGELES), midnight - 1).state == NOT_COVERED
    assert hours.at(us(LOS_ANGELES), midnight - 1).opens_at_ms == midnight
    assert hours.at(us(LOS_ANGELES), midnight).state == OPEN


def test_an_opening_is_looked_for_over_400_days() -> None:
    hours = Hours([rule("00:00-24:00", effective=date(2027, 12, 1))])
    opens = at_utc("2027-12-01")
    first = opens - 400 * DAY_MS

    assert hours.opens_at(us("UTC"), first) == opens
    assert hours.opens_at(us("UTC"), first - 1) == 0


def test_a_place_is_covered_only_where_a_rule_is_in_effect_in_every_zone() -> None:
    hours = Hours([rule("00:00-24:00", effective=date(2026, 8, 4))])
    place = us(NEW_YORK, LOS_ANGELES)
    east, west = (at_wall(zone, 2026, 8, 4, 0, 0) for zone in (NEW_YORK, LOS_ANGELES))

    assert hours.state(place, east) == NOT_COVERED
    assert hours.state(place, west) == OPEN


@pytest.mark.parametrize("wall", [(1, 1, 2, 12, 0), (1969, 12, 31, 12, 0), (9999, 12, 31, 12, 0)])
def test_times_at_the_ends_of_the_calendar_are_answered(wall: tuple[int, ...]) -> None:
    opening = Hours([rule("08:00-09:00", effective=date(1, 1, 1))]).at(us("UTC"), at_wall("UTC", *wall))

    assert opening.state == CLOSED


def test_a_zone_name_that_nobody_knows_is_refused() -> None:
    with pytest.raises(KeyError, match="Mars"):
        Hours([rule()]).state(us("Mars/Phobos"), 0)


def test_the_rules_of_florida_and_the_nation_together_close_at_eight() -> None:
    packs = load_packs()
    hours = Hours([*packs["us-federal"].hours, *packs["us-states"].hours])
    miami = us(NEW_YORK, state="FL")

    opening = hours.at(miami, at_wall(NEW_YORK, 2026, 11, 22, 20, 0))

    assert [closed.rule.id for closed in opening.closed] == ["us-fl-hours"]
    assert opening.opens_at_ms == at_wall(NEW_YORK, 2026, 11, 23, 8, 0)
    assert window("08:00-20:00") == opening.closed[0].rule.weekdays
    assert opening.opens_at_ms % MINUTE_MS == 0
