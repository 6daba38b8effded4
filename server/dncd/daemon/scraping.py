"""The HTTP endpoint that Prometheus scrapes: small, bounded, and read-only."""

import logging
import socket
import ssl
import sys
import threading
from socketserver import TCPServer, ThreadingMixIn
from typing import Any, Final

from prometheus_client.exposition import MetricsHandler
from prometheus_client.registry import Collector, CollectorRegistry

from dncd.daemon.endpoint import Endpoint, EndpointUnusable
from dncd.transport.errors import trace_without_values
from dncd.transport.server import Tls

SCRAPES_MAX: Final = 4
# For each read and write of a connection, so that one which says nothing does not keep its place.
SILENCE_S: Final = 10.0
_STOPS_WITHIN_S: Final = 0.1

_log = logging.getLogger(__name__)


class Scraping:
    """The endpoint. Build it, which takes the port; `start` it; `close` it."""

    def __init__(self, endpoint: Endpoint, tls: Tls | None) -> None:
        """Take the port. Raises `EndpointUnusable` where it cannot be had."""
        try:
            self._server = _Server(endpoint)
        except OSError as error:
            raise EndpointUnusable(f"metrics_listen: {endpoint} cannot be served on: {error.strerror}") from error
        if tls is not None:
            self._secure(tls)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://{Endpoint(endpoint.host, self._server.server_address[1])}/metrics"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_STOPS_WITHIN_S,), name="metrics", daemon=True
        )

    def _secure(self, tls: Tls) -> None:
        try:
            self._server.secure(tls)
        except OSError as error:
            self._server.server_close()
            raise EndpointUnusable(f"metrics_listen: the files of TLS cannot be used: {error}") from error

    def start(self, page: Collector) -> None:
        """Answer with a page from now on."""
        # A registry of its own: the library's default one tells of this process, not of the server.
        shown = CollectorRegistry()
        shown.register(page)
        handler = MetricsHandler.factory(shown)
        handler.timeout = SILENCE_S  # type: ignore[attr-defined]  # the factory types its class as a mere type
        self._server.RequestHandlerClass = handler
        self._thread.start()

    def close(self) -> None:
        """Give the port back. Connections that are open end by themselves."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingMixIn, TCPServer):
    """A thread for each connection, and no more connections than `SCRAPES_MAX`: the supervisor must not run out."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, endpoint: Endpoint) -> None:
        self.address_family = socket.AF_INET6 if ":" in endpoint.host else socket.AF_INET
        self._places = threading.BoundedSemaphore(SCRAPES_MAX)
        super().__init__((endpoint.host, endpoint.port), MetricsHandler)

    def secure(self, tls: Tls) -> None:
        """Speak TLS from now on. Raises OSError where a file cannot be read or is none."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=tls.client_ca)
        context.load_cert_chain(tls.cert, tls.key)
        if tls.client_ca is not None:
            context.verify_mode = ssl.CERT_REQUIRED
        # The handshake waits for the connection's own thread: on this one a silent stranger would stop all others.
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread of its own, or hang up where all places are taken."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and give the place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what went wrong, without values; scrapers that left are no news."""
        error = sys.exception()
        if error is not None and not isinstance(error, OSError):
            _log.error("a scrape failed\n%s", trace_without_values(error))
