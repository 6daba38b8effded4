"""How long a consent lasts by rule, and when a revocation is for every purpose."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consents.desk import BOOK
from dncd.addresses import target_from_text
from dncd.nouns import ConsentKind
from dncd.terms import Terms, add_months

TERMS = Terms(BOOK.packs.values(), BOOK.places)
RELATIONSHIP, INQUIRY = ConsentKind.BUSINESS_RELATIONSHIP, ConsentKind.INQUIRY
US, CANADA, TOLL_FREE, UK = "+14155550101", "+16135550101", "+18005550101", "+442079460123"


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("given", "months", "expected"),
    [
        ("2026-08-31T10:00", 6, "2027-02-28T10:00"),
        ("2027-08-31T10:00", 6, "2028-02-29T10:00"),
        ("2026-11-30T23:59:59", 3, "2027-02-28T23:59:59"),
        ("2026-01-31", 3, "2026-04-30"),
        ("2026-05-15", 18, "2027-11-15"),
        ("2024-02-29", 18, "2025-08-29"),
        # In some time zones it is still the last of November.
        ("2026-12-01", 1, "2026-12-31"),
        ("2026-12-02", 1, "2027-01-02"),
        ("2026-12-31", 12, "2027-12-31"),
    ],
)
def test_a_term_ends_on_the_same_day_of_a_later_month_or_its_last(given: str, months: int, expected: str) -> None:
    assert add_months(ms(given) + 7, months) == ms(expected) + 7


def by_calendar(given_ms: int, months: int, offset_minutes: int) -> int:
    """Add months as a person does on a calendar of their time zone."""
    given = datetime.fromtimestamp(given_ms // 1000, timezone(timedelta(minutes=offset_minutes)))
    year, month = given.year + (given.month - 1 + months) // 12, (given.month - 1 + months) % 12 + 1
    days = ((date(year, month, 28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)).day
    ended = given.replace(year=year, month=month, day=min(given.day, days))
    return int(ended.timestamp()) * 1000 + given_ms % 1000


@given(st.integers(86_400_000, ms("9000-01-01")), st.integers(0, 30), st.integers(-12 * 60, 14 * 60))
def test_a_term_ends_no_later_than_by_the_calendar_of_any_time_zone(given_ms: int, months: int, offset: int) -> None:
    assert add_months(given_ms, months) <= by_calendar(given_ms, months, offset)
    assert add_months(given_ms, months) > by_calendar(given_ms, months, offset) - 4 * 86_400_000


def test_an_evening_on_the_last_of_february_in_new_york_counts_from_february() -> None:
    # In UTC it was the first of March, and eighteen months would have been over three days later.
    evening, last = "2025-02-28T21:00-05:00", "2026-08-28T21:00-05:00"
    given_ms, last_ms = (int(datetime.fromisoformat(text).timestamp()) * 1000 for text in (evening, last))

    assert add_months(given_ms, 18) == last_ms


def test_a_term_of_what_is_said_to_be_given_in_the_last_year_of_all_can_be_told() -> None:
    assert add_months(ms("9999-12-31T23:59:59"), 18) < ms("9999-01-01")


@pytest.mark.parametrize(
    ("address", "kind", "months"),
    [
        (US, RELATIONSHIP, 18),
        (US, INQUIRY, 3),
        ("+17875550101", INQUIRY, 3),
        (CANADA, RELATIONSHIP, 18),
        (CANADA, INQUIRY, 6),
        # Nobody knows where they are: the shortest of what may apply.
        (TOLL_FREE, INQUIRY, 3),
        (UK, RELATIONSHIP, 18),
        (UK, INQUIRY, 3),
        ("ann@example.com", RELATIONSHIP, 18),
        ("ann@example.com", INQUIRY, 3),
    ],
)
def test_terms_are_those_of_the_country_and_the_shortest_elsewhere(
    address: str, kind: ConsentKind, months: int
) -> None:
    target, given = target_from_text(address, "US"), ms("2026-05-15")

    assert TERMS.ends_at_ms(target, kind, given, 0) == add_months(given, months)


def test_the_earlier_of_rule_and_wish_counts() -> None:
    target, given = target_from_text(US, "US"), ms("2026-05-15")
    by_rule = add_months(given, 3)

    assert TERMS.ends_at_ms(target, INQUIRY, given, by_rule - 1) == by_rule - 1
    assert TERMS.ends_at_ms(target, INQUIRY, given, by_rule + 1) == by_rule


@pytest.mark.parametrize("kind", [ConsentKind.EXPRESS_WRITTEN, ConsentKind.EXPRESS])
def test_no_rule_ends_an_express_consent(kind: ConsentKind) -> None:
    target = target_from_text(US, "US")

    assert TERMS.ends_at_ms(target, kind, 1, 0) == 0
    assert TERMS.ends_at_ms(target, kind, 1, 99) == 99


@pytest.mark.parametrize(
    ("address", "time", "widens"),
    [
        # Midnight in Los Angeles, which is all that 415 may be in.
        (US, "2027-01-31T07:59:59.999", False),
        (US, "2027-01-31T08:00", True),
        ("+12125550101", "2027-01-31T04:59:59", False),
        ("+12125550101", "2027-01-31T05:00", True),
        ("+16715550101", "2027-01-30T13:59:59", False),
        ("+16715550101", "2027-01-30T14:00", True),
        ("+16715550101", "2027-02-01", True),
        (CANADA, "2028-01-01", False),
        (UK, "2028-01-01", False),
        (TOLL_FREE, "2028-01-01", True),
        ("ann@example.com", "2028-01-01", False),
    ],
)
def test_revocation_widens_from_the_day_of_the_rule_where_the_number_is(address: str, time: str, widens: bool) -> None:
    assert TERMS.widens(target_from_text(address, "US"), ms(time)) is widens


def test_without_packs_nothing_ends_and_nothing_widens() -> None:
    terms, target = Terms([], BOOK.places), target_from_text(US, "US")

    assert terms.ends_at_ms(target, INQUIRY, 1, 0) == 0
    assert not terms.widens(target, ms("2030-01-01"))
