"""Changes to entries as messages."""

from typing import Any

from dncd import events
from dncd.encoding.values import canonical_target, evidence_message, evidence_value
from dncd.nouns import EntryReason, RemovalReason, Source
from donotcontact.v1 import event_pb2

# Messages build faster by keyword than by field, and plain integers pass for enums at run time.
_P: Any = event_pb2


def write_added(change: events.EntriesAdded) -> Any:
    """Build the message of entries that were added."""
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


def read_added(message: event_pb2.EntriesAdded) -> events.EntriesAdded:
    """Read the message of entries that were added."""
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


def write_removed(change: events.EntriesRemoved) -> Any:
    """Build the message of entries that were removed."""
    return _P.EntriesRemoved(
        entries=[_P.RemovedEntry(address=entry.target.text, label=entry.label) for entry in change.entries],
        reason=change.reason,
        note=change.note,
        evidence=evidence_message(change.evidence),
    )


def read_removed(message: event_pb2.EntriesRemoved) -> events.EntriesRemoved:
    """Read the message of entries that were removed."""
    return events.EntriesRemoved(
        entries=[events.RemovedEntry(canonical_target(entry.address), entry.label) for entry in message.entries],
        reason=RemovalReason(message.reason),
        note=message.note,
        evidence=evidence_value(message.evidence),
    )
