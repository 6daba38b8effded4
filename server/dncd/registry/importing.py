"""Importing a file into a snapshot, in this process or in one of its own.

A server imports in a process of its own, at the lowest priority: reading 240 million numbers takes a core for a
minute, and the checks must not share an interpreter with it. `python -m dncd.registry.importing` takes an `Order` as
one line of JSON on stdin and answers with lines of JSON on stdout: progress, and at the end the result or the failure.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel

from dncd.errors import DncError, StorageFull
from dncd.registry import failures
from dncd.registry.build import SnapshotBuilder
from dncd.registry.chunks import Reading, Reject
from dncd.registry.failures import FormatUnsuited, ImportFailed, ListDateMissing, MostlyRejects
from dncd.registry.formats import Options, Shape, read
from dncd.registry.lines import Source
from dncd.registry.manifest import About, read_manifest
from dncd.registry.manifest import Source as ReadFile
from dncd.registry.rejects import RejectsReport, judge
from dncd.registry.verify import verify

REJECTS: Final = "rejects.csv"
FIRST_REJECTS_MAX: Final = 20
_REJECTS_TOLD: Final = 3
_PROGRESS_BYTES: Final = 16 << 20
_LOWEST_PRIORITY: Final = 19

Progress = Callable[[int, int], None]


class Order(BaseModel):
    """What is to be imported. `previous` is the snapshot in force, that a change list is applied to."""

    registries: Path
    registry: str
    snapshot: str
    path: Path
    file_name: str
    format: str
    calling_code: int
    region: str = ""
    list_date: date | None = None
    column: str = ""
    registered_flags: str = ""
    clean_flags: str = ""
    shape: Literal["", "flagged", "registered"] = ""
    flag_column: str = ""
    coverage: tuple[str, ...] = ()
    previous: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made: the snapshot's facts, and the first lines that could not be read."""

    list_date: date
    sha256: str
    bytes: int
    lines: int
    rejects: int
    numbers: int
    coverage: tuple[str, ...]
    first_rejects: tuple[Reject, ...]


def import_file(order: Order, progress: Progress = lambda done, total: None) -> Imported:
    """Read a file, build its snapshot and verify it; `progress` is told bytes read, and of how many.

    Raises `ImportFailed`, `SnapshotDamaged` or `StorageFull`, and leaves nothing behind then.
    """
    reading, first = Reading(), list[Reject]()
    folder = order.registries / order.registry
    folder.mkdir(parents=True, exist_ok=True)
    report_path = folder / f"{order.snapshot}.{REJECTS}"
    source = Source(order.path.open("rb"), order.file_name)
    total = order.path.stat().st_size
    try:
        previous = _previous(order)
        with SnapshotBuilder(order.registries, order.registry, order.snapshot, previous=previous) as builder:
            with report_path.open("w", encoding="utf-8", newline="") as out, closing(RejectsReport(out)) as report:
                _read_into(builder, order, source, reading, _both(report.add, first), progress, total)
            judge(reading)
            manifest = builder.finish(_about(order, reading, source, total, previous))
        verify(folder / order.snapshot)
    except BaseException as error:
        report_path.unlink(missing_ok=True)
        if isinstance(error, MostlyRejects):
            error.show(_told(rejected, order.file_name) for rejected in first[:_REJECTS_TOLD])
        raise
    finally:
        source.close()
    _keep_report(report_path, folder / order.snapshot, reading)
    listed = manifest.about.list_date
    assert listed is not None, "an import without a date is refused before it is built"
    return Imported(
        listed,
        source.sha256,
        total,
        reading.lines,
        reading.rejects,
        manifest.counts.numbers,
        manifest.about.coverage,
        tuple(first),
    )


def _previous(order: Order) -> Path | None:
    """Return the snapshot that a change list changes; raises `FormatUnsuited` where there is none."""
    if order.format != "ftc-change":
        return None
    if not order.previous:
        raise FormatUnsuited("a change list changes the list in force, and there is none; import a full list first")
    return order.registries / order.registry / order.previous


def _read_into(
    builder: SnapshotBuilder,
    order: Order,
    source: Source,
    reading: Reading,
    reject: Callable[[Reject], None],
    progress: Progress,
    total: int,
) -> None:
    options = Options(
        calling_code=order.calling_code,
        region=order.region,
        list_date=order.list_date,
        column=order.column or None,
        registered_flags=_flags(order.registered_flags),
        clean_flags=_flags(order.clean_flags),
        shape=Shape(order.shape) if order.shape else None,
        flag_column=order.flag_column or None,
        coverage=frozenset(prefix.lstrip("+") for prefix in order.coverage),
    )
    told = 0
    for chunk in read(order.format, source, options, reading, reject):
        builder.add(chunk)
        if source.bytes_read - told >= _PROGRESS_BYTES:
            told = source.bytes_read
            progress(told, total)
    progress(total, total)


def _flags(written: str) -> frozenset[str]:
    return frozenset(flag.strip() for flag in written.split(",") if flag.strip())


def _both(report: Callable[[Reject], None], first: list[Reject]) -> Callable[[Reject], None]:
    def reject(rejected: Reject) -> None:
        report(rejected)
        if len(first) < FIRST_REJECTS_MAX:
            first.append(rejected)

    return reject


def _told(rejected: Reject, file: str) -> str:
    within = f" of {rejected.file}" if rejected.file != file else ""
    return f"line {rejected.line:,}{within} {rejected.masked!r}, {rejected.reason}"


def _about(order: Order, reading: Reading, source: Source, total: int, previous: Path | None) -> About:
    listed = order.list_date or reading.list_date
    if listed is None:
        raise ListDateMissing("neither the file nor you say of which day the list is; give its date")
    now = datetime.now(UTC)
    if listed > now.date() + timedelta(days=1):  # it may be tomorrow where the list comes from
        raise ImportFailed(f"the date of the list, {listed.isoformat()}, lies in the future; it would never grow stale")
    return About(
        format=order.format,
        list_date=listed,
        created_at=now,
        sources=(ReadFile(order.file_name, source.sha256, total),),
        lines=reading.lines,
        rejects=reading.rejects,
        coverage=_coverage(reading, previous),
        previous=previous.name if previous else None,
    )


def _coverage(reading: Reading, previous: Path | None) -> tuple[str, ...]:
    """Return what the list covers: changes to a list make it cover neither more nor less than it did."""
    if previous is not None:
        return read_manifest(previous).about.coverage
    return tuple(sorted(f"+{prefix}" for prefix in reading.coverage))


def _keep_report(path: Path, folder: Path, reading: Reading) -> None:
    """Put the report of rejects beside the snapshot it is about; one that says nothing is not kept."""
    if reading.rejects:
        path.rename(folder / REJECTS)
    else:
        path.unlink()


def import_apart(order: Order, progress: Progress = lambda done, total: None) -> Imported:
    """Do as `import_file` does, in a process of its own at the lowest priority."""
    with subprocess.Popen(
        [sys.executable, "-P", "-m", "dncd.registry.importing"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None, "it was asked for"
        assert process.stdout is not None, "it was asked for"
        # Left open: its end tells the other process that this one is dead.
        process.stdin.write(order.model_dump_json() + "\n")
        process.stdin.flush()
        for line in process.stdout:
            told: dict[str, Any] = json.loads(line)
            if "done" in told:
                progress(told["done"], told["total"])
            elif "failed" in told:
                raise _failure(told)
            else:
                return _imported(told)
    raise ImportFailed("the import ended without a word; nothing was switched", order.file_name)


def _failure(told: dict[str, Any]) -> DncError:
    if told["failed"] == StorageFull.__name__:
        return StorageFull(told["message"])
    kind = getattr(failures, told["failed"], ImportFailed)
    failure: DncError = kind.__new__(kind)
    Exception.__init__(failure, told["message"])
    failure.figures = told["figures"]
    return failure


def _imported(told: dict[str, Any]) -> Imported:
    told["list_date"] = date.fromisoformat(told["list_date"])
    told["coverage"] = tuple(told["coverage"])
    told["first_rejects"] = tuple(Reject(*rejected) for rejected in told["first_rejects"])
    return Imported(**told)


def main() -> None:
    """Import what stdin asks for."""
    os.nice(_LOWEST_PRIORITY)
    order = Order.model_validate_json(sys.stdin.readline())
    threading.Thread(target=_end_with_server, name="server", daemon=True).start()
    try:
        made = import_file(order, lambda done, total: _tell(done=done, total=total))
    except DncError as error:
        _tell(failed=type(error).__name__, message=str(error), figures=error.figures)
        return
    fields = {name: getattr(made, name) for name in Imported.__slots__}
    rejects = [[each.file, each.line, each.reason, each.masked] for each in made.first_rejects]
    _tell(**{**fields, "list_date": made.list_date.isoformat(), "first_rejects": rejects})


def _end_with_server() -> None:
    """End at once when stdin does: a server that is dead keeps no snapshot, and its successor sweeps what is left."""
    # Not through sys.stdin: a thread that holds its lock would stop the interpreter from ending.
    os.read(0, 1)
    os._exit(1)


def _tell(**content: object) -> None:
    print(json.dumps(content), flush=True)  # noqa: T201 - it is what the server listens to


if __name__ == "__main__":
    main()
