"""The requests about what persons said: messages, reviews, consents. `Client` and `AsyncClient` send them."""

from collections.abc import Sequence

from donotcontact.calls import Call, Pages
from donotcontact.questions import channel_number
from donotcontact.results import Channel
from donotcontact.v1.consent_service_pb2 import (
    Consent,
    DecideReviewRequest,
    DecideReviewResponse,
    ListConsentsRequest,
    ListConsentsResponse,
    ListReviewsRequest,
    RecordConsentRequest,
    RecordConsentResponse,
    RecordInboundMessageRequest,
    RecordInboundMessageResponse,
    Review,
    RevokeConsentRequest,
    RevokeConsentResponse,
)
from donotcontact.v1.core_pb2 import Evidence, Purpose, ReviewDecision, Source


def record_inbound_message(
    address: str,
    text: str,
    *,
    channel: Channel | str = Channel.SMS,
    message_id: str = "",
    own_codes: Sequence[str] = (),
    region: str = "",
    actor: str = "",
    request_id: str | None = None,
    validate_only: bool = False,
) -> Call[RecordInboundMessageResponse]:
    """Record a text that a person sent, and do what it says: STOP is in force for every check when this returns.

    Give the gateway's `message_id` wherever there is one: by it a message that is delivered again does nothing, where
    an old START would undo a newer STOP. The `request_id` is made anew for each call, and does not tell.
    `confirmation` of the answer names the one confirmation that may be sent, after `claim_send`.
    """
    request = RecordInboundMessageRequest(
        address=address,
        text=text,
        channel=channel_number(channel),
        message_id=message_id,
        own_codes=own_codes,
        region=region,
        actor=actor,
        request_id=request_id or "",
        validate_only=validate_only,
    )
    return Call(request, RecordInboundMessageResponse)


def list_reviews(*, page_size: int = 0) -> Pages[Review]:
    """Yield the messages that wait for a person's decision, oldest first; until then texts are blocked."""
    return Pages(ListReviewsRequest(page_size=page_size), "reviews", Review)


def decide_review(
    review: str,
    decision: ReviewDecision.ValueType | int,
    *,
    note: str = "",
    actor: str = "",
    request_id: str | None = None,
) -> Call[DecideReviewResponse]:
    """Decide what an uncertain message says. NOT_AN_OPT_OUT takes a MANAGER."""
    request = DecideReviewRequest(
        review=review,
        decision=ReviewDecision.ValueType(decision),
        note=note,
        actor=actor,
        request_id=request_id or "",
    )
    return Call(request, DecideReviewResponse)


def record_consent(
    address: str,
    consent: Consent,
    *,
    source: Source.ValueType | int,
    evidence: Evidence,
    note: str = "",
    region: str = "",
    actor: str = "",
    request_id: str | None = None,
) -> Call[RecordConsentResponse]:
    """Record a dated consent; its evidence needs a reference. It lifts registry matches, and never an opt-out.

    Look at the answer's `outcome`: after TAKEN_BACK nothing was recorded, since the person's word stands against it.
    """
    request = RecordConsentRequest(
        address=address,
        consent=consent,
        source=Source.ValueType(source),
        evidence=evidence,
        note=note,
        region=region,
        actor=actor,
        request_id=request_id or "",
    )
    return Call(request, RecordConsentResponse)


def revoke_consent(
    address: str,
    *,
    source: Source.ValueType | int,
    channels: Sequence[Channel | str] = (),
    purposes: Sequence[Purpose.ValueType | int] = (),
    evidence: Evidence | None = None,
    note: str = "",
    region: str = "",
    actor: str = "",
    request_id: str | None = None,
) -> Call[RevokeConsentResponse]:
    """Take consents away, for some channels or purposes; for all where none is named."""
    request = RevokeConsentRequest(
        address=address,
        channels=[channel_number(channel) for channel in channels],
        purposes=[Purpose.ValueType(purpose) for purpose in purposes],
        source=Source.ValueType(source),
        evidence=evidence,
        note=note,
        region=region,
        actor=actor,
        request_id=request_id or "",
    )
    return Call(request, RevokeConsentResponse)


def list_consents(address: str, *, region: str = "") -> Call[ListConsentsResponse]:
    """Tell the consents of one address that were not revoked, also ended ones."""
    return Call(ListConsentsRequest(address=address, region=region), ListConsentsResponse)
