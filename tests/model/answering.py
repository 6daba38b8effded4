"""The answer of the reference model: every rule of a policy, asked one after the other about one row."""

from collections.abc import Iterator

from model.clocks import QUARTER_MS, cooled_at, cools, is_open, latest_day_on_earth, opens_at
from model.facts import (
    ACCEPTED,
    ACTIVE,
    ALLOW,
    BLOCK,
    CALLING_HOURS,
    CONTACT,
    DEBT,
    DECEASED,
    DEFER,
    EMAIL,
    INVALID,
    LEGAL,
    NOT_SENT,
    NUMBER,
    OPT_IN_REQUIRED,
    PACK_BOUNDS,
    PENDING,
    PERMISSION_REQUIRED,
    PLACES,
    REGISTERS,
    RELEASED,
    RULE_ADDRESS,
    RULE_CLOSED_REGION,
    RULE_CONTEXT,
    RULE_COOLDOWN,
    RULE_ENTRY,
    RULE_HOURS,
    RULE_HOURS_NOT_COVERED,
    RULE_LIMIT,
    RULE_MISSING,
    RULE_NOT_COVERED,
    RULE_OF_STATUS,
    RULE_REGISTRY,
    RULE_REVIEW,
    RULE_STALE,
    RULE_ZONE_UNKNOWN,
    SMS,
    STRENGTH,
    UNSCREENED,
    WHATSAPP,
    Bound,
)
from model.nouns import Attempt, Finding, OptIn, Policy, Refused, Required, Row
from model.reference import Account


def answer(account: Account, policy_name: str, channel: int, row: Row, now_ms: int) -> tuple[int, int, list[Finding]]:
    """Give the verdict, the shadow verdict (0 where there is none) and the findings."""
    if policy_name not in account.policies:
        raise Refused("POLICY_NOT_FOUND")
    policy, _ = account.policies[policy_name]
    if policy.channels and channel not in policy.channels:
        raise Refused("CHANNEL_NOT_IN_POLICY")
    if not reaches(channel, row.address):
        found = [Finding(RULE_ADDRESS, INVALID)]
    else:
        found = list(_findings(account, policy_name, channel, row, now_ms))
    enforced = strongest([finding for finding in found if not finding.shadow])
    return enforced, strongest(found) if policy.shadow else 0, found


def answers(account: Account, policy_name: str, channel: int) -> bool:
    """Tell whether a policy is there and is about a channel."""
    policy, _ = account.policies.get(policy_name, (None, 0))
    return policy is not None and (not policy.channels or channel in policy.channels)


def reaches(channel: int, address: str) -> bool:
    return (channel == EMAIL and "@" in address) or (channel != EMAIL and address in PLACES)


def strongest(findings: list[Finding]) -> int:
    return max((finding.verdict for finding in findings), key=STRENGTH.index, default=ALLOW)


def retry_at(account: Account, policy_name: str, channel: int, row: Row, now_ms: int) -> int:
    """Return the first moment at which nothing that is enforced defers any more."""
    time_ms = now_ms
    while True:
        found = _findings(account, policy_name, channel, row, time_ms)
        standing = [finding for finding in found if finding.verdict == DEFER and not finding.shadow]
        if not standing:
            return time_ms
        time_ms = max(finding.retry_ms for finding in standing)


def _findings(account: Account, policy_name: str, channel: int, row: Row, now_ms: int) -> Iterator[Finding]:
    policy, _ = account.policies[policy_name]
    yield from _entries(account, policy, channel, row.address, now_ms)
    if channel in {SMS, WHATSAPP}:
        yield from _reviews(account, row.address)
    if policy.opt_in and channel == SMS:
        yield from _opt_in(account, policy, row.address)
    if channel != EMAIL:
        yield from _registries(account, policy_name, channel, row.address, now_ms)
        yield from _closings(account, row, now_ms)
        yield from _hours(policy, channel, row, now_ms)
    yield from _bounds(account, policy, channel, row, now_ms)


def _entries(account: Account, policy: Policy, channel: int, address: str, now_ms: int) -> Iterator[Finding]:
    for entry in account.covering(address):
        label = account.labels[entry.label]
        honoured = label.built_in or entry.label in policy.labels
        speaks = channel in label.channels and (not label.purposes or policy.purpose in label.purposes)
        # SHADOW weakens nothing; a do-not-contact, a court and a death leave nothing to be permitted.
        firm = policy.shadow or entry.label == "do-not-contact" or entry.reason in {LEGAL, DECEASED}
        if honoured and speaks and entry.state(now_ms) == ACTIVE:
            yield Finding(
                RULE_ENTRY,
                PERMISSION_REQUIRED if channel in policy.permission and not firm else BLOCK,
                entry.label,
                entry.source,
                entry.target,
                entry.recorded_ms,
                entry.ends_ms,
                entry.position,
                policy.shadow and not label.built_in,
            )


def _reviews(account: Account, address: str) -> Iterator[Finding]:
    for position, waiting in account.reviews.items():
        if waiting.address == address:
            yield Finding(RULE_REVIEW, BLOCK, recorded_ms=waiting.recorded_ms, position=position)


def _opt_in(account: Account, policy: Policy, number: str) -> Iterator[Finding]:
    known = account.opt_ins.get(number, OptIn(NOT_SENT, 0, 0, 0))
    if known.status != ACCEPTED:
        yield Finding(
            RULE_OF_STATUS[known.status],
            OPT_IN_REQUIRED if known.status == NOT_SENT else BLOCK,
            source=known.source,
            recorded_ms=known.recorded_ms,
            position=known.position,
            shadow=policy.shadow,
        )


def _unscreened(policy: Policy) -> int:
    return BLOCK if policy.unscreened_blocks else UNSCREENED


def _registries(account: Account, policy_name: str, channel: int, number: str, now_ms: int) -> Iterator[Finding]:
    policy, _ = account.policies[policy_name]
    unscreened, shadow = _unscreened(policy), policy.shadow
    speaking = [each for each in policy.registries if number.startswith(REGISTERS[each.name].scope)]
    if policy.registries and not speaking:
        yield Finding(RULE_NOT_COVERED, unscreened, shadow=shadow)
    for required in speaking:
        register = REGISTERS[required.name]
        if register.list_date is None:
            yield Finding(RULE_MISSING, unscreened, shadow=shadow, subject=required.name)
            continue
        subject = f"{required.name} {register.list_date}"
        if not number.startswith(register.granted[account.name]):
            yield Finding(RULE_NOT_COVERED, unscreened, shadow=shadow, subject=subject)
            continue
        if 0 < required.max_age_days < (latest_day_on_earth(now_ms) - register.list_date).days:
            yield Finding(RULE_STALE, unscreened, shadow=shadow, subject=subject)
        if number in register.numbers:
            lifting = lifters(account, policy_name, required, channel, number, now_ms)
            verdict = ALLOW if lifting else BLOCK
            facts = {"shadow": shadow, "subject": subject, "lifted": bool(lifting)}
            yield Finding(RULE_REGISTRY, verdict, loose=frozenset(lifting), **facts)  # type: ignore[arg-type]  # of mixed types


def lifters(
    account: Account, policy_name: str, required: Required, channel: int, number: str, now_ms: int
) -> list[tuple[object, ...]]:
    """Return the consents that lift a match: any of them may be named."""
    policy, _ = account.policies[policy_name]
    return [
        (key.kind, consent.given_ms, consent.ends_ms, consent.position)
        for key, consent in account.consents.items()
        if key.address == number
        and key.kind in required.lifted_by
        and channel in key.channels
        and key.purpose in {0, policy.purpose}
        and key.policy in {"", policy_name}
        and consent.given_ms <= now_ms < consent.ends_ms
    ]


def _closings(account: Account, row: Row, now_ms: int) -> Iterator[Finding]:
    for region, closing in account.closings.items():
        if region in row.place.regions and now_ms < closing.until_ms:
            yield Finding(
                RULE_CLOSED_REGION,
                DEFER,
                recorded_ms=closing.closed_ms,
                position=closing.position,
                subject=f" {region}",
                citation=closing.reason,
                retry_ms=closing.until_ms,
            )


def _hours(policy: Policy, channel: int, row: Row, now_ms: int) -> Iterator[Finding]:
    named = [hours for hours in CALLING_HOURS if hours.pack in policy.hours and policy.purpose in hours.purposes]
    speaking = [hours for hours in named if hours.region in row.place.regions]
    if policy.hours and not speaking:
        yield Finding(RULE_HOURS_NOT_COVERED, _unscreened(policy), shadow=policy.shadow)
    zones = row.place.zones
    if speaking and row.unread:
        facts = {"subject": " ", "citation": row.unread}
        yield Finding(RULE_ZONE_UNKNOWN, _unscreened(policy), shadow=policy.shadow, **facts)  # type: ignore[arg-type]  # two texts
    for hours in speaking:
        closed = [zone for zone in zones if not is_open(hours, zone, now_ms)]
        if closed:
            yield Finding(
                RULE_HOURS,
                DEFER,
                shadow=policy.shadow,
                subject=f"{hours.id} {hours.region}",
                citation=hours.citation,
                retry_ms=opens_at(hours, zones, now_ms // QUARTER_MS),
                loose=frozenset(closed),
            )


def bounds_of(policy: Policy, channel: int, row: Row) -> list[Bound]:
    """Return the limits and cool-downs that bind a contact, of the policy and of its packs."""
    packs = [bound for bound in PACK_BOUNDS if bound.pack in policy.attempt_packs and policy.purpose in bound.purposes]
    return [
        bound
        for bound in (*policy.limits, *policy.cooldowns, *packs)
        if (not bound.channels or channel in bound.channels)
        # Whoever may be anywhere may be there.
        and (not bound.regions or not row.place.regions or bound.regions & row.place.regions)
    ]


def _bounds(account: Account, policy: Policy, channel: int, row: Row, now_ms: int) -> Iterator[Finding]:
    binding = bounds_of(policy, channel, row)
    for per in {bound.per for bound in binding if not counted_by(bound.per, row)}:
        yield Finding(RULE_CONTEXT, _unscreened(policy), shadow=policy.shadow, attempts=(0, 0, 0, per, 0, 0))
    for bound in binding:
        if not counted_by(bound.per, row):
            continue
        alike = [
            attempt
            for attempt in account.attempts.values()
            if counted_by(bound.per, attempt.row) == counted_by(bound.per, row)
            and (not bound.channels or attempt.channel in bound.channels)
        ]
        told_ms = 0
        if bound.after:
            counted, told_ms, retry_ms = _cooling(bound, alike, row, now_ms)
        else:
            counted, retry_ms = _limited(bound, alike, now_ms)
        if retry_ms:
            yield Finding(
                RULE_COOLDOWN if bound.after else RULE_LIMIT,
                DEFER,
                recorded_ms=told_ms,
                shadow=policy.shadow,
                subject=bound.id,
                citation=bound.citation,
                retry_ms=retry_ms,
                attempts=(counted, bound.max, bound.per_hours or bound.hours, bound.per, bound.after, bound.days),
                where=(bound.channels, bound.regions),
                # Where it holds by several regions, any may be named; and any zone in which days are counted.
                loose=frozenset({"", *(bound.regions & row.place.regions), *row.place.zones}),
            )


def counted_by(per: int, row: Row) -> str:
    return {NUMBER: row.address, CONTACT: row.contact_id, DEBT: row.debt_id}[per]


def _leaves_ms(attempt: Attempt, bound: Bound) -> int:
    """Return when an attempt no longer counts: its window is over, or it was claimed and never made."""
    if attempt.outcome == RELEASED:
        return 0
    over_ms = attempt.reserved_ms + bound.per_hours * 3_600_000
    return min(over_ms, attempt.lease_ends_ms) if attempt.outcome == PENDING else over_ms


def _limited(bound: Bound, alike: list[Attempt], now_ms: int) -> tuple[int, int]:
    """Return how many count, and when there is room; 0 where there is."""
    leaving = sorted(leaves_ms for attempt in alike if (leaves_ms := _leaves_ms(attempt, bound)) > now_ms)
    room = len(leaving) < bound.max
    # Enough of them must have left that fewer than the most remain.
    return len(leaving), 0 if room else leaving[len(leaving) - bound.max]


def _cooling(bound: Bound, alike: list[Attempt], row: Row, now_ms: int) -> tuple[int, int, int]:
    """Return how many outcomes the pause waits after, when the newest was told, and when it is over; 0 where it is."""
    # A pause that was due stays due, whatever was told of the attempt since.
    times = [attempt.told_ms[bound.after] for attempt in alike if bound.after in attempt.told_ms]
    zones, lasts = row.place.zones, (bound.hours, bound.days)
    cooling = [time_ms for time_ms in times if cools(zones, time_ms, now_ms, *lasts)]
    ends_ms = max((cooled_at(zones, time_ms, *lasts) for time_ms in cooling), default=0)
    return len(cooling), max(cooling, default=0), ends_ms
