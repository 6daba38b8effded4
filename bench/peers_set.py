"""The floors: a gRPC call that only moves the bytes, and one that asks plain Python sets.

As a script, the server: `peers_set.py FOLDER`.
"""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import grpc
import numpy as np
import psutil
from peer import Held, Mask, Peer
from traffic import Numbers

_SERVICE: Final = "bench.PlainSet"
_PARTS: Final = ("register", "internal")
_OPTIONS: Final = (("grpc.max_receive_message_length", -1),)


@contextmanager
def set_server(held: Held, folder: Path) -> Iterator[list[Peer]]:
    """Serve what is held from two sets, in a process of its own."""
    for name, numbers in zip(_PARTS, (held.register, held.internal), strict=True):
        np.save(folder / f"{name}.npy", numbers)
    with subprocess.Popen([sys.executable, __file__, folder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None, "the process has a pipe"
        try:
            address = process.stdout.readline().strip()
            with grpc.insecure_channel(address) as channel:
                yield [GrpcAlone(channel, process.pid, 0), PlainSet(channel, process.pid, len(held.register))]
        finally:
            process.terminate()


class PlainSet(Peer):
    """8 bytes a number there, a byte a number back."""

    name = "plain sets, raw gRPC"
    method = "Ask"

    def __init__(self, channel: grpc.Channel, pid: int, holds: int) -> None:
        self.holds = holds
        self._call: Any = channel.unary_unary(f"/{_SERVICE}/{self.method}")
        self._process = psutil.Process(pid)

    def prepare(self, numbers: Numbers) -> Any:
        return numbers.astype("<u8").tobytes()

    def ask(self, prepared: Any) -> Any:
        return self._call(prepared)

    def blocked(self, answer: Any) -> Mask:
        return np.frombuffer(answer, np.bool_)

    def cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


class GrpcAlone(PlainSet):
    """The same bytes both ways, and no look at them: what no gRPC server in Python can be faster than."""

    name = "gRPC alone, same bytes"
    method = "Move"
    decides = False


def main() -> None:
    """Serve until ended."""
    register, internal = (set(np.load(Path(sys.argv[1]) / f"{name}.npy").tolist()) for name in _PARTS)

    def ask(request: bytes, _: grpc.ServicerContext) -> bytes:
        return bytes([phone in register or phone in internal for phone in np.frombuffer(request, "<u8").tolist()])

    def move(request: bytes, _: grpc.ServicerContext) -> bytes:
        return bytes(len(request) // 8)

    server = grpc.server(ThreadPoolExecutor(4), options=_OPTIONS)
    handlers: dict[str, Any] = {
        name: grpc.unary_unary_rpc_method_handler(behavior) for name, behavior in (("Ask", ask), ("Move", move))
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"127.0.0.1:{port}", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
