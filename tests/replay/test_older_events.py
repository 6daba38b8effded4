"""What older versions took and this one refuses: their events say less, and do what they did."""

import pytest

from dncd import journal, labels
from dncd.administration import create_account
from dncd.encoding import encode
from dncd.errors import LabelExists, LabelNarrowed
from dncd.events import (
    AddedEntry,
    Change,
    Draft,
    EntriesAdded,
    EntriesRemoved,
    Event,
    Evidence,
    Label,
    LabelCreated,
    LabelUpdated,
    RemovedEntry,
)
from dncd.nouns import EVERY_CHANNEL, Channel, EntryReason, RemovalReason, Role, Source
from dncd.storage.memory import MemoryStore
from dncd.transport import fields

NOW_MS, ACCOUNT = 1_760_000_000_000, 1
TWIN = Label("Do-Not-Contact", EVERY_CHANNEL)
CALLS = frozenset({Channel.VOICE})


@pytest.fixture(name="store")
def with_an_entry_under_an_own_label() -> MemoryStore:
    store = MemoryStore()
    create_account(store, NOW_MS, "acme", "US")
    accept(store, LabelCreated(Label("sales", EVERY_CHANNEL)))
    target = fields.target("+14155550123", "US")
    accept(store, EntriesAdded([AddedEntry(target, "sales", Source.AGENT, EntryReason.REQUESTED_BY_PERSON)]))
    return store


def accept(store: MemoryStore, change: Change) -> None:
    with store.transaction() as txn:
        journal.accept(txn, Draft(ACCOUNT, "kim", Role.ADMIN, change), NOW_MS)


def test_a_twin_of_a_label_that_an_old_journal_holds_is_created(store: MemoryStore) -> None:
    accept(store, LabelCreated(TWIN))

    with store.snapshot() as snapshot:
        assert labels.find(snapshot, ACCOUNT, TWIN.name) == TWIN


def test_a_label_that_an_old_journal_narrowed_without_a_word_is_narrowed(store: MemoryStore) -> None:
    accept(store, LabelUpdated(Label("sales", CALLS)))

    with store.snapshot() as snapshot:
        assert labels.find(snapshot, ACCOUNT, "sales").channels == CALLS


def test_blanks_that_an_old_journal_took_for_evidence_still_lifted_the_entry(store: MemoryStore) -> None:
    gone = [RemovedEntry(fields.target("+14155550123", "US"), "sales")]

    accept(store, EntriesRemoved(gone, RemovalReason.CONSENT_RENEWED, "", Evidence(call_id=" ")))

    with store.snapshot() as snapshot:
        assert labels.count_entries(snapshot, ACCOUNT, labels.find_id(snapshot, ACCOUNT, "sales")) == 0


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (LabelCreated(TWIN, names_apart=True), LabelExists),
        (LabelUpdated(Label("sales", CALLS), narrowing_held=True), LabelNarrowed),
    ],
)
def test_new_events_ask_for_more(store: MemoryStore, change: Change, refusal: type[Exception]) -> None:
    with pytest.raises(refusal):
        accept(store, change)


def test_what_new_events_ask_for_stands_in_them() -> None:
    for change, added in (
        (LabelCreated(TWIN), LabelCreated(TWIN, names_apart=True)),
        (LabelUpdated(TWIN), LabelUpdated(TWIN, "why", narrowing_held=True)),
    ):
        old, new = (
            encode(Event(1, NOW_MS, Draft(ACCOUNT, "kim", Role.ADMIN, each)), b"\1") for each in (change, added)
        )
        assert len(old) < len(new)
