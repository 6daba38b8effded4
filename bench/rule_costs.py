"""What each rule adds to the decision of 10,000 numbers, in this process: no server, no gRPC, no encoding.

Each case decides the same numbers with a rule and without it, call after call in turns; what counts is the CPU of this
thread. Quoted is the difference of the medians of a round: its median over the rounds, and its spread.
"""

import time
from typing import Any, Final

import numpy as np
from campaign import Campaign, accept, account_id, random_numbers
from rounds import spread
from rule_cases import ROWS, Case, Cases, Decide
from traffic import Numbers

from dncd.catalog import Catalogs
from dncd.config import REGISTRIES_FOLDER
from dncd.encoding import canonical_target
from dncd.events import OptInSet
from dncd.nouns import OptInStatus, Source
from dncd.registry.shelf import Shelf
from dncd.storage.lmdb import LmdbStore

_CALLS_MAX: Final = 31
_CALLS_MIN: Final = 1
_OPT_INS_PER_COMMIT: Final = 1_000


def measure(campaign: Campaign, rounds: int, turn_s: float, rows_max: int, seed: int) -> list[dict[str, Any]]:
    """Measure every case over the campaign's store, which nobody serves; return a row for each."""
    print("the cost of each rule", flush=True)
    random = np.random.default_rng([seed, 13])
    accepted = random_numbers(random, campaign.areas, len(campaign.known.attempted))
    store = LmdbStore.own(campaign.store, create=False)
    _opt_in(store, accepted)
    shelf = Shelf(campaign.store / REGISTRIES_FOLDER)
    with store.snapshot() as snapshot:
        catalog = Catalogs(shelf, campaign.book).at(snapshot, account_id(snapshot))
        cases = list(Cases(snapshot, catalog, shelf, campaign, accepted, rows_max, seed).all())
        for case in cases:
            _turn(case, 0.0)
        turns = [[_turn(case, turn_s) for case in cases] for _ in range(rounds)]
    store.close()
    return [_row(case, [found[place] for found in turns]) for place, case in enumerate(cases)]


def _opt_in(store: LmdbStore, numbers: Numbers) -> None:
    for start in range(0, len(numbers), _OPT_INS_PER_COMMIT):
        with store.transaction() as txn:
            for number in numbers[start : start + _OPT_INS_PER_COMMIT].tolist():
                accept(txn, OptInSet(canonical_target(f"+{number}"), OptInStatus.ACCEPTED, Source.IMPORT))


def _turn(case: Case, turn_s: float) -> tuple[float, float]:
    """Decide with and without the rule by turns for a time; return the median CPU of a call of each, in nanoseconds."""
    having: list[int] = []
    lacking: list[int] = []
    ends = time.perf_counter() + turn_s
    while len(having) < _CALLS_MIN or (time.perf_counter() < ends and len(having) < _CALLS_MAX):
        turn = len(having)
        if case.lacking is not None:
            lacking.append(_cpu_ns(case.lacking, turn))
        having.append(_cpu_ns(case.having, turn))
    return float(np.median(having)), float(np.median(lacking)) if lacking else 0.0


def _cpu_ns(decide: Decide, turn: int) -> int:
    began = time.thread_time_ns()
    decide(turn)
    return time.thread_time_ns() - began


def _row(case: Case, turns: list[tuple[float, float]]) -> dict[str, Any]:
    having = np.array([each for each, _ in turns])
    lacking = np.array([each for _, each in turns])
    return {
        "case": case.what,
        "once": case.once,
        "adds_ns": spread(((having - lacking) / ROWS).tolist()),
        "adds_us_in_all": float(np.median(having - lacking)) / 1e3,
        "having_us": float(np.median(having)) / 1e3,
        "lacking_us": float(np.median(lacking)) / 1e3 if case.lacking else None,
    }
