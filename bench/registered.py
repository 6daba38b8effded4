"""All that is measured with registers: imports, calls, growth, memory, starts, checks beside an import, peers."""

import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import peers
import screening
from campaign import Campaign, prepared
from national import Imported, RegisterFile, added, imported, made
from screening import LARGE, SMALL, Screened
from servers import Server

from dncd.rulebook import read_rulebook


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


class Imports:
    """Registers that are made and imported when they are first asked for, in a folder that is removed."""

    def __init__(self, plan: RegisterPlan, registries: Path, work: Path) -> None:
        self.plan = plan
        self.work = work
        self._registries = registries
        self._imported: dict[int, Imported] = {}
        self._book = read_rulebook()

    def file(self, numbers: int) -> RegisterFile:
        """Return a register of about so many numbers, as its file."""
        return made(self._registries, numbers, self.plan.areas)

    def of(self, numbers: int) -> Imported:
        """Return a register of about so many numbers, imported."""
        if numbers not in self._imported:
            self._imported[numbers] = imported(self.file(numbers), self.work / f"import-{numbers}")
        return self._imported[numbers]

    def in_force(self, numbers: int, store: Path, name: str) -> Path:
        """Return a copy of a store with a register in force."""
        copy = self.work / name
        shutil.copytree(store, copy)
        return added(self.of(numbers), copy)

    def campaign(self, numbers: int, store: Path, entries: int, seed: int) -> Campaign:
        """Return a copy of a store with a register in force, ready for the full policy."""
        return prepared(self.in_force(numbers, store, f"calls-{numbers}"), self.of(numbers), entries, self._book, seed)


def measure(imports: Imports, server: Server, store: Path, entries: int, log: Path, seed: int) -> dict[str, Any]:
    """Measure calls, growth, memory, checks beside an import and peers, on a server that has the large register."""
    plan = imports.plan
    large, small = imports.of(plan.large), imports.of(plan.small)
    with Server(imports.campaign(plan.small, store, entries, seed).store, log) as other:
        # As many registered numbers with the small register as chance gives with the large one: same answers to write.
        screened = [
            Screened(server, large, entries, 0.0, LARGE),
            Screened(other, small, entries, large.file.density, SMALL),
        ]
        before = server.memory()
        rows = screening.closed_loop(screened, plan.rounds, plan.turn_s, plan.rows_max, seed)
        after = server.memory()
    return {
        "imports": [register.facts for register in (small, large)],
        "closed": rows,
        "large": plan.large,
        "small": plan.small,
        "entries": entries,
        "density": large.file.density,
        "growth": screening.growth(rows, plan.small, plan.large),
        "memory": {"before": before, "after": after},
        "during_import": screening.during_import(
            screened[0], imports.file(plan.beside).zip, plan.import_rounds, plan.import_s, plan.rows_max, seed
        ),
        "beside": plan.beside,
        "peers": _peers(server, large, entries, plan.peers, seed),
    }


def starts(imports: Imports, stores: dict[int, Path], log: Path) -> dict[str, Any]:
    """Measure starts with the large register and the most entries; nothing where the plan has none."""
    plan, largest = imports.plan, max(stores)
    if not plan.starts:
        return {}
    print("starts with a register", flush=True)
    store = imports.in_force(plan.large, stores[largest], f"start-{largest}")
    return {"starts": screening.starts(store, log, imports.of(plan.large), largest, plan.starts)}


def _peers(server: Server, register: Imported, entries: int, sizes: peers.Sizes, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="dncd-peers-") as folder:
        # A server that refuses to run as root has to reach what is below.
        os.chmod(folder, 0o711)  # noqa: S103 - passed through, not read
        return peers.measure(server, register, entries, sizes, Path(folder), seed)
