"""What limits and cool-downs find in a batch, counted in columns; and the bounds of claims, resolved."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dncd.bounds import Bound
from dncd.events import ClaimLimit
from dncd.findings import Bytes, Findings, Ground, Rows, blank
from dncd.kept_attempts import ATTEMPT_BYTES, Attempts, Times, cooling, counted, told_at_ms, unpack
from dncd.locating import Located
from dncd.nouns import AttemptOutcome, AttemptScope, Channel, Rule, Verdict
from dncd.rules.place import NOWHERE, Place
from dncd.storage.contract import Mask, Snapshot, Table
from dncd.storage.keys import Kind, text_key

_PENDING: Final = int(AttemptOutcome.PENDING)
_ATTEMPTS: Final = Table.ATTEMPTS
# With so few rows, a list beats numpy's cost per call.
_FEW_ROWS: Final = 8
# Days begin and end at quarters of an hour, in every zone.
_QUARTER_MS: Final = 900_000
# Enough for every place of a batch, and for the attempts of one row of ATTEMPTS.
_PLACE_BITS: Final = 17
_COUNT_BITS: Final = 14


@dataclass(frozen=True, slots=True)
class Asked:
    """A batch as far as attempts are concerned.

    `rows` are those whose address may be known, and `keys` their address keys; the ids are empty, or one for each row
    of the batch. `begins_ms` and `ends_ms` are the bounds of the moment.
    """

    channel: Channel
    faults: Bytes
    rows: Rows
    keys: Sequence[bytes]
    contact_ids: Sequence[str]
    debt_ids: Sequence[str]
    located: Located | None
    begins_ms: int
    ends_ms: int


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
        held = _read(snapshot, account_id, asked, scope)
        for bound in of_scope:
            if bound.after is None and not bound.max:
                yield from _never(bound, asked, grounds)
            elif held is not None:
                yield from _held_findings(bound, held, asked.ends_ms, grounds)


def resolve(bounds: Sequence[Bound], asked: Asked, rows: Rows) -> tuple[tuple[ClaimLimit, ...], list[tuple[int, ...]]]:
    """Resolve the bounds for claims of some rows: all limits, and for each row the indexes of those that judge it."""
    binding = [bound for bound in bounds if bound.binds(asked.channel, asked.begins_ms)]
    places, place_of = _places_of(asked.located, rows)
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
class _Held:
    """The attempts of rows that have any: `owners` tells for each attempt its place in `rows`.

    `place_of` tells for each of the rows its place, as an index into `places`.
    """

    rows: Rows
    attempts: Attempts
    owners: Rows
    places: list[Place]
    place_of: Rows

    def holds(self, bound: Bound) -> Mask:
        """Tell for each row whether a bound holds there."""
        if not bound.regions:
            return np.ones(len(self.rows), dtype=np.bool_)
        return np.array([bound.holds_in(place) for place in self.places], dtype=np.bool_)[self.place_of]

    def since_ms(self, bound: Bound, now_ms: int) -> Times:
        """Return for each attempt the earliest time that matters to a bound."""
        since = np.array([bound.since_ms(place, now_ms) for place in self.places], dtype=np.int64)
        return since[self.place_of][self.owners]


def _read(snapshot: Snapshot, account_id: int, asked: Asked, scope: AttemptScope) -> _Held | None:
    """Read the attempts of all rows; None where there are none, as is so for most single rows."""
    rows, keys = _keys(snapshot, account_id, asked, scope)
    values = snapshot.get_many(_ATTEMPTS, keys) if len(keys) else ()
    kept = [(place, value) for place, value in enumerate(values) if value]
    if not kept:
        return None
    rows = rows[[place for place, _ in kept]]
    attempts = unpack(b"".join([value for _, value in kept]))
    counts = np.array([len(value) // ATTEMPT_BYTES for _, value in kept], dtype=np.intp)
    return _Held(rows, attempts, np.repeat(np.arange(len(rows)), counts), *_places_of(asked.located, rows))


def _keys(snapshot: Snapshot, account_id: int, asked: Asked, scope: AttemptScope) -> tuple[Rows, Sequence[bytes]]:
    if scope is AttemptScope.NUMBER:
        return asked.rows, asked.keys
    kind = Kind.CONTACT if scope is AttemptScope.CONTACT else Kind.DEBT
    ids = zip(_ids(asked, scope), asked.faults.tolist(), strict=False)
    named = [(row, text_key(account_id, kind, text)) for row, (text, fault) in enumerate(ids) if text and not fault]
    keys = [key for _, key in named]
    known = np.flatnonzero(snapshot.maybe_known(keys)).tolist() if keys else []
    return np.array([named[place][0] for place in known], dtype=np.intp), [keys[place] for place in known]


def _ids(asked: Asked, scope: AttemptScope) -> Sequence[str]:
    return asked.contact_ids if scope is AttemptScope.CONTACT else asked.debt_ids


def _places_of(located: Located | None, rows: Rows) -> tuple[list[Place], Rows]:
    """Return the places that rows may be in, and for each row the index of its own."""
    if located is None:
        return [NOWHERE], np.zeros(len(rows), dtype=np.intp)
    if len(rows) <= _FEW_ROWS and not located.known:
        return [located.places[place_id] for place_id in located.ids[rows].tolist()], np.arange(len(rows))
    return located.distinct(rows)


def _lacking(
    bounds: Sequence[Bound], asked: Asked, scope: AttemptScope, unscreened: Verdict, grounds: list[Ground]
) -> Iterator[Findings]:
    """Yield the rows that have no id of the kind that a bound where they are counts by."""
    lacks = asked.faults == 0
    if ids := _ids(asked, scope):
        lacks &= np.fromiter((not text for text in ids), dtype=np.bool_, count=len(ids))
    rows = np.flatnonzero(lacks)
    places, place_of = _places_of(asked.located, rows)
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


def _held_findings(bound: Bound, held: _Held, now_ms: int, grounds: list[Ground]) -> Iterator[Findings]:
    """Yield what one bound finds in the rows that have attempts."""
    # Asked first, since it costs little: most have made none of what the bound counts, or too few.
    if bound.after is None:
        possible = len(held.attempts) >= bound.max
    else:
        possible = bool(told_at_ms(held.attempts, bound.after).any())
    holds = held.holds(bound) if possible else None
    if holds is None or not holds.any():
        return
    if bound.after is None:
        yield from _limit_findings(bound, held, holds, now_ms, grounds)
    else:
        yield from _cooling_findings(bound, bound.after, held, holds, now_ms, grounds)


def _limit_findings(bound: Bound, held: _Held, holds: Mask, now_ms: int, grounds: list[Ground]) -> Iterator[Findings]:
    mask = counted(held.attempts, bound.channels, now_ms - bound.window_ms + 1, now_ms) & holds[held.owners]
    # numpy moves records that a mask chooses field by field, and those that are taken as a whole.
    owners, attempts = held.owners[mask], held.attempts.take(np.flatnonzero(mask))
    counts = np.bincount(owners, minlength=len(held.rows))
    full = np.flatnonzero(counts >= bound.max)
    if not len(full):
        return
    leaves = attempts["reserved_at_ms"] + bound.window_ms
    claims = attempts["outcome"] == _PENDING
    leaves[claims] = np.minimum(leaves, attempts["lease_ends_at_ms"])[claims]
    # Of each row, by when they leave, the last first: with the one at `max` there is room.
    order = np.lexsort((-leaves, owners))
    firsts = np.searchsorted(owners[order], full)
    retry_at_ms = leaves[order][firsts + bound.max - 1]
    yield _deferring(Rule.ATTEMPT_LIMIT, bound, held, full, counts[full], retry_at_ms, grounds)


def _cooling_findings(
    bound: Bound, after: AttemptOutcome, held: _Held, holds: Mask, now_ms: int, grounds: list[Ground]
) -> Iterator[Findings]:
    mask = cooling(held.attempts, bound.channels, after, held.since_ms(bound, now_ms)) & holds[held.owners]
    owners = held.owners[mask]
    counts = np.bincount(owners, minlength=len(held.rows))
    waiting = np.flatnonzero(counts)
    if not len(waiting):
        return
    latest = np.zeros(len(held.rows), dtype=np.int64)
    np.maximum.at(latest, owners, told_at_ms(held.attempts, after)[mask])
    yield _deferring(Rule.COOLDOWN, bound, held, waiting, counts[waiting], latest[waiting], grounds)


def _deferring(
    rule: Rule, bound: Bound, held: _Held, which: Rows, counts: Rows, times_ms: Times, grounds: list[Ground]
) -> Findings:
    """Build findings; the times are when a limit has room again, and of a cool-down when the outcome came."""
    findings = blank(held.rows[which], rule, Verdict.DEFER)
    quarters = times_ms // _QUARTER_MS if bound.days else np.zeros(len(which), dtype=np.int64)
    place_of = held.place_of[which]
    codes = (quarters << (_PLACE_BITS + _COUNT_BITS)) | (place_of << _COUNT_BITS) | counts
    _, firsts, alike = np.unique(codes, return_index=True, return_inverse=True)
    ends = [bound.cooled_ms(held.places[place_of[each]], int(times_ms[each])) for each in firsts.tolist()]
    findings["ground"] = alike + len(grounds)
    for each, (_, zone) in zip(firsts.tolist(), ends, strict=True):
        grounds.append(bound.ground(held.places[place_of[each]], int(counts[each]), zone))
    # Calendar days end alike for a quarter of an hour; hours, and days in no zone, do not.
    exact = np.array([not (bound.days and zone) for _, zone in ends], dtype=np.bool_)[alike]
    retry_at_ms = np.array([end for end, _ in ends], dtype=np.int64)[alike]
    findings["retry_at_ms"] = retry_at_ms + np.where(exact, times_ms - times_ms[firsts][alike], 0)
    return findings
