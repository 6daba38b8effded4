"""The Python examples, as a reader runs them, against a real server."""

import os
import runpy
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from daemon_running import running
from donotcontact import Client, Unavailable
from donotcontact.v1.core_pb2 import CHANNEL_SMS
from donotcontact.v1.policy_pb2 import Policy, RequireOptIn
from serving import served

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


def test_dialer_keeps_an_opt_out_until_the_server_has_acknowledged_it(tmp_path: Path) -> None:
    dialer: Any = SimpleNamespace(**runpy.run_path(str(EXAMPLES / "dialer.py")))
    sent: list[tuple[str, str]] = []

    def add_entries(entries: list[Any], *, actor: str, request_id: str) -> None:
        sent.append((entries[0].address, request_id))
        if len(sent) < 3:
            raise Unavailable("the server restarts")

    attempt = SimpleNamespace(allowed=True, address="+14155550100", reservation="1-0")
    client: Any = SimpleNamespace(
        reserve_attempts=lambda *_, **__: [attempt], complete_attempts=lambda _: None, add_entries=add_entries
    )
    path = tmp_path / "calls.opt-outs"

    lines = list(dialer.work_through(client, ["+14155550100"], dialer.dial, dialer.OptOuts(client, path)))
    left = [dialer.OptOuts(client, path).send() for _ in range(3)]

    assert lines == ["+14155550100: called, DNC"]
    assert left == [1, 0, 0]
    assert [address for address, _ in sent] == ["+14155550100"] * 3
    assert len({request_id for _, request_id in sent}) == 1


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
            "reply +14155550110 SM-1 Start!",
            "send +14155550110",
            "reply +14155550110 SM-2 S.T.O.P.",
            "send +14155550110",
            "reply +14155550110 SM-1 Start!",
            "send +14155550110",
            "reply +14155550110 SM-3 Stop",
            "reply +14155550110 SM-4 see you at the bus stop",
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
        "opted in",
        "not sent: BLOCK",
        "opted out",
        "for a person to read",
        "not sent: INVALID",
    ]


def test_sms_gateway_asks_for_no_opt_in_at_night(tmp_path: Path) -> None:
    gateway: Any = SimpleNamespace(**runpy.run_path(str(EXAMPLES / "sms_gateway.py")))
    requires = RequireOptIn(channels=[CHANNEL_SMS])

    with served(tmp_path / "store") as server, Client(server.address) as client:
        client.apply_policy(Policy(name="p", calling_hours=["us-federal"], require_opt_in=requires))
        said = []
        for hour in (4, 17):  # 23:00 and noon in New York
            server.clock.now_ms = int(datetime(2026, 11, 25, hour, tzinfo=UTC).timestamp()) * 1000
            said.append(gateway.answer(gateway.Gateway(client, "p"), "send +12125550123"))

    assert said == ["opt-in request not sent: it may not go out now", "opt-in request sent to +12125550123"]
