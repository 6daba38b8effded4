"""Changes to contact attempts as messages."""

from typing import Any

from dncd import events
from dncd.encoding.values import canonical_target
from dncd.nouns import AttemptOutcome, AttemptScope, Channel
from donotcontact.v1 import event_pb2

# Plain integers pass for enums at run time.
_P: Any = event_pb2


def write_reserved(change: events.AttemptsReserved) -> Any:
    """Build the message of claims."""
    return _P.AttemptsReserved(
        channel=change.channel,
        lease_ms=change.lease_ms,
        kept_max=change.kept_max,
        limits=map(_limit_message, change.limits),
        attempts=[
            _P.ClaimedAttempt(
                row=claimed.row,
                address=claimed.target.text,
                contact_id=claimed.contact_id,
                debt_id=claimed.debt_id,
                limits=claimed.limits,
            )
            for claimed in change.attempts
        ],
    )


def read_reserved(message: event_pb2.AttemptsReserved) -> events.AttemptsReserved:
    """Read the message of claims."""
    return events.AttemptsReserved(
        channel=Channel(message.channel),
        lease_ms=message.lease_ms,
        limits=tuple(map(_limit_value, message.limits)),
        attempts=tuple(
            events.ClaimedAttempt(
                claimed.row,
                canonical_target(claimed.address),
                claimed.contact_id,
                claimed.debt_id,
                tuple(claimed.limits),
            )
            for claimed in message.attempts
        ),
        kept_max=message.kept_max,
    )


def write_completed(change: events.AttemptsCompleted) -> Any:
    """Build the message of completions."""
    return _P.AttemptsCompleted(
        attempts=[_P.CompletedAttempt(reservation=each.reservation, outcome=each.outcome) for each in change.attempts]
    )


def read_completed(message: event_pb2.AttemptsCompleted) -> events.AttemptsCompleted:
    """Read the message of completions."""
    return events.AttemptsCompleted(
        tuple(events.CompletedAttempt(each.reservation, AttemptOutcome(each.outcome)) for each in message.attempts)
    )


def _limit_message(limit: events.ClaimLimit) -> Any:
    return _P.ClaimLimit(
        max=limit.max,
        window_ms=limit.window_ms,
        per=limit.per,
        channels=sorted(limit.channels),
        after=limit.after or 0,
        since_ms=limit.since_ms,
    )


def _limit_value(message: event_pb2.ClaimLimit) -> events.ClaimLimit:
    return events.ClaimLimit(
        per=AttemptScope(message.per),
        channels=frozenset(map(Channel, message.channels)),
        max=message.max,
        window_ms=message.window_ms,
        after=AttemptOutcome(message.after) if message.after else None,
        since_ms=message.since_ms,
    )
