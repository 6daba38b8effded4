"""Redis: a set for the register, a set for the entries, SMISMEMBER on both in one pipeline."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
from peer import Held, Mask, Peer, PeerMissing, free_port, module, wait_until
from traffic import Numbers

_SETS: Final = ("register", "internal")
_ADD_ROWS: Final = 20_000
_READ_BYTES: Final = 1 << 20


@contextmanager
def redis(held: Held, folder: Path) -> Iterator[list[Peer]]:
    """Serve what is held with a Redis of its own; raises `PeerMissing`."""
    client, binary = module("redis"), shutil.which("redis-server")
    module("hiredis")
    if binary is None:
        raise PeerMissing("redis-server is not installed")
    port = free_port()
    command = [binary, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""]
    with (folder / "log").open("w") as log, subprocess.Popen([*command, "--appendonly", "no"], stdout=log) as process:
        try:
            connected = client.Redis(port=port)
            wait_until(lambda: _pings(client, connected), "redis-server")
            _fill(connected, held)
            yield [
                RedisPy(connected, process.pid, len(held.register)),
                RedisRaw(port, process.pid, len(held.register)),
            ]
        finally:
            process.terminate()


class _Redis(Peer):
    def __init__(self, pid: int, holds: int) -> None:
        self.holds = holds
        self._process = psutil.Process(pid)

    def cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def blocked(self, answer: Any) -> Mask:
        mask: Mask = np.any(np.array(answer, bool), axis=0)
        return mask


class RedisPy(_Redis):
    """redis-py with hiredis, from a list of whole numbers to two lists of flags."""

    name = "Redis, redis-py"

    def __init__(self, client: Any, pid: int, holds: int) -> None:
        super().__init__(pid, holds)
        self._client = client

    def prepare(self, numbers: Numbers) -> Any:
        return numbers.tolist()

    def ask(self, prepared: Any) -> Any:
        with self._client.pipeline(transaction=False) as pipe:
            for name in _SETS:
                pipe.smismember(name, prepared)
            return pipe.execute()


class RedisRaw(_Redis):
    """The commands written before, the answer read by hiredis alone: as lean as a Python client can be."""

    name = "Redis, raw commands"

    def __init__(self, port: int, pid: int, holds: int) -> None:
        super().__init__(pid, holds)
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._reader = module("hiredis").Reader()

    def prepare(self, numbers: Numbers) -> Any:
        texts = [b"$%d\r\n%d\r\n" % (len(str(number)), number) for number in numbers.tolist()]
        return b"".join(
            b"*%d\r\n$10\r\nSMISMEMBER\r\n$8\r\n%s\r\n" % (len(texts) + 2, name.encode()) + b"".join(texts)
            for name in _SETS
        )

    def ask(self, prepared: Any) -> Any:
        self._socket.sendall(prepared)
        return [self._reply() for _ in _SETS]

    def _reply(self) -> Any:
        while (reply := self._reader.gets()) is False:
            self._reader.feed(self._socket.recv(_READ_BYTES))
        return reply


def _pings(client: Any, connected: Any) -> bool:
    try:
        return bool(connected.ping())
    except client.ConnectionError:
        return False


def _fill(connected: Any, held: Held) -> None:
    for name, numbers in zip(_SETS, (held.register, held.internal), strict=True):
        for start in range(0, len(numbers), _ADD_ROWS):
            connected.sadd(name, *numbers[start : start + _ADD_ROWS].tolist())
