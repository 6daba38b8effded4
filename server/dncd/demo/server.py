"""The server of the demonstration: `dncd serve` as a process of its own, on a port that the system picks."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dncd.config import ENV_PREFIX

STOP_S: Final = 20.0


class DemoServerFailed(Exception):
    """The server did not come up, or did not end in order."""


@contextmanager
def serving(store: Path, log: Path, workers: int) -> Iterator[str]:
    """Serve a store until the block ends; give the address. Raises `DemoServerFailed`, which names the log."""
    with log.open("w") as words:
        options = ["--store", str(store), "--listen", "127.0.0.1:0", "--workers", str(workers)]
        process = subprocess.Popen(  # noqa: S603 - this interpreter, this module
            [sys.executable, "-P", "-m", "dncd", "serve", *options],
            stdout=subprocess.PIPE,
            stderr=words,
            text=True,
            env=_environment(),
        )
        try:
            yield _address(process, log)
        finally:
            _stop(process)
    if process.returncode != 0:
        raise DemoServerFailed(f"the server ended with {process.returncode}; see {log}")


def _environment() -> dict[str, str]:
    # The settings of somebody's real server must not reach this one.
    return {name: value for name, value in os.environ.items() if not name.startswith(ENV_PREFIX)}


def _address(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None, "the process has a pipe"
    line = process.stdout.readline().split()
    if line[:3] != ["dncd", "serving", "on"]:
        raise DemoServerFailed(f"the server did not start: {log.read_text().strip() or 'it said nothing'}")
    return line[3]


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    assert process.stdout is not None, "the process has a pipe"
    process.stdout.close()
