"""The parts of the report about the full policy: the same calls under several, claims, and the cost of each rule."""

from typing import Any

from by_policy import PLAIN
from rule_cases import ROWS
from tables import latencies, ratio, table

Row = dict[str, Any]


def sections(results: Row) -> list[str]:
    """Write the sections that a run measured, headings and tables in turn."""
    found: list[str] = []
    if "policy" in results:
        found += ["### With the full policy", _policy_about(results), _policy(results["policy"])]
    if "rules" in results:
        found += ["### What each rule costs", _rules_about(results), _rules(results["rules"])]
        found += ["Computed once a minute, whatever the numbers of calls and of numbers:", _once(results["rules"])]
    if "reserve" in results:
        found += ["### Claims of attempts", _reserve_about(results["reserve"]), _reserve(results["reserve"])]
    return found


def _policy_about(results: Row) -> str:
    return (
        f"The same numbers under four policies, in turns: {PLAIN} alone; beside them a register of "
        f"{results['register_numbers']:,} numbers; and the full policy, which adds own labels, consents that lift, "
        f"calling hours (us-federal, us-states) and attempt limits (8 in a week, and us-states), asked about a moment "
        f"by day, when all hours are open, and by night, when none are and every number is deferred with its finding. "
        f"{results['main_entries']:,} entries; 2 % of the numbers are known: an entry of a built-in label, one of an "
        f"own label, a consent, or 3 attempts, as many of each."
    )


def _policy(rows: list[Row]) -> str:
    heads = ["call", "policy", "p50 µs", "p99 µs", "p99.9 µs", "× null call (spread)", f"× {PLAIN} (spread)"]
    heads += ["CPU µs/call", "CPU ns/number"]
    return table(heads, [_policy_line(row) for row in rows])


def _policy_line(row: Row) -> list[str]:
    number = row.get("cpu_ns_per_number")
    return [
        row["scenario"],
        row["policy"],
        *latencies(row),
        ratio(row["ratio_to_null"]),
        ratio(row["ratio_to_plain"]) if "ratio_to_plain" in row else "",
        f"{row['cpu_us_per_call']:,.0f}",
        f"{number:,.0f}" if number is not None else "",
    ]


def _rules_about(results: Row) -> str:
    return (
        f"Nanoseconds of CPU that each rule adds to a number in a Scrub of {ROWS:,}: the decision alone, one thread, "
        f"without gRPC and without writing the answer. The same numbers are decided with the rule and without it, by "
        f"turns; quoted is the difference of the medians. {results['main_entries']:,} entries, a register of "
        f"{results['register_numbers']:,} numbers; where nothing is said, nothing is known about the numbers."
    )


def _rules(rows: list[Row]) -> str:
    heads = ["what is added", "ns a number (spread)", "µs for 10,000 without", "with"]
    return table(
        heads,
        [
            [
                row["case"],
                _signed(row["adds_ns"]),
                f"{row['lacking_us']:,.0f}" if row["lacking_us"] is not None else "",
                f"{row['having_us']:,.0f}",
            ]
            for row in rows
            if not row["once"]
        ],
    )


def _signed(spread: dict[str, float]) -> str:
    median, least, most = (f"{spread[name]:,.1f}" for name in ("median", "min", "max"))
    return f"{median} ({least} to {most})"


def _once(rows: list[Row]) -> str:
    lines = [[row["case"], f"{row['adds_us_in_all']:,.0f}"] for row in rows if row["once"]]
    return table(["what is computed", "µs in all"], lines)


def _reserve_about(rows: list[Row]) -> str:
    return (
        f"`ReserveAttempts`, closed loop, {rows[0]['entries']:,} entries, every claim acknowledged after fsync. Claims "
        f"on many numbers are under a policy of 3 in 24 hours and us-states. One number for all takes 1,000 claims, "
        f"then the next one takes its place. Where the limit is reached, 3 claims were granted and all others refused "
        f"with their finding."
    )


def _reserve(rows: list[Row]) -> str:
    heads = ["on", "rows", "callers", "p50 µs", "p99 µs", "p99.9 µs", "calls/s", "claims/s"]
    heads += ["commits per call", "commits per claim", "CPU µs/row"]
    return table(
        heads,
        [
            [
                row["about"],
                str(row["rows"]),
                str(row["callers"]),
                *latencies(row),
                f"{row['calls_per_s']:,.0f}",
                f"{row['claims_per_s']:,.0f}",
                f"{row['commits_per_call']:.3f}",
                f"{row['commits_per_claim']:.3f}" if row["claims"] else "",
                f"{row['cpu_us_per_row']:,.0f}",
            ]
            for row in rows
        ],
    )
