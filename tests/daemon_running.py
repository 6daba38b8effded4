"""A real daemon: the supervisor and its workers as processes."""

import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import psutil

from dncd.cli import app
from dncd.cli.frame import run
from donotcontact.v1.policy_service_pb2 import ListPoliciesRequest, ListPoliciesResponse

WAIT_S = 60.0
LIST_POLICIES = "/donotcontact.v1.PolicyService/ListPolicies"


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def dncd(*arguments: str) -> Ended:
    """Run a command to its end, in this process: an interpreter of its own costs a second."""
    out, err, code = io.StringIO(), io.StringIO(), 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            run(lambda: app(list(arguments)))
        except SystemExit as ended:
            code = int(ended.code or 0)
    return Ended(code, out.getvalue(), err.getvalue())


def dncd_process(*arguments: str) -> Ended:
    """Run a command to its end, in a process of its own."""
    ended = subprocess.run(
        [sys.executable, "-m", "dncd", *arguments], capture_output=True, text=True, timeout=WAIT_S, check=False
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


class Daemon:
    """A daemon that said it is ready."""

    def __init__(self, store: Path, *arguments: str, workers: int = 1, listen: str = "127.0.0.1:0") -> None:
        options = ["--store", str(store), "--listen", listen, "--workers", str(workers)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "dncd", "serve", *options, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.line = self.process.stdout.readline().strip()
        assert self.line, f"the daemon did not come up: {self.process.communicate()[1]}"
        self.address = self.line.split()[3]

    @property
    def workers(self) -> list[psutil.Process]:
        found: list[psutil.Process] = psutil.Process(self.process.pid).children()
        return found

    def log_until(self, words: str) -> str:
        """Read log lines up to the next one that holds the words."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if words in line:
                return line
        raise AssertionError(f"the log ended without {words!r}")

    def channel(self) -> grpc.Channel:
        return grpc.insecure_channel(self.address, [("grpc.use_local_subchannel_pool", 1)])

    def ask(self, token: str | None = None, channel: Any = None) -> ListPoliciesResponse:
        """List the policies, on a connection of its own unless one is given."""
        call = (channel or self.channel()).unary_unary(
            LIST_POLICIES, ListPoliciesRequest.SerializeToString, ListPoliciesResponse.FromString
        )
        metadata = (("authorization", f"Bearer {token}"),) if token else ()
        answer: ListPoliciesResponse = call(
            ListPoliciesRequest(), timeout=WAIT_S, wait_for_ready=True, metadata=metadata
        )
        return answer

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=WAIT_S)
        return self.process.returncode


@contextmanager
def running(store: Path, *arguments: str, workers: int = 1, listen: str = "127.0.0.1:0") -> Iterator[Daemon]:
    daemon = Daemon(store, *arguments, workers=workers, listen=listen)
    try:
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.stop()
        assert daemon.process.stdout is not None
        assert daemon.process.stderr is not None
        daemon.process.stdout.close()
        daemon.process.stderr.close()
