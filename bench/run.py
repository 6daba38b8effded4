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

import budgets
import by_policy
import changes
import floors
import machine
import registered
import render_policy
import reserving
import rule_costs
from plans import PLANS, REGISTERS
from registered import Imports, RegisterPlan
from rounds import Plan, closed_loop, just_started, open_loop
from servers import Server, start_times, started, store_mib
from stores import copied, filled, verify
from tables import table

RESULTS: Final = Path(__file__).resolve().parent / "results"
PARTS: Final = frozenset({"calls", "changes", "reserve", "starts", "registers", "policy", "rules"})
# What asks for stores of every size, not only for the main one.
_ALL_SIZES: Final = frozenset({"calls", "changes", "starts", "registers"})


def main() -> None:
    """Run, write the results, print the new tables, and say where."""
    options = _options()
    plan: Plan = PLANS[options.plan]
    with ExitStack() as stack:
        stores = options.stores or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dncd-bench-")))
        stores.mkdir(parents=True, exist_ok=True)
        registries = options.registries or stores / "registries"
        measured = measure(plan, REGISTERS[options.plan], stores, registries, options.seed, options.only)
    results = {"plan": options.plan} | measured
    lines = [list(line) for line in budgets.judge(results) if line[3]]
    budget_table = table(["budget", "bound", "measured", "met"], lines)
    print("", *render_policy.sections(results), budget_table, sep="\n\n", end="\n\n")
    out = options.out or RESULTS / (f"{options.plan}.json" if options.only == PARTS else "part.json")
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(results, indent=1) + "\n")
    print(f"wrote {out}" + ("; `python bench/render.py` renders it" if options.only == PARTS else ""))


def measure(
    plan: Plan, registers: RegisterPlan, stores: Path, registries: Path, seed: int, parts: frozenset[str] = PARTS
) -> dict[str, Any]:
    """Measure some parts of a plan, by default all; return them as plain values for JSON."""
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
    sizes = plan.sizes if parts & _ALL_SIZES else (plan.main,)
    kept = {entries: filled(stores, entries, log) for entries in sizes}
    paths = {entries: path for entries, (path, _) in kept.items()}
    measured: dict[str, Any] = {"fills": [facts | {"store_mib": store_mib(path)} for path, facts in kept.values()]}
    if "calls" in parts:
        measured |= _calls(plan, paths, log, seed)
    if parts & {"changes", "reserve"}:
        measured |= _changes(plan, paths, log, seed, parts)
    if "starts" in parts:
        measured["starts"] = _starts(plan, paths, log)
    if parts & {"registers", "policy", "rules"}:
        with tempfile.TemporaryDirectory(prefix="register-", dir=stores) as work:
            imports = Imports(registers, registries, Path(work))
            measured |= _with_register(plan, imports, paths, log, seed, parts)
    return about | measured | {"load_average_after": machine.load_average(), "seconds": time.perf_counter() - began}


def _calls(plan: Plan, paths: dict[int, Path], log: Path, seed: int) -> dict[str, Any]:
    """Measure calls that change nothing, on one server for each size, all of them up at once."""
    with ExitStack() as stack:
        ready = started(list(paths.values()), log)
        servers = {entries: stack.enter_context(server) for entries, server in zip(paths, ready, strict=True)}
        for entries, server in servers.items():
            verify(server, entries)
        before = {entries: server.memory() for entries, server in servers.items()}
        print("just started, and warming", flush=True)
        cold = just_started(plan, servers, seed + 1_000)
        rows = closed_loop(plan, servers, seed)
        after = {entries: server.memory() for entries, server in servers.items()}
        memory = [{"entries": entries, "before": before[entries], "after": after[entries]} for entries in servers]
        return {
            "just_started": cold,
            "closed": rows,
            "memory": memory,
            "open": open_loop(plan, servers[plan.main], seed),
        }


def _changes(plan: Plan, paths: dict[int, Path], log: Path, seed: int, parts: frozenset[str]) -> dict[str, Any]:
    """Measure changes on copies of the smallest store and of the main one, and claims on the latter."""
    found: dict[str, Any] = {part: [] for part in ("changes", "reserve") if part in parts}
    for entries in sorted({min(paths), plan.main} if "changes" in parts else {plan.main}):
        copy = copied(paths[entries], "changes")
        with Server(copy, log) as server:
            if "changes" in parts:
                print(f"changes, {entries:,} entries", flush=True)
                found["changes"] += changes.measure(server, entries, plan.turn_s * 4, seed)
            if "reserve" in parts and entries == plan.main:
                found["reserve"] = reserving.measure(server, entries, plan.turn_s * 4, seed)
        shutil.rmtree(copy)
    return found


def _with_register(
    plan: Plan, imports: Imports, paths: dict[int, Path], log: Path, seed: int, parts: frozenset[str]
) -> dict[str, Any]:
    """Measure what has to do with registers, the full policy beside less, and what each of its rules costs."""
    large, store = imports.plan.large, paths[plan.main]
    ready = imports.campaign(large, store, plan.main, seed)
    found: dict[str, Any] = {"register_numbers": large}
    if parts & {"registers", "policy"}:
        with Server(ready.store, log) as server:
            if "registers" in parts:
                found["registered"] = registered.measure(imports, server, store, plan.main, log, seed)
            if "policy" in parts:
                found["policy"] = by_policy.measure(server, ready, plan.rounds, plan.turn_s, plan.rows_max, seed)
    if "rules" in parts:
        found["rules"] = rule_costs.measure(ready, plan.rounds, plan.turn_s, plan.rows_max, seed)
    if "registers" in parts:
        found["registered"] |= registered.starts(imports, paths, log)
        found["registered"]["floors"] = floors.measure(imports.of(large), ready.store, plan.main, seed)
    return found


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
    parser.add_argument(
        "--only",
        type=_parts,
        default=PARTS,
        metavar="PART,PART",
        help=f"measure some parts alone: {', '.join(sorted(PARTS))}; results then go to bench/results/part.json",
    )
    parser.add_argument("--seed", type=int, default=1, help="the seed of all random numbers; default: 1")
    parser.set_defaults(plan="full")
    return parser.parse_args()


def _parts(text: str) -> frozenset[str]:
    parts = frozenset(text.split(","))
    if not parts <= PARTS:
        raise argparse.ArgumentTypeError(f"there is no part {', '.join(sorted(parts - PARTS))}")
    return parts


if __name__ == "__main__":
    main()
