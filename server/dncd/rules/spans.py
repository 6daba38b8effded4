"""The open hours of local days, and the wall clocks of time zones; all changes of clocks end up here.

Time is cut where a zone's offset changes. In a piece with one offset the wall clock runs evenly, so its open minutes
are plain intervals. A wall time that is skipped in spring opens at the first minute past it; one that comes twice in
autumn is open, or closed, both times.
"""

import re
from collections.abc import Hashable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from importlib import resources
from itertools import chain, groupby
from operator import itemgetter
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from dncd.rules.pack import HoursRule
from dncd.rules.table import Window

DAY_MINUTES: Final = 24 * 60
WHOLE_DAY: Final = Window(0, DAY_MINUTES)
# The days that can be reckoned with in every zone. What lies beyond is closed.
DAY_FIRST: Final = 2 - date(1970, 1, 1).toordinal()
DAY_LAST: Final = date.max.toordinal() - date(1970, 1, 1).toordinal() - 2
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)

_ZONE_NAME: Final = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*")
# Of each zone. Most questions are about today and the days next to it.
_DAYS_KEPT_MAX: Final = 64
_BLOCK_DAYS: Final = 64
_BLOCKS_KEPT_MAX: Final = 16

_OFFSET: Final = itemgetter(2)

Piece = tuple[int, int, int]
"""First and end of a piece of time in minutes since the epoch, the end excluded, and the wall clock's offset in it."""


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
        self.since = local_day(since)

    def window(self, day: int) -> Window | None:
        """See `Days`."""
        return WHOLE_DAY if day >= self.since else None


class RuleDays:
    """The hours of a rule: those of a week, except on the days of a calendar. Before `since` it closes nothing."""

    def __init__(self, rule: HoursRule) -> None:
        self.since = local_day(rule.effective)
        # 1970-01-01, day 0, was a Thursday.
        self.week = (*[rule.weekdays] * 2, rule.saturday, rule.sunday, *[rule.weekdays] * 3)
        self.calendar = calendar_of(rule.holiday_calendar) if rule.holiday_calendar else None

    def window(self, day: int) -> Window | None:
        """See `Days`."""
        if day < self.since:
            return WHOLE_DAY
        if self.calendar and self.calendar.holds(day):
            return None
        return self.week[day % 7]


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
def calendar_of(region: str) -> HolidayCalendar:
    """Return the calendar of a region, the same each time: it keeps the years that it worked out."""
    return HolidayCalendar(region)


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
        self._pieces_of_day = lru_cache(maxsize=_DAYS_KEPT_MAX)(self._cut)
        self._pieces_of_block = lru_cache(maxsize=_BLOCKS_KEPT_MAX)(self._cut_block)

    def wall(self, minute: int) -> tuple[int, int] | None:
        """Return the local day and the minute of that day by the wall clock; None for what cannot be reckoned with."""
        day = minute // DAY_MINUTES
        if not DAY_FIRST <= day <= DAY_LAST:
            return None
        offset = next(offset for _, end, offset in self._pieces_of_day(day) if minute < end)
        return divmod(minute + offset, DAY_MINUTES)

    def pieces(self, first: int, end: int) -> Iterator[Piece]:
        """Yield the pieces of some time, in order, without what cannot be reckoned with."""
        first, end = max(first, DAY_FIRST * DAY_MINUTES), min(end, (DAY_LAST + 1) * DAY_MINUTES)
        block_minutes = _BLOCK_DAYS * DAY_MINUTES
        blocks = map(self._pieces_of_block, range(first // block_minutes, -(-end // block_minutes)))
        for begins, ends, offset in _one_of_each_offset(chain.from_iterable(blocks)):
            if begins < end and ends > first:
                yield max(begins, first), min(ends, end), offset

    def _cut_block(self, block: int) -> tuple[Piece, ...]:
        """Cut the days of a block at changes of the offset, which costs some 0.1 ms."""
        days = range(max(block * _BLOCK_DAYS, DAY_FIRST), min((block + 1) * _BLOCK_DAYS, DAY_LAST + 1))
        offsets = [self._offset(day * DAY_MINUTES) for day in (*days, days.stop)]
        pieces: list[Piece] = []
        for day, offset, next_offset in zip(days, offsets, offsets[1:], strict=False):
            whole = (day * DAY_MINUTES, (day + 1) * DAY_MINUTES, offset)
            pieces += (whole,) if offset == next_offset else self._cut(day)
        return tuple(_one_of_each_offset(pieces))

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


def _one_of_each_offset(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Put pieces together that follow each other with the same offset."""
    for offset, each in groupby(pieces, _OFFSET):
        same = list(each)
        yield same[0][0], same[-1][1], offset
