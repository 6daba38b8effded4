"""The inspection of the registries at start: what a crash left is swept, and what is damaged is put out of reach."""

import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from dncd import accounts, policies, registries
from dncd.nouns import SnapshotState
from dncd.registry.failures import SnapshotDamaged
from dncd.registry.files import BUILDING, sweep
from dncd.registry.importing import REJECTS
from dncd.registry.shelf import DAMAGED
from dncd.storage.contract import Snapshot

_SPOOLED: Final = "*/*.upload"

_log = logging.getLogger(__name__)


def inspect(snapshot: Snapshot, folder: Path) -> None:
    """Sweep the folder of the registries, and read every list that decides; before any worker opens one.

    A list with a missing, cut off or altered file is logged, and its folder renamed `<id>.damaged`: so its registry
    counts as missing, and nobody is allowed by it. Takes about 0.1 s for each 240 million numbers in the page cache.
    """
    for name in [*sweep(folder), *_uploads_removed(folder)]:
        _log.warning("removed %s, which an import or a removal left unfinished", name)
    for name in _strangers(snapshot, folder):
        _log.warning("%s is no list of this store: an import that still runs, or one that was never acknowledged", name)
    for kept in _deciding(snapshot):
        place = folder / kept.snapshot.registry / kept.snapshot.id
        try:
            registries.verify_files(place, kept.snapshot)
        except (SnapshotDamaged, OSError) as error:
            _log.error("snapshot %s of %s is not served: %s", kept.snapshot.id, kept.snapshot.registry, error)
            _put_away(place)


def _uploads_removed(folder: Path) -> Iterator[str]:
    """Remove uploads that were cut off, which workers write and none runs yet, and the reports of such imports."""
    ended = [report for report in folder.glob(f"*/*.{REJECTS}") if not _snapshot_of(report)]
    for path in [*folder.glob(_SPOOLED), *ended]:
        path.unlink()
        yield path.name


def _snapshot_of(report: Path) -> bool:
    """Tell whether the snapshot that a report of rejects is about is there, or an import still builds it."""
    place = report.with_name(report.name.removesuffix(f".{REJECTS}"))
    return place.exists() or place.with_name(place.name + BUILDING).exists()


def _strangers(snapshot: Snapshot, folder: Path) -> Iterator[str]:
    """Name the lists that the store does not know. They stay: a command may be importing one at this moment."""
    known = {(each.name, kept.snapshot.id) for each in registries.scan(snapshot) for kept in _kept(snapshot, each.name)}
    for path in [path for path in folder.glob("*/*") if path.is_dir() and path.suffix != BUILDING]:
        if (path.parent.name, path.name.removesuffix(DAMAGED)) not in known:
            yield f"{path.parent.name}/{path.name}"


def _deciding(snapshot: Snapshot) -> Iterator[registries.Kept]:
    """Yield the lists in force, and those before them where a policy asks how long a number has been listed."""
    asked = {
        required.name
        for account in accounts.scan(snapshot)
        for applied in policies.scan(snapshot, account.id)
        for required in applied.policy.registries
        if required.listed_days_min
    }
    for registry in registries.scan(snapshot):
        states = {SnapshotState.IN_FORCE, *([SnapshotState.RETIRED] if registry.name in asked else ())}
        yield from (kept for kept in _kept(snapshot, registry.name) if kept.state in states)


def _kept(snapshot: Snapshot, registry: str) -> list[registries.Kept]:
    return registries.scan_snapshots(snapshot, registry)


def _put_away(place: Path) -> None:
    if place.exists():
        aside = place.with_name(place.name + DAMAGED)
        shutil.rmtree(aside, ignore_errors=True)
        place.rename(aside)
