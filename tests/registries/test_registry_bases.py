"""No list takes the place of one whose changes it lacks, nor of a newer part, without a person's reason."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from dncd import events, journal, registries
from dncd.holds import held_because
from dncd.nouns import Role, SnapshotState
from dncd.storage.memory import MemoryStore
from registries.operating import ALLOW, BLOCK, HELD, IN_FORCE, READY, RETIRED, Operator, apply_policy, require, verdicts
from registry_reading import zipped
from serving import Served

BASE_DAY = "2025-06-01"
BASE = zipped(("2025-6-1_415_1.txt", b"415,5550100\n"), ("2025-6-1_510_1.txt", b"510,5550100\n"))
WEST, EAST = 14155550200, 15105550200


@pytest.fixture
def base(server: Served, operator: Operator) -> str:
    operator.create("us", "+1")
    apply_policy(server.api(), require("us"))
    return full(operator, BASE).id  # type: ignore[no-any-return]  # messages are untyped here


def full(operator: Operator, body: bytes) -> Any:
    return operator.upload("us", body, format="ftc", file_name="full.zip", list_date="").snapshot


def change(operator: Operator, body: bytes, name: str, **said: Any) -> Any:
    fields = {"format": "ftc-change", "list_date": "", "changes_since": BASE_DAY, **said}
    return operator.upload("us", body, file_name=name, **fields).snapshot


def west(operator: Operator, **said: Any) -> Any:
    return change(operator, b"415,5550200,A\n", "2025-6-14_415_c.txt", **said)


def east(operator: Operator, **said: Any) -> Any:
    return change(operator, b"510,5550200,A\n", "2025-6-14_510_c.txt", **said)


def test_changes_to_a_list_that_is_not_in_force_any_more_are_held(
    server: Served, operator: Operator, base: str
) -> None:
    first, second = west(operator, activate=False), east(operator)

    refused = operator.refused("ActivateSnapshot", registry="us", snapshot=first.id)

    assert (first.state, second.state, first.previous, second.previous) == (READY, IN_FORCE, base, base)
    assert refused.reason == "ERROR_REASON_SNAPSHOT_HELD"
    assert "import the changes again" in refused.message
    assert (refused.info.metadata["changes_of"], refused.info.metadata["in_force"]) == (base, second.id)
    assert verdicts(server.api(), EAST) == [BLOCK]


def test_changes_that_are_imported_again_come_on_top_of_the_others(
    server: Served, operator: Operator, base: str
) -> None:
    assert base
    west(operator, activate=False)
    east(operator)

    again = west(operator)

    assert again.state == IN_FORCE
    assert verdicts(server.api(), WEST, EAST, 14155550100) == [BLOCK, BLOCK, BLOCK]


def test_changes_to_another_list_come_in_force_with_a_reason(operator: Operator, base: str) -> None:
    first, second = west(operator, activate=False), east(operator)

    operator.activate("us", first.id, reason="the others were of another registry")

    assert operator.states("us") == {base: RETIRED, second.id: RETIRED, first.id: IN_FORCE}


@pytest.mark.parametrize("blank", [" ", "\t\n", "\u200b", "\u00a0\u2060"])
def test_a_reason_that_says_nothing_confirms_no_held_list(operator: Operator, base: str, blank: str) -> None:
    assert base
    first, second = west(operator, activate=False), east(operator)

    refused = operator.refused("ActivateSnapshot", registry="us", snapshot=first.id, reason=blank)

    assert refused.reason == "ERROR_REASON_SNAPSHOT_HELD"
    assert operator.states("us")[second.id] == IN_FORCE


def listed(name: str, previous: str = "") -> events.Snapshot:
    return events.Snapshot("us", name, "ftc", date(2025, 6, 1), (), lines=9, rejects=0, numbers=9, previous=previous)


def kept(*told: events.Change) -> dict[str, SnapshotState]:
    """Tell a store of registries of lists; give the state of each."""
    store = MemoryStore()
    with store.transaction() as txn:
        for change in (events.RegistryCreated(events.Registry("us", ("+1",))), *told):
            journal.accept(txn, events.Draft(0, "operator", Role.SERVER, change), 1_750_000_000_000)
    with store.snapshot() as now:
        return {each.snapshot.id: each.state for each in registries.scan_snapshots(now, "us")}


def test_of_two_changes_to_one_list_that_are_imported_at_once_the_second_is_held() -> None:
    states = kept(
        events.SnapshotImported(listed("base"), older_held=True),
        events.SnapshotActivated("us", "base", older_held=True),
        events.SnapshotImported(listed("west", previous="base"), older_held=True),
        events.SnapshotActivated("us", "west", older_held=True),
        events.SnapshotImported(listed("east", previous="base"), older_held=True),
    )

    assert states == {
        "base": SnapshotState.RETIRED,
        "west": SnapshotState.IN_FORCE,
        "east": SnapshotState.HELD,
    }


def test_a_list_with_a_part_that_is_older_is_held_and_told_which(server: Served, operator: Operator, base: str) -> None:
    assert base
    west(operator)
    later = zipped(("2025-6-7_415_1.txt", b"415,5550100\n415,5550300\n"), ("2025-6-7_510_1.txt", b"510,5550100\n"))

    made = full(operator, later)
    refused = operator.refused("ActivateSnapshot", registry="us", snapshot=made.id)

    assert (made.list_date, made.state) == ("2025-06-07", HELD)
    assert "+1415 of 2025-06-07 where the list in force is of 2025-06-14" in refused.message
    assert "+1510" not in refused.message
    assert verdicts(server.api(), WEST) == [BLOCK]


def test_a_list_whose_parts_all_go_forward_needs_no_reason(server: Served, operator: Operator, base: str) -> None:
    assert base
    west(operator)
    later = zipped(("2025-6-14_415_1.txt", b"415,5550100\n415,5550300\n"), ("2025-6-2_510_1.txt", b"510,5550100\n"))

    made = full(operator, later)

    assert made.state == IN_FORCE
    assert [(part.prefix, part.date) for part in made.parts] == [("+1415", "2025-06-14"), ("+1510", "2025-06-02")]
    assert verdicts(server.api(), WEST, 14155550300) == [ALLOW, BLOCK]


def test_what_only_one_of_two_lists_covers_goes_back_nowhere(operator: Operator, base: str) -> None:
    assert base
    west(operator)

    made = full(
        operator,
        zipped(("2025-6-2_510_1.txt", b"510,5550100\n"), ("2025-6-2_212_1.txt", b"212,5550100\n212,5550101\n")),
    )

    # Of 415 nobody is screened then; that is seen at once, and no number of it is allowed.
    assert made.state == IN_FORCE


@pytest.mark.parametrize("finer", ["+1415555", "+1"])
def test_parts_are_compared_where_one_holds_the_other(finer: str) -> None:
    before = replace(listed("a"), dates=(("+1415", date(2025, 6, 14)), ("+1510", date(2025, 6, 1))))
    after = replace(listed("b"), dates=((finer, date(2025, 6, 7)), ("+1510", date(2025, 6, 7))))

    assert "of 2025-06-07 where the list in force is of 2025-06-14" in held_because(after, before)[0]
