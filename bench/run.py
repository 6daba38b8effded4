"""Measure the budgets of the server and write them to a file: `make bench`, or `python bench/run.py --quick`.

Every kind of call takes turns with the null call, round after round on the same servers, so that whatever else the
machine does falls on both. What is quoted is the ratio of their medians in a round: its median over the rounds, and its
spread. Random numbers are new in every request of a turn.
"""

import argparse
import json
import shutil
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import changes
import machine
import registered
from plans import PLANS, REGISTERS
from registered import RegisterPlan
from rounds import Plan, closed_loop, just_started, open_loop
from servers import Server, start_times, store_mib
from stores import copied, filled, verify

RESULTS: Final = Path(__file__).resolve().parent / "results"


def main() -> None:
    """Run, write the results, and say where."""
    options = _options()
    plan: Plan = PLANS[options.plan]
    with ExitStack() as stack:
        stores = options.stores or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dncd-bench-")))
        stores.mkdir(parents=True, exist_ok=True)
        registries = options.registries or stores / "registries"
        results = {"plan": options.plan} | measure(plan, REGISTERS[options.plan], stores, registries, options.seed)
    out = options.out or RESULTS / f"{options.plan}.json"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")
    print(f"wrote {out}; `python bench/render.py` renders it")


def measure(plan: Plan, registers: RegisterPlan, stores: Path, registries: Path, seed: int) -> dict[str, Any]:
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
    paths = {entries: path for entries, (path, _) in kept.items()}
    measured = {
        "fills": [facts | {"store_mib": store_mib(path)} for path, facts in kept.values()],
        **_calls(plan, paths, log, seed),
        "changes": _changes(plan, paths, log, seed),
        "starts": _starts(plan, paths, log),
        "registered": registered.measure(registers, paths, plan.main, registries, log, seed),
    }
    return about | measured | {"load_average_after": machine.load_average(), "seconds": time.perf_counter() - began}


def _calls(plan: Plan, paths: dict[int, Path], log: Path, seed: int) -> dict[str, Any]:
    """Measure calls that change nothing, on one server for each size, all of them up at once."""
    with ExitStack() as stack:
        servers = {entries: stack.enter_context(Server(path, log)) for entries, path in paths.items()}
        for entries, server in servers.items():
            verify(server, entries)
        before = {entries: server.memory() for entries, server in servers.items()}
        print("just started, and warming", flush=True)
        started = just_started(plan, servers, seed + 1_000)
        rows = closed_loop(plan, servers, seed)
        after = {entries: server.memory() for entries, server in servers.items()}
        memory = [{"entries": entries, "before": before[entries], "after": after[entries]} for entries in servers]
        return {
            "just_started": started,
            "closed": rows,
            "memory": memory,
            "open": open_loop(plan, servers[plan.main], seed),
        }


def _changes(plan: Plan, paths: dict[int, Path], log: Path, seed: int) -> list[dict[str, Any]]:
    """Measure changes on copies of the smallest store and of the main one."""
    rows: list[dict[str, Any]] = []
    for entries in sorted({min(plan.sizes), plan.main}):
        print(f"changes, {entries:,} entries", flush=True)
        copy = copied(paths[entries], "changes")
        with Server(copy, log) as server:
            rows += changes.measure(server, entries, plan.turn_s * 4, seed)
        shutil.rmtree(copy)
    return rows


def _starts(plan: Plan, paths: dict[int, Path], log: Path) -> list[dict[str, Any]]:
    if not plan.starts:
        return []
    print("starts", flush=True)
    return [{"entries": entries} | start_times(path, log, plan.starts) for entries, path in paths.items()]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", dest="plan", action="store_const", const="quick", help="a minute, 10,000 entries")
    parser.add_argument("--tiny", dest="plan", action="store_const", const="tiny", help="seconds; proves that it runs")
    parser.add_argument("--stores", type=Path, help="keep filled stores here; default: a folder that is removed")
    parser.add_argument("--registries", type=Path, help="keep the made-up registers here; default: with the stores")
    parser.add_argument("--out", type=Path, help="the file of results; default: bench/results/PLAN.json")
    parser.add_argument("--seed", type=int, default=1, help="the seed of all random numbers; default: 1")
    parser.set_defaults(plan="full")
    return parser.parse_args()


if __name__ == "__main__":
    main()
