import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str | Path) -> None:
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Any:
    out = tmp_path_factory.mktemp("bench") / "tiny.json"
    run(ROOT / "bench" / "run.py", "--tiny", "--out", out)
    return json.loads(out.read_text())


def test_the_benchmark_still_runs_and_measures_every_part(tiny: Any) -> None:
    assert all(row["calls"] for part in ("closed", "open", "changes") for row in tiny[part])
    assert {row["scenario"] for row in tiny["closed"]} >= {"null call", "Check 1", "Check 1,000", "Scrub 50,000"}
    assert all(row["after"]["own"] > 0 for row in tiny["memory"])
    assert tiny["starts"] == []


def test_the_benchmark_measures_registers_and_every_peer_that_is_installed(tiny: Any) -> None:
    registered = tiny["registered"]

    assert all(row["calls"] for row in (*registered["closed"], *registered["during_import"]))
    assert [row["rejects"] for row in registered["imports"]] == [0, 0]
    peers = {row["peer"] for row in registered["peers"]["rows"]}
    assert peers >= {"dncd, Python client", "dncd, raw Scrub", "dncd, raw Check", "plain sets, raw gRPC"}
    missing = " ".join(registered["peers"]["missing"])
    assert "Redis, redis-py" in peers or "redis" in missing
    assert "PostgreSQL, psycopg" in peers or "psycopg" in missing or "PostgreSQL" in missing


def test_the_benchmark_measures_the_full_policy_beside_less_in_the_same_run(tiny: Any) -> None:
    rows = [row for row in tiny["policy"] if row["policy"]]

    assert {row["policy"] for row in rows} == {"built-in labels", "and a register", "full, by day", "full, by night"}
    assert {row["scenario"] for row in rows} >= {"Check 1", "Check 100", "Scrub 10,000", "Scrub 50,000"}
    assert all(row["calls"] for row in rows)


def test_the_benchmark_tells_what_each_rule_costs(tiny: Any) -> None:
    cases = {row["case"] for row in tiny["rules"]}

    kinds = ["labels", "opt-in", "a register", "consents", "hours by day", "hours by night", "a closed region"]
    kinds += ["nothing attempted", "all attempted", "a time zone", "a postal code"]
    assert [kind for kind in kinds if not any(kind in case for case in cases)] == []
    assert all(row["having_us"] > 0 for row in tiny["rules"])


def test_the_benchmark_tells_what_no_decision_could_be_faster_than(tiny: Any) -> None:
    floors = tiny["registered"]["floors"]

    assert len(floors["rows"]) == (3 if shutil.which("cc") else 2)
    assert all(row["warm_us"] > 0 and row["others_us"] > 0 for row in floors["rows"])


def test_claims_are_measured_and_the_limit_of_one_number_for_all_is_kept(tiny: Any) -> None:
    rows = {(row["about"], row["rows"], row["callers"]): row for row in tiny["reserve"]}

    assert {callers for _, _, callers in rows} == {1, 32}
    assert rows["one number for all", 1, 32]["claims"] == rows["one number for all", 1, 32]["calls"]
    refused = rows["one number, limit reached", 1, 32]
    assert refused["claims"] <= 3 < refused["calls"]


def test_the_results_in_the_repository_render(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="comes with the extra `bench`")
    readme, results = tmp_path / "README.md", tmp_path / "results.json"
    readme.write_text("<!-- figures: begin -->\nfigures of last year\n<!-- figures: end -->\nbelow\n")
    results.write_text((ROOT / "bench" / "results" / "full.json").read_text())

    run(ROOT / "bench" / "render.py", results, "--readme", readme)

    rendered = readme.read_text()
    assert "| Check, 1 row, p50 | ≤ 1.3 × null call |" in rendered
    assert "| Scrub of 10,000 against Redis, redis-py | ≥ 20 × faster |" in rendered
    assert "| calling hours by day, rows without context, in a Scrub of 10,000 | ≤ 10 ns a number |" in rendered
    assert "last year" not in rendered
    assert rendered.endswith("below\n")
