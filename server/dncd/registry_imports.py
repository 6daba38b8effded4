"""Imports of registries, however their files come: what is asked for, and how what came of it is kept."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypedDict, Unpack

from dncd import registries
from dncd.errors import DncError
from dncd.events import Change, Snapshot, SnapshotActivated, SnapshotImported, SourceFile
from dncd.journal import Written
from dncd.nouns import SnapshotState
from dncd.registry.files import BUILDING, sync_file, sync_folder
from dncd.registry.importing import REJECTS, Imported
from dncd.registry.orders import Order, ShapeName
from dncd.registry.prefixes import common_calling_code
from dncd.registry.shelf import Shelf
from dncd.storage import contract

Accept = Callable[[Change], Written]


class Said(TypedDict, total=False):
    """What a person says about a file that it does not say itself; see `dncd.registry.orders.Order`."""

    region: str
    header: bool | None
    international: bool
    column: str
    category_column: str
    changes_since: date | None
    registered_flags: str
    clean_flags: str
    flag_column: str
    shape: ShapeName
    washed: Path | None
    washed_name: str
    coverage: tuple[str, ...]


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
    **said: Unpack[Said],
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
        scope=found.scope,
        list_date=list_date,
        previous=in_force,
        **said,
    )


def keep_import(accept: Accept, shelf: Shelf, order: Order, made: Imported, *, activate: bool) -> Written:
    """Keep what an import made, and put it in force where that is asked for and it is not held.

    Returns the last change. Raises the `DncError` of a change that is not accepted; a snapshot that is not kept has no
    files then.
    """
    if made.rejects:
        _sync_report(shelf.folder(order.registry, order.snapshot) / REJECTS)
    try:
        written = accept(SnapshotImported(snapshot_of(order, made), older_held=True))
    except DncError:
        shelf.remove(order.registry, order.snapshot)
        raise
    if activate and SnapshotState(written.codes[0]) is SnapshotState.READY:
        return accept(SnapshotActivated(order.registry, order.snapshot, older_held=True))
    return written


def _sync_report(path: Path) -> None:
    """Make the report of rejects, which came beside the files last, survive a loss of power as they do."""
    sync_file(path)
    sync_folder(path.parent)


def discard_import(shelf: Shelf, order: Order) -> None:
    """Remove whatever an import left, finished or not, that was stopped at any point and was not kept.

    The import itself clears up after its failures; a signal may come where it cannot, such as before it has begun.
    """
    folder = shelf.folder(order.registry, order.snapshot)
    shutil.rmtree(folder.with_name(folder.name + BUILDING), ignore_errors=True)
    folder.with_name(f"{folder.name}.{REJECTS}").unlink(missing_ok=True)
    shelf.remove(order.registry, order.snapshot)


def snapshot_of(order: Order, made: Imported) -> Snapshot:
    """Build the snapshot that the journal keeps of an import."""
    return Snapshot(
        registry=order.registry,
        id=order.snapshot,
        format=order.format,
        list_date=made.list_date,
        files=tuple(SourceFile(*file) for file in made.files),
        lines=made.lines,
        rejects=made.rejects,
        numbers=made.numbers,
        coverage=made.coverage,
        previous=order.previous if order.previous_folder else "",
        dates=made.dates,
        listed=made.listed,
    )
