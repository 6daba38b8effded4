"""Where postal codes are: the places of the codes of the United States, Canada, Britain, India and Australia.

Source: `postal-codes.toml`, a table of our own. Zones are narrowed within a split state only where the table is sure.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

from dncd.rules.place import Place

# What a code looks like within what people write around it; the group is the part that places it.
_GAP: Final = r"[-\s]*"
_PATTERNS: Final = {
    "US": re.compile(rf"(?<![0-9])([0-9]{{5}})(?:{_GAP}[0-9]{{4}})?(?![0-9])"),
    "CA": re.compile(rf"(?<![0-9A-Z])([A-Z][0-9][A-Z])(?:{_GAP}[0-9][A-Z][0-9])?(?![0-9A-Z])"),
    "GB": re.compile(rf"(?<![0-9A-Z])([A-Z]{{1,2}})[0-9][0-9A-Z]?(?:{_GAP}[0-9][A-Z]{{2}})?(?![0-9A-Z])"),
    "IN": re.compile(rf"(?<![0-9])([0-9]{{3}}){_GAP}[0-9]{{3}}(?![0-9])"),
    "AU": re.compile(r"(?<![0-9])([0-9]{4})(?![0-9])"),
}
# Countries whose codes are another's.
_SHARED: Final = {
    **dict.fromkeys(("AS", "FM", "GU", "MH", "MP", "PR", "PW", "UM", "VI"), "US"),
    **dict.fromkeys(("GG", "IM", "JE"), "GB"),
    **dict.fromkeys(("CC", "CX", "NF"), "AU"),
}


def place_of(countries: Iterable[str], text: str) -> Place | None:
    """Give the place of the postal code in a text, of one of some countries, in upper-case ISO 3166-1.

    The code is found within what people write around it: "Miami, FL 33101-". None where there is none, where it is not
    known, and where there are several of different places. Costs about 4 us; the first call reads the table in 50 ms.
    """
    upper = text.upper()
    found = {
        _posts()[post].place_of(match[1]) for post in _posts_of(countries) for match in _PATTERNS[post].finditer(upper)
    }
    return found.pop() if len(found) == 1 else None


def reads_codes_of(countries: Iterable[str]) -> bool:
    """Tell whether the postal codes of one of some countries are read at all."""
    return bool(_posts_of(countries))


def _posts_of(countries: Iterable[str]) -> set[str]:
    return {_SHARED.get(country, country) for country in countries} & _PATTERNS.keys()


@dataclass(frozen=True, slots=True)
class _Post:
    """A country's beginnings of codes with their places."""

    places: Mapping[str, Place]
    # Only the whole counts, not a beginning of it.
    whole: bool

    def place_of(self, code: str) -> Place | None:
        if self.whole:
            return self.places.get(code)
        heads = (code[:length] for length in range(len(code), 0, -1))
        return next((self.places[head] for head in heads if head in self.places), None)


@cache
def _posts() -> Mapping[str, _Post]:
    text = resources.files("dncd.rules").joinpath("postal-codes.toml").read_text(encoding="utf-8")
    return {country: _post(country, table) for country, table in tomllib.loads(text).items()}


def _post(country: str, table: Mapping[str, Any]) -> _Post:
    places: dict[str, Place] = {}
    for region, spans in table["regions"].items():
        place = Place(frozenset({country, region}), tuple(sorted(table["zones"][region])))
        places |= dict.fromkeys(_heads(spans), place)
    post = _Post(places, whole=country == "GB")
    narrowed = {
        head: tuple(sorted(names)) for span, names in table.get("narrowed", {}).items() for head in _heads([span])
    }
    for head, names in narrowed.items():
        # A range may run over codes that no region has.
        if wide := post.place_of(head):
            places[head] = Place(wide.regions, names)
    return post


def _heads(spans: Sequence[str]) -> Iterator[str]:
    for span in spans:
        first, _, last = span.partition("-")
        yield from _between(first, last or first)


def _between(first: str, last: str) -> Iterable[str]:
    """List the codes of a range: digits, or a letter that goes on at the end, as in X0A-X0C."""
    if first == last:
        return [first]
    if first.isdigit():
        return (f"{code:0{len(first)}}" for code in range(int(first), int(last) + 1))
    return (first[:-1] + chr(letter) for letter in range(ord(first[-1]), ord(last[-1]) + 1))
