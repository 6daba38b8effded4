"""Screens: what a policy asks of its registries, made ready to be asked in columns.

A number must be in the scope of at least one registry of the policy, covered by every one that has it in its scope, and
stand on none. A registry that is missing, stale or does not cover a number gives a finding of its own: whoever is not
screened is not allowed. Registries say nothing about e-mail.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import numpy as np

from dncd import registries
from dncd.events import Policy, RequiredRegistry
from dncd.findings import Findings, blank
from dncd.nouns import Rule, SnapshotState, Verdict
from dncd.registry.failures import SnapshotDamaged
from dncd.registry.membership import Membership
from dncd.registry.prefixes import PrefixSet
from dncd.registry.shelf import Shelf
from dncd.storage.contract import Mask, Phones, Snapshot

log = logging.getLogger(__name__)

# The format whose lists speak of the numbers that were washed, and of no others.
WASH: Final = "acma"
_IN_FORCE_ONCE = frozenset({SnapshotState.IN_FORCE, SnapshotState.RETIRED})


@dataclass(frozen=True, slots=True)
class Listed:
    """A list that is kept: its date, its numbers, and what its files cover; no prefix: all of it.

    `washed` is set where it is the result of a wash: it holds the numbers that were clean too, and speaks of no others.
    """

    snapshot_id: str
    list_date: date
    members: Membership
    coverage: PrefixSet
    washed: bool = False

    def has(self, phones: Phones, categories: frozenset[int]) -> Mask:
        """Tell for each number whether it stands on the list, for one of the categories where some are asked."""
        # No category at all leaves those that every category has: in a wash, the registered ones.
        return self.members.contains(phones, categories if self.washed else categories or None)

    def lacks(self, phones: Phones, categories: frozenset[int]) -> Mask:
        """Tell for each number whether the list covers it and it does not stand on it."""
        missing = ~self.has(phones, categories)
        missing = missing & self.coverage.contains(phones) if self.coverage.prefixes else missing
        return self.washed_of(phones, missing)

    def washed_of(self, phones: Phones, mask: Mask) -> Mask:
        """Return those of the mask that the list can speak about: in the result of a wash, those that were washed."""
        return mask & self.members.contains(phones) if self.washed else mask


@dataclass(frozen=True, slots=True)
class Screen:
    """One registry of a policy. `older` are the lists before the one in force, the newest first."""

    required: RequiredRegistry
    scope: PrefixSet
    covered: PrefixSet
    in_force: Listed | None
    older: tuple[Listed, ...] = ()

    def members(self, phones: Phones, day: date) -> Mask:
        """Tell for each number whether it counts as registered on a day."""
        assert self.in_force is not None, "a registry without a list is missing, and is not asked"
        found = self.in_force.has(phones, self.required.categories)
        if self.required.listed_days_min and self.older:
            found &= ~self._joined_since(phones, day - timedelta(days=self.required.listed_days_min))
        return found

    def _joined_since(self, phones: Phones, day: date) -> Mask:
        """Tell for each number whether the lists prove that it joined after a day.

        Proof is a list since the day that lacks it, where no list of the same date or before has it. Without it nothing
        is proved: whoever is on the list in force may have joined long ago, or a broken list may have dropped them.
        """
        assert self.in_force is not None, "a registry without a list is missing, and is not asked"
        joined = np.zeros(len(phones), dtype=np.bool_)
        for lacking in self.older:
            if lacking.list_date >= day:
                new_then = lacking.lacks(phones, self.required.categories)
                for listed in (self.in_force, *self.older):
                    if listed.list_date <= lacking.list_date:
                        new_then &= ~listed.has(phones, self.required.categories)
                joined |= new_then
        return joined

    def is_stale(self, day: date) -> bool:
        """Tell whether the list in force is older than the policy allows on a day."""
        assert self.in_force is not None, "a registry without a list is missing, and is not asked"
        age_days = (day - self.in_force.list_date).days
        return 0 < self.required.max_age_days < age_days


def read_screens(snapshot: Snapshot, account_id: int, policy: Policy, shelf: Shelf) -> tuple[Screen, ...]:
    """Make the registries of a policy ready, in its order. A list that is damaged counts as missing, and is logged."""
    return tuple(_read_screen(snapshot, account_id, required, shelf) for required in policy.registries)


def _read_screen(snapshot: Snapshot, account_id: int, required: RequiredRegistry, shelf: Shelf) -> Screen:
    registry, in_force_id = registries.find(snapshot, required.name)
    scope = PrefixSet(registry.scope)
    granted = PrefixSet(registries.coverage(snapshot, account_id, required.name))
    if not in_force_id:
        return Screen(required, scope, PrefixSet(()), None)
    kept = registries.find_snapshot(snapshot, required.name, in_force_id)
    covered = scope & granted
    if kept.snapshot.coverage:
        covered &= PrefixSet(kept.snapshot.coverage)
    older: tuple[Listed, ...] = ()
    if required.listed_days_min:
        past = [each for each in registries.scan_snapshots(snapshot, required.name) if each.state in _IN_FORCE_ONCE]
        opened = [_open(each, shelf) for each in past if each.snapshot.id != in_force_id]
        # Whoever is on the list in force may stand on one that cannot be opened: then no other proves that they joined.
        older = () if None in opened else tuple(filter(None, opened))
    return Screen(required, scope, covered, _open(kept, shelf), older)


def _open(kept: registries.Kept, shelf: Shelf) -> Listed | None:
    snapshot = kept.snapshot
    try:
        members = shelf.open(snapshot.registry, snapshot.id)
    except SnapshotDamaged as error:
        log.error("snapshot %s of %s is not served: %s", snapshot.id, snapshot.registry, error)  # noqa: TRY400 - the sentence names the file; a trace adds nothing
        return None
    return Listed(
        snapshot.id, snapshot.list_date, members, PrefixSet(snapshot.coverage), washed=snapshot.format == WASH
    )


def screen_findings(
    screens: tuple[Screen, ...], unscreened: Verdict, phones: Phones, now_ms: int
) -> Iterator[Findings]:
    """Yield what the registries of a policy find in a column of numbers; rows that are no numbers are 0."""
    day = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    outside = phones > 0
    for index, screen in enumerate(screens):
        within = screen.scope.contains(phones)
        outside &= ~within
        for rule, verdict, mask in _ask(screen, phones, within, day, unscreened):
            rows = np.flatnonzero(mask)
            if len(rows):
                findings = blank(rows, rule, verdict)
                findings["screen"] = index
                yield findings
    if screens and outside.any():
        yield blank(np.flatnonzero(outside), Rule.REGISTRY_NOT_COVERED, unscreened)


def _ask(
    screen: Screen, phones: Phones, within: Mask, day: date, unscreened: Verdict
) -> Iterator[tuple[Rule, Verdict, Mask]]:
    if screen.in_force is None:
        yield Rule.REGISTRY_MISSING, unscreened, within
        return
    covered = within if screen.covered == screen.scope else screen.covered.contains(phones)
    covered = screen.in_force.washed_of(phones, covered)
    if covered is not within:
        yield Rule.REGISTRY_NOT_COVERED, unscreened, within & ~covered
    yield Rule.REGISTRY, Verdict.BLOCK, screen.members(phones, day) & covered
    if screen.is_stale(day):
        yield Rule.REGISTRY_STALE, unscreened, covered
