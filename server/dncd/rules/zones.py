"""The time zones that rows name: which there are, and which of them say where a person is.

Source: the tables of the `tzdata` package, as hours read them: the machine's own may know others.
"""

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import Final

import phonenumbers

# Names that zoneinfo lists where a system has such a file, and that are no zone: they depend on the machine.
_NO_ZONES: Final = frozenset({"Factory", "localtime", "posixrules"})


def known_zone(name: str) -> bool:
    """Tell whether this is a name of tzdata, such as America/New_York, EST or Etc/GMT+5; the first call takes 20 ms."""
    return name in _zone_names()


def zones_with(own: str, others: tuple[str, ...], countries: Iterable[str]) -> tuple[str, ...]:
    """Return the zones of a row that names one, a known one, and may be in others by its postal code or its number.

    A place of one of the countries, or of one with their calling code, is where the person is. What is no place
    (EST, Etc/GMT+5) has no summer time, and a place elsewhere may be a slip: they count beside the others, so that
    they open nothing; where nobody knows the others, nobody knows.
    """
    codes = _calling_codes()
    country = _countries().get(own, "")
    if country in codes and any(codes.get(each) == codes[country] for each in countries):
        return (own,)
    return tuple(sorted({own, *others})) if others else ()


@cache
def _zone_names() -> frozenset[str]:
    return frozenset(_lines("zones")) - _NO_ZONES


@cache
def _countries() -> dict[str, str]:
    """Map the zones named Area/Location to the country where that is, in ISO 3166-1; an alias is where its zone is."""
    rows = (line.split("\t") for line in _lines("zoneinfo/zone.tab") if not line.startswith("#"))
    placed = {row[2]: row[0] for row in rows}
    links = (line.split() for line in _lines("zoneinfo/tzdata.zi") if line.startswith("L "))
    targets = {alias: target for _, target, alias in links if "/" in alias and not alias.startswith("Etc/")}
    for alias in targets.keys() - placed.keys():
        target = targets[alias]
        while target not in placed and target in targets:
            target = targets[target]
        if target in placed:
            placed[alias] = placed[target]
    return placed


@cache
def _calling_codes() -> dict[str, int]:
    by_code = phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()
    return {region: code for code, regions in by_code for region in regions if len(region) == len("US")}


def _lines(name: str) -> list[str]:
    return resources.files("tzdata").joinpath(*name.split("/")).read_text(encoding="utf-8").splitlines()
