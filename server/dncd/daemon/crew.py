"""The crew: the worker processes of one supervisor, each kept running until all are told to drain."""

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from enum import Enum
from functools import partial
from typing import Final

from dncd.daemon.order import DRAIN, READY, Order

BACKOFF_FIRST_S: Final = 0.1
BACKOFF_MAX_S: Final = 10.0
STEADY_AFTER_S: Final = 60.0
# Beyond notice and grace: to close the store and end the interpreter.
ENDING_S: Final = 10.0

Spawn = Callable[[], subprocess.Popen[str]]

_log = logging.getLogger(__name__)


class News(Enum):
    """What is told about a worker while the crew comes up."""

    READY = "ready"
    FAILED = "failed"


class Place:
    """The place of one worker: a process, and the thread that starts it again when it crashes."""

    def __init__(self, order: Order, tell: Callable[[News], None], spawn: Spawn) -> None:
        """`tell` hears once whether the first process of the place came up; `spawn` may raise OSError."""
        self._order = order
        self._tell = tell
        self._start_process = spawn
        self._came_up = False
        self._is_ready = False
        self._starts = 0
        self._draining = threading.Event()
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._keep_filled, name="place", daemon=True)

    @property
    def is_ready(self) -> bool:
        """Tell whether a worker serves here now."""
        return self._is_ready

    @property
    def starts(self) -> int:
        """Count the processes that were started here."""
        return self._starts

    def start(self) -> None:
        """Start the worker."""
        self._thread.start()

    def drain(self) -> None:
        """Tell the worker to end in order, and start no other."""
        with self._lock:
            self._draining.set()
            if self._process is not None:
                _tell_to_drain(self._process)

    def wait(self, until: float) -> bool:
        """Wait for the worker until a time of the monotonic clock, then kill it. Tell whether it ended itself."""
        self._thread.join(max(0.0, until - time.monotonic()))
        if not self._thread.is_alive():
            return True
        _log.error("worker %s did not end in time and is killed", self._process and self._process.pid)
        with self._lock:
            if self._process is not None:
                self._process.kill()
        self._thread.join()
        return False

    def _keep_filled(self) -> None:
        backoff_s = BACKOFF_FIRST_S
        while not self._draining.is_set():
            began = time.monotonic()
            ending = self._fill()
            if self._draining.is_set():
                return
            if not self._came_up:
                _log.error("%s", ending)
                self._tell(News.FAILED)
                return
            if time.monotonic() - began > STEADY_AFTER_S:
                backoff_s = BACKOFF_FIRST_S
            _log.error("%s; another starts in %.1f s", ending, backoff_s)
            self._draining.wait(backoff_s)
            backoff_s = min(backoff_s * 2, BACKOFF_MAX_S)

    def _fill(self) -> str | None:
        """Have one process in the place until it ends, and say how; None where all are draining."""
        try:
            process = self._spawn()
        except OSError as error:
            # Out of processes, memory or files: that may pass, and a place that gave up would stay empty.
            return f"a worker could not be started: {error}"
        if process is None:
            return None
        if _says_ready(process):
            self._is_ready = True
            _log.info("worker %d is ready", process.pid)
            self._tell_once_ready()
        code = process.wait()
        self._is_ready = False
        return f"worker {process.pid} ended with {code}"

    def _spawn(self) -> subprocess.Popen[str] | None:
        with self._lock:
            if self._draining.is_set():
                return None
            self._process = process = self._start_process()
            self._starts += 1
        _say(process, self._order.model_dump_json())
        return process

    def _tell_once_ready(self) -> None:
        if not self._came_up:
            self._came_up = True
            self._tell(News.READY)


def start_worker(files: Sequence[int] = ()) -> subprocess.Popen[str]:
    """Start a worker with an interpreter of its own: never forked, since threads and LMDB do not survive a fork.

    `files` are open files that it inherits, by the same numbers.
    """
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "dncd.daemon.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=files,
        env={"GRPC_VERBOSITY": "ERROR", **os.environ},
    )


class Forerunner:
    """Starts workers, the first one before it is called for.

    To load its modules takes a worker a second, in which the supervisor opens the store. It touches nothing before it
    has its order, so one that is not needed is killed.
    """

    def __init__(self, spawn: Spawn) -> None:
        self._spawn = spawn
        self._first: subprocess.Popen[str] | None = None

    def __call__(self) -> subprocess.Popen[str]:
        """Start a worker, or give the first; may raise OSError."""
        first, self._first = self._first, None
        return first or self._spawn()

    def begin(self) -> None:
        """Start the first worker."""
        # What the system refuses now is tried again when the worker is called for, and told then.
        with suppress(OSError):
            self._first = self._spawn()

    def dismiss(self) -> None:
        """End the first worker, where nobody called for it."""
        if self._first is not None:
            with self._first as process:
                process.kill()


@contextmanager
def begun(count: int, files: Sequence[int] = ()) -> Iterator[list[Spawn]]:
    """Begin to start so many workers; give what starts each. `files` is an open file for each to inherit, or empty."""
    inherited: Sequence[Sequence[int]] = [[file] for file in files] or [()] * count
    with ExitStack() as stack:
        forerunners = [Forerunner(partial(start_worker, each)) for each in inherited]
        for forerunner in forerunners:
            stack.callback(forerunner.dismiss)
            forerunner.begin()
        yield list(forerunners)


def _says_ready(process: subprocess.Popen[str]) -> bool:
    assert process.stdout is not None, "workers have a pipe"
    return process.stdout.readline().strip() == READY


def _tell_to_drain(process: subprocess.Popen[str]) -> None:
    _say(process, DRAIN)


def _say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None, "workers have a pipe"
    try:
        process.stdin.write(line + "\n")
        process.stdin.flush()
    except BrokenPipeError:
        _log.warning("worker %d had already ended", process.pid)


class Crew:
    """All workers."""

    def __init__(
        self, order: Order, spawns: Sequence[Spawn], tell: Callable[[News], None], count_in: Sequence[int] = ()
    ) -> None:
        """`count_in` is an open file for each worker to count in, or empty."""
        files: Sequence[int | None] = count_in or [None] * len(spawns)
        orders = [order.model_copy(update={"counts_file": file}) for file in files]
        self._places = [Place(each, tell, spawn) for each, spawn in zip(orders, spawns, strict=True)]
        settings = order.settings
        self._drain_s = settings.drain_notice_seconds + settings.drain_grace_seconds + ENDING_S

    def start(self) -> None:
        """Start every worker."""
        for place in self._places:
            place.start()

    def drain(self) -> bool:
        """End all workers in order, all at once. Tell whether none had to be killed."""
        for place in self._places:
            place.drain()
        until = time.monotonic() + self._drain_s
        ended = [place.wait(until) for place in self._places]
        return all(ended)

    def ready(self) -> int:
        """Count the workers that serve now."""
        return sum(place.is_ready for place in self._places)

    def wanted(self) -> int:
        """Count the workers that there should be."""
        return len(self._places)

    def starts(self) -> int:
        """Count the workers that were started so far."""
        return sum(place.starts for place in self._places)
