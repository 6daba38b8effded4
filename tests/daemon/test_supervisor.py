import signal
import socket
import time
from pathlib import Path

import grpc
import psutil
import pytest

from daemon_running import WAIT_S, Daemon, dncd, dncd_process, running

TLS = Path(__file__).parents[1] / "transport" / "tls"
BREAK_WORKERS = """
import os, sys

if "dncd.daemon.worker" in sys.orig_argv:
    os._exit(7)
"""


def test_ready_line_and_ready_file_name_the_address_that_answers(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    with running(tmp_path / "store", "--ready-file", str(ready), workers=1) as daemon:
        host, _, port = daemon.address.partition(":")

        daemon.ask()

        assert daemon.line == f"dncd serving on {daemon.address} with 1 worker"
        assert ready.read_text() == f"{daemon.address} {daemon.process.pid}\n"
        assert host == "127.0.0.1"
        assert int(port) > 0


def test_ready_file_goes_with_the_server(tmp_path: Path) -> None:
    ready = tmp_path / "ready"

    with running(tmp_path / "store", "--ready-file", str(ready), workers=1) as daemon:
        there = ready.exists()
        daemon.stop()

    assert there
    assert not ready.exists()


def test_ready_file_of_a_killed_server_goes_before_anything_else(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    ready.write_text("127.0.0.1:7420 1\n")

    refused = dncd("serve", "--store", str(tmp_path / "store"), "--listen", "nonsense", "--ready-file", str(ready))

    assert refused.returncode == 2
    assert not ready.exists()


def test_ready_file_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    refused = dncd("serve", "--store", str(tmp_path / "store"), "--ready-file", str(tmp_path / "folder"))

    assert refused.returncode == 2
    assert "ready_file" in refused.stderr


@pytest.mark.parametrize(
    ("cert", "key", "words"),
    [
        ("missing.pem", "server.key", "missing.pem cannot be read"),
        ("server.pem", "missing.key", "missing.key cannot be read"),
        ("garbage", "server.key", "garbage holds no certificate"),
        ("server.pem", "garbage", "garbage holds no private key"),
        ("server.pem", "binary", "binary is not PEM"),
        ("hollow.pem", "server.key", "do not fit"),
    ],
)
def test_certificate_that_cannot_be_used_is_named_before_anything_is_made(
    tmp_path: Path, cert: str, key: str, words: str
) -> None:
    for name in ("server.pem", "server.key"):
        (tmp_path / name).write_bytes((TLS / name).read_bytes())
    (tmp_path / "garbage").write_text("hello")
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    (tmp_path / "hollow.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    files = ["--tls-cert", str(tmp_path / cert), "--tls-key", str(tmp_path / key)]

    refused = dncd("serve", "--store", str(tmp_path / "store"), "--listen", "127.0.0.1:0", *files)

    assert refused.returncode == 2
    assert words in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not (tmp_path / "store").exists()


def test_every_worker_answers_on_the_one_port(tmp_path: Path) -> None:
    with running(tmp_path / "store", workers=2) as daemon:
        channels, until = [], time.monotonic() + WAIT_S
        while not all(_serves_someone(worker) for worker in daemon.workers):
            assert time.monotonic() < until, "one worker got no connection"
            channels.append(daemon.channel())
            daemon.ask(channel=channels[-1])
        for channel in channels:
            channel.close()

        assert daemon.line.endswith("with 2 workers")


def _serves_someone(worker: psutil.Process) -> bool:
    return any(connection.status == psutil.CONN_ESTABLISHED for connection in worker.net_connections("tcp"))


def test_killed_worker_is_replaced_and_the_others_serve_on(tmp_path: Path) -> None:
    with running(tmp_path / "store", workers=2) as daemon:
        before = {worker.pid for worker in daemon.workers}
        daemon.log_until("is ready")
        daemon.log_until("is ready")
        victim = daemon.workers[0]

        victim.kill()
        daemon.log_until("another starts")
        answer = daemon.ask()
        daemon.log_until("is ready")
        after = {worker.pid for worker in daemon.workers}

    assert answer.HasField("read_at")
    assert victim.pid not in after
    assert len(after) == 2
    assert len(after & before) == 1


def test_workers_end_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    with running(tmp_path / "store", workers=2) as daemon:
        workers = daemon.workers

        daemon.process.kill()
        _, alive = psutil.wait_procs(workers, timeout=WAIT_S)
        daemon.process.wait(WAIT_S)

    assert len(workers) == 2
    assert alive == []


def test_server_comes_back_after_its_supervisor_was_killed(tmp_path: Path) -> None:
    with running(tmp_path / "store") as daemon:
        daemon.process.kill()
        daemon.process.wait(WAIT_S)

    with running(tmp_path / "store") as again:
        assert again.ask().HasField("read_at")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_drains_everything_and_exits_0(tmp_path: Path, number: signal.Signals) -> None:
    with running(tmp_path / "store", workers=2) as daemon:
        workers = daemon.workers
        daemon.ask()

        code = daemon.stop(number)

    assert code == 0
    assert not any(worker.is_running() for worker in workers)


def test_second_server_on_the_store_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "store"):
        second = dncd_process("serve", "--store", str(tmp_path / "store"), "--listen", "127.0.0.1:0")

    assert second.returncode == 3
    assert second.stdout == ""


def test_server_of_another_store_never_shares_a_port(tmp_path: Path) -> None:
    with running(tmp_path / "one") as daemon:
        second = dncd_process("serve", "--store", str(tmp_path / "two"), "--listen", daemon.address)

    assert second.returncode == 2
    assert "cannot be served on" in second.stderr


def test_port_that_another_program_has_is_refused(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = dncd_process(
            "serve", "--store", str(tmp_path / "store"), "--listen", f"127.0.0.1:{taken.getsockname()[1]}"
        )

    assert refused.returncode == 2


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0"])
def test_without_any_token_only_loopback_is_served(tmp_path: Path, listen: str) -> None:
    refused = dncd_process("serve", "--store", str(tmp_path / "store"), "--listen", listen, "--insecure-plaintext")

    assert refused.returncode == 2
    assert "not loopback and there is no token" in refused.stderr


def test_plain_text_beyond_loopback_must_be_asked_for(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    dncd("token", "create", "--store", store, "--role", "admin", "--name", "first")

    refused = dncd_process("serve", "--store", store, "--listen", "0.0.0.0:0")

    assert refused.returncode == 2
    assert "--insecure-plaintext" in refused.stderr


def test_token_works_at_once_and_fails_at_once_when_revoked(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    with running(tmp_path / "store") as daemon:
        daemon.ask()
        token = dncd("token", "create", "--store", store, "--role", "checker", "--name", "d").stdout.strip()

        missing = _code(daemon, None)
        daemon.ask(token)
        dncd("token", "revoke", "--store", store, token.split("_")[1])
        revoked = _code(daemon, token)
        still_missing = _code(daemon, None)

    assert [missing, revoked, still_missing] == [grpc.StatusCode.UNAUTHENTICATED] * 3


def _code(daemon: Daemon, token: str | None) -> grpc.StatusCode | None:
    try:
        daemon.ask(token)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return None


def test_worker_that_cannot_start_ends_the_server_with_1(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text(BREAK_WORKERS)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    failed = dncd_process("serve", "--store", str(tmp_path / "store"), "--listen", "127.0.0.1:0")

    assert failed.returncode == 1
    assert failed.stdout == ""
    assert "ended with 7" in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--workers", "0"], "workers"),
        (["--listen", "nonsense"], "HOST:PORT"),
        (["--tls-cert", "only.pem"], "tls_key"),
        (["--log-level", "LOUD"], "log_level"),
    ],
)
def test_wrong_setting_is_named_and_exits_2(tmp_path: Path, arguments: list[str], words: str) -> None:
    refused = dncd_process("serve", "--store", str(tmp_path / "store"), *arguments)

    assert refused.returncode == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.stderr
