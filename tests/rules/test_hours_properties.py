"""What holds for all calling hours, held against a second reading."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from dncd.rules.hours import Hours, OpeningState
from dncd.rules.pack import HoursRule
from dncd.rules.place import Place
from hours_reading import ALWAYS, DAY_MS, MINUTE_MS, all_open, at_utc, is_open, rule

ZONES = (
    "America/Los_Angeles",
    "America/New_York",
    "America/Phoenix",
    "America/St_Johns",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Europe/London",
    "Pacific/Chatham",
    "Pacific/Honolulu",
)
REGIONS = ("US", "US-FL", "AU")
STEPS = 36 * 60
quarters = st.integers(0, 96)


@st.composite
def windows(draw: st.DrawFn) -> str:
    first, last = sorted((draw(quarters), draw(quarters)))
    if first == last:
        return "closed"
    return "-".join(f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in (first, last))


@st.composite
def rules(draw: st.DrawFn, effective: st.SearchStrategy[date] = st.just(ALWAYS)) -> HoursRule:  # noqa: B008  strategies are constants
    return rule(
        draw(windows()),
        draw(windows()),
        draw(windows()),
        rule_id=f"r{draw(st.integers(0, 10**6))}",
        region=draw(st.sampled_from(REGIONS)),
        effective=draw(effective),
        calendar=draw(st.sampled_from(("", "", "AU", "US-AL"))),
    )


places = st.builds(
    lambda regions, zones: Place(frozenset(regions), tuple(sorted(zones))),
    st.sets(st.sampled_from(REGIONS), min_size=1),
    st.sets(st.sampled_from(ZONES), min_size=1, max_size=3),
)
# Days of clock changes, turns of years and whatever lies between.
times = st.one_of(
    st.integers(at_utc("2026-01-01"), at_utc("2028-01-01")),
    st.sampled_from(
        [at_utc(day) for day in ("2026-03-08", "2026-11-01", "2026-12-31", "2027-04-03", "2027-10-02")]
    ).flatmap(lambda day: st.integers(day, day + DAY_MS)),
)
dates = st.dates(date(2026, 1, 1), date(2027, 12, 31))


def binding(found: list[HoursRule], place: Place) -> list[HoursRule]:
    return [hours for hours in found if hours.region in place.regions]


@given(st.lists(rules(dates), max_size=4), places, times)
@settings(max_examples=60)
def test_closed_rules_are_those_of_a_second_reading(found: list[HoursRule], place: Place, time_ms: int) -> None:
    opening = Hours(found).at(place, time_ms)

    closed = [
        (hours, next(zone for zone in place.zones if not is_open(hours, zone, time_ms)))
        for hours in binding(found, place)
        if not all_open([hours], place.zones, time_ms)
    ]
    assert [(answer.rule, answer.zone) for answer in opening.closed] == closed
    assert (opening.state == OpeningState.CLOSED) == bool(closed)


@given(st.lists(rules(), min_size=1, max_size=4), rules(), places, times)
@settings(max_examples=60)
def test_another_rule_never_opens_more(found: list[HoursRule], another: HoursRule, place: Place, time_ms: int) -> None:
    fewer, more = Hours(found), Hours([*found, another])

    if fewer.state(place, time_ms) == OpeningState.CLOSED:
        assert more.state(place, time_ms) == OpeningState.CLOSED
    if binding(found, place):
        later = more.opens_at(place, time_ms)
        assert not later or 0 < fewer.opens_at(place, time_ms) <= later


@given(st.lists(rules(), min_size=1, max_size=4), places, st.sampled_from(ZONES), times)
@settings(max_examples=60)
def test_another_zone_never_opens_more(found: list[HoursRule], place: Place, zone: str, time_ms: int) -> None:
    wider = Place(place.regions, tuple(sorted({*place.zones, zone})))

    if Hours(found).state(wider, time_ms) == OpeningState.OPEN:
        assert Hours(found).state(place, time_ms) == OpeningState.OPEN


@given(st.lists(rules(), min_size=1, max_size=3), places, times)
@settings(max_examples=40)
def test_an_opening_is_the_first_open_minute(found: list[HoursRule], place: Place, time_ms: int) -> None:
    opens = Hours(found).opens_at(place, time_ms)
    bound = binding(found, place)
    minutes = range(time_ms - time_ms % MINUTE_MS, time_ms + STEPS * MINUTE_MS, MINUTE_MS)

    first = next((at for at in minutes if bound and all_open(bound, place.zones, at)), None)

    if first is None:
        assert opens == 0 or opens >= minutes.stop - MINUTE_MS
    else:
        assert opens == max(first, time_ms)


@given(st.lists(rules(dates), min_size=1, max_size=3), places, times)
@settings(max_examples=60)
def test_an_opening_is_open_and_the_minute_before_is_not(found: list[HoursRule], place: Place, time_ms: int) -> None:
    hours = Hours(found)
    opens = hours.opens_at(place, time_ms)

    if opens:
        assert opens >= time_ms
        assert hours.state(place, opens) == OpeningState.OPEN
        assert all_open(binding(found, place), place.zones, opens)
    if opens > time_ms:
        assert hours.state(place, opens - 1) != OpeningState.OPEN


@given(st.lists(rules(dates), max_size=4), places, times)
@settings(max_examples=60)
def test_an_answer_does_not_depend_on_what_was_asked_before(found: list[HoursRule], place: Place, time_ms: int) -> None:
    asked = Hours(found)
    for earlier in range(time_ms - 4 * DAY_MS, time_ms, DAY_MS // 2):
        asked.at(place, earlier)

    assert asked.at(place, time_ms) == Hours(found).at(place, time_ms)
