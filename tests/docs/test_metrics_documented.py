"""The page about metrics says what the code counts, and the alerts ask for metrics that there are."""

import re
from typing import Any

import yaml

from dncd.metrics import KINDS, METRICS
from dncd.transport.counting import layout
from documents import REPOSITORY, blocks, table

REFERENCE = REPOSITORY / "docs" / "reference" / "metrics.md"
OPERATING = REPOSITORY / "docs" / "operating.md"


def test_every_metric_is_documented_in_order() -> None:
    rows = table(REFERENCE, "Metrics")

    assert rows == [
        [metric.name, metric.kind.value, "`, `".join(metric.labels) or "-", metric.help] for metric in METRICS
    ]


def test_every_label_is_documented_with_its_values() -> None:
    values = {row[0]: row[1] for row in table(REFERENCE, "Labels")}

    assert set(values) == {label for metric in METRICS for label in metric.labels}
    assert set(re.findall(r"\w+", values["kind"])) == set(KINDS.values())
    assert re.findall(r"\w+", values["plane"]) == list(layout().planes)


def alerts() -> list[dict[str, Any]]:
    documents = [yaml.safe_load(block.text) for block in blocks(OPERATING, "yaml")]
    return [rule for document in documents for group in document.get("groups", ()) for rule in group["rules"]]


def test_alerts_ask_for_metrics_that_there_are() -> None:
    asked = {name for rule in alerts() for name in re.findall(r"dncd_\w+", rule["expr"])}

    suffixed = {name.removesuffix("_bucket") for name in asked}
    assert len(alerts()) >= 6
    assert suffixed <= {metric.name for metric in METRICS}


def test_labels_of_alerts_are_those_of_their_metric() -> None:
    labels = {metric.name: set(metric.labels) for metric in METRICS}

    for rule in alerts():
        for name, matched in re.findall(r"(dncd_\w+)\{(\w+)", rule["expr"]):
            assert matched in labels[name.removesuffix("_bucket")], rule["alert"]
