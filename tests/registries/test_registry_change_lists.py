"""Change lists: they make fresh what they speak about, where nothing is missing in between, and nothing else."""

from pathlib import Path
from typing import Any

import pytest

from registries.operating import (
    ALLOW,
    BLOCK,
    IN_FORCE,
    STALE,
    UNSCREENED,
    Operator,
    apply_policy,
    lying_in,
    require,
    rules,
    upload,
    verdicts,
)
from registry_reading import zipped
from serving import Served

BASE_DAY = "2025-05-01"
WEST, EAST = 14155550999, 15105550999
BASE = zipped(("2025-5-1_415_1.txt", b"415,5550100\n"), ("2025-5-1_510_1.txt", b"510,5550100\n"))


@pytest.fixture
def base(server: Served, operator: Operator) -> str:
    """A list of two area codes, too old for the policy by today; give its id."""
    operator.create("us", "+1")
    apply_policy(server.api(), require("us", max_age_days=31))
    made = operator.upload("us", BASE, format="ftc", file_name="base.zip", list_date="")
    return str(made.snapshot.id)


def change(operator: Operator, body: bytes, name: str, **said: Any) -> Any:
    fields = {"format": "ftc-change", "list_date": "", "changes_since": BASE_DAY, **said}
    return operator.upload("us", body, file_name=name, **fields).snapshot


def change_refused(operator: Operator, body: bytes, name: str, **said: Any) -> str:
    fields = {"format": "ftc-change", "list_date": "", "changes_since": BASE_DAY, **said}
    refused = operator.upload_refused(upload("us", body, file_name=name, **fields))
    assert refused.reason == "ERROR_REASON_IMPORT_FAILED"
    return str(refused.message)


def test_changes_of_one_area_code_make_no_other_fresh(server: Served, operator: Operator, base: str) -> None:
    assert base
    assert verdicts(server.api(), WEST, EAST) == [UNSCREENED, UNSCREENED]

    west = change(operator, b"415,5550200,A\n", "2025-6-14_415_chg.txt")

    assert west.list_date == BASE_DAY
    assert rules(server.api(), EAST) == {STALE: UNSCREENED}


def test_once_every_part_was_brought_forward_the_list_is_as_new_as_the_oldest(
    server: Served, operator: Operator, base: str
) -> None:
    assert base
    change(operator, b"415,5550200,A\n", "2025-6-14_415_chg.txt")

    both = change(operator, b"510,5550200,A\n", "2025-6-12_510_chg.txt")

    assert both.list_date == "2025-06-12"
    assert list(both.coverage) == ["+1415", "+1510"]
    assert verdicts(server.api(), WEST, EAST, 14155550200, 15105550200) == [ALLOW, ALLOW, BLOCK, BLOCK]


def test_a_file_without_changes_counts_for_its_area_code(server: Served, operator: Operator, base: str) -> None:
    assert base
    archive = zipped(("2025-6-14_415_chg.txt", b"415,5550200,A\n"), ("2025-6-14_510_chg.txt", b""))

    assert change(operator, archive, "changes.zip").list_date == "2025-06-14"
    assert verdicts(server.api(), EAST) == [ALLOW]


def test_an_area_code_without_changes_is_fresh_where_the_operator_says_so(operator: Operator, base: str) -> None:
    assert base

    said = change(operator, b"415,5550200,A\n", "2025-6-14_415_chg.txt", coverage=["+1510"])

    assert said.list_date == "2025-06-14"


NAME = "2025-6-14_415_chg.txt"
LINE = b"415,5550200,A\n"
REFUSED: dict[str, tuple[bytes, str, dict[str, Any], str]] = {
    "nobody says since when": (LINE, NAME, {"changes_since": ""}, "--changes-since"),
    "some days are missing": (LINE, NAME, {"changes_since": "2025-05-02"}, "in between are missing"),
    "it is older than its base": (LINE, "2025-4-30_415_chg.txt", {"changes_since": "2025-04-01"}, "they are in it"),
    "nobody says what it covers": (LINE, "changes.txt", {"list_date": "2025-06-14"}, "--covers"),
    "its base does not cover that": (b"212,5550200,A\n", "2025-6-14_212_chg.txt", {}, "does not cover"),
    "it is said to cover more than its base": (LINE, NAME, {"coverage": ["+1212"]}, "does not cover"),
    "it is said to cover another country": (LINE, NAME, {"coverage": ["+44"]}, "+1 only"),
    "two of its files are of one day": (
        zipped(("2025-6-14_415_1.txt", LINE), ("2025-6-14_415_2.txt", b"415,5550200,D\n")),
        "changes.zip",
        {},
        "which of them comes first",
    ),
    "the day of one of its files is not known": (
        zipped(("2025-6-14_415_1.txt", LINE), ("more.txt", b"415,5550200,D\n")),
        "changes.zip",
        {"list_date": "2025-06-14", "coverage": ["+1415"]},
        "which day",
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_change_list_is_refused_and_changes_nothing_where(
    server: Served, operator: Operator, store: Path, base: str, why: str
) -> None:
    body, name, said, word = REFUSED[why]

    message = change_refused(operator, body, name, **said)

    assert word in message
    assert "5550200" not in message
    assert lying_in(store) == [base]
    assert verdicts(server.api(), 14155550100, WEST) == [BLOCK, UNSCREENED]


@pytest.mark.parametrize("backwards", [False, True])
def test_changes_are_applied_by_their_days_whatever_their_order_in_the_archive(
    server: Served, operator: Operator, base: str, backwards: bool
) -> None:
    assert base
    files = [("2025-6-13_415_chg.txt", b"415,5550200,D\n"), ("2025-6-14_415_chg.txt", b"415,5550200,A\n")]

    change(operator, zipped(*(reversed(files) if backwards else files)), "changes.zip", coverage=["+1510"])

    assert verdicts(server.api(), 14155550200) == [BLOCK]


def test_a_change_of_another_area_code_than_its_file_is_a_reject(operator: Operator, base: str) -> None:
    assert base

    made = change(operator, b"415,5550200,A\n510,5550100,D\n415,5550201,A\n", NAME)

    assert [(each.line, each.reason) for each in made.first_rejects] == [(2, "of another area code than its file")]
    assert made.numbers == 4


def test_changes_may_begin_before_their_base_and_be_sent_again(operator: Operator, base: str) -> None:
    assert base
    once = change(operator, LINE, NAME, changes_since="2025-04-01", coverage=["+1510"])

    again = change(operator, LINE, NAME, changes_since="2025-04-01", coverage=["+1510"])

    assert (once.list_date, once.numbers) == (again.list_date, again.numbers) == ("2025-06-14", 3)


def test_only_a_change_list_begins_on_a_day(operator: Operator) -> None:
    operator.create("us", "+1")

    refused = operator.upload_refused(upload("us", b"4155550100\n", changes_since=BASE_DAY))

    assert "--changes-since" in refused.message


def test_changes_older_than_a_part_of_a_list_of_several_days_are_refused(operator: Operator, base: str) -> None:
    assert base
    full = zipped(("2025-6-10_415_1.txt", b"415,5550100\n"), ("2025-6-1_510_1.txt", b"510,5550100\n"))
    listed = operator.upload("us", full, format="ftc", file_name="full.zip", list_date="").snapshot

    # Whoever left on the 5th and came back on the 7th is on the list of the 10th.
    message = change_refused(operator, b"415,5550100,D\n", "2025-6-5_415_chg.txt", changes_since="2025-06-01")

    assert listed.list_date == "2025-06-01"
    assert "of +1415 in force is of 2025-06-10" in message


def test_two_days_of_one_area_code_in_a_full_list_are_refused(operator: Operator, base: str) -> None:
    full = zipped(("2025-6-10_415_1.txt", b"415,5550100\n"), ("2025-6-1_415_2.txt", b"415,5550101\n"))

    refused = operator.upload_refused(upload("us", full, format="ftc", file_name="full.zip", list_date=""))

    assert "another day" in refused.message
    assert operator.states("us") == {base: IN_FORCE}
