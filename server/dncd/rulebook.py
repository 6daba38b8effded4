"""The rule book of a process: every rule pack, where numbers may be, and the hours that policies ask for."""

from collections.abc import Iterable
from threading import Lock
from typing import Final

from dncd.findings import Ground
from dncd.nouns import Channel, Purpose
from dncd.rules.hours import Hours, HoursTable
from dncd.rules.pack import HoursRule, Pack, load_packs
from dncd.rules.places import Places, build_places, territory_names

# Each holds up to 2 MB of what it computed.
HOURS_KEPT_MAX: Final = 24

_Asked = tuple[tuple[str, ...], Channel, Purpose]


class Rulebook:
    """All packs and places. Threads may share it; hours that were asked for once are kept, with what they computed."""

    def __init__(self, packs: dict[str, Pack], places: Places) -> None:
        self.packs = packs
        self.places = places
        self.regions = frozenset(region for place in places for region in place.regions)
        self._territories = territory_names()
        self._pack_of = {rule.id: pack.name for pack in packs.values() for rule in pack.rules()}
        self._hours: dict[_Asked, OpeningHours] = {}
        self._making = Lock()

    def hours(self, names: tuple[str, ...], channel: Channel, purpose: Purpose) -> "OpeningHours":
        """Return the hours of some packs for a channel and a purpose.

        A pack that is not there, such as one of a later version, leaves every place uncovered: nothing is open then.
        """
        asked = tuple(sorted(names)), channel, purpose
        with self._making:
            if asked not in self._hours:
                if len(self._hours) >= HOURS_KEPT_MAX:
                    # Anybody's drafts ask for hours too; policies in force hold their own.
                    self._hours.clear()
                self._hours[asked] = self._make(*asked)
            return self._hours[asked]

    def region_named(self, name: str) -> str:
        """Return the region of a name, a territory's below its country too; "" where no number may be in it."""
        region = self._territories.get(name, name)
        return region if region in self.regions else ""

    def ground(self, rule: HoursRule, time_zone: str) -> Ground:
        """Tell what a finding about calling hours rests on."""
        return Ground(rule.id, self._pack_of[rule.id], rule.citation, rule.region, time_zone)

    def _make(self, names: Iterable[str], channel: Channel, purpose: Purpose) -> "OpeningHours":
        rules: list[HoursRule] = []
        if all(name in self.packs for name in names):
            each = (rule for name in names for rule in self.packs[name].hours)
            rules = [rule for rule in each if channel in rule.channels and purpose in rule.purposes]
        hours = Hours(rules)
        return OpeningHours(hours, HoursTable(hours, self.places))


class OpeningHours:
    """The hours of some packs: for one place, and for columns of the ids of places."""

    __slots__ = ("hours", "table")

    def __init__(self, hours: Hours, table: HoursTable) -> None:
        self.hours = hours
        self.table = table


def read_rulebook() -> Rulebook:
    """Read packs and places; takes about 0.5 s."""
    return Rulebook(load_packs(), build_places())
