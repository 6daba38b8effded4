"""Events about what persons said: opt-in, messages, consents, permission for one send."""

from dataclasses import dataclass, field

from dncd.addresses import Target
from dncd.events.evidence import NO_EVIDENCE, Evidence
from dncd.nouns import Channel, ConsentKind, MessageClass, OptInStatus, Purpose, ReviewDecision, Source


@dataclass(frozen=True, slots=True)
class OptInSet:
    """An opt-in status was recorded."""

    target: Target
    status: OptInStatus
    source: Source
    note: str = ""
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class OptInClaimed:
    """The right to send the opt-in request was asked for; `reservation` names the attempt that was claimed for it."""

    target: Target
    campaign: str = ""
    reservation: str = ""


@dataclass(frozen=True, slots=True)
class InboundMessageRecorded:
    """A message of a person was recorded; its text only where the account keeps texts.

    `digest` is the SHA-256 of what was written and where, by which a message is known that comes again under its
    `message_id`; empty where it has none. `confirmation_ms` is how long the one confirmation may be sent from the
    event's time; 0 where there is none. `about` is what the words are about beside texts.
    """

    target: Target
    channel: Channel
    message_class: MessageClass
    matched: str
    message_id: str = ""
    text: str = field(default="", repr=False)
    digest: bytes = b""
    confirmation_ms: int = 0
    about: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True)
class ReviewDecided:
    """A person decided what the uncertain message of an event says."""

    review: int
    target: Target
    decision: ReviewDecision
    note: str = ""
    about: frozenset[Channel] = frozenset()


@dataclass(frozen=True, slots=True)
class ConsentRecorded:
    """A consent was recorded. No purpose, no policy: every one; an end of 0: never. Times in milliseconds UTC."""

    target: Target
    kind: ConsentKind
    channels: frozenset[Channel]
    purpose: Purpose | None
    policy: str
    given_at_ms: int
    expires_at_ms: int
    source: Source
    evidence: Evidence = NO_EVIDENCE
    note: str = ""


@dataclass(frozen=True, slots=True)
class ConsentRevoked:
    """Consents were revoked for some channels and purposes. No purposes: every one."""

    target: Target
    channels: frozenset[Channel]
    purposes: frozenset[Purpose]
    widened: bool
    source: Source
    evidence: Evidence = NO_EVIDENCE
    note: str = ""


@dataclass(frozen=True, slots=True)
class PermissionAnswered:
    """Somebody told whether permission for one send was given; an end of 0: none was made.

    The row was checked at `checked_position` or after. The last four are what it named beside its address, with which
    the claim is checked again.
    """

    target: Target
    channel: Channel
    policy: str
    permission_given: bool
    expires_at_ms: int = 0
    note: str = ""
    evidence: Evidence = NO_EVIDENCE
    checked_position: int = 0
    time_zone: str = ""
    postal_code: str = ""
    contact_id: str = ""
    debt_id: str = ""


@dataclass(frozen=True, slots=True)
class SendClaimed:
    """The permission that an event made was asked to be used up; `reservation` names the attempt claimed for it."""

    permission: int
    target: Target
    reservation: str = ""
