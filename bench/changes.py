"""Durable changes: how many entries are acknowledged in a second, and how many changes share a commit."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import lmdb
from load import closed_by_many
from rounds import percentiles
from servers import Server
from traffic import Scenario, Traffic, add

_ENTRIES_PER_S_MAX: Final = {1: 3_000, 1_000: 80_000}


def measure(server: Server, entries_total: int, seconds: float, seed: int) -> list[dict[str, Any]]:
    """Add new entries with one caller and with many, singly and by the thousand; every answer is after its fsync."""
    plan = [(add(1), 1), (add(1), 32), (add(1_000), 1), (add(1_000), 8)]
    return [
        _measured(server, scenario, callers, entries_total, seconds, seed + index)
        for index, (scenario, callers) in enumerate(plan)
    ]


def _measured(
    server: Server, scenario: Scenario, callers: int, entries_total: int, seconds: float, seed: int
) -> dict[str, Any]:
    rows = scenario.rows
    # More than can be acknowledged, so that no entry is added twice.
    each = 8 + int(seconds * _ENTRIES_PER_S_MAX[rows] / rows / callers)
    parts = [
        [scenario.make(traffic) for _ in range(each)]
        for traffic in (Traffic(entries_total, seed * 1_000 + caller) for caller in range(callers))
    ]
    with commits(server.store) as count:
        before = count()
        turn = closed_by_many(server, scenario, parts, seconds)
        made = count() - before
    # Each caller made one change more than it timed.
    changes = turn.calls + callers
    return percentiles([turn]) | {
        "calls": turn.calls,
        "scenario": scenario.name,
        "rows": rows,
        "callers": callers,
        "entries": entries_total,
        "changes_per_s": turn.calls / turn.seconds,
        "entries_per_s": turn.calls * rows / turn.seconds,
        "commits_per_change": made / changes,
        "cpu_us_per_entry": turn.cpu_s * 1e6 / (changes * rows),
    }


@contextmanager
def commits(store: Path) -> Iterator[Any]:
    """Count the commits of a store that is being served: LMDB numbers its write transactions."""
    env = lmdb.open(os.fspath(store), readonly=True, max_dbs=1, map_size=1 << 40, lib_version=0)
    try:
        yield lambda: int(env.info()["last_txnid"])
    finally:
        env.close()
