"""The decision: snapshot, policy, a column of addresses and a time in; verdicts and findings out.

A pure function over columns; one address is a batch of one. Rules only ever give findings, and the verdict of an
address is the strongest of its findings: so no answer lacks its reason, and no reason lacks its effect.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dncd.attempt_counts import Asked, attempt_findings
from dncd.batch import Batch, Moment
from dncd.catalog import Catalog
from dncd.columns import grouped, latest_of_rows
from dncd.fact_findings import address_findings, entry_findings, opt_in_findings, review_findings
from dncd.facts import Facts
from dncd.findings import NO_FINDINGS, Bytes, Findings, Ground, Rows, joined
from dncd.lifting import consents_for, lift
from dncd.locating import Located, locate
from dncd.lookup import NO_ROWS, covering_keys, join_values, known_values, own_keys
from dncd.nouns import STRENGTH, Channel, Verdict
from dncd.openings import closing_findings, hours_findings, open_at
from dncd.policies import Compiled
from dncd.rules.hours import MINUTE_MS
from dncd.screens import Screen, screen_findings
from dncd.storage.contract import Snapshot

# Python 3.11 takes 0.15 us to read a member of an enum, and a check reads dozens: these are read once.
_ALLOW: Final = int(Verdict.ALLOW)
_DEFER: Final = int(Verdict.DEFER)

# How weak each verdict is, by its number: what sorts the strongest first.
_WEAKNESS: Final = np.zeros(max(Verdict) + 1, dtype=np.uint8)
_WEAKNESS[list(reversed(STRENGTH))] = range(len(STRENGTH))

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for a batch, in its order.

    `findings` is sorted by row, the strongest first; `keys`, `screens` and `grounds` are what `findings["key"]`,
    `findings["screen"]` and `findings["ground"]` point into. `shadow_verdicts` is there for a policy in SHADOW mode
    only, `located` where the answer depends on where numbers are.
    """

    channel: Channel
    verdicts: Bytes
    findings: Findings
    keys: Sequence[bytes] = ()
    screens: Sequence[Screen] = ()
    grounds: Sequence[Ground] = ()
    shadow_verdicts: Bytes | None = None
    located: Located | None = None


def decide(snapshot: Snapshot, catalog: Catalog, policy: Compiled, batch: Batch, moment: Moment) -> Decision:
    """Decide a batch under a policy for a moment.

    The channel must be one of the policy's. Costs about 30 ns an address that nothing is known about, and 2 us
    for each one that something is known about.
    """
    found: list[Findings] = []
    grounds: list[Ground] = []
    if batch.faults.any():
        found.append(address_findings(batch.faults))
    own_rows, keys_of_own = rows, keys = own_keys(snapshot, catalog.account_id, batch)
    for covered, covering in covering_keys(catalog, batch):
        rows, keys = np.concatenate([rows, covered]), keys + covering
    rows, keys, values = known_values(snapshot, rows, keys)
    facts, fact_keys = join_values(values)
    fact_rows = rows[fact_keys]
    if len(facts):
        found.append(entry_findings(policy, batch.channel, facts, fact_rows, fact_keys, moment))
        found.append(review_findings(batch.channel, facts, fact_rows, fact_keys))
    if policy.asks_opt_in(batch.channel):
        found.append(opt_in_findings(policy, batch, facts, fact_rows, fact_keys))
    if policy.screens and batch.phones is not None:
        found += _screened(policy, batch, facts, fact_rows, moment)
    located = _located(catalog, policy, batch)
    if located is not None:
        found += _timed(catalog, policy, batch, located, moment, grounds)
    if policy.bounds:
        asked = asked_attempts(batch, own_rows, keys_of_own, located, moment)
        found += _bounded(snapshot, catalog.account_id, policy, asked, grounds)
    findings, count = _sorted(found), len(batch.faults)
    shadow_verdicts = None
    verdicts = _verdicts(count, findings)
    if policy.shadow:
        verdicts, shadow_verdicts = _verdicts(count, findings.compress(~findings["shadow"])), verdicts
    return Decision(batch.channel, verdicts, findings, keys, policy.screens, grounds, shadow_verdicts, located)


def retry_times(catalog: Catalog, policy: Compiled, decision: Decision) -> Times | None:
    """Return for each DEFER when the address is open, in milliseconds since 1970 UTC; 0 for others, and where unknown.

    None where there is no DEFER. A row is open where nothing that defers it stands, at a time that its hours permit.
    Costs some 10 us for each pair of a place and a time that is new.
    """
    deferred = np.flatnonzero(decision.verdicts == _DEFER)
    if not len(deferred):
        return None
    deferring = (decision.findings["verdict"] == _DEFER) & ~decision.findings["shadow"]
    rows, times_ms = decision.findings["row"][deferring], decision.findings["retry_at_ms"][deferring]
    latest = np.zeros(len(decision.verdicts), dtype=np.int64)
    last_rows, last_ms = latest_of_rows(rows, times_ms)
    latest[last_rows] = last_ms
    # One that nobody knows the end of outweighs all others.
    latest[rows[times_ms == 0]] = 0
    latest[decision.verdicts != _DEFER] = 0
    if decision.located is None:
        return latest
    hours = None if policy.shadow else policy.hours_on(decision.channel)
    retry = np.zeros(len(decision.verdicts), dtype=np.int64)
    known = deferred[latest[deferred] > 0]
    if not len(known):
        return retry
    places, place_of = decision.located.distinct(known)
    # Nothing opens or closes within a minute, so times of one minute share an answer.
    minutes, minute_of = grouped(latest[known] // MINUTE_MS)
    pairs, pair_of = grouped(place_of * len(minutes) + minute_of)
    asked = [(places[pair // len(minutes)], int(minutes[pair % len(minutes)]) * MINUTE_MS) for pair in pairs.tolist()]
    budget = decision.located.budget
    opens = np.array([open_at(hours, catalog.closed, *each, budget) for each in asked], dtype=np.int64)
    at_once = opens == np.array([time_ms for _, time_ms in asked], dtype=np.int64)
    retry[known] = np.where(at_once[pair_of], latest[known], opens[pair_of])
    return retry


def _located(catalog: Catalog, policy: Compiled, batch: Batch) -> Located | None:
    """Tell where numbers may be, where the answer depends on it."""
    if batch.phones is None or not (policy.hours or policy.bounds or catalog.closed):
        return None
    return locate(catalog.book.places, batch.phones, batch.time_zones, batch.postal_codes)


def _screened(policy: Compiled, batch: Batch, facts: Facts, rows: Rows, moment: Moment) -> Iterator[Findings]:
    """Yield what registries find, less what consents lift."""
    assert batch.phones is not None, "registries list phone numbers"
    consents: Rows = NO_ROWS
    if policy.lifts and len(facts):
        purpose, scope_id = policy.policy.purpose, policy.scope_id
        consents = consents_for(facts, batch.channel, purpose, scope_id, moment.begins_ms, moment.ends_ms)
    for findings in screen_findings(policy.screens, policy.unscreened, batch.phones, moment.begins_ms):
        findings["shadow"] = policy.shadow
        if len(consents):
            lift(findings, policy.screens, facts.take(consents), rows[consents])
        yield findings


def _timed(
    catalog: Catalog, policy: Compiled, batch: Batch, located: Located, moment: Moment, grounds: list[Ground]
) -> Iterator[Findings]:
    """Yield what closed regions and calling hours find. Hours go by the clock that nothing but time has moved."""
    assert batch.phones is not None, "hours are those of phone numbers"
    numbers = batch.phones > 0
    yield from closing_findings(catalog.closed, located, numbers, moment.ends_ms, grounds)
    hours = policy.hours_on(batch.channel)
    if hours is not None:
        for findings in hours_findings(
            catalog.book, hours, located, numbers, moment.ends_ms, policy.unscreened, grounds
        ):
            findings["shadow"] = policy.shadow
            yield findings


def asked_attempts(batch: Batch, rows: Rows, keys: Sequence[bytes], located: Located | None, moment: Moment) -> Asked:
    """Tell what of a batch attempts are counted by; `rows` are those that may be known, with their keys."""
    contact_ids, debt_ids = batch.contact_ids, batch.debt_ids
    bounds = moment.begins_ms, moment.ends_ms
    return Asked(batch.channel, batch.faults, rows, keys, contact_ids, debt_ids, located, *bounds)


def _bounded(
    snapshot: Snapshot, account_id: int, policy: Compiled, asked: Asked, grounds: list[Ground]
) -> Iterator[Findings]:
    """Yield what attempt limits and cool-downs find."""
    for findings in attempt_findings(snapshot, account_id, policy.bounds, asked, policy.unscreened, grounds):
        findings["shadow"] = policy.shadow
        yield findings


def _sorted(found: list[Findings]) -> Findings:
    """Sort by row, then the strongest first, then by rule."""
    if not found:
        return NO_FINDINGS
    if len(found) == 1 and _one_for_each_row(found[0]):
        return found[0]
    findings = joined(found)
    order = findings["row"].astype(np.int64) << 16 | _WEAKNESS[findings["verdict"]].astype(np.int64) << 8
    # Each rule's findings come in the order of rows, and a stable sort makes use of it.
    return findings.take(np.argsort(order | findings["rule"], kind="stable"))


def _one_for_each_row(findings: Findings) -> bool:
    rows = findings["row"]
    return bool((rows[1:] > rows[:-1]).all())


def _verdicts(count: int, findings: Findings) -> Bytes:
    verdicts = np.full(count, _ALLOW, dtype=np.uint8)
    if len(findings):
        # Each row's strongest finding comes first, so it is written last, and numpy keeps the last.
        verdicts[findings["row"][::-1]] = findings["verdict"][::-1]
    return verdicts
