"""What limits and cool-downs find in a batch, counted in columns; and the bounds of claims, resolved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dncd.bounds import Bound
from dncd.events import ClaimLimit
from dncd.findings import Findings, Ground, Rows, blank
from dncd.held_attempts import Asked, Held, Holders, ids_of, places_of, read_held
from dncd.kept_attempts import Times, cooling, counted, told_at_ms
from dncd.nouns import AttemptOutcome, AttemptScope, Rule, Verdict
from dncd.rules.place import NOWHERE
from dncd.storage.contract import Mask, Snapshot

__all__ = ["Asked", "attempt_findings", "resolve"]

_PENDING: Final = int(AttemptOutcome.PENDING)
# Days begin and end at quarters of an hour, in every zone.
_QUARTER_MS: Final = 900_000
# Enough for every place of a batch, and for the attempts of one row of ATTEMPTS.
_PLACE_BITS: Final = 17
_COUNT_BITS: Final = 14


def attempt_findings(
    snapshot: Snapshot,
    account_id: int,
    bounds: Sequence[Bound],
    asked: Asked,
    unscreened: Verdict,
    grounds: list[Ground],
) -> Iterator[Findings]:
    """Yield what limits and cool-downs find; `grounds` gets what the findings rest on.

    Windows, leases and cool-downs end by `ends_ms`. Costs a read for each row that may be known, and then some 0.1 us
    an attempt for each bound.
    """
    binding = [bound for bound in bounds if bound.binds(asked.channel, asked.begins_ms)]
    for scope in AttemptScope:
        of_scope = [bound for bound in binding if bound.per is scope]
        if not of_scope:
            continue
        if scope is not AttemptScope.NUMBER:
            yield from _lacking(of_scope, asked, scope, unscreened, grounds)
        stopped = _stopped(of_scope, asked, read_held(snapshot, account_id, asked, scope))
        for index, bound in enumerate(of_scope):
            if bound.after is None and not bound.max:
                yield from _never(bound, asked, grounds)
            elif stopped is not None and (stops := stopped[1][index]) is not None:
                yield _deferring(bound, stopped[0], stops, grounds)


def resolve(bounds: Sequence[Bound], asked: Asked, rows: Rows) -> tuple[tuple[ClaimLimit, ...], list[tuple[int, ...]]]:
    """Resolve the bounds for claims of some rows: all limits, and for each row the indexes of those that judge it."""
    binding = [bound for bound in bounds if bound.binds(asked.channel, asked.begins_ms)]
    places, place_of = places_of(asked.located, rows)
    limits: dict[ClaimLimit, int] = {}
    by_place = [
        tuple(
            limits.setdefault(bound.claim_limit(place, asked.ends_ms), len(limits))
            for bound in binding
            if bound.holds_in(place)
        )
        for place in places
    ]
    return tuple(limits), [by_place[place] for place in place_of.tolist()]


@dataclass(frozen=True, slots=True)
class _Stops:
    """The holders that a bound stops, as indexes, with how many attempts count and the time that matters.

    The times are when a limit has room again, and of a cool-down when the outcome came.
    """

    which: Rows
    counts: Rows
    times_ms: Times

    def moved(self, place_of: Rows) -> "_Stops":
        """Return the same with other indexes: what `place_of` has for each."""
        return _Stops(place_of[self.which], self.counts, self.times_ms)


def _stopped(
    bounds: Sequence[Bound], asked: Asked, parts: Iterator[Held]
) -> tuple[Holders, list[_Stops | None]] | None:
    """Ask each bound about every part; returns the holders of all parts, and for each bound which of them it stops.

    None where there are no attempts, as is so for most single rows.
    """
    holders: list[Holders] = []
    found: list[list[list[_Stops]]] = []
    for held in parts:
        holders.append(held.holders)
        found.append([_stops(bound, held, asked.ends_ms) for bound in bounds])
    if not holders:
        return None
    if len(holders) == 1:
        return holders[0], [stops[0] if len(stops) == 1 else _one(stops) for stops in found[0]]
    rows = np.concatenate([each.rows for each in holders])
    order = np.argsort(rows)
    place_of = np.empty_like(order)
    place_of[order] = np.arange(len(order))
    firsts = np.cumsum([0, *(len(each.rows) for each in holders)]).tolist()
    stopped = [
        _one([stop.moved(place_of[first:]) for first, part in zip(firsts, found, strict=False) for stop in part[index]])
        for index in range(len(bounds))
    ]
    return Holders(rows[order], *places_of(asked.located, rows[order])), stopped


def _one(stops: Sequence[_Stops]) -> _Stops | None:
    """Put what a bound stops together, in the order of the holders."""
    if not stops:
        return None
    which = np.concatenate([each.which for each in stops])
    order = np.argsort(which)
    counts = np.concatenate([each.counts for each in stops])
    times_ms = np.concatenate([each.times_ms for each in stops])
    return _Stops(which[order], counts[order], times_ms[order])


def _lacking(
    bounds: Sequence[Bound], asked: Asked, scope: AttemptScope, unscreened: Verdict, grounds: list[Ground]
) -> Iterator[Findings]:
    """Yield the rows that have no id of the kind that a bound where they are counts by."""
    lacks = asked.faults == 0
    if ids := ids_of(asked, scope):
        lacks &= np.fromiter((not text for text in ids), dtype=np.bool_, count=len(ids))
    rows = np.flatnonzero(lacks)
    places, place_of = places_of(asked.located, rows)
    held = np.array([any(bound.holds_in(place) for bound in bounds) for place in places], dtype=np.bool_)[place_of]
    if held.any():
        findings = blank(rows[held], Rule.CONTEXT_MISSING, unscreened)
        findings["ground"] = len(grounds)
        grounds.append(Ground(per=scope))
        yield findings


def _never(bound: Bound, asked: Asked, grounds: list[Ground]) -> Iterator[Findings]:
    """Yield every row: the limit is no attempts at all."""
    findings = blank(np.flatnonzero(asked.faults == 0), Rule.ATTEMPT_LIMIT, Verdict.DEFER)
    findings["ground"] = len(grounds)
    grounds.append(bound.ground(NOWHERE))
    yield findings


def _stops(bound: Bound, held: Held, now_ms: int) -> list[_Stops]:
    """Tell which holders a bound stops, each once."""
    # Asked first, since it costs little: most have made none of what the bound counts, or too few.
    if bound.after is None:
        possible = 0 < bound.max <= len(held.attempts)
    else:
        possible = bool(told_at_ms(held.attempts, bound.after).any())
    holds = held.holders.holds(bound) if possible else None
    if holds is None or not holds.any():
        return []
    if bound.after is None:
        return list(_full(bound, held, holds, now_ms))
    return list(_cooling(bound, bound.after, held, holds, now_ms))


def _full(bound: Bound, held: Held, holds: Mask, now_ms: int) -> Iterator[_Stops]:
    mask = counted(held.attempts, bound.channels, now_ms - bound.window_ms + 1, now_ms) & held.on(holds)
    counts = np.bincount(held.owners[mask], minlength=held.keys)
    full = np.flatnonzero(counts >= bound.max)
    if not len(full):
        return
    mask &= (counts >= bound.max)[held.owners]
    # numpy moves records that a mask chooses field by field, and those that are taken as a whole.
    owners, attempts = held.owners[mask], held.attempts.take(np.flatnonzero(mask))
    leaves = attempts["reserved_at_ms"] + bound.window_ms
    claims = attempts["outcome"] == _PENDING
    leaves[claims] = np.minimum(leaves, attempts["lease_ends_at_ms"])[claims]
    # Of each key, by when they leave, the last first: with the one at `max` there is room.
    order = np.lexsort((-leaves, owners))
    firsts = np.cumsum(counts[full]) - counts[full]
    yield _stopping(held, holds, full, counts, leaves[order][firsts + bound.max - 1])


def _cooling(bound: Bound, after: AttemptOutcome, held: Held, holds: Mask, now_ms: int) -> Iterator[_Stops]:
    since_ms = held.holders.since_ms(bound, now_ms)
    told_ms = told_at_ms(held.attempts, after)
    for rows, since_of_attempt in _turns(held, holds, since_ms):
        mask = cooling(held.attempts, bound.channels, after, since_of_attempt) & held.on(rows)
        owners = held.owners[mask]
        counts = np.bincount(owners, minlength=held.keys)
        waiting = np.flatnonzero(counts)
        if len(waiting):
            latest_ms = np.zeros(held.keys, dtype=np.int64)
            np.maximum.at(latest_ms, owners, told_ms[mask])
            yield _stopping(held, rows, waiting, counts, latest_ms[waiting])


def _stopping(held: Held, rows: Mask, keys: Rows, counts: Rows, times_ms: Times) -> _Stops:
    """Tell which of some rows have one of some keys, and what counts there; `times_ms` are of those keys."""
    if held.key_of is None:
        return _Stops(keys, counts[keys], times_ms)
    place_of_key = np.full(held.keys, -1, dtype=np.intp)
    place_of_key[keys] = np.arange(len(keys))
    place_of = place_of_key[held.key_of]
    which = np.flatnonzero((place_of >= 0) & rows)
    return _Stops(which, counts[held.key_of[which]], times_ms[place_of[which]])


def _turns(held: Held, holds: Mask, since_ms: Times) -> Iterator[tuple[Mask, int | Times]]:
    """Yield the rows where a bound holds, and the earliest time that matters to each attempt on them.

    At once where each key has one such time; else once for each time: days begin at some dozens of them.
    """
    if held.key_of is None:
        yield holds, since_ms[held.owners]
        return
    for since in np.unique(since_ms[holds]).tolist():
        yield holds & (since_ms == since), since


def _deferring(bound: Bound, holders: Holders, stops: _Stops, grounds: list[Ground]) -> Findings:
    """Build the findings of the holders that a bound stops."""
    counts, times_ms = stops.counts, stops.times_ms
    rule = Rule.ATTEMPT_LIMIT if bound.after is None else Rule.COOLDOWN
    findings = blank(holders.rows[stops.which], rule, Verdict.DEFER)
    if bound.after is not None:
        findings["recorded_at_ms"] = times_ms
    quarters = times_ms // _QUARTER_MS if bound.days else np.zeros(len(counts), dtype=np.int64)
    place_of = holders.place_of[stops.which]
    codes = (quarters << (_PLACE_BITS + _COUNT_BITS)) | (place_of << _COUNT_BITS) | counts
    _, firsts, alike = np.unique(codes, return_index=True, return_inverse=True)
    ends = [bound.cooled_ms(holders.places[place_of[each]], int(times_ms[each])) for each in firsts.tolist()]
    findings["ground"] = alike + len(grounds)
    for each, (_, zone) in zip(firsts.tolist(), ends, strict=True):
        grounds.append(bound.ground(holders.places[place_of[each]], int(counts[each]), zone))
    # Calendar days end alike for a quarter of an hour; hours, and days in no zone, do not.
    exact = np.array([not (bound.days and zone) for _, zone in ends], dtype=np.bool_)[alike]
    retry_at_ms = np.array([end for end, _ in ends], dtype=np.int64)[alike]
    findings["retry_at_ms"] = retry_at_ms + np.where(exact, times_ms - times_ms[firsts][alike], 0)
    return findings
