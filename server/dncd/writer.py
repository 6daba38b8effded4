"""The writer: one thread that takes all waiting changes into one commit, so that they share its fsync."""

import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import islice

from dncd import journal, limits
from dncd.errors import DncError, Overloaded, ShuttingDown, StorageFull, StoreCorrupt
from dncd.events import Draft
from dncd.journal import Head, JournalRow, Written
from dncd.storage.contract import Store, Transaction

log = logging.getLogger(__name__)
Waiting = tuple[Draft, "Future[Written]"]


class StoreLog:
    """The mutation log that lives in the store itself.

    `append` may be called from any thread. Changes of one commit are applied in the order of arrival; one that is
    refused leaves the others alone.
    """

    def __init__(self, store: Store, now_ms: Callable[[], int]) -> None:
        """Build a log over a store with a clock in milliseconds since 1970 UTC; `start` it before use."""
        self._store = store
        self._now_ms = now_ms
        self._waiting: deque[Waiting] = deque()
        self._wake = threading.Condition()
        self._stopping = False
        self._previews = threading.Semaphore(limits.PREVIEWS_RUNNING_MAX)
        self._thread = threading.Thread(target=self._run, name="writer")
        self._on_death: Callable[[], object] = lambda: None

    def start(self, on_death: Callable[[], object] = lambda: None) -> None:
        """Start the writer thread. It calls `on_death` where it ends without having been stopped."""
        self._on_death = on_death
        self._thread.start()

    def stop(self) -> None:
        """Commit what waits, refuse what comes later, and end the thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    def append(self, draft: Draft) -> Written:
        """Accept a change; return when it is durable. Raises its `DncError`, `Overloaded` or `ShuttingDown`."""
        answer: Future[Written] = Future()
        with self._wake:
            if self._stopping:
                raise _stopping()
            if len(self._waiting) >= limits.CHANGES_WAITING_MAX:
                raise Overloaded("too many changes wait to be written; nothing was changed, try again")
            self._waiting.append((draft, answer))
            self._wake.notify()
        return answer.result()

    def preview(self, draft: Draft) -> Written:
        """Tell what a change would do, and undo it. Raises its `DncError`, or `Overloaded` while others run.

        It takes the one write lock of the store, so callers in turn must not keep the changes from it.
        """
        if not self._previews.acquire(blocking=False):
            raise Overloaded("another preview runs; nothing was changed, try again")
        try:
            with self._store.transaction() as txn:
                raise _Previewed(journal.accept(txn, draft, self._now_ms()))
        except _Previewed as previewed:
            return previewed.written
        finally:
            self._previews.release()

    def read_from(self, position: int) -> Iterator[JournalRow]:
        """Yield the rows behind a position, in order, up to the head at the time of the call."""
        with self._store.snapshot() as snapshot:
            yield from journal.read_from(snapshot, position)

    def head(self) -> Head:
        """Return the end of the log."""
        with self._store.snapshot() as snapshot:
            return journal.head(snapshot)

    def _run(self) -> None:
        batch: list[Waiting] = []
        try:
            while batch := self._next_batch():
                self._commit(batch)
        except BaseException as error:  # noqa: BLE001 - whatever ends the thread, nobody may wait for it any more
            self._die(batch, error)

    def _die(self, taken: list[Waiting], error: BaseException) -> None:
        """Refuse all that waits and all that comes; of those taken into a commit nobody knows what became of them."""
        with self._wake:
            self._stopping = True
            waiting = list(self._waiting)
            self._waiting.clear()
        # No message: it may hold an address.
        trace = "".join(traceback.format_tb(error.__traceback__))
        log.critical("the writer ended with %s; no change is taken any more\n%s", type(error).__name__, trace)
        try:
            # Before the callers hear of it, so that none of them meets a log that nobody knows to be dead.
            self._on_death()
        finally:
            _refuse_all(taken, waiting)

    def _next_batch(self) -> list[Waiting]:
        with self._wake:
            while not self._waiting and not self._stopping:
                self._wake.wait()
            count = min(len(self._waiting), limits.COMMIT_CHANGES_MAX)
            batch = list(islice(self._waiting, count))
            # Taken off only now: were building the list to fail, nobody in it would be forgotten.
            for _ in batch:
                self._waiting.popleft()
            return batch

    def _commit(self, batch: list[Waiting]) -> None:
        """Commit a batch and answer; where the commit itself fails, nothing was changed, and each is tried alone."""
        answers: list[Written | Exception]
        try:
            with self._store.transaction() as txn:
                answers = [self._accept(txn, draft) for draft, _ in batch]
        except Exception as error:  # noqa: BLE001 - whatever it is, the callers must hear of it, and the thread live on
            if len(batch) > 1:
                self._commit_one_by_one(batch)
                return
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if isinstance(answer, Written):
                future.set_result(answer)
            else:
                future.set_exception(answer)

    def _commit_one_by_one(self, batch: list[Waiting]) -> None:
        """Find the change that breaks a commit, so that its neighbours do not suffer: on a full disk a large one."""
        log.warning("a commit of %d changes failed; committing them one by one", len(batch))
        for waiting in batch:
            self._commit([waiting])

    def _accept(self, txn: Transaction, draft: Draft) -> Written | DncError:
        try:
            return journal.accept(txn, draft, self._now_ms())
        except (StorageFull, StoreCorrupt):
            raise  # it may have come after a write, so it must undo the whole commit
        except DncError as refused:
            return refused


def _refuse_all(taken: list[Waiting], waiting: list[Waiting]) -> None:
    for _, future in taken:
        if not future.done():
            future.set_exception(
                ShuttingDown("the server is stopping amid this change; try again with the same request_id")
            )
    for _, future in waiting:
        future.set_exception(_stopping())


def _stopping() -> ShuttingDown:
    return ShuttingDown("the server is stopping; nothing was changed, try again")


class _Previewed(Exception):
    def __init__(self, written: Written) -> None:
        super().__init__()
        self.written = written
