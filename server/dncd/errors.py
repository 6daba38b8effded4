"""The tree of expected failures.

    DncError                     one reason of `ErrorReason`, and its figures
    ├── InvalidFields            fields of a request are wrong, each with its path
    │   └── InvalidAddresses     rows are not addresses
    ├── BatchEmpty, BatchTooLarge, MessageTooLarge, MalformedRequest, PageTokenInvalid, AsOfOutOfRange,
    │   UploadTooLarge
    ├── ChannelNotInPolicy
    ├── PolicyNotFound, LabelNotFound, LabelExists, LabelArchived, LabelBuiltIn, LabelNarrowed
    ├── RevisionOfAnotherStore, RevisionNotYetHere, RequestIdReused
    ├── TokenMissing, TokenInvalid, RoleNotAllowed, OwnWordStands
    ├── Overloaded, TooManyWatchers, LimitReached, ShuttingDown
    ├── StorageFull, StoreCorrupt
    ├── RegistryNotFound, RegistryExists, OperatorOnly, SnapshotNotFound, SnapshotHeld, SnapshotInForce
    ├── PermissionNotFound, ReviewNotFound
    ├── ImportFailed, SnapshotDamaged: see `registry/failures.py`
    └── StoreUnusable            the store cannot be opened; for commands, never sent over the wire

Errors know their reason, not their gRPC code: `transport/errors.py` maps them. No message ever holds an address.
"""

from dataclasses import dataclass
from typing import ClassVar, Final

_PHONE_DIGITS_MIN: Final = 7


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field: its path in the request, such as `entries[3].address`, and what is expected."""

    path: str
    description: str


def shown(name: str) -> str:
    """Return a name for callers to see; empty where it may be a phone number that was given in its place."""
    return name if sum(map(str.isdecimal, name)) < _PHONE_DIGITS_MIN else ""


def quoted(name: str) -> str:
    """Quote a name within a sentence, behind what it names; "of this name" where it may be a phone number."""
    return repr(name) if shown(name) else "of this name"


class DncError(Exception):
    """An expected failure; `str()` is a sentence for the caller."""

    reason: ClassVar[str] = "ERROR_REASON_INTERNAL"
    retry_after_ms: int | None = None

    def __init__(self, message: str, **figures: object) -> None:
        """Keep the sentence and the figures that the reason's comment in error_reason.proto names."""
        super().__init__(message)
        self.figures = {name: str(value) for name, value in figures.items()}


class InvalidFields(DncError):
    """Fields of a request are wrong."""

    reason = "ERROR_REASON_INVALID_FIELD"

    def __init__(self, faults: list[FieldFault]) -> None:
        """Name every fault; at least one."""
        first = faults[0]
        more = f", and {len(faults) - 1} more" if len(faults) > 1 else ""
        super().__init__(f"{first.path}: {first.description}{more}")
        self.faults = faults


class InvalidAddresses(InvalidFields):
    """Rows are not addresses that the call can take."""

    reason = "ERROR_REASON_INVALID_ADDRESS"


class MalformedRequest(DncError):
    """The bytes are not the message."""

    reason = "ERROR_REASON_MALFORMED_REQUEST"


class MessageTooLarge(DncError):
    """The message has too many bytes."""

    reason = "ERROR_REASON_MESSAGE_TOO_LARGE"


class UploadTooLarge(DncError):
    """The content of an upload has too many bytes."""

    reason = "ERROR_REASON_UPLOAD_TOO_LARGE"


class BatchEmpty(DncError):
    """The batch has no rows."""

    reason = "ERROR_REASON_BATCH_EMPTY"


class BatchTooLarge(DncError):
    """The batch has too many rows."""

    reason = "ERROR_REASON_BATCH_TOO_LARGE"


class PageTokenInvalid(DncError):
    """The page token was not given for these filters."""

    reason = "ERROR_REASON_PAGE_TOKEN_INVALID"


class AsOfOutOfRange(DncError):
    """The past that was asked about is before the first event, or not past."""

    reason = "ERROR_REASON_AS_OF_OUT_OF_RANGE"


class ChannelNotInPolicy(DncError):
    """The policy does not name the channel."""

    reason = "ERROR_REASON_CHANNEL_NOT_IN_POLICY"


class PolicyNotFound(DncError):
    """No such policy is in force."""

    reason = "ERROR_REASON_POLICY_NOT_FOUND"


class LabelNotFound(DncError):
    """The account has no such label."""

    reason = "ERROR_REASON_LABEL_NOT_FOUND"


class LabelExists(DncError):
    """A different label of the name exists."""

    reason = "ERROR_REASON_LABEL_EXISTS"


class LabelArchived(DncError):
    """The label takes no new entries."""

    reason = "ERROR_REASON_LABEL_ARCHIVED"


class LabelBuiltIn(DncError):
    """A built-in label stays as it is."""

    reason = "ERROR_REASON_LABEL_BUILT_IN"


class LabelNarrowed(DncError):
    """Entries would stop less than before, and nobody said why."""

    reason = "ERROR_REASON_LABEL_NARROWED"


class RevisionOfAnotherStore(DncError):
    """The revision names another store."""

    reason = "ERROR_REASON_REVISION_OF_ANOTHER_STORE"


class RevisionNotYetHere(DncError):
    """The revision did not arrive in time."""

    reason = "ERROR_REASON_REVISION_NOT_YET_HERE"
    retry_after_ms = 50


class RequestIdReused(DncError):
    """The request id belongs to a different request."""

    reason = "ERROR_REASON_REQUEST_ID_REUSED"


class TokenMissing(DncError):
    """No token came with the call."""

    reason = "ERROR_REASON_TOKEN_MISSING"


class TokenInvalid(DncError):
    """The token is malformed, unknown, expired or revoked; which one is not said."""

    reason = "ERROR_REASON_TOKEN_INVALID"


class RoleNotAllowed(DncError):
    """The token's role may not do this."""

    reason = "ERROR_REASON_ROLE_NOT_ALLOWED"


class OwnWordStands(DncError):
    """The person's own word is not overruled."""

    reason = "ERROR_REASON_OWN_WORD_STANDS"


class Overloaded(DncError):
    """There is no room for this call now."""

    reason = "ERROR_REASON_OVERLOADED"
    retry_after_ms = 100


class TooManyWatchers(DncError):
    """All watcher places are taken."""

    reason = "ERROR_REASON_TOO_MANY_WATCHERS"
    retry_after_ms = 5_000


class LimitReached(DncError):
    """The account has as many of a kind as it may."""

    reason = "ERROR_REASON_LIMIT_REACHED"


class ShuttingDown(DncError):
    """The server is stopping."""

    reason = "ERROR_REASON_SHUTTING_DOWN"
    retry_after_ms = 500


class StorageFull(DncError):
    """The disk is full; nothing was changed."""

    reason = "ERROR_REASON_STORAGE_FULL"


class StoreCorrupt(DncError):
    """A row of the store does not read as what it must be."""

    reason = "ERROR_REASON_STORE_CORRUPT"


class RegistryNotFound(DncError):
    """There is no such registry."""

    reason = "ERROR_REASON_REGISTRY_NOT_FOUND"


class RegistryExists(DncError):
    """A different registry of the name exists."""

    reason = "ERROR_REASON_REGISTRY_EXISTS"


class SnapshotNotFound(DncError):
    """The registry has no such snapshot."""

    reason = "ERROR_REASON_SNAPSHOT_NOT_FOUND"


class SnapshotHeld(DncError):
    """The snapshot lost too much, is older, or is changes to another list: it takes a person's reason."""

    reason = "ERROR_REASON_SNAPSHOT_HELD"


class SnapshotInForce(DncError):
    """The snapshot in force cannot be taken away."""

    reason = "ERROR_REASON_SNAPSHOT_IN_FORCE"


class OperatorOnly(DncError):
    """The change belongs to the operator of the whole server."""

    reason = "ERROR_REASON_OPERATOR_ONLY"


class PermissionNotFound(DncError):
    """The account made no permission of this name."""

    reason = "ERROR_REASON_PERMISSION_NOT_FOUND"


class ReviewNotFound(DncError):
    """The account has no review of this name."""

    reason = "ERROR_REASON_REVIEW_NOT_FOUND"


class StoreUnusable(DncError):
    """The store cannot be opened: another version wrote it, another server holds it, it is no store."""
