"""Where numbers may be: from a column of phone numbers to places.

Sources: the zone map of libphonenumber; and `area-codes.toml`, which puts it right and has the table of area codes.
Phones move within an area code, so a number of calling code 1 has every zone that any exchange of its area code has.
"""

import tomllib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib import resources
from itertools import groupby
from typing import Any, Final, overload

import numpy as np
import phonenumbers
from numpy.typing import NDArray

from dncd.rules.place import NOWHERE, Place
from dncd.storage.contract import Phones

PlaceIds = NDArray[np.uint16]
_Zones = dict[str, frozenset[str]]
_Regions = dict[str, frozenset[str]]

_DIGITS_MAX: Final = 15
_POWERS: Final = np.array([10**power for power in range(_DIGITS_MAX + 1)], dtype=np.uint64)
_LINES: Final = np.uint64(10_000_000)
_NANP_FIRST: Final = 10_000_000_000
_NANP_LAST: Final = 19_999_999_999
# With so few numbers, text beats numpy's cost per call.
_FEW_ROWS: Final = 8
_MAIN_COUNTRIES: Final = ("US", "CA")


class Places(Sequence[Place]):
    """All places that a number may have, each at a position of its own, its id; NOWHERE is at 0."""

    def __init__(self, by_prefix: Mapping[str, Place]) -> None:
        """Build the tables; keys are prefixes of E.164 digits, and a number's longest one counts."""
        self._places = list(dict.fromkeys([NOWHERE, *by_prefix.values()]))
        ids = {place: position for position, place in enumerate(self._places)}
        self._by_prefix = {prefix: ids[place] for prefix, place in by_prefix.items()}
        self._lengths = sorted({len(prefix) for prefix in by_prefix}, reverse=True)
        self._edges, self._ids_between = self._spans()
        self._bounds = np.array(self._edges, dtype=np.uint64)
        self._ids = np.array(self._ids_between, dtype=np.uint16)
        # By a number's first four digits where it has eleven and calling code 1; the element for 0 is 0.
        self._area_ids = [0] * 1_000 + [self._id_of(str(head)) for head in range(1_000, 2_000)]
        self._areas = np.array(self._area_ids, dtype=np.uint16)

    def __len__(self) -> int:
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> Place: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Place]: ...
    def __getitem__(self, index: int | slice) -> Place | Sequence[Place]:
        return self._places[index]

    def of(self, phones: Phones) -> PlaceIds:
        """Give the id of each number's place, in order; 0 for 0, for more than 15 digits, and where nothing is known.

        Costs 2 ns a number where all are of calling code 1, else about 60 ns for each that is not.
        """
        if len(phones) <= _FEW_ROWS:
            return np.array(list(map(self._id_of_phone, phones.tolist())), dtype=np.uint16)
        # Less one, unsigned, a 0 is the largest of all: so rows that are no numbers do not count for the least.
        least, most = int((phones - np.uint64(1)).min()) + 1, int(phones.max())
        if least >= _NANP_FIRST and most <= _NANP_LAST:
            return self._areas.take((phones // _LINES).view(np.int64))
        nanp = (phones - np.uint64(_NANP_FIRST)) <= np.uint64(_NANP_LAST - _NANP_FIRST)
        ids = np.empty(len(phones), dtype=np.uint16)
        ids[nanp] = self._areas.take((phones[nanp] // _LINES).view(np.int64))
        ids[~nanp] = self._of_any(phones[~nanp])
        return ids

    def under(self, prefix: str) -> Place:
        """Return the place of numbers of which nothing but their first digits is known."""
        return self._places[self._id_of(prefix)]

    def _of_any(self, phones: Phones) -> PlaceIds:
        """Compare numbers of any length as if each had 15 digits, where a prefix is a range."""
        digits = np.searchsorted(_POWERS, phones, side="right")
        aligned = phones * _POWERS[_DIGITS_MAX - np.minimum(digits, _DIGITS_MAX)]
        ids: PlaceIds = self._ids.take(np.searchsorted(self._bounds, aligned, side="right"))
        ids[digits > _DIGITS_MAX] = 0
        # With zeros behind it, a number shorter than a prefix could take itself for one that begins with it.
        short = np.flatnonzero((digits > 0) & (digits < self._lengths[0]))
        ids[short] = [self._id_of(str(phone)) for phone in phones[short].tolist()]
        return ids

    def _id_of_phone(self, phone: int) -> int:
        if _NANP_FIRST <= phone <= _NANP_LAST:
            return self._area_ids[phone // 10_000_000]
        digits = len(str(phone))
        if digits > _DIGITS_MAX:
            return 0
        if digits < self._lengths[0]:
            return self._id_of(str(phone))
        return self._ids_between[bisect_right(self._edges, phone * 10 ** (_DIGITS_MAX - digits))]

    def _id_of(self, digits: str) -> int:
        found = (self._by_prefix.get(digits[:length]) for length in self._lengths if length <= len(digits))
        return next((place for place in found if place is not None), 0)

    def _spans(self) -> tuple[list[int], list[int]]:
        """Cut the numbers of 15 digits where the place changes; the first id is for those below the first edge."""
        edges = sorted({edge for prefix in self._by_prefix for edge in _range(prefix)})
        ids = ((edge, self._id_of(f"{edge:0{_DIGITS_MAX}}")) for edge in edges)
        changes = [next(same) for _, same in groupby(ids, key=lambda pair: pair[1])]
        return [edge for edge, _ in changes], [0, *(place for _, place in changes)]


def build_places() -> Places:
    """Build the places of all numbers, in about 0.05 s; call it once in a process."""
    table = _table()
    zones, regions = _zone_map(), _area_regions(table)
    everywhere = frozenset(name for names in regions.values() if names & set(_MAIN_COUNTRIES) for name in names)
    zones = _world_zones(zones, table) | _nanp_zones(zones, regions, table)
    regions |= _world_regions(table) | {"1": everywhere}
    prefixes = zones.keys() | regions.keys()
    return Places(
        {prefix: Place(_longest(regions, prefix), tuple(sorted(_longest(zones, prefix)))) for prefix in prefixes}
    )


def territory_names() -> dict[str, str]:
    """Map the names of territories below their country to those in use: US-PR to PR, since ISO 3166 has both."""
    return {f"US-{territory}": territory for territory in _table()["territories"]}


def _table() -> dict[str, Any]:
    return tomllib.loads(resources.files("dncd.rules").joinpath("area-codes.toml").read_text(encoding="utf-8"))


def _zone_map() -> _Zones:
    from phonenumbers.tzdata import TIMEZONE_DATA  # noqa: PLC0415 - 40 ms that only this needs: no work at import

    return {prefix: frozenset(zones) for prefix, zones in TIMEZONE_DATA.items()}


def _world_zones(zones: _Zones, table: Mapping[str, Any]) -> _Zones:
    """Give the map's rows of all calling codes but 1, put right."""
    unplaced = ("1", *table["unplaced"])
    kept = {prefix: names for prefix, names in zones.items() if not prefix.startswith(unplaced)}
    codes = {str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE if code != 1}
    spread = {code: _under(zones, code) for code in codes - kept.keys()}
    return spread | kept | {prefix: frozenset(names) for prefix, names in table["zones"].items()}


def _nanp_zones(zones: _Zones, regions: _Regions, table: Mapping[str, Any]) -> _Zones:
    """Give each area code all zones it may have, and calling code 1 those of the United States and Canada."""
    own = {area: frozenset(names) for area, names in table["zones"].items()}
    more = {f"1{area}": frozenset(names) for area, names in table["more_zones"].items()}
    mapped = _by_area(zones)
    known = {area: own.get(area) or mapped[area] | more.get(area, frozenset()) for area in regions}
    by_region: defaultdict[str, set[str]] = defaultdict(set)
    for area, names in known.items():
        for region in regions[area]:
            by_region[region] |= names
    # A new area code that the map does not have yet: wherever its regions are.
    for area in (area for area, names in known.items() if not names):
        known[area] = frozenset().union(*(by_region[region] for region in regions[area] - set(_MAIN_COUNTRIES)))
    return known | {"1": frozenset().union(*(by_region[country] for country in _MAIN_COUNTRIES))}


def _by_area(zones: _Zones) -> defaultdict[str, frozenset[str]]:
    areas: defaultdict[str, frozenset[str]] = defaultdict(frozenset)
    for row, names in zones.items():
        areas[row[:4]] |= names
    return areas


def _under(zones: _Zones, prefix: str) -> frozenset[str]:
    return frozenset().union(*(names for row, names in zones.items() if row.startswith(prefix)))


def _area_regions(table: Mapping[str, Any]) -> _Regions:
    regions: defaultdict[str, set[str]] = defaultdict(set)
    for region, areas in table["regions"].items():
        for area in areas:
            regions[f"1{area}"] |= _with_country(region, table["territories"])
    return {area: frozenset(names) for area, names in regions.items()}


def _with_country(region: str, territories: Sequence[str]) -> set[str]:
    """Give a region and the country whose laws apply there as well."""
    country = "US" if region in territories else region.partition("-")[0]
    return {region, country}


def _world_regions(table: Mapping[str, Any]) -> _Regions:
    shared = {
        str(code): frozenset(regions) - {phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY}
        for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
        if code != 1
    }
    return shared | {prefix: frozenset(regions) for prefix, regions in table["shared"].items()}


def _longest(rows: Mapping[str, frozenset[str]], prefix: str) -> frozenset[str]:
    heads = (prefix[:length] for length in range(len(prefix), 0, -1))
    return next((rows[head] for head in heads if head in rows), frozenset())


def _range(prefix: str) -> Iterator[int]:
    width = 10 ** (_DIGITS_MAX - len(prefix))
    yield from (int(prefix) * width, (int(prefix) + 1) * width)
