"""A list that loses people without its total telling is held, and nobody of them is cleared meanwhile."""

from datetime import date

import pytest

from dncd import events
from dncd.holds import held_because
from registries.operating import ALLOW, BLOCK, UNSCREENED, Operator, apply_policy, require, rpb, upload, verdicts
from registry_reading import zipped
from serving import Served

HELD, IN_FORCE = rpb.SNAPSHOT_STATE_HELD, rpb.SNAPSHOT_STATE_IN_FORCE
FIRST_DAY, SECOND_DAY = "2025-05-20", "2025-06-01"


def area(code: int, day: str, *lasts: int) -> tuple[str, bytes]:
    """A file of an area code, as the US registry gives it."""
    return f"{day}_{code}_A.txt", b"".join(b"%d,555%04d\n" % (code, last) for last in lasts)


def full(operator: Operator, *files: tuple[str, bytes]) -> rpb.Snapshot:
    return operator.upload("us", zipped(*files), format="ftc", file_name="us.zip", list_date="").snapshot


@pytest.fixture
def us(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    apply_policy(server.api(), require("us"))


@pytest.mark.usefixtures("us")
@pytest.mark.parametrize("before", [3, 30])
def test_an_area_code_whose_file_is_empty_is_held_however_much_the_others_grew(
    server: Served, operator: Operator, before: int
) -> None:
    full(operator, area(415, FIRST_DAY, *range(before)), area(510, FIRST_DAY, *range(300)))

    later = full(operator, area(415, SECOND_DAY), area(510, SECOND_DAY, *range(310)))

    assert later.state == HELD
    assert verdicts(server.api(), 14155550000, 15105550309) == [BLOCK, ALLOW]
    operator.activate("us", later.id, "the register closed this area code")
    assert verdicts(server.api(), 14155550000, 15105550309) == [ALLOW, BLOCK]


@pytest.mark.usefixtures("us")
def test_an_area_code_that_lost_more_than_a_fifth_is_held(operator: Operator) -> None:
    full(operator, area(415, FIRST_DAY, *range(100)), area(510, FIRST_DAY, *range(900)))

    fifth = full(operator, area(415, "2025-05-21", *range(80)), area(510, "2025-05-21", *range(900)))
    full(operator, area(415, "2025-05-22", *range(100)), area(510, "2025-05-22", *range(900)))
    more = full(operator, area(415, "2025-05-23", *range(79)), area(510, "2025-05-23", *range(900)))

    assert [fifth.state, more.state] == [IN_FORCE, HELD]


@pytest.mark.usefixtures("us")
def test_a_few_who_left_a_small_area_code_hold_nothing(operator: Operator) -> None:
    full(operator, area(415, FIRST_DAY, *range(6)), area(510, FIRST_DAY, *range(100)))

    assert full(operator, area(415, SECOND_DAY, 0), area(510, SECOND_DAY, *range(100))).state == IN_FORCE


@pytest.mark.usefixtures("us")
def test_an_area_code_that_is_covered_no_more_is_unscreened_and_holds_nothing(
    server: Served, operator: Operator
) -> None:
    full(operator, area(415, FIRST_DAY, *range(30)), area(510, FIRST_DAY, *range(300)))

    assert full(operator, area(510, SECOND_DAY, *range(300))).state == IN_FORCE
    assert verdicts(server.api(), 14155550000, 15105550000) == [UNSCREENED, BLOCK]


@pytest.mark.usefixtures("us")
def test_changes_that_take_an_area_code_away_are_held(operator: Operator) -> None:
    full(operator, area(415, FIRST_DAY, *range(30)), area(510, FIRST_DAY, *range(300)))
    gone = b"".join(b"415,555%04d,D\n" % last for last in range(30))

    made = operator.upload(
        "us", gone, format="ftc-change", file_name=f"{SECOND_DAY}_415_C.txt", list_date="", changes_since=FIRST_DAY
    )

    assert made.snapshot.state == HELD


@pytest.mark.usefixtures("us")
def test_a_month_without_changes_in_one_area_code_is_imported(server: Served, operator: Operator) -> None:
    full(operator, area(415, FIRST_DAY, 0))

    made = operator.upload(
        "us", b"", format="ftc-change", file_name=f"{SECOND_DAY}_415_C.txt", list_date="", changes_since=FIRST_DAY
    ).snapshot

    assert (made.state, made.list_date, made.numbers) == (IN_FORCE, SECOND_DAY, 1)
    assert verdicts(server.api(), 14155550000) == [BLOCK]


@pytest.mark.usefixtures("us")
def test_a_full_list_of_one_area_code_without_a_number_is_refused(operator: Operator) -> None:
    full(operator, area(415, FIRST_DAY, 0))

    refused = operator.upload_refused(
        upload("us", b"", format="ftc", file_name=f"{SECOND_DAY}_415_C.txt", list_date="")
    )

    assert refused.reason == "ERROR_REASON_IMPORT_FAILED"
    assert "nothing was read" in refused.message


# Washes

FLAGS = {"format": "acma", "file_name": "result.csv", "registered_flags": "Y", "clean_flags": "N"}


def flagged(registered: int, clean: int) -> bytes:
    flags = ["Y"] * registered + ["N"] * clean
    return "".join(f"0412345{place:03},{flag}\n" for place, flag in enumerate(flags)).encode()


@pytest.fixture
def au(server: Served, operator: Operator) -> None:
    operator.create("au", "+61")
    apply_policy(server.api(), require("au"))


@pytest.mark.usefixtures("au")
def test_a_wash_of_which_nothing_is_registered_is_held(server: Served, operator: Operator) -> None:
    made = operator.upload("au", flagged(0, 20), **FLAGS).snapshot

    assert made.state == HELD
    assert verdicts(server.api(), 61412345000) == [UNSCREENED]
    operator.activate("au", made.id, "ten new customers, none of them registered")
    assert verdicts(server.api(), 61412345000) == [ALLOW]


@pytest.mark.usefixtures("au")
def test_a_wash_with_far_fewer_registered_is_held_however_many_were_washed(server: Served, operator: Operator) -> None:
    operator.upload("au", flagged(10, 10), **FLAGS, list_date=FIRST_DAY)

    assert operator.upload("au", flagged(8, 12), **FLAGS, list_date=SECOND_DAY).snapshot.state == IN_FORCE
    assert operator.upload("au", flagged(6, 14), **FLAGS).snapshot.state == HELD
    assert verdicts(server.api(), 61412345007) == [BLOCK]


# Journals


def of_day(day: int, *listed: tuple[str, int], known: bool = True, wash: bool = False) -> events.Snapshot:
    """A snapshot of as many numbers as ever, with or without what is known of its parts."""
    return events.Snapshot(
        "us",
        f"s{day}",
        "acma" if wash else "ftc",
        date(2025, 6, day),
        (),
        lines=1000,
        rejects=0,
        numbers=1000,
        listed=listed if known else None,
    )


def test_journals_from_before_parts_were_counted_give_what_they_gave() -> None:
    assert held_because(of_day(1, known=False, wash=True), None) == []
    for later in (of_day(2, known=False), of_day(2, ("1510", 1000))):
        assert held_because(later, of_day(1, known=False)) == []


def test_the_parts_that_shrank_are_named_and_counted() -> None:
    before = of_day(1, *((f"1{area}", 100) for area in range(410, 420)))

    assert held_because(of_day(2, ("1410", 79), ("1411", 80)), before) == [
        "parts of it shrank: +1410 has 79 numbers where it had 100, +1412 has 0 numbers where it had 100,"
        " +1413 has 0 numbers where it had 100, +1414 has 0 numbers where it had 100,"
        " +1415 has 0 numbers where it had 100, and 4 more"
    ]
