"""Numbers are placed by their prefixes: every region and every zone that they may have, and no fewer."""

import re
import tomllib
from datetime import UTC, datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import numpy as np
import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from phonenumbers.tzdata import TIMEZONE_DATA

from dncd.rules.place import NOWHERE, Place
from dncd.rules.places import Places, build_places

TABLE = tomllib.loads(resources.files("dncd.rules").joinpath("area-codes.toml").read_text(encoding="utf-8"))
NAMES = {
    "Washington State": "WA", "Washington D.C.": "DC", "British Colombia": "BC",
    "Northwest Territories/Nunavut/Yukon": "NU", "Nova Scotia/Prince Edward Island": "NS", "Alabama": "AL",
    "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO", "Connecticut": "CT",
    "Delaware": "DE", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI", "Idaho": "ID", "Illinois": "IL",
    "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY", "Louisiana": "LA", "Maine": "ME",
    "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN", "Mississippi": "MS",
    "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH", "New Jersey": "NJ",
    "New Mexico": "NM", "New York": "NY", "North Carolina": "NC", "North Dakota": "ND", "Ohio": "OH",
    "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA", "Rhode Island": "RI", "South Carolina": "SC",
    "South Dakota": "SD", "Tennessee": "TN", "Texas": "TX", "Utah": "UT", "Vermont": "VT", "Virginia": "VA",
    "West Virginia": "WV", "Wisconsin": "WI", "Wyoming": "WY", "Alberta": "AB", "British Columbia": "BC",
    "Manitoba": "MB", "New Brunswick": "NB", "Newfoundland and Labrador": "NL", "Ontario": "ON", "Quebec": "QC",
    "Saskatchewan": "SK",
}  # fmt: skip
PROVINCES = ["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]
STATES = sorted(set(NAMES.values()) - set(PROVINCES))
MOMENTS = [datetime(2027, month, 1, 12, tzinfo=UTC) for month in range(1, 13)]


@cache
def places() -> Places:
    return build_places()


def place(phone: int) -> Place:
    return places()[int(places().of(np.array([phone], dtype=np.uint64))[0])]


def area(code: int) -> Place:
    return place(10_000_000_000 + code * 10_000_000 + 2_345_678)


@cache
def clock(zone: str) -> tuple[object, ...]:
    """What the clocks of a zone show through a year: zones of one clock may stand for each other."""
    return tuple(moment.astimezone(ZoneInfo(zone)).utcoffset() for moment in MOMENTS)


def state_zones(region: str) -> set[str]:
    """Zones that the map's clocks may show in a state, by its postal codes."""
    table = tomllib.loads(resources.files("dncd.rules").joinpath("postal-codes.toml").read_text(encoding="utf-8"))
    return set(table[region[:2]]["zones"][region])


def test_a_number_that_is_none_is_nowhere() -> None:
    assert places().of(np.zeros(20, dtype=np.uint64)).tolist() == [0] * 20
    assert places()[0] == NOWHERE


@pytest.mark.parametrize("rows", [1, 20])
def test_a_number_shorter_than_a_prefix_is_not_where_that_prefix_is(rows: int) -> None:
    lord_howe = 61255280
    of_prefix, shorter = (
        Place(frozenset({"AU"}), ("Australia/Lord_Howe",)),
        Place(frozenset({"AU"}), ("Australia/Sydney",)),
    )
    few = Places({"612": shorter, str(lord_howe): of_prefix})

    found = few.of(np.array([lord_howe // 10, lord_howe * 100, lord_howe, 612] * rows, dtype=np.uint64))

    assert [few[place] for place in found[:4]] == [shorter, of_prefix, of_prefix, shorter]


def test_no_two_ids_have_the_same_place() -> None:
    assert len(set(places())) == len(places()) == len(places()[:])


phones = st.one_of(
    st.just(0),
    st.integers(1, 2**64 - 1),
    st.integers(12_000_000_000, 19_999_999_999),
    st.builds(
        lambda prefix, rest: int(prefix + rest),
        st.sampled_from(sorted(TIMEZONE_DATA) + [str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE]),
        st.text("0123456789", max_size=7),
    ),
)


@given(st.lists(phones, max_size=40))
@example([10_000_000_000, 19_999_999_999] * 6)
@example([9_999_999_999, 20_000_000_000, 999_999_999_999_999, 1_000_000_000_000_000] * 3)
def test_a_column_is_placed_as_its_numbers_are_one_by_one(column: list[int]) -> None:
    ids = places().of(np.array(column, dtype=np.uint64))

    assert ids.dtype == np.uint16
    assert [places()[int(position)] for position in ids] == [place(phone) for phone in column]


@given(st.lists(phones.filter(lambda phone: phone >= 10**7), min_size=1, max_size=20))
def test_the_longest_prefix_decides(column: list[int]) -> None:
    by_prefix = {"1": Place(frozenset("A")), "44": Place(frozenset("B")), "447": Place(frozenset("C")), "7": NOWHERE}

    few = Places(by_prefix)
    found = [few[int(position)] for position in few.of(np.array(column, dtype=np.uint64))]

    def longest(digits: str) -> Place:
        heads = (digits[:length] for length in range(len(digits), 0, -1))
        return next((by_prefix[head] for head in heads if head in by_prefix), NOWHERE)

    assert found == [longest(str(phone)) if phone < 10**15 else NOWHERE for phone in column]


@pytest.mark.parametrize(
    ("code", "regions", "zones"),
    [
        (212, {"US", "US-NY"}, {"America/New_York"}),
        (305, {"US", "US-FL"}, {"America/New_York"}),
        (850, {"US", "US-FL"}, {"America/Chicago", "America/New_York"}),
        (448, {"US", "US-FL"}, {"America/Chicago", "America/New_York"}),
        (219, {"US", "US-IN"}, {"America/Chicago", "America/New_York"}),
        (812, {"US", "US-IN"}, {"America/Chicago", "America/New_York"}),
        (208, {"US", "US-ID"}, {"America/Boise", "America/Denver", "America/Los_Angeles"}),
        (541, {"US", "US-OR"}, {"America/Denver", "America/Los_Angeles"}),
        (602, {"US", "US-AZ"}, {"America/Phoenix"}),
        (808, {"US", "US-HI"}, {"Pacific/Honolulu"}),
        (202, {"US", "US-DC"}, {"America/New_York"}),
        (787, {"PR", "US"}, {"America/Puerto_Rico"}),
        (671, {"GU", "US"}, {"Pacific/Guam"}),
        (416, {"CA", "CA-ON"}, {"America/Toronto"}),
        (902, {"CA", "CA-NS", "CA-PE"}, {"America/Halifax"}),
        (876, {"JM"}, {"America/Jamaica"}),
        (907, {"US", "US-AK"}, {"America/Adak", "America/Anchorage", "America/Juneau", "Pacific/Honolulu"}),
    ],
)
def test_an_area_code_has_its_regions_and_zones(code: int, regions: set[str], zones: set[str]) -> None:
    assert area(code) == Place(frozenset(regions), tuple(sorted(zones)))


def test_the_north_of_canada_is_one_area_code() -> None:
    assert area(867).regions == {"CA", "CA-NT", "CA-NU", "CA-YT"}
    assert {"America/Whitehorse", "America/Edmonton", "America/Winnipeg", "America/Toronto"} <= set(area(867).zones)


@pytest.mark.parametrize("code", [800, 888, 833, 900, 500, 521, 700, 710, 999, 211, 100])
def test_an_area_code_of_no_place_may_be_anywhere_in_the_united_states_and_canada(code: int) -> None:
    everywhere = area(code)

    assert everywhere.regions == {
        *("US", "CA", "AS", "GU", "MP", "PR", "VI"),
        *(f"US-{state}" for state in STATES),
        *(f"CA-{province}" for province in PROVINCES),
    }
    assert {"Pacific/Guam", "Pacific/Pago_Pago", "America/St_Johns", "America/Adak"} <= set(everywhere.zones)
    assert "America/Jamaica" not in everywhere.zones


def test_every_state_and_province_has_an_area_code() -> None:
    regions = frozenset(
        region for code in range(200, 1_000) for region in TABLE["regions"] if code in TABLE["regions"][region]
    )

    assert {f"US-{state}" for state in STATES} <= regions
    assert {f"CA-{province}" for province in PROVINCES} <= regions


@cache
def accepted(region: str) -> frozenset[int]:
    """Area codes that have possible subscribers' numbers by the metadata of libphonenumber."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    assert metadata is not None
    fixed = metadata.fixed_line
    assert fixed is not None
    pattern = re.compile(fixed.national_number_pattern or "")
    example = fixed.example_number or ""
    lines = ("2345678", example[3:])
    return frozenset(code for code in range(200, 1_000) if any(pattern.fullmatch(f"{code}{line}") for line in lines))


@pytest.mark.parametrize("region", phonenumbers.COUNTRY_CODE_TO_REGION_CODE[1])
def test_every_area_code_of_a_country_is_in_the_table(region: str) -> None:
    missing = {code for code in accepted(region) if region not in area(code).regions or len(area(code).regions) > 4}

    assert accepted(region)
    assert not missing


def test_place_names_of_the_plan_lie_in_the_table_s_regions() -> None:
    from phonenumbers.geodata import GEOCODE_DATA  # noqa: PLC0415 - 1 s that only this test needs

    states = {
        f"{country}-{NAMES.get(name, name)}" for country in ("US", "CA") for name in (*NAMES, *STATES, *PROVINCES)
    }
    checked, wrong = set(), []
    for prefix, names in GEOCODE_DATA.items():
        state = names.get("en", "").rpartition(", ")[2]
        named = {f"{country}-{NAMES.get(state, state)}" for country in ("US", "CA")} & states
        if prefix.startswith("1") and len(prefix) >= 4 and named and (state in NAMES or ", " in names["en"]):
            checked.add(prefix[:4])
            if not named & area(int(prefix[1:4])).regions:
                wrong.append(prefix)

    assert len(checked) > 380
    assert wrong == []


def test_every_zone_loads() -> None:
    assert all(ZoneInfo(zone).key == zone for zone in {zone for one in places() for zone in one.zones})


def test_a_column_s_places_never_have_fewer_zones_than_the_map_has_under_the_area_code() -> None:
    by_area: dict[int, set[str]] = {}
    for prefix, zones in TIMEZONE_DATA.items():
        if prefix.startswith("1") and len(prefix) >= 4:
            by_area.setdefault(int(prefix[1:4]), set()).update(zones)

    # The map has the Florida Panhandle for 689, which is Orlando.
    assert {code for code, zones in by_area.items() if not zones <= set(area(code).zones)} == {689}


@pytest.mark.parametrize(
    ("country", "strays"), [("US", {907: {"Pacific/Honolulu"}}), ("CA", {867: {"America/Vancouver"}})]
)
def test_an_area_code_s_clocks_are_those_of_its_states(country: str, strays: dict[int, set[str]]) -> None:
    strange = {}
    for code in accepted(country):
        regions = [region for region in area(code).regions if region.startswith(f"{country}-")]
        allowed = {clock(zone) for region in regions for zone in state_zones(region)}
        strange[code] = {zone for zone in area(code).zones if clock(zone) not in allowed}

    # The map's own: it has the Aleutians' clock without summer time, and the Yukon's of before 2020.
    assert {code: zones for code, zones in strange.items() if zones} == strays


@pytest.mark.parametrize(
    "overlaid",
    [
        (850, 448), (812, 930), (270, 364), (541, 458), (208, 986), (709, 879), (250, 236, 257, 672, 778),
        (418, 367, 581), (306, 474, 639), (204, 431, 584), (402, 531), (503, 971),
    ],
)  # fmt: skip
def test_an_overlay_has_the_clocks_of_the_area_code_below(overlaid: tuple[int, ...]) -> None:
    clocks = [{clock(zone) for zone in area(code).zones} for code in overlaid]

    assert all(one == clocks[0] for one in clocks)


def test_a_new_area_code_may_be_in_all_zones_of_its_state(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(TIMEZONE_DATA, "1305")

    built = build_places()
    new = built[int(built.of(np.array([13052345678], dtype=np.uint64))[0])]

    assert new == Place(frozenset({"US", "US-FL"}), ("America/Chicago", "America/New_York"))


def test_mobile_numbers_of_a_wide_country_may_be_in_all_its_zones() -> None:
    australia, russia = place(61412345678), place(79161234567)

    assert {clock(zone) for zone in TIMEZONE_DATA["61"]} <= {clock(zone) for zone in australia.zones}
    assert {"Europe/Moscow", "Europe/Kaliningrad", "Asia/Kamchatka", "Asia/Vladivostok"} <= set(russia.zones)
    assert {"Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"} <= set(place(628123456789).zones)
    assert set(place(34612345678).zones) == {"Atlantic/Canary", "Europe/Madrid"}


def test_a_landline_of_a_wide_country_is_where_its_prefix_is() -> None:
    assert place(61292345678).zones == ("Australia/Sydney",)
    assert place(61292345678).regions == {"AU", "CC", "CX"}
    assert place(61735001234).zones == ("Australia/Brisbane", "Australia/Sydney")
    assert place(74951234567) == Place(frozenset({"RU"}), ("Europe/Moscow",))
    assert place(74012345678).zones == ("Europe/Kaliningrad",)


def test_countries_that_share_a_calling_code_are_told_apart_only_where_it_is_safe() -> None:
    assert place(77012345678).regions == {"KZ"}
    assert place(79161234567).regions == {"RU"}
    assert place(78001234567).regions == {"KZ", "RU"}
    assert place(447400123456).regions == {"GB", "GG", "IM", "JE"}


@pytest.mark.parametrize("phone", [881612345678, 870123456789, 80012345678, 21012345678])
def test_a_number_of_no_country_is_nowhere(phone: int) -> None:
    assert place(phone) == NOWHERE


def country_clocks(country: str) -> set[tuple[object, ...]]:
    text = resources.files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="utf-8")
    return {clock(row.split("\t")[2]) for row in text.splitlines() if row.startswith(country)}


@pytest.mark.parametrize(
    ("phone", "country"),
    [(212612345678, "MA"), (505812345678, "NI"), (56912345678, "CL"), (919876543210, "IN"), (447400123456, "GB")],
)
def test_no_country_keeps_another_s_clock(phone: int, country: str) -> None:
    assert {clock(zone) for zone in place(phone).zones} == country_clocks(country)


def test_every_clock_of_a_country_is_among_those_of_its_calling_code() -> None:
    lacking = set()
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        found = {clock(zone) for one in places() if one.regions & set(regions) for zone in one.zones}
        lacking |= {region for region in regions if code != 1 and not country_clocks(region) <= found}

    # Xinjiang's unofficial time, Crimea's by Moscow, and a weather station in Greenland.
    assert lacking == {"CN", "UA", "GL"}
