"""One gRPC server of one worker: its ports, its methods, and how it stops."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import grpc

from dncd.metrics import Counts
from dncd.transport.counting import CallCounter, overload_counter
from dncd.transport.draining import Draining
from dncd.transport.health import Health, reflection_methods
from dncd.transport.methods import Methods, plain_methods, rpc_methods
from dncd.transport.pools import Pools, open_pools
from dncd.transport.rpc import PACKAGE, Authenticate, Rpc, Surroundings

# Above MESSAGE_BYTES_MAX, so that our own refusal, which carries a reason, is the one that callers meet.
RECEIVED_BYTES_MAX: Final = 16 * 1024 * 1024
STREAMS_PER_CONNECTION_MAX: Final = 1_024
KEEPALIVE_MS: Final = 60_000
OPTIONS: Final = (
    ("grpc.so_reuseport", 1),
    ("grpc.max_receive_message_length", RECEIVED_BYTES_MAX),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_concurrent_streams", STREAMS_PER_CONNECTION_MAX),
    # A watcher whose machine vanished gives its place back within two minutes.
    ("grpc.keepalive_time_ms", KEEPALIVE_MS),
    ("grpc.keepalive_timeout_ms", KEEPALIVE_MS),
)


@dataclass(frozen=True, slots=True)
class Tls:
    """The server's certificate chain and key, and the authority that clients' certificates must come from, if any."""

    cert: Path
    key: Path
    client_ca: Path | None = None

    def credentials(self) -> Any:
        """Read the files. Clients need a certificate where `client_ca` is set."""
        pair = (self.key.read_bytes(), self.cert.read_bytes())
        authority = self.client_ca.read_bytes() if self.client_ca else None
        return grpc.ssl_server_credentials([pair], authority, require_client_auth=authority is not None)


class Server:
    """Serves rpcs. Build it, `bind` it, `start` it, `drain` it: each once, in this order."""

    def __init__(
        self,
        rpcs: Sequence[Rpc],
        authenticate: Authenticate,
        new_id: Callable[[], str],
        counts: Counts | None = None,
    ) -> None:
        """Wire every rpc to its plane. `new_id` names incidents; with `counts`, calls are counted there."""
        self._draining = Draining()
        self._pools: Pools = open_pools()
        services = sorted({f"{PACKAGE}.{rpc.service}" for rpc in rpcs})
        self._health = Health(services, self._pools.service)
        around = Surroundings(authenticate, new_id, self._draining)
        if counts is not None:
            around = replace(around, overloaded=overload_counter(counts))
        methods = rpc_methods(rpcs, around, self._pools)
        counters = [] if counts is None else [CallCounter(rpcs, methods, counts)]
        methods |= plain_methods(self._health.methods() | reflection_methods(services), self._pools)
        self._grpc = _grpc_server(
            self._pools.service, Methods(methods, authenticate, self._pools), self._pools.calls_max, counters
        )

    def bind(self, address: str, tls: Tls | None = None) -> int:
        """Take a port, shared with other workers, and return it. Raises `RuntimeError` where it cannot be had."""
        if tls is None:
            return int(self._grpc.add_insecure_port(address))
        return int(self._grpc.add_secure_port(address, tls.credentials()))

    def start(self) -> None:
        """Begin to answer."""
        self._grpc.start()

    def drain(self, *, notice_s: float, grace_s: float) -> None:
        """Stop: say NOT_SERVING, serve on for `notice_s`, refuse new calls, let running ones end within `grace_s`.

        Returns when no handler runs any more, so that what handlers use may be closed.
        """
        self._health.stop_serving()
        time.sleep(notice_s)
        self._draining.set()
        self._grpc.stop(grace_s).wait()
        self._pools.close()


def _grpc_server(pool: ThreadPoolExecutor, methods: Methods, calls_max: int, counters: list[CallCounter]) -> Any:
    return grpc.server(
        pool, handlers=[methods], interceptors=[*counters], options=OPTIONS, maximum_concurrent_rpcs=calls_max
    )
