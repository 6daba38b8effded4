"""Changes to what persons said, as messages."""

import struct
from typing import Any, Final

from dncd import events
from dncd.encoding.values import canonical_target, evidence_message, evidence_value
from dncd.nouns import Channel, ConsentKind, MessageClass, OptInStatus, Purpose, ReviewDecision, Source
from donotcontact.v1 import event_pb2

# Plain integers pass for enums at run time.
_P: Any = event_pb2


def write_opt_in_set(change: events.OptInSet) -> Any:
    """Build the message of an opt-in status."""
    return _P.OptInSet(
        address=change.target.text,
        status=change.status,
        source=change.source,
        note=change.note,
        evidence=evidence_message(change.evidence),
    )


def read_opt_in_set(message: event_pb2.OptInSet) -> events.OptInSet:
    """Read the message of an opt-in status."""
    return events.OptInSet(
        target=canonical_target(message.address),
        status=OptInStatus(message.status),
        source=Source(message.source),
        note=message.note,
        evidence=evidence_value(message.evidence),
    )


_MESSAGE_CODES: Final = struct.Struct(">BBQ")


def message_outcome(before: OptInStatus, status: OptInStatus, confirmation_until_ms: int) -> bytes:
    """Encode what a message did: the status before and after, and until when the one confirmation may be sent."""
    return _MESSAGE_CODES.pack(before, status, confirmation_until_ms)


def read_message_outcome(codes: bytes) -> tuple[int, int, int]:
    """Read what a message did."""
    before, status, until_ms = _MESSAGE_CODES.unpack(codes)
    return before, status, until_ms


def write_message(change: events.InboundMessageRecorded) -> Any:
    """Build the message of an inbound message."""
    return _P.InboundMessageRecorded(
        address=change.target.text,
        channel=change.channel,
        message_class=change.message_class,
        matched=change.matched,
        message_id=change.message_id,
        text=change.text,
        message_digest=change.digest,
        confirmation_ms=change.confirmation_ms,
        about=sorted(change.about),
    )


def read_message(message: event_pb2.InboundMessageRecorded) -> events.InboundMessageRecorded:
    """Read the message of an inbound message."""
    return events.InboundMessageRecorded(
        target=canonical_target(message.address),
        channel=Channel(message.channel),
        message_class=MessageClass(message.message_class),
        matched=message.matched,
        message_id=message.message_id,
        text=message.text,
        digest=message.message_digest,
        confirmation_ms=message.confirmation_ms,
        about=frozenset(map(Channel, message.about)),
    )


def write_review(change: events.ReviewDecided) -> Any:
    """Build the message of a person's decision."""
    return _P.ReviewDecided(
        review=change.review,
        address=change.target.text,
        decision=change.decision,
        note=change.note,
        about=sorted(change.about),
    )


def read_review(message: event_pb2.ReviewDecided) -> events.ReviewDecided:
    """Read the message of a person's decision."""
    return events.ReviewDecided(
        message.review,
        canonical_target(message.address),
        ReviewDecision(message.decision),
        message.note,
        frozenset(map(Channel, message.about)),
    )


def write_consent(change: events.ConsentRecorded) -> Any:
    """Build the message of a consent."""
    return _P.ConsentRecorded(
        address=change.target.text,
        kind=change.kind,
        channels=sorted(change.channels),
        purpose=change.purpose or 0,
        policy=change.policy,
        given_at_ms=change.given_at_ms,
        expires_at_ms=change.expires_at_ms,
        source=change.source,
        evidence=evidence_message(change.evidence),
        note=change.note,
    )


def read_consent(message: event_pb2.ConsentRecorded) -> events.ConsentRecorded:
    """Read the message of a consent."""
    return events.ConsentRecorded(
        target=canonical_target(message.address),
        kind=ConsentKind(message.kind),
        channels=frozenset(map(Channel, message.channels)),
        purpose=Purpose(message.purpose) if message.purpose else None,
        policy=message.policy,
        given_at_ms=message.given_at_ms,
        expires_at_ms=message.expires_at_ms,
        source=Source(message.source),
        evidence=evidence_value(message.evidence),
        note=message.note,
    )


def write_revoked(change: events.ConsentRevoked) -> Any:
    """Build the message of a revocation."""
    return _P.ConsentRevoked(
        address=change.target.text,
        channels=sorted(change.channels),
        purposes=sorted(change.purposes),
        widened=change.widened,
        source=change.source,
        evidence=evidence_message(change.evidence),
        note=change.note,
    )


def read_revoked(message: event_pb2.ConsentRevoked) -> events.ConsentRevoked:
    """Read the message of a revocation."""
    return events.ConsentRevoked(
        target=canonical_target(message.address),
        channels=frozenset(map(Channel, message.channels)),
        purposes=frozenset(map(Purpose, message.purposes)),
        widened=message.widened,
        source=Source(message.source),
        evidence=evidence_value(message.evidence),
        note=message.note,
    )


def write_permission(change: events.PermissionAnswered) -> Any:
    """Build the message of the answer about permission."""
    return _P.PermissionAnswered(
        address=change.target.text,
        channel=change.channel,
        policy=change.policy,
        permission_given=change.permission_given,
        expires_at_ms=change.expires_at_ms,
        note=change.note,
        evidence=evidence_message(change.evidence),
        checked_position=change.checked_position,
        time_zone=change.time_zone,
        postal_code=change.postal_code,
        contact_id=change.contact_id,
        debt_id=change.debt_id,
    )


def read_permission(message: event_pb2.PermissionAnswered) -> events.PermissionAnswered:
    """Read the message of the answer about permission."""
    return events.PermissionAnswered(
        target=canonical_target(message.address),
        channel=Channel(message.channel),
        policy=message.policy,
        permission_given=message.permission_given,
        expires_at_ms=message.expires_at_ms,
        note=message.note,
        evidence=evidence_value(message.evidence),
        checked_position=message.checked_position,
        time_zone=message.time_zone,
        postal_code=message.postal_code,
        contact_id=message.contact_id,
        debt_id=message.debt_id,
    )
