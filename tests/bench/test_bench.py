import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str | Path) -> None:
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True, timeout=60)


def test_the_benchmark_still_runs_and_measures_every_part(tmp_path: Path) -> None:
    out = tmp_path / "tiny.json"

    run(ROOT / "bench" / "run.py", "--tiny", "--out", out)

    results = json.loads(out.read_text())
    assert all(row["calls"] for part in ("closed", "open", "changes") for row in results[part])
    assert {row["scenario"] for row in results["closed"]} >= {"null call", "Check 1", "Check 1,000", "Scrub 50,000"}
    assert all(row["after"]["own"] > 0 for row in results["memory"])
    assert results["starts"] == []


def test_the_results_in_the_repository_render(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="comes with the extra `bench`")
    readme, results = tmp_path / "README.md", tmp_path / "results.json"
    readme.write_text("<!-- figures: begin -->\nold\n<!-- figures: end -->\nbelow\n")
    results.write_text((ROOT / "bench" / "results" / "full.json").read_text())

    run(ROOT / "bench" / "render.py", results, "--readme", readme)

    rendered = readme.read_text()
    assert "| Check, 1 row, p50 | ≤ 1.3 × null call |" in rendered
    assert "old" not in rendered
    assert rendered.endswith("below\n")
