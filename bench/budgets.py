"""The budgets, each beside what was measured. None is a test: machines differ, and the table says which one it was."""

from typing import Any, Final

import budgets_policy
import budgets_registered
from budget import Budget, Measured, Results, only


def judge(results: Results) -> list[tuple[str, str, str, str]]:
    """Write a line for each budget."""
    known = (*BUDGETS, *budgets_registered.BUDGETS, *budgets_policy.BUDGETS)
    return [budget.line(results) for budget in known]


def closed(results: Results, scenario: str, entries: int | None = None) -> dict[str, Any]:
    """Find the row of a scenario, for the main store unless another is named; raises `LookupError`."""
    wanted = (scenario, results["main_entries"] if entries is None else entries)
    return only(row for row in results["closed"] if (row["scenario"], row["entries"]) == wanted)


def _ratio(scenario: str) -> Measured:
    return lambda results: closed(results, scenario)["ratio_to_null"]


def _numbers_per_s(scenario: str) -> Measured:
    """Return millions of numbers for each second of the worker's CPU."""
    return lambda results: 1e3 / float(closed(results, scenario)["cpu_ns_per_number"])


def _change(scenario: str, callers: int, smallest: bool, figure: str) -> Measured:
    def measured(results: Results) -> float:
        sizes = [row["entries"] for row in results["changes"]]
        wanted = (scenario, callers, min(sizes) if smallest else max(sizes))
        rows = results["changes"]
        return float(only(row for row in rows if (row["scenario"], row["callers"], row["entries"]) == wanted)[figure])

    return measured


def _growth(results: Results) -> float:
    small, large = (closed(results, "Scrub 10,000", entries) for entries in (10_000, 10_000_000))
    return float(large["cpu_ns_per_number"] / small["cpu_ns_per_number"])


def _start(how: str) -> Measured:
    def measured(results: Results) -> float:
        return float(min(only(row for row in results["starts"] if row["entries"] == 10_000_000)[how]))

    return measured


def _memory(results: Results) -> float:
    return float(only(row for row in results["memory"] if row["entries"] == results["main_entries"])["after"]["own"])


BUDGETS: Final = (
    Budget("Check, 1 row, p50", 1.3, "× null call", _ratio("Check 1")),
    Budget("Check, 100 rows, p50", 2.0, "× null call", _ratio("Check 100")),
    Budget("Scrub of 10,000, with findings", 10, "M numbers/s/core", _numbers_per_s("Scrub 10,000"), at_least=True),
    Budget(
        "Scrub of 10,000, omit_findings",
        10,
        "M numbers/s/core",
        _numbers_per_s("Scrub 10,000, omit_findings"),
        at_least=True,
    ),
    Budget("Scrub of 50,000, with findings", 10, "M numbers/s/core", _numbers_per_s("Scrub 50,000"), at_least=True),
    Budget("CPU per number, 10 million entries against 10,000", 1.5, "×", _growth),
    Budget(
        "AddEntries of 1,000, one caller, smallest store",
        50_000,
        "entries/s",
        _change("AddEntries 1,000", 1, True, "entries_per_s"),
        at_least=True,
    ),
    Budget(
        "AddEntries of 1,000, 8 callers, smallest store",
        50_000,
        "entries/s",
        _change("AddEntries 1,000", 8, True, "entries_per_s"),
        at_least=True,
    ),
    Budget(
        "AddEntries of 1,000, 8 callers, main store",
        50_000,
        "entries/s",
        _change("AddEntries 1,000", 8, False, "entries_per_s"),
        at_least=True,
    ),
    Budget(
        "single adds from 32 callers, main store",
        0.5,
        "commits per change",
        _change("AddEntries 1", 32, False, "commits_per_change"),
    ),
    Budget("start with 10 million entries, after a clean stop, best", 2, "s", _start("clean")),
    Budget("start with 10 million entries, after kill -9, best", 2, "s", _start("killed")),
    Budget("private memory of a worker, pages of the store's files aside", 150, "MiB", _memory),
)
