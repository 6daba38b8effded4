"""What the state machine draws from: addresses, labels, policies, rows."""

from dataclasses import replace

from hypothesis import strategies as st

from model.facts import (
    ABANDONED,
    ATTEMPT_PACKS,
    CONTACT,
    CONVERSATION,
    DAY_MS,
    DEBT,
    EMAIL,
    HOURS_PACKS,
    PLACES,
    SMS,
    VOICE,
    Bound,
)
from model.nouns import Policy, Required, Row

PHONES = list(PLACES)
EMAILS = ["ann@example.com", "bob@mail.example.com", "cy@deep.mail.example.com", "di@myexample.com"]
PATTERNS = ["+1*", "+1415*", "+14155550101*", "+44*", "@example.com", "@mail.example.com"]
ACCOUNTS = ["default", "beta"]
OWN_LABELS = ["sales", "surveys"]
LABELS = ["do-not-contact", "do-not-phone", "do-not-text", "do-not-email", *OWN_LABELS]
POLICIES = ["p1", "p2"]
REGIONS = ["US", "US-FL", "US-CA", "US-KY", "GB", "DE"]

# Every address, some with what callers know of the person, and what is no address.
ROWS = [
    *map(Row, PHONES),
    Row("+14155550101", contact_id="c1", debt_id="d1"),
    Row("+14155550102", contact_id="c1"),
    Row("+14152220111", time_zone="America/New_York", debt_id="d1"),
    Row("+12125550101", postal_code="33101", contact_id="c2"),
    Row("+13055550101", time_zone="America/Chicago", contact_id="c2", debt_id="d2"),
    Row("+13055550101", postal_code="32501"),
    Row("+13055550101", postal_code="Pensacola, FL 32501-", time_zone="EST"),
    Row("+14155550101", time_zone="Asia/Tokyo"),
    Row("+12125550101", time_zone="EDT", contact_id="c1", debt_id="d1"),
    Row("+12125550101", time_zone="America/New_York", postal_code="N/A", contact_id="c2", debt_id="d2"),
    Row("+442079460123", contact_id="c1", debt_id="d2"),
    *map(Row, EMAILS),
    Row("ann@example.com", contact_id="c1", debt_id="d1", time_zone="Asia/Tokyo", postal_code="33101"),
    *map(Row, ["no address", "911", ""]),
]
PHONE_ROWS = [row for row in ROWS if row.address in PLACES]
MAIL_ROWS = [row for row in ROWS if "@" in row.address]

# Mostly one, so that it gets far.
accounts = st.sampled_from(["default", "default", "default", "beta"])
targets = st.sampled_from([*PHONES[:4], *EMAILS, *PATTERNS, *PHONES])
# Few, so that what is said and done meets.
numbers = st.sampled_from([*PHONES[:2] * 4, *PHONES])
people = st.sampled_from([*[PHONES[0], EMAILS[0]] * 6, *PHONES[1:2] * 3, *EMAILS[:2], *PHONES])
sources = st.integers(1, 8)
offsets = st.sampled_from([None, -1000, 500, 5000])
lengths = st.sampled_from([None, 1, 700, 4000, 10_000, DAY_MS])
channel_sets = st.frozensets(st.integers(1, 4), min_size=1)
purposes = st.frozensets(st.integers(1, 5), max_size=2)
reasons = st.sampled_from([0, 0, 0, 1, 3, 5, 6])
entries = st.tuples(targets, st.sampled_from(LABELS), sources, offsets, lengths, reasons)
rows = st.lists(entries, min_size=1, max_size=4)
refs = st.lists(st.tuples(targets, st.sampled_from(LABELS)), min_size=1, max_size=3)

LIFTED = frozenset({1, 3})
REQUIRED = [
    (),
    (),
    (),
    (Required("us-national"),),
    (Required("us-national", 31, LIFTED),),
    (Required("us-national", 0, frozenset({1, 2, 3, 4})),),
    (Required("us-national", 200, LIFTED), Required("uk-tps")),
]
LIMITS = [
    Bound(max=1, per_hours=1),
    Bound(max=2, per_hours=24, regions=frozenset({"US-FL", "US-CA"})),
    Bound(max=3, per_hours=168, channels=frozenset({VOICE, SMS})),
    Bound(max=2, per_hours=48, per=CONTACT, regions=frozenset({"US"})),
    Bound(max=1, per_hours=72, per=DEBT),
]
COOLDOWNS = [
    Bound(after=ABANDONED, hours=72),
    Bound(after=CONVERSATION, hours=2, channels=frozenset({VOICE})),
    Bound(after=CONVERSATION, days=1, regions=frozenset({"US-KY", "US-CA", "GB"})),
    Bound(after=CONVERSATION, days=7, per=DEBT),
    Bound(after=ABANDONED, days=2, per=CONTACT),
]


def _some(among: list[Bound]) -> st.SearchStrategy[tuple[Bound, ...]]:
    chosen = st.lists(st.sampled_from(among), unique=True, min_size=1, max_size=2).map(tuple)
    return st.one_of(st.just(()), chosen)


def _packs(names: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.one_of(st.just(()), st.lists(st.sampled_from(names), unique=True, min_size=1).map(tuple))


def _sound(policy: Policy) -> Policy:
    """Leave out most of what a policy would be refused for; a pack that binds nothing of it stays now and then."""
    packs = tuple(name for name in policy.attempt_packs if policy.is_bound_by(name) or len(policy.labels) == 2)
    return replace(
        policy, attempt_packs=packs, opt_in=policy.opt_in and (not policy.channels or SMS in policy.channels)
    )


# Under which what persons say matters: registries that consents lift, and opt-outs that leave a question open.
word_policies = st.builds(
    Policy,
    purpose=st.sampled_from([1, 1, 5]),
    opt_in=st.sampled_from([False, False, True]),
    shadow=st.sampled_from([False, False, False, True]),
    registries=st.sampled_from([*REQUIRED[1:], *REQUIRED[4:6] * 2]),
    hours=st.sampled_from([(), (), ("us-federal", "us-states")]),
    limits=st.sampled_from([(), (), (), (LIMITS[3],)]),
    permission=st.sampled_from([frozenset({EMAIL}), frozenset({SMS, EMAIL}), frozenset({SMS, EMAIL})]),
)
# Under which calls are counted: mostly each of them, and a pause after what was abandoned.
call_policies = st.builds(
    Policy,
    channels=st.sampled_from([frozenset(), frozenset({VOICE}), frozenset({VOICE, SMS, EMAIL})]),
    purpose=st.sampled_from([1, 5]),
    shadow=st.sampled_from([False, False, True]),
    unscreened_blocks=st.booleans(),
    hours=st.sampled_from([(), (), ("us-federal",), ("us-states", "us-federal"), ("reg-f", "us-states")]),
    limits=_some([*LIMITS[:1] * 3, *LIMITS]),
    cooldowns=_some([*COOLDOWNS[:1] * 3, *COOLDOWNS]),
    attempt_packs=_packs(ATTEMPT_PACKS),
).map(_sound)
policies = st.builds(
    Policy,
    channels=st.frozensets(st.integers(1, 4), max_size=3),
    purpose=st.sampled_from([1, 1, 2, 3, 4, 5, 5]),
    labels=st.lists(st.sampled_from(OWN_LABELS), unique=True).map(tuple),
    opt_in=st.booleans(),
    shadow=st.sampled_from([False, False, True]),
    registries=st.sampled_from(REQUIRED),
    unscreened_blocks=st.booleans(),
    hours=_packs(HOURS_PACKS),
    limits=_some(LIMITS),
    cooldowns=_some(COOLDOWNS),
    attempt_packs=_packs(ATTEMPT_PACKS),
    permission=st.sampled_from([frozenset(), frozenset({EMAIL}), frozenset({SMS, EMAIL})]),
).map(_sound)
