"""Calling hours: whether an address may be contacted now by the clock of the person, and if not, when.

Every rule whose region may claim the address must be open in every zone it may be in. Hours are half-open: at the
minute of closing it is closed. Nothing finer than a minute counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dncd.limits import RETRY_DAYS_MAX
from dncd.rules.pack import HoursRule
from dncd.rules.place import Place
from dncd.rules.spans import DAY_MINUTES, Days, DaysInEffect, RuleDays, Spans

MINUTE_MS: Final = 60_000
MINUTES_KEPT: Final = 4
FOUND_KEPT_MAX: Final = 10_000

PlaceIds = NDArray[np.uint16]
States = NDArray[np.uint8]


class OpeningState(IntEnum):
    """Whether the hours of a place permit contact; only OPEN does."""

    OPEN = 1
    CLOSED = 2
    NOT_COVERED = 3
    ZONE_UNKNOWN = 4


@dataclass(frozen=True, slots=True)
class Closed:
    """A rule that is closed, the first zone in which it is, and when it alone is open again in every zone of the place.

    0: not within 400 days.
    """

    rule: HoursRule
    zone: str
    opens_at_ms: int


@dataclass(frozen=True, slots=True)
class Opening:
    """The state of a place: the rules that are closed in their order, and the first instant at which it is OPEN.

    0: it is OPEN now, or not within 400 days.
    """

    state: OpeningState
    closed: tuple[Closed, ...] = ()
    opens_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class _Binding:
    """The rules that bind a place, and since when at least one of them does."""

    rules: tuple[tuple[HoursRule, Days], ...]
    in_effect: Days


class Hours:
    """Hours rules that are asked together, already picked for a channel and a purpose. Threads may share it.

    A zone that the `tzdata` package does not have raises `ZoneInfoNotFoundError`.
    """

    def __init__(self, rules: Sequence[HoursRule]) -> None:
        self._rules = tuple((rule, RuleDays(rule)) for rule in rules)
        self._in_effect: dict[date, Days] = {rule.effective: DaysInEffect(rule.effective) for rule in rules}
        self._spans = Spans()
        self._found: dict[tuple[object, ...], _Found] = {}

    def at(self, place: Place, time_ms: int) -> Opening:
        """Tell everything about a place at a time. Costs some 30 us; more where nobody asked about the day before."""
        state = self.state(place, time_ms)
        if state is OpeningState.OPEN:
            return Opening(state)
        return Opening(state, self._closed(place, time_ms), self.opens_at(place, time_ms))

    def state(self, place: Place, time_ms: int) -> OpeningState:
        """Tell the state alone, at some 6 us for a place of two zones."""
        binding = self._binding(place)
        if binding is None:
            return OpeningState.NOT_COVERED
        if not place.zones:
            return OpeningState.ZONE_UNKNOWN
        minute = time_ms // MINUTE_MS
        if not all(self._is_open(days, place, minute) for _, days in binding.rules):
            return OpeningState.CLOSED
        return OpeningState.OPEN if self._is_open(binding.in_effect, place, minute) else OpeningState.NOT_COVERED

    def opens_at(self, place: Place, time_ms: int) -> int:
        """Return the first instant at or after a time at which a place is OPEN; 0 where none is within 400 days."""
        binding = self._binding(place)
        if binding is None or not place.zones:
            return 0
        return self._first_open((*(days for _, days in binding.rules), binding.in_effect), place, time_ms)

    def _binding(self, place: Place) -> _Binding | None:
        rules = tuple((rule, days) for rule, days in self._rules if rule.region in place.regions)
        if not rules:
            return None
        return _Binding(rules, self._in_effect[min(rule.effective for rule, _ in rules)])

    def _is_open(self, days: Days, place: Place, minute: int) -> bool:
        return all(self._spans.is_open(days, zone, minute) for zone in place.zones)

    def _closed(self, place: Place, time_ms: int) -> tuple[Closed, ...]:
        binding = self._binding(place)
        found = []
        for rule, days in binding.rules if binding else ():
            for zone in place.zones:
                if not self._spans.is_open(days, zone, time_ms // MINUTE_MS):
                    found.append(Closed(rule, zone, self._first_open((days,), place, time_ms)))
                    break
        return tuple(found)

    def _first_open(self, hours: Sequence[Days], place: Place, time_ms: int) -> int:
        """Return when all of some hours are open; what was found holds until then, and so is found once."""
        start = time_ms // MINUTE_MS
        asked = (*map(id, hours), place)
        found = self._found.get(asked)
        if found is None or not found.asked <= start <= found.searched:
            found = self._search(hours, place, start, start)
        elif found.opens is None:
            # None until there: only what has come within 400 days since is looked at, where all of them cost a second.
            found = self._search(hours, place, start, found.searched)
        if len(self._found) >= FOUND_KEPT_MAX:
            self._found.clear()
        self._found[asked] = found
        if found.opens is None:
            return 0
        return time_ms if found.opens == start else found.opens * MINUTE_MS

    def _search(self, hours: Sequence[Days], place: Place, asked: int, minute: int) -> "_Found":
        """Go on from a minute to where the next one opens until all are open: none can be before that."""
        end = asked + RETRY_DAYS_MAX * DAY_MINUTES
        settled = False
        while not settled:
            before = minute
            for days in hours:
                for zone in place.zones:
                    opens = self._spans.opens_at(days, zone, minute, end)
                    if opens is None:
                        return _Found(asked, end, None)
                    minute = opens
            settled = minute == before
        return _Found(asked, minute, minute)


class _Found(NamedTuple):
    """The first minute that is open of those from `asked` to `searched`; None: there is none."""

    asked: int
    searched: int
    opens: int | None


@dataclass(frozen=True, slots=True)
class _Minute:
    """What is known of one minute: the state of each place, 0 where nobody asked, and the openings asked for."""

    minute: int
    states: States
    openings: dict[int, Opening]


class HoursTable:
    """The states of many numbers at once, by the ids of their places: positions in `places`. Threads may share it.

    A minute is looked at once for each place that occurs; the last few minutes asked for are kept.
    """

    def __init__(self, hours: Hours, places: Sequence[Place]) -> None:
        self._hours = hours
        self._places = tuple(places)
        # Replaced as a whole: two threads may look at a place twice, but none sees states half filled.
        self._minutes: tuple[_Minute, ...] = ()

    def states(self, place_ids: PlaceIds, time_ms: int) -> States:
        """Return the `OpeningState` of each id, in order. Costs 1 ns an id, and some 6 us a place new in the minute.

        Raises `IndexError` for an id that is no place.
        """
        minute = self._minute(time_ms // MINUTE_MS)
        states = minute.states.take(place_ids)
        if states.all():
            return states
        return self._filled(minute, np.unique(place_ids[states == 0])).states.take(place_ids)

    def opening(self, place_id: int, time_ms: int) -> Opening:
        """Tell everything about a place at the beginning of a time's minute."""
        minute = self._minute(time_ms // MINUTE_MS)
        opening = minute.openings.get(place_id)
        if opening is None:
            opening = minute.openings[place_id] = self._hours.at(self._places[place_id], minute.minute * MINUTE_MS)
        return opening

    def _minute(self, number: int) -> _Minute:
        for kept in self._minutes:
            if kept.minute == number:
                return kept
        return self._keep(_Minute(number, np.zeros(len(self._places), dtype=np.uint8), {}))

    def _filled(self, minute: _Minute, place_ids: PlaceIds) -> _Minute:
        states = minute.states.copy()
        time_ms = minute.minute * MINUTE_MS
        states[place_ids] = [self._hours.state(self._places[place_id], time_ms) for place_id in place_ids.tolist()]
        return self._keep(_Minute(minute.minute, states, minute.openings))

    def _keep(self, minute: _Minute) -> _Minute:
        others = [kept for kept in self._minutes if kept.minute != minute.minute]
        self._minutes = (minute, *others[: MINUTES_KEPT - 1])
        return minute
