"""What a row says narrows where its number may be, and what cannot be read or believed never opens anything."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.rules.narrowing import CODE_UNREAD, ZONE_UNREAD, narrow
from dncd.rules.place import NOWHERE, Place
from dncd.rules.places import Places, build_places
from dncd.rules.zones import known_zone

EASTERN, CENTRAL, HAWAII = "America/New_York", "America/Chicago", "Pacific/Honolulu"
NUMBER = Place(frozenset({"US", "US-FL"}), (CENTRAL, EASTERN))
BRITISH = Place(frozenset({"GB"}), ("Europe/London",))
GERMAN = Place(frozenset({"DE"}), ("Europe/Berlin",))
ANYWHERE = Place(frozenset({"US", "US-FL", "US-NY", "CA", "CA-ON"}), (CENTRAL, EASTERN, HAWAII))
NO_PLACES = [
    "EST", "MST", "HST", "UTC", "GMT", "Zulu", "EST5EDT", "CST6CDT", "Etc/GMT+5", "Etc/UTC", "Etc/Greenwich", "Navajo",
]  # fmt: skip
FAR = ["Asia/Tokyo", "Europe/London", "America/Mexico_City", "America/Panama", "Antarctica/McMurdo", "Pacific/Wake"]


def narrowed(place: Place, time_zone: str = "", postal_code: str = "") -> tuple[Place, str]:
    return narrow(place, time_zone, postal_code, ANYWHERE)


def test_a_row_s_own_zone_replaces_all_others() -> None:
    assert narrowed(NUMBER, HAWAII) == (Place(NUMBER.regions, (HAWAII,)), "")
    assert narrowed(NUMBER, f" {HAWAII}\u00a0") == (Place(NUMBER.regions, (HAWAII,)), "")
    assert narrowed(NUMBER, HAWAII, "32501") == (Place(NUMBER.regions, (HAWAII,)), "")


@pytest.mark.parametrize("zone", ["US/Eastern", "Canada/Atlantic", "America/Montreal", "America/Indianapolis"])
def test_an_alias_of_a_place_is_that_place(zone: str) -> None:
    assert narrowed(NUMBER, zone) == (Place(NUMBER.regions, (zone,)), "")


def test_a_zone_of_another_country_of_the_calling_code_is_believed() -> None:
    assert narrowed(NUMBER, "America/Toronto")[0].zones == ("America/Toronto",)
    assert narrowed(NUMBER, "America/Puerto_Rico")[0].zones == ("America/Puerto_Rico",)
    assert narrowed(BRITISH, "Europe/Jersey")[0].zones == ("Europe/Jersey",)
    assert narrowed(GERMAN, "Europe/Berlin")[0].zones == ("Europe/Berlin",)


@pytest.mark.parametrize("zone", NO_PLACES)
@pytest.mark.parametrize("place", [NUMBER, BRITISH, GERMAN])
def test_a_zone_that_is_no_place_counts_beside_those_of_the_number(zone: str, place: Place) -> None:
    assert known_zone(zone)
    assert narrowed(place, zone) == (Place(place.regions, tuple(sorted({zone, *place.zones}))), "")


@pytest.mark.parametrize("zone", FAR)
def test_a_zone_of_a_country_far_from_the_number_counts_beside_its_own(zone: str) -> None:
    assert narrowed(NUMBER, zone) == (Place(NUMBER.regions, tuple(sorted({zone, *NUMBER.zones}))), "")


def test_a_zone_that_is_no_place_counts_beside_those_of_the_postal_code() -> None:
    assert narrowed(NUMBER, "EST", "32501")[0].zones == (CENTRAL, "EST")


def test_a_postal_code_replaces_zones_and_adds_regions() -> None:
    assert narrowed(NUMBER, "", "10001") == (Place(frozenset({"US", "US-FL", "US-NY"}), (EASTERN,)), "")


def test_without_more_a_place_stays_as_it_is() -> None:
    assert narrowed(NUMBER) == (NUMBER, "")
    assert narrowed(NUMBER, " ", " - ") == (NUMBER, "")
    assert narrowed(GERMAN, "", "10115") == (GERMAN, "")
    assert narrowed(NOWHERE, "EDT", "what") == (NOWHERE, "")


@pytest.mark.parametrize("zone", ["EDT", "Eastern", "GMT-5", "america/chicago", "../UTC", "Mars/Olympus", "-05:00"])
def test_of_a_zone_that_cannot_be_read_nobody_knows_where_it_is(zone: str) -> None:
    assert narrowed(NUMBER, zone) == (Place(NUMBER.regions), ZONE_UNREAD)
    assert narrowed(NUMBER, zone, "10001")[0] == Place(frozenset({"US", "US-FL", "US-NY"}))


@pytest.mark.parametrize("code", ["N/A", "3310", "1001", "SW1A 1AA", "34012", "00000", "33101 60601"])
def test_a_code_that_cannot_be_read_may_be_anywhere_in_the_calling_code(code: str) -> None:
    assert narrowed(NUMBER, "", code) == (Place(ANYWHERE.regions), CODE_UNREAD)
    assert narrowed(NUMBER, EASTERN, code) == (Place(ANYWHERE.regions), CODE_UNREAD)
    assert narrowed(BRITISH, "", "Londinium") == (Place(BRITISH.regions), CODE_UNREAD)


texts = st.one_of(
    st.sampled_from([*NO_PLACES, *FAR, "EDT", "", "33101", "FL 33101", "10001-", "M5V 3L9", "N/A", "96201", EASTERN]),
    st.text(max_size=12),
)


@given(texts, texts)
def test_what_a_row_says_never_takes_a_region_away(zone: str, code: str) -> None:
    place, unread = narrowed(NUMBER, zone, code)

    assert place.regions >= NUMBER.regions
    assert bool(place.zones) == (not unread)


@given(st.sampled_from([*NO_PLACES, *FAR, "EDT", "EST "]), texts)
def test_a_zone_that_says_too_little_never_opens_what_would_be_closed_without_it(zone: str, code: str) -> None:
    with_zone, _ = narrowed(NUMBER, zone, code)
    without, _ = narrowed(NUMBER, "", code)

    assert not with_zone.zones or set(without.zones) <= set(with_zone.zones)


@pytest.fixture(scope="module")
def places() -> Places:
    return build_places()


def test_every_zone_of_a_place_is_known(places: Places) -> None:
    assert all(known_zone(zone) for place in places for zone in place.zones)


def test_numbers_under_a_calling_code_may_be_anywhere_in_it(places: Places) -> None:
    new_area = places[int(places.of(np.array([19992345678], dtype=np.uint64))[0])]

    assert places.under("1") == new_area


def test_only_names_of_zones_are_known() -> None:
    assert known_zone(EASTERN)
    assert not any(
        known_zone(name) for name in ("", "localtime", "Factory", "Mars/Olympus", "../etc/passwd", "new_york")
    )
