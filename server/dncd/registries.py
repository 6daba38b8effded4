"""Registries: how their events change the store. The numbers themselves lie in files beside it, see `dncd.registry`.

Rows of REGISTRIES: b"r" + name -> definition and the id in force; b"s" + name + 0 + id -> snapshot; b"c" + account +
name -> the prefixes that an account may rely on. Registries belong to the server itself, the account 0; the position of
their last change is that account's catalog version.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from dncd import accounts
from dncd.errors import (
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
from dncd.nouns import SnapshotState
from dncd.storage import contract
from dncd.storage.contract import Table, Transaction
from dncd.storage.keys import account_key

# A snapshot that has fewer numbers than this part of the one in force is held.
_SHRUNK = 0.8


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
    """Keep a snapshot, not in force; held where it shrank too much. Returns its state. Raises `RegistryNotFound`."""
    snapshot = change.snapshot
    _, in_force = find(txn, snapshot.registry)
    numbers = find_snapshot(txn, snapshot.registry, in_force).snapshot.numbers if in_force else 0
    state = SnapshotState.HELD if snapshot.numbers < numbers * _SHRUNK else SnapshotState.READY
    _put_kept(txn, Kept(snapshot, state, event.time_ms, event.draft.actor, event.position))
    accounts.touch_catalog(txn, event)
    return bytes([state])


def apply_activated(txn: Transaction, event: Event, change: SnapshotActivated) -> bytes:
    """Put a snapshot in force; one that is stays. Raises `SnapshotNotFound`, and `SnapshotHeld` without a reason.

    The one in force may be another than at the import, so what shrinks against it now is held too.
    """
    registry, in_force = find(txn, change.registry)
    kept = find_snapshot(txn, change.registry, change.snapshot)
    if in_force == change.snapshot:
        return b"\x00"
    before = find_snapshot(txn, change.registry, in_force).snapshot.numbers if in_force else 0
    held = kept.state is SnapshotState.HELD or kept.snapshot.numbers < before * _SHRUNK
    if held and not change.reason:
        raise SnapshotHeld(
            "the snapshot has over a fifth fewer numbers than the one in force; give a reason to put it in force",
            numbers=kept.snapshot.numbers,
            numbers_before=before,
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
    )
    state = SnapshotState(fields["state"])
    return Kept(snapshot, state, fields["imported_at_ms"], fields["actor"], fields["position"])
