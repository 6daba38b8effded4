"""`dncd registry` on a folder, in this process, and what it left there."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from daemon_running import Ended, dncd

FIRST, SECOND = "2026-11-19_415_1.txt", "2026-11-20_415_1.txt"


def registry(store: Path, *arguments: str) -> Ended:
    return dncd("registry", *arguments, "--store", str(store))


def told(store: Path, *arguments: str) -> Any:
    ended = registry(store, *arguments, "--json")
    assert ended.stdout, ended.stderr
    return json.loads(ended.stdout)


def ftc(folder: Path, lasts: Iterable[int], name: str = FIRST) -> str:
    """Write a file of numbers +1 415 555 0000 and on."""
    path = folder / name
    path.write_text("".join(f"415,555{last:04d}\n" for last in lasts))
    return str(path)


def imported(store: Path, lasts: Iterable[int], name: str = FIRST, *options: str) -> Any:
    return told(store, "import", "us-national", ftc(store.parent, lasts, name), "--format", "ftc", *options)


def files_of(store: Path) -> list[str]:
    return sorted(path.name for path in (store / "registries").glob("*/*"))


def states(store: Path) -> dict[str, str]:
    return {each["id"]: each["state"] for each in told(store, "show", "us-national")["snapshots"]}
