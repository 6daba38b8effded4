"""A place survives a system without processes, memory or files for a worker; a first worker is begun ahead."""

import errno
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from queue import SimpleQueue

import pytest

from dncd.config import Settings
from dncd.daemon.crew import Forerunner, News, Place, Spawn
from dncd.daemon.order import Order

WAIT_S = 30
ENDS_ONCE_READY = "input(); print('ready', flush=True)"
WAITS_FOR_DRAIN = "input(); print('ready', flush=True); input()"


@pytest.fixture
def program() -> Iterator[Callable[[str], Spawn]]:
    """Give what makes spawns of small programs, and end them all."""
    with ExitStack() as stack:

        def run(text: str) -> subprocess.Popen[str]:
            process = subprocess.Popen(
                [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield lambda text: partial(run, text)


def refusal(code: int) -> Spawn:
    def refuse() -> subprocess.Popen[str]:
        raise OSError(code, os.strerror(code))

    return refuse


def place(tmp_path: Path, tell: Callable[[News], None], spawns: list[Spawn]) -> tuple[Place, "SimpleQueue[int]"]:
    """Make a place that takes one of the spawns each time, and a queue that hears how many are left after each."""
    left: SimpleQueue[int] = SimpleQueue()

    def spawn() -> subprocess.Popen[str]:
        chosen = spawns.pop(0)
        left.put(len(spawns))
        return chosen()

    return Place(Order(settings=Settings(store=tmp_path), host="127.0.0.1", port=1), tell, spawn), left


@pytest.mark.parametrize("code", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE])
def test_first_worker_that_the_system_refuses_is_told_as_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, code: int
) -> None:
    news: SimpleQueue[News] = SimpleQueue()
    filled, _ = place(tmp_path, news.put, [refusal(code)])

    filled.start()

    assert news.get(timeout=WAIT_S) is News.FAILED
    assert filled.wait(until=time.monotonic() + WAIT_S)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    assert os.strerror(code) in caplog.text


def test_later_worker_that_the_system_refuses_is_tried_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, program: Callable[[str], Spawn]
) -> None:
    news: SimpleQueue[News] = SimpleQueue()
    spawns = [program(ENDS_ONCE_READY), refusal(errno.EAGAIN), refusal(errno.ENOMEM), program(WAITS_FOR_DRAIN)]
    filled, left = place(tmp_path, news.put, spawns)

    filled.start()
    while left.get(timeout=WAIT_S):
        pass
    filled.drain()

    assert filled.wait(until=time.monotonic() + WAIT_S)
    assert caplog.text.count("could not be started") == 2
    assert news.get(timeout=WAIT_S) is News.READY
    assert news.empty()


def test_worker_that_was_begun_ahead_is_the_first_that_is_called_for(program: Callable[[str], Spawn]) -> None:
    begun: list[subprocess.Popen[str]] = []

    def spawn() -> subprocess.Popen[str]:
        begun.append(program(WAITS_FOR_DRAIN)())
        return begun[-1]

    forerunner = Forerunner(spawn)
    forerunner.begin()
    called_for = [forerunner(), forerunner()]
    forerunner.dismiss()

    assert called_for == begun
    assert [process.poll() for process in begun] == [None, None]


def test_worker_that_was_begun_ahead_and_not_called_for_is_ended(program: Callable[[str], Spawn]) -> None:
    begun: list[subprocess.Popen[str]] = []

    def spawn() -> subprocess.Popen[str]:
        begun.append(program(WAITS_FOR_DRAIN)())
        return begun[-1]

    forerunner = Forerunner(spawn)
    forerunner.begin()
    forerunner.dismiss()

    assert [process.returncode for process in begun] == [-signal.SIGKILL]


def test_worker_that_cannot_be_begun_ahead_is_started_when_it_is_called_for(program: Callable[[str], Spawn]) -> None:
    spawns = [refusal(errno.EAGAIN), program(WAITS_FOR_DRAIN)]
    forerunner = Forerunner(lambda: spawns.pop(0)())  # noqa: PLW0108 - each call takes the next

    forerunner.begin()
    process = forerunner()

    assert process.poll() is None
