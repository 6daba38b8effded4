"""The enumerations of the field as plain integers; numbers equal those of the protos, and a test holds that."""

from enum import IntEnum
from typing import Final


class Channel(IntEnum):
    """A way of reaching a person."""

    VOICE = 1
    SMS = 2
    EMAIL = 3
    WHATSAPP = 4


class Purpose(IntEnum):
    """Why a person is contacted."""

    MARKETING = 1
    SERVICE = 2
    TRANSACTIONAL = 3
    SURVEY = 4
    DEBT_COLLECTION = 5


class Source(IntEnum):
    """Where a change came from."""

    AGENT = 1
    IVR = 2
    BOT = 3
    INBOUND_MESSAGE = 4
    IMPORT = 5
    API = 6
    CONSOLE = 7
    WORKFLOW = 8


class Role(IntEnum):
    """What a token may do."""

    SERVER = 0
    CHECKER = 1
    AGENT = 2
    MANAGER = 3
    ADMIN = 4
    AUDITOR = 5


class Verdict(IntEnum):
    """The answer for one address; only ALLOW permits contact."""

    ALLOW = 1
    BLOCK = 2
    DEFER = 3
    OPT_IN_REQUIRED = 4
    PERMISSION_REQUIRED = 5
    UNSCREENED = 6
    INVALID = 7


class Rule(IntEnum):
    """The rule that gave a finding."""

    ADDRESS = 1
    ENTRY = 2
    OPT_IN_NOT_SENT = 3
    OPT_IN_SENT = 4
    OPT_IN_REJECTED = 5
    REGISTRY = 6
    REGISTRY_NOT_COVERED = 7
    REGISTRY_STALE = 8
    REGISTRY_MISSING = 9
    CALLING_HOURS = 10
    HOURS_NOT_COVERED = 11
    ZONE_UNKNOWN = 12
    REGION_CLOSED = 13
    ATTEMPT_LIMIT = 14
    COOLDOWN = 15
    CONTEXT_MISSING = 16
    REVIEW = 17


class OptInStatus(IntEnum):
    """The state of the opt-in to texts."""

    NOT_SENT = 1
    SENT = 2
    ACCEPTED = 3
    REJECTED = 4


class EntryReason(IntEnum):
    """Why an entry was added."""

    REQUESTED_BY_PERSON = 1
    COMPLAINT = 2
    LEGAL = 3
    WRONG_PERSON = 4
    DECEASED = 5
    INTERNAL_DECISION = 6


# No permission is given for one send against these, and no START takes them back.
NEVER_PERMITTED = frozenset({EntryReason.LEGAL, EntryReason.DECEASED})
# Of two reasons for one entry the graver stands.
GRAVITY = {reason: 2 if reason in NEVER_PERMITTED else 1 for reason in EntryReason} | {EntryReason.INTERNAL_DECISION: 0}


class RemovalReason(IntEnum):
    """Why entries are taken away."""

    ADDED_IN_ERROR = 1
    CONSENT_RENEWED = 2
    NUMBER_REASSIGNED = 3
    LEGAL_INSTRUCTION = 4
    TEST_ENTRY = 5


class EntryState(IntEnum):
    """Whether an entry stops contact at the time of reading."""

    ACTIVE = 1
    SCHEDULED = 2
    EXPIRED = 3


class RowOutcome(IntEnum):
    """What happened to one row of a change."""

    ADDED = 1
    EXTENDED = 2
    UNCHANGED = 3
    REMOVED = 4
    KEPT_OWN_WORD = 5


class Mode(IntEnum):
    """Whether a policy stops contact."""

    ENFORCE = 1
    SHADOW = 2


class Unscreened(IntEnum):
    """What a registry means that is missing, stale, or does not cover a number."""

    UNSCREENED = 1
    BLOCK = 2


class ConsentKind(IntEnum):
    """What kind of evidence a consent is."""

    EXPRESS_WRITTEN = 1
    EXPRESS = 2
    BUSINESS_RELATIONSHIP = 3
    INQUIRY = 4


class NotCounted(IntEnum):
    """Why a number that stands on a list does not count as registered under a policy."""

    JOINED_LATELY = 1
    OTHER_CATEGORIES = 2


class AttemptScope(IntEnum):
    """What attempts are counted by."""

    NUMBER = 1
    CONTACT = 2
    DEBT = 3


class AttemptOutcome(IntEnum):
    """What became of an attempt."""

    PENDING = 1
    NO_ANSWER = 2
    CONVERSATION = 3
    ABANDONED = 4
    RELEASED = 5


class MessageClass(IntEnum):
    """What an inbound message says."""

    OPT_OUT = 1
    OPT_IN = 2
    HELP = 3
    NONE = 4
    REVIEW = 5


class ReviewDecision(IntEnum):
    """What a person found an uncertain message to say."""

    OPT_OUT = 1
    NOT_AN_OPT_OUT = 2


class SnapshotState(IntEnum):
    """Whether a snapshot of a registry may be put in force."""

    READY = 1
    HELD = 2
    IN_FORCE = 3
    RETIRED = 4


# The sources that are the person's own word: not removed without evidence that the person changed their mind.
OWN_WORD: Final = frozenset({Source.AGENT, Source.IVR, Source.BOT, Source.INBOUND_MESSAGE})

# From the weakest to the strongest; the verdict of an address is the strongest of its findings.
STRENGTH: Final = (
    Verdict.ALLOW,
    Verdict.DEFER,
    Verdict.OPT_IN_REQUIRED,
    Verdict.PERMISSION_REQUIRED,
    Verdict.UNSCREENED,
    Verdict.BLOCK,
    Verdict.INVALID,
)

PHONE_CHANNELS: Final = frozenset({Channel.VOICE, Channel.SMS, Channel.WHATSAPP})
EVERY_CHANNEL: Final = frozenset(Channel)
EVERY_PURPOSE: Final = frozenset(Purpose)
