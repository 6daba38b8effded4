"""Rounds of turns: every scenario beside the null call, again and again, and what is made of them."""

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

import grpc
import numpy as np
from load import Turn, closed, closed_by_many, method_of, opened
from servers import Server
from traffic import NULL, SCRUB, Scenario, Traffic, check, scrub

SHARES: Final = (0.25, 0.5, 0.75)
CAPACITY_CALLERS: Final = 4
_OPEN_CALLS_MAX: Final = 20_000


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run measures: sizes of stores in entries, the main one of them, rounds of turns, and starts of each.

    `warm_calls` is how many Scrubs of 50,000 known numbers a server gets before its first round.
    """

    sizes: tuple[int, ...]
    main: int
    rounds: int
    turn_s: float
    rows_max: int
    starts: int
    warm_calls: int

    def scenarios(self, entries: int) -> list[Scenario]:
        """List the scenarios for a store: all of them for the main one, those that tell of growth for the others."""
        if entries != self.main:
            return [NULL, check(1), check(100), scrub(10_000)]
        checks = [check(rows) for rows in (1, 10, 100, 1_000)]
        scrubs = [scrub(rows) for rows in (100, 1_000, 10_000, 50_000)]
        return [NULL, *checks, *scrubs, scrub(10_000, omit_findings=True)]


def closed_loop(plan: Plan, servers: dict[int, Server], seed: int) -> list[dict[str, Any]]:
    """Let one caller make every kind of call in turns; return a row for each kind and size of store."""
    pairs = [(entries, scenario) for entries in servers for scenario in plan.scenarios(entries)]
    turns: list[list[Turn]] = [[] for _ in pairs]
    with ExitStack() as stack:
        channels = {entries: stack.enter_context(server.channel()) for entries, server in servers.items()}
        for number in range(plan.rounds):
            print(f"closed loop, round {number + 1} of {plan.rounds}", flush=True)
            for (entries, scenario), found in zip(pairs, turns, strict=True):
                requests = scenario.requests(Traffic(entries, seed + number), plan.rows_max)
                found.append(closed(servers[entries], channels[entries], scenario, requests, plan.turn_s))
    null = {entries: found for (entries, scenario), found in zip(pairs, turns, strict=True) if scenario is NULL}
    return [
        closed_row(entries, scenario, found, null[entries])
        for (entries, scenario), found in zip(pairs, turns, strict=True)
    ]


def just_started(plan: Plan, servers: dict[int, Server], seed: int) -> list[dict[str, Any]]:
    """Scrub with servers that have just started, then warm them: a row for each, before and after.

    The first look at a page of the store costs a page fault, until the worker has seen all that it needs.
    """
    rows = []
    for entries, server in servers.items():
        scenario = scrub(10_000)
        with server.channel() as channel:
            requests = [scenario.requests(Traffic(entries, seed + turn), plan.rows_max) for turn in (-1, -2)]
            cold = closed(server, channel, scenario, requests[0], plan.turn_s)
            _warm(channel, entries, seed, plan.warm_calls)
            warm = closed(server, channel, scenario, requests[1], plan.turn_s)
        figures = {"cold_cpu_us_per_call": cold.cpu_us_per_call, "warm_cpu_us_per_call": warm.cpu_us_per_call}
        rows.append({"scenario": scenario.name, "entries": entries} | figures)
    return rows


def _warm(channel: grpc.Channel, entries: int, seed: int, calls: int) -> None:
    call, scenario = method_of(channel, SCRUB), scrub(50_000, omit_findings=True)
    traffic = Traffic(entries, seed + 500, hits=1.0)
    for _ in range(calls):
        call(scenario.make(traffic))


def open_loop(plan: Plan, server: Server, seed: int) -> list[dict[str, Any]]:
    """Send at shares of what a few closed-loop callers get out of the server; return a row for each share."""
    rows = []
    random = np.random.default_rng(seed)
    with server.channel() as channel:
        for scenario in (NULL, check(1), check(100), scrub(10_000)):
            traffic = Traffic(plan.main, seed + plan.rounds)
            parts = [scenario.requests(traffic, plan.rows_max // CAPACITY_CALLERS) for _ in range(CAPACITY_CALLERS)]
            most = closed_by_many(server, scenario, parts, plan.turn_s * 2)
            capacity = most.calls / most.seconds
            for share in SHARES:
                print(f"open loop, {scenario.name} at {share:.0%} of {capacity:.0f} calls/s", flush=True)
                requests = scenario.requests(traffic, plan.rows_max)
                seconds = min(plan.turn_s * 5, _OPEN_CALLS_MAX / (capacity * share))
                turn = opened(server, channel, scenario, requests, capacity * share, seconds, random)
                rows.append(_open_row(scenario, turn, capacity, share))
    return rows


def percentiles(turns: Sequence[Turn]) -> dict[str, float]:
    """Return p50, p99 and p99.9 of all calls of these turns, exact, in microseconds."""
    p50, p99, p999 = np.percentile(np.concatenate([turn.latencies_us for turn in turns]), [50, 99, 99.9]).tolist()
    return {"p50_us": p50, "p99_us": p99, "p999_us": p999}


def closed_row(entries: int, scenario: Scenario, turns: list[Turn], null: list[Turn]) -> dict[str, Any]:
    """Sum up all turns of a scenario, with the ratio of each to the turn of the null call in its round."""
    calls = sum(turn.calls for turn in turns)
    cpu_us = sum(turn.cpu_s for turn in turns) * 1e6 / calls
    row: dict[str, Any] = {"scenario": scenario.name, "entries": entries, "rows": scenario.rows, "calls": calls}
    row |= percentiles(turns)
    row["ratio_to_null"] = spread([turn.p50_us / other.p50_us for turn, other in zip(turns, null, strict=True)])
    row["cpu_us_per_call"] = cpu_us
    row["cpu_us_per_call_of_rounds"] = spread([turn.cpu_us_per_call for turn in turns])
    if scenario.rows:
        row["cpu_ns_per_number"] = cpu_us * 1e3 / scenario.rows
    return row


def _open_row(scenario: Scenario, turn: Turn, capacity: float, share: float) -> dict[str, Any]:
    row: dict[str, Any] = {"scenario": scenario.name, "capacity_per_s": capacity, "share": share}
    row |= {
        "rate_per_s": capacity * share,
        "calls": turn.calls,
        "refused": dict(Counter(turn.codes)),
    }
    return row | percentiles([turn]) | {"cpu_us_per_call": turn.cpu_us_per_call}


def spread(values: list[float]) -> dict[str, float]:
    """Return the median, the lowest and the highest."""
    return {"median": float(np.median(values)), "min": min(values), "max": max(values)}
