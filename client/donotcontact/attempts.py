"""Attempts that count against limits: claiming them before the contact, and telling what became of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from donotcontact.calls import Reading
from donotcontact.columns import check_row, nothing_asked, sequence_of
from donotcontact.errors import IncompleteAnswer
from donotcontact.questions import channel_number
from donotcontact.reasons import Open, Outcome
from donotcontact.results import Channel, Result, Row, require_revision, require_rows
from donotcontact.v1 import attempt_service_pb2
from donotcontact.v1.attempt_service_pb2 import (
    AttemptCompletion,
    CompleteAttemptsRequest,
    ReserveAttemptsRequest,
    ReserveAttemptsResponse,
)
from donotcontact.v1.core_pb2 import AttemptOutcome

OUTCOMES = (Outcome.NO_ANSWER, Outcome.CONVERSATION, Outcome.ABANDONED, Outcome.RELEASED)


class Completion(Open):
    """What telling an outcome did."""

    UNSPECIFIED = 0
    RECORDED = 1
    UNCHANGED = 2
    UNKNOWN = 3


class ReservedAttempt(Result):
    """The answer for one row that an attempt was to be claimed for. Neither true nor false by itself.

    `allowed` is True only where the verdict is ALLOW and the attempt is claimed; never for one without the other.
    """

    __slots__ = ("reservation",)

    def __init__(self, attempt: attempt_service_pb2.ReservedAttempt) -> None:
        super().__init__(attempt.result)
        self.reservation: str = attempt.reservation
        """Names the claim, for `complete_attempts`; empty where there is none."""

    @property
    def allowed(self) -> bool:
        """Tell whether the contact may be made: an ALLOW that counts against the limits."""
        return bool(self.reservation) and super().allowed

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReservedAttempt) and self.reservation == other.reservation and super().__eq__(other)

    __hash__ = None  # it compares by a message, which has no hash


def reserve_attempts(
    rows: Sequence[str | Row],
    *,
    channel: Channel | str,
    policy: str = "",
    lease_seconds: int = 0,
    actor: str = "",
    request_id: str | None = None,
) -> Reading[list[ReservedAttempt]]:
    """Check 1 to 1,000 rows and claim an attempt for each that is ALLOW, in one step: one result for each, in order.

    Of any number of callers no more are granted than the limits allow. A claim that is not completed counts until its
    lease ends; `lease_seconds` 0 is 3,600, so that no call outlasts it.
    """
    asked = [check_row(row) for row in sequence_of(rows)]
    if not asked:
        raise nothing_asked()
    request = ReserveAttemptsRequest(
        channel=channel_number(channel),
        policy=policy,
        rows=asked,
        lease_seconds=lease_seconds,
        actor=actor,
        request_id=request_id or "",
    )
    references = [row.reference for row in asked]
    return Reading(request, lambda response: _reserved(response, references))


def complete_attempts(
    outcomes: Mapping[str, Outcome | str], *, actor: str = "", request_id: str | None = None
) -> Reading[dict[str, Completion]]:
    """Tell what became of 1 to 1,000 claimed attempts, by reservation: NO_ANSWER, CONVERSATION, ABANDONED or RELEASED.

    A stronger outcome takes the place of a weaker one, and never the other way round: RELEASED, NO_ANSWER, ABANDONED,
    CONVERSATION. The answer tells for each reservation what it did, in order.
    """
    completions = [
        AttemptCompletion(reservation=reservation, outcome=AttemptOutcome.ValueType(outcome_number(outcome)))
        for reservation, outcome in outcomes.items()
    ]
    request = CompleteAttemptsRequest(completions=completions, actor=actor, request_id=request_id or "")
    return Reading(request, lambda response: _completed(response, list(outcomes)))


def outcome_number(outcome: Outcome | str | int) -> int:
    """Return an outcome as the wire has it; a name in any case. Raises ValueError for what nobody can tell."""
    number = (
        Outcome.__members__.get(outcome.upper().removeprefix("ATTEMPT_OUTCOME_"))
        if isinstance(outcome, str)
        else outcome
    )
    if number not in OUTCOMES:
        raise ValueError(f"an outcome is one of {', '.join(each.name for each in OUTCOMES)}")
    return int(number)


def _reserved(response: ReserveAttemptsResponse, references: Sequence[str]) -> list[ReservedAttempt]:
    require_rows([attempt.result for attempt in response.attempts], references)
    require_revision(response)
    claims = [attempt.reservation for attempt in response.attempts if attempt.reservation]
    if len(set(claims)) != len(claims):
        raise IncompleteAnswer("two rows bear one reservation")
    return [ReservedAttempt(attempt) for attempt in response.attempts]


def _completed(response: Any, reservations: Sequence[str]) -> dict[str, Completion]:
    if len(response.outcomes) != len(reservations):
        raise IncompleteAnswer(f"sent {len(reservations)} outcomes, got {len(response.outcomes)} answers")
    return {name: Completion(outcome) for name, outcome in zip(reservations, response.outcomes, strict=True)}
