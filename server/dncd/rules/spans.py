"""When the hours of a rule are open in a time zone, in minutes since the epoch; all changes of clocks end up here.

A day is cut where the zone's offset changes. In a piece with one offset the wall clock runs evenly, so its open
minutes are plain intervals. A wall time that is skipped in spring opens at the first minute past it; one that comes
twice in autumn is open, or closed, both times.
"""

import re
from collections.abc import Hashable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from dncd.rules.pack import HoursRule
from dncd.rules.table import Window

DAY_MINUTES: Final = 24 * 60
WHOLE_DAY: Final = Window(0, DAY_MINUTES)
# The days that can be reckoned with in every zone. What lies beyond is closed.
_DAY_FIRST: Final = 2 - date(1970, 1, 1).toordinal()
_DAY_LAST: Final = date.max.toordinal() - date(1970, 1, 1).toordinal() - 2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)

_ZONE_NAME: Final = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
# Of each zone. Most questions are about today and the days next to it.
_DAYS_KEPT_MAX: Final = 64
# Of all hours in all zones: some 2 MB.
_ANSWERS_KEPT_MAX: Final = 4_096

Span = tuple[int, int]
"""First and end, the end excluded, in minutes since the epoch."""
Piece = tuple[int, int, int]
"""First and end of a piece of a day, and the offset of the wall clock in it."""


def local_day(day: date) -> int:
    """Return the number of a date: days since 1970-01-01."""
    return day.toordinal() - _EPOCH.toordinal()


class Days(Hashable, Protocol):
    """Open hours by local day; equal to itself alone."""

    def window(self, day: int) -> Window | None:
        """Return the open hours of a local day, in days since 1970-01-01; None where it is closed."""


class DaysInEffect:
    """All day from a day on."""

    def __init__(self, since: date) -> None:
        self._since = local_day(since)

    def window(self, day: int) -> Window | None:
        """See `Days`."""
        return WHOLE_DAY if day >= self._since else None


class RuleDays:
    """The hours of a rule. Before it takes effect it closes nothing."""

    def __init__(self, rule: HoursRule) -> None:
        self._since = local_day(rule.effective)
        self._week = (*[rule.weekdays] * 5, rule.saturday, rule.sunday)
        self._calendar = HolidayCalendar(rule.holiday_calendar) if rule.holiday_calendar else None

    def window(self, day: int) -> Window | None:
        """See `Days`."""
        if day < self._since:
            return WHOLE_DAY
        if self._calendar and self._calendar.holds(day):
            return None
        return self._week[(day + 3) % 7]  # 1970-01-01 was a Thursday


class HolidayCalendar:
    """The public holidays of a country or subdivision, as the `holidays` library knows them.

    A day that it lists for every subdivision is one of the country: so it has the substitutes of Australia's Christmas
    and Boxing Day, which each State proclaims. The years that it does not know are holidays throughout. A year costs
    about a millisecond for each subdivision, once.
    """

    def __init__(self, region: str) -> None:
        self._country, _, self._subdivision = region.partition("-")
        self._years: dict[int, frozenset[int]] = {}
        known = holidays.country_holidays(self._country, subdiv=self._subdivision or None)
        self._known = range(known.start_year, known.end_year + 1)

    def holds(self, day: int) -> bool:
        """Tell whether a local day is a holiday."""
        year = date.fromordinal(day + _EPOCH.toordinal()).year
        return year not in self._known or day in self._days_of(year)

    def _days_of(self, year: int) -> frozenset[int]:
        days = self._years.get(year)
        if days is None:
            # One year at a time: the library's own calendars change while they are read, and threads share this one.
            days = self._years[year] = frozenset(
                map(local_day, self._listed(year, self._subdivision) | self._everywhere(year))
            )
        return days

    def _everywhere(self, year: int) -> set[date]:
        parts = () if self._subdivision else holidays.list_supported_countries().get(self._country, ())
        return set.intersection(*(self._listed(year, part) for part in parts)) if parts else set()

    def _listed(self, year: int, part: str) -> set[date]:
        return set(holidays.country_holidays(self._country, subdiv=part or None, years=year, expand=False))


@cache
def load_zone(name: str) -> ZoneInfo:
    """Read a time zone from the `tzdata` package.

    Not from the machine: its files may be years old, and clocks that a country no longer changes would then permit
    contact at night. Raises `ZoneInfoNotFoundError` for a name that the package does not have.
    """
    try:
        if not _ZONE_NAME.fullmatch(name):
            raise FileNotFoundError(name)
        with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
            return ZoneInfo.from_file(file, key=name)
    except (OSError, ValueError) as error:  # no such file; a file that is no zone
        raise ZoneInfoNotFoundError(f"no time zone is named {name}") from error


class Zone:
    """The wall clock of a time zone. Raises `ZoneInfoNotFoundError` for a name that nobody knows."""

    def __init__(self, name: str) -> None:
        self._zone = load_zone(name)
        self._even_pieces = lru_cache(maxsize=_DAYS_KEPT_MAX)(self._cut)

    def open_spans(self, days: Days, day: int) -> tuple[Span, ...]:
        """Return the open minutes of a UTC day as half-open spans, in order."""
        if not _DAY_FIRST <= day <= _DAY_LAST:
            return ()
        return tuple(
            span for first, end, offset in self._even_pieces(day) for span in _spans_of_piece(days, first, end, offset)
        )

    def _cut(self, day: int) -> tuple[Piece, ...]:
        """Cut at the changes of the offset: since 1970 no zone has changed it there and back within a day."""
        first, end = day * DAY_MINUTES, (day + 1) * DAY_MINUTES
        last = self._offset(end - 1)
        pieces = []
        while (offset := self._offset(first)) != last:
            change = self._first_with_another(offset, first, end - 1)
            pieces.append((first, change, offset))
            first = change
        return (*pieces, (first, end, last))

    def _first_with_another(self, offset: int, first: int, last: int) -> int:
        """Halve between a minute that has the offset and a later one that has another."""
        while last - first > 1:
            middle = (first + last) // 2
            first, last = (middle, last) if self._offset(middle) == offset else (first, middle)
        return last

    def _offset(self, minute: int) -> int:
        offset = (_EPOCH + minute * _MINUTE).astimezone(self._zone).utcoffset()
        assert offset is not None, "a time in a zone has an offset"
        return offset // _MINUTE


def _spans_of_piece(days: Days, first: int, end: int, offset: int) -> Iterator[Span]:
    for day in range((first + offset) // DAY_MINUTES, (end - 1 + offset) // DAY_MINUTES + 1):
        window = days.window(day)
        if window is not None:
            midnight = day * DAY_MINUTES - offset
            opens, closes = max(first, midnight + window.opens), min(end, midnight + window.closes)
            if opens < closes:
                yield opens, closes


class Spans:
    """The open spans of any hours in any zone, by UTC day. Keeps its latest answers; threads may share it."""

    def __init__(self) -> None:
        self._zone = lru_cache(maxsize=None)(Zone)
        self._of_day = lru_cache(maxsize=_ANSWERS_KEPT_MAX)(self._find)

    def _find(self, days: Days, zone: str, day: int) -> tuple[Span, ...]:
        return self._zone(zone).open_spans(days, day)

    def is_open(self, days: Days, zone: str, minute: int) -> bool:
        """Tell whether a minute is open."""
        return any(opens <= minute < closes for opens, closes in self._of_day(days, zone, minute // DAY_MINUTES))

    def opens_at(self, days: Days, zone: str, minute: int, minute_max: int) -> int | None:
        """Return the first open minute from `minute` on, up to `minute_max`; None where there is none."""
        for day in range(minute // DAY_MINUTES, minute_max // DAY_MINUTES + 1):
            for opens, closes in self._of_day(days, zone, day):
                if closes > minute:
                    first = max(opens, minute)
                    return first if first <= minute_max else None
        return None
