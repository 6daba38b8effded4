"""The cases of the cost of each rule: the same 10,000 numbers decided with the rule and without it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from campaign import FULL_POLICY, HOURS, LABELS, LIFTED_BY, LIMIT_PACKS, MAX_AGE_DAYS, Campaign, random_numbers
from national import NAME
from traffic import HITS, Numbers

from dncd.batch import Batch, Moment
from dncd.catalog import Catalog, compile_draft
from dncd.check import Decision, decide, retry_times
from dncd.events import AttemptLimit, Policy, RequiredRegistry
from dncd.nouns import AttemptScope, Channel
from dncd.regions import ClosedRegion
from dncd.registry.shelf import Shelf
from dncd.storage.contract import Snapshot

ROWS: Final = 10_000
# So many different batches that no call finds the numbers of the one before in the processor's caches.
_BATCHES_MAX: Final = 16
HOURS_BY_DAY: Final = "calling hours by day, all open"
_PLAIN: Final = Policy("plain")
_REGISTER: Final = Policy("register", registries=(RequiredRegistry(NAME, MAX_AGE_DAYS),))
_LIFTING: Final = Policy("lifting", registries=(RequiredRegistry(NAME, MAX_AGE_DAYS, lifted_by=LIFTED_BY),))
_OPT_IN: Final = Policy("opt-in", require_opt_in=frozenset({Channel.SMS}))
_LABELS: Final = Policy("labels", labels=LABELS)
_HOURS: Final = Policy("hours", calling_hours=HOURS)
_LIMITS: Final = Policy("limits", attempt_limits=(AttemptLimit(8, 168),), attempt_packs=LIMIT_PACKS)
_REACHED: Final = Policy("reached", attempt_limits=(AttemptLimit(3, 168),))
_BY_CONTACT: Final = Policy("by-contact", attempt_limits=(AttemptLimit(8, 168, per=AttemptScope.CONTACT),))
_ZONES: Final = ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles")
_POSTAL_CODES: Final = ("10001", "30301", "60601", "73101", "80202", "94105", "98101")
_MINUTE_MS: Final = 60_000

# Decides the batch of a turn.
Decide = Callable[[int], object]


@dataclass(frozen=True, slots=True)
class Case:
    """What is added, and the two ways to decide; without the second, all of the first counts.

    `once` is set for what is computed once in a while, whatever the numbers: it is quoted for all of them together.
    """

    what: str
    having: Decide
    lacking: Decide | None
    once: bool = False


class Cases:
    """All cases over a snapshot of a campaign's store, for texts over numbers whose opt-in is ACCEPTED."""

    def __init__(
        self,
        snapshot: Snapshot,
        catalog: Catalog,
        shelf: Shelf,
        campaign: Campaign,
        accepted: Numbers,
        rows_max: int,
        seed: int,
    ) -> None:
        self._snapshot = snapshot
        self._catalog = catalog
        self._shelf = shelf
        self._campaign = campaign
        self._random = np.random.default_rng([seed, 11])
        self._accepted = accepted
        self._count = max(2, min(_BATCHES_MAX, rows_max // ROWS))
        self._day = Moment(campaign.moments.day_ms, campaign.moments.day_ms)
        self._night = Moment(campaign.moments.night_ms, campaign.moments.night_ms)

    def all(self) -> Iterator[Case]:
        """Yield every case, in the order of the table."""
        known = self._campaign.known
        nothing = self._batches(0.0, known.entries)
        yield Case("built-in labels, nothing known: the whole decision", self._decides(nothing, _PLAIN), None)
        yield from self._labels(nothing)
        yield from self._opt_in()
        yield from self._registers(nothing)
        yield from self._hours(nothing)
        yield from self._limits(nothing)
        yield from self._contexts(nothing)
        mixed = self._mixed()
        plain = self._decides(mixed, _PLAIN)
        yield Case("all of it by day, 2 % known", self._decides(mixed, FULL_POLICY), plain)
        yield Case("all of it by night, 2 % known", self._decides(mixed, FULL_POLICY, self._night), plain)

    def _labels(self, nothing: list[Batch]) -> Iterator[Case]:
        known = self._campaign.known
        entered, labelled = self._batches(HITS, known.entries), self._batches(HITS, known.labelled)
        plain = self._decides(nothing, _PLAIN)
        yield Case("entries of built-in labels, 2 % of numbers", self._decides(entered, _PLAIN), plain)
        plain = self._decides(labelled, _PLAIN)
        yield Case("own labels, entries on 2 % of numbers", self._decides(labelled, _LABELS), plain)

    def _opt_in(self) -> Iterator[Case]:
        nobody = self._batches(0.0, self._accepted, Channel.SMS)
        everyone = self._batches(1.0, self._accepted, Channel.SMS)
        yield Case("opt-in, nobody was asked", self._decides(nobody, _OPT_IN), self._decides(nobody, _PLAIN))
        yield Case("opt-in, everyone accepted", self._decides(everyone, _OPT_IN), self._decides(everyone, _PLAIN))

    def _registers(self, nothing: list[Batch]) -> Iterator[Case]:
        yield Case("a register", self._decides(nothing, _REGISTER), self._decides(nothing, _PLAIN))
        for what, share in (("2 % have one", HITS), ("all are registered and have one", 1.0)):
            numbers = self._batches(share, self._campaign.known.consented)
            lifting, plain = self._decides(numbers, _LIFTING), self._decides(numbers, _REGISTER)
            yield Case(f"consents that lift, {what}", lifting, plain)

    def _hours(self, nothing: list[Batch]) -> Iterator[Case]:
        plain = self._decides(nothing, _PLAIN)
        by_day, by_night = self._decides(nothing, _HOURS), self._decides(nothing, _HOURS, self._night)
        yield Case(HOURS_BY_DAY, by_day, plain)
        yield Case("calling hours by night, all deferred", by_night, plain)
        yield Case("when each opens again, all deferred by night", self._opening(nothing), by_night)
        for name, moment, warm in (("day", self._day, by_day), ("night", self._night, by_night)):
            yield Case(f"hours of a minute that is new, by {name}", self._new_minutes(nothing, moment), warm, once=True)
        closed = replace(self._catalog, closed=(ClosedRegion("US-FL", self._night.ends_ms, 0, 1, "a storm"),))
        yield Case("a closed region, US-FL", self._decides(nothing, _PLAIN, catalog=closed), plain)

    def _limits(self, nothing: list[Batch]) -> Iterator[Case]:
        attempted = self._batches(1.0, self._campaign.known.attempted)
        plain = self._decides(attempted, _PLAIN)
        yield Case("limits, nothing attempted", self._decides(nothing, _LIMITS), self._decides(nothing, _PLAIN))
        yield Case("limits, all attempted 3 times, 8 allowed", self._decides(attempted, _LIMITS), plain)
        yield Case("limits, all attempted 3 times, 3 allowed", self._decides(attempted, _REACHED), plain)

    def _contexts(self, nothing: list[Batch]) -> Iterator[Case]:
        hours = self._decides(nothing, _HOURS)
        zoned = [replace(batch, time_zones=self._texts(_ZONES)) for batch in nothing]
        coded = [replace(batch, postal_codes=self._texts(_POSTAL_CODES)) for batch in nothing]
        named = [
            replace(batch, contact_ids=[f"contact-{place}-{row}" for row in range(ROWS)])
            for place, batch in enumerate(nothing)
        ]
        yield Case("a time zone for each number, beside hours", self._decides(zoned, _HOURS), hours)
        yield Case("a postal code for each number, beside hours", self._decides(coded, _HOURS), hours)
        by_contact = self._decides(named, _BY_CONTACT)
        yield Case("a limit by contact, an id for each number", by_contact, self._decides(named, _PLAIN))

    def _texts(self, some: Sequence[str]) -> list[str]:
        return [some[place] for place in self._random.integers(0, len(some), ROWS).tolist()]

    def _batches(self, share: float, known: Numbers, channel: Channel = Channel.VOICE) -> list[Batch]:
        """Draw batches of random numbers of which a share is drawn from those known."""
        batches = []
        for _ in range(self._count):
            numbers = random_numbers(self._random, self._campaign.areas, ROWS)
            hits = np.flatnonzero(self._random.random(ROWS) < share)
            numbers[hits] = known[self._random.integers(0, len(known), len(hits))]
            batches.append(_batch(numbers, channel))
        return batches

    def _mixed(self) -> list[Batch]:
        traffic = self._campaign.traffic(int(self._random.integers(1 << 30)), "")
        return [_batch(traffic.mixed(ROWS), Channel.VOICE) for _ in range(self._count)]

    def _decides(
        self, batches: list[Batch], policy: Policy, moment: Moment | None = None, catalog: Catalog | None = None
    ) -> Callable[[int], Decision]:
        """Return what decides one batch after the other, by day where no moment is given."""
        compiled = compile_draft(self._snapshot, self._catalog, policy)
        asked, when = catalog or self._catalog, moment or self._day
        return lambda turn: decide(self._snapshot, asked, compiled, batches[turn % len(batches)], when)

    def _opening(self, batches: list[Batch]) -> Decide:
        """Return what also finds out when each deferred number opens again."""
        compiled = compile_draft(self._snapshot, self._catalog, _HOURS)
        decided = self._decides(batches, _HOURS, self._night)
        return lambda turn: retry_times(self._catalog, compiled, decided(turn))

    def _new_minutes(self, batches: list[Batch], moment: Moment) -> Decide:
        """Return what decides each batch for a minute that nobody asked about before."""
        compiled = compile_draft(self._snapshot, self._catalog, _HOURS)
        minutes = iter(range(moment.begins_ms + _MINUTE_MS, moment.begins_ms + 10_000 * _MINUTE_MS, _MINUTE_MS))

        def ask(turn: int) -> Decision:
            time_ms = next(minutes)
            return decide(
                self._snapshot, self._catalog, compiled, batches[turn % len(batches)], Moment(time_ms, time_ms)
            )

        return ask


def _batch(numbers: Numbers, channel: Channel) -> Batch:
    return Batch(channel, np.zeros(len(numbers), dtype=np.uint8), phones=numbers)
