"""The composition root: builds everything over one store, and owns start and stop."""

import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from dncd import accounts
from dncd.addresses.numbering import plans
from dncd.administration import create_first_accounts
from dncd.catalog import Catalogs
from dncd.config import REGISTRIES_FOLDER, Settings
from dncd.counted_log import CountedLog
from dncd.housekeeping import Housekeeper
from dncd.metrics import Counts
from dncd.registry.shelf import Shelf
from dncd.rulebook import Rulebook, read_rulebook
from dncd.storage.contract import Store
from dncd.terms import Terms
from dncd.texts import Classifier, load_classifier
from dncd.transport.attempt_service import AttemptHandlers
from dncd.transport.changes import Changes
from dncd.transport.check_service import CheckHandlers
from dncd.transport.consent_handlers import RecordedConsentHandlers
from dncd.transport.consent_service import ConsentHandlers
from dncd.transport.counting import CountedDecider
from dncd.transport.deciding import Decider
from dncd.transport.entry_service import EntryHandlers
from dncd.transport.explain_handlers import ExplainHandlers
from dncd.transport.journal_service import JournalHandlers
from dncd.transport.label_handlers import LabelHandlers
from dncd.transport.message_handlers import MessageHandlers
from dncd.transport.permission_handlers import PermissionHandlers
from dncd.transport.policy_service import PolicyHandlers
from dncd.transport.preview_handlers import PreviewHandlers
from dncd.transport.region_handlers import RegionHandlers
from dncd.transport.registry_service import RegistryHandlers
from dncd.transport.row_checks import RowChecks
from dncd.transport.rpc import Rpc
from dncd.transport.uploads import UploadHandlers
from dncd.writer import StoreLog


class App:
    """Everything that one process needs to answer calls over a store."""

    def __init__(
        self,
        store: Store,
        registries: Path,
        now_ms: Callable[[], int],
        monotonic_s: Callable[[], float],
        new_id: Callable[[], str],
        book: Rulebook,
        classifier: Callable[[], Classifier],
        counts: Counts | None = None,
    ) -> None:
        self._store = store
        self._log = StoreLog(store, now_ms) if counts is None else CountedLog(store, now_ms, counts)
        changes = Changes(store, self._log, now_ms)
        shelf = Shelf(registries)
        self._catalogs = Catalogs(shelf, book)
        decider = Decider(store, self._catalogs, now_ms)
        if counts is not None:
            decider = CountedDecider(store, self._catalogs, now_ms, counts)
        handlers = (
            CheckHandlers(decider),
            AttemptHandlers(decider, self._log, now_ms),
            PreviewHandlers(decider),
            ExplainHandlers(decider),
            EntryHandlers(changes),
            LabelHandlers(changes),
            ConsentHandlers(changes, RowChecks(decider)),
            RecordedConsentHandlers(changes, Terms(book.packs.values(), book.places)),
            MessageHandlers(changes, classifier),
            PermissionHandlers(changes, RowChecks(decider)),
            PolicyHandlers(changes, book),
            RegionHandlers(changes, book),
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
        """Tidy away what nothing depends on any more."""
        Housekeeper(self._store, self._log).keep(now_ms)


def build_app(
    store: Store,
    now_ms: Callable[[], int],
    new_id: Callable[[], str],
    settings: Settings,
    counts: Counts | None = None,
) -> App:
    """Build an app; a new store gets the accounts `default` and `operator` first.

    Reads the numbering plans and the rule book, which takes 0.3 s; the vocabulary of messages with the first of them.
    With `counts`, decisions and changes are counted there.
    """
    plans()
    create_first_accounts(store, now_ms())
    registries = settings.store / REGISTRIES_FOLDER
    return App(store, registries, now_ms, time.monotonic, new_id, read_rulebook(), cache(load_classifier), counts)
