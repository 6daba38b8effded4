"""Putting lists in force: what is held, what is refused, what pruning leaves, and how long a number has been listed."""

import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dncd import journal
from dncd.batch import Batch, Moment
from dncd.catalog import Catalogs, read
from dncd.check import decide
from dncd.nouns import Channel
from dncd.registry.shelf import Shelf
from dncd.rulebook import read_rulebook
from registries.operating import (
    ALLOW,
    BLOCK,
    HELD,
    IN_FORCE,
    READY,
    RETIRED,
    UNSCREENED,
    Operator,
    apply_policy,
    damage,
    lying_in,
    require,
    verdicts,
)
from serving import Served, moment, pb

PHONES = [*range(14155550100, 14155550110)]


@pytest.fixture
def us(server: Served, operator: Operator) -> str:
    """A list of ten numbers in force; give its id."""
    operator.create("us", "+1")
    apply_policy(server.api(), require("us"))
    return str(operator.list_numbers("us", *PHONES).id)


def test_a_list_takes_the_place_of_the_one_before(server: Served, operator: Operator, us: str) -> None:
    second = operator.list_numbers("us", *PHONES[1:], 14155550201)

    assert second.state == IN_FORCE
    assert operator.states("us") == {us: RETIRED, second.id: IN_FORCE}
    assert verdicts(server.api(), PHONES[0], PHONES[1], 14155550201) == [ALLOW, BLOCK, BLOCK]


def test_a_list_that_shrinks_by_more_than_a_fifth_is_held_until_a_person_gives_a_reason(
    server: Served, operator: Operator, us: str
) -> None:
    held = operator.list_numbers("us", *PHONES[:7])
    refused = operator.refused("ActivateSnapshot", registry="us", snapshot=held.id)
    while_held = (operator.states("us"), verdicts(server.api(), PHONES[9]))

    activated = operator.activate("us", held.id, "the register removed a whole exchange")

    assert held.state == HELD
    assert (refused.code.name, refused.reason) == ("FAILED_PRECONDITION", "ERROR_REASON_SNAPSHOT_HELD")
    assert (refused.info.metadata["numbers"], refused.info.metadata["numbers_before"]) == ("7", "10")
    assert while_held == ({us: IN_FORCE, held.id: HELD}, [BLOCK])
    assert activated.snapshot.state == IN_FORCE
    assert verdicts(server.api(), PHONES[9]) == [ALLOW]


def test_a_list_that_shrinks_by_a_fifth_is_not_held(operator: Operator, us: str) -> None:
    smaller = operator.list_numbers("us", *PHONES[:8])

    assert operator.states("us") == {us: RETIRED, smaller.id: IN_FORCE}


def test_going_back_to_a_list_that_is_now_too_small_takes_a_reason_too(operator: Operator, us: str) -> None:
    bigger = operator.list_numbers("us", *range(14155550100, 14155550120))

    refused = operator.refused("ActivateSnapshot", registry="us", snapshot=us)
    operator.activate("us", us, "the newer file was another register's")

    assert refused.reason == "ERROR_REASON_SNAPSHOT_HELD"
    assert operator.states("us") == {us: IN_FORCE, bigger.id: RETIRED}


def test_the_reason_stands_in_the_journal(server: Served, operator: Operator, us: str) -> None:
    assert us
    held = operator.list_numbers("us", *PHONES[:2])

    position = operator.activate("us", held.id, "checked by Kim").written_at.position

    watched = [row for row in _rows(server) if row.position == position]
    assert watched[0].event().draft.change.reason == "checked by Kim"


def _rows(server: Served) -> list[Any]:
    with server.store.snapshot() as snapshot:
        return list(journal.read_from(snapshot, 0))


def test_activating_what_is_in_force_changes_nothing(server: Served, operator: Operator, us: str) -> None:
    again = operator.activate("us", us)

    assert again.snapshot.state == IN_FORCE
    assert verdicts(server.api(), PHONES[0], 14155550201) == [BLOCK, ALLOW]


@pytest.mark.parametrize("kind", ["altered", "cut off", "missing", "gone"])
def test_a_damaged_list_is_not_put_in_force(
    server: Served, operator: Operator, store: Path, us: str, kind: str
) -> None:
    second = operator.list_numbers("us", *PHONES, 14155550201, activate=False)
    name = damage(store / "registries" / "us" / second.id, kind)

    refused = operator.refused("ActivateSnapshot", registry="us", snapshot=second.id)

    assert (refused.code.name, refused.reason) == ("DATA_LOSS", "ERROR_REASON_SNAPSHOT_DAMAGED")
    assert refused.info.metadata["file"] == name
    assert operator.states("us") == {us: IN_FORCE, second.id: READY}
    assert verdicts(server.api(), PHONES[0], 14155550201) == [BLOCK, ALLOW]


def test_the_list_in_force_cannot_be_pruned(server: Served, operator: Operator, store: Path, us: str) -> None:
    refused = operator.refused("PruneSnapshot", registry="us", snapshot=us)

    assert (refused.code.name, refused.reason) == ("FAILED_PRECONDITION", "ERROR_REASON_SNAPSHOT_IN_FORCE")
    assert lying_in(store) == [us]
    assert verdicts(server.api(), PHONES[0]) == [BLOCK]


def test_a_pruned_list_is_gone_with_its_files(server: Served, operator: Operator, store: Path, us: str) -> None:
    second = operator.list_numbers("us", *PHONES).id

    operator.call("PruneSnapshot", registry="us", snapshot=us)

    assert lying_in(store) == [second]
    assert operator.states("us") == {second: IN_FORCE}
    assert operator.refused("ActivateSnapshot", registry="us", snapshot=us).reason == "ERROR_REASON_SNAPSHOT_NOT_FOUND"
    assert operator.refused("PruneSnapshot", registry="us", snapshot=us).reason == "ERROR_REASON_SNAPSHOT_NOT_FOUND"
    assert verdicts(server.api(), PHONES[0]) == [BLOCK]


def test_a_check_under_way_ends_on_the_list_it_began_with(
    server: Served, operator: Operator, store: Path, us: str
) -> None:
    with server.store.snapshot() as began:
        catalog = read(began, 1, Shelf(store / "registries"), read_rulebook())
        policy = catalog.policy(began, "calls")
        second = operator.list_numbers("us", *PHONES[1:], 14155550201)
        operator.call("PruneSnapshot", registry="us", snapshot=us)
        phones = np.array([PHONES[0], 14155550201], np.uint64)
        batch = Batch(Channel.VOICE, np.zeros(2, np.uint8), phones)

        under_way = decide(began, catalog, policy, batch, Moment(server.clock(), server.clock()))

    assert second.state == IN_FORCE
    assert under_way.verdicts.tolist() == [BLOCK, ALLOW]
    assert verdicts(server.api(), PHONES[0], 14155550201) == [ALLOW, BLOCK]


# Listed for less than 28 days, as the UK rule has it.


@pytest.fixture
def tps(server: Served, operator: Operator) -> dict[str, str]:
    """Three lists, of which the last is in force; one number joins with each."""
    operator.create("tps", "+44")
    days = ("2025-05-01", "2025-05-20", "2025-06-10")
    phones = [442079460100, 442079460101, 442079460102]
    apply_policy(server.api(), require("tps", listed_days_min=28))
    apply_policy(server.api(), require("tps"), name="at-once")
    return {day: operator.list_numbers("tps", *phones[: count + 1], list_date=day).id for count, day in enumerate(days)}


def test_a_number_that_joined_less_than_28_days_ago_is_not_blocked_yet(server: Served, tps: dict[str, str]) -> None:
    assert tps
    phones = [442079460100, 442079460101, 442079460102, 442079460103]

    # On 15 June, 28 days ago is 18 May: the list of 20 May proves that the third number joined since, and nothing
    # proves it of the second, which may have joined on 2 May.
    assert verdicts(server.api(), *phones) == [BLOCK, BLOCK, ALLOW, ALLOW]
    assert verdicts(server.api(), *phones, policy="at-once") == [BLOCK, BLOCK, BLOCK, ALLOW]


def test_28_days_are_counted_between_days(server: Served, tps: dict[str, str]) -> None:
    assert tps
    phones = [442079460100, 442079460101, 442079460102]
    # At 10:00 UTC on 17 June it is 18 June on Kiritimati; until then the list of 20 May is 28 days old everywhere.
    eve = 1_750_154_400_000 - 1

    assert verdicts(server.api(), *phones, contact_time=moment(eve)) == [BLOCK, BLOCK, ALLOW]
    assert verdicts(server.api(), *phones, contact_time=moment(eve + 1)) == [BLOCK, BLOCK, BLOCK]


def test_without_a_list_that_proves_it_being_on_the_list_is_enough(
    server: Served, operator: Operator, tps: dict[str, str]
) -> None:
    operator.call("PruneSnapshot", registry="tps", snapshot=tps["2025-05-20"])

    assert verdicts(server.api(), 442079460100, 442079460101, 442079460102, 442079460103) == [BLOCK] * 3 + [ALLOW]


def test_who_left_the_list_and_came_back_later_is_blocked_by_the_list_in_force_and_the_old_one(
    server: Served, operator: Operator
) -> None:
    operator.create("tps", "+44")
    apply_policy(server.api(), require("tps", listed_days_min=28))
    for day, phone in (("2025-05-01", 442079460100), ("2025-05-30", 442079460101), ("2025-06-10", 442079460100)):
        operator.list_numbers("tps", phone, list_date=day)

    assert verdicts(server.api(), 442079460100, 442079460101) == [BLOCK, ALLOW]


@pytest.mark.parametrize("kind", ["missing", "gone"])
def test_where_an_older_list_cannot_be_opened_no_other_proves_that_a_number_joined(
    server: Served, operator: Operator, store: Path, kind: str
) -> None:
    operator.create("tps", "+44")
    listed = (("2025-05-01", 442079460100), ("2025-05-30", 442079460101), ("2025-06-10", 442079460100))
    [old, _, _] = [operator.list_numbers("tps", phone, list_date=day).id for day, phone in listed]
    damage(store / "registries" / "tps" / old, kind)

    apply_policy(server.api(), require("tps", listed_days_min=28))

    # The list of May 1 has the first number, which that of May 30 lacks.
    assert verdicts(server.api(), 442079460100, 442079460102) == [BLOCK, ALLOW]


def test_a_list_that_was_never_in_force_is_no_proof_of_how_long(server: Served, operator: Operator) -> None:
    operator.create("tps", "+44")
    apply_policy(server.api(), require("tps", listed_days_min=28))
    operator.list_numbers("tps", 442079460100, list_date="2025-05-01", activate=False)
    operator.list_numbers("tps", 442079460101, list_date="2025-06-10")

    assert verdicts(server.api(), 442079460101) == [BLOCK]


def test_an_old_list_that_did_not_cover_a_number_does_not_free_it(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    apply_policy(server.api(), require("us", listed_days_min=28))
    files = {"2025-05-20_415_1.txt": b"415,5550101\n", "2025-06-10_415_1.txt": b"415,5550101\n415,5550102\n"}
    for name, content in files.items():
        operator.upload("us", content, format="ftc", file_name=name, list_date="")
    both = b"415,5550101\n415,5550102\n212,5550101\n"
    operator.upload("us", both, format="ftc", file_name="all.txt", list_date="2025-06-11")

    # 212 was subscribed to later: whether its numbers are new on the register, no list can tell.
    assert verdicts(server.api(), 14155550101, 14155550102, 12125550101) == [BLOCK, ALLOW, BLOCK]


def test_a_number_that_is_not_blocked_yet_is_still_screened(
    server: Served, operator: Operator, tps: dict[str, str]
) -> None:
    assert tps
    operator.grant("tps", "+441")

    assert verdicts(server.api(), 442079460102) == [UNSCREENED]


def test_a_retry_of_an_activation_answers_as_the_first_did(server: Served, operator: Operator, us: str) -> None:
    second = operator.list_numbers("us", *PHONES, activate=False).id
    fields = {"registry": "us", "snapshot": second, "request_id": "123e4567-e89b-12d3-a456-426614174000"}
    first = operator.call("ActivateSnapshot", **fields)
    operator.activate("us", us)

    again = operator.call("ActivateSnapshot", **fields)

    assert again.written_at == first.written_at
    assert operator.states("us") == {us: IN_FORCE, second: RETIRED}


def test_a_list_that_was_rolled_back_or_broken_is_no_proof_that_a_number_joined(
    server: Served, operator: Operator
) -> None:
    operator.create("tps", "+44")
    apply_policy(server.api(), require("tps", listed_days_min=28))
    whole = operator.list_numbers("tps", 442079460100, 442079460101, list_date="2025-05-20").id
    operator.list_numbers("tps", 442079460101, list_date="2025-06-01")
    operator.activate("tps", whole, reason="the list of June is broken")

    assert verdicts(server.api(), 442079460100) == [BLOCK]


def test_a_change_of_the_catalog_keeps_the_lists_of_asked_policies_open(
    server: Served, operator: Operator, store: Path, us: str
) -> None:
    catalogs = Catalogs(Shelf(store / "registries"), read_rulebook())
    with server.store.snapshot() as before:
        [screen] = catalogs.at(before, 1).policy(before, "calls").screens
        opened = weakref.ref(screen.in_force.members) if screen.in_force else None
    del screen
    server.api().call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name="another", channels=[1])))

    with server.store.snapshot() as after:
        [screen] = catalogs.at(after, 1).policy(after, "calls").screens

    assert opened is not None
    assert screen.in_force is not None
    assert screen.in_force.members is opened()
