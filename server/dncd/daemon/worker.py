"""A worker: one process that attaches to the store and serves the shared port. Started by the supervisor alone.

It is told its `Order` in one line on stdin and says `ready` on stdout. The line `drain`, or SIGTERM, ends it in order.
The end of stdin means that the supervisor is dead: then it ends at once, so that it never serves unattended. What it
had not acknowledged is all or nothing in the store.
"""

import faulthandler
import gc
import logging
import os
import signal
import sys
import threading
from enum import Enum
from queue import SimpleQueue
from typing import TextIO

from dncd.app import build_app
from dncd.daemon.ambient import log_to_stderr, new_id, now_ms
from dncd.daemon.certificates import tls_of
from dncd.daemon.order import DRAIN, READY, Order
from dncd.daemon.sheets import counts_on
from dncd.storage.lmdb import LmdbStore
from dncd.transport.auth import authenticator
from dncd.transport.counting import layout
from dncd.transport.server import Server

_log = logging.getLogger(__name__)


class Ending(Enum):
    """Why a worker ends."""

    DRAINED = "drained"
    ORPHANED = "orphaned"
    FAILED = "failed"


def main() -> None:
    """Serve until told to stop; the exit code is 0 after a drain, and 1 where the worker failed."""
    faulthandler.enable()
    told = _only_stderr_is_for_words()
    # Ctrl-C goes to the whole process group; the supervisor alone answers it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = sys.stdin.readline()
    if not line:
        # The supervisor ended before it had an order, and said why.
        return
    order = Order.model_validate_json(line)
    log_to_stderr(order.settings.log_level)
    endings: SimpleQueue[Ending] = SimpleQueue()
    signal.signal(signal.SIGTERM, lambda _signal, _frame: endings.put(Ending.DRAINED))
    threading.Thread(target=_listen_to_supervisor, args=(endings,), name="supervisor", daemon=True).start()
    serve(order, endings, told)


def serve(order: Order, endings: "SimpleQueue[Ending]", told: TextIO) -> None:
    """Serve until an ending comes. Raises `SystemExit` where it is a failure, for the supervisor to start another."""
    settings = order.settings
    store = LmdbStore.attach(settings.store, create=False)
    counts = None if order.counts_file is None else counts_on(order.counts_file, layout())
    app = build_app(store, now_ms, new_id, settings, counts)
    authenticate = authenticator(store, now_ms, open_allowed=order.endpoint.is_loopback)
    server = Server(app.rpcs, authenticate, new_id, counts)
    server.bind(str(order.endpoint), tls_of(settings))
    app.start(on_writer_death=lambda: endings.put(Ending.FAILED))
    _spare_the_collector()
    _take_short_turns()
    server.start()
    print(READY, file=told, flush=True)
    ending = endings.get()
    if ending is Ending.ORPHANED:
        _log.error("the supervisor is gone; this worker ends")
        os._exit(1)
    server.drain(notice_s=settings.drain_notice_seconds, grace_s=settings.drain_grace_seconds)
    app.stop()
    store.close()
    if ending is Ending.FAILED:
        _log.error("this worker cannot go on; it ends")
        sys.exit(1)


def _spare_the_collector() -> None:
    """Keep what was loaded out of every later collection, and collect less often: a batch makes thousands of tuples.

    Nothing here makes cycles by the call, so waiting costs no memory; it saves a sixth of the time of large changes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def _take_short_turns() -> None:
    """Let threads hand the interpreter on after 0.5 ms, not 5: a check waits for one turn of each busy thread."""
    sys.setswitchinterval(0.0005)


def _listen_to_supervisor(endings: "SimpleQueue[Ending]") -> None:
    line = sys.stdin.readline()
    endings.put(Ending.DRAINED if line.strip() == DRAIN else Ending.ORPHANED)


def _only_stderr_is_for_words() -> TextIO:
    """Keep stdout for the supervisor: nobody reads what a library might print there, and a full pipe blocks."""
    told = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return told


if __name__ == "__main__":
    main()
