"""Commands about the files of snapshots: comparing, checking, and building what can be built from the rest."""

import json
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Annotated, Final

import typer
from pyroaring import BitMap64

from dncd import registries
from dncd.cli.frame import WRONG, JsonOption, StoreOption, attached, say
from dncd.cli.registry_names import IdArgument, NameArgument, find_id, say_or_tell, shelf_of
from dncd.events import Snapshot
from dncd.registry.chunks import EVERY_CATEGORY, WASHED_CLEAN
from dncd.registry.files import open_private
from dncd.registry.members import diff as compare
from dncd.registry.members import diff_categories, rebuild_from_members
from dncd.registry.numberset import columns
from dncd.registry.verify import verify_members

_CATEGORY_NAMES: Final = {EVERY_CATEGORY: "registered for everything", WASHED_CLEAN: "washed clean"}


def diff(
    name: NameArgument,
    old: Annotated[str, typer.Argument(metavar="OLD", help="A snapshot: its id, or the first digits of it.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="The one to compare with it.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Write the numbers to this new file: +14155550123 was added, -14155550199 was removed."),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two snapshots: how many numbers were added and removed, in all and in each category.

    A number that was registered and was then washed clean stays, and changes its category.

    Example: `dncd registry diff us-national 5f3a 91c0 --out changes.txt`
    """
    if out is not None and out.exists():
        say(f"dncd: {out} exists; name a new file")
        raise typer.Exit(WRONG)
    with attached(store) as opened, opened.snapshot() as snapshot:
        ids = find_id(snapshot, name, old), find_id(snapshot, name, new)
    shelf = shelf_of(store)
    before, after = (shelf.folder(name, each) for each in ids)
    added, removed = compare(before, after)
    categories = [
        {
            "category": category,
            "name": _CATEGORY_NAMES.get(category, f"category {category}"),
            "added": more,
            "removed": less,
        }
        for category, (more, less) in diff_categories(before, after).items()
    ]
    if out is not None:
        _write_numbers(out, added, removed)
    told = {"registry": name, "old": ids[0], "new": ids[1], "added": len(added), "removed": len(removed)}
    if as_json:
        typer.echo(json.dumps(told | {"categories": categories, "out": str(out) if out else None}))
        return
    typer.echo(f"{len(added):,} added, {len(removed):,} removed")
    for each in categories:
        typer.echo(f"{each['name']}: {each['added']:,} added, {each['removed']:,} removed")


def verify(name: NameArgument, snapshot_id: IdArgument, store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Read all files of a snapshot and compare them with their checksums, as a start does. It names what is damaged.

    Example: `dncd registry verify us-national 5f3a`
    """
    found, folder, kept = _snapshot(name, snapshot_id, store)
    manifest = registries.verify_files(folder, kept)
    verify_members(folder)
    numbers = manifest.counts.numbers
    told = {"registry": name, "id": found, "intact": True, "numbers": numbers}
    say_or_tell(told, f"{found} is intact: {numbers:,} numbers", as_json=as_json)


def rebuild(
    name: NameArgument, snapshot_id: IdArgument, store: StoreOption = None, as_json: JsonOption = False
) -> None:
    """Build the files that are served anew from a snapshot's manifest and Roaring files, while no server runs.

    For a snapshot that came to a copy of the store as these alone, or whose other files are damaged. They are compared
    with their checksums.

    Example: `dncd registry rebuild us-national 5f3a`
    """
    found, folder, _ = _snapshot(name, snapshot_id, store)
    numbers = rebuild_from_members(folder).counts.numbers
    told = {"registry": name, "id": found, "rebuilt": True, "numbers": numbers}
    say_or_tell(told, f"{found} is built: {numbers:,} numbers", as_json=as_json)


def _snapshot(name: str, snapshot_id: str, store: Path | None) -> tuple[str, Path, Snapshot]:
    with attached(store) as opened, opened.snapshot() as snapshot:
        found = find_id(snapshot, name, snapshot_id)
        kept = registries.find_snapshot(snapshot, name, found)
    return found, shelf_of(store).folder(name, found), kept.snapshot


def _write_numbers(out: Path, added: BitMap64, removed: BitMap64) -> None:
    try:
        with TextIOWrapper(open_private(out, new=True), encoding="ascii") as file:
            signed = (("+", part) for part in columns(added)), (("-", part) for part in columns(removed))
            for sign, part in chain(*signed):
                file.writelines(f"{sign}{phone}\n" for phone in part.tolist())
    except OSError as error:
        out.unlink(missing_ok=True)
        say(f"dncd: {out} cannot be written: {error.strerror}")
        raise typer.Exit(WRONG) from None
