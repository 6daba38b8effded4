"""A registry screens what it speaks about: numbers out of its scope are rejects, and nothing claims to cover them."""

from typing import Any

import pytest

from registries.operating import Operator, lines, upload

HOME, ABROAD = 14155550101, 442079460958
OUT_OF_SCOPE = "not among the numbers that the registry speaks about"
SAID: dict[str, tuple[bytes, dict[str, Any]]] = {
    "numbers": (b"4155550101\n+442079460958\n", {"region": "US"}),
    "csv": (b"phone\n4155550101\n+44 20 7946 0958\n", {"format": "csv", "region": "US"}),
    "csv with categories": (
        b"phone,kind\n4155550101,1\n+44 20 7946 0958,1\n",
        {"format": "csv", "region": "US", "category_column": "kind"},
    ),
}


@pytest.mark.parametrize("how", SAID)
def test_a_number_out_of_scope_is_a_reject_with_its_line(operator: Operator, how: str) -> None:
    operator.create("us", "+1")
    body, said = SAID[how]

    made = operator.upload("us", body, **said).snapshot

    assert (made.numbers, made.rejects) == (1, 1)
    [rejected] = made.first_rejects
    assert (rejected.reason, rejected.line) == (OUT_OF_SCOPE, body.count(b"\n"))


NARROW: dict[str, tuple[str, bytes, dict[str, Any]]] = {
    "ftc": ("+1415", b"4155550101\n5105550101\n", {"format": "ftc", "coverage": ["+1415"]}),
    "tps": ("+4420", b"02079460958\n01632960958\n", {"format": "tps"}),
    "ncpr": ("+9198", b"1,9876543210,0,A,1\n1,9976543210,0,A,1\n", {"format": "ncpr"}),
    "acma": ("+614", b"0412345678\n0299999999\n", {"format": "acma", "shape": "registered"}),
}


@pytest.mark.parametrize("form", NARROW)
def test_every_format_rejects_what_is_out_of_scope(operator: Operator, form: str) -> None:
    scope, body, said = NARROW[form]
    operator.create("narrow", scope)

    made = operator.upload("narrow", body, **said).snapshot

    assert [(each.line, each.reason) for each in made.first_rejects] == [(2, OUT_OF_SCOPE)]


def test_a_list_of_another_country_is_refused_and_its_lines_are_shown(operator: Operator) -> None:
    operator.create("us", "+1")

    refused = operator.upload_refused(upload("us", b"0207 9460958\n0207 9460959\n", region="GB"))

    assert refused.reason == "ERROR_REASON_IMPORT_FAILED"
    assert "2 of 2 lines are rejects" in refused.message
    assert OUT_OF_SCOPE in refused.message


def test_a_small_list_of_mostly_rejects_is_refused_too(operator: Operator) -> None:
    operator.create("us", "+1")

    refused = operator.upload_refused(upload("us", lines(HOME, ABROAD, ABROAD + 1)))

    assert "2 of 3 lines are rejects" in refused.message


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("+1", {"coverage": ["+1415", "+44"]}),
        ("+1415", {"coverage": ["+1"]}),
        ("+1212", {"format": "ftc", "file_name": "2025-6-1_415_1.txt", "list_date": ""}),
    ],
)
def test_a_list_cannot_cover_what_its_registry_does_not_speak_about(
    operator: Operator, scope: str, said: dict[str, Any]
) -> None:
    operator.create("us", scope)

    refused = operator.upload_refused(upload("us", b"4155550101\n", **said))

    assert f"speaks about {scope} only" in refused.message
    assert operator.states("us") == {}
