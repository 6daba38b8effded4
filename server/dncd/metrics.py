"""What a server counts for its operator: the metrics, and the cells that a worker counts in.

Cells are 64-bit integers in memory that a worker shares with its supervisor, in a fixed order, so that the counts of
all workers are added up as columns. They outlive the worker: the next one in its place goes on from them. No label has
a value that a caller chose, so the number of series is fixed, and nothing of a person, an account or a token is here.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from threading import Lock
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from dncd.events import Change
from dncd.nouns import Channel, Mode, Verdict

Buffer = Any  # what numpy maps: bytearray, mmap

# Status codes by their number: https://grpc.github.io/grpc/core/md_doc_statuscodes.html
CODES: Final = (
    *("OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS"),
    *("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED"),
    *("INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"),
)
BUCKETS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
_BUCKETS_NS: Final = [int(seconds * 1e9) for seconds in BUCKETS_S]
KINDS: Final[dict[type, str]] = {
    kind: re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower() for kind in get_args(Change)
}
_PLACE_OF_KIND: Final = {kind: place for place, kind in enumerate(KINDS)}
_ALLOW: Final = int(Verdict.ALLOW)
# Whole lists are counted value by value, the frequent ones first: from here on that costs less.
_COLUMN_ROWS_MIN: Final = 4_000
_FREQUENT_FIRST: Final = tuple(map(int, (Verdict.ALLOW, Verdict.BLOCK, Verdict.DEFER, *Verdict)))
# Verdicts and channels index cells by their numbers, which begin at 1.
_VERDICTS: Final = max(Verdict) + 1
_CHANNELS: Final = max(Channel) + 1
_MODES: Final = max(Mode) + 1


class Kind(StrEnum):
    """How Prometheus takes a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric: its name, its labels, and what it tells. `docs/reference/metrics.md` lists them."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str


CALLS: Final = Metric(
    "dncd_calls_total", Kind.COUNTER, ("method", "code"), "Calls that ended, by method and status code of gRPC."
)
CALL_SECONDS: Final = Metric(
    "dncd_call_duration_seconds",
    Kind.HISTOGRAM,
    ("method",),
    "Time from when a thread took a call until its answer was ready. Without streams and without refusals at the door.",
)
ROWS: Final = Metric(
    "dncd_rows_decided_total",
    Kind.COUNTER,
    ("channel", "mode", "verdict"),
    "Rows decided for callers, by the verdict they got and the mode of the policy.",
)
SHADOW_STOPS: Final = Metric(
    "dncd_shadow_stops_total",
    Kind.COUNTER,
    ("channel", "verdict"),
    "Rows that a policy in SHADOW mode allowed, by the verdict that ENFORCE would have given instead.",
)
EVENTS: Final = Metric("dncd_events_total", Kind.COUNTER, ("kind",), "Changes written, by the kind of their event.")
COMMITS: Final = Metric("dncd_commits_total", Kind.COUNTER, (), "Commits of changes, each synced to disk.")
WAITING: Final = Metric("dncd_changes_waiting", Kind.GAUGE, (), "Changes that wait to be committed, or are being so.")
OVERLOADS: Final = Metric(
    "dncd_overload_refusals_total", Kind.COUNTER, ("plane",), "Calls refused for want of room, by plane."
)
JOURNAL_POSITION: Final = Metric("dncd_journal_position", Kind.GAUGE, (), "The last position of the journal.")
REGISTRY_DATE: Final = Metric(
    "dncd_registry_list_timestamp_seconds",
    Kind.GAUGE,
    ("registry",),
    "The date of the list in force, as midnight UTC. Absent where no list is in force.",
)
REGISTRY_USABLE: Final = Metric(
    "dncd_registry_usable",
    Kind.GAUGE,
    ("registry",),
    "1 where a list is in force and its files are there, else 0. Says nothing about its age.",
)
STORE_BYTES: Final = Metric(
    "dncd_store_bytes", Kind.GAUGE, ("part",), "Bytes on disk: of the registries, and of all else in the store."
)
WORKERS_READY: Final = Metric("dncd_workers_ready", Kind.GAUGE, (), "Workers that serve now.")
WORKERS_WANTED: Final = Metric("dncd_workers_wanted", Kind.GAUGE, (), "Workers that the settings ask for.")
WORKER_STARTS: Final = Metric(
    "dncd_worker_starts_total", Kind.COUNTER, (), "Workers started, the first ones and those after a crash."
)
BUILD: Final = Metric("dncd_build_info", Kind.GAUGE, ("version",), "Always 1: the version that serves.")

METRICS: Final = (
    *(CALLS, CALL_SECONDS, ROWS, SHADOW_STOPS, EVENTS, COMMITS, WAITING, OVERLOADS, JOURNAL_POSITION),
    *(REGISTRY_DATE, REGISTRY_USABLE, STORE_BYTES, WORKERS_READY, WORKERS_WANTED, WORKER_STARTS, BUILD),
)


@dataclass(frozen=True)
class Layout:
    """Which cells there are: one table for each metric that workers count, for these methods and planes."""

    methods: tuple[str, ...]
    planes: tuple[str, ...]

    @cached_property
    def dtype(self) -> np.dtype[np.void]:
        """Give the cells of one process as a record of tables."""
        methods = len(self.methods)
        return np.dtype(
            [
                ("calls", "<i8", (methods, len(CODES))),
                ("buckets", "<i8", (methods, len(BUCKETS_S) + 1)),
                ("nanoseconds", "<i8", (methods,)),
                ("rows", "<i8", (_CHANNELS, _MODES, _VERDICTS)),
                ("shadow_stops", "<i8", (_CHANNELS, _VERDICTS)),
                ("events", "<i8", (len(KINDS),)),
                ("commits", "<i8", (1,)),
                ("waiting", "<i8", (1,)),
                ("overloads", "<i8", (len(self.planes),)),
            ]
        )

    @property
    def bytes(self) -> int:
        """Tell how much memory the cells of one process take; it must begin as zeros."""
        return self.dtype.itemsize

    def added(self, memories: Iterable[Buffer]) -> NDArray[np.void]:
        """Add up the cells of processes, which go on counting meanwhile: a record of tables."""
        cells = np.zeros(self.bytes // 8, dtype="<i8")
        for memory in memories:
            cells += np.frombuffer(memory, dtype="<i8", count=len(cells))
        return cells.view(self.dtype)


class Counts:
    """What one process counts, in memory that may be shared. Threads may share it; costs about 1 us a call."""

    def __init__(self, layout: Layout, memory: Buffer) -> None:
        self.layout = layout
        tables = np.frombuffer(memory, dtype=layout.dtype, count=1)
        self._rows: NDArray[np.int64] = tables["rows"][0]
        self._shadow_stops: NDArray[np.int64] = tables["shadow_stops"][0]
        # A cell of a memoryview costs half of one of numpy.
        self._calls, self._buckets, self._nanoseconds, self._row, self._events, self._commits, self._overloads = (
            memoryview(tables[name][0])
            for name in ("calls", "buckets", "nanoseconds", "rows", "events", "commits", "overloads")
        )
        self._waiting = memoryview(tables["waiting"][0])
        # What waited in the process that was here before is gone with it.
        self._waiting[0] = 0
        self._counting = Lock()

    def ended(self, method: int, code: int, nanoseconds: int | None) -> None:
        """Count a call, by the places of its method and its status code; the time is None where it says nothing."""
        with self._counting:
            self._calls[method, code] += 1
            if nanoseconds is not None:
                self._buckets[method, bisect_left(_BUCKETS_NS, nanoseconds)] += 1
                self._nanoseconds[method] += nanoseconds

    def decided(self, channel: Channel, verdicts: NDArray[np.uint8], shadow_verdicts: NDArray[np.uint8] | None) -> None:
        """Count the rows of a batch by verdict; `shadow_verdicts` are there for a policy in SHADOW mode."""
        if shadow_verdicts is not None:
            self._decided_in_shadow(channel, verdicts, shadow_verdicts)
        elif len(verdicts) == 1:
            # The check of one row, the most frequent call: a third of what a count of columns costs.
            verdict = int(verdicts[0])
            with self._counting:
                self._row[channel, Mode.ENFORCE, verdict] += 1
        else:
            counted = _by_verdict(verdicts)
            with self._counting:
                self._rows[channel, Mode.ENFORCE] += counted

    def _decided_in_shadow(
        self, channel: Channel, verdicts: NDArray[np.uint8], shadow_verdicts: NDArray[np.uint8]
    ) -> None:
        counted = _by_verdict(verdicts)
        stops = _by_verdict(shadow_verdicts[verdicts == _ALLOW])
        stops[_ALLOW] = 0
        with self._counting:
            self._rows[channel, Mode.SHADOW] += counted
            self._shadow_stops[channel] += stops

    def written(self, kind: type) -> None:
        """Count an event by the class of its change."""
        with self._counting:
            self._events[_PLACE_OF_KIND[kind]] += 1

    def committed(self) -> None:
        """Count a commit."""
        with self._counting:
            self._commits[0] += 1

    def wait_changed(self, by: int) -> None:
        """Say that so many changes more, or less, wait to be committed."""
        with self._counting:
            self._waiting[0] += by

    def overloaded(self, plane: int) -> None:
        """Count a call that was refused for want of room, by the place of its plane."""
        with self._counting:
            self._overloads[plane] += 1


def cumulative(buckets: Sequence[int]) -> list[tuple[str, int]]:
    """Return the buckets of a histogram as Prometheus wants them: each bound with all that is not above it."""
    bounds = [*map(str, BUCKETS_S), "+Inf"]
    return list(zip(bounds, np.cumsum(buckets).tolist(), strict=True))


def _by_verdict(verdicts: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Count a column by verdict. 3 ns a row; of whole lists 0.1 ns for each verdict that comes up."""
    if len(verdicts) < _COLUMN_ROWS_MIN:
        return np.bincount(verdicts, minlength=_VERDICTS)
    counted = np.zeros(_VERDICTS, dtype=np.int64)
    left = len(verdicts)
    for verdict in _FREQUENT_FIRST:
        if not left:
            break
        if not counted[verdict]:
            counted[verdict] = np.count_nonzero(verdicts == verdict)
            left -= int(counted[verdict])
    return counted
