"""Attempts of sends: what ClaimSend and ClaimOptInRequest grant is a contact, and counts like any other.

An attempt is claimed before the event that grants its send, and released where that event granted none, or another. A
server that dies between the two leaves an attempt without a send: one too many is counted, never one too few. So it
counts as long as attempts are kept, whether or not anybody tells what became of it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from google.protobuf.timestamp_pb2 import Timestamp

from dncd import attempts, journal, limits
from dncd.encoding import timestamp
from dncd.events import AttemptsCompleted, CompletedAttempt, OptInClaimed, SendClaimed
from dncd.journal import Written
from dncd.nouns import AttemptOutcome, Rule, Verdict
from dncd.transport import fields
from dncd.transport.changes import Changes
from dncd.transport.claim_results import refuse_claim
from dncd.transport.claimed_rows import claims_of, keys_of
from dncd.transport.recorded import recorded_change
from dncd.transport.row_checks import CheckedRow, Stopped
from dncd.transport.rpc import Call
from donotcontact.v1 import attempt_service_pb2, verdict_pb2

LEASE_MS: Final = limits.ATTEMPT_WINDOW_HOURS_MAX * 3_600_000
_ROW: Final = 0
_ROWS: Final = np.array([_ROW], dtype=np.intp)
_GRANTED: Final = 0

# What grants a send: its first outcome code tells whether it did.
Grant = SendClaimed | OptInClaimed
Passes = Callable[[verdict_pb2.Finding], bool]


@dataclass(frozen=True, slots=True)
class SendAttempt:
    """The attempt that was claimed for a send, by its reservation; where none was, what stops the send, if anything."""

    reservation: str
    stopped: Stopped | None = None


@dataclass(frozen=True, slots=True)
class Granted:
    """What the event of a claim did. `reservation` is empty where it granted nothing, or its attempt has an outcome."""

    written: Written
    reservation: str


NO_ATTEMPT: Final = SendAttempt("")


class SendAttempts:
    """Claims the attempts of sends, and keeps them with the events that grant the sends."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._store = changes.store

    def first(self, call: Call, request: Any, change: Grant) -> Granted | None:
        """Return what the first request with this id was granted; None where there was none. Costs three reads.

        Raises `RequestIdReused` where that was another request.
        """
        draft = fields.draft(call.caller, request, change)
        if not draft.request_id:
            return None
        with self._store.snapshot() as snapshot:
            written = journal.find_answer(snapshot, draft, self._changes.now_ms())
        return None if written is None else self._granted(call, written)

    def claim(self, call: Call, actor: str, check: Callable[[], CheckedRow], passes: Passes) -> SendAttempt:
        """Claim the attempt of a send, where its check finds nothing but what it passes, and no limit is full."""
        row = check()
        stopped = row.stopped(passes)
        if stopped is not None:
            return SendAttempt("", stopped)
        change = claims_of(row.answer, row.batch, _ROWS, self._changes.now_ms(), LEASE_MS)
        request = attempt_service_pb2.ReserveAttemptsRequest(actor=actor)
        written = self._changes.accept(call, request, change)
        if written.codes[_ROW] == attempts.GRANTED:
            return SendAttempt(attempts.reservation_text(written.position, _ROW))
        return SendAttempt("", self._refused(call, check(), passes))

    def grant(self, call: Call, request: Any, change: Grant, attempt: SendAttempt = NO_ATTEMPT) -> Granted:
        """Accept the event that grants a send, and release the attempt where the event granted another, or none."""
        written = self._changes.accept(call, request, replace(change, reservation=attempt.reservation))
        granted = self._granted(call, written)
        if attempt.reservation not in {"", granted.reservation}:
            self._release(call, request.actor, attempt.reservation)
        return granted

    def _refused(self, call: Call, row: CheckedRow, passes: Passes) -> Stopped:
        """Tell what stops a send whose claim was refused; where the check finds nothing, there was no room then."""
        stopped = row.stopped(passes)
        if stopped is None:
            keys = keys_of(call.caller.account_id, row.batch, _ROW)
            retry_at_ms = refuse_claim(self._store, row.result, keys, self._changes.now_ms())
            stopped = Stopped(Verdict.DEFER, retry_at_ms, row.result)
        return stopped

    def _release(self, call: Call, actor: str, reservation: str) -> None:
        completed = AttemptsCompleted((CompletedAttempt(reservation, AttemptOutcome.RELEASED),))
        self._changes.accept(call, attempt_service_pb2.CompleteAttemptsRequest(actor=actor), completed)

    def _granted(self, call: Call, written: Written) -> Granted:
        # Read back: of two requests with one id, what was written first counts, with its attempt.
        change = recorded_change(self._store, written.position)
        assert isinstance(change, Grant), "the digest of a request holds its method"
        counts = bool(written.codes[_GRANTED]) and self._counts(call.caller.account_id, change.reservation)
        return Granted(written, change.reservation if counts else "")

    def _counts(self, account_id: int, reservation: str) -> bool:
        """Tell whether an attempt is claimed: one that came to an outcome must not let anybody send once more."""
        named = attempts.read_reservation(reservation)
        if named is None:
            return False
        with self._store.snapshot() as snapshot:
            attempt = attempts.find_attempt(snapshot, account_id, named)
        return attempt is not None and attempts.is_claimed(attempt, self._changes.now_ms())


def is_limit(finding: verdict_pb2.Finding) -> bool:
    """Tell whether a finding is a full limit: in it counts the attempt of a send that was granted already."""
    return int(finding.rule) == Rule.ATTEMPT_LIMIT


def retry_time(stopped: Stopped | None) -> Timestamp | None:
    """Return when a send may be asked for again that is stopped; None where nobody knows."""
    return timestamp(stopped.retry_at_ms) if stopped and stopped.retry_at_ms else None
