"""Bounds on attempts: the limits and cool-downs of a policy and of its rule packs, made ready to be asked."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from dncd import limits
from dncd.events import AttemptLimit, ClaimLimit, Cooldown, Policy
from dncd.findings import Ground
from dncd.nouns import AttemptOutcome, AttemptScope, Channel
from dncd.rules.pack import CooldownRule, LimitRule, Pack, PackRule
from dncd.rules.place import Place
from dncd.rules.spans import load_zone

HOUR_MS: Final = 3_600_000
_DAY_MS: Final = 86_400_000
_LAST_MS: Final = limits.TIME_MS_MAX - 2 * _DAY_MS
# The zone where a day begins first.
_FIRST_ZONE: Final = timedelta(hours=14)


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit, or with `after` a cool-down in hours or in calendar days.

    No channels: all together; no regions: everywhere. It binds from `effective_ms` on. The rule id and what follows
    name the rule of a pack.
    """

    per: AttemptScope
    channels: frozenset[Channel] = frozenset()
    regions: frozenset[str] = frozenset()
    max: int = 0
    per_hours: int = 0
    after: AttemptOutcome | None = None
    hours: int = 0
    days: int = 0
    rule_id: str = ""
    pack: str = ""
    citation: str = ""
    effective_ms: int = 0

    @property
    def window_ms(self) -> int:
        """Return the length of a limit's window; 0 for a cool-down."""
        return self.per_hours * HOUR_MS

    def binds(self, channel: Channel, now_ms: int) -> bool:
        """Tell whether it holds on a channel, somewhere, at a time."""
        return self.effective_ms <= now_ms and (not self.channels or channel in self.channels)

    def holds_in(self, place: Place) -> bool:
        """Tell whether it holds in a place. Where nobody knows the regions, it holds: it may be in any."""
        return not self.regions or not place.regions or not self.regions.isdisjoint(place.regions)

    def since_ms(self, place: Place, now_ms: int) -> int:
        """Return the earliest time that matters at a time: of reservations for a limit, of outcomes for a cool-down."""
        if self.days:
            return _days_since_ms(place.zones, now_ms, self.days)
        return now_ms - (self.hours or self.per_hours) * HOUR_MS + 1

    def cooled_ms(self, place: Place, outcome_ms: int) -> tuple[int, str]:
        """Return when the cool-down after an outcome ends, and the zone in which it ends last; "" where none counts."""
        if self.days:
            return _days_end_ms(place.zones, outcome_ms, self.days)
        return outcome_ms + self.hours * HOUR_MS, ""

    def claim_limit(self, place: Place, now_ms: int) -> ClaimLimit:
        """Resolve it for a claim in a place at a time."""
        since_ms = self.since_ms(place, now_ms)
        return ClaimLimit(self.per, self.channels, self.max, self.window_ms, self.after, since_ms)

    def ground(self, place: Place, attempts: int = 0, time_zone: str = "") -> Ground:
        """Tell what a finding in a place rests on."""
        # The most particular region that made it hold; of several where the person may be, the first by code.
        region = min(self.regions & place.regions, key=lambda code: (-len(code), code), default="")
        return Ground(
            rule_id=self.rule_id,
            pack=self.pack,
            citation=self.citation,
            region=region,
            time_zone=time_zone,
            attempts=attempts,
            max=self.max,
            per_hours=self.per_hours or self.hours,
            per=self.per,
            after=self.after,
            days=self.days,
            channels=tuple(sorted(self.channels)),
            regions=tuple(sorted(self.regions)),
        )


def compile_bounds(policy: Policy, packs: Mapping[str, Pack]) -> tuple[Bound, ...]:
    """Compile a policy's own limits, then its cool-downs, then those of the packs it names, in order.

    A pack that is not there, such as one of a later version, gives a limit of no attempts.
    """
    own = (*map(_limit, policy.attempt_limits), *map(_cooldown, policy.cooldowns))
    named = (bound for name in policy.attempt_packs for bound in _of_named(name, packs, policy))
    return (*own, *named)


def _of_named(name: str, packs: Mapping[str, Pack], policy: Policy) -> Iterator[Bound]:
    if name in packs:
        yield from _of_pack(packs[name], policy)
    else:
        yield Bound(AttemptScope.NUMBER, per_hours=1, pack=name)


def _limit(limit: AttemptLimit) -> Bound:
    return Bound(limit.per, limit.channels, limit.regions, max=limit.max, per_hours=limit.per_hours)


def _cooldown(cooldown: Cooldown) -> Bound:
    return Bound(
        cooldown.per,
        cooldown.channels,
        cooldown.regions,
        after=cooldown.after,
        hours=cooldown.hours,
        days=cooldown.days,
    )


def _of_pack(pack: Pack, policy: Policy) -> Iterator[Bound]:
    rules: tuple[LimitRule | CooldownRule, ...] = (*pack.limits, *pack.cooldowns)
    for rule in rules:
        if policy.purpose in rule.purposes:
            yield _of_rule(pack.name, rule)


def _of_rule(pack: str, rule: LimitRule | CooldownRule) -> Bound:
    bound = Bound(
        rule.per,
        rule.channels,
        frozenset((rule.region,)) if rule.region else frozenset(),
        rule_id=rule.id,
        pack=pack,
        citation=rule.citation,
        effective_ms=_effective_ms(rule),
    )
    if isinstance(rule, LimitRule):
        return replace(bound, max=rule.max, per_hours=rule.per_hours)
    return replace(bound, after=rule.after, hours=rule.hours, days=rule.days)


def _effective_ms(rule: PackRule) -> int:
    """Return when a rule's first day begins anywhere: early is strict."""
    begins = datetime.combine(rule.effective, time(), UTC) - _FIRST_ZONE
    return int(begins.timestamp()) * 1000


def _days_since_ms(zones: Sequence[str], now_ms: int, days: int) -> int:
    """Return the earliest begin, over zones, of the day that many calendar days back, today being the last of them."""
    if not zones:
        return now_ms - _longest_ms(days) + 1
    back = timedelta(days=days - 1)
    return min(_day_begins_ms(zone, _local_date(zone, now_ms) - back) for zone in zones)


def _days_end_ms(zones: Sequence[str], outcome_ms: int, days: int) -> tuple[int, str]:
    """Return the latest end, over zones, of that many calendar days, the outcome's day being the first of them."""
    if not zones:
        return outcome_ms + _longest_ms(days), ""
    after = timedelta(days=days)
    return max((_day_begins_ms(zone, _local_date(zone, outcome_ms) + after), zone) for zone in zones)


def _longest_ms(days: int) -> int:
    """Return the longest that calendar days last anywhere: begun at midnight, with an hour for clocks set back."""
    return days * _DAY_MS + HOUR_MS


def _local_date(zone: str, time_ms: int) -> date:
    # The last days of the year 9999 have no date in every zone.
    return datetime.fromtimestamp(min(time_ms, _LAST_MS) / 1000, load_zone(zone)).date()


def _day_begins_ms(zone: str, day: date) -> int:
    """Return the first instant of a day; where clocks skip midnight, that of the skip."""
    return int(datetime.combine(day, time(), load_zone(zone)).timestamp()) * 1000
