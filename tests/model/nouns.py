"""The nouns of the reference model."""

import math
from dataclasses import dataclass, field

from model.facts import (
    ACTIVE,
    CODE_UNREAD,
    EXPIRED,
    NORTH_AMERICA,
    NOWHERE,
    PACK_BOUNDS,
    PENDING,
    PLACES,
    POSTAL,
    SCHEDULED,
    SMS,
    TOO_LITTLE,
    UNREAD_CODES,
    UNREAD_ZONES,
    ZONE_UNREAD,
    Bound,
    Place,
)


class Refused(Exception):
    """The model expects one of these error reasons."""

    def __init__(self, *reasons: str) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


@dataclass(frozen=True)
class Row:
    """An address to be asked about, with what a caller knows of the person."""

    address: str
    time_zone: str = ""
    postal_code: str = ""
    contact_id: str = ""
    debt_id: str = ""

    @property
    def place(self) -> Place:
        """Return where the person may be: the row's own zone first, then the postal code's, then the number's."""
        place = PLACES.get(self.address, NOWHERE)
        if place == NOWHERE:
            return place
        if self.unread:
            return Place(place.regions | (NORTH_AMERICA if self.postal_code in UNREAD_CODES else frozenset()))
        postal = next((there for code, there in POSTAL.items() if code in self.postal_code), NOWHERE)
        zones = postal.zones or place.zones
        if self.time_zone in TOO_LITTLE:
            zones = tuple(sorted({self.time_zone, *zones}))
        elif self.time_zone:
            zones = (self.time_zone,)
        return Place(place.regions | postal.regions, zones)

    @property
    def unread(self) -> str:
        """Return what nobody can read of the row."""
        if self.postal_code in UNREAD_CODES:
            return CODE_UNREAD
        return ZONE_UNREAD if self.time_zone in UNREAD_ZONES else ""


@dataclass(frozen=True)
class Entry:
    target: str
    label: str
    source: int
    reason: int
    starts_ms: int
    ends_ms: float
    recorded_ms: int
    position: int
    note: str
    # Of the one that STOP makes: the channels on which it was said.
    said_on: frozenset[int] = frozenset()

    def state(self, now_ms: int) -> int:
        if now_ms < self.starts_ms:
            return SCHEDULED
        return ACTIVE if now_ms < self.ends_ms else EXPIRED


@dataclass(frozen=True)
class Label:
    channels: frozenset[int]
    purposes: frozenset[int] = frozenset()
    archived: bool = False
    built_in: bool = False


@dataclass(frozen=True)
class Required:
    """A registry that a policy requires."""

    name: str
    max_age_days: int = 0
    lifted_by: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Policy:
    channels: frozenset[int] = frozenset()
    purpose: int = 1
    labels: tuple[str, ...] = ()
    opt_in: bool = False
    shadow: bool = False
    registries: tuple[Required, ...] = ()
    unscreened_blocks: bool = False
    hours: tuple[str, ...] = ()
    limits: tuple[Bound, ...] = ()
    cooldowns: tuple[Bound, ...] = ()
    attempt_packs: tuple[str, ...] = ()
    permission: frozenset[int] = frozenset()

    @property
    def counts_attempts(self) -> bool:
        return bool(self.limits or self.cooldowns or self.attempt_packs)

    @property
    def is_sound(self) -> bool:
        """Tell whether all that it asks is about its channels and its purpose."""
        asks = SMS in self.channels or not self.channels or not self.opt_in
        return asks and all(self.is_bound_by(pack) for pack in self.attempt_packs)

    def is_bound_by(self, pack: str) -> bool:
        return any(
            bound.pack == pack
            and self.purpose in bound.purposes
            and (not self.channels or not bound.channels or bool(self.channels & bound.channels))
            for bound in PACK_BOUNDS
        )


@dataclass(frozen=True)
class OptIn:
    status: int
    source: int
    recorded_ms: int
    position: int
    # Of REJECTED: the channels of the STOPs that made it.
    said_on: frozenset[int] = frozenset()


@dataclass(frozen=True)
class ConsentKey:
    """What consents have in common of which only the one that ends last stands."""

    address: str
    kind: int
    channels: frozenset[int]
    purpose: int
    policy: str


@dataclass(frozen=True)
class Consent:
    source: int
    given_ms: int
    ends_ms: float
    recorded_ms: int
    position: int


@dataclass(frozen=True)
class Revocation:
    """What a person took back: consents from before do not come back. No purposes are all of them."""

    address: str
    channels: frozenset[int]
    purposes: frozenset[int]
    at_ms: int


@dataclass(frozen=True)
class Permission:
    """Permission for one send; one that confirms passes what the very message stopped that made it."""

    row: Row
    channel: int
    policy: str
    confirms: bool
    ends_ms: int
    used: bool = False


@dataclass(frozen=True)
class Waiting:
    """A message that waits for a person's decision."""

    address: str
    channel: int
    recorded_ms: int


@dataclass(frozen=True)
class Closing:
    until_ms: int
    reason: str
    closed_ms: int
    position: int


@dataclass
class Attempt:
    row: Row
    channel: int
    reserved_ms: int
    lease_ends_ms: int
    outcome: int = PENDING
    # When each outcome was told; a weaker one that came before stays known.
    told_ms: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """One reason. `loose` holds the evidence of which the contract permits several, and all that it permits."""

    rule: int
    verdict: int
    label: str = ""
    source: int = 0
    target: str = ""
    recorded_ms: int = 0
    ends_ms: float = math.inf
    position: int = 0
    shadow: bool = False
    subject: str = ""
    citation: str = ""
    retry_ms: int = 0
    attempts: tuple[int, ...] = ()
    lifted: bool = False
    # The channels and regions of the limit that counts attempts.
    where: tuple[frozenset[object], ...] = (frozenset(), frozenset())
    loose: frozenset[object] = field(default=frozenset(), compare=False)
