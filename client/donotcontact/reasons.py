"""What a verdict rests on, as values that do not change."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Self, TypeVar

from donotcontact.moments import moment_of
from donotcontact.v1 import verdict_pb2
from donotcontact.v1.verdict_pb2 import Finding

ValueT = TypeVar("ValueT")


class Open(IntEnum):
    """An enum that keeps the numbers of a later server, named `UNKNOWN_n`."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, int):
            return None
        member = int.__new__(cls, value)
        member._name_ = f"UNKNOWN_{value}"
        member._value_ = value
        return member


class ConsentKind(Open):
    """What kind of evidence a consent is."""

    UNSPECIFIED = 0
    EXPRESS_WRITTEN = 1
    EXPRESS = 2
    BUSINESS_RELATIONSHIP = 3
    INQUIRY = 4


class Scope(Open):
    """What attempts are counted by."""

    UNSPECIFIED = 0
    NUMBER = 1
    CONTACT = 2
    DEBT = 3


class Outcome(Open):
    """What became of an attempt."""

    UNSPECIFIED = 0
    PENDING = 1
    NO_ANSWER = 2
    CONVERSATION = 3
    ABANDONED = 4
    RELEASED = 5


@dataclass(frozen=True, slots=True)
class LegalRule:
    """The legal rule that a reason rests on; `id` and `pack` are empty where the policy itself spells it out."""

    id: str
    pack: str
    citation: str
    region: str
    time_zone: str

    @classmethod
    def of(cls, finding: Finding) -> Self | None:
        """Read it from a finding; None where the finding has none."""
        if not finding.HasField("legal_rule"):
            return None
        rule = finding.legal_rule
        return cls(rule.id, rule.pack, rule.citation, rule.region, rule.time_zone)


@dataclass(frozen=True, slots=True)
class AttemptCount:
    """The attempts that a reason rests on, claims included, and the limit or cool-down that counts them.

    `max` 0 is a cool-down, of `per_hours` or of `days` by the calendar. `channels` are numbers of `Channel`; none: all
    together. No regions: everywhere.
    """

    attempts: int
    max: int
    per_hours: int
    per: Scope
    after: Outcome
    days: int = 0
    channels: tuple[int, ...] = ()
    regions: tuple[str, ...] = ()

    @classmethod
    def of(cls, finding: Finding) -> Self | None:
        """Read it from a finding; None where the finding has none."""
        if not finding.HasField("attempts"):
            return None
        count = finding.attempts
        return cls(
            attempts=count.attempts,
            max=count.max,
            per_hours=count.per_hours,
            per=Scope(count.per),
            after=Outcome(count.after),
            days=count.days,
            channels=tuple(map(int, count.channels)),
            regions=tuple(count.regions),
        )


@dataclass(frozen=True, slots=True)
class LiftingConsent:
    """The consent that lifted a registry match. `expires_at` None: it does not end, or the answer does not say."""

    kind: ConsentKind
    given_at: datetime | None
    expires_at: datetime | None
    event_position: int

    @classmethod
    def of(cls, finding: Finding) -> Self | None:
        """Read it from a finding; None where the finding has none."""
        if not finding.HasField("lifted_by"):
            return None
        lifted = finding.lifted_by
        given = moment_of(lifted.given_at) if lifted.HasField("given_at") else None
        ends = moment_of(lifted.expires_at) if lifted.HasField("expires_at") else None
        return cls(ConsentKind(lifted.kind), given, ends, lifted.event_position)


def first(read: Callable[[Finding], ValueT | None], findings: Iterable[Finding]) -> ValueT | None:
    """Return what the strongest enforced finding tells; what a SHADOW policy only reports does not count."""
    values = (read(finding) for finding in findings if not finding.shadow)
    return next((value for value in values if value is not None), None)


def rule_name(rule: int) -> str:
    """Return the name of a rule without its prefix, such as CALLING_HOURS; UNKNOWN_99 for one that is not known."""
    value = verdict_pb2.Rule.DESCRIPTOR.values_by_number.get(rule)
    return value.name.removeprefix("RULE_") if value else f"UNKNOWN_{rule}"
