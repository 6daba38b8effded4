"""`dncd registry import`: a file becomes a snapshot, in this process, with a bar that tells how far it is."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from dncd import registries
from dncd.administration import accept_for_server
from dncd.cli.frame import FAILED, WRONG, JsonOption, StoreOption, attached, options_judged, say, settings_for
from dncd.cli.registry_tables import covered_line, print_table, told_snapshot
from dncd.config import REGISTRIES_FOLDER
from dncd.daemon.ambient import new_id, now_ms
from dncd.holds import held_because
from dncd.nouns import SnapshotState
from dncd.registry.importing import REJECTS, Imported, import_file
from dncd.registry.importing import Progress as Tell
from dncd.registry.orders import Order
from dncd.registry.shelf import Shelf
from dncd.registry_imports import discard_import, keep_import, order_import
from dncd.storage.contract import Store
from dncd.transport.registry_service import prefixes as read_prefixes

REJECTS_SHOWN = 5
_STOPS = (signal.SIGINT, signal.SIGTERM)


class FormatName(StrEnum):
    """The formats that registers come in."""

    FTC = "ftc"
    FTC_CHANGE = "ftc-change"
    TPS = "tps"
    NCPR = "ncpr"
    ACMA = "acma"
    CSV = "csv"
    NUMBERS = "numbers"


class ShapeName(StrEnum):
    """What a wash against the Australian register gives back."""

    FLAGGED = "flagged"
    REGISTERED = "registered"
    CLEAN = "clean"


_File = typer.Argument(
    metavar="FILE", exists=True, dir_okay=False, readable=True, help="The file as it came; .zip and .gz are read."
)
_DAY = ["%Y-%m-%d"]


def import_(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The registry, such as us-national.")],
    file: Annotated[Path, _File],
    format_name: Annotated[
        FormatName, typer.Option("--format", help=f"The layout of the file: {', '.join(FormatName)}.")
    ],
    list_date: Annotated[
        datetime | None,
        typer.Option(formats=_DAY, help="The day of the list, in place of the file's own. Age counts from it."),
    ] = None,
    changes_since: Annotated[
        datetime | None,
        typer.Option(
            formats=_DAY,
            help="ftc-change: the day from which on the file has every change, most often that of the list in force."
            " Required there.",
        ),
    ] = None,
    column: Annotated[
        str, typer.Option(help="csv, ncpr, acma: the column of the numbers, by name or number from 1.")
    ] = "",
    category_column: Annotated[
        str, typer.Option(help="csv, ncpr: the column of the categories, by name or number from 1.")
    ] = "",
    registered_flags: Annotated[
        str, typer.Option(help="acma: the flags that mean registered, such as Y; several with commas between.")
    ] = "",
    clean_flags: Annotated[str, typer.Option(help="acma: the flags that mean not registered, such as N.")] = "",
    flag_column: Annotated[
        str, typer.Option(help="acma, ncpr: the column of the flags or operations, by name or number from 1.")
    ] = "",
    shape: Annotated[
        ShapeName | None,
        typer.Option(
            help="acma: flagged, where the rows have flags; registered or clean, where they are those numbers alone."
        ),
    ] = None,
    washed: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, readable=True, help="acma: the file that was washed, for clean."),
    ] = None,
    covers: Annotated[
        list[str] | None,
        typer.Option(help="A prefix that the file is complete for, such as +1415, where it does not say. Repeatable."),
    ] = None,
    region: Annotated[
        str, typer.Option(help="csv, numbers: the country of numbers that are written without one, such as US.")
    ] = "",
    header: Annotated[
        bool | None,
        typer.Option(
            "--header/--no-header",
            help="csv, acma: whether the first row names the columns. Default: found by looking.",
            show_default=False,
        ),
    ] = None,
    international: Annotated[
        bool,
        typer.Option(
            "--international", help="csv, numbers: digits without a plus sign begin with their calling code, as 4915..."
        ),
    ] = False,
    activate: Annotated[bool, typer.Option(help="Put it in force when it is whole, unless it is held.")] = True,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import a version of a registry beside the one in force, verify it, and put it in force.

    Example: `dncd registry import us-national us-november.zip --format ftc`

    Ctrl-C leaves nothing behind. Run it as the user that the server runs as, who has to read its files. The
    exit code is 1 where it is held: it or a part of it has over a fifth fewer numbers than in the list in force, or is
    older, or it is changes to another list, or a wash of which nothing is registered.
    """
    started = time.monotonic()
    for each in filter(None, (file, washed)):
        _require_file(each)
    with options_judged():
        covered = read_prefixes(covers or [], "--covers", at_least=0)
    shelf = Shelf(settings_for(store).store / REGISTRIES_FOLDER)
    with attached(store) as opened:
        with opened.snapshot() as snapshot:
            order = order_import(
                snapshot,
                shelf,
                new_id(),
                registry=name,
                path=file,
                file_name=file.name,
                format_name=format_name,
                list_date=list_date.date() if list_date else None,
                changes_since=changes_since.date() if changes_since else None,
                column=column,
                category_column=category_column,
                registered_flags=registered_flags,
                region=region.upper(),
                header=header,
                international=international,
                clean_flags=clean_flags,
                flag_column=flag_column,
                shape=shape.value if shape else "",
                washed=washed,
                washed_name=washed.name if washed else "",
                coverage=covered,
            )
        with shelf.importing(name):
            made = _import_and_keep(opened, shelf, order, activate=activate)
        with opened.snapshot() as snapshot:
            kept = registries.find_snapshot(snapshot, name, order.snapshot)
            in_force = registries.listed_in_force(snapshot, name)
    rejects = shelf.folder(name, order.snapshot) / REJECTS if made.rejects else None
    is_held = kept.state is SnapshotState.HELD
    told = told_snapshot(kept, shelf) | {
        "dates": {prefix: day.isoformat() for prefix, day in made.dates},
        "held_because": held_because(kept.snapshot, in_force) if is_held else [],
        "rejects_file": str(rejects) if rejects else None,
        "first_rejects": [asdict(each) for each in made.first_rejects],
        "seconds": round(time.monotonic() - started, 1),
    }
    if as_json:
        typer.echo(json.dumps(told))
    else:
        _print(told)
    if is_held:
        raise typer.Exit(FAILED)


def _require_file(path: Path) -> None:
    """End the command where a path is a pipe: a file is read more than once, and its end may be read first."""
    if not path.is_file():
        say(f"dncd: {path} is not a file, such as a pipe is not: write it to a file and import that")
        raise typer.Exit(WRONG)


def _import_and_keep(store: Store, shelf: Shelf, order: Order, *, activate: bool) -> Imported:
    with _stops_interrupt() as ignore_stops:
        try:
            files = filter(None, (order.path, order.washed))
            with _progress(sum(each.stat().st_size for each in files)) as tell:
                made = import_file(order, tell)
            # From here on a stop could come between a change that is durable and its files.
            ignore_stops()
        except BaseException as error:
            ignore_stops()
            discard_import(shelf, order)
            if isinstance(error, KeyboardInterrupt):
                say("dncd: stopped; nothing was imported, and what was in force still is")
                raise typer.Exit(FAILED) from None
            raise
        keep_import(lambda change: accept_for_server(store, now_ms(), change), shelf, order, made, activate=activate)
    return made


@contextmanager
def _stops_interrupt() -> Iterator[Callable[[], None]]:
    """Make SIGTERM stop as Ctrl-C does; what is yielded makes both be ignored until the block ends."""
    before = {each: signal.signal(each, signal.default_int_handler) for each in _STOPS}

    def ignore() -> None:
        for each in _STOPS:
            signal.signal(each, signal.SIG_IGN)

    try:
        yield ignore
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@contextmanager
def _progress(size_bytes: int) -> Iterator[Tell]:
    """Draw a bar on a terminal's stderr: bytes read, their rate, the time left."""
    errors = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
        console=errors,
        transient=True,
        disable=not errors.is_terminal,
    )
    with bar:
        task = bar.add_task("importing", total=size_bytes)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description="verifying" if done >= total else "importing")

        yield tell


def _print(told: dict[str, Any]) -> None:
    facts = [
        ("snapshot", told["id"]),
        ("list of", told["list_date"]),
        ("numbers", f"{told['numbers']:,}"),
        ("lines", f"{told['lines']:,}"),
        ("rejects", f"{told['rejects']:,}"),
        ("covers", covered_line(told)),
        ("state", told["state"]),
        ("took", f"{told['seconds']} s"),
    ]
    print_table([told["registry"], ""], facts)
    if told["rejects"]:
        rows = [
            (each["file"], f"{each['line']:,}", each["reason"], each["masked"])
            for each in told["first_rejects"][:REJECTS_SHOWN]
        ]
        typer.echo("")
        print_table(["rejected in", "line#", "because", "text"], rows)
        typer.echo(f"all of them: {told['rejects_file']}")
    if told["dates"] and max(told["dates"].values()) > told["list_date"]:
        oldest = covered_line({**told, "coverage": [p for p, day in told["dates"].items() if day == told["list_date"]]})
        say(f"A list is as old as its oldest part: {oldest} is of {told['list_date']} still.")
    if told["state"] == "held":
        # Another list may have come in force meanwhile: then nothing is known but that it was held.
        why = "; ".join(told["held_because"]) or "the list that was in force when it came is not any more"
        say(f"HELD, not in force: {why}. If that is right, confirm:")
        say(f"  dncd registry activate {told['registry']} {told['id']} --reason TEXT")
