"""Whenever a build is killed, the live snapshot stays as it is, and the new one is whole or not there."""

import subprocess
import sys
from pathlib import Path

import pytest

from dncd.registry.files import sweep
from dncd.registry.verify import verify, verify_members
from registry_builder import NUMBERS
from registry_snapshots import build_numbers, read_members

STEPS = ["begun", "bits", "members", "manifest", "sync", "rename", "finished"]
TESTS = Path(__file__).parents[1]


def _build_until(step: str, registries: Path, live: Path) -> None:
    """Start a build in a process of its own and kill -9 it when it comes to a step."""
    command = [sys.executable, str(TESTS / "registry_builder.py"), str(registries), "second", str(live)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while (told := process.stdout.readline().strip()) != step:
            assert told in STEPS, "the builder ended before its time"
            process.stdin.write("\n")
            process.stdin.flush()
        process.kill()


@pytest.mark.parametrize("step", STEPS)
def test_killed_build_leaves_a_whole_snapshot_or_a_leftover(tmp_path: Path, step: str) -> None:
    live = build_numbers(tmp_path, [12015550123])
    before = verify(live)

    _build_until(step, tmp_path, live)

    assert verify(live) == before
    names = sorted(path.name for path in live.parent.iterdir())
    assert names == ["first", "second" if step == "finished" else "second.building"]
    assert sweep(tmp_path) == ([] if step == "finished" else ["second.building"])
    if step == "finished":
        assert verify(live.parent / "second").counts.numbers == NUMBERS + 1
        verify_members(live.parent / "second")


def test_killed_build_can_be_done_again_without_a_sweep(tmp_path: Path) -> None:
    live = build_numbers(tmp_path, [12015550123])
    _build_until("members", tmp_path, live)

    again = build_numbers(tmp_path, [12015550124], "second")

    verify(again)
    assert read_members(again).to_array().tolist() == [12015550124]
    assert sweep(tmp_path) == []
