"""The journal's encoding: events to bytes and back, as the public message `Event`.

The one place below transport that speaks protobuf. Bytes are written once and hashed as written, so no canonical
form is needed; reading back is exact: `decode(encode(event)) == event`.
"""

import uuid
from typing import Any

from dncd import events
from dncd.encoding.changes import READ, WRITE
from dncd.encoding.consents import message_outcome, read_message_outcome
from dncd.encoding.policies import decode_policy, encode_policy, policy_message, policy_value
from dncd.encoding.values import (
    canonical_target,
    evidence_message,
    label_message,
    label_value,
    milliseconds,
    registry_message,
    snapshot_message,
    snapshot_value,
    timestamp,
)
from dncd.nouns import Role
from donotcontact.v1 import event_pb2

__all__ = [
    "canonical_target",
    "decode",
    "decode_policy",
    "encode",
    "encode_policy",
    "event_message",
    "evidence_message",
    "label_message",
    "label_value",
    "message_outcome",
    "milliseconds",
    "policy_message",
    "policy_value",
    "public_event",
    "read_message_outcome",
    "registry_message",
    "snapshot_message",
    "snapshot_value",
    "timestamp",
]

# Messages build faster by keyword than by field, and plain integers pass for enums at run time.
_P: Any = event_pb2


def encode(event: events.Event, codes: bytes = b"") -> bytes:
    """Encode an event for the journal, with the outcome codes of its change where people will ask for them."""
    message = event_message(event)
    _tell_outcome(message, codes)
    if isinstance(event.draft.change, events.PolicyDeleted) and event.draft.change.tells and codes:
        message.policy_deleted.unchanged = not codes[0]
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
    elif kind == "inbound_message_recorded":
        recorded = message.inbound_message_recorded
        recorded.before, recorded.status, recorded.confirmation_until_ms = read_message_outcome(codes)
    elif kind in {"review_decided", "consent_recorded"}:
        getattr(message, kind).changed = bool(codes[0])
    elif kind == "consent_revoked":
        message.consent_revoked.revoked = codes[0]
    elif kind == "send_claimed":
        message.send_claimed.granted = bool(codes[0])
    elif kind == "attempts_reserved":
        for claimed, granted in zip(message.attempts_reserved.attempts, codes, strict=True):
            claimed.granted = bool(granted)


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
        change=READ[kind](getattr(message, kind)),
        request_id=uuid.UUID(message.request_id).bytes if message.request_id else b"",
        request_digest=message.request_digest,
    )
    return events.Event(message.position, milliseconds(message.time), draft)


def event_message(event: events.Event) -> event_pb2.Event:
    """Build the message of an event, with what only the server may see."""
    draft = event.draft
    kind, write = WRITE[type(draft.change)]
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
    if message.HasField("inbound_message_recorded"):
        message.inbound_message_recorded.ClearField("message_digest")
    if message.HasField("token_created"):
        message.token_created.ClearField("secret_digest")
    return message
