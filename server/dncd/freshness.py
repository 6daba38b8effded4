"""Snapshots that are fresh enough: read-your-writes for callers that name a revision."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from dncd import journal, limits
from dncd.errors import RevisionNotYetHere, RevisionOfAnotherStore
from dncd.storage.contract import Snapshot, Store

_POLL_MS = 1


def wait_for(store: Store, position: int, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until the journal has a position; raises `RevisionNotYetHere` after 50 ms, never settling for older."""
    for _ in range(limits.FRESHNESS_WAIT_MS_MAX // _POLL_MS):
        with store.snapshot() as snapshot:
            if journal.head(snapshot).position >= position:
                return
        sleep(_POLL_MS / 1000)
    raise RevisionNotYetHere("the revision is not here yet; try again")


@contextmanager
def fresh_snapshot(store: Store, store_id: str, position: int) -> Iterator[Snapshot]:
    """Open a snapshot that is at least as fresh as a revision.

    Raises `RevisionOfAnotherStore` or `RevisionNotYetHere`.
    """
    if store_id != store.id:
        raise RevisionOfAnotherStore("the revision was given by another store, or by this one before it was restored")
    wait_for(store, position)
    with store.snapshot() as snapshot:
        yield snapshot
