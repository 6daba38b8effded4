"""`dncd registry` beside a running server, and stopped in the middle."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from daemon_running import Daemon, running
from donotcontact import Client, Verdict
from donotcontact.v1.policy_pb2 import Policy, RequiredRegistry
from registry_commands import SECOND, files_of, imported, registry, states, told

BUILDING_WAIT_S = 30.0


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    assert registry(path, "create", "us-national", "--scope", "+1").returncode == 0
    return path


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_import_leaves_nothing_behind(store: Path, stop: signal.Signals) -> None:
    first = imported(store, range(100))
    slow = store.parent / "slow.txt"
    # Spellings that only the slow parser reads: some ten seconds of them, of which the test waits for none.
    slow.write_text("(415) 555-0123 ext. \n" * 1_000_000)
    command = ["registry", "import", "us-national", str(slow), "--format", "numbers", "--region", "US"]
    process = subprocess.Popen(
        [sys.executable, "-m", "dncd", *command, "--list-date", "2026-11-20", "--store", str(store)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    _wait_until_building(store, process)
    process.send_signal(stop)
    out, err = process.communicate(timeout=BUILDING_WAIT_S)

    assert process.returncode == 1, err
    assert out == ""
    assert "nothing was imported" in err
    assert files_of(store) == [first["id"]]
    assert states(store) == {first["id"]: "in-force"}


def _wait_until_building(store: Path, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + BUILDING_WAIT_S
    while not any(name.endswith(".building") for name in files_of(store)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the import did not begin"
        time.sleep(0.001)  # the folder is all that tells, and nobody announces it


def _verdicts(daemon: Daemon) -> list[str]:
    """Ask over several connections, so that each worker answers."""
    with Client(daemon.address, connections=8) as client:
        answers = [client.check(["+14155550001"], channel="VOICE", policy="tm") for _ in range(8)]
    return sorted({Verdict(answer[0].verdict).name for answer in answers})


def test_commands_change_what_a_running_server_answers_on_every_worker(store: Path) -> None:
    with running(store, workers=2) as daemon:
        with Client(daemon.address) as client:
            client.apply_policy(Policy(name="tm", registries=[RequiredRegistry(name="us-national")]))
        missing = _verdicts(daemon)
        told(store, "coverage", "us-national", "default", "+1")
        first = imported(store, range(100))
        listed = _verdicts(daemon)
        imported(store, range(2, 102), SECOND)
        cleared = _verdicts(daemon)
        told(store, "activate", "us-national", first["id"], "--reason", "the older one is right")
        listed_again = _verdicts(daemon)
        told(store, "coverage", "us-national", "default", "--none")
        uncovered = _verdicts(daemon)

    assert (missing, listed, cleared) == (["UNSCREENED"], ["BLOCK"], ["ALLOW"])
    assert (listed_again, uncovered) == (["BLOCK"], ["UNSCREENED"])
