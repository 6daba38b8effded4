"""Measure the budgets of the server and write them to a file: `make bench`, or `python bench/run.py --quick`.

Every kind of call takes turns with the null call, round after round on the same servers, so that whatever else the
machine does falls on both. What is quoted is the ratio of their medians in a round: its median over the rounds, and its
spread. Random numbers are new in every request of a turn.
"""

import argparse
import json
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import changes
import machine
import numpy as np
from load import Turn, closed, closed_by_many, opened
from servers import Server, start_times, store_mib
from stores import copied, filled, verify
from traffic import NULL, Scenario, Traffic, check, scrub

RESULTS: Final = Path(__file__).resolve().parent / "results"
SHARES: Final = (0.25, 0.5, 0.75)
CAPACITY_CALLERS: Final = 4
MAIN_ENTRIES: Final = 1_000_000


class Plan:
    """What a run measures, and how long it takes for it."""

    def __init__(self, sizes: list[int], rounds: int, turn_s: float, rows_max: int, starts: int) -> None:
        self.sizes = sizes
        self.rounds = rounds
        self.turn_s = turn_s
        self.rows_max = rows_max
        self.starts = starts
        self.main = MAIN_ENTRIES if MAIN_ENTRIES in sizes else max(sizes)

    def scenarios(self, entries: int) -> list[Scenario]:
        """List the scenarios of a store: all of them on the main one, those that tell of growth on the others."""
        growth = [check(1), check(100), scrub(10_000)]
        if entries != self.main:
            return growth
        checks = [check(rows) for rows in (1, 10, 100, 1_000)]
        scrubs = [scrub(rows) for rows in (100, 1_000, 10_000, 50_000)]
        return [*checks, *scrubs, scrub(10_000, omit_findings=True)]

    @staticmethod
    def opened() -> list[Scenario]:
        """List the scenarios of the open loop."""
        return [NULL, check(1), check(100), scrub(10_000)]


TINY: Final = Plan([2_000], rounds=1, turn_s=0.05, rows_max=2_000, starts=0)
QUICK: Final = Plan([10_000], rounds=3, turn_s=0.5, rows_max=100_000, starts=1)
FULL: Final = Plan([10_000, 1_000_000, 10_000_000], rounds=9, turn_s=1.0, rows_max=1_000_000, starts=3)


def main() -> None:
    """Run, write the results, and say where."""
    options = _options()
    plan = TINY if options.tiny else QUICK if options.quick else FULL
    name = "tiny" if options.tiny else "quick" if options.quick else "full"
    with ExitStack() as stack:
        stores = options.stores or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dncd-bench-")))
        stores.mkdir(parents=True, exist_ok=True)
        results = {"run": name} | measure(plan, stores, options.seed)
    out = options.out or RESULTS / f"{name}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")
    print(f"wrote {out}; `python bench/render.py` renders it")


def measure(plan: Plan, stores: Path, seed: int) -> dict[str, Any]:
    """Measure everything of a plan; return it as plain values for JSON."""
    began, log = time.perf_counter(), stores / "server.log"
    about: dict[str, Any] = {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": machine.commit(),
        "machine": machine.describe(),
        "rounds": plan.rounds,
        "turn_s": plan.turn_s,
        "main_entries": plan.main,
        "load_average_before": machine.load_average(),
    }
    kept = {entries: filled(stores, entries, log) for entries in plan.sizes}
    measured = {
        **_calls(plan, {entries: path for entries, (path, _) in kept.items()}, log, seed),
        "changes": _changes(plan, {entries: path for entries, (path, _) in kept.items()}, log, seed),
        "starts": [_starts(plan, entries, path, log) for entries, (path, _) in kept.items() if plan.starts],
        "fills": [facts | {"store_mib": store_mib(path)} for path, facts in kept.values()],
    }
    return about | measured | {"load_average_after": machine.load_average(), "seconds": time.perf_counter() - began}


def _calls(plan: Plan, stores: dict[int, Path], log: Path, seed: int) -> dict[str, Any]:
    """Measure calls that change nothing, on one server for each size, all up at once."""
    with ExitStack() as stack:
        servers = {entries: stack.enter_context(Server(path, log)) for entries, path in stores.items()}
        for entries, server in servers.items():
            verify(server, entries)
        before = {entries: server.memory() for entries, server in servers.items()}
        rows = _closed_rounds(plan, servers, seed)
        memory = [
            {"entries": entries, "before": before[entries], "after": server.memory()}
            for entries, server in servers.items()
        ]
        return {"closed": rows, "open": _open(plan, servers[plan.main], seed), "memory": memory}


def _closed_rounds(plan: Plan, servers: dict[int, Server], seed: int) -> list[dict[str, Any]]:
    with ExitStack() as stack:
        channels = {entries: stack.enter_context(server.channel()) for entries, server in servers.items()}
        turns: dict[tuple[int, Scenario], list[Turn]] = {}
        pairs = [(entries, scenario) for entries in servers for scenario in [NULL, *_once(plan.scenarios(entries))]]
        for number in range(plan.rounds):
            print(f"closed loop, round {number + 1} of {plan.rounds}", flush=True)
            for entries, scenario in pairs:
                traffic = Traffic(entries, seed + number)
                requests = scenario.requests(traffic, plan.rows_max)
                turn = closed(servers[entries], channels[entries], scenario, requests, plan.turn_s)
                turns.setdefault((entries, scenario), []).append(turn)
    return [_closed_row(entries, scenario, turns) for entries, scenario in pairs]
