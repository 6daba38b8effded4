"""A place: what is known of where an address may be reached."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Place:
    """The regions that may claim an address and the time zones it may be in; every one counts, and the strictest wins.

    Regions are countries and their subdivisions in ISO 3166, such as "US" and "US-FL". Zones are IANA names, sorted.
    No zone: nobody knows.
    """

    regions: frozenset[str] = frozenset()
    zones: tuple[str, ...] = ()


def may_be_in(place: Place, region: str) -> bool:
    """Tell whether an address may be in a region; one of which nobody knows where it is may be anywhere."""
    return region in place.regions or not place.regions


NOWHERE: Final = Place()
