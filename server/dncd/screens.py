"""Screens: what a policy asks of its registries, made ready to be asked in columns.

A number must be in the scope of at least one registry of the policy, covered by every one that has it in its scope, and
stand on none. A registry that is missing, stale or does not cover a number gives a finding of its own: whoever is not
screened is not allowed. Registries say nothing about e-mail.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dncd import registries
from dncd.errors import SnapshotNotFound
from dncd.events import Policy, RequiredRegistry
from dncd.findings import Findings, Rows, blank
from dncd.nouns import NotCounted, Rule, SnapshotState, Verdict
from dncd.registry.failures import SnapshotDamaged
from dncd.registry.membership import Membership
from dncd.registry.prefixes import PrefixSet
from dncd.registry.shelf import Shelf
from dncd.storage.contract import Mask, Phones, Snapshot

log = logging.getLogger(__name__)

# The format whose lists speak of the numbers that were washed, and of no others.
WASH: Final = "acma"
_IN_FORCE_ONCE = frozenset({SnapshotState.IN_FORCE, SnapshotState.RETIRED})
# Where on earth it is the latest, UTC+14: https://data.iana.org/time-zones/tzdb/australasia, Pacific/Kiritimati.
_LATEST_OFFSET: Final = timedelta(hours=14)
# The column `not_counted` of findings: 0 counts, 1 is of other categories, 2 and more joined lately, as the older list
# proves that comes so many places behind the first.
_OTHER_CATEGORIES: Final = 1
_FIRST_LACKING: Final = 2

Codes = NDArray[np.uint16]


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

    def is_on(self, phones: Phones) -> Mask:
        """Tell for each number whether it stands on the list for any category; not for the result of a wash."""
        return self.members.contains(phones)

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
class Unopened:
    """A list that is in force and cannot be asked: its files are damaged or gone, or it was pruned since."""

    snapshot_id: str
    list_date: date
    pruned: bool = False


class Match(NamedTuple):
    """Rows whose numbers stand on a list. `not_counted`: why they do not count as registered, 0 where they do."""

    rows: Rows
    not_counted: Codes | int = 0


@dataclass(frozen=True, slots=True)
class Screen:
    """One registry of a policy. `older` are the lists before the one in force, the newest first.

    `unopened` is the list in force where it cannot be asked: then there is no `in_force`.
    """

    required: RequiredRegistry
    scope: PrefixSet
    covered: PrefixSet
    in_force: Listed | None
    older: tuple[Listed, ...] = ()
    unopened: Unopened | None = None

    def matches(self, phones: Phones, day: date, covered: Mask) -> Iterator[Match]:
        """Yield which rows of the mask stand on the list on a day: those that count, and those that do not."""
        assert self.in_force is not None, "a registry without a list is missing, and is not asked"
        on_it = self.in_force.has(phones, self.required.categories) & covered
        rows = np.flatnonzero(on_it)
        if self.required.listed_days_min and self.older and len(rows):
            lacking = self._lacking(phones[rows], day - timedelta(days=self.required.listed_days_min))
            lately = lacking > 0
            yield Match(rows[lately], lacking[lately])
            rows = rows[~lately]
        yield Match(rows)
        if self.required.categories and not self.in_force.washed:
            yield Match(np.flatnonzero(self.in_force.is_on(phones) & covered & ~on_it), _OTHER_CATEGORIES)

    def not_counted(self, code: int) -> tuple[NotCounted, Listed | None]:
        """Return why a match of a code does not count, and the older list that proves it where it joined lately."""
        if code == _OTHER_CATEGORIES:
            return NotCounted.OTHER_CATEGORIES, None
        return NotCounted.JOINED_LATELY, self.older[code - _FIRST_LACKING]

    def _lacking(self, phones: Phones, day: date) -> Codes:
        """Return for each number the code of a list that proves that it joined after a day; 0 where none does.

        Proof is a list since the day that lacks it, where no list of the same date or before has it. Without it nothing
        is proved: whoever is on the list in force may have joined long ago, or a broken list may have dropped them.
        """
        assert self.in_force is not None, "a registry without a list is missing, and is not asked"
        codes = np.zeros(len(phones), dtype=np.uint16)
        for code, lacking in enumerate(self.older[: np.iinfo(np.uint16).max - _FIRST_LACKING], _FIRST_LACKING):
            if lacking.list_date >= day:
                new_then = lacking.lacks(phones, self.required.categories)
                for listed in (self.in_force, *self.older):
                    if listed.list_date <= lacking.list_date:
                        new_then &= ~listed.has(phones, self.required.categories)
                codes[new_then & (codes == 0)] = code
        return codes

    def is_stale(self, day: date) -> bool:
        """Tell whether the list in force is older than the policy allows on a day."""
        assert self.in_force is not None, "a registry without a list is missing, and is not asked"
        age_days = (day - self.in_force.list_date).days
        return 0 < self.required.max_age_days < age_days


class ShelfOfPast(Shelf):
    """A shelf for the past: what was pruned since is gone from it, also where somebody has it open still."""

    def __init__(self, shelf: Shelf, present: Snapshot) -> None:
        super().__init__(shelf.path)
        self._shelf = shelf
        self._present = present

    def open(self, registry: str, snapshot_id: str) -> Membership:
        """Open a snapshot; raises `SnapshotNotFound` where it was pruned, and `SnapshotDamaged`."""
        registries.find_snapshot(self._present, registry, snapshot_id)
        return self._shelf.open(registry, snapshot_id)


def latest_day(now_ms: int) -> date:
    """Return the latest day that it is anywhere on earth: a list is never younger than by this one.

    Both rules about days are the stricter for a later day: a list is older, and fewer lists are of the last days, which
    alone can prove that a number joined lately.
    """
    return (datetime.fromtimestamp(now_ms / 1000, UTC) + _LATEST_OFFSET).date()


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
        listed = tuple(each for each in opened if isinstance(each, Listed))
        older = listed if len(listed) == len(opened) else ()
    in_force = _open(kept, shelf)
    if isinstance(in_force, Unopened):
        return Screen(required, scope, covered, None, older, in_force)
    return Screen(required, scope, covered, in_force, older)


def _open(kept: registries.Kept, shelf: Shelf) -> Listed | Unopened:
    snapshot = kept.snapshot
    try:
        members = shelf.open(snapshot.registry, snapshot.id)
        registries.check_origin(shelf.folder(snapshot.registry, snapshot.id), members.manifest, snapshot)
    except SnapshotNotFound:
        return Unopened(snapshot.id, snapshot.list_date, pruned=True)
    except (SnapshotDamaged, OSError) as error:
        # An OSError names its file too: one that may not be read, or that was pruned while it was opened.
        log.error("snapshot %s of %s is not served: %s", snapshot.id, snapshot.registry, error)  # noqa: TRY400 - the sentence names the file; a trace adds nothing
        return Unopened(snapshot.id, snapshot.list_date)
    return Listed(
        snapshot.id, snapshot.list_date, members, PrefixSet(snapshot.coverage), washed=snapshot.format == WASH
    )


def screen_findings(
    screens: tuple[Screen, ...], unscreened: Verdict, phones: Phones, now_ms: int
) -> Iterator[Findings]:
    """Yield what the registries of a policy find in a column of numbers; rows that are no numbers are 0."""
    day = latest_day(now_ms)
    outside = phones > 0
    for index, screen in enumerate(screens):
        within = screen.scope.contains(phones)
        outside &= ~within
        for rule, verdict, match in _ask(screen, phones, within, day, unscreened):
            if len(match.rows):
                findings = blank(match.rows, rule, verdict)
                findings["screen"] = index
                findings["not_counted"] = match.not_counted
                yield findings
    if screens and outside.any():
        yield blank(np.flatnonzero(outside), Rule.REGISTRY_NOT_COVERED, unscreened)


def _ask(
    screen: Screen, phones: Phones, within: Mask, day: date, unscreened: Verdict
) -> Iterator[tuple[Rule, Verdict, Match]]:
    if screen.in_force is None:
        yield Rule.REGISTRY_MISSING, unscreened, Match(np.flatnonzero(within))
        return
    covered = within if screen.covered == screen.scope else screen.covered.contains(phones)
    covered = screen.in_force.washed_of(phones, covered)
    if covered is not within:
        yield Rule.REGISTRY_NOT_COVERED, unscreened, Match(np.flatnonzero(within & ~covered))
    for match in screen.matches(phones, day, covered):
        counts = isinstance(match.not_counted, int) and not match.not_counted
        yield Rule.REGISTRY, Verdict.BLOCK if counts else Verdict.ALLOW, match
    if screen.is_stale(day):
        yield Rule.REGISTRY_STALE, unscreened, Match(np.flatnonzero(covered))
