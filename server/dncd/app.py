"""The composition root: builds everything over one store, and owns start and stop."""

import time
from collections.abc import Callable
from pathlib import Path

from dncd import accounts, entries, journal, limits, requests
from dncd.addresses.numbering import plans
from dncd.administration import create_account
from dncd.catalog import Catalogs
from dncd.config import Settings
from dncd.events import Draft, EntriesExpired, RequestsPruned
from dncd.nouns import Role
from dncd.registry.shelf import Shelf
from dncd.storage.contract import Store
from dncd.transport.changes import Changes
from dncd.transport.check_service import CheckHandlers
from dncd.transport.consent_service import ConsentHandlers
from dncd.transport.entry_service import EntryHandlers
from dncd.transport.journal_service import JournalHandlers
from dncd.transport.label_handlers import LabelHandlers
from dncd.transport.policy_service import PolicyHandlers
from dncd.transport.registry_service import RegistryHandlers
from dncd.transport.rpc import Rpc
from dncd.transport.uploads import UploadHandlers
from dncd.writer import StoreLog

_DAY_MS = 86_400_000
_HOUSEKEEPER = "dncd"
_FIRST_ACCOUNTS = (accounts.DEFAULT_NAME, accounts.OPERATOR_NAME)
# The folder of the snapshots, inside the store's.
REGISTRIES = "registries"


class App:
    """Everything that one process needs to answer calls over a store."""

    def __init__(
        self,
        store: Store,
        registries: Path,
        now_ms: Callable[[], int],
        monotonic_s: Callable[[], float],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._log = StoreLog(store, now_ms)
        changes = Changes(store, self._log, now_ms)
        shelf = Shelf(registries)
        self._catalogs = Catalogs(shelf)
        handlers = (
            CheckHandlers(store, self._catalogs, now_ms),
            EntryHandlers(changes),
            LabelHandlers(changes),
            ConsentHandlers(changes),
            PolicyHandlers(changes),
            RegistryHandlers(changes, shelf),
            UploadHandlers(changes, shelf, new_id),
            JournalHandlers(store, monotonic_s),
        )
        self.rpcs: list[Rpc] = [rpc for part in handlers for rpc in part.rpcs()]

    def start(self, on_writer_death: Callable[[], object] = lambda: None) -> None:
        """Start what runs beside the calls, and open the registries, so that the first check finds them open.

        `on_writer_death` is called where the writer ends unexpectedly: no change is taken any more.
        """
        self._log.start(on_writer_death)
        with self._store.snapshot() as snapshot:
            for account in list(accounts.scan(snapshot)):
                self._catalogs.at(snapshot, account.id)

    def stop(self) -> None:
        """Stop in order: what was accepted is committed first."""
        self._log.stop()

    def housekeep(self, now_ms: int) -> None:
        """Tidy away entries that have ended and request ids that are old, a bounded number at a time."""
        with self._store.snapshot() as snapshot:
            # A clock that ran far ahead must not tidy away what has not ended.
            cutoff_ms = min(now_ms, journal.head(snapshot).time_ms + _DAY_MS)
            known = list(accounts.scan(snapshot))
            expired = [account for account in known if entries.scan_expired(snapshot, account.id, cutoff_ms, 1)]
            prune = _prune_due(self._store, now_ms)
        for account in expired:
            change = EntriesExpired(cutoff_ms, limits.EXPIRED_ENTRIES_PER_EVENT_MAX)
            self._log.append(Draft(account.id, _HOUSEKEEPER, Role.SERVER, change))
        if prune:
            cutoff_ms = now_ms - limits.REQUEST_ID_DAYS * _DAY_MS
            change_back = RequestsPruned(cutoff_ms, limits.PRUNED_REQUESTS_PER_EVENT_MAX)
            self._log.append(Draft(accounts.SERVER_ID, _HOUSEKEEPER, Role.SERVER, change_back))


def build_app(store: Store, now_ms: Callable[[], int], new_id: Callable[[], str], settings: Settings) -> App:
    """Build an app; a new store gets the accounts `default` and `operator` first.

    Reads the numbering plans, which takes 0.2 s.
    """
    plans()
    with store.snapshot() as snapshot:
        missing = [name for name in _FIRST_ACCOUNTS if accounts.find(snapshot, name) is None]
    for name in missing:
        create_account(store, now_ms(), name, "")
    return App(store, settings.store / REGISTRIES, now_ms, time.monotonic, new_id)


def _prune_due(store: Store, now_ms: int) -> bool:
    """Tell whether the oldest request that is remembered is old enough to be forgotten, a day's worth at a time."""
    with store.snapshot() as snapshot:
        oldest = requests.pruned_to(snapshot) + 1
        if oldest > journal.head(snapshot).position:
            return False
        return journal.find(snapshot, oldest).event().time_ms < now_ms - (limits.REQUEST_ID_DAYS + 1) * _DAY_MS
