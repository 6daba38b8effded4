"""Policies, and events about them and about regions."""

from dataclasses import dataclass, field

from dncd.nouns import AttemptOutcome, AttemptScope, Channel, ConsentKind, Mode, Purpose, Unscreened


@dataclass(frozen=True, slots=True)
class RequiredRegistry:
    """A registry that numbers must be screened against. No categories: any; 0 days: no bound."""

    name: str
    max_age_days: int = 0
    categories: frozenset[int] = frozenset()
    listed_days_min: int = 0
    lifted_by: frozenset[ConsentKind] = frozenset()


@dataclass(frozen=True, slots=True)
class AttemptLimit:
    """A bound on attempts in a rolling window. No regions: everywhere; no channels: all of them together."""

    max: int
    per_hours: int
    regions: frozenset[str] = frozenset()
    per: AttemptScope = AttemptScope.NUMBER
    channels: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True)
class Cooldown:
    """A pause after an outcome, in hours or in calendar days. No regions: everywhere; no channels: all together."""

    after: AttemptOutcome
    hours: int = 0
    days: int = 0
    regions: frozenset[str] = frozenset()
    per: AttemptScope = AttemptScope.NUMBER
    channels: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of one campaign or flow. No channels: every channel."""

    name: str
    channels: frozenset[Channel] = frozenset()
    purpose: Purpose = Purpose.MARKETING
    labels: tuple[str, ...] = ()
    require_opt_in: frozenset[Channel] = frozenset()
    mode: Mode = Mode.ENFORCE
    registries: tuple[RequiredRegistry, ...] = ()
    unscreened: Unscreened = Unscreened.UNSCREENED
    calling_hours: tuple[str, ...] = ()
    attempt_limits: tuple[AttemptLimit, ...] = ()
    cooldowns: tuple[Cooldown, ...] = ()
    attempt_packs: tuple[str, ...] = ()
    one_time_permission: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True)
class PolicyApplied:
    """A policy was put in force."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class PolicyDeleted:
    """A policy was taken out of force.

    `tells` is whether its row says where there was none. Rows of older journals do not, and replay as they stand.
    """

    name: str
    tells: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class RegionClosed:
    """A region was closed until a time in milliseconds since 1970 UTC, a whole minute."""

    region: str
    until_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class RegionOpened:
    """A region was opened."""

    region: str
    reason: str = ""
