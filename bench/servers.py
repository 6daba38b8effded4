"""The server under measure: a real daemon with one worker, its CPU, its memory, and how long it takes to serve."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final, Self

import grpc
import psutil

_CHANNEL_OPTIONS: Final = (("grpc.max_receive_message_length", -1), ("grpc.use_local_subchannel_pool", 1))
_MAPPING: Final = re.compile(r"^[0-9a-f]+-[0-9a-f]+ \S+ \S+ \S+ \d+ *(?P<path>.*)$")
_PRIVATE: Final = re.compile(r"^Private_(?:Clean|Dirty): +(?P<kib>\d+) kB$")


class Server:
    """`dncd serve` over a store, ready. Ends with the block."""

    def __init__(self, store: Path, log: Path) -> None:
        self.store = store
        began = time.perf_counter()
        with log.open("a") as words:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "dncd", "serve", "--store", store, "--listen", "127.0.0.1:0", "--workers", "1"],
                stdout=subprocess.PIPE,
                stderr=words,
                text=True,
            )
        assert self._process.stdout is not None, "the process has a pipe"
        line = self._process.stdout.readline()
        self.start_s = time.perf_counter() - began
        if not line:
            raise RuntimeError(f"the server did not come up; {log} says why")
        self.address = line.split()[3]
        [self.worker] = psutil.Process(self._process.pid).children()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def channel(self) -> grpc.Channel:
        """Open a connection of its own."""
        return grpc.insecure_channel(self.address, options=_CHANNEL_OPTIONS)

    def cpu_s(self) -> float:
        """Return the CPU that the worker has used, in seconds. The kernel counts in steps of 10 ms."""
        times = self.worker.cpu_times()
        return float(times.user + times.system)

    def memory(self) -> dict[str, float]:
        """Return the worker's memory in MiB.

        `private`: pages of this worker alone, clean or dirty, as smaps_rollup counts them. `store` is the part of it
        that are clean pages of the store's own files: with a second worker these are shared, and the kernel takes them
        back when it needs room. `own` is the rest.
        """
        private, store = _private_mib(self.worker.pid, str(self.store))
        uss = self.worker.memory_full_info().uss / 2**20
        return {"private": private, "store": store, "own": private - store, "uss": uss}

    def stop(self) -> None:
        """End in order."""
        self._process.terminate()
        self._process.wait(60)

    def kill(self) -> None:
        """End as a power loss would: every process at once."""
        self._process.kill()
        self.worker.kill()
        self._process.wait(60)
        psutil.wait_procs([self.worker], 60)


def started(stores: Sequence[Path], log: Path) -> list[Server]:
    """Start a server over each of some stores, all at once."""
    with ThreadPoolExecutor(len(stores)) as threads:
        return list(threads.map(lambda store: Server(store, log), stores))


def _private_mib(pid: int, store: str) -> tuple[float, float]:
    """Return the private memory of a process and the part of it that maps files of a directory, in MiB."""
    private = mapped = 0
    path = ""
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        if found := _MAPPING.match(line):
            path = found["path"]
        elif found := _PRIVATE.match(line):
            private += int(found["kib"])
            mapped += int(found["kib"]) if path.startswith(store) else 0
    return private / 1024, mapped / 1024


def start_times(store: Path, log: Path, rounds: int) -> dict[str, list[float]]:
    """Start a server over and over, after a clean stop and after kill -9; return the seconds until it was serving.

    The store's files are in the page cache, as they are on a machine that only restarts its server.
    """
    clean, killed = [], []
    Server(store, log).stop()
    for _ in range(rounds):
        server = Server(store, log)
        clean.append(server.start_s)
        server.kill()
        server = Server(store, log)
        killed.append(server.start_s)
        server.stop()
    return {"clean": clean, "killed": killed}


def store_mib(store: Path) -> float:
    """Return the disk space of a store in MiB."""
    return sum(os.stat(file).st_blocks * 512 for file in store.iterdir()) / 2**20
