"""Events: the changes that a store accepts, as plain values with everything not deterministic already resolved."""

from dataclasses import dataclass, field

from dncd.events.accounts import AccountChanged, AccountCreated, RequestsPruned, TokenCreated, TokenRevoked
from dncd.events.attempts import (
    AttemptsCompleted,
    AttemptsPruned,
    AttemptsReserved,
    ClaimedAttempt,
    ClaimLimit,
    CompletedAttempt,
)
from dncd.events.consents import (
    ConsentRecorded,
    ConsentRevoked,
    InboundMessageRecorded,
    OptInClaimed,
    OptInSet,
    PermissionAnswered,
    ReviewDecided,
    SendClaimed,
)
from dncd.events.entries import (
    AddedEntry,
    EntriesAdded,
    EntriesExpired,
    EntriesRemoved,
    Label,
    LabelArchived,
    LabelCreated,
    LabelUpdated,
    RemovedEntry,
)
from dncd.events.evidence import NO_EVIDENCE, Evidence
from dncd.events.policies import (
    AttemptLimit,
    Cooldown,
    Policy,
    PolicyApplied,
    PolicyDeleted,
    RegionClosed,
    RegionOpened,
    RequiredRegistry,
)
from dncd.events.registries import (
    CoverageGranted,
    Listed,
    Registry,
    RegistryCreated,
    Snapshot,
    SnapshotActivated,
    SnapshotImported,
    SnapshotPruned,
    SourceFile,
)
from dncd.nouns import Role

__all__ = [
    "ATTEMPT_CHANGES",
    "NO_EVIDENCE",
    "AccountChanged",
    "AccountCreated",
    "AddedEntry",
    "AttemptChange",
    "AttemptLimit",
    "AttemptsCompleted",
    "AttemptsPruned",
    "AttemptsReserved",
    "Change",
    "ClaimLimit",
    "ClaimedAttempt",
    "CompletedAttempt",
    "ConsentRecorded",
    "ConsentRevoked",
    "Cooldown",
    "CoverageGranted",
    "Draft",
    "EntriesAdded",
    "EntriesExpired",
    "EntriesRemoved",
    "Event",
    "Evidence",
    "InboundMessageRecorded",
    "Label",
    "LabelArchived",
    "LabelCreated",
    "LabelUpdated",
    "Listed",
    "OptInClaimed",
    "OptInSet",
    "PermissionAnswered",
    "Policy",
    "PolicyApplied",
    "PolicyDeleted",
    "RegionClosed",
    "RegionOpened",
    "Registry",
    "RegistryCreated",
    "RemovedEntry",
    "RequestsPruned",
    "RequiredRegistry",
    "ReviewDecided",
    "SendClaimed",
    "Snapshot",
    "SnapshotActivated",
    "SnapshotImported",
    "SnapshotPruned",
    "SourceFile",
    "TokenCreated",
    "TokenRevoked",
]

AttemptChange = AttemptsReserved | AttemptsCompleted | AttemptsPruned
ATTEMPT_CHANGES = (AttemptsReserved, AttemptsCompleted, AttemptsPruned)

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
    | InboundMessageRecorded
    | ReviewDecided
    | ConsentRecorded
    | ConsentRevoked
    | PermissionAnswered
    | SendClaimed
    | RegionClosed
    | RegionOpened
    | AccountChanged
    | AttemptChange
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
