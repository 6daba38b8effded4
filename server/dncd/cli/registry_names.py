"""What the commands about registries share: how a registry and a snapshot are named, and how an answer is told."""

import json
from pathlib import Path
from typing import Annotated

import typer

from dncd import registries
from dncd.cli.frame import say, settings_for
from dncd.config import REGISTRIES_FOLDER
from dncd.errors import SnapshotNotFound
from dncd.registry.shelf import Shelf
from dncd.storage.contract import Snapshot

ID_DIGITS_MIN = 4

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The registry, such as us-national.")]
IdArgument = Annotated[
    str, typer.Argument(metavar="SNAPSHOT", help=f"The id of a snapshot, or its first {ID_DIGITS_MIN} digits or more.")
]


def shelf_of(store: Path | None) -> Shelf:
    """Return where a store's snapshots lie."""
    return Shelf(settings_for(store).store / REGISTRIES_FOLDER)


def find_id(snapshot: Snapshot, registry: str, written: str) -> str:
    """Return the id that begins as written; raises `RegistryNotFound`, and `SnapshotNotFound` for none or several."""
    registries.find(snapshot, registry)
    ids = [kept.snapshot.id for kept in registries.scan_snapshots(snapshot, registry)]
    found = [each for each in ids if each == written or (len(written) >= ID_DIGITS_MIN and each.startswith(written))]
    if len(found) > 1:
        raise SnapshotNotFound(f"{len(found)} snapshots begin with {written}; give more of the id", registry=registry)
    return registries.find_snapshot(snapshot, registry, found[0] if found else written).snapshot.id


def say_or_tell(told: dict[str, object], sentence: str, *, as_json: bool) -> None:
    """Print JSON for a machine, or a sentence for the person."""
    if as_json:
        typer.echo(json.dumps(told))
    else:
        say(sentence)
