"""What the header of an upload says about its file: taken as promised, or refused with its field."""

import pytest

from registries.operating import BLOCK, Operator, apply_policy, require, upload, verdicts
from registry_reading import zipped
from serving import Served

FIELD = "ERROR_REASON_INVALID_FIELD"
FAILED = "ERROR_REASON_IMPORT_FAILED"


@pytest.fixture(autouse=True)
def de(operator: Operator) -> None:
    operator.create("de", "+49")
    operator.create("us", "+1")


@pytest.mark.parametrize("field", ["list_date", "changes_since"])
@pytest.mark.parametrize("written", ["20250601", "2025-W22-7", "2025-6-1", "2025-06-01T00:00", "٢٠٢٥-٠٦-٠١"])
def test_a_date_in_another_form_is_refused(operator: Operator, field: str, written: str) -> None:
    refused = operator.upload_refused(upload("us", b"4155550100\n", **{field: written}))

    assert refused.reason == FIELD
    assert [each.field for each in refused.bad_request.field_violations] == [f"header.{field}"]


@pytest.mark.parametrize("field", ["file_name", "washed_name"])
@pytest.mark.parametrize("name", ["a\nb.csv", "a\rb.csv", "a\tb.csv", "a\u2028b.csv"])
def test_a_file_name_of_two_lines_is_refused(operator: Operator, field: str, name: str) -> None:
    refused = operator.upload_refused(upload("us", b"4155550100\n", **{field: name}))

    assert refused.reason == FIELD
    assert [each.field for each in refused.bad_request.field_violations] == [f"header.{field}"]


def test_numbers_are_said_to_begin_with_their_calling_code(server: Served, operator: Operator) -> None:
    apply_policy(server.api(), require("de"))
    refused = operator.upload_refused(upload("de", b"4915123456789\n", region="DE"))

    operator.upload("de", b"4915123456789\n", region="DE", international=True)

    assert refused.reason == FAILED
    assert "--international" in refused.message
    assert verdicts(server.api(), 4915123456789) == [BLOCK]


def test_a_first_row_is_said_to_be_a_heading_or_none(operator: Operator) -> None:
    rows = b"calls of 2026\n4155550100\n"

    made = [
        operator.upload("us", rows, format="csv", activate=False, **said).snapshot
        for said in ({}, {"header": True}, {"header": False})
    ]

    assert [(each.lines, each.rejects) for each in made] == [(2, 1), (1, 0), (2, 1)]


@pytest.mark.parametrize(
    ("format_name", "said", "words"),
    [("tps", {"header": False}, "csv, acma"), ("ftc", {"international": True}, "csv, numbers")],
)
def test_what_a_format_is_not_told_is_refused(
    operator: Operator, format_name: str, said: dict[str, bool], words: str
) -> None:
    refused = operator.upload_refused(upload("us", b"4155550100\n", format=format_name, **said))

    assert refused.reason == FAILED
    assert words in refused.message


def test_a_day_of_one_file_in_the_future_is_refused_whatever_the_oldest_is(operator: Operator) -> None:
    files = [(f"{day}_{area}_A.txt", b"%d,5550001\n" % area) for day, area in (("2099-1-1", 415), ("2025-6-1", 510))]

    refused = operator.upload_refused(upload("us", zipped(*files), format="ftc", file_name="us.zip", list_date=""))

    assert refused.reason == FAILED
    assert "+1415, 2099-01-01, lies in the future" in refused.message
