"""The mutation log with its events and commits counted, for the operator's metrics."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from dncd import attempt_log, journal
from dncd.events import ATTEMPT_CHANGES, Draft
from dncd.journal import Written
from dncd.metrics import Counts
from dncd.storage.contract import Snapshot, Store, Transaction
from dncd.writer import StoreLog


class CountedLog(StoreLog):
    """A log that counts what it writes, and what waits for it."""

    def __init__(self, store: Store, now_ms: Callable[[], int], counts: Counts) -> None:
        super().__init__(_CountedStore(store, counts), now_ms)
        self._counts = counts

    def append(self, draft: Draft) -> Written:
        """Accept a change, and count it where it is new: a retry that replays its first answer writes nothing."""
        end = self._end(draft) if draft.request_id else 0
        self._counts.wait_changed(1)
        try:
            written = super().append(draft)
        finally:
            self._counts.wait_changed(-1)
        if written.position > end:
            self._counts.written(type(draft.change))
        return written

    def _end(self, draft: Draft) -> int:
        """Return the last position, before the change, of the stream that it goes to."""
        with self._store.snapshot() as snapshot:
            if isinstance(draft.change, ATTEMPT_CHANGES):
                return attempt_log.head(snapshot).position
            return journal.head(snapshot).position


class _CountedStore:
    """A store whose commits are counted."""

    def __init__(self, store: Store, counts: Counts) -> None:
        self._store = store
        self._counts = counts

    @property
    def id(self) -> str:
        return self._store.id

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        return self._store.snapshot()

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._store.transaction() as txn:
            yield txn
        self._counts.committed()

    def close(self) -> None:
        self._store.close()
