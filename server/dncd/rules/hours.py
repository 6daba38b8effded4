"""Calling hours: whether an address may be contacted now by the clock of the person, and if not, when.

Every rule whose region may claim the address must be open in every zone it may be in. Hours are half-open: at the
minute of closing it is closed. Nothing finer than a minute counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dncd.rules.pack import HoursRule
from dncd.rules.place import Place
from dncd.rules.search import Budget, Search, Week, put_together, week_of
from dncd.rules.spans import DAY_MINUTES, DaysInEffect, RuleDays

MINUTE_MS: Final = 60_000
MINUTES_KEPT: Final = 4
_BINDINGS_KEPT_MAX: Final = 1_024

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

    0: not within 400 days, or not found within the budget of the request.
    """

    rule: HoursRule
    zone: str
    opens_at_ms: int


@dataclass(frozen=True, slots=True)
class Opening:
    """The state of a place: the rules that are closed in their order, and the first instant at which it is OPEN.

    0: it is OPEN now, or not within 400 days, or not found within the budget of the request.
    """

    state: OpeningState
    closed: tuple[Closed, ...] = ()
    opens_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class _Binding:
    """The rules that bind a place on a day, each with its hours; those of all, and those with one of them in effect."""

    rules: tuple[tuple[HoursRule, Week], ...]
    together: Week
    in_effect: Week


class Hours:
    """Hours rules that are asked together, already picked for a channel and a purpose. Threads may share it.

    A zone that the `tzdata` package does not have raises `ZoneInfoNotFoundError`.
    """

    def __init__(self, rules: Sequence[HoursRule]) -> None:
        self._rules = tuple((rule, RuleDays(rule)) for rule in rules)
        self._in_effect = {rule.effective: DaysInEffect(rule.effective) for rule in rules}
        self._week = lru_cache(maxsize=_BINDINGS_KEPT_MAX)(week_of)
        self._binding = lru_cache(maxsize=_BINDINGS_KEPT_MAX)(self._bind)
        self._search = Search()

    def at(self, place: Place, time_ms: int, budget: Budget | None = None) -> Opening:
        """Tell everything about a place at a time. Costs some 30 us; more where nobody asked about the day before."""
        budget = budget or Budget()
        state = self.state(place, time_ms)
        if state is OpeningState.OPEN:
            return Opening(state)
        # Rules first: where one of them is never open, neither are all together.
        closed = self._closed(place, time_ms, budget)
        return Opening(state, closed, self.opens_at(place, time_ms, budget))

    def state(self, place: Place, time_ms: int) -> OpeningState:
        """Tell the state alone, at some 3 us for a place of two zones."""
        minute = time_ms // MINUTE_MS
        binding = self._binding(place.regions, minute // DAY_MINUTES)
        if binding is None:
            return OpeningState.NOT_COVERED
        if not place.zones:
            return OpeningState.ZONE_UNKNOWN
        if self._search.shut_zone(binding.together, place.zones, minute):
            return OpeningState.CLOSED
        # Mostly one and the same: a rule has long been in effect.
        if binding.in_effect != binding.together and self._search.shut_zone(binding.in_effect, place.zones, minute):
            return OpeningState.NOT_COVERED
        return OpeningState.OPEN

    def opens_at(self, place: Place, time_ms: int, budget: Budget | None = None) -> int:
        """Return the first instant at or after a time at which a place is OPEN; 0 where none is within 400 days.

        0 too where the budget does not suffice to find it.
        """
        binding = self._binding(place.regions, time_ms // MINUTE_MS // DAY_MINUTES)
        if binding is None or not place.zones:
            return 0
        return self._first_open(binding.in_effect, place, time_ms, budget or Budget())

    def _bind(self, regions: frozenset[str], day: int) -> _Binding | None:
        bound = [(rule, days) for rule, days in self._rules if rule.region in regions]
        if not bound:
            return None
        rules = tuple((rule, self._week(days, day)) for rule, days in bound)
        together = put_together(week for _, week in rules)
        since = self._in_effect[min(rule.effective for rule, _ in bound)]
        return _Binding(rules, together, put_together([together, self._week(since, day)]))

    def _closed(self, place: Place, time_ms: int, budget: Budget) -> tuple[Closed, ...]:
        """Return the rules that are closed; those of the same hours are asked about once."""
        minute = time_ms // MINUTE_MS
        binding = self._binding(place.regions, minute // DAY_MINUTES)
        shut: dict[Week, tuple[str, int]] = {}
        found = []
        for rule, week in binding.rules if binding and place.zones else ():
            if week not in shut:
                zone = self._search.shut_zone(week, place.zones, minute)
                shut[week] = (zone, self._first_open(week, place, time_ms, budget) if zone else 0)
            if shut[week][0]:
                found.append(Closed(rule, *shut[week]))
        return tuple(found)

    def _first_open(self, week: Week, place: Place, time_ms: int, budget: Budget) -> int:
        start = time_ms // MINUTE_MS
        opens = self._search.first_open(week, place.zones, start, budget)
        if opens is None:
            return 0
        return time_ms if opens == start else opens * MINUTE_MS


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

    def opening(self, place_id: int, time_ms: int, budget: Budget | None = None) -> Opening:
        """Tell everything about a place at the beginning of a time's minute."""
        budget = budget or Budget()
        minute = self._minute(time_ms // MINUTE_MS)
        opening = minute.openings.get(place_id)
        if opening is None:
            opening = self._hours.at(self._places[place_id], minute.minute * MINUTE_MS, budget)
            # What a request had no budget to find, another has.
            if not budget.is_spent:
                minute.openings[place_id] = opening
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
