"""What the model takes for granted: the numbers of the contract, and facts of rule packs, places and registries.

They are written down here from the protos, the published rules and the numbering plans, so that nothing of the server
decides what the server is held against.
"""

from dataclasses import dataclass, field
from datetime import date

ALLOW, BLOCK, DEFER, OPT_IN_REQUIRED, PERMISSION_REQUIRED, UNSCREENED, INVALID = range(1, 8)
STRENGTH = [ALLOW, DEFER, OPT_IN_REQUIRED, PERMISSION_REQUIRED, UNSCREENED, BLOCK, INVALID]
VOICE, SMS, EMAIL, WHATSAPP = 1, 2, 3, 4
PHONE_CHANNELS = frozenset({VOICE, SMS, WHATSAPP})
MARKETING, DEBT_COLLECTION = 1, 5
EVERY_PURPOSE = frozenset(range(1, 6))
AGENT, IVR, BOT, INBOUND_MESSAGE = 1, 2, 3, 4
OWN_WORD = {AGENT, IVR, BOT, INBOUND_MESSAGE}
ADDED, EXTENDED, UNCHANGED, REMOVED, KEPT_OWN_WORD = 1, 2, 3, 4, 5
NOT_SENT, SENT, ACCEPTED, REJECTED = 1, 2, 3, 4
ACTIVE, SCHEDULED, EXPIRED = 1, 2, 3
REQUESTED_BY_PERSON, LEGAL, DECEASED, INTERNAL_DECISION = 1, 3, 5, 6
CONSENT_RENEWED = 2
EXPRESS_WRITTEN, EXPRESS, BUSINESS_RELATIONSHIP, INQUIRY = 1, 2, 3, 4
NUMBER, CONTACT, DEBT = 1, 2, 3
PENDING, NO_ANSWER, CONVERSATION, ABANDONED, RELEASED = 1, 2, 3, 4, 5
RECORDED, ALREADY, UNKNOWN = 1, 2, 3
# An outcome takes the place of those before it here.
STRONGER = [PENDING, RELEASED, NO_ANSWER, ABANDONED, CONVERSATION]
OPT_OUT, OPT_IN, HELP, NONE, REVIEW = 1, 2, 3, 4, 5

RULE_ADDRESS, RULE_ENTRY = 1, 2
RULE_OF_STATUS = {NOT_SENT: 3, SENT: 4, REJECTED: 5}
OPT_IN_RULES = frozenset(RULE_OF_STATUS.values())
RULE_REGISTRY, RULE_NOT_COVERED, RULE_STALE, RULE_MISSING = 6, 7, 8, 9
RULE_HOURS, RULE_HOURS_NOT_COVERED, RULE_ZONE_UNKNOWN, RULE_CLOSED_REGION = 10, 11, 12, 13
RULE_LIMIT, RULE_COOLDOWN, RULE_CONTEXT, RULE_REVIEW = 14, 15, 16, 17

MINUTE_MS, HOUR_MS, DAY_MS = 60_000, 3_600_000, 86_400_000
CONFIRMATION_MS, PERMISSION_MS = 5 * MINUTE_MS, 15 * MINUTE_MS
# The longest window, and the hour that the server keeps attempts beyond it.
ATTEMPTS_KEPT_MS = 745 * HOUR_MS
SEND_LEASE_MS = 744 * HOUR_MS

BUILT_IN = {
    "do-not-contact": {VOICE, SMS, EMAIL, WHATSAPP},
    "do-not-phone": {VOICE},
    "do-not-text": {SMS, WHATSAPP},
    "do-not-email": {EMAIL},
}
# FIELD.md 4: exact keywords, plain free text, and what only a person can decide.
MEANINGS = {
    "STOP": OPT_OUT,
    " stop.": OPT_OUT,
    "Unsubscribe": OPT_OUT,
    "please stop texting me": OPT_OUT,
    "START": OPT_IN,
    "unstop": OPT_IN,
    # Where an opt-in request waits for an answer.
    "YES": OPT_IN,
    "HELP": HELP,
    "thanks": NONE,
    "can you stop by at 5": NONE,
    "maybe stop": REVIEW,
}


@dataclass(frozen=True)
class Place:
    """The regions whose law may hold for a person, and the time zones that they may be in."""

    regions: frozenset[str] = frozenset()
    zones: tuple[str, ...] = ()


def _place(regions: str, zones: str) -> Place:
    return Place(frozenset(regions.split()), tuple(zones.split()))


NOWHERE = Place()
PLACES = {
    "+14155550101": _place("US US-CA", "America/Los_Angeles"),
    "+14155550102": _place("US US-CA", "America/Los_Angeles"),
    "+14152220111": _place("US US-CA", "America/Los_Angeles"),
    "+12125550101": _place("US US-NY", "America/New_York"),
    "+13055550101": _place("US US-FL", "America/New_York"),
    "+12705550101": _place("US US-KY", "America/Chicago America/New_York"),
    "+16025550101": _place("US US-AZ", "America/Phoenix"),
    "+442079460123": _place("GB GG IM JE", "Europe/London"),
    "+4930123456": _place("DE", "Europe/Berlin"),
}
POSTAL = {"33101": _place("US US-FL", "America/New_York"), "32501": _place("US US-FL", "America/Chicago")}
# What rows write beside their number. Zones that are no place in the United States count beside the others.
TOO_LITTLE = {"EST", "Asia/Tokyo"}
UNREAD_ZONES, UNREAD_CODES = {"EDT"}, {"N/A"}
ZONE_UNREAD = "the row's time_zone is not an IANA name such as America/Chicago"
CODE_UNREAD = "the row's postal_code cannot be read, or is not known"
# Of those that some rule, bound or closing of the model names.
NORTH_AMERICA = frozenset(["US", "CA", "US-AZ", "US-CA", "US-FL", "US-KY", "US-MD", "US-NY", "US-OK", "US-WA"])


@dataclass(frozen=True)
class Hours:
    """Calling hours that are the same on all days, from the hour of opening up to the hour of closing."""

    id: str
    pack: str
    region: str
    opens: int
    closes: int
    citation: str
    purposes: frozenset[int] = EVERY_PURPOSE


CALLING_HOURS = (
    Hours("us-federal-hours", "us-federal", "US", 8, 21, "47 CFR 64.1200(c)(1)"),
    Hours("us-fl-hours", "us-states", "US-FL", 8, 20, "Fla. Stat. 501.616(6)"),
    Hours("us-ok-hours", "us-states", "US-OK", 8, 20, "15 OS 775C"),
    Hours("us-wa-hours", "us-states", "US-WA", 8, 20, "RCW 19.158.040; RCW 80.36.390"),
    Hours("reg-f-hours", "reg-f", "US", 8, 21, "12 CFR 1006.6", frozenset({DEBT_COLLECTION})),
)
HOURS_PACKS = ("us-federal", "us-states", "reg-f")


@dataclass(frozen=True)
class Bound:
    """An attempt limit, or with `after` a cool-down. Without regions, or channels, it holds for all of them."""

    max: int = 0
    per_hours: int = 0
    after: int = 0
    hours: int = 0
    days: int = 0
    regions: frozenset[str] = frozenset()
    per: int = NUMBER
    channels: frozenset[int] = frozenset()
    id: str = ""
    pack: str = ""
    citation: str = ""
    purposes: frozenset[int] = field(default=EVERY_PURPOSE)


_VOICE, _DEBTS = frozenset({VOICE}), frozenset({DEBT_COLLECTION})
# By debt, and so wherever the number is.
_REG_F = "12 CFR 1006.14(b)(2)"


def _state_limit(region: str, rule_id: str, citation: str) -> Bound:
    return Bound(
        max=3,
        per_hours=24,
        regions=frozenset({region}),
        channels=PHONE_CHANNELS,
        id=rule_id,
        pack="us-states",
        citation=citation,
    )


PACK_BOUNDS = (
    _state_limit("US-FL", "us-fl-limit", "Fla. Stat. 501.616(6)"),
    _state_limit("US-OK", "us-ok-limit", "15 OS 775C"),
    Bound(
        max=7,
        per_hours=168,
        per=DEBT,
        channels=_VOICE,
        id="reg-f-limit",
        pack="reg-f",
        citation=_REG_F,
        purposes=_DEBTS,
    ),
    Bound(
        after=CONVERSATION,
        days=7,
        per=DEBT,
        channels=_VOICE,
        id="reg-f-conversation",
        pack="reg-f",
        citation=_REG_F,
        purposes=_DEBTS,
    ),
    Bound(
        after=ABANDONED,
        hours=72,
        regions=frozenset({"GB"}),
        channels=_VOICE,
        id="uk-abandoned",
        pack="uk",
        citation="Ofcom, policy on persistent misuse",
    ),
)
ATTEMPT_PACKS = ("us-states", "reg-f", "uk")

# Months until a consent ends by rule, by country; None is wherever no rule speaks: the shortest of all.
TERMS = {
    BUSINESS_RELATIONSHIP: {"US": 18, "CA": 18, None: 18},
    INQUIRY: {"US": 3, "CA": 6, None: 3},
}
REVOKED_FOR_ALL_FROM = date(2027, 1, 31)


@dataclass(frozen=True)
class Register:
    """A registry of the server with the one list that may be in force, which each account may rely on in part."""

    scope: str
    list_date: date | None = None
    numbers: frozenset[str] = frozenset()
    granted: dict[str, tuple[str, ...]] = field(default_factory=dict)


REGISTERS = {
    "us-national": Register(
        "+1",
        date(2025, 6, 10),
        frozenset({"+14155550101", "+12125550101", "+13055550101", "+16025550101"}),
        {"default": ("+1",), "beta": ("+1415", "+1305")},
    ),
    "uk-tps": Register("+44", None, frozenset(), {"default": ("+44",), "beta": ("+44",)}),
}
