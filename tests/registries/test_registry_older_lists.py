"""A list that is older than the one in force takes a person's reason, as one that shrank does."""

from datetime import date

import pytest

from dncd import events, journal, registries
from dncd.nouns import Role
from dncd.storage.memory import MemoryStore
from registries.operating import HELD, IN_FORCE, READY, RETIRED, Operator

NEW, OLD = "2025-06-10", "2025-06-01"
PHONES = range(14155550100, 14155550110)


@pytest.fixture
def newer(operator: Operator) -> str:
    operator.create("us", "+1")
    return str(operator.list_numbers("us", *PHONES, list_date=NEW).id)


def test_an_older_list_is_held_and_told_why(operator: Operator, newer: str) -> None:
    older = operator.list_numbers("us", *PHONES, list_date=OLD)

    refused = operator.refused("ActivateSnapshot", registry="us", snapshot=older.id)

    assert older.state == HELD
    assert operator.states("us") == {newer: IN_FORCE, older.id: HELD}
    assert refused.reason == "ERROR_REASON_SNAPSHOT_HELD"
    assert f"it is of {OLD}, and the list in force is of {NEW}" in refused.message
    figures = refused.info.metadata
    assert (figures["list_date"], figures["list_date_before"]) == (OLD, NEW)


def test_an_older_list_comes_in_force_with_a_reason(operator: Operator, newer: str) -> None:
    older = operator.list_numbers("us", *PHONES, list_date=OLD)

    operator.activate("us", older.id, reason="the newer one was of another register")

    assert operator.states("us") == {newer: RETIRED, older.id: IN_FORCE}


def test_what_was_newer_when_it_came_takes_a_reason_when_it_no_longer_is(operator: Operator) -> None:
    operator.create("us", "+1")
    first = operator.list_numbers("us", *PHONES, list_date=OLD, activate=False)
    second = operator.list_numbers("us", *PHONES, list_date=NEW)

    refused = operator.refused("ActivateSnapshot", registry="us", snapshot=first.id)

    assert (first.state, second.state) == (READY, IN_FORCE)
    assert refused.reason == "ERROR_REASON_SNAPSHOT_HELD"


def test_a_list_of_the_same_day_needs_no_reason(operator: Operator, newer: str) -> None:
    again = operator.list_numbers("us", *PHONES, list_date=NEW)

    assert operator.states("us") == {newer: RETIRED, again.id: IN_FORCE}


def snapshot(name: str, day: date) -> events.Snapshot:
    return events.Snapshot("us", name, "numbers", day, (), lines=10, rejects=0, numbers=10)


def test_journals_from_before_older_lists_were_held_give_what_they_gave() -> None:
    store = MemoryStore()
    told: list[events.Change] = [
        events.RegistryCreated(events.Registry("us", ("+1",))),
        events.SnapshotImported(snapshot("new", date(2025, 6, 10))),
        events.SnapshotActivated("us", "new"),
        events.SnapshotImported(snapshot("old", date(2025, 6, 1))),
        events.SnapshotActivated("us", "old"),
    ]

    with store.transaction() as txn:
        for change in told:
            journal.accept(txn, events.Draft(0, "operator", Role.SERVER, change), 1_750_000_000_000)

    with store.snapshot() as now:
        assert registries.find(now, "us")[1] == "old"
