"""AttemptService: claims of attempts, and what became of them.

A retry with the request id of an answered request gives the claims of then, while their leases run. What stops a row by
now stops it all the same. A row that had no claim then is answered as of now, but never ALLOW: its finding asks for a
new request. Nothing is remembered of a request that claimed nothing, so its retry is a new one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from dncd import attempt_log, attempts, journal, limits
from dncd.batch import Batch
from dncd.encoding import timestamp
from dncd.events import AttemptsCompleted, AttemptsReserved, CompletedAttempt, Draft
from dncd.journal import Written
from dncd.nouns import AttemptOutcome, Verdict
from dncd.storage.contract import Snapshot
from dncd.transport import fields
from dncd.transport.answers import findings_by_row, result_message, retry_of
from dncd.transport.claim_results import answer_again, own_claims, refuse_claim
from dncd.transport.claimed_rows import claims_of, counted_by, keys_of, part_of
from dncd.transport.deciding import Answer, Decider
from dncd.transport.messages import revision
from dncd.transport.roles import CHECKERS
from dncd.transport.rows import check_rows
from dncd.transport.rpc import Call, Plane, Rpc
from dncd.transport.shadow_claims import ClaimedSnapshot, beside_claims
from dncd.writer import StoreLog
from donotcontact.v1 import attempt_service_pb2

# Plain integers pass for enums at run time.
_P: Any = attempt_service_pb2
_ALLOW: Final = int(Verdict.ALLOW)
# More than any name of a claim has.
_NAME_CHARS: Final = 32
_OUTCOMES: Final = tuple(outcome for outcome in AttemptOutcome if outcome is not AttemptOutcome.PENDING)


@dataclass(frozen=True, slots=True)
class Claims:
    """What one event claimed: for each row that was granted its claim, and when the leases begin and end."""

    by_row: dict[int, str]
    claimed_ms: int
    lease_ends_at_ms: int


_NO_CLAIMS: Final = Claims({}, 0, 0)


class AttemptHandlers:
    """The handlers of AttemptService."""

    def __init__(self, decider: Decider, log: StoreLog, now_ms: Callable[[], int]) -> None:
        self._decider = decider
        self._store = decider.store
        self._log = log
        self._now_ms = now_ms

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        reserved = (_P.ReserveAttemptsRequest, _P.ReserveAttemptsResponse)
        completed = (_P.CompleteAttemptsRequest, _P.CompleteAttemptsResponse)
        name, control = "AttemptService", Plane.CONTROL
        return [
            Rpc(name, "ReserveAttempts", *reserved, CHECKERS, control, self.reserve),
            Rpc(name, "CompleteAttempts", *completed, CHECKERS, control, self.complete),
        ]

    def reserve(self, call: Call, request: attempt_service_pb2.ReserveAttemptsRequest) -> Any:
        """Decide rows and claim an attempt for each that is ALLOW."""
        fields.batch(len(request.rows), limits.CHECK_ROWS_MAX)
        channel = fields.channel(request.channel)
        batch, references = check_rows(request.rows, channel, call.caller.default_region)
        lease_ms = _lease_ms(request.lease_seconds)
        draft = fields.draft(call.caller, request, AttemptsReserved(channel, 0, (), ()))
        answer = self._decider.answer_now(call.caller, request.policy, batch)
        results = _results(answer, batch, range(len(batch.faults)), references)
        # Asked after the decision: one that already counts the claims of this very request must know whose they are.
        before = self._claimed_before(draft, batch)
        if before is None:
            if answer.policy.shadow and answer.policy.bounds:
                self._see_claims_before(answer, batch, lease_ms, references, results)
            claims = self._claim(draft, answer, batch, lease_ms)
            self._answer_refused(call, request.policy, batch, references, results, claims)
        else:
            claims = before
            own = own_claims(call.caller.account_id, batch, claims.by_row)
            answer_again(results, own, claims.claimed_ms, self._now_ms())
        return _response(self._store.id, answer, results, claims)

    def complete(self, call: Call, request: attempt_service_pb2.CompleteAttemptsRequest) -> Any:
        """Record what became of attempts."""
        fields.batch(len(request.completions), limits.CHANGE_ROWS_MAX)
        faults = fields.Faults()
        completed = tuple(
            _completion(completion, index, faults) for index, completion in enumerate(request.completions)
        )
        faults.check()
        written = self._log.append(fields.draft(call.caller, request, AttemptsCompleted(completed)))
        return _P.CompleteAttemptsResponse(outcomes=list(written.codes))

    def _see_claims_before(
        self, answer: Answer, batch: Batch, lease_ms: int, references: Sequence[str], results: list[Any]
    ) -> None:
        """Answer rows under a SHADOW policy beside the claims of those before them.

        Under any other policy it is the claims themselves that find no room, one after the other.
        """
        with self._store.snapshot() as snapshot:
            moment = self._decider.now(journal.head(snapshot))
            claimed_ms = max(moment.ends_ms, attempt_log.head(snapshot).time_ms)
            claimed = ClaimedSnapshot(snapshot, batch.channel, claimed_ms, lease_ms)
            for row, part, again in beside_claims(claimed, answer, batch, moment):
                [result] = _results(again, part, [0], references[row : row + 1])
                # What came in between is nothing of theirs: the rows are answered at one revision.
                results[row] = result if result.verdict == _ALLOW else results[row]

    def _claimed_before(self, draft: Draft, batch: Batch) -> Claims | None:
        """Return what the first request with this id claimed and still holds; None where there was none."""
        if not draft.request_id:
            return None
        with self._store.snapshot() as snapshot:
            first = journal.find_answer(snapshot, draft, self._now_ms())
            if first is None:
                return None
            return self._held(snapshot, draft.account_id, first, batch)

    def _claim(self, draft: Draft, answer: Answer, batch: Batch, lease_ms: int) -> Claims:
        rows = np.flatnonzero(answer.decision.verdicts == _ALLOW)
        if not len(rows):
            return _NO_CLAIMS
        change = claims_of(answer, batch, rows, self._now_ms(), lease_ms)
        written = self._log.append(replace(draft, change=change))
        if draft.request_id:
            # The same request may have come twice at once: what was written first counts.
            with self._store.snapshot() as snapshot:
                return self._held(snapshot, draft.account_id, written, batch)
        return _claims(written, change)

    def _held(self, snapshot: Snapshot, account_id: int, written: Written, batch: Batch) -> Claims:
        """Return the claims of an event that rows of a batch still hold: those of the first of requests with one id."""
        change = attempt_log.event_at(snapshot, written.position).draft.change
        assert isinstance(change, AttemptsReserved), "the digest of a request holds its method"
        # A text may read as another number by now: the region of the account was changed.
        same = [
            claimed
            for claimed in change.attempts
            if (claimed.target, claimed.contact_id, claimed.debt_id) == counted_by(batch, claimed.row)
        ]
        granted = _claims(written, change)
        by_row = {claimed.row: granted.by_row[claimed.row] for claimed in same if claimed.row in granted.by_row}
        return _running(snapshot, account_id, replace(granted, by_row=by_row), self._now_ms())

    def _answer_refused(
        self,
        call: Call,
        policy: str,
        batch: Batch,
        references: Sequence[str],
        results: list[Any],
        claims: Claims,
    ) -> None:
        """Decide rows anew that were ALLOW and got no claim, so that they have their finding; none stays ALLOW."""
        refused = [row for row, result in enumerate(results) if result.verdict == _ALLOW and row not in claims.by_row]
        if not refused:
            return
        part = part_of(batch, refused)
        again = self._decider.answer_now(call.caller, policy, part)
        texts = [references[row] for row in refused] if references else ()
        for place, result in enumerate(_results(again, part, range(len(refused)), texts)):
            if result.verdict == _ALLOW:
                refuse_claim(self._store, result, keys_of(call.caller.account_id, part, place), self._now_ms())
            results[refused[place]] = result


def _lease_ms(seconds: int) -> int:
    if seconds > limits.LEASE_SECONDS_MAX:
        raise fields.invalid("lease_seconds", f"must be at most {limits.LEASE_SECONDS_MAX:,}")
    return (seconds or limits.LEASE_SECONDS_DEFAULT) * 1000


def _claims(written: Written, change: AttemptsReserved) -> Claims:
    by_row = {
        claimed.row: attempts.reservation_text(written.position, claimed.row)
        for claimed, code in zip(change.attempts, written.codes, strict=True)
        if code == attempts.GRANTED
    }
    return Claims(by_row, written.time_ms, written.time_ms + change.lease_ms)


def _running(snapshot: Snapshot, account_id: int, claims: Claims, now_ms: int) -> Claims:
    """Keep the claims whose lease runs: one that came to an outcome must not let anybody call once more."""
    running = {}
    for row, text in claims.by_row.items():
        reservation = attempts.read_reservation(text)
        assert reservation is not None, "claims are named so that they read back"
        attempt = attempts.find_attempt(snapshot, account_id, reservation)
        if attempt is not None and attempts.is_claimed(attempt, now_ms):
            running[row] = text
    return replace(claims, by_row=running)


def _results(answer: Answer, batch: Batch, rows: Sequence[int], references: Sequence[str]) -> list[Any]:
    findings, retry = findings_by_row(answer), retry_of(answer)
    texts = references or [""] * len(rows)
    return [result_message(answer, batch, row, findings.get(row, ()), texts[row], retry) for row in rows]


def _response(store_id: str, answer: Answer, results: list[Any], claims: Claims) -> Any:
    named = [claims.by_row.get(row, "") if result.verdict == _ALLOW else "" for row, result in enumerate(results)]
    return _P.ReserveAttemptsResponse(
        attempts=[
            _P.ReservedAttempt(result=result, reservation=name) for result, name in zip(results, named, strict=True)
        ],
        lease_ends_at=timestamp(claims.lease_ends_at_ms) if any(named) else None,
        checked_at=revision(store_id, answer.position),
        policy_version=answer.policy.version,
    )


def _completion(
    completion: attempt_service_pb2.AttemptCompletion, index: int, faults: fields.Faults
) -> CompletedAttempt:
    """Read one completion; what is wrong with it is noted, and an outcome that is never used stands in its place."""
    outcome = AttemptOutcome.RELEASED
    if int(completion.outcome) in _OUTCOMES:
        outcome = AttemptOutcome(completion.outcome)
    else:
        names = ", ".join(each.name for each in _OUTCOMES)
        faults.note(f"completions[{index}].", fields.invalid("outcome", f"must be one of {names}"))
    # A name longer than any is that of no claim, cut off or not.
    return CompletedAttempt(completion.reservation[:_NAME_CHARS], outcome)
