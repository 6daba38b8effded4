"""Two kinds of callers: closed loop, which waits for each answer, and open loop, which does not.

A closed loop shows what a call costs. It also hides stalls: while the server is stuck nobody asks. So the open loop
sends by a Poisson schedule that was drawn before, whatever the server does, and measures each call from the moment that
it was due, not from the moment that it was sent.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import grpc
import numpy as np
from numpy.typing import NDArray
from servers import Server
from traffic import Requests, Scenario

_WARM_UP_CALLS = 3
_DRAIN_S = 30.0


@dataclass(slots=True)
class Turn:
    """What one turn of one scenario measured. Latencies are in microseconds, one for each call answered."""

    latencies_us: NDArray[np.float64]
    seconds: float
    cpu_s: float
    codes: list[str] = field(default_factory=list)
    # Those of the warm-up first; kept only where asked for.
    answers: list[bytes] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """Count the calls that were answered."""
        return len(self.latencies_us)

    @property
    def cpu_us_per_call(self) -> float:
        """Return the server's CPU for each call."""
        return self.cpu_s * 1e6 / max(1, self.calls)

    @property
    def p50_us(self) -> float:
        """Return the median latency."""
        return float(np.median(self.latencies_us))


def method_of(channel: grpc.Channel, path: str) -> Any:
    """Return a method that sends and returns raw bytes, so that the callers cost little."""
    return channel.unary_unary(path)


def closed(server: Server, channel: grpc.Channel, scenario: Scenario, requests: Requests, seconds: float) -> Turn:
    """Call one after another for a time, from one thread."""
    return repeated(method_of(channel, scenario.method), requests, seconds, server.cpu_s)


def repeated(ask: Callable[[Any], Any], requests: Sequence[Any], seconds: float, cpu_s: Callable[[], float]) -> Turn:
    """Ask one after another for a time; `cpu_s` tells the CPU that the server has used."""
    for request in requests[:_WARM_UP_CALLS]:
        ask(request)
    latencies: list[float] = []
    cpu, began = cpu_s(), time.perf_counter()
    ends = began + seconds
    now = began
    while now < ends:
        ask(requests[len(latencies) % len(requests)])
        answered = time.perf_counter()
        latencies.append(answered - now)
        now = time.perf_counter()
    return Turn(np.array(latencies) * 1e6, now - began, cpu_s() - cpu)


def closed_by_many(
    server: Server, scenario: Scenario, parts: Sequence[Requests], seconds: float, *, keep_answers: bool = False
) -> Turn:
    """Call from many callers at once, each with requests and a connection of its own, one after another."""
    found: list[list[float]] = [[] for _ in parts]
    # Lists may be appended to from many threads.
    warm_up: list[bytes] = []
    answers: list[bytes] = []
    start = _Start(server)
    ready = threading.Barrier(len(parts), action=start.now)

    def caller(requests: Requests, latencies: list[float]) -> None:
        with server.channel() as channel:
            call = method_of(channel, scenario.method)
            warm_up.append(call(requests[0]))
            ready.wait()
            sent = start.at
            while not latencies or sent < start.at + seconds:
                answer = call(requests[(1 + len(latencies)) % len(requests)])
                answered = time.perf_counter()
                latencies.append(answered - sent)
                sent = answered
                if keep_answers:
                    answers.append(answer)

    def guarded(requests: Requests, latencies: list[float]) -> None:
        try:
            caller(requests, latencies)
        except BaseException:
            # The others must not wait for one that never comes.
            ready.abort()
            raise

    with ThreadPoolExecutor(len(parts)) as threads:
        done = [threads.submit(guarded, *pair) for pair in zip(parts, found, strict=True)]
    for future in sorted(done, key=lambda future: isinstance(future.exception(), threading.BrokenBarrierError)):
        future.result()
    latencies = np.concatenate([np.array(part) for part in found])
    cpu_s = server.cpu_s() - start.cpu_s
    kept = warm_up + answers if keep_answers else []
    return Turn(latencies * 1e6, time.perf_counter() - start.at, cpu_s, answers=kept)


class _Start:
    """The moment when all callers are warm, and the CPU that the server had used by then."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.at = 0.0
        self.cpu_s = 0.0

    def now(self) -> None:
        self.cpu_s = self._server.cpu_s()
        self.at = time.perf_counter()


def opened(
    server: Server,
    channel: grpc.Channel,
    scenario: Scenario,
    requests: Requests,
    rate_per_s: float,
    seconds: float,
    random: np.random.Generator,
) -> Turn:
    """Send by a Poisson schedule; latency counts from the moment that a call was due."""
    due = np.cumsum(random.exponential(1 / rate_per_s, max(1, int(rate_per_s * seconds)))).tolist()
    arrivals = _Arrivals(len(due))
    call = method_of(channel, scenario.method)
    call(requests[0])
    cpu, began = server.cpu_s(), time.perf_counter()
    for index, after in enumerate(due):
        wait = began + after - time.perf_counter()
        if wait > 0:
            time.sleep(wait)
        arrivals.watch(call.future(requests[index % len(requests)]), began + after)
    arrivals.wait()
    return Turn(
        np.array(arrivals.latencies) * 1e6,
        time.perf_counter() - began,
        server.cpu_s() - cpu,
        arrivals.codes,
    )


class _Arrivals:
    """Notes when answers come. gRPC tells of them on a thread of its own."""

    def __init__(self, expected: int) -> None:
        self.latencies: list[float] = []
        self.codes: list[str] = []
        self._expected = expected
        self._all = threading.Event()

    def watch(self, future: Any, due: float) -> None:
        future.add_done_callback(self._note(due))

    def wait(self) -> None:
        if not self._all.wait(_DRAIN_S):
            raise RuntimeError("answers are still missing long after the last call was sent")

    def _note(self, due: float) -> Callable[[Any], None]:
        def note(future: Any) -> None:
            code = future.code()
            if code is grpc.StatusCode.OK:
                self.latencies.append(time.perf_counter() - due)
            else:
                self.codes.append(code.name)
            if len(self.latencies) + len(self.codes) == self._expected:
                self._all.set()

        return note
