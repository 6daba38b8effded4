"""Registries: how their events change the store. The numbers themselves lie in files beside it, see `dncd.registry`.

Rows of REGISTRIES: b"r" + name -> definition and the id in force; b"s" + name + 0 + id -> snapshot; b"c" + account +
name -> the prefixes that an account may rely on. Registries belong to the server itself, the account 0; the position of
their last change is that account's catalog version.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from dncd import accounts
from dncd.errors import (
    FieldFault,
    InvalidFields,
    RegistryExists,
    RegistryNotFound,
    SnapshotHeld,
    SnapshotInForce,
    SnapshotNotFound,
)
from dncd.events import (
    CoverageGranted,
    Event,
    Registry,
    Snapshot,
    SnapshotActivated,
    SnapshotImported,
    SnapshotPruned,
    SourceFile,
)
from dncd.holds import held_because
from dncd.nouns import SnapshotState
from dncd.registry import verify
from dncd.registry.failures import SnapshotDamaged
from dncd.registry.manifest import Manifest
from dncd.registry.shelf import DAMAGED
from dncd.storage import contract
from dncd.storage.contract import Table, Transaction
from dncd.storage.keys import account_key


@dataclass(frozen=True, slots=True)
class Kept:
    """A snapshot that is kept, with what came after its import. Times are milliseconds since 1970 UTC."""

    snapshot: Snapshot
    state: SnapshotState
    imported_at_ms: int
    actor: str
    position: int


def exists(snapshot: contract.Snapshot, name: str) -> bool:
    """Tell whether there is a registry of a name."""
    return snapshot.get(Table.REGISTRIES, b"r" + name.encode()) is not None


def find(snapshot: contract.Snapshot, name: str) -> tuple[Registry, str]:
    """Return a registry and the id of its snapshot in force, empty for none; raises `RegistryNotFound`."""
    row = snapshot.get(Table.REGISTRIES, b"r" + name.encode())
    if row is None:
        raise RegistryNotFound(f"there is no registry {name!r}; create it first", registry=name)
    return _decode_registry(row)


def scan(snapshot: contract.Snapshot, after: str = "") -> Iterator[Registry]:
    """Yield every registry by name, those behind `after`."""
    for key, row in snapshot.scan(Table.REGISTRIES, b"r", start=b"r" + after.encode()):
        if key != b"r" + after.encode():
            yield _decode_registry(row)[0]


def find_snapshot(snapshot: contract.Snapshot, registry: str, snapshot_id: str) -> Kept:
    """Return a snapshot that is kept; raises `SnapshotNotFound`."""
    row = snapshot.get(Table.REGISTRIES, _snapshot_key(registry, snapshot_id))
    if row is None:
        raise SnapshotNotFound(f"the registry {registry!r} keeps no snapshot {snapshot_id!r}", registry=registry)
    return _decode_kept(registry, snapshot_id, row)


def scan_snapshots(snapshot: contract.Snapshot, registry: str) -> list[Kept]:
    """Return the snapshots of a registry, the newest import first."""
    prefix = _snapshot_key(registry, "")
    rows = snapshot.scan(Table.REGISTRIES, prefix)
    kept = [_decode_kept(registry, key[len(prefix) :].decode(), row) for key, row in rows]
    return sorted(kept, key=lambda each: each.position, reverse=True)


def coverage(snapshot: contract.Snapshot, account_id: int, registry: str) -> tuple[str, ...]:
    """Return the prefixes of a registry that an account may rely on."""
    row = snapshot.get(Table.REGISTRIES, _coverage_key(account_id, registry))
    return tuple(json.loads(row)) if row is not None else ()


def check_origin(folder: Path, manifest: Manifest, snapshot: Snapshot) -> None:
    """Raise `SnapshotDamaged` where a folder holds other files' numbers than those that the journal tells of."""
    verify.check_origin(folder, manifest, [file.sha256 for file in snapshot.files], snapshot.numbers)


def verify_files(folder: Path, snapshot: Snapshot) -> Manifest:
    """Read all that is served of a snapshot and check that it is what was imported; raises `SnapshotDamaged`."""
    manifest = verify.verify(folder)
    check_origin(folder, manifest, snapshot)
    return manifest


def damage(folder: Path, snapshot: Snapshot) -> str:
    """Say what is wrong with the files of a snapshot by their sizes and its manifest; nothing: nothing that shows."""
    aside = folder.with_name(folder.name + DAMAGED)
    if not folder.exists() and aside.exists():
        return f"a start of the server found its files damaged, and put them aside as {aside.name}"
    try:
        check_origin(folder, verify.check_shape(folder), snapshot)
    except (SnapshotDamaged, OSError) as error:
        return str(error)
    return ""


def listed_in_force(snapshot: contract.Snapshot, name: str) -> Snapshot | None:
    """Return the snapshot in force; None where there is none. Raises `RegistryNotFound`."""
    in_force = find(snapshot, name)[1]
    return find_snapshot(snapshot, name, in_force).snapshot if in_force else None


def check_coverage(snapshot: contract.Snapshot, registry: str, prefixes: tuple[str, ...], path: str) -> None:
    """Raise `InvalidFields` for a prefix that the registry does not speak about, and `RegistryNotFound`."""
    scope = find(snapshot, registry)[0].scope
    faults = [
        FieldFault(f"{path}[{index}]", f"must lie within what the registry speaks about: {' '.join(scope)}")
        for index, prefix in enumerate(prefixes)
        if not prefix.startswith(scope)
    ]
    if faults:
        raise InvalidFields(faults)


def apply_created(txn: Transaction, event: Event, registry: Registry) -> bytes:
    """Create a registry; an equal one is unchanged. Raises `RegistryExists`."""
    if exists(txn, registry.name):
        if find(txn, registry.name)[0] != registry:
            raise RegistryExists(f"a different registry {registry.name!r} exists", registry=registry.name)
        return b"\x00"
    _put_registry(txn, registry, "")
    accounts.touch_catalog(txn, event)
    return b"\x01"


def apply_imported(txn: Transaction, event: Event, change: SnapshotImported) -> bytes:
    """Keep a snapshot, not in force; held where `held_because` says why.

    Returns its state. Raises `RegistryNotFound`.
    """
    snapshot = change.snapshot
    held = held_because(snapshot, listed_in_force(txn, snapshot.registry), older_held=change.older_held)
    state = SnapshotState.HELD if held else SnapshotState.READY
    _put_kept(txn, Kept(snapshot, state, event.time_ms, event.draft.actor, event.position))
    accounts.touch_catalog(txn, event)
    return bytes([state])


def apply_activated(txn: Transaction, event: Event, change: SnapshotActivated) -> bytes:
    """Put a snapshot in force; one that is stays. Raises `SnapshotNotFound`, and `SnapshotHeld` without a reason.

    The one in force may be another than at the import, so what shrinks against it now, or is older, or is changes to
    another list, is held too.
    """
    registry, in_force = find(txn, change.registry)
    kept = find_snapshot(txn, change.registry, change.snapshot)
    if in_force == change.snapshot:
        return b"\x00"
    before = listed_in_force(txn, change.registry)
    held = held_because(kept.snapshot, before, older_held=change.older_held)
    if (held or kept.state is SnapshotState.HELD) and not change.reason:
        why = "; ".join(held) or "it was held against the list that was in force when it came"
        raise SnapshotHeld(
            f"held: {why}; if that is right, put it in force with a reason",
            numbers=kept.snapshot.numbers,
            numbers_before=before.numbers if before else 0,
            list_date=kept.snapshot.list_date,
            list_date_before=before.list_date if before else "",
            changes_of=kept.snapshot.previous,
            in_force=before.id if before else "",
        )
    if in_force:
        _put_kept(txn, replace(find_snapshot(txn, change.registry, in_force), state=SnapshotState.RETIRED))
    _put_kept(txn, replace(kept, state=SnapshotState.IN_FORCE))
    _put_registry(txn, registry, change.snapshot)
    accounts.touch_catalog(txn, event)
    return b"\x01"


def apply_pruned(txn: Transaction, event: Event, change: SnapshotPruned) -> bytes:
    """Forget a snapshot. Raises `SnapshotNotFound`, `SnapshotInForce`."""
    in_force = find(txn, change.registry)[1]
    find_snapshot(txn, change.registry, change.snapshot)
    if in_force == change.snapshot:
        raise SnapshotInForce("the snapshot is in force; put another one in force first")
    txn.delete(Table.REGISTRIES, _snapshot_key(change.registry, change.snapshot))
    accounts.touch_catalog(txn, event)
    return b"\x01"


def apply_granted(txn: Transaction, event: Event, change: CoverageGranted) -> bytes:
    """Say what an account may rely on. Raises `RegistryNotFound`."""
    find(txn, change.registry)
    row = json.dumps(sorted(change.prefixes)).encode()
    txn.put(Table.REGISTRIES, _coverage_key(change.account_id, change.registry), row)
    accounts.touch_catalog(txn, event)
    return b"\x01"


def _snapshot_key(registry: str, snapshot_id: str) -> bytes:
    return b"s" + registry.encode() + b"\x00" + snapshot_id.encode()


def _coverage_key(account_id: int, registry: str) -> bytes:
    return b"c" + account_key(account_id, registry.encode())


def _put_registry(txn: Transaction, registry: Registry, in_force: str) -> None:
    fields = {
        "name": registry.name,
        "scope": registry.scope,
        "description": registry.description,
        "in_force": in_force,
    }
    txn.put(Table.REGISTRIES, b"r" + registry.name.encode(), json.dumps(fields, sort_keys=True).encode())


def _decode_registry(row: bytes) -> tuple[Registry, str]:
    fields: dict[str, Any] = json.loads(row)
    return Registry(fields["name"], tuple(fields["scope"]), fields["description"]), fields["in_force"]


def _put_kept(txn: Transaction, kept: Kept) -> None:
    snapshot = kept.snapshot
    fields = {
        "format": snapshot.format,
        "list_date": snapshot.list_date.isoformat(),
        "files": [[file.name, file.sha256, file.bytes] for file in snapshot.files],
        "lines": snapshot.lines,
        "rejects": snapshot.rejects,
        "numbers": snapshot.numbers,
        "coverage": snapshot.coverage,
        "state": kept.state,
        "imported_at_ms": kept.imported_at_ms,
        "actor": kept.actor,
        "position": kept.position,
    }
    # Rows of events from before these were kept stay as they were.
    if snapshot.previous:
        fields["previous"] = snapshot.previous
    if snapshot.dates:
        fields["dates"] = [[prefix, day.isoformat()] for prefix, day in snapshot.dates]
    if snapshot.listed is not None:
        fields["listed"] = snapshot.listed
    key = _snapshot_key(snapshot.registry, snapshot.id)
    txn.put(Table.REGISTRIES, key, json.dumps(fields, sort_keys=True).encode())


def _decode_kept(registry: str, snapshot_id: str, row: bytes) -> Kept:
    fields: dict[str, Any] = json.loads(row)
    snapshot = Snapshot(
        registry=registry,
        id=snapshot_id,
        format=fields["format"],
        list_date=date.fromisoformat(fields["list_date"]),
        files=tuple(SourceFile(*file) for file in fields["files"]),
        lines=fields["lines"],
        rejects=fields["rejects"],
        numbers=fields["numbers"],
        coverage=tuple(fields["coverage"]),
        previous=fields.get("previous", ""),
        dates=tuple((prefix, date.fromisoformat(day)) for prefix, day in fields.get("dates", ())),
        listed=tuple((head, count) for head, count in fields["listed"]) if "listed" in fields else None,
    )
    state = SnapshotState(fields["state"])
    return Kept(snapshot, state, fields["imported_at_ms"], fields["actor"], fields["position"])
