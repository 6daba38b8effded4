"""Sends that are claimed: the opt-in request, and exactly one send to somebody who opted out."""

from dataclasses import dataclass
from datetime import datetime
from typing import NoReturn

from donotcontact.calls import Reading
from donotcontact.columns import check_row
from donotcontact.moments import moment_of
from donotcontact.questions import channel_number
from donotcontact.results import Channel, Result, Row, Verdict
from donotcontact.v1.consent_service_pb2 import (
    AuthorizeOneTimeSendRequest,
    AuthorizeOneTimeSendResponse,
    ClaimOptInRequestRequest,
    ClaimOptInRequestResponse,
    ClaimSendRequest,
    ClaimSendResponse,
)
from donotcontact.v1.core_pb2 import OPT_IN_STATUS_SENT, Evidence, Revision


@dataclass(frozen=True, slots=True)
class OneTimePermission:
    """What became of a request for permission. It permits nothing by itself: send only after `claim_send`.

    `permission` names it for `claim_send`, and is empty where none was made. `result` says why, where the verdict is
    not ALLOW.
    """

    verdict: Verdict
    permission: str
    expires_at: datetime | None
    result: Result
    written_at: Revision

    @property
    def made(self) -> bool:
        """Tell whether there is a permission to claim."""
        return bool(self.permission) and self.verdict == Verdict.ALLOW

    def __bool__(self) -> NoReturn:
        raise TypeError("a permission is not true or false; ask made, then claim_send")


@dataclass(frozen=True, slots=True)
class ClaimedSend:
    """Whether this one send may go out. Neither true nor false by itself: ask `allowed`.

    `reservation` names the attempt that the send counts as, from now on; `complete_attempts` may tell another outcome.
    Where a check stopped the send, `result` says why, and `retry_at` when it may be claimed after all, if ever.
    """

    granted: bool
    verdict: Verdict
    address: str
    channel: int
    written_at: Revision
    reservation: str
    retry_at: datetime | None
    result: Result

    @property
    def allowed(self) -> bool:
        """Tell whether to send now: granted, and ALLOW; True for one caller of all."""
        return self.granted and self.verdict == Verdict.ALLOW

    def __repr__(self) -> str:
        return f"ClaimedSend({self.verdict.name}, granted={self.granted})"

    def __bool__(self) -> NoReturn:
        raise TypeError("a claim is not true or false; ask allowed")


@dataclass(frozen=True, slots=True)
class ClaimedOptIn:
    """Whether the opt-in request may go out. Neither true nor false by itself: ask `allowed`.

    `status` is the opt-in status now. `reservation` names the attempt that the request counts as, from now on. Where a
    check stopped it, `result` says why, and `retry_at` when it may be claimed after all, if ever.
    """

    granted: bool
    status: int
    blocked_by_entry: bool
    written_at: Revision
    reservation: str
    retry_at: datetime | None
    result: Result

    @property
    def allowed(self) -> bool:
        """Tell whether to send the request now: granted, and nothing against it; True for one caller of all."""
        return self.granted and self.status == OPT_IN_STATUS_SENT and not self.blocked_by_entry

    def __repr__(self) -> str:
        return f"ClaimedOptIn(granted={self.granted}, status={self.status})"

    def __bool__(self) -> NoReturn:
        raise TypeError("a claim is not true or false; ask allowed")


def claim_opt_in_request(
    address: str,
    *,
    policy: str = "",
    region: str = "",
    campaign: str = "",
    time_zone: str = "",
    postal_code: str = "",
    contact_id: str = "",
    debt_id: str = "",
    actor: str = "",
    request_id: str | None = None,
) -> Reading[ClaimedOptIn]:
    """Claim the right to send the opt-in request: send it only where `allowed` is true, for one caller of all.

    The request is a text too, so name the `policy` that the text was checked under, and what is known of the person:
    without a policy the account's default judges, which knows no calling hours. Where not allowed, `result` says what
    stops it.
    """
    request = ClaimOptInRequestRequest(
        address=address,
        policy=policy,
        region=region,
        campaign=campaign,
        time_zone=time_zone,
        postal_code=postal_code,
        contact_id=contact_id,
        debt_id=debt_id,
        actor=actor,
        request_id=request_id or "",
    )
    return Reading(request, _claimed_opt_in)


def authorize_one_time_send(
    row: str | Row,
    *,
    channel: Channel | str,
    permission_given: bool,
    policy: str = "",
    note: str = "",
    evidence: Evidence | None = None,
    actor: str = "",
    request_id: str | None = None,
) -> Reading[OneTimePermission]:
    """Record what a person answered who was asked for one send; a yes needs a note. The opt-out stays as it is.

    Permission is made only under policies that let it, and ends after 15 minutes or with the first `claim_send`.
    """
    request = AuthorizeOneTimeSendRequest(
        policy=policy,
        channel=channel_number(channel),
        row=check_row(row),
        permission_given=permission_given,
        note=note,
        evidence=evidence,
        actor=actor,
        request_id=request_id or "",
    )
    return Reading(request, _permission)


def claim_send(permission: str, *, actor: str = "", request_id: str | None = None) -> Reading[ClaimedSend]:
    """Use up a permission, or the confirmation of an inbound message, right before the send.

    Send only where `allowed` is true, for one caller of all. The send counts as an attempt; where a limit is full, the
    permission stays for later.
    """
    request = ClaimSendRequest(permission=permission, actor=actor, request_id=request_id or "")
    return Reading(request, _claimed)


def _permission(response: AuthorizeOneTimeSendResponse) -> OneTimePermission:
    return OneTimePermission(
        Verdict(response.verdict),
        response.permission,
        moment_of(response.expires_at) if response.HasField("expires_at") else None,
        Result(response.result),
        response.written_at,
    )


def _claimed(response: ClaimSendResponse) -> ClaimedSend:
    return ClaimedSend(
        response.granted,
        Verdict(response.verdict),
        response.address,
        response.channel,
        response.written_at,
        response.reservation,
        moment_of(response.retry_at) if response.HasField("retry_at") else None,
        Result(response.result),
    )


def _claimed_opt_in(response: ClaimOptInRequestResponse) -> ClaimedOptIn:
    return ClaimedOptIn(
        response.granted,
        response.status,
        response.blocked_by_entry,
        response.written_at,
        response.reservation,
        moment_of(response.retry_at) if response.HasField("retry_at") else None,
        Result(response.result),
    )
