"""One TOML table of a rule pack, read strictly: what it does not know, it refuses with the path of the key."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from enum import IntEnum, StrEnum
from typing import Any, Final, NamedTuple, Self, TypeVar

import holidays
from phonenumbers import SUPPORTED_REGIONS

_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24(?=:00)):([0-5]\d)")
_REGION: Final = re.compile(r"([A-Z]{2})(?:-([A-Z0-9]{1,3}))?")
_ANY_REGION: Final = "any"
_ID: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_NUMBER_MAX: Final = 10_000
_Choice = TypeVar("_Choice", bound=IntEnum)
_Word = TypeVar("_Word", bound=StrEnum)


class PackInvalid(ValueError):
    """A pack cannot be read; the message names the file and the key."""


class Window(NamedTuple):
    """The open hours of a day: minutes after midnight by the wall clock, the second one excluded."""

    opens: int
    closes: int

    def __str__(self) -> str:
        return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in self)


class Table:
    """One TOML table, whose keys are taken one by one; every fault names the file and the path of the key."""

    def __init__(self, path: str, content: dict[str, Any]) -> None:
        self._path = path
        self._content = dict(content)

    def invalid(self, key: str, fault: str) -> PackInvalid:
        """Build the error of a key."""
        return PackInvalid(f"{self._path}{key}: {fault}")

    def take(self, key: str, kind: type, expected: str) -> Any:
        """Return a value of exactly this type."""
        if key not in self._content:
            raise self.invalid(key, "is missing")
        value = self._content.pop(key)
        if type(value) is not kind:  # bool is an int, and a moment is a date
            raise self.invalid(key, f"expected {expected}")
        return value

    def text(self, key: str) -> str:
        """Return a text that is not blank."""
        value: str = self.take(key, str, "text")
        if not value.strip():
            raise self.invalid(key, "is empty")
        return value

    def day(self, key: str) -> date:
        """Return a date without a time of day."""
        value: date = self.take(key, date, "a date, such as 2027-01-31")
        return value

    def number(self, key: str) -> int:
        """Return a whole number from 1 on."""
        value: int = self.take(key, int, "a whole number")
        if not 1 <= value <= _NUMBER_MAX:
            raise self.invalid(key, f"expected 1 to {_NUMBER_MAX:,}")
        return value

    def number_or_zero(self, key: str) -> int:
        """Return a whole number from 1 on, or 0 where there is no such key."""
        return self.number(key) if key in self._content else 0

    def matching(self, key: str, pattern: re.Pattern[str], expected: str) -> str:
        """Return a text of a pattern; `expected` names the pattern."""
        value = self.text(key)
        if not pattern.fullmatch(value):
            raise self.invalid(key, f'"{value}" is not {expected}')
        return value

    def identifier(self, key: str) -> str:
        """Return the id of a rule."""
        return self.matching(key, _ID, "small letters, digits and single hyphens")

    def region(self, key: str) -> str:
        """Return a country or subdivision in ISO 3166 that is known."""
        value = self.matching(key, _REGION, "a country or subdivision of ISO 3166")
        country, _, subdivision = value.partition("-")
        known = country in SUPPORTED_REGIONS and (
            not subdivision or subdivision in holidays.list_supported_countries().get(country, ())
        )
        if not known:
            raise self.invalid(key, f'"{value}" is not a country or subdivision of ISO 3166')
        return value

    def region_or_any(self, key: str) -> str:
        """Return a region as `region` does; nothing where a rule holds in any."""
        if self._content.get(key) == _ANY_REGION:
            del self._content[key]
            return ""
        return self.region(key)

    def calendar(self) -> str:
        """Return the calendar whose holidays are closed, or nothing where they are days like others."""
        if "holidays" not in self._content and "holiday_calendar" not in self._content:
            return ""
        if self.text("holidays") != "closed":
            raise self.invalid("holidays", 'expected "closed", or no such key')
        calendar = self.region("holiday_calendar")
        if calendar.partition("-")[0] not in holidays.list_supported_countries():
            raise self.invalid("holiday_calendar", f'no calendar of "{calendar}" is known')
        return calendar

    def window(self, key: str) -> Window | None:
        """Return the hours of a kind of day; None where it is closed."""
        text = self.text(key)
        if text == "closed":
            return None
        clock = _CLOCK.fullmatch(text)
        if not clock:
            raise self.invalid(key, f'"{text}" is neither "closed" nor hours such as "08:00-20:00"')
        hours = [int(part) for part in clock.groups()]
        window = Window(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])
        if window.opens >= window.closes:
            raise self.invalid(key, f'"{text}" ends before it begins')
        return window

    def choice(self, key: str, choices: Iterable[_Choice]) -> _Choice:
        """Return the one of `choices` that is named."""
        return self._named(key, self.text(key), choices)

    def choices(self, key: str, choices: Iterable[_Choice], default: frozenset[_Choice]) -> frozenset[_Choice]:
        """Return those of `choices` that are named, or the default where there is no such key."""
        if key not in self._content:
            return default
        names = self.take(key, list, "a list of names")
        chosen = frozenset(self._named(key, name, choices) for name in names)
        if not chosen or len(chosen) != len(names):
            raise self.invalid(key, "expected at least one name, each once")
        return chosen

    def _named(self, key: str, name: object, choices: Iterable[_Choice]) -> _Choice:
        for choice in choices:
            if choice.name == name:
                return choice
        raise self.invalid(key, f"expected one of {', '.join(choice.name for choice in choices)}")

    def word(self, key: str, words: type[_Word]) -> _Word:
        """Return the one of `words` that is written."""
        text = self.text(key)
        if text not in tuple(words):
            raise self.invalid(key, f"expected one of {', '.join(words)}")
        return words(text)

    def each(self, key: str) -> Iterator[Self]:
        """Yield the tables of an array; each must have been read whole when the next is asked for."""
        for place, content in enumerate(self.take(key, list, f"[[{key}]]") if key in self._content else ()):
            yield from self._inner(f"{key}[{place}]", content)

    def one(self, key: str) -> Iterator[Self]:
        """Yield the table of a key, if there is one."""
        if key in self._content:
            yield from self._inner(key, self._content.pop(key))

    def _inner(self, key: str, content: object) -> Iterator[Self]:
        if not isinstance(content, dict):
            raise self.invalid(key, "expected a table")
        inner = type(self)(f"{self._path}{key}.", content)
        yield inner
        inner.refuse_the_rest()

    def refuse_the_rest(self) -> None:
        """Refuse the keys that nobody took."""
        for key in self._content:
            raise self.invalid(key, "is not known here")
