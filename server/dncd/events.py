"""Events: the changes that a store accepts, as plain values with everything not deterministic already resolved."""

from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from dncd.addresses import Target
from dncd.nouns import Channel, EntryReason, Mode, OptInStatus, Purpose, RemovalReason, Role, Source, Unscreened


@dataclass(frozen=True, slots=True)
class Evidence:
    """What proves a change; empty strings where nothing was given."""

    call_id: str = ""
    recording: str = ""
    campaign: str = ""
    reference: str = ""

    def __bool__(self) -> bool:
        return bool(self.call_id or self.recording or self.campaign or self.reference)


NO_EVIDENCE = Evidence()


class AddedEntry(NamedTuple):
    """An entry to be added. Times are milliseconds since 1970 UTC; 0 means at once, and never."""

    target: Target
    label: str
    source: Source
    reason: EntryReason
    note: str = ""
    evidence: Evidence = NO_EVIDENCE
    starts_at_ms: int = 0
    expires_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class EntriesAdded:
    """Entries were added."""

    entries: list[AddedEntry]


class RemovedEntry(NamedTuple):
    """An address to be taken from a label."""

    target: Target
    label: str


@dataclass(frozen=True, slots=True)
class EntriesRemoved:
    """Entries were removed."""

    entries: list[RemovedEntry]
    reason: RemovalReason
    note: str = ""
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class EntriesExpired:
    """The earliest of the entries that ended at the cutoff or before were tidied away, at most `entries_max`."""

    cutoff_ms: int
    entries_max: int


@dataclass(frozen=True, slots=True)
class Label:
    """A label's definition."""

    name: str
    channels: frozenset[Channel]
    purposes: frozenset[Purpose] = frozenset()
    description: str = ""
    built_in: bool = False
    archived: bool = False


@dataclass(frozen=True, slots=True)
class LabelCreated:
    """A label was created."""

    label: Label


@dataclass(frozen=True, slots=True)
class LabelUpdated:
    """A label was replaced."""

    label: Label


@dataclass(frozen=True, slots=True)
class LabelArchived:
    """A label was archived."""

    name: str


@dataclass(frozen=True, slots=True)
class OptInSet:
    """An opt-in status was recorded."""

    target: Target
    status: OptInStatus
    source: Source
    note: str = ""
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class OptInClaimed:
    """The right to send the opt-in request was asked for."""

    target: Target
    campaign: str = ""


@dataclass(frozen=True, slots=True)
class RequiredRegistry:
    """A registry that numbers must be screened against. No categories: any; 0 days: no bound."""

    name: str
    max_age_days: int = 0
    categories: frozenset[int] = frozenset()
    listed_days_min: int = 0


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


@dataclass(frozen=True, slots=True)
class PolicyApplied:
    """A policy was put in force."""

    policy: Policy


@dataclass(frozen=True, slots=True)
class PolicyDeleted:
    """A policy was taken out of force."""

    name: str


@dataclass(frozen=True, slots=True)
class AccountCreated:
    """An account was created; its id is the event's account id."""

    name: str
    default_region: str = ""


@dataclass(frozen=True, slots=True)
class TokenCreated:
    """A token was created."""

    token_id: str
    name: str
    role: Role
    secret_digest: bytes
    expires_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class TokenRevoked:
    """A token was revoked."""

    token_id: str


@dataclass(frozen=True, slots=True)
class RequestsPruned:
    """Request ids of events at the cutoff or before were forgotten; at most `events_max` events were looked at."""

    cutoff_ms: int
    events_max: int


@dataclass(frozen=True, slots=True)
class Registry:
    """An external register: its name, and the prefixes of the numbers that it speaks about, such as +1."""

    name: str
    scope: tuple[str, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that a snapshot was made from; the SHA-256 is in hexadecimal."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One imported version of a registry. No coverage: all that the registry speaks about."""

    registry: str
    id: str
    format: str
    list_date: date
    files: tuple[SourceFile, ...]
    lines: int
    rejects: int
    numbers: int
    coverage: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RegistryCreated:
    """A registry was created."""

    registry: Registry


@dataclass(frozen=True, slots=True)
class SnapshotImported:
    """A snapshot was imported; its files are whole and in place."""

    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class SnapshotActivated:
    """A snapshot was put in force."""

    registry: str
    snapshot: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SnapshotPruned:
    """A snapshot was taken away."""

    registry: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class CoverageGranted:
    """An account may rely on these prefixes of a registry, in place of those before."""

    registry: str
    account: str
    account_id: int
    prefixes: tuple[str, ...]


Change = (
    EntriesAdded
    | EntriesRemoved
    | EntriesExpired
    | LabelCreated
    | LabelUpdated
    | LabelArchived
    | OptInSet
    | OptInClaimed
    | PolicyApplied
    | PolicyDeleted
    | AccountCreated
    | TokenCreated
    | TokenRevoked
    | RequestsPruned
    | RegistryCreated
    | SnapshotImported
    | SnapshotActivated
    | SnapshotPruned
    | CoverageGranted
)


@dataclass(frozen=True, slots=True)
class Draft:
    """A change that asks to be accepted. `request_id` is 16 bytes, or empty."""

    account_id: int
    actor: str
    role: Role
    change: Change
    request_id: bytes = b""
    request_digest: bytes = b""


@dataclass(frozen=True, slots=True)
class Event:
    """A change with its place in the journal and its time in milliseconds since 1970 UTC."""

    position: int
    time_ms: int
    draft: Draft = field(repr=False)
