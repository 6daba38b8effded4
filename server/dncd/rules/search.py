"""The search for openings: the first minute at which some hours are open in every one of some time zones.

A rule has one window on a local day, and so have several rules together: what they have in common. So rules are put
together before zones are asked, and whichever rules come to the same hours share a search.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache, reduce
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dncd.limits import RETRY_DAYS_MAX, SEARCHED_ZONE_DAYS_MAX
from dncd.rules.spans import (
    DAY_FIRST,
    DAY_LAST,
    DAY_MINUTES,
    WHOLE_DAY,
    Days,
    DaysInEffect,
    HolidayCalendar,
    RuleDays,
    Zone,
)
from dncd.rules.table import Window

Minutes = NDArray[np.int64]

FOUND_KEPT_MAX: Final = 10_000
_WINDOWS_KEPT_MAX: Final = 4_096
# Nearly all openings are within this, a long holiday included; the rest is looked at only where none is.
_NEAR_DAYS: Final = 16
_SHUT: Final = Window(0, 0)
_NO_MINUTES: Final[Minutes] = np.zeros(0, dtype=np.int64)


class Week(NamedTuple):
    """Open hours from a day on: of a week that begins with day 0, except on the days of calendars.

    `later` are those that take effect after that day; they narrow what the week says.
    """

    windows: tuple[Window, ...]
    calendars: frozenset[HolidayCalendar]
    later: frozenset[Days]

    def contains(self, other: "Week") -> bool:
        """Tell whether these hours are open whenever the other ones are."""
        pairs = zip(self.windows, other.windows, strict=True)
        return (
            all(
                theirs == _SHUT or (mine.opens <= theirs.opens and theirs.closes <= mine.closes)
                for mine, theirs in pairs
            )
            and self.calendars <= other.calendars
            and self.later <= other.later
        )


def week_of(hours: RuleDays | DaysInEffect, day: int) -> Week:
    """Return some hours on the local days of a UTC day and after it."""
    if hours.since >= day:
        return Week((WHOLE_DAY,) * 7, frozenset(), frozenset((hours,)))
    if isinstance(hours, DaysInEffect):
        return Week((WHOLE_DAY,) * 7, frozenset(), frozenset())
    calendars = frozenset((hours.calendar,)) if hours.calendar else frozenset()
    return Week(tuple(window or _SHUT for window in hours.week), calendars, frozenset())


def put_together(weeks: Iterable[Week]) -> Week:
    """Return the hours that all have in common; those of one day are asked for."""
    together = set(weeks)
    return Week(
        tuple(map(_common_of, zip(*(week.windows for week in together), strict=True))),
        frozenset().union(*(week.calendars for week in together)),
        frozenset().union(*(week.later for week in together)),
    )


def _common_of(windows: Iterable[Window]) -> Window:
    return reduce(_common, windows)


def _common(window: Window, other: Window | None) -> Window:
    if other is None:
        return _SHUT
    common = Window(max(window.opens, other.opens), min(window.closes, other.closes))
    return common if common.opens < common.closes else _SHUT


class Budget:
    """What one request may still look at for openings: so many days, each in one time zone."""

    def __init__(self, zone_days: int = SEARCHED_ZONE_DAYS_MAX) -> None:
        self.zone_days = zone_days
        self.is_spent = False

    def take(self, zone_days: int) -> bool:
        """Take some, and tell whether there were as many. Once there were not, nothing more is given."""
        self.is_spent = self.is_spent or zone_days > self.zone_days
        if not self.is_spent:
            self.zone_days -= zone_days
        return not self.is_spent


class _Found(NamedTuple):
    """The first minute that is open of those from `asked` to `searched`; None: there is none."""

    asked: int
    searched: int
    opens: int | None


class Search:
    """Answers of searches, which hold until what they found has come. Threads may share it.

    A zone that the `tzdata` package does not have raises `ZoneInfoNotFoundError`.
    """

    def __init__(self) -> None:
        self._zone = lru_cache(maxsize=None)(Zone)
        self._window = lru_cache(maxsize=_WINDOWS_KEPT_MAX)(_window)
        self._found: dict[tuple[Week, tuple[str, ...]], _Found] = {}
        self._never: defaultdict[tuple[str, ...], set[Week]] = defaultdict(set)

    def shut_zone(self, week: Week, zones: Sequence[str], minute: int) -> str:
        """Return the first zone in which the hours are closed at a minute; "" where they are open in every one."""
        windows: dict[int, Window] = {}
        for zone in zones:
            wall = self._zone(zone).wall(minute)
            if wall is None:
                return zone
            day, clock = wall
            window = windows.get(day)
            if window is None:
                window = windows[day] = self._window(week, day)
            if not window.opens <= clock < window.closes:
                return zone
        return ""

    def first_open(self, week: Week, zones: tuple[str, ...], start: int, budget: Budget) -> int | None:
        """Return the first minute from `start` on, within 400 days, that is open in every zone; None for none known.

        None is known too where the budget was spent first.
        """
        found = self._found.get((week, zones))
        end = start + RETRY_DAYS_MAX * DAY_MINUTES
        if found is None or not found.asked <= start <= found.searched:
            known = self._is_never(week, zones, start, end)
            found = _Found(start, end, None) if known else self._search(week, zones, start, end, budget)
        elif found.opens is None and found.searched < end:
            # None until there: only what has come within 400 days since is looked at.
            found = self._search(week, zones, found.searched, end, budget)
        else:
            return found.opens
        if found is not None:
            self._keep(week, zones, found._replace(asked=start))
        return found.opens if found else None

    def _is_never(self, week: Week, zones: tuple[str, ...], start: int, end: int) -> bool:
        """Tell whether hours that contain these are known to be never open: so most that are not are never searched."""
        for wider in tuple(self._never.get(zones, ())):
            found = self._found.get((wider, zones))
            if (
                found
                and found.opens is None
                and found.asked <= start
                and end <= found.searched
                and wider.contains(week)
            ):
                return True
        return False

    def _keep(self, week: Week, zones: tuple[str, ...], found: _Found) -> None:
        if len(self._found) >= FOUND_KEPT_MAX:
            self._found.clear()
            self._never.clear()
        self._found[week, zones] = found
        if found.opens is None:
            self._never[zones].add(week)

    def _search(self, week: Week, zones: tuple[str, ...], start: int, end: int, budget: Budget) -> _Found | None:
        """Look at a few days, then at all; None where the budget does not suffice."""
        first = start
        for days in (_NEAR_DAYS, RETRY_DAYS_MAX):
            last = min(first + days * DAY_MINUTES, end + 1)
            if last > first:
                if not budget.take(len(zones) * -(-(last - first) // DAY_MINUTES)):
                    return None
                windows = self._windows(week, first, last)
                opens = _first_common([self._open_spans(windows, zone, first, last) for zone in zones])
                if opens is not None:
                    return _Found(start, opens, opens)
                first = last
        return _Found(start, end, None)

    def _windows(self, week: Week, first: int, end: int) -> "_Windows":
        """Return the windows of every local day that some time touches in any zone."""
        days = np.arange(max(first // DAY_MINUTES, DAY_FIRST) - 1, min(end // DAY_MINUTES, DAY_LAST) + 2)
        if week.calendars or week.later:
            windows = np.array([self._window(week, day) for day in days.tolist()], dtype=np.int64).reshape(-1, 2)
        else:
            windows = np.array(week.windows, dtype=np.int64)[days % 7]
        return _Windows(days, windows[:, 0], windows[:, 1])

    def _open_spans(self, windows: "_Windows", zone: str, first: int, end: int) -> tuple[Minutes, Minutes]:
        """Return the open minutes of a zone as half-open spans in order: where they begin, and where they end."""
        begins, ends = [_NO_MINUTES], [_NO_MINUTES]
        for piece_first, piece_end, offset in self._zone(zone).pieces(first, end):
            days = slice(
                (piece_first + offset) // DAY_MINUTES - int(windows.days[0]),
                (piece_end - 1 + offset) // DAY_MINUTES - int(windows.days[0]) + 1,
            )
            midnights = windows.days[days] * DAY_MINUTES - offset
            begins.append(np.maximum(midnights + windows.opens[days], piece_first))
            ends.append(np.minimum(midnights + windows.closes[days], piece_end))
        all_begins, all_ends = np.concatenate(begins), np.concatenate(ends)
        is_open = all_begins < all_ends
        return all_begins[is_open], all_ends[is_open]


class _Windows(NamedTuple):
    """Local days in order, and when each opens and closes, in minutes after its midnight."""

    days: Minutes
    opens: Minutes
    closes: Minutes


def _window(week: Week, day: int) -> Window:
    """Return the open hours of a local day; a closed one begins and ends at midnight."""
    if any(calendar.holds(day) for calendar in week.calendars):
        return _SHUT
    window = week.windows[day % 7]
    for hours in week.later:
        window = _common(window, hours.window(day))
    return window


def _first_common(spans: Sequence[tuple[Minutes, Minutes]]) -> int | None:
    """Return the first minute that is within a span of each; spans of one never overlap."""
    begins = np.sort(np.concatenate([each for each, _ in spans]))
    ends = np.sort(np.concatenate([each for _, each in spans]))
    # Where a span begins, as many are open as have begun by then and not ended.
    running = np.searchsorted(begins, begins, side="right") - np.searchsorted(ends, begins, side="right")
    common = np.flatnonzero(running == len(spans))
    return int(begins[common[0]]) if len(common) else None
