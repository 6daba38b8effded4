"""Plots of a run, as PNG beside its results."""

from pathlib import Path
from typing import Any, Final

from matplotlib.figure import Figure

Results = dict[str, Any]
_DPI: Final = 120
_NO_FINDINGS: Final = "omit_findings"


def draw(results: Results, folder: Path) -> dict[str, str]:
    """Draw every plot into a folder; return the file names with their titles."""
    plan = results["plan"]
    names = {
        f"{plan}-peers.png": "Latency by batch size, beside what people would use instead",
        f"{plan}-latency.png": "Latency by batch size",
        f"{plan}-cpu-by-batch.png": "Server CPU for each number by batch size",
        f"{plan}-cpu-by-entries.png": "Server CPU for each number by entries in the store",
    }
    peers, latency, batch, growth = (folder / name for name in names)
    _peers(results["registered"]["peers"]["rows"], peers)
    _latency(results, latency)
    _by_batch(results, batch)
    _by_entries(results, growth)
    return names


def _rows(results: Results, kind: str) -> list[dict[str, Any]]:
    found = [
        row
        for row in results["closed"]
        if row["scenario"].startswith(kind)
        and _NO_FINDINGS not in row["scenario"]
        and row["entries"] == results["main_entries"]
    ]
    return sorted(found, key=lambda row: int(row["rows"]))


def _peers(rows: list[dict[str, Any]], path: Path) -> None:
    figure, axes = _axes()
    for name in dict.fromkeys(row["peer"] for row in rows):
        own = [row for row in rows if row["peer"] == name]
        style = "o-" if name.startswith("dncd") else "s--"
        label = f"{name}: {_short(own[0]['holds'])}" if own[0]["holds"] else name
        axes.plot([row["rows"] for row in own], [row["p50_us"] for row in own], style, label=label)
    _finish(figure, axes, path, "numbers in a batch", "µs, p50", "One caller, with how many numbers each holds")


def _short(numbers: int) -> str:
    return f"{numbers / 1e6:g} M" if numbers >= 100_000 else f"{numbers:,}"


def _latency(results: Results, path: Path) -> None:
    figure, axes = _axes()
    for kind in ("Check", "Scrub"):
        rows = _rows(results, kind)
        for figure_name, style in (("p50_us", "o-"), ("p99_us", "o:")):
            label = f"{kind}, {figure_name.removesuffix('_us')}"
            axes.plot([row["rows"] for row in rows], [row[figure_name] for row in rows], style, label=label)
    [null] = _rows(results, "null")
    axes.axhline(null["p50_us"], color="gray", linewidth=1, label="null call, p50")
    _finish(figure, axes, path, "rows in a request", "µs", f"Closed loop, {results['main_entries']:,} entries")


def _by_batch(results: Results, path: Path) -> None:
    figure, axes = _axes()
    for kind in ("Check", "Scrub"):
        rows = _rows(results, kind)
        axes.plot([row["rows"] for row in rows], [row["cpu_ns_per_number"] for row in rows], "o-", label=kind)
    axes.axhline(100, color="gray", linewidth=1, label="10 M numbers/s/core")
    _finish(
        figure, axes, path, "rows in a request", "ns of server CPU", f"{results['main_entries']:,} entries, 2 % hits"
    )


def _by_entries(results: Results, path: Path) -> None:
    figure, axes = _axes()
    for name in ("Scrub 10,000", "Check 100"):
        rows = sorted(
            (row for row in results["closed"] if row["scenario"] == name), key=lambda row: int(row["entries"])
        )
        axes.plot([row["entries"] for row in rows], [row["cpu_ns_per_number"] for row in rows], "o-", label=name)
    _finish(figure, axes, path, "entries in the store", "ns of server CPU", "CPU for each number, 2 % hits")


def _axes() -> tuple[Any, Any]:
    # Without pyplot, which would look for a screen.
    figure = Figure(figsize=(7, 4))
    return figure, figure.subplots()


def _finish(figure: Any, axes: Any, path: Path, across: str, up: str, title: str) -> None:
    axes.set(xscale="log", yscale="log", xlabel=across, ylabel=up, title=title)
    axes.grid(visible=True, which="major", alpha=0.3)
    axes.legend(fontsize="small")
    figure.tight_layout()
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
