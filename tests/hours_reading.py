"""Calling hours read a second time, straight from `zoneinfo`, `tzdata` and `holidays`, to hold the server's against."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

import holidays

from dncd.nouns import EVERY_PURPOSE, PHONE_CHANNELS
from dncd.rules.pack import Confidence, HoursRule, Window

MINUTE_MS = 60_000
DAY_MS = 86_400_000
ALWAYS = date(1970, 1, 1)


def rule(
    weekdays: str = "08:00-21:00",
    saturday: str | None = None,
    sunday: str | None = None,
    *,
    rule_id: str = "test",
    region: str = "US",
    effective: date = ALWAYS,
    calendar: str = "",
) -> HoursRule:
    """Build a rule; Saturday and Sunday are as weekdays unless told."""
    return HoursRule(
        id=rule_id,
        region=region,
        citation="a statute",
        effective=effective,
        confidence=Confidence.CONFIRMED,
        channels=PHONE_CHANNELS,
        purposes=EVERY_PURPOSE,
        weekdays=window(weekdays),
        saturday=window(saturday or weekdays),
        sunday=window(sunday or weekdays),
        holiday_calendar=calendar,
    )


def window(text: str) -> Window | None:
    if text == "closed":
        return None
    opens, closes = (int(clock[:2]) * 60 + int(clock[3:]) for clock in text.split("-"))
    return Window(opens, closes)


def is_open(hours: HoursRule, zone: str, time_ms: int) -> bool:
    """Read the rule by the wall clock of the zone."""
    wall = wall_time(zone, time_ms)
    if wall.date() < hours.effective:
        return True
    if hours.holiday_calendar and is_holiday(hours.holiday_calendar, wall.date()):
        return False
    day = {5: hours.saturday, 6: hours.sunday}.get(wall.weekday(), hours.weekdays)
    return day is not None and day.opens <= wall.hour * 60 + wall.minute < day.closes


def is_holiday(calendar: str, day: date) -> bool:
    return day in _calendar(calendar)


@cache
def _calendar(calendar: str) -> holidays.HolidayBase:
    country, _, subdivision = calendar.partition("-")
    return holidays.country_holidays(country, subdiv=subdivision or None)


def all_open(rules: Sequence[HoursRule], zones: Sequence[str], time_ms: int) -> bool:
    return all(is_open(hours, zone, time_ms) for hours in rules for zone in zones)


@cache
def clock_of(zone: str) -> ZoneInfo:
    """Return the zone of the package; that of the machine may be older."""
    with (resources.files("tzdata") / "zoneinfo" / zone).open("rb") as file:
        return ZoneInfo.from_file(file)


def wall_time(zone: str, time_ms: int) -> datetime:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)).astimezone(clock_of(zone))


def at_wall(zone: str, *wall: int) -> int:
    """Return the instant of a wall time: year, month, day, hour, minute."""
    year, month, day, hour, minute = wall
    return int(datetime(year, month, day, hour, minute, tzinfo=clock_of(zone)).timestamp()) * 1_000


def at_utc(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000


def zones_of(country: str) -> list[str]:
    """Return the time zones of a country as the time zone database has them."""
    rows = (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text().splitlines()
    return sorted(row.split("\t")[2] for row in rows if row.startswith(country))


@cache
def changes_of_clocks(zone: str, years: range) -> list[int]:
    """Return the instants of some years, to the minute, at which the zone's offset changes."""
    days = range(at_utc(f"{years.start}-01-01"), at_utc(f"{years.stop}-01-01"), DAY_MS)
    return [
        next(at for at in range(day, day + DAY_MS, MINUTE_MS) if _offset(zone, at) != _offset(zone, at - MINUTE_MS))
        for day in days
        if _offset(zone, day - MINUTE_MS) != _offset(zone, day + DAY_MS - MINUTE_MS)
    ]


def _offset(zone: str, time_ms: int) -> timedelta | None:
    return wall_time(zone, time_ms).utcoffset()
