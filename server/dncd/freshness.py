"""Snapshots that are fresh enough: read-your-writes for callers that name a revision."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Semaphore

from dncd import journal, limits
from dncd.errors import RevisionNotYetHere, RevisionOfAnotherStore
from dncd.storage.contract import Snapshot, Store

_POLL_MS = 1


def wait_for(store: Store, position: int, waiters: Semaphore, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until the journal has a position; raises `RevisionNotYetHere` after 50 ms, never settling for older.

    `waiters` has the places for those that wait. Without a place it raises at once: who waits holds a thread of the
    checks, and callers who name revisions that never come must not hold them all.
    """
    if _is_here(store, position):
        return
    if not waiters.acquire(blocking=False):
        raise RevisionNotYetHere("the revision is not here yet, and others wait for theirs; try again")
    try:
        for _ in range(limits.FRESHNESS_WAIT_MS_MAX // _POLL_MS):
            sleep(_POLL_MS / 1000)
            if _is_here(store, position):
                return
    finally:
        waiters.release()
    raise RevisionNotYetHere("the revision is not here yet; try again")


def _is_here(store: Store, position: int) -> bool:
    with store.snapshot() as snapshot:
        return journal.head(snapshot).position >= position


@contextmanager
def fresh_snapshot(store: Store, store_id: str, position: int, waiters: Semaphore) -> Iterator[Snapshot]:
    """Open a snapshot that is at least as fresh as a revision.

    Raises `RevisionOfAnotherStore` or `RevisionNotYetHere`.
    """
    if store_id != store.id:
        raise RevisionOfAnotherStore("the revision was given by another store, or by this one before it was restored")
    wait_for(store, position, waiters)
    with store.snapshot() as snapshot:
        yield snapshot
