"""Housekeeping: tidying away what nothing depends on any more, a bounded amount at a time."""

import logging
import threading
from collections.abc import Callable

from dncd import accounts, attempt_log, entries, journal, limits, requests
from dncd.events import AttemptsPruned, Draft, EntriesExpired, RequestsPruned
from dncd.journal import Written
from dncd.nouns import Role
from dncd.storage.contract import Store
from dncd.writer import StoreLog

_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000
_ACTOR = "dncd"

_log = logging.getLogger(__name__)


class SteadyClock:
    """Tells a time that a jump of the machine's clock cannot move forward, for what must not be forgotten too early.

    It begins at the newest event of the store and goes on with the monotonic clock: so it may lag, never lead. An event
    under a clock that ran ahead, from before this process began, is what it cannot know of.
    """

    def __init__(self, store: Store, now_ms: Callable[[], int], monotonic_s: Callable[[], float]) -> None:
        self._now_ms = now_ms
        self._monotonic_s = monotonic_s
        with store.snapshot() as snapshot:
            self._begin_ms = max(journal.head(snapshot).time_ms, attempt_log.head(snapshot).time_ms)
        self._begin_s = monotonic_s()

    def now_ms(self) -> int:
        """Return the time in milliseconds since 1970 UTC: the machine's, or what has surely passed if that is less."""
        return min(self._now_ms(), self._begin_ms + int((self._monotonic_s() - self._begin_s) * 1000))


class Housekeeper:
    """Keeps one store tidy; each step is an event of its log."""

    def __init__(self, store: Store, log: "StoreLog | LastingLog") -> None:
        self._store = store
        self._log = log

    def keep(self, now_ms: int) -> None:
        """Tidy away entries that have ended, and old request ids and attempts, a bounded number at a time.

        `now_ms` must be a time that has surely come, such as that of a `SteadyClock`.
        """
        with self._store.snapshot() as snapshot:
            cutoff_ms = now_ms
            known = list(accounts.scan(snapshot))
            expired = [account for account in known if entries.scan_expired(snapshot, account.id, cutoff_ms, 1)]
            prune = _prune_due(self._store, now_ms)
        for account in expired:
            change = EntriesExpired(cutoff_ms, limits.EXPIRED_ENTRIES_PER_EVENT_MAX)
            self._log.append(Draft(account.id, _ACTOR, Role.SERVER, change))
        if prune:
            cutoff_ms = now_ms - limits.REQUEST_ID_DAYS * _DAY_MS
            change_back = RequestsPruned(cutoff_ms, limits.PRUNED_REQUESTS_PER_EVENT_MAX)
            self._log.append(Draft(accounts.SERVER_ID, _ACTOR, Role.SERVER, change_back))
        self._prune_attempts(now_ms)

    def _prune_attempts(self, now_ms: int) -> None:
        """Forget attempts that no window needs, in events so small that no other change waits long for them."""
        cutoff_ms = now_ms - (limits.ATTEMPT_WINDOW_HOURS_MAX + 1) * _HOUR_MS
        change = AttemptsPruned(cutoff_ms, limits.PRUNED_ATTEMPTS_PER_EVENT_MAX)
        for _ in range(limits.PRUNED_ATTEMPT_EVENTS_PER_ROUND_MAX):
            if not _attempts_due(self._store, cutoff_ms):
                break
            self._log.append(Draft(accounts.SERVER_ID, _ACTOR, Role.SERVER, change))


class LastingLog:
    """A mutation log for housekeeping, which begins a new one where the writer of the last one has ended.

    Checks do not depend on housekeeping, so its writer must not end the server; and what is never tidied away fills
    the disk, so its end must not go unheard either.
    """

    def __init__(self, begin: Callable[[], StoreLog]) -> None:
        """Begin the first log; `begin` builds one that was not started."""
        self._begin = begin
        self._ended = threading.Event()
        self._log = self._started()

    def append(self, draft: Draft) -> Written:
        """Accept a change as `StoreLog.append` does; on a new log where the last one has ended."""
        if self._ended.is_set():
            _log.error("the writer of housekeeping had ended; another one starts")
            self._ended.clear()
            self._log = self._started()
        return self._log.append(draft)

    def stop(self) -> None:
        """Stop the log that is in use."""
        self._log.stop()

    def _started(self) -> StoreLog:
        log = self._begin()
        log.start(on_death=self._ended.set)
        return log


def _prune_due(store: Store, now_ms: int) -> bool:
    """Tell whether the oldest request that is remembered is old enough to be forgotten, a day's worth at a time."""
    with store.snapshot() as snapshot:
        oldest = requests.pruned_to(snapshot) + 1
        if oldest > journal.head(snapshot).position:
            return False
        return journal.find(snapshot, oldest).event().time_ms < now_ms - (limits.REQUEST_ID_DAYS + 1) * _DAY_MS


def _attempts_due(store: Store, cutoff_ms: int) -> bool:
    with store.snapshot() as snapshot:
        oldest_ms = attempt_log.oldest_ms(snapshot)
    return oldest_ms is not None and oldest_ms <= cutoff_ms
