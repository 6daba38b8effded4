"""How each kind of change is written to its message, and read back."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from dncd import events
from dncd.encoding import attempts, consents
from dncd.encoding.entries import read_added, read_removed, write_added, write_removed
from dncd.encoding.policies import policy_message, policy_value
from dncd.encoding.values import (
    canonical_target,
    label_message,
    label_value,
    registry_message,
    snapshot_message,
    snapshot_value,
)
from dncd.nouns import Role
from donotcontact.v1 import event_pb2

# Plain integers pass for enums at run time.
_P: Any = event_pb2


def write_token(change: events.TokenCreated) -> Any:
    """Build the message of a token."""
    return _P.TokenCreated(
        token_id=change.token_id,
        name=change.name,
        role=change.role,
        expires_at_ms=change.expires_at_ms,
        secret_digest=change.secret_digest,
    )


def listed_message(listed: events.Listed | None) -> Any:
    """Build the message of the numbers by head; None where they are not known."""
    if listed is None:
        return None
    return _P.ListedNumbers(heads=[_P.ListedHead(head=head, numbers=numbers) for head, numbers in listed])


def listed_value(message: event_pb2.SnapshotImported) -> events.Listed | None:
    """Read the numbers by head of an import; None where they were not kept yet."""
    if not message.HasField("listed"):
        return None
    return tuple((each.head, each.numbers) for each in message.listed.heads)


def read_token(message: event_pb2.TokenCreated) -> events.TokenCreated:
    """Read the message of a token."""
    return events.TokenCreated(
        token_id=message.token_id,
        name=message.name,
        role=Role(message.role),
        secret_digest=message.secret_digest,
        expires_at_ms=message.expires_at_ms,
    )


WRITE: dict[type, tuple[str, Callable[[Any], Any]]] = {
    events.EntriesAdded: ("entries_added", write_added),
    events.EntriesRemoved: ("entries_removed", write_removed),
    events.EntriesExpired: (
        "entries_expired",
        lambda c: _P.EntriesExpired(cutoff_ms=c.cutoff_ms, entries_max=c.entries_max),
    ),
    events.LabelCreated: (
        "label_created",
        lambda c: _P.LabelCreated(label=label_message(c.label), names_apart=c.names_apart),
    ),
    events.LabelUpdated: (
        "label_updated",
        lambda c: _P.LabelUpdated(label=label_message(c.label), reason=c.reason, narrowing_held=c.narrowing_held),
    ),
    events.LabelArchived: ("label_archived", lambda c: _P.LabelArchived(name=c.name)),
    events.OptInSet: ("opt_in_set", consents.write_opt_in_set),
    events.OptInClaimed: (
        "opt_in_claimed",
        lambda c: _P.OptInClaimed(address=c.target.text, campaign=c.campaign, reservation=c.reservation),
    ),
    events.PolicyApplied: ("policy_applied", lambda c: _P.PolicyApplied(policy=policy_message(c.policy))),
    events.PolicyDeleted: ("policy_deleted", lambda c: _P.PolicyDeleted(name=c.name)),
    events.AccountCreated: (
        "account_created",
        lambda c: _P.AccountCreated(name=c.name, default_region=c.default_region),
    ),
    events.TokenCreated: ("token_created", write_token),
    events.TokenRevoked: ("token_revoked", lambda c: _P.TokenRevoked(token_id=c.token_id)),
    events.RequestsPruned: (
        "requests_pruned",
        lambda c: _P.RequestsPruned(cutoff_ms=c.cutoff_ms, events_max=c.events_max),
    ),
    events.RegistryCreated: (
        "registry_created",
        lambda c: _P.RegistryCreated(registry=registry_message(c.registry)),
    ),
    events.SnapshotImported: (
        "snapshot_imported",
        lambda c: _P.SnapshotImported(
            snapshot=snapshot_message(c.snapshot), older_held=c.older_held, listed=listed_message(c.snapshot.listed)
        ),
    ),
    events.SnapshotActivated: (
        "snapshot_activated",
        lambda c: _P.SnapshotActivated(
            registry=c.registry, snapshot=c.snapshot, reason=c.reason, older_held=c.older_held
        ),
    ),
    events.SnapshotPruned: (
        "snapshot_pruned",
        lambda c: _P.SnapshotPruned(registry=c.registry, snapshot=c.snapshot),
    ),
    events.CoverageGranted: (
        "coverage_granted",
        lambda c: _P.CoverageGranted(
            registry=c.registry, account=c.account, account_id=c.account_id, prefixes=c.prefixes
        ),
    ),
    events.InboundMessageRecorded: ("inbound_message_recorded", consents.write_message),
    events.ReviewDecided: ("review_decided", consents.write_review),
    events.ConsentRecorded: ("consent_recorded", consents.write_consent),
    events.ConsentRevoked: ("consent_revoked", consents.write_revoked),
    events.PermissionAnswered: ("permission_answered", consents.write_permission),
    events.SendClaimed: (
        "send_claimed",
        lambda c: _P.SendClaimed(permission=c.permission, address=c.target.text, reservation=c.reservation),
    ),
    events.RegionClosed: (
        "region_closed",
        lambda c: _P.RegionClosed(region=c.region, until_ms=c.until_ms, reason=c.reason),
    ),
    events.RegionOpened: ("region_opened", lambda c: _P.RegionOpened(region=c.region, reason=c.reason)),
    events.AccountChanged: (
        "account_changed",
        lambda c: _P.AccountChanged(name=c.name, default_region=c.default_region, keep_texts=c.keep_texts),
    ),
    events.AttemptsReserved: ("attempts_reserved", attempts.write_reserved),
    events.AttemptsCompleted: ("attempts_completed", attempts.write_completed),
    events.AttemptsPruned: (
        "attempts_pruned",
        lambda c: _P.AttemptsPruned(cutoff_ms=c.cutoff_ms, events_max=c.events_max),
    ),
}

READ: dict[str, Callable[[Any], events.Change]] = {
    "entries_added": read_added,
    "entries_removed": read_removed,
    "entries_expired": lambda m: events.EntriesExpired(m.cutoff_ms, m.entries_max),
    "label_created": lambda m: events.LabelCreated(label_value(m.label), m.names_apart),
    "label_updated": lambda m: events.LabelUpdated(label_value(m.label), m.reason, m.narrowing_held),
    "label_archived": lambda m: events.LabelArchived(m.name),
    "opt_in_set": consents.read_opt_in_set,
    "opt_in_claimed": lambda m: events.OptInClaimed(canonical_target(m.address), m.campaign, m.reservation),
    "policy_applied": lambda m: events.PolicyApplied(policy_value(m.policy)),
    "policy_deleted": lambda m: events.PolicyDeleted(m.name, tells=m.unchanged),
    "account_created": lambda m: events.AccountCreated(m.name, m.default_region),
    "token_created": read_token,
    "token_revoked": lambda m: events.TokenRevoked(m.token_id),
    "requests_pruned": lambda m: events.RequestsPruned(m.cutoff_ms, m.events_max),
    "registry_created": lambda m: events.RegistryCreated(
        events.Registry(m.registry.name, tuple(m.registry.scope), m.registry.description)
    ),
    "snapshot_imported": lambda m: events.SnapshotImported(
        replace(snapshot_value(m.snapshot), listed=listed_value(m)), m.older_held
    ),
    "snapshot_activated": lambda m: events.SnapshotActivated(m.registry, m.snapshot, m.reason, m.older_held),
    "snapshot_pruned": lambda m: events.SnapshotPruned(m.registry, m.snapshot),
    "coverage_granted": lambda m: events.CoverageGranted(m.registry, m.account, m.account_id, tuple(m.prefixes)),
    "inbound_message_recorded": consents.read_message,
    "review_decided": consents.read_review,
    "consent_recorded": consents.read_consent,
    "consent_revoked": consents.read_revoked,
    "permission_answered": consents.read_permission,
    "send_claimed": lambda m: events.SendClaimed(m.permission, canonical_target(m.address), m.reservation),
    "region_closed": lambda m: events.RegionClosed(m.region, m.until_ms, m.reason),
    "region_opened": lambda m: events.RegionOpened(m.region, m.reason),
    "account_changed": lambda m: events.AccountChanged(m.name, m.default_region, m.keep_texts),
    "attempts_reserved": attempts.read_reserved,
    "attempts_completed": attempts.read_completed,
    "attempts_pruned": lambda m: events.AttemptsPruned(m.cutoff_ms, m.events_max),
}
