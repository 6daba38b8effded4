"""Rules of packs in words, for people."""

from typing import Final

from dncd.nouns import EVERY_PURPOSE, PHONE_CHANNELS
from dncd.rules.pack import ConsentTerm, CooldownRule, HoursRule, LimitRule, PackRule, Revocation, Window

_KINDS: Final = {
    HoursRule: "hours",
    LimitRule: "limit",
    CooldownRule: "cooldown",
    ConsentTerm: "consent",
    Revocation: "revocation",
}


def kind_of(rule: PackRule) -> str:
    """Name what a rule bounds."""
    return _KINDS[type(rule)]


def sentence(rule: PackRule) -> str:
    """Say what a rule says, and for which channels and purposes where it is not for all."""
    return f"{_says(rule)}{_only(rule)}."


def _says(rule: PackRule) -> str:
    if isinstance(rule, HoursRule):
        return _hours(rule)
    if isinstance(rule, LimitRule):
        return f"At most {rule.max} attempts in {rule.per_hours} hours by {rule.per.name.lower()}"
    if isinstance(rule, CooldownRule):
        length = f"{rule.hours} hours" if rule.hours else f"{rule.days} calendar days, its own day included,"
        return f"None for {length} after {rule.after.name.lower()} by {rule.per.name.lower()}"
    if isinstance(rule, ConsentTerm):
        return f"{rule.kind.name} lasts {rule.months} months"
    assert isinstance(rule, Revocation), "every kind of rule is named above"
    return f"From {rule.all_purposes_from.isoformat()} on, who revokes for one purpose revokes for all"


def _hours(rule: HoursRule) -> str:
    days = [("Monday to Friday", rule.weekdays), ("Saturday", rule.saturday), ("Sunday", rule.sunday)]
    said = ", ".join(f"{name} {_window(window)}" for name, window in days)
    return said + (f", none on the holidays of {rule.holiday_calendar}" if rule.holiday_calendar else "")


def _window(window: Window | None) -> str:
    return str(window) if window else "none"


def _only(rule: PackRule) -> str:
    only = ""
    if rule.channels != PHONE_CHANNELS:
        only += f", on {', '.join(channel.name for channel in sorted(rule.channels))}"
    if rule.purposes != EVERY_PURPOSE:
        only += f", for {', '.join(purpose.name for purpose in sorted(rule.purposes))}"
    return only
