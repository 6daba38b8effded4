"""Times, targets, evidence, labels and registries as messages."""

from datetime import date
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from dncd import events
from dncd.addresses import Target
from dncd.nouns import Channel, Purpose
from dncd.storage.keys import Kind
from donotcontact.v1 import core_pb2, entry_pb2, registry_pb2

# Plain integers pass for enums at run time.
_Registry: Any = registry_pb2


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


def canonical_target(canonical: str) -> Target:
    """Read a target that was normalized before."""
    # Not parsed anew: what was accepted stays what it was, whatever later versions of the parsers think of it.
    if "@" in canonical:
        return Target(Kind.DOMAIN if canonical[0] == "@" else Kind.EMAIL, canonical)
    return Target(Kind.PREFIX if canonical[-1] == "*" else Kind.PHONE, canonical)


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
        previous=snapshot.previous,
        parts=[_Registry.ListPart(prefix=prefix, date=day.isoformat()) for prefix, day in snapshot.dates],
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
        previous=message.previous,
        dates=tuple((part.prefix, date.fromisoformat(part.date)) for part in message.parts),
    )
