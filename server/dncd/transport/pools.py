"""The threads of each plane, with a bound on what may wait for them.

gRPC queues an accepted call in its pool before any handler runs, without bound. So room is asked for before the call is
queued, and a call without room goes to the refusal pool, which answers at once and never reads the request.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from dncd.limits import (
    BULK_RUNNING_MAX,
    CHANGES_WAITING_MAX,
    CHECKS_WAITING_MAX,
    CONTROL_THREADS,
    DATA_THREADS,
    READ_THREADS,
    READS_WAITING_MAX,
    STREAM_THREADS,
    UPLOADS_RUNNING_MAX,
    WATCHERS_MAX,
)
from dncd.transport.rpc import Plane

REFUSALS_WAITING_MAX: Final = 256
# The place of a call is given back a moment after its answer: without room to wait, callers in turn would be refused.
BULK_WAITING_MAX: Final = 2
SERVICE_THREADS: Final = 2
SERVICE_WAITING_MAX: Final = 64


class Pool(ThreadPoolExecutor):
    """Threads that know how many calls they were given: running and waiting."""

    def __init__(self, name: str, threads: int, waiting_max: int) -> None:
        super().__init__(max_workers=threads, thread_name_prefix=name)
        self.calls_max = threads + waiting_max
        self._calls = 0
        self._left_early = 0
        self._counting = threading.Lock()

    def has_room(self) -> bool:
        """Tell whether one more call may be given. Only gRPC's serving thread gives calls, so a yes stays true."""
        return self._calls < self.calls_max

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue a call, counted until it has ended. Never refuses: gRPC's serving thread would not survive it."""
        with self._counting:
            self._calls += 1
        future = super().submit(fn, *args, **kwargs)
        future.add_done_callback(self._ended)
        return future

    def leave(self) -> None:
        """Give back the place of a call that is about to be answered, so that nobody who has the answer finds it taken.

        Once for each call at most, from its own thread.
        """
        with self._counting:
            self._calls -= 1
            self._left_early += 1

    def _ended(self, _future: Future[Any]) -> None:
        with self._counting:
            if self._left_early:
                self._left_early -= 1
            else:
                self._calls -= 1


@dataclass(frozen=True, slots=True)
class Pools:
    """All threads of one server. `service` answers health and reflection."""

    planes: dict[Plane, Pool]
    service: Pool
    refusals: Pool

    @property
    def calls_max(self) -> int:
        """Count the calls that may be in the server at once; gRPC refuses more without a reason."""
        return sum(pool.calls_max for pool in self._all())

    def close(self) -> None:
        """Wait for what runs, drop what waits."""
        for pool in self._all():
            pool.shutdown(wait=True, cancel_futures=True)

    def _all(self) -> list[Pool]:
        return [*self.planes.values(), self.service, self.refusals]


def open_pools() -> Pools:
    """Make the pools with the sizes of `limits`.

    Bulk work has threads of its own, never those of the checks. So have reads that may scan: few, since each takes
    turns at the interpreter from the checks, and none of them those that opt-outs need.
    """
    planes = {
        Plane.DATA: Pool("data", DATA_THREADS, CHECKS_WAITING_MAX),
        Plane.BULK: Pool("bulk", BULK_RUNNING_MAX, BULK_WAITING_MAX),
        Plane.CONTROL: Pool("control", CONTROL_THREADS, CHANGES_WAITING_MAX),
        Plane.READ: Pool("read", READ_THREADS, READS_WAITING_MAX),
        Plane.STREAM: Pool("stream", min(STREAM_THREADS, WATCHERS_MAX), 0),
        Plane.UPLOAD: Pool("upload", UPLOADS_RUNNING_MAX, 0),
    }
    return Pools(
        planes, Pool("service", SERVICE_THREADS, SERVICE_WAITING_MAX), Pool("refusal", 1, REFUSALS_WAITING_MAX)
    )
