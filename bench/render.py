"""Render results into `bench/README.md`, between its markers, and into plots: `python bench/render.py [RESULTS]`."""

import argparse
import json
from pathlib import Path
from typing import Any, Final

import budgets
import plots
import render_policy
import render_registered
from tables import latencies, ratio, table

_HERE: Final = Path(__file__).resolve().parent
README: Final = _HERE / "README.md"
RESULTS: Final = _HERE / "results"
_BEGIN: Final = "<!-- figures: begin -->"
_QUIET_LOAD_MAX: Final = 2.5
_END: Final = "<!-- figures: end -->"

Row = dict[str, Any]


def main() -> None:
    """Render the results of the full run, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="?", default=RESULTS / "full.json")
    parser.add_argument("--readme", type=Path, default=README, help="the file with the markers")
    options = parser.parse_args()
    results: Row = json.loads(options.results.read_text())
    names = plots.draw(results, options.results.parent)
    before, _, rest = options.readme.read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    images = [f"![{title}](results/{name})" for name, title in names.items()]
    text = "\n\n".join([_BEGIN, *_sections(results), *images, _END])
    options.readme.write_text(before + text + after)
    print(f"rendered {options.results} into {options.readme}")


def _sections(results: Row) -> list[str]:
    return [
        _about(results),
        "### Budgets",
        table(["budget", "bound", "measured", "met"], [list(line) for line in budgets.judge(results)]),
        *render_registered.sections(results["registered"]),
        *render_policy.sections(results),
        "### Closed loop: one caller, one call at a time",
        _closed(results["closed"]),
        "### Just started: pages of the store that the worker has not touched yet",
        _just_started(results.get("just_started", [])),
        "### Open loop: Poisson arrivals, measured from the moment a call was due",
        _open(results["open"]),
        "### Durable changes",
        _changes(results["changes"]),
        "### Filling a store over RPC, 8 calls of 1,000 at a time",
        _fills(results["fills"]),
        "### Memory of the worker, MiB",
        _memory(results["memory"]),
        "### Start until serving, seconds",
        _starts(results["starts"]),
    ]


def _about(results: Row) -> str:
    machine, packages = results["machine"], results["machine"]["packages"]
    versions = ", ".join(f"{name} {version}" for name, version in packages.items())
    measured = f"{results['plan']} run of {results['date']}, commit `{results['commit']}`"
    took = f"{results['seconds'] / 60:.0f} minutes: {results['rounds']} rounds of turns of {results['turn_s']:g} s"
    where = f"{machine['cpu']}, {machine['cores']} cores for server and callers together, {machine['memory_gib']:g} GiB"
    what = f"Linux {machine['kernel']}, Python {machine['python']}, {versions}, LMDB {machine['lmdb']}"
    load = f"{results['load_average_before']:.1f} before and {results['load_average_after']:.1f} after"
    busy = max(results["load_average_before"], results["load_average_after"]) > _QUIET_LOAD_MAX
    caution = " **Other work ran on this machine: read the ratios, not the times.**" if busy else ""
    return f"The {measured}, {took}. {where}. {what}. Load average {load}, 1 to 2 of it the benchmark's own.{caution}"


def _closed(rows: list[Row]) -> str:
    heads = ["call", "entries", "p50 µs", "p99 µs", "p99.9 µs", "× null call (spread)", "CPU µs/call", "CPU ns/number"]
    return table(heads, [_closed_line(row) for row in rows])


def _closed_line(row: Row) -> list[str]:
    number = row.get("cpu_ns_per_number")
    return [
        row["scenario"],
        f"{row['entries']:,}",
        *latencies(row),
        ratio(row["ratio_to_null"]),
        f"{row['cpu_us_per_call']:,.0f}",
        f"{number:,.0f}" if number is not None else "",
    ]


def _just_started(rows: list[Row]) -> str:
    heads = ["call", "entries", "CPU µs/call, first second", "CPU µs/call, warm"]
    return table(
        heads,
        [
            [
                row["scenario"],
                f"{row['entries']:,}",
                f"{row['cold_cpu_us_per_call']:,.0f}",
                f"{row['warm_cpu_us_per_call']:,.0f}",
            ]
            for row in rows
        ],
    )


def _open(rows: list[Row]) -> str:
    heads = ["call", "share of capacity", "calls/s", "p50 µs", "p99 µs", "p99.9 µs", "answered", "refused"]
    return table(
        heads,
        [
            [
                row["scenario"],
                f"{row['share']:.0%}",
                f"{row['rate_per_s']:,.0f}",
                *latencies(row),
                f"{row['calls']:,}",
                ", ".join(f"{count} {code}" for code, count in row["refused"].items()) or "0",
            ]
            for row in rows
        ],
    )


def _changes(rows: list[Row]) -> str:
    heads = ["change", "callers", "entries in store", "p50 µs", "p99 µs", "p99.9 µs"]
    heads += ["changes/s", "entries/s", "commits per change", "CPU µs/entry"]
    return table(
        heads,
        [
            [
                row["scenario"],
                str(row["callers"]),
                f"{row['entries']:,}",
                *latencies(row),
                f"{row['changes_per_s']:,.0f}",
                f"{row['entries_per_s']:,.0f}",
                f"{row['commits_per_change']:.2f}",
                f"{row['cpu_us_per_entry']:,.0f}",
            ]
            for row in rows
        ],
    )


def _fills(rows: list[Row]) -> str:
    heads = ["entries", "of these over RPC", "entries/s", "entries/s, last tenth", "CPU µs/entry", "MiB on disk"]
    return table(
        heads,
        [
            [
                f"{row['entries']:,}",
                f"{row['entries_by_rpc']:,}",
                f"{row['entries_per_s']:,.0f}",
                f"{row['last_tenth_entries_per_s']:,.0f}",
                f"{row['server_cpu_us_per_entry']:,.0f}",
                f"{row['store_mib']:,.0f}",
            ]
            for row in rows
        ],
    )


def _memory(rows: list[Row]) -> str:
    heads = ["entries", "when", "private", "of it pages of the store's files", "the rest", "USS"]
    lines = [(row["entries"], when, row[when]) for row in rows for when in ("before", "after")]
    return table(
        heads,
        [
            [f"{entries:,}", f"{when} the load", *(f"{found[part]:.0f}" for part in ("private", "store", "own", "uss"))]
            for entries, when, found in lines
        ],
    )


def _starts(rows: list[Row]) -> str:
    lines = [
        [f"{row['entries']:,}", how, ", ".join(f"{seconds:.2f}" for seconds in row[how])]
        for row in rows
        for how in ("clean", "killed")
    ]
    return table(["entries", "the store was", "seconds"], lines)


if __name__ == "__main__":
    main()
