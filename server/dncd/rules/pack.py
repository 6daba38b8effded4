"""Rule packs: what the law of a region asks beside lists, read from the TOML files beside this module."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib import resources
from typing import Any, Final

from dncd.nouns import EVERY_PURPOSE, PHONE_CHANNELS, AttemptOutcome, AttemptScope, Channel, ConsentKind, Purpose
from dncd.rules.table import PackInvalid, Table, Window

__all__ = [
    "Confidence",
    "ConsentTerm",
    "CooldownRule",
    "HoursRule",
    "LimitRule",
    "Pack",
    "PackInvalid",
    "PackRule",
    "Revocation",
    "Window",
    "load_packs",
    "read_pack",
]

_COOLDOWN_AFTER: Final = (AttemptOutcome.CONVERSATION, AttemptOutcome.ABANDONED)
_CONSENT_TERMS: Final = (ConsentKind.BUSINESS_RELATIONSHIP, ConsentKind.INQUIRY)


class Confidence(StrEnum):
    """How well a rule is known."""

    CONFIRMED = "confirmed"
    SECOND_HAND = "second-hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackRule:
    """What every rule has. It binds from `effective` on, in its region, on its channels, for its purposes.

    The id is unique in all packs. The region is a country or subdivision in ISO 3166, such as "US" or "US-FL"; a limit
    or a cool-down may have none: it holds wherever a number is.
    """

    id: str
    region: str
    citation: str
    effective: date
    confidence: Confidence
    channels: frozenset[Channel]
    purposes: frozenset[Purpose]


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursRule(PackRule):
    """The hours at which persons may be contacted, by their own clock. None: not on such a day.

    `holiday_calendar` names a calendar of the `holidays` library, whose days are closed: "AU" the national holidays,
    "US-AL" those of the subdivision too. Empty: holidays are days like others.
    """

    weekdays: Window | None
    saturday: Window | None
    sunday: Window | None
    holiday_calendar: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitRule(PackRule):
    """At most `max` attempts in any `per_hours` hours; `per` says what they are counted by."""

    max: int
    per_hours: int
    per: AttemptScope


@dataclass(frozen=True, slots=True, kw_only=True)
class CooldownRule(PackRule):
    """No attempt for so many hours, or calendar days, after an outcome; the outcome's day is day 1."""

    after: AttemptOutcome
    hours: int = 0
    days: int = 0
    per: AttemptScope


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentTerm(PackRule):
    """How many months a consent of a kind lasts from the day that gave rise to it."""

    kind: ConsentKind
    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Revocation(PackRule):
    """From when on the revocation of one consent ends the consents to every purpose."""

    all_purposes_from: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """The rules of one file, in its order; the name is that of the file."""

    name: str
    title: str
    hours: tuple[HoursRule, ...] = ()
    limits: tuple[LimitRule, ...] = ()
    cooldowns: tuple[CooldownRule, ...] = ()
    consents: tuple[ConsentTerm, ...] = ()
    revocation: Revocation | None = None

    def rules(self) -> tuple[PackRule, ...]:
        """Return every rule, of every kind."""
        revocations = (self.revocation,) if self.revocation else ()
        return (*self.hours, *self.limits, *self.cooldowns, *self.consents, *revocations)


def load_packs() -> dict[str, Pack]:
    """Read every pack that comes with the server, by name, in the order of names.

    Raises `PackInvalid`. Costs some 10 ms, and 200 ms where it is the first use of `holidays`.
    """
    files = (resources.files("dncd.rules") / "packs").iterdir()
    texts = {file.name.removesuffix(".toml"): file.read_text("utf-8") for file in files if file.name.endswith(".toml")}
    packs = [read_pack(name, text) for name, text in sorted(texts.items())]
    _refuse_repeated_ids(packs)
    return {pack.name: pack for pack in packs}


def read_pack(name: str, text: str) -> Pack:
    """Read one pack from TOML. Raises `PackInvalid` for anything that it does not know."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PackInvalid(f"{name}.toml: {error}") from error
    table = Table(f"{name}.toml: ", content)
    pack = Pack(
        name=name,
        title=table.text("title"),
        hours=tuple(_hours(rule) for rule in table.each("hours")),
        limits=tuple(_limit(rule) for rule in table.each("limits")),
        cooldowns=tuple(_cooldown(rule) for rule in table.each("cooldowns")),
        consents=tuple(_consent(rule) for rule in table.each("consent")),
        revocation=next((_revocation(rule) for rule in table.one("revocation")), None),
    )
    table.refuse_the_rest()
    _refuse_repeated_ids([pack])
    return pack


def _refuse_repeated_ids(packs: Iterable[Pack]) -> None:
    seen: dict[str, str] = {}
    for pack in packs:
        for rule in pack.rules():
            if rule.id in seen:
                raise PackInvalid(f"{pack.name}.toml: id: {rule.id} is a rule of {seen[rule.id]}.toml already")
            seen[rule.id] = pack.name


def _head(table: Table, *, anywhere: bool = False) -> dict[str, Any]:
    return {
        "id": table.identifier("id"),
        "region": table.region_or_any("region") if anywhere else table.region("region"),
        "citation": table.text("citation"),
        "effective": table.day("effective"),
        "confidence": table.word("confidence", Confidence),
        "channels": table.choices("channels", Channel, PHONE_CHANNELS),
        "purposes": table.choices("purposes", Purpose, EVERY_PURPOSE),
    }


def _hours(table: Table) -> HoursRule:
    return HoursRule(
        **_head(table),
        weekdays=table.window("weekdays"),
        saturday=table.window("saturday"),
        sunday=table.window("sunday"),
        holiday_calendar=table.calendar(),
    )


def _limit(table: Table) -> LimitRule:
    return LimitRule(
        **_head(table, anywhere=True),
        max=table.number("max"),
        per_hours=table.number("per_hours"),
        per=table.choice("per", AttemptScope),
    )


def _cooldown(table: Table) -> CooldownRule:
    hours, days = table.number_or_zero("hours"), table.number_or_zero("days")
    if bool(hours) == bool(days):
        raise table.invalid("hours", "expected either hours or days")
    after = table.choice("after", _COOLDOWN_AFTER)
    head = _head(table, anywhere=True)
    return CooldownRule(**head, after=after, hours=hours, days=days, per=table.choice("per", AttemptScope))


def _consent(table: Table) -> ConsentTerm:
    return ConsentTerm(**_head(table), kind=table.choice("kind", _CONSENT_TERMS), months=table.number("months"))


def _revocation(table: Table) -> Revocation:
    return Revocation(**_head(table), all_purposes_from=table.day("all_purposes_from"))
