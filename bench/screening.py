"""Calls under a policy with a national register: what they cost, how that grows, and what an import does to them."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import grpc
import numpy as np
from load import Turn, closed, closed_by_many, method_of, opened
from national import Imported, ScreenedTraffic
from rounds import CAPACITY_CALLERS, closed_row, percentiles, spread
from servers import Server
from traffic import NULL, Scenario, check, scrub

_IMPORT_SHARE: Final = 0.25
_CAPACITY_S: Final = 2.0
_TURN_ROWS: Final = 100_000
_WARM_SCRUBS: Final = 40


@dataclass(frozen=True, slots=True)
class Screened:
    """A server whose store has a register. `registered`: the share of numbers that is drawn from it, beside chance."""

    server: Server
    register: Imported
    entries: int
    registered: float
    scenarios: tuple[Scenario, ...]

    def traffic(self, seed: int) -> ScreenedTraffic:
        """Return a source of requests under the policy."""
        return ScreenedTraffic(self.entries, seed, self.register.file, self.registered)


LARGE: Final = (
    NULL,
    *(check(rows) for rows in (1, 10, 100, 1_000)),
    *(scrub(rows) for rows in (100, 1_000, 10_000, 50_000)),
    scrub(10_000, omit_findings=True),
)
SMALL: Final = (NULL, check(1), check(100), scrub(10_000), scrub(10_000, omit_findings=True))


def closed_loop(screened: list[Screened], rounds: int, turn_s: float, rows_max: int, seed: int) -> list[dict[str, Any]]:
    """Let one caller make every kind of call in turns, over all servers; return a row for each."""
    pairs = [(each, scenario) for each in screened for scenario in each.scenarios]
    turns: list[list[Turn]] = [[] for _ in pairs]
    with ExitStack() as stack:
        channels = {each.server: stack.enter_context(each.server.channel()) for each in screened}
        for each in screened:
            warm(each, seed)
        for number in range(rounds):
            print(f"with a register, round {number + 1} of {rounds}", flush=True)
            for (each, scenario), found in zip(pairs, turns, strict=True):
                requests = scenario.requests(each.traffic(seed + number), rows_max)
                found.append(closed(each.server, channels[each.server], scenario, requests, turn_s))
    null = {each.server: found for (each, scenario), found in zip(pairs, turns, strict=True) if scenario is NULL}
    return [
        closed_row(each.entries, scenario, found, null[each.server])
        | {"register": each.register.file.numbers, "cpu_us_of_rounds": [turn.cpu_us_per_call for turn in found]}
        for (each, scenario), found in zip(pairs, turns, strict=True)
    ]


def growth(rows: list[dict[str, Any]], small: int, large: int) -> dict[str, dict[str, float]]:
    """Return, for each kind of call, the CPU with the large register by that with the small one, round by round."""
    found = {(row["scenario"], row["register"]): row["cpu_us_of_rounds"] for row in rows}
    return {
        scenario.name: spread(
            [
                much / little
                for much, little in zip(found[scenario.name, large], found[scenario.name, small], strict=True)
                if little
            ]
            or [0.0]
        )
        for scenario in SMALL
        if scenario.rows
    }


def warm(screened: Screened, seed: int) -> None:
    """Scrub until the worker has touched most pages of its store and of its register."""
    scenario = scrub(50_000, omit_findings=True)
    traffic = screened.traffic(seed + 500)
    with screened.server.channel() as channel:
        call = method_of(channel, scenario.method)
        for _ in range(_WARM_SCRUBS if screened.entries > 100_000 else 1):
            call(scenario.make(traffic))


def starts(store: Path, log: Path, register: Imported, entries: int, rounds: int) -> dict[str, Any]:
    """Start a server over and over; return seconds until it was serving, and until it had answered a screened Check."""
    traffic = ScreenedTraffic(entries, 1, register.file)
    serving, answered = [], []
    Server(store, log).stop()
    for _ in range(rounds):
        request = traffic.check(1)
        with Server(store, log) as server, server.channel() as channel:
            began = time.perf_counter()
            method_of(channel, check(1).method)(request, wait_for_ready=True)
            serving.append(server.start_s)
            answered.append(server.start_s + time.perf_counter() - began)
    return {"entries": entries, "register": register.file.numbers, "serving": serving, "answered": answered}


def during_import(
    screened: Screened, file: Path, rounds: int, seconds: float, rows_max: int, seed: int
) -> list[dict[str, Any]]:
    """Send checks by a schedule, in turns without and with an import of another register; return a row for each kind.

    The uploads follow one another for as long as the turns last; the server reads each in a process of its own.
    """
    beside = [
        _Beside(screened, scenario, seconds, min(rows_max, _TURN_ROWS), seed) for scenario in (check(1), check(100))
    ]
    with screened.server.channel() as channel:
        for number in range(rounds):
            print(f"beside an import, round {number + 1} of {rounds}", flush=True)
            # An import does not weigh the same from its beginning to its end: who comes first changes.
            beside.reverse()
            for each in beside:
                each.idle.append(each.turn(channel))
            with _importing(screened.server.address, file):
                for each in beside:
                    each.busy.append(each.turn(channel))
    return [_import_row(each.scenario, each.rate_per_s, each.idle, each.busy) for each in beside]


class _Beside:
    """One kind of check, and its turns without and with an import."""

    def __init__(self, screened: Screened, scenario: Scenario, seconds: float, rows: int, seed: int) -> None:
        self.scenario = scenario
        self.idle: list[Turn] = []
        self.busy: list[Turn] = []
        self._server = screened.server
        self._seconds = seconds
        self._rows = rows
        self._traffic = screened.traffic(seed + scenario.rows)
        self._random = np.random.default_rng([seed, scenario.rows])
        parts = [scenario.requests(self._traffic, rows // CAPACITY_CALLERS) for _ in range(CAPACITY_CALLERS)]
        most = closed_by_many(self._server, scenario, parts, min(_CAPACITY_S, seconds))
        self.rate_per_s = most.calls / most.seconds * _IMPORT_SHARE

    def turn(self, channel: grpc.Channel) -> Turn:
        """Send for the time of a turn."""
        requests = self.scenario.requests(self._traffic, self._rows)
        return opened(self._server, channel, self.scenario, requests, self.rate_per_s, self._seconds, self._random)


def _import_row(scenario: Scenario, rate: float, idle: list[Turn], busy: list[Turn]) -> dict[str, Any]:
    ratios = {
        name: spread(
            [percentiles([much])[name] / percentiles([little])[name] for much, little in zip(busy, idle, strict=True)]
        )
        for name in ("p50_us", "p99_us")
    }
    return {
        "scenario": scenario.name,
        "rate_per_s": rate,
        "calls": sum(turn.calls for turn in (*idle, *busy)),
        "refused": sum(len(turn.codes) for turn in (*idle, *busy)),
        "idle": percentiles(idle),
        "importing": percentiles(busy),
        "ratios": ratios,
    }


@contextmanager
def _importing(address: str, file: Path) -> Iterator[None]:
    """Upload a file over and over for the block, from another process; raises where that stops by itself."""
    script = Path(__file__).with_name("uploading.py")
    command = [sys.executable, str(script), address, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None, "the process has a pipe"
        process.stdout.readline()
        yield
        if process.poll() is not None:
            raise RuntimeError("the imports ended before the checks did")
        # Its input ends, and it ends with the import under way: the next turn is idle again.
        process.communicate()
    if process.returncode:
        raise RuntimeError("an import beside the checks failed")
