"""A page of metrics, read as Prometheus reads it."""

import urllib.request
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector, CollectorRegistry

WAIT_S = 30.0


@dataclass(frozen=True)
class Scraped:
    """One scrape: its text, and each sample by its name and its labels in order."""

    text: str
    samples: dict[tuple[str, tuple[tuple[str, str], ...]], float]

    def __call__(self, name: str, **labels: str) -> float:
        """Give a sample; nothing that is on the page by these labels is 0."""
        return self.samples.get((name, tuple(sorted(labels.items()))), 0.0)

    def since(self, before: "Scraped", name: str) -> dict[tuple[str, ...], float]:
        """Tell by how much the samples of a name grew, those that did, by the values of their labels."""
        grown = {
            tuple(value for _, value in labels): value - before.samples.get((each, labels), 0.0)
            for (each, labels), value in self.samples.items()
            if each == name
        }
        return {labels: value for labels, value in grown.items() if value}

    def families(self) -> dict[str, Any]:
        return {family.name: family for family in text_string_to_metric_families(self.text)}


def read(text: str) -> Scraped:
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    return Scraped(text, samples)


def scrape(url: str, context: Any = None) -> Scraped:
    with urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    ).open(url, timeout=WAIT_S) as answer:
        return read(answer.read().decode())


def shown(page: Collector) -> Scraped:
    """Read a page without asking for it over HTTP."""
    registry = CollectorRegistry()
    registry.register(page)
    return read(generate_latest(registry).decode())


def until_freed(tries: Iterable[Any], attempt: Any) -> Any:
    """Return what the first attempt that is not refused gives: a place is given back a moment after its connection."""
    for _ in tries:
        with suppress(OSError):
            return attempt()
    raise AssertionError("it was refused each time")
