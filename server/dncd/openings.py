"""Openings: what calling hours and closed regions find in a column of numbers, and when an address is open again."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from dncd.columns import numbered
from dncd.findings import Findings, Ground, Rows, blank
from dncd.locating import Located
from dncd.nouns import Rule, Verdict
from dncd.regions import ClosedRegion
from dncd.rulebook import OpeningHours, Rulebook
from dncd.rules.hours import MINUTE_MS, Opening, OpeningState
from dncd.rules.place import Place, may_be_in
from dncd.rules.search import Budget
from dncd.storage.contract import Mask

_NOT_SCREENED: Final = (
    (OpeningState.NOT_COVERED, Rule.HOURS_NOT_COVERED),
    (OpeningState.ZONE_UNKNOWN, Rule.ZONE_UNKNOWN),
)


def hours_findings(
    book: Rulebook,
    opening_hours: OpeningHours,
    located: Located,
    numbers: Mask,
    now_ms: int,
    unscreened: Verdict,
    grounds: list[Ground],
) -> Iterator[Findings]:
    """Yield what calling hours find in the rows that are numbers; `grounds` gets what the findings rest on."""
    hours, table = opening_hours.hours, opening_hours.table
    states = table.states(located.ids, now_ms)
    for place, rows in located.known.items():
        states[rows] = hours.state(place, now_ms)
    shut = numbers & (states != OpeningState.OPEN)
    if not shut.any():
        return
    for state, rule in _NOT_SCREENED:
        found = np.flatnonzero(shut & (states == state))
        if len(found):
            findings = blank(found, rule, unscreened)
            if rule is Rule.ZONE_UNKNOWN:
                _tell_unread(findings, located, grounds)
            yield findings
    closed = shut & (states == OpeningState.CLOSED)
    for place, rows in located.known.items():
        if closed[rows].any():
            here = np.array(rows, dtype=np.intp)
            yield from _closed_here(book, hours.at(place, now_ms, located.budget), here[closed[here]], grounds)
            closed[here] = False
    rows_closed = np.flatnonzero(closed)
    if len(rows_closed):
        yield from _closed_by_id(book, opening_hours, located, rows_closed, now_ms, grounds)


def _tell_unread(findings: Findings, located: Located, grounds: list[Ground]) -> None:
    """Say of the rows whose place nobody knows what of them could not be read."""
    for unread, rows in located.unread.items():
        findings["ground"][np.isin(findings["row"], rows)] = len(grounds)
        grounds.append(Ground(citation=unread))


def _closed_here(book: Rulebook, opening: Opening, rows: Rows, grounds: list[Ground]) -> Iterator[Findings]:
    for closed in opening.closed:
        findings = blank(rows, Rule.CALLING_HOURS, Verdict.DEFER)
        findings["ground"] = len(grounds)
        findings["retry_at_ms"] = closed.opens_at_ms
        grounds.append(book.ground(closed.rule, closed.zone))
        yield findings


def _closed_by_id(
    book: Rulebook, opening_hours: OpeningHours, located: Located, rows: Rows, now_ms: int, grounds: list[Ground]
) -> Iterator[Findings]:
    """Yield one column of findings for the first rule that is closed in each place, one for the second, and so on."""
    ids, place_of_row = numbered(located.ids[rows])
    openings = [opening_hours.table.opening(place_id, now_ms, located.budget) for place_id in ids.tolist()]
    for turn in range(max(len(opening.closed) for opening in openings)):
        ground_of_place = np.full(len(ids), -1, dtype=np.int32)
        retry_of_place = np.zeros(len(ids), dtype=np.int64)
        for index, opening in enumerate(openings):
            if turn < len(opening.closed):
                closed = opening.closed[turn]
                ground_of_place[index], retry_of_place[index] = len(grounds), closed.opens_at_ms
                grounds.append(book.ground(closed.rule, closed.zone))
        ground_of_row = ground_of_place[place_of_row]
        here = np.flatnonzero(ground_of_row >= 0)
        findings = blank(rows[here], Rule.CALLING_HOURS, Verdict.DEFER)
        findings["ground"] = ground_of_row[here]
        findings["retry_at_ms"] = retry_of_place[place_of_row[here]]
        yield findings


def closing_findings(
    closed: Sequence[ClosedRegion], located: Located, numbers: Mask, now_ms: int, grounds: list[Ground]
) -> Iterator[Findings]:
    """Yield which numbers may be in a region that the account closed; `grounds` gets what the findings rest on."""
    in_force = [each for each in closed if now_ms < each.until_ms]
    if not in_force:
        return
    for place, rows in located.groups():
        here = rows[numbers[rows]]
        for each in in_force:
            if len(here) and may_be_in(place, each.region):
                findings = blank(here, Rule.REGION_CLOSED, Verdict.DEFER)
                findings["retry_at_ms"] = each.until_ms
                findings["recorded_at_ms"] = each.closed_at_ms
                findings["position"] = each.position
                findings["ground"] = len(grounds)
                grounds.append(Ground(region=each.region, citation=each.reason))
                yield findings


def open_at(
    opening_hours: OpeningHours | None, closed: Sequence[ClosedRegion], place: Place, time_ms: int, budget: Budget
) -> int:
    """Return the first moment at or after a time at which neither hours nor closings stop a place; 0 for none known."""
    until_ms = max((each.until_ms for each in closed if may_be_in(place, each.region)), default=0)
    time_ms = max(time_ms, until_ms)
    return time_ms if opening_hours is None else opening_hours.hours.opens_at(place, time_ms, budget)


def round_up(time_ms: int) -> int:
    """Round a time up to a whole minute, the grain of calling hours."""
    return -(-time_ms // MINUTE_MS) * MINUTE_MS
