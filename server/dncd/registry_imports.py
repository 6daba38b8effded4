"""Imports of registries, however their files come: what is asked for, and how what came of it is kept."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from dncd import registries
from dncd.errors import DncError
from dncd.events import Change, Snapshot, SnapshotActivated, SnapshotImported, SourceFile
from dncd.journal import Written
from dncd.nouns import SnapshotState
from dncd.registry.importing import Imported, Order
from dncd.registry.prefixes import common_calling_code
from dncd.registry.shelf import Shelf
from dncd.storage import contract

Accept = Callable[[Change], Written]


def order_import(
    snapshot: contract.Snapshot,
    shelf: Shelf,
    snapshot_id: str,
    *,
    registry: str,
    path: Path,
    file_name: str,
    format_name: str,
    list_date: date | None = None,
    column: str = "",
    registered_flags: str = "",
    region: str = "",
) -> Order:
    """Build the order to import a file into a registry; raises `RegistryNotFound`."""
    found, in_force = registries.find(snapshot, registry)
    return Order(
        registries=shelf.path,
        registry=found.name,
        snapshot=snapshot_id,
        path=path,
        file_name=file_name,
        format=format_name,
        calling_code=common_calling_code(found.scope),
        region=region,
        list_date=list_date,
        column=column,
        registered_flags=registered_flags,
        previous=in_force,
    )


def keep_import(accept: Accept, shelf: Shelf, order: Order, made: Imported, *, activate: bool) -> Written:
    """Keep what an import made, and put it in force where that is asked for and it is not held.

    Returns the last change. Raises the `DncError` of a change that is not accepted; a snapshot that is not kept has no
    files then.
    """
    try:
        written = accept(SnapshotImported(snapshot_of(order, made)))
    except DncError:
        shelf.remove(order.registry, order.snapshot)
        raise
    if activate and SnapshotState(written.codes[0]) is SnapshotState.READY:
        return accept(SnapshotActivated(order.registry, order.snapshot))
    return written


def snapshot_of(order: Order, made: Imported) -> Snapshot:
    """Build the snapshot that the journal keeps of an import."""
    return Snapshot(
        registry=order.registry,
        id=order.snapshot,
        format=order.format,
        list_date=made.list_date,
        files=(SourceFile(order.file_name, made.sha256, made.bytes),),
        lines=made.lines,
        rejects=made.rejects,
        numbers=made.numbers,
        coverage=made.coverage,
    )
