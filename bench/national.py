"""A national register for the benchmark: made up, imported as users import it, and put into stores.

The register's zip and a sample of its numbers are kept in a folder between runs. The import is measured in every run.
"""

import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from registers import BLOCK, chunks_of, nanp, write_us
from traffic import HITS, Numbers, Traffic, entries

from dncd import accounts, journal, registries
from dncd.administration import accept_for_server
from dncd.config import REGISTRIES_FOLDER
from dncd.events import (
    CoverageGranted,
    Draft,
    Policy,
    PolicyApplied,
    Registry,
    RegistryCreated,
    RequiredRegistry,
    SnapshotActivated,
    SnapshotImported,
)
from dncd.nouns import Role
from dncd.registry.membership import Membership
from dncd.storage.lmdb import LmdbStore

NAME: Final = "us-national"
STATE: Final = "us-state"
POLICY: Final = "us-telemarketing"
_SCOPE: Final = "+1"
_PEAK: Final = Path(__file__).with_name("peak.py")
_MAX_AGE_DAYS: Final = 31
_SAMPLE_MAX: Final = 20_000_000


@dataclass(frozen=True, slots=True)
class RegisterFile:
    """A zip as the FTC gives it out, and a sample of its numbers in random order: all of a small register."""

    numbers: int
    areas: int
    zip: Path
    sample: Numbers

    @property
    def density(self) -> float:
        """Return the share of random numbers that stand on it."""
        return self.numbers / sum(area.blocks * BLOCK for area in nanp(self.areas).areas)


@dataclass(frozen=True, slots=True)
class Imported:
    """A register that was imported: the store that has it, its snapshot, and what the import took."""

    file: RegisterFile
    store: Path
    snapshot_id: str
    facts: dict[str, Any]

    @property
    def folder(self) -> Path:
        """Return where the snapshot lies."""
        return self.store / REGISTRIES_FOLDER / NAME / self.snapshot_id


def made(folder: Path, numbers: int, areas: int) -> RegisterFile:
    """Return a register of about so many numbers; make it where the folder has none."""
    own = folder / f"us-{numbers}-{areas}"
    path, sample = own / "us-national.zip", own / "sample.npy"
    own.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        print(f"making a register of {numbers:,} numbers", flush=True)
        write_us(path.with_suffix(".part"), numbers, areas=areas)
        path.with_suffix(".part").rename(path)
    if not sample.exists():
        np.save(sample.with_suffix(".part.npy"), _sampled(numbers, areas))
        sample.with_suffix(".part.npy").rename(sample)
    return RegisterFile(numbers, areas, path, np.load(sample, mmap_mode="r"))


def imported(file: RegisterFile, store: Path) -> Imported:
    """Import a register into a new store with `dncd registry import`, timed; its list is of today, so it is fresh."""
    print(f"importing a register of {file.numbers:,} numbers", flush=True)
    opened = LmdbStore.own(store, create=True)
    accept_for_server(opened, _now_ms(), RegistryCreated(Registry(NAME, (_SCOPE,))))
    opened.close()
    today = datetime.now(UTC).date().isoformat()
    began = time.perf_counter()
    told, peak_mib = _import(store, file.zip, today)
    seconds = time.perf_counter() - began
    folder = store / REGISTRIES_FOLDER / NAME / told["id"]
    bits = sum(_disk_mib(path) for path in folder.iterdir() if path.suffix != ".roaring")
    facts = {
        "numbers": told["numbers"],
        "rejects": told["rejects"],
        "zip_mib": file.zip.stat().st_size / 2**20,
        "seconds": seconds,
        "peak_mib": peak_mib,
        "disk_mib": bits,
        "roaring_mib": sum(_disk_mib(path) for path in folder.glob("*.roaring")),
    }
    return Imported(file, store, told["id"], facts)


def added(register: Imported, store: Path) -> Path:
    """Put an imported register in force in a store that nobody serves, with a policy that asks it; return the store."""
    folder = store / REGISTRIES_FOLDER / NAME / register.snapshot_id
    folder.mkdir(parents=True)
    for file in register.folder.iterdir():
        _link(file, folder / file.name)
    source = LmdbStore.attach(register.store, create=False)
    with source.snapshot() as snapshot:
        kept = registries.find_snapshot(snapshot, NAME, register.snapshot_id).snapshot
    source.close()
    opened = LmdbStore.own(store, create=False)
    with opened.snapshot() as snapshot:
        account = accounts.find(snapshot, accounts.DEFAULT_NAME)
    assert account is not None, "every store has it"
    for change in (
        RegistryCreated(Registry(NAME, (_SCOPE,))),
        RegistryCreated(Registry(STATE, (_SCOPE,))),
        CoverageGranted(NAME, account.name, account.id, (_SCOPE,)),
        SnapshotImported(kept),
        SnapshotActivated(NAME, kept.id),
    ):
        accept_for_server(opened, _now_ms(), change)
    policy = Policy(POLICY, registries=(RequiredRegistry(NAME, _MAX_AGE_DAYS),))
    with opened.transaction() as txn:
        journal.accept(txn, Draft(account.id, "bench", Role.ADMIN, PolicyApplied(policy)), _now_ms())
    opened.close()
    return store


class ScreenedTraffic(Traffic):
    """Requests under the policy that asks the register: random numbers of the area codes that it covers.

    `registered` is the share that is drawn from the register itself; by default it is left to chance.
    """

    def __init__(self, entries_total: int, seed: int, register: RegisterFile, registered: float = 0.0) -> None:
        super().__init__(entries_total, seed, HITS, POLICY)
        plan = nanp(register.areas)
        self._areas = np.array([int(area.head) for area in plan.areas], np.uint64)
        known = entries(np.arange(entries_total))
        self._entries = known[np.isin(known // np.uint64(10**7) % np.uint64(1000), self._areas)]
        self._sample = register.sample
        self._registered = registered

    def fresh(self, rows: int) -> Numbers:
        """Draw random numbers, and such as stand on the register."""
        drawn = self.unlisted(rows)
        listed = np.flatnonzero(self._random.random(rows) < self._registered)
        drawn[listed] = self._sample[self._random.integers(0, len(self._sample), len(listed))]
        return drawn

    def unlisted(self, rows: int) -> Numbers:
        """Draw random numbers of the area codes that are covered."""
        areas = self._areas[self._random.integers(0, len(self._areas), rows)]
        lines = self._random.integers(2_000_000, 10_000_000, rows, dtype=np.uint64)
        return np.uint64(10**10) + areas * np.uint64(10**7) + lines

    def known(self, rows: int) -> Numbers:
        """Draw numbers of entries whose area codes are covered."""
        return self._entries[self._random.integers(0, len(self._entries), rows)]


class PeerTraffic(ScreenedTraffic):
    """Numbers on which all peers agree, though they hold parts of the register: what a part lacks is not asked about.

    The share of registered numbers is that of random ones; they are drawn from the part that every peer holds.
    """

    def __init__(self, entries_total: int, seed: int, register: Imported, common: int) -> None:
        super().__init__(entries_total, seed, register.file, register.file.density)
        self._sample = self._sample[:common]
        self._members = Membership.open(register.folder)

    def unlisted(self, rows: int) -> Numbers:
        """Draw random numbers of the area codes that are covered, none of which stands on the register."""
        drawn = super().unlisted(2 * rows + 64)
        return drawn[~self._members.contains(drawn)][:rows]


def _sampled(numbers: int, areas: int) -> Numbers:
    """Draw numbers of a register by making it again: every one is as likely as any other."""
    random = np.random.default_rng(numbers)
    share = min(1.0, 1.02 * _SAMPLE_MAX / numbers)
    parts = [chunk.phones[random.random(len(chunk.phones)) < share] for chunk in chunks_of(nanp(areas), numbers)]
    sample = np.concatenate(parts)
    random.shuffle(sample)
    return sample[:_SAMPLE_MAX]


def _import(store: Path, file: Path, list_date: str) -> tuple[dict[str, Any], float]:
    """Import a file as the operator does; return what the command told and its peak memory in MiB."""
    command = [sys.executable, "-m", "dncd", "registry", "import", NAME, str(file), "--store", str(store), "--json"]
    command += ["--format", "ftc", "--list-date", list_date]
    peak = store / "peak.kib"
    run = subprocess.run([sys.executable, _PEAK, peak, *command], stdout=subprocess.PIPE, check=False)
    if run.returncode:
        raise RuntimeError("the import failed")
    return json.loads(run.stdout), int(peak.read_text()) / 1024


def _link(file: Path, link: Path) -> None:
    try:
        link.hardlink_to(file)
    except OSError:
        # Another file system.
        shutil.copy2(file, link)


def _disk_mib(file: Path) -> float:
    return file.stat().st_blocks * 512 / 2**20


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
