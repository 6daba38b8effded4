"""The supervisor: owns the store, holds the port, keeps workers running, keeps house, ends everything in order."""

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from enum import Enum
from queue import SimpleQueue
from typing import TYPE_CHECKING

from dncd import tokens
from dncd.administration import create_first_accounts
from dncd.config import REGISTRIES_FOLDER, Settings
from dncd.counted_log import CountedLog
from dncd.daemon.ambient import now_ms
from dncd.daemon.certificates import judge_tls
from dncd.daemon.crew import Crew, News, begun
from dncd.daemon.endpoint import Endpoint, EndpointUnusable, read_endpoint, reserve
from dncd.daemon.inspection import inspect
from dncd.daemon.order import Order
from dncd.daemon.readyfile import ready_file
from dncd.errors import StorageFull, StoreUnusable
from dncd.housekeeping import Housekeeper, LastingLog, SteadyClock
from dncd.storage.contract import Store
from dncd.storage.lmdb import LmdbStore
from dncd.transport.errors import trace_without_values
from dncd.writer import StoreLog

if TYPE_CHECKING:
    from dncd.daemon.metering import Metering

_log = logging.getLogger(__name__)


class ServingRefused(Exception):
    """The settings would serve in a way that is not safe."""


class Stop(Enum):
    """Somebody asked the daemon to stop."""

    SIGNALLED = "signalled"


Told = News | Stop
Announce = Callable[[Endpoint, str], object]


def serve(settings: Settings, announce: Callable[[str], None]) -> bool:
    """Serve until SIGTERM or SIGINT; tell whether all came up and ended in order.

    `announce` hears one line once every worker is ready. Raises `StoreUnusable`, `EndpointUnusable`, `ServingRefused`,
    `CertificateUnusable`, `ReadyFileUnusable`.
    """
    inbox: SimpleQueue[Told] = SimpleQueue()
    with ready_file(settings.ready_file) as tell_ready:

        def tell(endpoint: Endpoint, line: str) -> None:
            tell_ready(endpoint)
            announce(line)

        return _serve(settings, inbox, tell)


def _serve(settings: Settings, inbox: "SimpleQueue[Told]", announce: Announce) -> bool:
    wanted = read_endpoint(settings.listen)
    scraped = _metrics_endpoint(settings)
    judge_tls(settings)
    with _signals(inbox), _metered(settings, scraped) as metering:
        counts_files = metering.files if metering else ()
        with begun(settings.workers, counts_files) as spawns, _owned(settings) as store:
            refuse_unsafe(wanted, settings, has_tokens=_has_tokens(store))
            _inspect_registries(store, settings)
            held, endpoint = reserve(wanted)
            order = Order(settings=settings, host=endpoint.host, port=endpoint.port)
            crew = Crew(order, spawns, inbox.put, counts_files)
            with held, _housekeeping(store, settings, metering):
                return _run(order, store, crew, inbox, announce, metering)


def refuse_unsafe(endpoint: Endpoint, settings: Settings, *, has_tokens: bool) -> None:
    """Raise `ServingRefused` where others than this machine could call without a token, or read tokens on the way."""
    if endpoint.is_loopback:
        if not has_tokens:
            _log.warning(
                "there is no token: every program on this machine may do everything; `dncd token create` ends that"
            )
        return
    if not has_tokens:
        raise ServingRefused(f"{endpoint} is not loopback and there is no token: run `dncd token create` first")
    if settings.tls_cert is None:
        if not settings.insecure_plaintext:
            raise ServingRefused(f"{endpoint} is not loopback: give --tls-cert and --tls-key, or --insecure-plaintext")
        _log.warning("serving %s without TLS: tokens and addresses cross the network in the clear", endpoint)


def _metrics_endpoint(settings: Settings) -> Endpoint | None:
    """Read where metrics are served; None where they are not. Raises `EndpointUnusable`, `ServingRefused`."""
    if settings.metrics_listen is None:
        return None
    try:
        endpoint = read_endpoint(settings.metrics_listen)
    except EndpointUnusable as error:
        raise EndpointUnusable(f"metrics_listen: {error}") from error
    if not (endpoint.is_loopback or settings.tls_cert or settings.insecure_plaintext):
        raise ServingRefused(
            f"metrics_listen: {endpoint} is not loopback: give --tls-cert and --tls-key, or --insecure-plaintext"
        )
    return endpoint


@contextmanager
def _metered(settings: Settings, endpoint: Endpoint | None) -> Iterator["Metering | None"]:
    """Hold what metrics need, where they are on: first of all the port."""
    if endpoint is None:
        yield None
        return
    # Only here: it brings an HTTP server and the library of Prometheus, which a server without metrics need not load.
    from dncd.daemon.metering import open_metering  # noqa: PLC0415 - see above

    metering = open_metering(settings, endpoint)
    try:
        yield metering
    finally:
        metering.close()


def _run(
    order: Order,
    store: Store,
    crew: Crew,
    inbox: "SimpleQueue[Told]",
    announce: Announce,
    metering: "Metering | None",
) -> bool:
    with metering.shown(store, crew) if metering else nullcontext():
        crew.start()
        try:
            came_up = _all_ready(inbox, crew.wanted())
            if came_up is True:
                _announce(order, announce, metering.url if metering else None)
                _until_stopped(inbox)
        finally:
            ended_well = crew.drain()
    _log.info("stopped")
    return came_up is not False and ended_well


def _all_ready(inbox: "SimpleQueue[Told]", workers: int) -> bool | None:
    """Tell whether every worker came up; None where somebody asked to stop before that."""
    for _ in range(workers):
        told = inbox.get()
        if told is Stop.SIGNALLED:
            return None
        if told is News.FAILED:
            _log.error("a worker could not start; the lines before this one say why")
            return False
    return True


def _until_stopped(inbox: "SimpleQueue[Told]") -> None:
    while inbox.get() is not Stop.SIGNALLED:
        pass


def _announce(order: Order, announce: Announce, metrics: str | None) -> None:
    workers, endpoint = order.settings.workers, order.endpoint
    plural = "" if workers == 1 else "s"
    scraped = f", metrics on {metrics}" if metrics else ""
    announce(endpoint, f"dncd serving on {endpoint} with {workers} worker{plural}{scraped}")


@contextmanager
def _owned(settings: Settings) -> Iterator[LmdbStore]:
    try:
        store = LmdbStore.own(settings.store)
    except StorageFull as error:
        raise StoreUnusable(
            f"the disk of {settings.store} is full, and a server cannot start on it. Nothing was lost: make room, at "
            "least 8 bytes for each address that the store knows, and start again"
        ) from error
    try:
        yield store
    finally:
        store.close()


def _inspect_registries(store: Store, settings: Settings) -> None:
    with store.snapshot() as snapshot:
        inspect(snapshot, settings.store / REGISTRIES_FOLDER)


def _has_tokens(store: Store) -> bool:
    with store.snapshot() as snapshot:
        return tokens.tokens_exist(snapshot)


@contextmanager
def _signals(inbox: "SimpleQueue[Told]") -> Iterator[None]:
    """Turn SIGTERM and SIGINT into a word in the inbox."""
    before = {
        number: signal.signal(number, lambda _signal, _frame: inbox.put(Stop.SIGNALLED))
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _housekeeping(store: LmdbStore, settings: Settings, metering: "Metering | None") -> Iterator[None]:
    """Keep house from time to time, on a thread of its own."""
    create_first_accounts(store, now_ms())
    mutations = LastingLog(lambda: CountedLog(store, now_ms, metering.counts) if metering else StoreLog(store, now_ms))
    housekeeper = Housekeeper(store, mutations)
    clock = SteadyClock(store, now_ms, time.monotonic)
    stopping = threading.Event()

    def rounds() -> None:
        while not stopping.wait(settings.housekeeping_seconds):
            keep_house(housekeeper.keep, store.reader_check, clock.now_ms)

    thread = threading.Thread(target=rounds, name="housekeeping")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        mutations.stop()


def keep_house(
    housekeep: Callable[[int], object], reader_check: Callable[[], object], now_ms: Callable[[], int]
) -> None:
    """Do one round. A round that fails is logged and tried again at the next: no answer depends on it."""
    began = time.monotonic()
    try:
        reader_check()
        housekeep(now_ms())
    except Exception as error:  # noqa: BLE001 - a bug in housekeeping must not stop the server
        _log.error("housekeeping failed; it is tried again\n%s", trace_without_values(error))
    else:
        _log.debug("housekeeping took %.3f s", time.monotonic() - began)
