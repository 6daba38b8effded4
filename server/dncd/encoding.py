"""The journal's encoding: events to bytes and back, as the public message `Event`.

The one place below transport that speaks protobuf. Bytes are written once and hashed as written, so no canonical
form is needed; reading back is exact: `decode(encode(event)) == event`.
"""

import uuid
from collections.abc import Callable
from datetime import date
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from dncd import events
from dncd.addresses import Target
from dncd.nouns import Channel, EntryReason, Mode, OptInStatus, Purpose, RemovalReason, Role, Source, Unscreened
from dncd.storage.keys import Kind
from donotcontact.v1 import core_pb2, entry_pb2, event_pb2, policy_pb2, registry_pb2

# Messages build faster by keyword than by field, and plain integers pass for enums at run time.
_P: Any = event_pb2
_Policy: Any = policy_pb2
_Registry: Any = registry_pb2


def encode(event: events.Event, codes: bytes = b"") -> bytes:
    """Encode an event for the journal, with the outcome codes of its change where people will ask for them."""
    message = event_message(event)
    _tell_outcome(message, codes)
    return message.SerializeToString()


def _tell_outcome(message: Any, codes: bytes) -> None:
    kind = message.WhichOneof("change")
    if kind in {"entries_added", "entries_removed"}:
        getattr(message, kind).outcomes.extend(codes)
    elif kind == "opt_in_set":
        [message.opt_in_set.before] = codes
    elif kind == "opt_in_claimed":
        claimed = message.opt_in_claimed
        claimed.granted, claimed.status, claimed.blocked_by_entry = bool(codes[0]), codes[1], bool(codes[2])


def decode(encoded: bytes) -> events.Event:
    """Decode an event of the journal; raises google's DecodeError or ValueError for anything else."""
    message = event_pb2.Event.FromString(encoded)
    kind = message.WhichOneof("change")
    if kind is None:
        raise ValueError("an event without a change")
    draft = events.Draft(
        account_id=message.account_id,
        actor=message.actor,
        role=Role(message.role),
        change=_READ[kind](getattr(message, kind)),
        request_id=uuid.UUID(message.request_id).bytes if message.request_id else b"",
        request_digest=message.request_digest,
    )
    return events.Event(message.position, milliseconds(message.time), draft)


def event_message(event: events.Event) -> event_pb2.Event:
    """Build the message of an event, with what only the server may see."""
    draft = event.draft
    kind, write = _WRITE[type(draft.change)]
    message: event_pb2.Event = _P.Event(
        position=event.position,
        time=timestamp(event.time_ms),
        actor=draft.actor,
        role=draft.role,
        request_id=str(uuid.UUID(bytes=draft.request_id)) if draft.request_id else "",
        account_id=draft.account_id,
        request_digest=draft.request_digest,
        **{kind: write(draft.change)},
    )
    return message


def public_event(encoded: bytes) -> event_pb2.Event:
    """Decode an event for callers: what only the server may see is taken out."""
    message = event_pb2.Event.FromString(encoded)
    message.ClearField("account_id")
    message.ClearField("request_digest")
    if message.HasField("coverage_granted"):
        message.coverage_granted.ClearField("account_id")
    if message.HasField("token_created"):
        message.token_created.ClearField("secret_digest")
    return message


def timestamp(time_ms: int) -> Timestamp:
    """Build a timestamp from milliseconds since 1970 UTC."""
    return Timestamp(seconds=time_ms // 1000, nanos=time_ms % 1000 * 1_000_000)


def milliseconds(time: Timestamp) -> int:
    """Read a timestamp as milliseconds since 1970 UTC, rounded down."""
    return time.seconds * 1000 + time.nanos // 1_000_000


def evidence_message(evidence: events.Evidence) -> core_pb2.Evidence | None:
    """Build the message of evidence, or nothing where there is none."""
    if not evidence:
        return None
    return core_pb2.Evidence(
        call_id=evidence.call_id,
        recording=evidence.recording,
        campaign=evidence.campaign,
        reference=evidence.reference,
    )


def evidence_value(message: core_pb2.Evidence) -> events.Evidence:
    """Read the message of evidence."""
    return events.Evidence(message.call_id, message.recording, message.campaign, message.reference)


def label_message(label: events.Label, entries: int = 0) -> entry_pb2.Label:
    """Build the message of a label."""
    message: entry_pb2.Label = _label(
        name=label.name,
        channels=sorted(label.channels),
        purposes=sorted(label.purposes),
        description=label.description,
        built_in=label.built_in,
        archived=label.archived,
        entries=entries,
    )
    return message


_label: Any = entry_pb2.Label


def label_value(message: entry_pb2.Label) -> events.Label:
    """Read the message of a label; raises ValueError for unknown enum numbers."""
    return events.Label(
        name=message.name,
        channels=frozenset(map(Channel, message.channels)),
        purposes=frozenset(map(Purpose, message.purposes)),
        description=message.description,
        built_in=message.built_in,
        archived=message.archived,
    )


def policy_message(policy: events.Policy) -> policy_pb2.Policy:
    """Build the message of a policy."""
    build: Any = policy_pb2.Policy
    opt_in: Any = policy_pb2.RequireOptIn
    message: policy_pb2.Policy = build(
        name=policy.name,
        channels=sorted(policy.channels),
        purpose=policy.purpose,
        labels=policy.labels,
        require_opt_in=opt_in(channels=sorted(policy.require_opt_in)) if policy.require_opt_in else None,
        mode=policy.mode,
        registries=[
            _Policy.RequiredRegistry(
                name=required.name,
                max_age_days=required.max_age_days,
                categories=sorted(required.categories),
                listed_days_min=required.listed_days_min,
            )
            for required in policy.registries
        ],
        unscreened=policy.unscreened if policy.unscreened is not Unscreened.UNSCREENED else 0,
    )
    return message


def policy_value(message: policy_pb2.Policy) -> events.Policy:
    """Read the message of a policy, with defaults filled in; raises ValueError for unknown enum numbers."""
    return events.Policy(
        name=message.name,
        channels=frozenset(map(Channel, message.channels)),
        purpose=Purpose(message.purpose or Purpose.MARKETING),
        labels=tuple(message.labels),
        require_opt_in=frozenset(map(Channel, message.require_opt_in.channels)),
        mode=Mode(message.mode or Mode.ENFORCE),
        registries=tuple(
            events.RequiredRegistry(
                required.name, required.max_age_days, frozenset(required.categories), required.listed_days_min
            )
            for required in message.registries
        ),
        unscreened=Unscreened(message.unscreened or Unscreened.UNSCREENED),
    )


def canonical_target(canonical: str) -> Target:
    """Read a target that was normalized before."""
    # Not parsed anew: what was accepted stays what it was, whatever later versions of the parsers think of it.
    if "@" in canonical:
        return Target(Kind.DOMAIN if canonical[0] == "@" else Kind.EMAIL, canonical)
    return Target(Kind.PREFIX if canonical[-1] == "*" else Kind.PHONE, canonical)


def _write_added(change: events.EntriesAdded) -> Any:
    return _P.EntriesAdded(entries=[_added_message(entry) for entry in change.entries])


def _added_message(entry: events.AddedEntry) -> Any:
    # Most entries have no details, and each keyword costs 0.2 us.
    message = _P.AddedEntry(address=entry.target.text, label=entry.label, source=entry.source, reason=entry.reason)
    if entry[_DETAILS_AT:] != _NO_DETAILS:
        message.note = entry.note
        message.starts_at_ms, message.expires_at_ms = entry.starts_at_ms, entry.expires_at_ms
        if entry.evidence:
            message.evidence.CopyFrom(evidence_message(entry.evidence))
    return message


_DETAILS_AT = events.AddedEntry._fields.index("note")
_NO_DETAILS = ("", events.NO_EVIDENCE, 0, 0)


def _read_added(message: event_pb2.EntriesAdded) -> events.EntriesAdded:
    return events.EntriesAdded(
        [
            events.AddedEntry(
                target=canonical_target(entry.address),
                label=entry.label,
                source=Source(entry.source),
                reason=EntryReason(entry.reason),
                note=entry.note,
                evidence=evidence_value(entry.evidence) if entry.HasField("evidence") else events.NO_EVIDENCE,
                starts_at_ms=entry.starts_at_ms,
                expires_at_ms=entry.expires_at_ms,
            )
            for entry in message.entries
        ]
    )


def _write_removed(change: events.EntriesRemoved) -> Any:
    return _P.EntriesRemoved(
        entries=[_P.RemovedEntry(address=entry.target.text, label=entry.label) for entry in change.entries],
        reason=change.reason,
        note=change.note,
        evidence=evidence_message(change.evidence),
    )


def _read_removed(message: event_pb2.EntriesRemoved) -> events.EntriesRemoved:
    return events.EntriesRemoved(
        entries=[events.RemovedEntry(canonical_target(entry.address), entry.label) for entry in message.entries],
        reason=RemovalReason(message.reason),
        note=message.note,
        evidence=evidence_value(message.evidence),
    )


def _write_opt_in_set(change: events.OptInSet) -> Any:
    return _P.OptInSet(
        address=change.target.text,
        status=change.status,
        source=change.source,
        note=change.note,
        evidence=evidence_message(change.evidence),
    )


def _read_opt_in_set(message: event_pb2.OptInSet) -> events.OptInSet:
    return events.OptInSet(
        target=canonical_target(message.address),
        status=OptInStatus(message.status),
        source=Source(message.source),
        note=message.note,
        evidence=evidence_value(message.evidence),
    )


def _write_token(change: events.TokenCreated) -> Any:
    return _P.TokenCreated(
        token_id=change.token_id,
        name=change.name,
        role=change.role,
        expires_at_ms=change.expires_at_ms,
        secret_digest=change.secret_digest,
    )


def _read_token(message: event_pb2.TokenCreated) -> events.TokenCreated:
    return events.TokenCreated(
        token_id=message.token_id,
        name=message.name,
        role=Role(message.role),
        secret_digest=message.secret_digest,
        expires_at_ms=message.expires_at_ms,
    )


def registry_message(registry: events.Registry) -> registry_pb2.Registry:
    """Build the message of a registry's definition."""
    return registry_pb2.Registry(name=registry.name, scope=registry.scope, description=registry.description)


def snapshot_message(snapshot: events.Snapshot) -> registry_pb2.Snapshot:
    """Build the message of a snapshot, without what came after its import."""
    message: registry_pb2.Snapshot = _Registry.Snapshot(
        registry=snapshot.registry,
        id=snapshot.id,
        format=snapshot.format,
        list_date=snapshot.list_date.isoformat(),
        files=[_Registry.SourceFile(name=file.name, sha256=file.sha256, bytes=file.bytes) for file in snapshot.files],
        lines=snapshot.lines,
        rejects=snapshot.rejects,
        numbers=snapshot.numbers,
        coverage=snapshot.coverage,
    )
    return message


def snapshot_value(message: registry_pb2.Snapshot) -> events.Snapshot:
    """Read the message of a snapshot."""
    return events.Snapshot(
        registry=message.registry,
        id=message.id,
        format=message.format,
        list_date=date.fromisoformat(message.list_date),
        files=tuple(events.SourceFile(file.name, file.sha256, file.bytes) for file in message.files),
        lines=message.lines,
        rejects=message.rejects,
        numbers=message.numbers,
        coverage=tuple(message.coverage),
    )


_WRITE: dict[type, tuple[str, Callable[[Any], Any]]] = {
    events.EntriesAdded: ("entries_added", _write_added),
    events.EntriesRemoved: ("entries_removed", _write_removed),
    events.EntriesExpired: (
        "entries_expired",
        lambda c: _P.EntriesExpired(cutoff_ms=c.cutoff_ms, entries_max=c.entries_max),
    ),
    events.LabelCreated: ("label_created", lambda c: _P.LabelCreated(label=label_message(c.label))),
    events.LabelUpdated: ("label_updated", lambda c: _P.LabelUpdated(label=label_message(c.label))),
    events.LabelArchived: ("label_archived", lambda c: _P.LabelArchived(name=c.name)),
    events.OptInSet: ("opt_in_set", _write_opt_in_set),
    events.OptInClaimed: ("opt_in_claimed", lambda c: _P.OptInClaimed(address=c.target.text, campaign=c.campaign)),
    events.PolicyApplied: ("policy_applied", lambda c: _P.PolicyApplied(policy=policy_message(c.policy))),
    events.PolicyDeleted: ("policy_deleted", lambda c: _P.PolicyDeleted(name=c.name)),
    events.AccountCreated: (
        "account_created",
        lambda c: _P.AccountCreated(name=c.name, default_region=c.default_region),
    ),
    events.TokenCreated: ("token_created", _write_token),
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
        lambda c: _P.SnapshotImported(snapshot=snapshot_message(c.snapshot)),
    ),
    events.SnapshotActivated: (
        "snapshot_activated",
        lambda c: _P.SnapshotActivated(registry=c.registry, snapshot=c.snapshot, reason=c.reason),
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
}

_READ: dict[str, Callable[[Any], events.Change]] = {
    "entries_added": _read_added,
    "entries_removed": _read_removed,
    "entries_expired": lambda m: events.EntriesExpired(m.cutoff_ms, m.entries_max),
    "label_created": lambda m: events.LabelCreated(label_value(m.label)),
    "label_updated": lambda m: events.LabelUpdated(label_value(m.label)),
    "label_archived": lambda m: events.LabelArchived(m.name),
    "opt_in_set": _read_opt_in_set,
    "opt_in_claimed": lambda m: events.OptInClaimed(canonical_target(m.address), m.campaign),
    "policy_applied": lambda m: events.PolicyApplied(policy_value(m.policy)),
    "policy_deleted": lambda m: events.PolicyDeleted(m.name),
    "account_created": lambda m: events.AccountCreated(m.name, m.default_region),
    "token_created": _read_token,
    "token_revoked": lambda m: events.TokenRevoked(m.token_id),
    "requests_pruned": lambda m: events.RequestsPruned(m.cutoff_ms, m.events_max),
    "registry_created": lambda m: events.RegistryCreated(
        events.Registry(m.registry.name, tuple(m.registry.scope), m.registry.description)
    ),
    "snapshot_imported": lambda m: events.SnapshotImported(snapshot_value(m.snapshot)),
    "snapshot_activated": lambda m: events.SnapshotActivated(m.registry, m.snapshot, m.reason),
    "snapshot_pruned": lambda m: events.SnapshotPruned(m.registry, m.snapshot),
    "coverage_granted": lambda m: events.CoverageGranted(m.registry, m.account, m.account_id, tuple(m.prefixes)),
}
