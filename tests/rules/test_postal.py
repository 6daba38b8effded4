"""Postal codes are placed by their beginnings; they and a row's own zone narrow where a number may be."""

import tomllib
from importlib import resources
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.rules.place import Place
from dncd.rules.postal import place_of, reads_codes_of

TABLE = tomllib.loads(resources.files("dncd.rules").joinpath("postal-codes.toml").read_text(encoding="utf-8"))
AREAS = tomllib.loads(resources.files("dncd.rules").joinpath("area-codes.toml").read_text(encoding="utf-8"))
EASTERN, CENTRAL, MOUNTAIN = "America/New_York", "America/Chicago", "America/Denver"
NUMBER = Place(frozenset({"US", "US-FL"}), ("America/Chicago", "America/New_York"))


@pytest.mark.parametrize(
    ("country", "code", "region", "zones"),
    [
        ("US", "10001", "US-NY", {EASTERN}),
        ("US", "10001-1234", "US-NY", {EASTERN}),
        ("US", " 100011234 ", "US-NY", {EASTERN}),
        ("US", "06390", "US-NY", {EASTERN}),
        ("US", "FL 33101", "US-FL", {EASTERN}),
        ("US", "FL33101", "US-FL", {EASTERN}),
        ("US", "33101 US", "US-FL", {EASTERN}),
        ("US", "33101-", "US-FL", {EASTERN}),
        ("US", "33101-12", "US-FL", {EASTERN}),
        ("US", "33101.0", "US-FL", {EASTERN}),
        ("US", "US-33101 - 1234", "US-FL", {EASTERN}),
        ("US", "Miami, FL\u00a033101\u00a0", "US-FL", {EASTERN}),
        ("US", "33101; 33102", "US-FL", {EASTERN}),
        ("CA", "Toronto ON  m5v-3l9", "CA-ON", {"America/Toronto"}),
        ("CA", "M5V3L9 Canada", "CA-ON", {"America/Toronto"}),
        ("GB", "London SW1A  1AA", "GB", {"Europe/London"}),
        ("AU", "NSW 2000", "AU-NSW", {"Australia/Sydney"}),
        ("US", "06380", "US-CT", {EASTERN}),
        ("US", "20001", "US-DC", {EASTERN}),
        ("US", "20101", "US-VA", {EASTERN}),
        ("US", "33101", "US-FL", {EASTERN}),
        ("US", "32501", "US-FL", {CENTRAL}),
        ("US", "32401", "US-FL", {CENTRAL, EASTERN}),
        ("US", "73301", "US-TX", {CENTRAL}),
        ("US", "79901", "US-TX", {MOUNTAIN}),
        ("US", "79830", "US-TX", {CENTRAL, MOUNTAIN}),
        ("US", "83414", "US-WY", {MOUNTAIN}),
        ("US", "85001", "US-AZ", {"America/Phoenix"}),
        ("US", "86515", "US-AZ", {"America/Phoenix", MOUNTAIN}),
        ("US", "96801", "US-HI", {"Pacific/Honolulu"}),
        ("US", "96799", "AS", {"Pacific/Pago_Pago"}),
        ("US", "96910", "GU", {"Pacific/Guam"}),
        ("PR", "00901", "PR", {"America/Puerto_Rico"}),
        ("CA", "M5V 3L9", "CA-ON", {"America/Toronto"}),
        ("CA", "p0t1a0", "CA-ON", {"America/Atikokan", "America/Toronto", "America/Winnipeg"}),
        ("CA", "V6B", "CA-BC", {"America/Vancouver"}),
        ("CA", "X1A 2B3", "CA-NT", {"America/Edmonton", "America/Inuvik"}),
        ("GB", "SW1A 1AA", "GB", {"Europe/London"}),
        ("GB", "b11aa", "GB", {"Europe/London"}),
        ("GB", "JE2 3AB", "JE", {"Europe/Jersey"}),
        ("JE", "JE2 3AB", "JE", {"Europe/Jersey"}),
        ("IN", "560 001", "IN", {"Asia/Kolkata"}),
        ("AU", "2000", "AU-NSW", {"Australia/Sydney"}),
        ("AU", "2600", "AU-ACT", {"Australia/Sydney"}),
        ("AU", "4000", "AU-QLD", {"Australia/Brisbane"}),
        ("AU", "0800", "AU-NT", {"Australia/Darwin"}),
        ("AU", "6000", "AU-WA", {"Australia/Perth"}),
        ("AU", "6443", "AU-WA", {"Australia/Eucla", "Australia/Perth"}),
    ],
)
def test_a_code_has_its_region_and_zones(country: str, code: str, region: str, zones: set[str]) -> None:
    place = place_of([country], code)

    assert place is not None
    assert region in place.regions
    assert set(place.zones) == zones


def test_a_territory_and_an_island_keep_the_country_that_delivers() -> None:
    assert place_of(["PR"], "00901") == Place(frozenset({"PR", "US"}), ("America/Puerto_Rico",))
    assert place_of(["GB"], "IM1 1AA") == Place(frozenset({"GB", "IM"}), ("Europe/Isle_of_Man",))


@pytest.mark.parametrize(
    ("country", "code"),
    [
        ("US", ""), ("US", "1001"), ("US", "100011"), ("US", "ABCDE"), ("US", "\u0661\u0660\u0660\u0660\u0661"),
        ("US", "1" * 400), ("US", "33101 or 60601"), ("US", "33101, 00000"),
        ("US", "09012"), ("US", "34012"), ("US", "96201"), ("US", "00000"),
        ("CA", "D1A 1A1"), ("CA", "M5VV 3L9"), ("CA", "10001"),
        ("GB", "ZZ1 1AA"), ("GB", "BZ1 1AA"), ("GB", "BF1 1AA"), ("GB", "GX11 1AA"), ("GB", "SW"),
        ("IN", "960001"), ("IN", "010001"), ("IN", "56001"),
        ("AU", "7151"), ("AU", "0300"), ("AU", "200"),
        ("DE", "10115"), ("", "10001"), ("us", "10001"),
    ],
)  # fmt: skip
def test_what_is_malformed_or_unknown_has_no_place(country: str, code: str) -> None:
    assert place_of([country], code) is None


@given(st.sampled_from(["US", "CA", "GB", "IN", "AU"]), st.text(max_size=30))
def test_no_text_breaks_it(country: str, code: str) -> None:
    place = place_of([country], code)

    assert place is None or place.zones


def test_every_area_code_s_state_and_territory_has_postal_codes() -> None:
    regions = {region for region in AREAS["regions"] if region.startswith(("US-", "CA-"))}

    assert regions | set(AREAS["territories"]) <= TABLE["US"]["regions"].keys() | TABLE["CA"]["regions"].keys()


@pytest.mark.parametrize("country", TABLE)
def test_every_region_has_zones_and_every_zone_loads(country: str) -> None:
    zones = TABLE[country]["zones"]

    assert zones.keys() == TABLE[country]["regions"].keys()
    assert all(ZoneInfo(name) for names in zones.values() for name in names)


def codes(country: str) -> list[str]:
    if country == "CA":
        return [
            f"{first}{digit}{last}"
            for first in "ABCEGHJKLMNPRSTVXY"
            for digit in range(10)
            for last in "ABCEGHJKLMNPRSTVWXYZ"
        ]
    return (
        [f"{code:05}" for code in range(0, 100_000, 7)] if country == "US" else [f"{code:04}" for code in range(10_000)]
    )


@pytest.mark.parametrize("country", ["US", "CA", "AU"])
def test_narrowing_only_leaves_out_zones_of_the_region(country: str) -> None:
    wide = {region: set(names) for region, names in TABLE[country]["zones"].items()}
    placed = [place for code in codes(country) if (place := place_of([country], code))]

    assert len(placed) > 1_000
    for place in placed:
        (region,) = place.regions - {country}
        assert place.zones
        assert set(place.zones) <= wide[region]


@pytest.mark.parametrize("country", ["US", "CA", "AU"])
def test_no_beginning_of_a_code_belongs_to_two_regions(country: str) -> None:
    heads = [span for spans in TABLE[country]["regions"].values() for span in spans]
    bounds = sorted((span.partition("-")[0], span.rpartition("-")[2]) for span in heads)
    clashes = [(one, other) for one, other in pairwise(bounds) if len(one[0]) == len(other[0]) and one[1] >= other[0]]

    assert clashes == []


def test_codes_of_two_countries_in_one_text_are_read_as_none() -> None:
    assert place_of(["CA", "US"], "M5V 3L9") == place_of(["CA"], "M5V 3L9")
    assert place_of(["CA", "US"], "M5V 3L9 33101") is None


def test_only_the_codes_of_countries_with_a_table_are_read() -> None:
    assert all(reads_codes_of([country]) for country in ("US", "CA", "GB", "IN", "AU", "PR", "JE"))
    assert not any(reads_codes_of([country]) for country in ("DE", "FR", ""))
