"""Terms: how long a consent lasts by rule, and whether revoking it for one purpose revokes it for all.

Both depend on rule packs and on where a number is, so they are resolved before a change is made, never by applying it.
"""

from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

import numpy as np

from dncd.addresses import Target
from dncd.nouns import ConsentKind
from dncd.rules.pack import Pack
from dncd.rules.place import NOWHERE, Place
from dncd.rules.places import Places
from dncd.rules.spans import load_zone
from dncd.storage.keys import Kind

# A term counts from the day of the person, and nobody knows for sure where they were: at any moment it is the day of
# one of these in every time zone.
_DAYS: Final = tuple(timezone(timedelta(hours=hours)) for hours in (-12, 0, 14))
# Dates end with the year 9999; what was given so late is refused anyway.
_GIVEN_MAX_MS: Final = int(datetime(9900, 1, 1, tzinfo=UTC).timestamp()) * 1000


class Terms:
    """The terms of some rule packs, for addresses that are where their numbers say."""

    def __init__(self, packs: Iterable[Pack], places: Places) -> None:
        """Keep the terms of the packs; costs nothing."""
        packs = list(packs)
        self._terms = [term for pack in packs for term in pack.consents]
        self._revocations = [pack.revocation for pack in packs if pack.revocation is not None]
        self._places = places

    def ends_at_ms(self, target: Target, kind: ConsentKind, given_at_ms: int, wanted_ms: int) -> int:
        """Return when a consent ends: as wanted, or by rule where that is earlier. 0 is never.

        Of several rules the shortest counts. Where no rule speaks of the place, and for e-mail addresses, the shortest
        of all counts.
        """
        months = [(term.region, term.months) for term in self._terms if term.kind is kind]
        if not months:
            return wanted_ms
        regions = self._place_of(target).regions
        there = [count for region, count in months if region in regions] or [count for _, count in months]
        by_rule = add_months(given_at_ms, min(there))
        return min(by_rule, wanted_ms or by_rule)

    def widens(self, target: Target, now_ms: int) -> bool:
        """Tell whether a revocation for one purpose is one for every purpose: from the day of the rule on.

        The day begins with the first of the number's time zones that it begins in.
        """
        place = self._place_of(target)
        zones = [load_zone(name) for name in place.zones or ("UTC",)]
        today = max(datetime.fromtimestamp(now_ms / 1000, zone).date() for zone in zones)
        return any(rule.region in place.regions and rule.all_purposes_from <= today for rule in self._revocations)

    def _place_of(self, target: Target) -> Place:
        if target.kind is not Kind.PHONE:
            return NOWHERE
        place_ids = self._places.of(np.array([int(target.text)], dtype=np.uint64))
        return self._places[int(place_ids[0])]


def add_months(time_ms: int, months: int) -> int:
    """Return the same day and time so many calendar months later; the last day of a month that is shorter.

    By the day of the time zone on earth where that is the earliest: at the end of a month the day decides whether the
    later month has it.
    """
    seconds, rest_ms = divmod(min(time_ms, _GIVEN_MAX_MS), 1000)
    return min(_add_months(datetime.fromtimestamp(seconds, zone), months) for zone in _DAYS) + rest_ms


def _add_months(time: datetime, months: int) -> int:
    year, month = divmod(time.year * 12 + time.month - 1 + months, 12)
    day = min(time.day, monthrange(year, month + 1)[1])
    return int(time.replace(year=year, month=month + 1, day=day).timestamp()) * 1000
