"""The budgets that have to do with registers and with peers."""

from typing import Any, Final

from budget import Budget, Measured, Results, only
from peers_dncd import ScrubClient
from peers_postgres import PostgreSql
from peers_redis import RedisPy


def part(results: Results) -> dict[str, Any]:
    """Return what was measured with registers; raises `LookupError`."""
    found: dict[str, Any] = results["registered"]
    return found


def closed(results: Results, scenario: str) -> dict[str, Any]:
    """Find the row of a scenario with the large register; raises `LookupError`."""
    rows, large = part(results)["closed"], part(results)["large"]
    return only(row for row in rows if (row["scenario"], row["register"]) == (scenario, large))


def peer(results: Results, name: str, rows: int) -> dict[str, Any]:
    """Find the row of a peer; raises `LookupError`."""
    found = part(results)["peers"]["rows"]
    return only(row for row in found if (row["peer"], row["rows"]) == (name, rows))


def _ratio(scenario: str) -> Measured:
    return lambda results: closed(results, scenario)["ratio_to_null"]


def _numbers_per_s(scenario: str) -> Measured:
    return lambda results: 1e3 / float(closed(results, scenario)["cpu_ns_per_number"])


def _growth(scenario: str) -> Measured:
    return lambda results: part(results)["growth"][scenario]


def _beside(scenario: str) -> Measured:
    rows = "during_import"
    return lambda results: only(row for row in part(results)[rows] if row["scenario"] == scenario)["ratios"]["p99_us"]


def _import(figure: str) -> Measured:
    return lambda results: float(part(results)["imports"][-1][figure])


def _slower(name: str, rows: int) -> Measured:
    return lambda results: peer(results, name, rows)["ratios"][ScrubClient.name]


def _against(name: str, batches: tuple[int, ...], goal: float) -> list[Budget]:
    bounds = {10_000: goal} | dict.fromkeys(batches, 1.0)
    return [
        Budget(f"Scrub of {rows:,} against {name}", bound, "× faster", _slower(name, rows), at_least=True)
        for rows, bound in bounds.items()
    ]


BUDGETS: Final = (
    Budget("with the register: Check, 1 row, p50", 1.3, "× null call", _ratio("Check 1")),
    Budget("with the register: Check, 100 rows, p50", 2.0, "× null call", _ratio("Check 100")),
    *(
        Budget(f"with the register: {name}", 10, "M numbers/s/core", _numbers_per_s(name), at_least=True)
        for name in ("Scrub 10,000", "Scrub 10,000, omit_findings", "Scrub 50,000")
    ),
    *(
        Budget(f"CPU per number, large register against small, {name}", 1.5, "×", _growth(name))
        for name in ("Scrub 10,000", "Check 100")
    ),
    Budget(
        "with the register: private memory of a worker, pages of files aside",
        150,
        "MiB",
        lambda results: float(part(results)["memory"]["after"]["own"]),
    ),
    Budget(
        "with the register and the most entries: start, best",
        2,
        "s",
        lambda results: float(min(part(results)["starts"]["serving"])),
    ),
    *(Budget(f"p99 beside an import, {name}", 2, "× idle", _beside(name)) for name in ("Check 1", "Check 100")),
    Budget("import of the register", 60, "s", _import("seconds")),
    Budget("import of the register, peak memory", 1024, "MiB", _import("peak_mib")),
    Budget("disk of the register beside its Roaring file", 400, "MiB", _import("disk_mib")),
    *_against(RedisPy.name, (1, 10, 100, 1_000), 20),
    *_against(PostgreSql.name, (1, 10, 100, 1_000), 50),
)
