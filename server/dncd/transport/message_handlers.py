"""ConsentService, the part of it that is about messages that persons send."""

import hashlib
from collections.abc import Callable, Collection
from typing import Any, Final, Protocol, cast

from dncd import accounts, journal, limits, messages, optin
from dncd.addresses import Target
from dncd.encoding import read_message_outcome, timestamp
from dncd.errors import ReviewNotFound
from dncd.events import InboundMessageRecorded, ReviewDecided
from dncd.journal import Written
from dncd.nouns import Channel, MessageClass, OptInStatus, ReviewDecision
from dncd.storage.contract import Snapshot
from dncd.storage.keys import u64
from dncd.touched import read
from dncd.transport import fields, paging
from dncd.transport.changes import Changes
from dncd.transport.messages import revision
from dncd.transport.recorded import find_named, recorded_change
from dncd.transport.roles import AGENTS, AGENTS_AND_AUDITORS
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import consent_service_pb2 as pb

_MINUTE_MS: Final = 60_000
_CONFIRMED: Final = frozenset({MessageClass.OPT_OUT, MessageClass.OPT_IN})
_STOPS: Final = frozenset({MessageClass.OPT_OUT, MessageClass.REVIEW})


class Classified(Protocol):
    """What a message says, and what told so."""

    @property
    def message_class(self) -> MessageClass:
        """Return what it says."""

    @property
    def matched(self) -> str:
        """Return the name of the keyword or pattern; nothing else of what the person wrote."""

    @property
    def channels(self) -> frozenset[Channel]:
        """Return the channels that its words name; none where it is about the one that it came on."""

    @property
    def assent(self) -> bool:
        """Tell whether it opts in only as the answer to an opt-in request, as YES does."""


class Classifier(Protocol):
    """What tells the meaning of a text; pure."""

    def classify(self, text: str, own_codes: Collection[str]) -> Classified:
        """Classify a text; `own_codes` may stand behind a keyword without its meaning."""


class MessageHandlers:
    """The handlers of ConsentService that are about messages."""

    def __init__(self, changes: Changes, classifier: Callable[[], Classifier]) -> None:
        self._changes = changes
        self._store = changes.store
        self._classifier = classifier

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        name, control = "ConsentService", Plane.CONTROL
        recorded = (pb.RecordInboundMessageRequest, pb.RecordInboundMessageResponse)
        listed = (pb.ListReviewsRequest, pb.ListReviewsResponse)
        decided = (pb.DecideReviewRequest, pb.DecideReviewResponse)
        return [
            Rpc(name, "RecordInboundMessage", *recorded, AGENTS, control, self.record),
            Rpc(name, "ListReviews", *listed, AGENTS_AND_AUDITORS, control, self.list_),
            Rpc(name, "DecideReview", *decided, AGENTS, control, self.decide),
        ]

    def record(self, call: Call, request: pb.RecordInboundMessageRequest) -> pb.RecordInboundMessageResponse:
        """Do what a message says, or say what it would do. A dry run asks as if the message came first."""
        change = self._message(call, request)
        written = self._changes.accept(call, request, change)
        if request.validate_only:
            return self._recorded_response(request, change, written)
        # Read back: a later server may read the same text otherwise, and a retry is answered as the first call was.
        stands = cast(InboundMessageRecorded, recorded_change(self._store, written.position))
        return self._recorded_response(request, stands, written)

    def list_(self, call: Call, request: pb.ListReviewsRequest) -> pb.ListReviewsResponse:
        """List a page of the messages that wait, oldest first."""
        account_id = call.caller.account_id
        start = paging.decode_position(request, account_id)
        page_rows = fields.page_rows(request.page_size)
        with self._store.snapshot() as snapshot:
            taken = paging.take(messages.waiting(snapshot, account_id, start), page_rows)
            reviews = [_review_message(snapshot, position, target) for position, target in taken.rows]
            position = journal.head(snapshot).position
        next_key = u64(taken.rows[-1][0] + 1) if taken.more else b""
        return pb.ListReviewsResponse(
            reviews=reviews,
            next_page_token=paging.encode(request, account_id, next_key),
            read_at=revision(self._store.id, position),
        )

    def decide(self, call: Call, request: pb.DecideReviewRequest) -> pb.DecideReviewResponse:
        """Decide what an uncertain message says."""
        decision = fields.choice(ReviewDecision, request.decision, "decision")
        note = fields.text(request.note, "note", limits.NOTE_BYTES_MAX)
        with self._store.snapshot() as snapshot:
            event = find_named(snapshot, call.caller.account_id, request.review)
        message = event.draft.change if event is not None else None
        if not isinstance(message, InboundMessageRecorded) or message.message_class is not MessageClass.REVIEW:
            raise ReviewNotFound("there is no review of this name")
        change = ReviewDecided(int(request.review), message.target, decision, note, message.about)
        written = self._changes.accept(call, request, change)
        return pb.DecideReviewResponse(
            changed=bool(written.codes[0]), written_at=revision(self._store.id, written.position)
        )

    def _message(self, call: Call, request: pb.RecordInboundMessageRequest) -> InboundMessageRecorded:
        target = fields.phone_target(request.address, fields.region(request.region, call.caller.default_region))
        channel = fields.optional_choice(Channel, request.channel, "channel") or Channel.SMS
        if channel not in messages.TEXT_CHANNELS:
            raise fields.invalid("channel", "must be SMS or WHATSAPP")
        message_id = fields.text(request.message_id, "message_id", limits.EVIDENCE_FIELD_BYTES_MAX)
        classified = self._classifier().classify(_text(request.text), _own_codes(list(request.own_codes)))
        with self._store.snapshot() as snapshot:
            keeps = accounts.get(snapshot, call.caller.account_id).keep_texts
            status = optin.status_of(read(snapshot, target.key(call.caller.account_id)).facts)
        message_class, matched = _meaning(classified, channel, status)
        return InboundMessageRecorded(
            target=target,
            channel=channel,
            message_class=message_class,
            matched=matched,
            message_id=message_id,
            text=_kept(request.text) if keeps else "",
            confirmation_ms=limits.CONFIRMATION_MINUTES * _MINUTE_MS if message_class in _CONFIRMED else 0,
            digest=b"" if request.validate_only else _digest(target, message_id, channel, request.text),
            about=classified.channels & {Channel.VOICE} if message_class in _STOPS else frozenset(),
        )

    def _recorded_response(
        self, request: pb.RecordInboundMessageRequest, change: InboundMessageRecorded, written: Written
    ) -> pb.RecordInboundMessageResponse:
        _, status, until_ms = read_message_outcome(written.codes)
        # What was not written has no name that anybody could use.
        named = "" if request.validate_only else str(written.position)
        build: Any = pb.RecordInboundMessageResponse
        response: pb.RecordInboundMessageResponse = build(
            message_class=change.message_class,
            matched=change.matched,
            status=status,
            confirmation=named if until_ms else "",
            confirmation_until=timestamp(until_ms) if until_ms else None,
            review=named if change.message_class is MessageClass.REVIEW else "",
            written_at=self._changes.written_at(request, written),
            about=sorted(change.about),
        )
        return response


def _meaning(classified: Classified, channel: Channel, status: OptInStatus) -> tuple[MessageClass, str]:
    """Return what a message says to a number of this status, and what told so."""
    if not classified.assent or classified.message_class is not MessageClass.OPT_IN:
        return classified.message_class, classified.matched
    if status is OptInStatus.REJECTED:
        return MessageClass.REVIEW, f"{classified.matched}, after a STOP"
    # An opt-in request is a text by SMS.
    if status is OptInStatus.SENT and channel is Channel.SMS:
        return MessageClass.OPT_IN, classified.matched + messages.ANSWERS
    return MessageClass.NONE, f"{classified.matched}, where no opt-in request waits for an answer"


def _digest(target: Target, message_id: str, channel: Channel, text: str) -> bytes:
    """Digest what is the same in every delivery of one message: not who delivers it, and not how it is read.

    Empty where the message has no id. Number and id make the digests of equal texts differ.
    """
    written = b"\0".join([target.text.encode(), message_id.encode(), bytes([channel]), text.encode()])
    return hashlib.sha256(written).digest() if message_id else b""


def _text(written: str) -> str:
    # Whatever else it holds, control characters too: a STOP must not be lost to them, nor to its length.
    if len(written.encode()) > limits.INBOUND_TEXT_BYTES_MAX:
        raise fields.invalid("text", f"must be at most {limits.INBOUND_TEXT_BYTES_MAX:,} bytes")
    return written


def _kept(written: str) -> str:
    """Return what an account keeps of a text: its first bytes, up to a character's end."""
    return written.encode()[: limits.KEPT_TEXT_BYTES_MAX].decode(errors="ignore")


def _own_codes(written: list[str]) -> list[str]:
    if len(written) > limits.OWN_CODES_MAX:
        raise fields.invalid("own_codes", f"must be at most {limits.OWN_CODES_MAX}")
    for index, code in enumerate(written):
        if not fields.said(fields.text(code, f"own_codes[{index}]", limits.REFERENCE_BYTES_MAX)):
            raise fields.invalid(f"own_codes[{index}]", "must not be empty")
    return written


def _review_message(snapshot: Snapshot, position: int, target: Target) -> pb.Review:
    event = journal.find(snapshot, position).event()
    message = cast(InboundMessageRecorded, event.draft.change)
    build: Any = pb.Review
    review: pb.Review = build(
        review=str(position),
        address=target.text,
        channel=message.channel,
        recorded_at=timestamp(event.time_ms),
        matched=message.matched,
        message_id=message.message_id,
        text=message.text,
    )
    return review
