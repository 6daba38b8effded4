"""Metering: all that metrics need in the supervisor. Imported only where they are on."""

from collections.abc import Iterator
from contextlib import contextmanager

from dncd.config import Settings
from dncd.daemon.certificates import tls_of
from dncd.daemon.endpoint import Endpoint
from dncd.daemon.page import Page, Workers
from dncd.daemon.scraping import Scraping
from dncd.daemon.sheets import Sheet
from dncd.metrics import Counts
from dncd.storage.contract import Store
from dncd.transport.counting import layout


class Metering:
    """The port that is held for Prometheus, a sheet for each worker, and the supervisor's own counts."""

    def __init__(self, settings: Settings, scraping: Scraping) -> None:
        self._settings = settings
        self._scraping = scraping
        self._layout = layout()
        self._memory = bytearray(self._layout.bytes)
        self.counts = Counts(self._layout, self._memory)
        self._sheets = [Sheet(self._layout) for _ in range(settings.workers)]

    @property
    def files(self) -> list[int]:
        """Give the open file of each worker's sheet."""
        return [sheet.file for sheet in self._sheets]

    @property
    def url(self) -> str:
        """Tell what Prometheus scrapes."""
        return self._scraping.url

    @contextmanager
    def shown(self, store: Store, workers: Workers) -> Iterator[None]:
        """Answer scrapes."""
        page = Page(self._layout, self._memories, store, self._settings.store, workers)
        self._scraping.start(page)
        try:
            yield
        finally:
            page.close()

    def close(self) -> None:
        """Give the port and the sheets back."""
        self._scraping.close()
        for sheet in self._sheets:
            sheet.close()

    def _memories(self) -> list[object]:
        return [self._memory, *(sheet.memory for sheet in self._sheets)]


def open_metering(settings: Settings, endpoint: Endpoint) -> Metering:
    """Take the port, and make the sheets. Raises `EndpointUnusable`."""
    # A Prometheus on this machine knows no name that the certificate holds for loopback.
    return Metering(settings, Scraping(endpoint, None if endpoint.is_loopback else tls_of(settings)))
