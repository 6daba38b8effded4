"""ConsentService, the part of it that is about permission for one send."""

from dataclasses import dataclass
from typing import Any, cast

from dncd import journal, limits, permissions
from dncd.addresses import Fault, Target
from dncd.encoding import timestamp
from dncd.errors import FieldFault, InvalidAddresses, PermissionNotFound
from dncd.events import Event, InboundMessageRecorded, PermissionAnswered, SendClaimed
from dncd.nouns import Channel, Verdict
from dncd.storage.keys import Kind
from dncd.tokens import Caller
from dncd.touched import read as read_known
from dncd.transport import fields
from dncd.transport.changes import Changes
from dncd.transport.messages import revision
from dncd.transport.recorded import find_named, recorded_change
from dncd.transport.roles import AGENTS, CHECKERS
from dncd.transport.row_checks import CheckedRow, Checks, Stopped
from dncd.transport.rpc import Call, Plane, Rpc
from dncd.transport.send_attempts import SendAttempts, is_limit, retry_time
from donotcontact.v1 import check_service_pb2, verdict_pb2
from donotcontact.v1 import consent_service_pb2 as pb

_MINUTE_MS = 60_000
_DEFAULT_POLICY = ""


@dataclass(frozen=True, slots=True)
class Permission:
    """A permission as the event at its position made it. A confirmation passes what that very event stopped."""

    position: int
    target: Target
    channel: Channel
    policy: str
    ends_ms: int
    confirms: bool
    checked_position: int
    row: check_service_pb2.CheckRow

    def passes(self, finding: verdict_pb2.Finding) -> bool:
        """Tell whether a finding that stops leaves this one send alone."""
        if self.confirms:
            return finding.event_position == self.position
        # What came after the permission is nothing that it was given about.
        return int(finding.verdict) == Verdict.PERMISSION_REQUIRED and finding.event_position <= self.checked_position


@dataclass(frozen=True, slots=True)
class Look:
    """A look at a permission right now: whether it may still be used, or was used and has not ended."""

    position: int
    waits: bool
    stands: bool
    ended: bool


class PermissionHandlers:
    """The handlers of ConsentService that are about permission for one send."""

    def __init__(self, changes: Changes, checks: Checks) -> None:
        self._changes = changes
        self._store = changes.store
        self._checks = checks
        self._attempts = SendAttempts(changes)

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        name, control = "ConsentService", Plane.CONTROL
        authorized = (pb.AuthorizeOneTimeSendRequest, pb.AuthorizeOneTimeSendResponse)
        claimed = (pb.ClaimSendRequest, pb.ClaimSendResponse)
        return [
            Rpc(name, "AuthorizeOneTimeSend", *authorized, AGENTS, control, self.authorize),
            Rpc(name, "ClaimSend", *claimed, CHECKERS, control, self.claim),
        ]

    def authorize(self, call: Call, request: pb.AuthorizeOneTimeSendRequest) -> pb.AuthorizeOneTimeSendResponse:
        """Record what a person answered, and make the permission where it is what is missing."""
        channel = fields.channel(request.channel)
        policy = fields.name(request.policy, "policy") if request.policy else _DEFAULT_POLICY
        with self._store.snapshot() as snapshot:
            # Before the check, so that an opt-out that comes between check and permission is later than this.
            checked_position = journal.head(snapshot).position
        result = self._checks.check_row(call.caller, policy, channel, request.row).result
        change = PermissionAnswered(
            target=_target(result, channel),
            channel=channel,
            policy=policy,
            permission_given=request.permission_given,
            expires_at_ms=self._end_ms(request, result),
            note=_note(request),
            evidence=fields.evidence(request.evidence),
            checked_position=checked_position,
            time_zone=request.row.time_zone,
            postal_code=request.row.postal_code,
            contact_id=request.row.contact_id,
            debt_id=request.row.debt_id,
        )
        written = self._changes.accept(call, request, change)
        return self._authorized_response(call.caller, written.position, result)

    def claim(self, call: Call, request: pb.ClaimSendRequest) -> pb.ClaimSendResponse:
        """Use a permission up, where nothing but what it is about stops the send, and count the send."""
        permission = self._find(call.caller, request.permission)
        change = SendClaimed(permission.position, permission.target)
        first = self._attempts.first(call, request, change)
        look = self._look(call.caller, permission)
        if first is None and look.waits:
            return self._claim_waiting(call, request, permission, look, change)
        granted = first or self._attempts.grant(call, request, change)
        # A retry is answered with what the first call got, and by now that may be over.
        stopped = None if look.ended else self._stopped(call.caller, permission)
        reservation = granted.reservation if look.stands and stopped is None else ""
        return self._claimed_response(permission, granted.written.position, reservation, stopped)

    def _claim_waiting(
        self, call: Call, request: pb.ClaimSendRequest, permission: Permission, look: Look, change: SendClaimed
    ) -> pb.ClaimSendResponse:
        """Claim the attempt and then the send; what stops the one leaves the permission for later."""
        attempt = self._attempts.claim(
            call, request.actor, lambda: self._check(call.caller, permission), permission.passes
        )
        if attempt.stopped is not None:
            return self._claimed_response(permission, look.position, "", attempt.stopped, attempt.stopped.verdict)
        granted = self._attempts.grant(call, request, change, attempt)
        return self._claimed_response(permission, granted.written.position, granted.reservation, None)

    def _end_ms(self, request: pb.AuthorizeOneTimeSendRequest, result: check_service_pb2.CheckResult) -> int:
        """Return when the permission ends; 0 where none is to be made."""
        if not request.permission_given or not _lacks_only_permission(result):
            return 0
        return self._changes.now_ms() + limits.PERMISSION_MINUTES * _MINUTE_MS

    def _authorized_response(
        self, caller: Caller, position: int, result: check_service_pb2.CheckResult
    ) -> pb.AuthorizeOneTimeSendResponse:
        # Read back: a retry names the permission that the first call made, while it may be used.
        change = cast(PermissionAnswered, recorded_change(self._store, position))
        with self._store.snapshot() as snapshot:
            facts = read_known(snapshot, change.target.key(caller.account_id)).facts
            now_ms = self._now_ms(journal.head(snapshot))
        ends_ms = change.expires_at_ms if permissions.find(facts, position, now_ms) else 0
        verdict = Verdict.ALLOW if ends_ms else Verdict(result.verdict)
        build: Any = pb.AuthorizeOneTimeSendResponse
        response: pb.AuthorizeOneTimeSendResponse = build(
            verdict=verdict,
            permission=str(position) if ends_ms else "",
            expires_at=timestamp(ends_ms) if ends_ms else None,
            result=None if verdict is Verdict.ALLOW else result,
            written_at=revision(self._store.id, position),
        )
        return response

    def _find(self, caller: Caller, name: str) -> Permission:
        with self._store.snapshot() as snapshot:
            event = find_named(snapshot, caller.account_id, name)
        permission = _made_by(event) if event is not None else None
        if permission is None:
            raise PermissionNotFound("the account made no permission of this name")
        return permission

    def _look(self, caller: Caller, permission: Permission) -> Look:
        with self._store.snapshot() as snapshot:
            facts = read_known(snapshot, permission.target.key(caller.account_id)).facts
            end = journal.head(snapshot)
        now_ms = self._now_ms(end)
        return Look(
            end.position,
            waits=permissions.find(facts, permission.position, now_ms) is not None,
            stands=permissions.standing(facts, permission.position, now_ms) is not None,
            ended=now_ms >= permission.ends_ms,
        )

    def _check(self, caller: Caller, permission: Permission) -> CheckedRow:
        return self._checks.check_row(caller, permission.policy, permission.channel, permission.row)

    def _stopped(self, caller: Caller, permission: Permission) -> Stopped | None:
        """Tell what stops a send that was claimed already, but for the limits that it counts in."""
        return self._check(caller, permission).stopped(lambda each: permission.passes(each) or is_limit(each))

    def _now_ms(self, end: journal.Head) -> int:
        # As the journal tells the time: a clock that was set back lengthens no permission.
        return max(self._changes.now_ms(), end.time_ms)

    def _claimed_response(
        self,
        permission: Permission,
        position: int,
        reservation: str,
        stopped: Stopped | None,
        refusal: Verdict = Verdict.BLOCK,
    ) -> pb.ClaimSendResponse:
        granted = bool(reservation)
        build: Any = pb.ClaimSendResponse
        response: pb.ClaimSendResponse = build(
            granted=granted,
            verdict=Verdict.ALLOW if granted else refusal,
            address=permission.target.text if granted else "",
            channel=permission.channel,
            written_at=revision(self._store.id, position),
            result=stopped.result if stopped else None,
            reservation=reservation,
            retry_at=retry_time(stopped) if refusal is Verdict.DEFER else None,
        )
        return response


def _made_by(event: Event) -> Permission | None:
    """Return the permission that an event made; None where it is not of that kind."""
    change = event.draft.change
    if isinstance(change, PermissionAnswered) and change.expires_at_ms:
        row = check_service_pb2.CheckRow(
            address=change.target.text,
            time_zone=change.time_zone,
            postal_code=change.postal_code,
            contact_id=change.contact_id,
            debt_id=change.debt_id,
        )
        return Permission(
            position=event.position,
            target=change.target,
            channel=change.channel,
            policy=change.policy,
            ends_ms=change.expires_at_ms,
            confirms=False,
            checked_position=change.checked_position,
            row=row,
        )
    if isinstance(change, InboundMessageRecorded) and change.confirmation_ms:
        return Permission(
            position=event.position,
            target=change.target,
            channel=change.channel,
            policy=_DEFAULT_POLICY,
            ends_ms=event.time_ms + change.confirmation_ms,
            confirms=True,
            checked_position=event.position,
            row=check_service_pb2.CheckRow(address=change.target.text),
        )
    return None


def _lacks_only_permission(result: check_service_pb2.CheckResult) -> bool:
    """Tell whether permission is all that a row lacks: it must not be sent to at night either."""
    enforced = [finding.verdict for finding in result.findings if not finding.shadow]
    stops = {int(verdict) for verdict in enforced if int(verdict) != Verdict.ALLOW}
    return stops == {int(Verdict.PERMISSION_REQUIRED)}


def _target(result: check_service_pb2.CheckResult, channel: Channel) -> Target:
    """Read the address that was checked; raises `InvalidAddresses` where there is none."""
    if int(result.verdict) == Verdict.INVALID:
        fault = next(Fault(finding.fault) for finding in result.findings if finding.fault)
        raise InvalidAddresses([FieldFault("row.address", fields.describe(fault))])
    return Target(Kind.EMAIL if channel is Channel.EMAIL else Kind.PHONE, result.address)


def _note(request: pb.AuthorizeOneTimeSendRequest) -> str:
    note = fields.text(request.note, "note", limits.NOTE_BYTES_MAX)
    if request.permission_given and not fields.said(note):
        raise fields.invalid("note", "must say who asked whom, and what was said")
    return note
