"""What bounds say about when: windows roll, calendar days are those of the person, and the strictest place counts."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attempts.attempting import HOUR_MS, Book, Wanted, cooldown, limit
from dncd.bounds import Bound, compile_bounds
from dncd.events import AttemptLimit, Cooldown, Policy
from dncd.nouns import AttemptOutcome, AttemptScope, Channel, Purpose, Rule
from dncd.rules.pack import load_packs
from dncd.rules.place import NOWHERE, Place

PACKS = load_packs()
NEW_YORK = Place(frozenset({"US", "US-NY"}), ("America/New_York",))
FLORIDA = Place(frozenset({"US", "US-FL"}), ("America/Chicago", "America/New_York"))
BRITAIN = Place(frozenset({"GB"}), ("Europe/London",))
# Zones where clocks change at midnight, by half an hour, over the date line, or never.
ZONES = (
    "America/New_York",
    "America/Havana",
    "America/Nuuk",
    "America/St_Johns",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/London",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
)
moments = st.integers(1_700_000_000_000, 1_860_000_000_000)


def in_ms(year: int, month: int, day: int, hour: int = 0, minute: int = 0, zone: str = "UTC") -> int:
    return int(datetime(year, month, day, hour, minute, tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def local_date(zone: str, time_ms: int) -> date:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)).astimezone(ZoneInfo(zone)).date()


def of_packs(*names: str, purpose: Purpose = Purpose.MARKETING) -> tuple[Bound, ...]:
    return compile_bounds(Policy("p", purpose=purpose, attempt_packs=names), PACKS)


def talked(book: Book, wanted: Wanted, outcome: AttemptOutcome, at_ms: int) -> None:
    book.now_ms = at_ms
    [name] = book.claim(wanted)
    book.complete(name, outcome=outcome)


@given(st.sampled_from(ZONES), moments, st.integers(0, 40 * 24 * HOUR_MS), st.integers(1, 31))
def test_a_cooldown_in_days_counts_dates_where_the_person_is(zone: str, outcome_ms: int, later: int, days: int) -> None:
    bound = cooldown(AttemptOutcome.CONVERSATION, days=days)
    place = Place(frozenset(), (zone,))
    now_ms = outcome_ms + later

    stops = outcome_ms >= bound.since_ms(place, now_ms)
    ends_ms, named = bound.cooled_ms(place, outcome_ms)

    assert stops == ((local_date(zone, now_ms) - local_date(zone, outcome_ms)).days < days)
    assert stops == (now_ms < ends_ms)
    assert named == zone


@given(st.sets(st.sampled_from(ZONES)), moments, st.integers(0, 40 * 24 * HOUR_MS), st.integers(1, 31))
def test_a_cooldown_stops_what_comes_before_its_end_in_any_zones(
    zones: set[str], outcome_ms: int, later: int, days: int
) -> None:
    bound = cooldown(AttemptOutcome.CONVERSATION, days=days)
    place = Place(frozenset(), tuple(sorted(zones)))
    ends_ms, _ = bound.cooled_ms(place, outcome_ms)

    for now_ms in (outcome_ms + later, ends_ms - 1, ends_ms):
        assert (outcome_ms >= bound.since_ms(place, now_ms)) == (now_ms < ends_ms)


@given(st.sets(st.sampled_from(ZONES), min_size=2, max_size=4), moments, st.integers(1, 31))
def test_a_cooldown_in_days_ends_in_the_zone_where_it_ends_last(zones: set[str], outcome_ms: int, days: int) -> None:
    bound = cooldown(AttemptOutcome.CONVERSATION, days=days)

    ends_ms, _ = bound.cooled_ms(Place(frozenset(), tuple(sorted(zones))), outcome_ms)
    unknown_ms, _ = bound.cooled_ms(NOWHERE, outcome_ms)

    assert ends_ms == max(bound.cooled_ms(Place(frozenset(), (zone,)), outcome_ms)[0] for zone in zones)
    assert ends_ms <= unknown_ms


def test_a_conversation_on_monday_the_1st_stops_calls_until_monday_the_8th() -> None:
    book, debtor = Book(), Wanted(12125550123, debt_id="loan-1", place=NEW_YORK)
    bounds = of_packs("reg-f", purpose=Purpose.DEBT_COLLECTION)
    talked(book, debtor, AttemptOutcome.CONVERSATION, in_ms(2026, 6, 1, 15, 0, "America/New_York"))
    monday_ms = in_ms(2026, 6, 8, 0, 0, "America/New_York")

    for days in range(7):
        findings, grounds = book.find(debtor, bounds=bounds, now_ms=book.now_ms + days * 24 * HOUR_MS - 1)
        assert findings["rule"].tolist() == [Rule.COOLDOWN]
        assert findings["retry_at_ms"].tolist() == [monday_ms]
    assert len(book.find(debtor, bounds=bounds, now_ms=monday_ms - 1)[0]) == 1
    assert len(book.find(debtor, bounds=bounds, now_ms=monday_ms)[0]) == 0
    [ground] = grounds
    assert (ground.rule_id, ground.pack, ground.region) == ("reg-f-conversation", "reg-f", "")
    assert (ground.after, ground.time_zone) == (AttemptOutcome.CONVERSATION, "America/New_York")
    assert (ground.attempts, ground.max, ground.per_hours) == (1, 0, 0)


def test_regulation_f_counts_seven_calls_in_seven_days_for_each_debt() -> None:
    book = Book()
    bounds = of_packs("reg-f", purpose=Purpose.DEBT_COLLECTION)
    first, second = (Wanted(12125550123, debt_id=debt, place=NEW_YORK) for debt in ("loan-1", "loan-2"))

    granted = []
    for _ in range(8):
        [name] = book.claim(first, bounds=bounds)
        granted.append(bool(name))
        book.complete(*filter(None, [name]))
        book.now_ms += HOUR_MS

    assert granted == [True] * 7 + [False]
    assert all(book.claim(second, bounds=bounds))


def test_regulation_f_needs_to_know_the_debt() -> None:
    bounds = of_packs("reg-f", purpose=Purpose.DEBT_COLLECTION)

    findings, grounds = Book().find(Wanted(12125550123, "ann", place=NEW_YORK), bounds=bounds)

    assert findings["rule"].tolist() == [Rule.CONTEXT_MISSING]
    assert grounds[0].per is AttemptScope.DEBT


def test_regulation_f_binds_debt_collectors_by_telephone() -> None:
    book, debtor = Book(), Wanted(12125550123, place=NEW_YORK)
    collecting = of_packs("reg-f", purpose=Purpose.DEBT_COLLECTION)

    assert of_packs("reg-f") == ()
    assert len(book.find(debtor, bounds=collecting, channel=Channel.SMS)[0]) == 0


def test_regulation_f_binds_wherever_the_number_is() -> None:
    """The debt and the person are what it counts by, and a person in debt may have a number of any country."""
    book = Book()
    bounds = of_packs("reg-f", purpose=Purpose.DEBT_COLLECTION)
    at_home, abroad = (
        Wanted(phone, debt_id="d3", place=place) for phone, place in ((12125550123, NEW_YORK), (442079460123, BRITAIN))
    )
    talked(book, at_home, AttemptOutcome.CONVERSATION, in_ms(2026, 6, 1, 15, 0, "America/New_York"))

    findings, _ = book.find(abroad, bounds=bounds)

    assert findings["rule"].tolist() == [Rule.COOLDOWN]
    assert book.find(Wanted(442079460123, place=BRITAIN), bounds=bounds)[0]["rule"].tolist() == [Rule.CONTEXT_MISSING]


def test_an_abandoned_call_stops_calls_in_the_united_kingdom_for_72_hours() -> None:
    book, called = Book(), Wanted(442079460123, place=BRITAIN)
    bounds = of_packs("uk")
    talked(book, called, AttemptOutcome.ABANDONED, book.now_ms)
    ends_ms = book.now_ms + 72 * HOUR_MS

    findings, _ = book.find(called, bounds=bounds, now_ms=ends_ms - 1)

    assert findings["retry_at_ms"].tolist() == [ends_ms]
    assert len(book.find(called, bounds=bounds, now_ms=ends_ms)[0]) == 0


def test_florida_takes_three_calls_in_any_24_hours_and_not_three_a_day() -> None:
    book, called = Book(), Wanted(13055550123, place=FLORIDA)
    bounds = of_packs("us-states")
    calls = [in_ms(2026, 6, 1, 19, minute, "America/New_York") for minute in (0, 20, 40)]
    for time_ms in calls:
        talked(book, called, AttemptOutcome.NO_ANSWER, time_ms)

    book.now_ms = in_ms(2026, 6, 2, 18, 59, "America/New_York")
    findings, grounds = book.find(called, bounds=bounds)

    assert findings["retry_at_ms"].tolist() == [calls[0] + 24 * HOUR_MS]
    assert grounds[0].citation == "Fla. Stat. 501.616(6)"
    assert (grounds[0].attempts, grounds[0].max, grounds[0].per_hours, grounds[0].region) == (3, 3, 24, "US-FL")
    assert book.claim(called, bounds=bounds) == [""]
    book.now_ms += 60_000
    assert all(book.claim(called, bounds=bounds))
    assert book.claim(called, bounds=bounds) == [""]


def test_a_limit_of_a_region_holds_there_alone() -> None:
    book = Book()
    florida, elsewhere = Wanted(13055550123, place=FLORIDA), Wanted(12125550123, place=NEW_YORK)
    bounds = of_packs("us-states")
    for _ in range(3):
        book.claim(florida, elsewhere)

    findings, _ = book.find(florida, elsewhere, bounds=bounds)

    assert findings["row"].tolist() == [0]


def test_of_several_limits_the_lowest_wins() -> None:
    book, called = Book(), Wanted(13055550123, place=FLORIDA)
    bounds = (
        limit(8, 168),
        Bound(AttemptScope.NUMBER, regions=frozenset({"US-FL"}), max=1, per_hours=24),
        limit(4, 24),
    )

    granted = [bool(book.claim(called, bounds=bounds)[0]) for _ in range(3)]

    assert granted == [True, False, False]


def test_own_bounds_come_before_those_of_packs() -> None:
    policy = Policy(
        "p",
        attempt_limits=(AttemptLimit(3, 24, frozenset({"US-FL"}), AttemptScope.CONTACT, frozenset({Channel.SMS})),),
        cooldowns=(Cooldown(AttemptOutcome.CONVERSATION, days=2),),
        attempt_packs=("uk", "us-states"),
    )

    bounds = compile_bounds(policy, PACKS)

    assert [(bound.rule_id, bound.max, bound.per_hours, bound.hours, bound.days) for bound in bounds] == [
        ("", 3, 24, 0, 0),
        ("", 0, 0, 0, 2),
        ("uk-abandoned", 0, 0, 72, 0),
        ("us-fl-limit", 3, 24, 0, 0),
        ("us-ok-limit", 3, 24, 0, 0),
    ]
    assert bounds[0].per is AttemptScope.CONTACT
    assert bounds[0].regions == {"US-FL"}
    assert bounds[0].channels == {Channel.SMS}


def test_a_rule_binds_from_the_first_instant_of_its_first_day_anywhere() -> None:
    [bound] = (bound for bound in of_packs("us-states") if bound.rule_id == "us-ok-limit")
    first_ms = in_ms(2022, 11, 1, 0, 0, "Pacific/Kiritimati")

    assert not bound.binds(Channel.VOICE, first_ms - 1)
    assert bound.binds(Channel.VOICE, first_ms)
    assert not bound.binds(Channel.EMAIL, first_ms)


def test_a_pack_that_this_version_does_not_have_allows_no_attempt() -> None:
    book, called = Book(), Wanted(12125550123, place=NEW_YORK)
    bounds = compile_bounds(Policy("p", attempt_packs=("atlantis",)), PACKS)

    findings, grounds = book.find(called, bounds=bounds)

    assert findings["rule"].tolist() == [Rule.ATTEMPT_LIMIT]
    assert grounds[0].pack == "atlantis"
    assert book.claim(called, bounds=bounds) == [""]


@pytest.mark.parametrize("now_ms", [0, 253_402_300_799_000])
def test_any_time_of_the_contract_has_calendar_days(now_ms: int) -> None:
    bound = cooldown(AttemptOutcome.CONVERSATION, days=30)

    for zone in ZONES:
        assert bound.since_ms(Place(frozenset(), (zone,)), now_ms) < now_ms
