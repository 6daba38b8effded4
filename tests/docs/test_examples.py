"""The Python examples, as a reader runs them, against a real server."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon_running import running

EXAMPLES = Path(__file__).parents[2] / "examples" / "python"
WAIT_S = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("store"), workers=2) as daemon:
        yield daemon.address


def example(server: str, name: str, *arguments: str, told: str = "") -> list[str]:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *arguments],
        input=told,
        env={**os.environ, "DNC_SERVER": server},
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_dialer_calls_nobody_again_who_said_no(server: str, tmp_path: Path) -> None:
    calls = tmp_path / "calls.txt"
    calls.write_text("+14155550100\n+14155550101\n+1 415 555 0100\n911\n")

    assert example(server, "dialer.py", str(calls)) == [
        "+14155550100: called, DNC",
        "+14155550101: called, NO_ANSWER",
        "+1 415 555 0100: not called, BLOCK",
        "911: not called, not a number: correct the list",
    ]


def test_dialer_calls_nobody_where_no_server_answers(tmp_path: Path) -> None:
    calls = tmp_path / "calls.txt"
    calls.write_text("+14155550101\n")

    [line] = example("127.0.0.1:1", "dialer.py", str(calls))

    assert line.startswith("+14155550101: not called, no answer")


def test_sms_gateway_sends_the_request_once_and_keeps_to_the_answer(server: str) -> None:
    told = "\n".join(
        [
            "send +14155550110",
            "send +14155550110",
            "reply +14155550110 Start!",
            "send +14155550110",
            "reply +14155550110 S.T.O.P.",
            "send +14155550110",
            "reply +14155550110 see you at the bus stop",
            "send 911",
        ]
    )

    assert example(server, "sms_gateway.py", told=told) == [
        "opt-in request sent to +14155550110",
        "not sent: BLOCK",
        "opted in",
        "sent to +14155550110",
        "opted out; send one confirmation and nothing more",
        "not sent: BLOCK",
        "for a person to read",
        "not sent: INVALID",
    ]
