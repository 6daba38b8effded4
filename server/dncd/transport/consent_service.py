"""ConsentService: the opt-in to texts."""

from typing import Any, Final

from dncd import journal, limits
from dncd.addresses import Target
from dncd.encoding import timestamp
from dncd.events import OptInClaimed, OptInSet
from dncd.facts import Fact, opt_in_of
from dncd.nouns import Channel, OptInStatus, Rule, Source
from dncd.optin import status_of
from dncd.tokens import Caller
from dncd.touched import read as read_known
from dncd.transport import fields
from dncd.transport.changes import Changes
from dncd.transport.messages import revision
from dncd.transport.roles import AGENTS, CHECKERS, EVERYONE
from dncd.transport.row_checks import CheckedRow, Checks, Stopped, stops
from dncd.transport.rpc import Call, Plane, Rpc
from dncd.transport.send_attempts import NO_ATTEMPT, Granted, SendAttempt, SendAttempts, is_limit, retry_time
from donotcontact.v1 import check_service_pb2, verdict_pb2
from donotcontact.v1 import consent_service_pb2 as pb

# The opt-in itself does not stop the request for it: the claim judges that by the status.
_OPT_IN_RULES: Final = frozenset({Rule.OPT_IN_NOT_SENT, Rule.OPT_IN_SENT, Rule.OPT_IN_REJECTED})
_PERSONS_RULES: Final = frozenset({Rule.ENTRY, Rule.REVIEW})


class ConsentHandlers:
    """The handlers of ConsentService."""

    def __init__(self, changes: Changes, checks: Checks) -> None:
        self._changes = changes
        self._store = changes.store
        self._checks = checks
        self._attempts = SendAttempts(changes)

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        name, control = "ConsentService", Plane.CONTROL
        claimed = (pb.ClaimOptInRequestRequest, pb.ClaimOptInRequestResponse)
        return [
            Rpc(name, "GetOptIn", pb.GetOptInRequest, pb.GetOptInResponse, EVERYONE, control, self.get),
            Rpc(name, "SetOptIn", pb.SetOptInRequest, pb.SetOptInResponse, AGENTS, control, self.set_),
            Rpc(name, "ClaimOptInRequest", *claimed, CHECKERS, control, self.claim),
        ]

    def get(self, call: Call, request: pb.GetOptInRequest) -> pb.GetOptInResponse:
        """Tell the status of one number."""
        target = fields.phone_target(request.address, fields.region(request.region, call.caller.default_region))
        facts, position = self._known(call.caller, target)
        fact = opt_in_of(facts)
        return pb.GetOptInResponse(
            address=target.text,
            status=status_of(facts),  # type: ignore[arg-type]  # plain integers pass for enums
            since=timestamp(fact.recorded_at_ms) if fact else None,
            event_position=fact.position if fact else 0,
            read_at=revision(self._store.id, position),
        )

    def set_(self, call: Call, request: pb.SetOptInRequest) -> pb.SetOptInResponse:
        """Record a status."""
        change = OptInSet(
            target=fields.phone_target(request.address, fields.region(request.region, call.caller.default_region)),
            status=fields.choice(OptInStatus, request.status, "status"),
            source=fields.choice(Source, request.source, "source"),
            note=fields.text(request.note, "note", limits.NOTE_BYTES_MAX),
            evidence=fields.evidence(request.evidence),
        )
        written = self._changes.accept(call, request, change)
        return pb.SetOptInResponse(
            before=written.codes[0],  # type: ignore[arg-type]  # plain integers pass for enums
            status=change.status,  # type: ignore[arg-type]  # plain integers pass for enums
            written_at=revision(self._store.id, written.position),
        )

    def claim(self, call: Call, request: pb.ClaimOptInRequestRequest) -> pb.ClaimOptInRequestResponse:
        """Grant the opt-in request to the first who asks, where nothing but the opt-in stops a text, and count it."""
        change = OptInClaimed(
            target=fields.phone_target(request.address, fields.region(request.region, call.caller.default_region)),
            campaign=fields.text(request.campaign, "campaign", limits.EVIDENCE_FIELD_BYTES_MAX),
        )
        first = self._attempts.first(call, request, change)
        if first is None:
            attempt = self._claim_attempt(call, request, change.target)
            stopped = attempt.stopped
        else:
            # A retry: in a full limit counts what the first call was granted.
            checked = self._check(call, request, change.target)
            attempt, stopped = NO_ATTEMPT, checked.stopped(lambda each: _is_opt_in(each) or is_limit(each))
        if stopped is not None:
            return self._stopped_response(call.caller, change.target, stopped)
        granted = first or self._attempts.grant(call, request, change, attempt)
        return self._claimed_response(call.caller, change.target, granted)

    def _claim_attempt(self, call: Call, request: pb.ClaimOptInRequestRequest, target: Target) -> SendAttempt:
        """Claim the attempt of the request; where somebody sent it already, there is none to make."""
        facts, _ = self._known(call.caller, target)
        if status_of(facts) is OptInStatus.NOT_SENT:
            return self._attempts.claim(call, request.actor, lambda: self._check(call, request, target), _is_opt_in)
        return SendAttempt("", self._check(call, request, target).stopped(_is_opt_in))

    def _check(self, call: Call, request: pb.ClaimOptInRequestRequest, target: Target) -> CheckedRow:
        """Check the request as the text that it is."""
        policy = fields.name(request.policy, "policy") if request.policy else ""
        row = check_service_pb2.CheckRow(
            address=target.text,
            time_zone=request.time_zone,
            postal_code=request.postal_code,
            contact_id=request.contact_id,
            debt_id=request.debt_id,
        )
        return self._checks.check_row(call.caller, policy, Channel.SMS, row, path="")

    def _claimed_response(self, caller: Caller, target: Target, granted: Granted) -> pb.ClaimOptInRequestResponse:
        written = granted.written
        _, _, blocked = written.codes
        facts, _ = self._known(caller, target)
        fact = opt_in_of(facts)
        # A retry is answered with what the first call got; since then the person may have answered, or others asked.
        holds = fact is not None and fact.status == OptInStatus.SENT and fact.position == written.position
        reservation = granted.reservation if holds else ""
        return pb.ClaimOptInRequestResponse(
            granted=bool(reservation),
            status=status_of(facts),  # type: ignore[arg-type]  # plain integers pass for enums
            blocked_by_entry=bool(blocked),
            written_at=revision(self._store.id, written.position),
            reservation=reservation,
        )

    def _stopped_response(self, caller: Caller, target: Target, stopped: Stopped) -> pb.ClaimOptInRequestResponse:
        facts, position = self._known(caller, target)
        by_entry = any(stops(finding) and int(finding.rule) in _PERSONS_RULES for finding in stopped.result.findings)
        build: Any = pb.ClaimOptInRequestResponse
        response: pb.ClaimOptInRequestResponse = build(
            status=status_of(facts),
            blocked_by_entry=by_entry,
            written_at=revision(self._store.id, position),
            result=stopped.result,
            retry_at=retry_time(stopped),
        )
        return response

    def _known(self, caller: Caller, target: Target) -> tuple[list[Fact], int]:
        """Read what is known about a number, and the position that it was read at."""
        with self._store.snapshot() as snapshot:
            facts = read_known(snapshot, target.key(caller.account_id)).facts
            return facts, journal.head(snapshot).position


def _is_opt_in(finding: verdict_pb2.Finding) -> bool:
    return int(finding.rule) in _OPT_IN_RULES
