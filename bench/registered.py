"""All that is measured with registers: imports, calls, growth, memory, starts, checks beside an import, peers."""

import os
import shutil
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peers
import screening
from national import Imported, RegisterFile, added, imported, made
from screening import LARGE, SMALL, Screened
from servers import Server


@dataclass(frozen=True, slots=True)
class RegisterPlan:
    """How large the registers are: the one of the budgets, one to grow from, one that is imported beside checks."""

    large: int
    small: int
    beside: int
    areas: int
    rounds: int
    turn_s: float
    rows_max: int
    import_rounds: int
    import_s: float
    starts: int
    peers: peers.Sizes


def measure(
    plan: RegisterPlan, stores: dict[int, Path], main: int, registries: Path, log: Path, seed: int
) -> dict[str, Any]:
    """Measure everything that has to do with registers, over copies of stores that have entries."""
    files = {numbers: made(registries, numbers, plan.areas) for numbers in (plan.large, plan.small, plan.beside)}
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="register-", dir=log.parent)))
        found = {numbers: imported(files[numbers], work / f"import-{numbers}") for numbers in (plan.small, plan.large)}
        measured = {
            "imports": [register.facts for register in found.values()],
            **_calls(plan, found, stores[main], main, files[plan.beside], work, log, seed),
        }
        largest = max(stores)
        if plan.starts:
            print("starts with a register", flush=True)
            store = added(found[plan.large], _copy(stores[largest], work / f"start-{largest}"))
            measured["starts"] = screening.starts(store, log, found[plan.large], largest, plan.starts)
        return measured


def _calls(
    plan: RegisterPlan,
    found: dict[int, Imported],
    store: Path,
    entries: int,
    beside: RegisterFile,
    work: Path,
    log: Path,
    seed: int,
) -> dict[str, Any]:
    large, small = found[plan.large], found[plan.small]
    with ExitStack() as stack:
        servers = {
            numbers: stack.enter_context(Server(added(register, _copy(store, work / f"calls-{numbers}")), log))
            for numbers, register in found.items()
        }
        # As many registered numbers with the small register as chance gives with the large one: same answers to write.
        screened = [
            Screened(servers[plan.large], large, entries, 0.0, LARGE),
            Screened(servers[plan.small], small, entries, large.file.density, SMALL),
        ]
        before = servers[plan.large].memory()
        rows = screening.closed_loop(screened, plan.rounds, plan.turn_s, plan.rows_max, seed)
        after = servers[plan.large].memory()
        servers[plan.small].stop()
        measured = {
            "closed": rows,
            "large": plan.large,
            "small": plan.small,
            "entries": entries,
            "density": large.file.density,
            "growth": screening.growth(rows, plan.small, plan.large),
            "memory": {"before": before, "after": after},
            "during_import": screening.during_import(
                screened[0], beside.zip, plan.import_rounds, plan.import_s, plan.rows_max, seed
            ),
            "beside": beside.numbers,
        }
        return measured | {"peers": _peers(servers[plan.large], large, entries, plan.peers, seed)}


def _peers(server: Server, register: Imported, entries: int, sizes: peers.Sizes, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="dncd-peers-") as folder:
        # A server that refuses to run as root has to reach what is below.
        os.chmod(folder, 0o711)  # noqa: S103 - passed through, not read
        return peers.measure(server, register, entries, sizes, Path(folder), seed)


def _copy(store: Path, copy: Path) -> Path:
    shutil.copytree(store, copy)
    return copy
