"""The tables of what was measured with registers and beside peers."""

from typing import Any

from peers_dncd import ScrubClient
from peers_set import GrpcAlone
from tables import latencies, ratio, table

Row = dict[str, Any]


def sections(found: Row) -> list[str]:
    """Write the sections, headings and tables in turn."""
    return [
        "### Beside what people would use instead",
        _peers_about(found),
        _peers(found["peers"]["rows"]),
        "### What no decision could be faster than",
        _floors_about(found),
        _floors(found),
        "### With a national register",
        _calls_about(found),
        _calls(found["closed"]),
        "### From the small register to the large one",
        _growth(found),
        "### Checks beside an import",
        _import_about(found),
        _beside(found["during_import"]),
        "### Imports",
        _imports(found["imports"]),
        "### Memory and start with the register",
        _memory_and_start(found),
    ]


def _peers_about(found: Row) -> str:
    missing = "".join(f" Not measured: {text}." for text in found["peers"]["missing"])
    return (
        f"All hold the same {found['entries']:,} entries. dncd holds the whole register and also says why; the others "
        f"hold a part of it and only say whether. All are asked the same numbers and gave the same answers: "
        f"{found['density']:.1%} registered, 2 % entries. One caller, one connection, loopback, no TLS; the time of "
        f"the client counts. `raw`: the request was written before; only Redis's answer is read then. The p50 is that "
        f"of all calls, the ratio that of the rounds' medians.{missing}"
    )


def _peers(rows: list[Row]) -> str:
    heads = ["asked", "numbers held", "batch", "p50 µs", "p99 µs", f"× {ScrubClient.name} (spread)", "server CPU µs"]
    return table(
        heads,
        [
            [
                row["peer"],
                f"{row['holds']:,}" if row["holds"] else "",
                f"{row['rows']:,}",
                f"{row['p50_us']:,.0f}",
                f"{row['p99_us']:,.0f}",
                ratio(row["ratios"][ScrubClient.name]),
                f"{row['cpu_us_per_call']:,.0f}",
            ]
            for row in sorted(rows, key=lambda row: int(row["rows"]))
        ],
    )


def _floors_about(found: Row) -> str:
    compiler = "" if found["floors"]["compiler"] else " No C compiler was found, so C was not measured."
    return (
        f"What {found['floors']['numbers']:,} numbers cost before anything is decided: the call that moves them, the "
        f"two probes that each number needs, the lookups of those that are known. CPU of one thread, median. `others`: "
        f"the caches were used by other work in between, as in a server. 10 M numbers/s leave 1,000 µs.{compiler}"
    )


def _floors(found: Row) -> str:
    floors = found["floors"]
    alone = next(
        row["cpu_us_per_call"]
        for row in found["peers"]["rows"]
        if (row["peer"], row["rows"]) == (GrpcAlone.name, floors["numbers"])
    )
    lines = [[f"{GrpcAlone.name}, its server", "", f"{alone:,.0f}"]]
    lines += [[row["what"], f"{row['warm_us']:,.0f}", f"{row['others_us']:,.0f}"] for row in floors["rows"]]
    return table(["what", "µs, warm", "µs, others"], lines)


def _calls_about(found: Row) -> str:
    return (
        f"A policy that asks the register, {found['entries']:,} entries, random numbers of the covered area codes, "
        f"2 % of them entries. {found['density']:.1%} of random numbers stand on the large register; with the small "
        f"one as many are drawn from it, so that both answers are as long."
    )


def _calls(rows: list[Row]) -> str:
    heads = ["call", "register", "p50 µs", "p99 µs", "p99.9 µs", "× null call (spread)", "CPU µs/call", "CPU ns/number"]
    return table(
        heads,
        [
            [
                row["scenario"],
                f"{row['register']:,}",
                *latencies(row),
                ratio(row["ratio_to_null"]),
                f"{row['cpu_us_per_call']:,.0f}",
                f"{row['cpu_ns_per_number']:,.0f}" if "cpu_ns_per_number" in row else "",
            ]
            for row in rows
        ],
    )


def _growth(found: Row) -> str:
    lines = [[name, ratio(spread)] for name, spread in found["growth"].items()]
    return table(["call", f"CPU with {found['large']:,} × that with {found['small']:,} (spread)"], lines)


def _import_about(found: Row) -> str:
    return (
        f"Poisson arrivals at a quarter of what 4 callers get through; turns without and with uploads of a register of "
        f"{found['beside']:,} numbers, one after another, that the server imports in a process of its own."
    )


def _beside(rows: list[Row]) -> str:
    heads = ["call", "calls/s", "p50 µs idle", "importing", "p99 µs idle", "importing", "× p50 (spread)"]
    heads += ["× p99 (spread)", "refused"]
    return table(
        heads,
        [
            [
                row["scenario"],
                f"{row['rate_per_s']:,.0f}",
                *(f"{row[when][name]:,.0f}" for name in ("p50_us", "p99_us") for when in ("idle", "importing")),
                *(ratio(row["ratios"][name]) for name in ("p50_us", "p99_us")),
                str(row["refused"]),
            ]
            for row in rows
        ],
    )


def _imports(rows: list[Row]) -> str:
    heads = ["numbers", "zip MiB", "seconds", "M numbers/s", "peak MiB", "bit files on disk MiB", "Roaring file MiB"]
    return table(
        heads,
        [
            [
                f"{row['numbers']:,}",
                f"{row['zip_mib']:,.0f}",
                f"{row['seconds']:.1f}",
                f"{row['numbers'] / row['seconds'] / 1e6:.1f}",
                f"{row['peak_mib']:,.0f}",
                f"{row['disk_mib']:,.0f}",
                f"{row['roaring_mib']:,.0f}",
            ]
            for row in rows
        ],
    )


def _memory_and_start(found: Row) -> str:
    lines = [
        [f"private memory {when} the load, MiB, pages of files aside", f"{found['memory'][when]['own']:.0f}"]
        for when in ("before", "after")
    ]
    if "starts" in found:
        starts = found["starts"]
        lines += [
            [f"{what}, {starts['entries']:,} entries, s", ", ".join(f"{each:.2f}" for each in starts[name])]
            for what, name in (("start until serving", "serving"), ("until the first Check is answered", "answered"))
        ]
    return table(["", "measured"], lines)
