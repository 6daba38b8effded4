"""Wall clocks of the persons called, read from the time zone database alone."""

from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from model.facts import DAY_MS, HOUR_MS, MINUTE_MS, Hours

# Hours, days and the offsets of zones begin at quarters of an hour.
QUARTER_MS = 15 * MINUTE_MS


def wall(zone: str, time_ms: int) -> datetime:
    return datetime.fromtimestamp(time_ms // 1000, ZoneInfo(zone))


def utc_day(time_ms: int) -> date:
    return wall("UTC", time_ms).date()


def latest_day_on_earth(time_ms: int) -> date:
    """Return the latest day that it is anywhere."""
    return wall("Pacific/Kiritimati", time_ms).date()


def instant(zone: str, day: date, hour: int = 0) -> int:
    """Return when the wall clock of a zone first shows an hour of a day."""
    return int(datetime.combine(day, time(hour), ZoneInfo(zone)).timestamp()) * 1000


def is_open(hours: Hours, zone: str, time_ms: int) -> bool:
    return hours.opens <= wall(zone, time_ms).hour < hours.closes


@cache
def opens_at(hours: Hours, zones: tuple[str, ...], quarter: int) -> int:
    """Return the first instant from a quarter of an hour on at which a rule is open in every zone."""
    while not all(is_open(hours, zone, quarter * QUARTER_MS) for zone in zones):
        quarter += 1
    return quarter * QUARTER_MS


def cools(zones: tuple[str, ...], outcome_ms: int, now_ms: int, hours: int, days: int) -> bool:
    """Tell whether a pause after an outcome still lasts; without a zone a day may have one hour more."""
    if days and zones:
        return any((wall(zone, now_ms).date() - wall(zone, outcome_ms).date()).days < days for zone in zones)
    return now_ms < outcome_ms + (days * DAY_MS + HOUR_MS if days else hours * HOUR_MS)


def cooled_at(zones: tuple[str, ...], outcome_ms: int, hours: int, days: int) -> int:
    """Return the first instant at which a pause after an outcome is over, by trying."""
    if not days or not zones:
        return outcome_ms + (days * DAY_MS + HOUR_MS if days else hours * HOUR_MS)
    return _first(lambda time_ms: not cools(zones, outcome_ms, time_ms, hours, days), outcome_ms)


def _first(holds: Callable[[int], bool], start_ms: int) -> int:
    quarter = start_ms // QUARTER_MS
    while not holds(quarter * QUARTER_MS):
        quarter += 1
    return quarter * QUARTER_MS


def after_months(time_ms: int, months: int) -> int:
    """Return the same day of a later month in UTC, its last day where it has no such day."""
    begun = datetime.fromtimestamp(time_ms // 1000, UTC)
    year, month = begun.year + (begun.month - 1 + months) // 12, (begun.month - 1 + months) % 12 + 1
    later = begun.replace(year=year, month=month, day=min(begun.day, monthrange(year, month)[1]))
    return int(later.timestamp()) * 1000 + time_ms % 1000


def latest_day(zones: Iterable[str], time_ms: int) -> date:
    return max(wall(zone, time_ms).date() for zone in zones)


def next_instant(zone: str, hour: int, now_ms: int) -> int:
    """Return when the wall clock of a zone shows an hour next."""
    day = wall(zone, now_ms).date()
    found = (instant(zone, day + timedelta(days=more), hour) for more in range(3))
    return next(time_ms for time_ms in found if time_ms > now_ms)
