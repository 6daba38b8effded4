import json
import subprocess
import sys
from pathlib import Path

import pytest

from dncd.demo.expectations import CALLS, Expectations
from dncd.demo.files import make_files, read_call_file, write_call_file
from dncd.demo.run import Claims
from donotcontact import Verdict

WAIT_S = 120


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "dncd.demo", *arguments],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )


def test_demo_keeps_every_promise_and_tells_machines_so(tmp_path: Path) -> None:
    done = demo("--json", "--keep", str(tmp_path / "kept"))

    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["ok"] is True
    assert all(told["claims"].values())
    assert set(told["opted_out"]["afterwards"]) == {"BLOCK"}
    assert [screened["wrong"] for screened in told["screened"]] == [0, 0, 0, 0]
    assert {"leads.csv", "do-not-call.csv", "store"} <= {path.name for path in (tmp_path / "kept").iterdir()}


def test_demo_refuses_a_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep me")

    done = demo("--keep", str(tmp_path))

    assert done.returncode != 0
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_demo_names_a_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    done = demo("--keep", str(tmp_path / "file" / "folder"))

    assert done.returncode == 2
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_same_seed_makes_the_same_files() -> None:
    assert make_files(seed=7, leads=2_000) == make_files(seed=7, leads=2_000)


def test_a_call_file_reads_back_as_it_was_written(tmp_path: Path) -> None:
    files = make_files(leads=2_000)
    path = tmp_path / "leads.csv"

    write_call_file(path, files.leads)
    phones, emails = read_call_file(path)

    assert phones == [lead.phone for lead in files.leads]
    assert emails == [lead.email for lead in files.leads]


def test_the_call_file_holds_only_numbers_reserved_for_fiction() -> None:
    for lead in make_files(leads=2_000).leads:
        if lead.number.startswith("+1"):
            assert lead.number[5:10] == "55501"
        elif lead.number:
            assert lead.number.startswith(("+442079460", "+447700900", "+493023125", "+6125550"))


def test_expectations_hold_every_verdict_that_calls_can_have() -> None:
    verdicts = Expectations(make_files(leads=2_000)).calls(CALLS)

    assert set(verdicts) == {Verdict.ALLOW, Verdict.BLOCK, Verdict.INVALID}


@pytest.mark.parametrize("held", [{}, {"one": True, "two": False}])
def test_claims_do_not_hold_where_one_failed_or_none_was_made(held: dict[str, bool]) -> None:
    assert not Claims(held).all_held
