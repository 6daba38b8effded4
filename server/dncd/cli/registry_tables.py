"""Registries and their snapshots as JSON and as tables."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dncd import accounts, events, registries
from dncd.registry.shelf import Shelf
from dncd.screens import WASH, latest_day
from dncd.storage.contract import Snapshot

# Wide enough that no cell of a table in a pipe is folded.
_PIPED_WIDTH: Final = 240
_DAMAGED: Final = "damaged"
_STYLES: Final = {"in-force": "green", "held": "bold yellow"}


def told_registry(snapshot: Snapshot, shelf: Shelf, name: str, now_ms: int) -> dict[str, Any]:
    """Tell a registry and its list in force.

    The age is in days, from the list's own date to the latest day that it is anywhere, as policies count it.
    """
    registry, in_force = registries.find(snapshot, name)
    listed = registries.find_snapshot(snapshot, name, in_force).snapshot if in_force else None
    return {
        "name": registry.name,
        "scope": list(registry.scope),
        "description": registry.description,
        "in_force": in_force or None,
        "list_date": listed.list_date.isoformat() if listed else None,
        "age_days": (latest_day(now_ms) - listed.list_date).days if listed else None,
        "numbers": listed.numbers if listed else None,
        "damaged": _damage(shelf, listed) if listed else None,
        "snapshots_kept": len(registries.scan_snapshots(snapshot, name)),
    }


def told_snapshot(kept: registries.Kept, shelf: Shelf) -> dict[str, Any]:
    """Tell a snapshot that is kept; `damaged` says what is wrong with its files, where their sizes show it."""
    snapshot = kept.snapshot
    return {
        "registry": snapshot.registry,
        "id": snapshot.id,
        "damaged": _damage(shelf, snapshot),
        "state": kept.state.name.lower().replace("_", "-"),
        "format": snapshot.format,
        "list_date": snapshot.list_date.isoformat(),
        "numbers": snapshot.numbers,
        "lines": snapshot.lines,
        "rejects": snapshot.rejects,
        "coverage": list(snapshot.coverage),
        "changes_of": snapshot.previous or None,
        "files": [{"name": file.name, "sha256": file.sha256, "bytes": file.bytes} for file in snapshot.files],
        "imported_at": datetime.fromtimestamp(kept.imported_at_ms // 1000, UTC).isoformat().replace("+00:00", "Z"),
        "actor": kept.actor,
    }


def _damage(shelf: Shelf, snapshot: events.Snapshot) -> str | None:
    return registries.damage(shelf.folder(snapshot.registry, snapshot.id), snapshot) or None


def told_coverage(snapshot: Snapshot, name: str) -> list[dict[str, Any]]:
    """Tell which accounts may rely on a registry, by name, and on which part of it."""
    found = ((each.name, registries.coverage(snapshot, each.id, name)) for each in accounts.scan(snapshot))
    return [{"account": account, "prefixes": list(prefixes)} for account, prefixes in found if prefixes]


def print_registries(found: Iterable[Mapping[str, Any]]) -> None:
    """Print registries, one a line."""
    told = list(found)
    rows = [
        (
            each["name"],
            " ".join(each["scope"]),
            each["list_date"] or "no list",
            "" if each["age_days"] is None else f"{each['age_days']:,}",
            "" if each["numbers"] is None else f"{each['numbers']:,}",
            f"{each['snapshots_kept']:,}",
            f"{each['in_force']}, {_DAMAGED}" if each["damaged"] else each["in_force"] or "",
        )
        for each in told
    ]
    print_table(["name", "scope", "list of", "age in days#", "numbers#", "kept#", "in force"], rows)
    _print_damage((each["name"], each["damaged"]) for each in told)


def print_registry(told: Mapping[str, Any]) -> None:
    """Print one registry with its snapshots, and who may rely on it."""
    about = f": {told['description']}" if told["description"] else ""
    out = console()
    out.print(Text(f"{told['name']}{about}", style="bold"))
    out.print(Text(f"speaks about {' '.join(told['scope'])}"))
    rows = [
        (
            each["id"],
            f"{each['state']}, {_DAMAGED}" if each["damaged"] else each["state"],
            each["list_date"],
            f"{each['numbers']:,}",
            f"{each['lines']:,}",
            f"{each['rejects']:,}",
            covered_line(each),
            each["format"],
            each["imported_at"],
            each["actor"],
        )
        for each in told["snapshots"]
    ]
    titles = ["snapshot", "state", "list of", "numbers#", "lines#", "rejects#", "covers", "format", "imported", "by"]
    if rows:
        print_table(titles, rows)
        _print_damage((each["id"], each["damaged"]) for each in told["snapshots"])
    else:
        out.print(Text("No snapshot was imported: whoever needs this registry is not screened."))
    out.print()
    if told["coverage"]:
        print_table(
            ["account", "may rely on"], [(each["account"], " ".join(each["prefixes"])) for each in told["coverage"]]
        )
    else:
        out.print(Text(f"No account may rely on it: see dncd registry coverage {told['name']} --help"))


def _print_damage(found: Iterable[tuple[str, str | None]]) -> None:
    for name, fault in found:
        if fault:
            console().print(Text(f"{name} is damaged, and answers nobody: {fault}", style="bold red"))


def covered_line(told: Mapping[str, Any], shown_max: int = 5) -> str:
    """Say what a snapshot covers, in a few words."""
    prefixes: Sequence[str] = told["coverage"]
    words = " ".join(prefixes) or "all of it"
    if len(prefixes) > shown_max:
        words = f"{' '.join(prefixes[:shown_max])} and {len(prefixes) - shown_max:,} more"
    if told["format"] != WASH:
        return words
    # The result of a wash speaks of the numbers that were in it and of no others.
    return f"the numbers that were washed{f', of {words}' if prefixes else ''}"


def print_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on stdout; titles that end in "#" are counts, set to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        right = title.endswith("#")
        table.add_column(title.rstrip("#"), overflow="fold", justify="right" if right else "left")
    for row in rows:
        table.add_row(*(Text(cell, style=_STYLES.get(cell, "")) for cell in row))
    console().print(table)


def console() -> Console:
    """Return the console of stdout; text is never markup."""
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    return Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)
