"""Messages that several services answer with."""

from collections.abc import Container
from typing import Any

from dncd.encoding import canonical_target, evidence_message, public_event, timestamp
from dncd.facts import NEVER_MS
from dncd.listing import Listed
from donotcontact.v1 import core_pb2, entry_pb2, event_pb2

_Entry: Any = entry_pb2.Entry


def revision(store_id: str, position: int) -> core_pb2.Revision:
    """Build a revision."""
    return core_pb2.Revision(store=store_id, position=position)


def event_about(encoded: bytes, keys: Container[bytes], account_id: int) -> event_pb2.Event:
    """Decode an event for callers, with only those of its rows that are about some address keys."""
    event = public_event(encoded)
    for kind in ("entries_added", "entries_removed"):
        if event.HasField(kind):
            change = getattr(event, kind)
            rows = zip(change.entries, change.outcomes, strict=True)
            kept = [(row, outcome) for row, outcome in rows if canonical_target(row.address).key(account_id) in keys]
            del change.entries[:], change.outcomes[:]
            change.entries.extend(row for row, _ in kept)
            change.outcomes.extend(outcome for _, outcome in kept)
    return event


def entry_message(listed: Listed) -> entry_pb2.Entry:
    """Build the message of an entry."""
    fact = listed.fact
    message: entry_pb2.Entry = _Entry(
        address=listed.target.text,
        label=listed.label,
        source=fact.source,
        reason=fact.reason,
        actor=listed.actor,
        note=listed.note,
        evidence=evidence_message(listed.evidence),
        recorded_at=timestamp(fact.recorded_at_ms),
        # An entry that started at once is active at any time; people read the time of recording.
        starts_at=timestamp(fact.starts_at_ms or fact.recorded_at_ms),
        expires_at=timestamp(fact.expires_at_ms) if fact.expires_at_ms != NEVER_MS else None,
        state=listed.state,
        event_position=fact.position,
    )
    return message
