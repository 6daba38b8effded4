"""The first row: an address is never taken for a header, and where nothing tells, a person is asked."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.conftest import Dnc
from cli.fake_server import REVISION, FakeServer
from donotcontact.cli.headers import FirstRow
from donotcontact.v1.entry_pb2 import RowOutcome
from donotcontact.v1.entry_service_pb2 import AddEntriesResponse

NUMBER = "+14155550124"
ADD = ("add", "--from-file", "calls.csv", "--label", "do-not-phone", "--source", "import")
SCRUB = ("scrub", "calls.csv", "--channel", "voice", "--only-allowed", "clean.csv")


def added(request: Any) -> AddEntriesResponse:
    outcomes = [RowOutcome.ROW_OUTCOME_ADDED] * len(request.entries)
    return AddEntriesResponse(outcomes=outcomes, added=len(outcomes), written_at=REVISION)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> None:
    monkeypatch.chdir(tmp_path)
    server.answers["AddEntries"] = added


@pytest.mark.parametrize(
    ("first", "address"),
    [
        ("1-800-FLOWERS", "1-800-FLOWERS"),
        ("201XXXXXXX", "201XXXXXXX"),
        ("+1201*", "+1201*"),
        ("@left.example", "@left.example"),
        ("911", "911"),
        ("20XX", "20XX"),
        ("n/a", "n/a"),
        ("-", "-"),
    ],
)
def test_first_row_that_may_be_an_address_is_added(dnc: Dnc, server: FakeServer, first: str, address: str) -> None:
    Path("calls.csv").write_text(f"{first}\n{NUMBER}\n")

    result = dnc(*ADD)

    assert [entry.address for request in server.requests for entry in request.entries] == [address, NUMBER]
    assert result.exit_code == 0


@pytest.mark.parametrize("first", ["1-800-FLOWERS", "201XXXXXXX", "911", "n/a"])
def test_first_row_that_is_not_screened_is_in_no_clean_call_list(dnc: Dnc, first: str) -> None:
    Path("calls.csv").write_text(f"{first}\n{NUMBER}\n")

    dnc(*SCRUB)

    assert Path("clean.csv").read_text() == f"{NUMBER}\n"
    assert first in Path("calls.csv.screened.csv").read_text()


@pytest.mark.parametrize("cell", ["911", "n/a", "unknown", "1-800-FLOWERS"])
def test_row_beside_a_name_is_screened(dnc: Dnc, cell: str) -> None:
    others = "".join(f"Bob,+1415555012{digit}\n" for digit in range(6))
    Path("calls.csv").write_text(f"Ann Lee,{cell}\n{others}")

    dnc(*SCRUB)

    assert Path("clean.csv").read_text() == others


@pytest.mark.parametrize("arguments", [ADD, SCRUB])
@pytest.mark.parametrize("first", ["A1", "Ann,", "no phone", "left.example", "1-800-CONTACTS"])
def test_where_nothing_tells_a_person_is_asked_and_nothing_is_done(
    dnc: Dnc, server: FakeServer, arguments: tuple[str, ...], first: str
) -> None:
    separator = "," if "," in first else ""
    Path("calls.csv").write_text(f"{first}\n{'Bob' if separator else ''}{separator}{NUMBER}\n")

    asked = dnc(*arguments)
    answered = dnc(*arguments, "--no-header")

    assert asked.exit_code == 2
    assert "--header" in asked.stderr
    assert "--no-header" in asked.stderr
    assert answered.exit_code in {0, 1}
    assert all(len(getattr(request, "entries", []) or request.addresses) == 2 for request in server.requests)


def test_header_that_a_person_vouches_for_is_one(dnc: Dnc, server: FakeServer) -> None:
    Path("calls.csv").write_text(f"A1\n{NUMBER}\n")

    assert dnc(*ADD, "--header").exit_code == 0
    assert [entry.address for entry in server.requests[0].entries] == [NUMBER]


@pytest.mark.parametrize("option", ["--header", "--encoding=utf-8", "--delimiter=comma"])
def test_options_of_a_file_need_a_file(dnc: Dnc, server: FakeServer, option: str) -> None:
    result = dnc("add", NUMBER, "--label", "do-not-phone", "--source", "import", option)

    assert result.exit_code == 2
    assert not server.requests


@pytest.mark.parametrize(
    "header",
    [
        "phone",
        "Phone Number",
        "Phone 1",
        "Tel.",
        "Tel. No.",
        "No. de teléfono",
        "N° de téléphone",
        "Mobile (primary)",
        "phone_number",
        "PhoneNumber",
        "msisdn",
        "Rufnummer",
        "customer_contact",
        "Ansprechpartner",
        "e-mail address",
        "WhatsApp",
        "address",
    ],
)
@pytest.mark.parametrize("before", ["", "name,", "Customer Name,", "ID,"])
def test_usual_headers_need_no_question(header: str, before: str) -> None:
    first = f"{before}{header}".split(",")
    rows = [[*(["17"] if before else []), f"+1415555012{digit}"] for digit in range(3)]

    assert FirstRow(phones=True).is_header(first, rows, len(first)) is True


@pytest.mark.parametrize(
    ("first", "rows"),
    [
        (["Ann", "+1 415 555 0123"], [["Bob", NUMBER]]),
        (["Ann", "ann@example.com"], [["Bob", "bob@example.com"]]),
        (["Ann", "private phone", "ann@example.com"], [["Bob", NUMBER, "bob@example.com"]]),
        ([NUMBER], []),
        (["Export of 2026-11-03"], [["name", "phone"], ["Ann", NUMBER]]),
    ],
)
def test_usual_rows_need_no_question(first: list[str], rows: list[list[str]]) -> None:
    assert FirstRow().is_header(first, rows, max(map(len, [first, *rows]))) is False


@pytest.mark.parametrize("said", [FirstRow(column="feld7"), FirstRow(titles=("Zone9",))])
def test_column_that_is_named_by_its_title_makes_a_header(said: FirstRow) -> None:
    assert said.is_header(["Feld7", "zone9"], [[NUMBER, "America/Chicago"]], 2) is True


@given(st.from_regex(r"[A-Za-z ]*[0-9*@][A-Za-z0-9 *@.-]*[0-9]{2}", fullmatch=True))
def test_no_cell_with_three_digits_is_taken_for_a_header_unasked(cell: str) -> None:
    if sum(character.isdigit() for character in cell) >= 3:
        assert FirstRow().is_header([cell], [[NUMBER]], 1) is not True
