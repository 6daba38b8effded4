"""The page that Prometheus reads: the counts of all processes added up, and the state of the store at that moment."""

import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, time
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from dncd import journal, metrics, registries
from dncd.config import REGISTRIES_FOLDER
from dncd.metrics import CODES, KINDS, Layout
from dncd.nouns import Channel, Mode, Verdict
from dncd.storage.contract import Snapshot, Store

_DISK_BLOCK_BYTES: Final = 512
_FAMILIES: Final[dict[metrics.Kind, Any]] = {
    metrics.Kind.COUNTER: CounterMetricFamily,
    metrics.Kind.GAUGE: GaugeMetricFamily,
    metrics.Kind.HISTOGRAM: HistogramMetricFamily,
}
Samples = Iterable[tuple[tuple[str, ...], float]]


class Workers(Protocol):
    """The crew as the page sees it."""

    def ready(self) -> int:
        """Count the workers that serve now."""

    def wanted(self) -> int:
        """Count the workers that there should be."""

    def starts(self) -> int:
        """Count the workers that were started so far."""


class Page(Collector):
    """Gathers every metric when it is asked; one that asks waits for another. Costs some milliseconds."""

    def __init__(
        self, layout: Layout, memories: Callable[[], Iterable[Any]], store: Store, folder: Path, workers: Workers
    ) -> None:
        """`memories` gives the cells of every process, `folder` is that of the store."""
        self._layout = layout
        self._memories = memories
        self._store = store
        self._folder = folder
        self._workers = workers
        self._reading = Lock()
        self._closed = False

    def collect(self) -> list[Metric]:
        """Gather every metric of `metrics.METRICS`, in that order; nothing once the page is closed."""
        with self._reading:
            return [] if self._closed else [*self._counted(), *self._seen()]

    def close(self) -> None:
        """Wait for who reads, and read no more: what the page is made from may be closed then."""
        with self._reading:
            self._closed = True

    def _counted(self) -> Iterator[Metric]:
        """Yield what workers and supervisor counted."""
        cells = self._layout.added(self._memories())[0]
        yield _family(metrics.CALLS, _calls(self._layout, cells["calls"]))
        yield _durations(self._layout, cells["buckets"], cells["nanoseconds"])
        yield _family(metrics.ROWS, _rows(cells["rows"]))
        yield _family(metrics.SHADOW_STOPS, _shadow_stops(cells["shadow_stops"]))
        yield _family(metrics.EVENTS, _named(KINDS.values(), cells["events"]))
        yield _family(metrics.COMMITS, [((), int(cells["commits"][0]))])
        yield _family(metrics.WAITING, [((), int(cells["waiting"][0]))])
        yield _family(metrics.OVERLOADS, _named(self._layout.planes, cells["overloads"]))

    def _seen(self) -> Iterator[Metric]:
        """Yield what there is at this moment."""
        with self._store.snapshot() as snapshot:
            yield _family(metrics.JOURNAL_POSITION, [((), journal.head(snapshot).position)])
            lists = _lists(snapshot)
        folder = self._folder / REGISTRIES_FOLDER
        dates = [((name,), _timestamp(kept)) for name, kept in lists.items() if kept]
        yield _family(metrics.REGISTRY_DATE, dates)
        yield _family(metrics.REGISTRY_USABLE, [((name,), _is_usable(folder, kept)) for name, kept in lists.items()])
        yield _family(metrics.STORE_BYTES, _bytes_on_disk(self._folder))
        yield _family(metrics.WORKERS_READY, [((), self._workers.ready())])
        yield _family(metrics.WORKERS_WANTED, [((), self._workers.wanted())])
        yield _family(metrics.WORKER_STARTS, [((), self._workers.starts())])
        yield _family(metrics.BUILD, [((version("donotcontact"),), 1)])


def _family(metric: metrics.Metric, samples: Samples) -> Metric:
    family: Any = _FAMILIES[metric.kind](metric.name, metric.help, labels=metric.labels)
    for labels, value in samples:
        family.add_metric(labels, value)
    built: Metric = family
    return built


def _calls(layout: Layout, calls: NDArray[np.int64]) -> Samples:
    """Yield OK of every method, so that a rate begins at zero, and of other codes those that came."""
    for method, by_code in zip(layout.methods, calls.tolist(), strict=True):
        for code, count in zip(CODES, by_code, strict=True):
            if count or code == CODES[0]:
                yield (method, code), count


def _durations(layout: Layout, buckets: NDArray[np.int64], nanoseconds: NDArray[np.int64]) -> Metric:
    """Build the histogram, of methods that were called."""
    metric = metrics.CALL_SECONDS
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    for method, counted, spent_ns in zip(layout.methods, buckets.tolist(), nanoseconds.tolist(), strict=True):
        if any(counted):
            family.add_metric((method,), buckets=metrics.cumulative(counted), sum_value=spent_ns / 1e9)
    return family


def _rows(rows: NDArray[np.int64]) -> Samples:
    for channel in Channel:
        for mode in Mode:
            for verdict in Verdict:
                yield (channel.name, mode.name, verdict.name), int(rows[channel, mode, verdict])


def _shadow_stops(stops: NDArray[np.int64]) -> Samples:
    for channel in Channel:
        for verdict in Verdict:
            if verdict is not Verdict.ALLOW:
                yield (channel.name, verdict.name), int(stops[channel, verdict])


def _named(names: Iterable[str], counted: NDArray[np.int64]) -> Samples:
    return [((name,), count) for name, count in zip(names, counted.tolist(), strict=True)]


def _lists(snapshot: Snapshot) -> dict[str, registries.Kept | None]:
    """Return the list in force of each registry, None where there is none."""
    found: dict[str, registries.Kept | None] = {}
    for registry in registries.scan(snapshot):
        in_force = registries.find(snapshot, registry.name)[1]
        found[registry.name] = registries.find_snapshot(snapshot, registry.name, in_force) if in_force else None
    return found


def _timestamp(kept: registries.Kept) -> float:
    return datetime.combine(kept.snapshot.list_date, time(), UTC).timestamp()


def _is_usable(folder: Path, kept: registries.Kept | None) -> bool:
    """Tell whether a worker that opens the list would find it whole; reads its manifest and the sizes of its files."""
    return kept is not None and not registries.damage(folder / kept.snapshot.registry / kept.snapshot.id, kept.snapshot)


def _bytes_on_disk(folder: Path) -> Samples:
    below = folder / REGISTRIES_FOLDER
    parts = {"registries": 0, "tables": 0}
    for place, _, names in os.walk(folder):
        part = "registries" if Path(place).is_relative_to(below) else "tables"
        parts[part] += sum(_used(Path(place) / name) for name in names)
    return [((part,), size) for part, size in parts.items()]


def _used(path: Path) -> int:
    """Return what a file takes on disk; its holes take nothing, nor does one that was just removed."""
    try:
        return path.stat().st_blocks * _DISK_BLOCK_BYTES
    except FileNotFoundError:
        return 0
