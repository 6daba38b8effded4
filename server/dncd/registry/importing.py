"""Importing a file into a snapshot, in this process or in one of its own.

A server imports in a process of its own, at the lowest priority: reading 240 million numbers takes a core for a
minute, and the checks must not share an interpreter with it. `python -m dncd.registry.importing` takes an `Order` as
one line of JSON on stdin and answers with lines of JSON on stdout: progress, and at the end the result or the failure.
"""

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from dncd.errors import DncError, StorageFull
from dncd.registry import failures
from dncd.registry.build import SnapshotBuilder
from dncd.registry.changes import brought_forward, dates_of
from dncd.registry.chunks import Reading, Reject
from dncd.registry.failures import ImportFailed, ListDateMissing, MostlyRejects
from dncd.registry.files import make_private, open_private
from dncd.registry.formats import read
from dncd.registry.heads import Listed, count_listed
from dncd.registry.lines import Source
from dncd.registry.manifest import About, Manifest, read_manifest
from dncd.registry.manifest import Source as ReadFile
from dncd.registry.orders import CHANGES, Order
from dncd.registry.prefixes import PrefixSet
from dncd.registry.rejects import RejectsReport, judge
from dncd.registry.verify import verify

REJECTS: Final = "rejects.csv"
FIRST_REJECTS_MAX: Final = 20
_REJECTS_TOLD: Final = 3
_PROGRESS_BYTES: Final = 16 << 20
_LOWEST_PRIORITY: Final = 19

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import made: the snapshot's facts, and the first lines that could not be read.

    `files` are the name, the SHA-256 and the bytes of each. `dates` are those of the parts, see `About`; `listed` says
    how many numbers are registered under each head, see `heads`.
    """

    list_date: date
    files: tuple[tuple[str, str, int], ...]
    lines: int
    rejects: int
    numbers: int
    coverage: tuple[str, ...]
    first_rejects: tuple[Reject, ...]
    dates: tuple[tuple[str, date], ...] = ()
    listed: Listed = ()


def import_file(order: Order, progress: Progress = lambda done, total: None) -> Imported:
    """Read a file, build its snapshot and verify it; `progress` is told bytes read, and of how many.

    Raises `ImportFailed`, `SnapshotDamaged` or `StorageFull`, and leaves nothing behind then.
    """
    reading, first = Reading(), list[Reject]()
    make_private(order.registries)
    make_private(folder := order.registries / order.registry)
    report_path = folder / f"{order.snapshot}.{REJECTS}"
    try:
        order.check()
        with ExitStack() as stack:
            sources = _sources(order, stack)
            previous = order.previous_folder
            builder = stack.enter_context(
                SnapshotBuilder(order.registries, order.registry, order.snapshot, previous=previous)
            )
            with _report(report_path) as report:
                _read_into(builder, order, sources, reading, _both(report.add, first), progress)
            # A month may have no changes; a list of nobody is most often a download that failed.
            judge(reading, empty=order.format == CHANGES)
            manifest = builder.finish(_about(order, reading, sources))
        verify(folder / order.snapshot)
        listed = count_listed(folder / order.snapshot, manifest)
    except BaseException as error:
        report_path.unlink(missing_ok=True)
        if isinstance(error, MostlyRejects):
            error.show(_told(rejected, order.file_name) for rejected in first[:_REJECTS_TOLD])
        raise
    _keep_report(report_path, folder / order.snapshot, reading)
    return _imported_of(manifest, tuple(first), listed)


def _imported_of(manifest: Manifest, first: tuple[Reject, ...], listed: Listed) -> Imported:
    about = manifest.about
    assert about.list_date is not None, "an import without a date is refused before it is built"
    return Imported(
        about.list_date,
        tuple((source.name, source.sha256, source.bytes) for source in about.sources),
        about.lines,
        about.rejects,
        manifest.counts.numbers,
        about.coverage,
        first,
        about.dates,
        listed,
    )


@contextmanager
def _report(path: Path) -> Iterator[RejectsReport]:
    with (
        io.TextIOWrapper(open_private(path), encoding="utf-8", newline="") as out,
        closing(RejectsReport(out)) as report,
    ):
        yield report


def _sources(order: Order, stack: ExitStack) -> list[Source]:
    """Open the file, and the one that was washed where there is one."""
    sources = []
    for path, name in ((order.path, order.file_name), (order.washed, order.washed_name)):
        if path is not None:
            sources.append(source := Source(path.open("rb"), name))
            stack.callback(source.close)
    return sources


def _read_into(
    builder: SnapshotBuilder,
    order: Order,
    sources: list[Source],
    reading: Reading,
    reject: Callable[[Reject], None],
    progress: Progress,
) -> None:
    options = order.options(*sources[1:])
    total = sum(source.size for source in sources)
    told = 0
    for chunk in read(order.format, sources[0], options, reading, reject):
        builder.add(chunk)
        done = sum(source.bytes_read for source in sources)
        if done - told >= _PROGRESS_BYTES:
            told = done
            progress(told, total)
    progress(total, total)


def _both(report: Callable[[Reject], None], first: list[Reject]) -> Callable[[Reject], None]:
    def reject(rejected: Reject) -> None:
        report(rejected)
        if len(first) < FIRST_REJECTS_MAX:
            first.append(rejected)

    return reject


def _told(rejected: Reject, file: str) -> str:
    within = f" of {rejected.file}" if rejected.file != file else ""
    return f"line {rejected.line:,}{within} {rejected.masked!r}, {rejected.reason}"


def _about(order: Order, reading: Reading, sources: list[Source]) -> About:
    listed = order.list_date or reading.list_date
    if listed is None:
        raise ListDateMissing("neither the file nor you say of which day the list is; give its list date (--list-date)")
    now = datetime.now(UTC)
    for prefix, day in [("", listed), *sorted(reading.dates.items())]:
        if day > now.date() + timedelta(days=1):  # it may be tomorrow where the list comes from
            what = f"the list of +{prefix}" if prefix else "the list"
            raise ImportFailed(f"the date of {what}, {day.isoformat()}, lies in the future; it would never grow stale")
    about = About(
        format=order.format,
        list_date=listed,
        created_at=now,
        sources=tuple(ReadFile(source.name, source.sha256, source.size) for source in sources),
        lines=reading.lines,
        rejects=reading.rejects,
        coverage=_coverage(order, reading),
        dates=_parts(reading),
    )
    return about if order.previous_folder is None else _changed(about, order, reading, order.previous_folder)


def _parts(reading: Reading) -> tuple[tuple[str, date], ...]:
    """Return until which day each part is known, where the parts differ."""
    several = len(set(reading.dates.values())) > 1
    return tuple(sorted((f"+{prefix}", day) for prefix, day in reading.dates.items())) if several else ()


def _coverage(order: Order, reading: Reading) -> tuple[str, ...]:
    """Return what a whole list covers, which lies within the scope; nothing: all of the scope."""
    within = PrefixSet(reading.coverage) & PrefixSet(order.scope)
    assert bool(within.prefixes) == bool(reading.coverage), "numbers out of scope are rejects, and cover nothing"
    return tuple(f"+{prefix}" for prefix in within.prefixes)


def _changed(about: About, order: Order, reading: Reading, previous: Path) -> About:
    """Return what is known of a list after changes, which make it cover neither more nor less than it did."""
    before = read_manifest(previous).about
    assert order.changes_since is not None, "changes without their first day are refused before they are read"
    changes = {f"+{prefix}": day for prefix, day in reading.dates.items()}
    dates = brought_forward(dates_of(before, order.scope), changes, order.changes_since)
    return replace(
        about,
        list_date=min(dates.values()),
        coverage=before.coverage,
        previous=previous.name,
        dates=tuple(sorted(dates.items())),
    )


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
    told["files"] = tuple((name, sha256, size) for name, sha256, size in told["files"])
    told["dates"] = tuple((prefix, date.fromisoformat(day)) for prefix, day in told["dates"])
    told["listed"] = tuple((head, count) for head, count in told["listed"])
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
    dates = [[prefix, day.isoformat()] for prefix, day in made.dates]
    _tell(**{**fields, "list_date": made.list_date.isoformat(), "first_rejects": rejects, "dates": dates})


def _end_with_server() -> None:
    """End at once when stdin does: a server that is dead keeps no snapshot, and its successor sweeps what is left."""
    # Not through sys.stdin: a thread that holds its lock would stop the interpreter from ending.
    os.read(0, 1)
    os._exit(1)


def _tell(**content: object) -> None:
    print(json.dumps(content), flush=True)  # noqa: T201 - it is what the server listens to


if __name__ == "__main__":
    main()
