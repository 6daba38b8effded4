"""The budgets of the full policy: those of calls with all of it on, the cost of hours, and commits of claims."""

from typing import Any, Final

from budget import Budget, Measured, Results, only
from by_policy import DAY
from reserving import MANY
from rule_cases import HOURS_BY_DAY


def called(results: Results, scenario: str) -> dict[str, Any]:
    """Find the row of a scenario under the full policy by day; raises `LookupError`."""
    return only(row for row in results["policy"] if (row["scenario"], row["policy"]) == (scenario, DAY))


def _ratio(scenario: str) -> Measured:
    return lambda results: called(results, scenario)["ratio_to_null"]


def _numbers_per_s(scenario: str) -> Measured:
    return lambda results: 1e3 / float(called(results, scenario)["cpu_ns_per_number"])


def _hours(results: Results) -> dict[str, float]:
    found: dict[str, float] = only(row for row in results["rules"] if row["case"] == HOURS_BY_DAY)["adds_ns"]
    return found


def _claims(figure: str) -> Measured:
    wanted = (MANY, 1, 32)

    def measured(results: Results) -> float:
        rows = results["reserve"]
        return float(only(row for row in rows if (row["about"], row["rows"], row["callers"]) == wanted)[figure])

    return measured


BUDGETS: Final = (
    Budget("with the full policy, by day: Check, 1 row, p50", 1.3, "× null call", _ratio("Check 1")),
    Budget("with the full policy, by day: Check, 100 rows, p50", 2, "× null call", _ratio("Check 100")),
    *(
        Budget(f"with the full policy, by day: {name}", 10, "M numbers/s/core", _numbers_per_s(name), at_least=True)
        for name in ("Scrub 10,000", "Scrub 10,000, omit_findings", "Scrub 50,000")
    ),
    Budget("calling hours by day, rows without context, in a Scrub of 10,000", 10, "ns a number", _hours),
    Budget("single claims from 32 callers", 0.5, "commits per claim", _claims("commits_per_claim")),
)
