"""Narrowing: where a person is, by what a row says beside its number."""

from typing import Final

from dncd.rules.place import NOWHERE, Place
from dncd.rules.postal import place_of, reads_codes_of
from dncd.rules.zones import known_zone, zones_with

ZONE_UNREAD: Final = "the row's time_zone is not an IANA name such as America/Chicago"
CODE_UNREAD: Final = "the row's postal_code cannot be read, or is not known"

_SISTERS: Final = frozenset({"US", "CA"})


def narrow(place: Place, time_zone: str, postal_code: str, anywhere: Place) -> tuple[Place, str]:
    """Narrow a number's place by the texts of its row; returns it with what of them could not be read, or "".

    A postal code's regions come beside the number's, since the strictest law of both counts, and its zones in place of
    the number's. The row's own zone is in place of both as far as `zones_with` believes it. Where a text cannot be
    read, nobody knows the zone; a code that cannot be read may besides be in any region of its country: those of
    `anywhere` in the United States and Canada, which share a calling code.
    """
    if place == NOWHERE:
        return place, ""
    countries = {region for region in place.regions if "-" not in region}
    # People move within a calling code; codes of the two cannot be taken for each other.
    shared = _SISTERS if countries & _SISTERS else frozenset()
    if any(map(str.isalnum, postal_code)) and reads_codes_of(countries):
        postal = place_of(countries | shared, postal_code)
        if postal is None:
            return Place(place.regions | (anywhere.regions if shared else frozenset())), CODE_UNREAD
        place = Place(place.regions | postal.regions, postal.zones or place.zones)
    if not time_zone.strip():
        return place, ""
    if not known_zone(time_zone.strip()):
        return Place(place.regions), ZONE_UNREAD
    return Place(place.regions, zones_with(time_zone.strip(), place.zones, countries)), ""
