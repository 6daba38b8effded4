"""What a command says when it fails: what is known about the change, where the fault is, and what to do."""

import json
from pathlib import Path
from typing import Any

import grpc
import pytest
from typer.main import get_command

from cli.conftest import Dnc
from cli.fake_server import REVISION, FakeServer, Refusal
from donotcontact.cli.advice import CHANGES, READS
from donotcontact.cli.app import app
from donotcontact.cli.reference import commands
from donotcontact.v1.entry_pb2 import RowOutcome
from donotcontact.v1.entry_service_pb2 import AddEntriesResponse

NUMBER = "+14155550123"
ADD = ("add", "--label", "do-not-contact", "--source", "import")
CHECK = ("check", NUMBER, "--channel", "voice")


def refusing(code: grpc.StatusCode, reason: str, message: str, violations: dict[str, str] | None = None) -> Any:
    return raising(Refusal(code, reason, message, violations))


def raising(refusal: Refusal) -> Any:
    def refuse(_request: Any) -> Any:
        raise refusal

    return refuse


def failing_after(server: FakeServer, batches: int, failure: Refusal) -> Any:
    def answer(request: Any) -> AddEntriesResponse:
        if len({each.request_id for each in server.requests}) > batches:
            raise failure
        outcomes = [RowOutcome.ROW_OUTCOME_ADDED] * len(request.entries)
        return AddEntriesResponse(outcomes=outcomes, added=len(outcomes), written_at=REVISION)

    return answer


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    numbers = [f"+1415555{number:04}\n" for number in range(1_500)]
    Path("out.csv").write_text("phone\n" + "".join(numbers))


def test_every_command_is_known_as_a_change_or_as_none() -> None:
    names = {name for name, _ in commands(get_command(app))}

    assert not CHANGES & READS
    assert names == CHANGES | READS


def test_lost_answer_leaves_the_rows_of_its_batch_unknown(dnc: Dnc, server: FakeServer) -> None:
    lost = Refusal(grpc.StatusCode.INTERNAL, "INTERNAL", "lost")
    server.answers["AddEntries"] = failing_after(server, 1, lost)

    result = dnc(*ADD, "--from-file", "out.csv")

    assert result.exit_code == 4
    assert "The first 1,000 addresses are added." in result.stderr
    assert "Of the addresses 1,001 to 1,500 it is not known" in result.stderr
    assert "Running the command again is safe" in result.stderr
    assert "are not" not in result.stderr
    assert "Nothing was changed" not in result.stderr


def test_refused_batch_says_what_is_in_and_what_is_not(dnc: Dnc, server: FakeServer) -> None:
    wrong = Refusal(
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_ADDRESS",
        "entries[199].address: not an address",
        {"entries[199].address": "not an address"},
    )
    server.answers["AddEntries"] = failing_after(server, 1, wrong)

    result = dnc(*ADD, "--from-file", "out.csv")

    assert result.exit_code == 3
    assert "The first 1,000 addresses are added; the other 500 are not." in result.stderr
    assert "Nothing was changed" not in result.stderr
    assert "line 1201: not an address" in result.stderr
    assert result.stderr.count("not an address") == 1


def test_validation_that_is_lost_claims_nothing(dnc: Dnc, server: FakeServer) -> None:
    server.answers["AddEntries"] = failing_after(server, 1, Refusal(grpc.StatusCode.INTERNAL, "INTERNAL", "lost"))

    told = dnc(*ADD, "--from-file", "out.csv", "--validate-only").stderr

    assert "Nothing was changed: --validate-only." in told
    assert "are added" not in told
    assert "not known" not in told


def test_lines_are_those_of_the_file(dnc: Dnc, server: FakeServer) -> None:
    Path("notes.csv").write_text(f'sep=;\nphone;note\n{NUMBER};"two\nlines"\nwrong 555 01;x\n')
    server.answers["AddEntries"] = refusing(
        grpc.StatusCode.INVALID_ARGUMENT,
        "INVALID_ADDRESS",
        "entries[1].address: no address",
        {"entries[1].address": "no address"},
    )

    assert "line 5: no address" in dnc(*ADD, "--from-file", "notes.csv").stderr


def test_fault_of_an_option_is_told_once_and_by_the_name_of_the_option(dnc: Dnc, server: FakeServer) -> None:
    paths = {f"entries[{row}].note": "is too long" for row in range(3)}
    server.answers["AddEntries"] = refusing(
        grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "entries[0].note: is too long, and 2 more", paths
    )

    result = dnc(*ADD, "a@example.com", "b@example.com", "c@example.com", "--note", "n")

    assert result.stderr.startswith("Error: --note: is too long [INVALID_FIELD]\n")
    assert result.stderr.count("is too long") == 1


def test_address_of_the_command_line_is_counted_from_1(dnc: Dnc, server: FakeServer) -> None:
    paths = {"entries[1].address": "EMPTY", "entries[2].address": "EMERGENCY"}
    server.answers["AddEntries"] = refusing(
        grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ADDRESS", "entries[1].address: EMPTY, and 1 more", paths
    )

    lines = dnc(*ADD, NUMBER, "x", "y").stderr.splitlines()

    assert lines[:2] == ["Error: address 2: EMPTY, and 1 more [INVALID_ADDRESS]", "  address 3: EMERGENCY"]


def test_read_that_fails_does_not_speak_of_changes(dnc: Dnc, server: FakeServer) -> None:
    server.answers["Check"] = refusing(grpc.StatusCode.PERMISSION_DENIED, "ROLE_NOT_ALLOWED", "no")

    assert "changed" not in dnc(*CHECK).stderr


def test_change_that_is_refused_says_that_nothing_was_changed(dnc: Dnc, server: FakeServer) -> None:
    server.answers["AddEntries"] = refusing(grpc.StatusCode.PERMISSION_DENIED, "ROLE_NOT_ALLOWED", "no")

    assert "Nothing was changed." in dnc(*ADD, NUMBER).stderr


def test_change_without_an_answer_is_not_known(dnc: Dnc, server: FakeServer) -> None:
    server.answers["SetOptIn"] = refusing(grpc.StatusCode.INTERNAL, "STORE_CORRUPT", "no")

    told = dnc("optin", "set", NUMBER, "accepted", "--source", "agent").stderr

    assert "It is not known whether the change was made." in told


@pytest.mark.parametrize(
    ("reason", "code", "words"),
    [
        ("REVIEW_NOT_FOUND", grpc.StatusCode.NOT_FOUND, "dnc review list"),
        ("PERMISSION_NOT_FOUND", grpc.StatusCode.NOT_FOUND, "dnc permit"),
        ("LABEL_NOT_FOUND", grpc.StatusCode.NOT_FOUND, "dnc label list"),
        ("POLICY_NOT_FOUND", grpc.StatusCode.NOT_FOUND, "dnc policy list"),
        ("OWN_WORD_STANDS", grpc.StatusCode.PERMISSION_DENIED, "evidence"),
        ("ROLE_NOT_ALLOWED", grpc.StatusCode.PERMISSION_DENIED, "token"),
        ("LIMIT_REACHED", grpc.StatusCode.RESOURCE_EXHAUSTED, "Remove some"),
        ("STORAGE_FULL", grpc.StatusCode.RESOURCE_EXHAUSTED, "room on the disk"),
    ],
)
def test_advice_fits_the_reason(dnc: Dnc, server: FakeServer, reason: str, code: grpc.StatusCode, words: str) -> None:
    server.answers["AddEntries"] = refusing(code, reason, "the sentence of the server")

    told = dnc(*ADD, NUMBER).stderr

    assert words in told
    assert "dnc policy list, dnc label list" not in told
    assert ("another token" in told or "Use a token" in told) == (reason == "ROLE_NOT_ALLOWED")


def test_incident_is_shown_to_people_and_to_scripts(dnc: Dnc, server: FakeServer) -> None:
    bug = Refusal(grpc.StatusCode.INTERNAL, "INTERNAL", "its trace stands under the incident id", incident="4f1c")
    server.answers["Check"] = raising(bug)

    told = dnc(*CHECK).stderr
    document = dnc.json(*CHECK)

    assert "Incident: 4f1c" in told
    assert document["error"]["incident"] == "4f1c"


@pytest.mark.parametrize("arguments", [("--json", *CHECK), (*CHECK, "--json")])
def test_failure_is_a_json_document(dnc: Dnc, server: FakeServer, arguments: tuple[str, ...]) -> None:
    server.answers["Check"] = refusing(
        grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "rows[0].debt_id: too long", {"rows[0].debt_id": "too long"}
    )

    result = dnc(*arguments)

    assert json.loads(result.stdout) == {
        "error": {
            "reason": "INVALID_FIELD",
            "message": "rows[0].debt_id: too long",
            "fields": [{"field": "rows[0].debt_id", "description": "too long"}],
            "incident": "",
            "exit_code": 3,
        }
    }
    assert "rows[0].debt_id: too long" in result.stderr


def test_failure_of_the_command_itself_is_a_json_document_too(dnc: Dnc) -> None:
    document = dnc.json(*ADD, "--from-file", "missing.csv")["error"]

    assert (document["reason"], document["exit_code"]) == ("FILE", 5)
    assert "missing.csv" in document["message"]


def test_no_answer_has_a_reason_too(dnc: Dnc) -> None:
    dnc.target = "127.0.0.1:1"

    assert dnc.json("--timeout", "0.3", *CHECK)["error"]["reason"] in {"UNAVAILABLE", "TIMEOUT"}


@pytest.mark.parametrize("line", [1, 3])
def test_cell_that_is_too_long_is_named_by_its_line(dnc: Dnc, line: int) -> None:
    rows = [f"{NUMBER},x\n"] * 4
    rows[line - 1] = f"{NUMBER},{'y' * 140_000}\n"
    Path("calls.csv").write_text("".join(rows))

    result = dnc("scrub", "calls.csv", "--channel", "voice", "--column", "1")

    assert result.exit_code == 5
    assert f"Line {line}: a cell is longer than 131,072 characters" in result.stderr
    assert "quotes" not in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "\udcff", "--channel", "voice"),
        (*ADD, "+1415\udcff"),
        (*ADD, NUMBER, "--note", "\udcff"),
        ("optin", "get", "\udcff"),
    ],
)
def test_argument_that_is_no_text_is_a_usage_error(dnc: Dnc, server: FakeServer, arguments: tuple[str, ...]) -> None:
    result = dnc(*arguments)

    assert result.exit_code == 2
    assert "UTF-8" in result.stderr
    assert not server.requests


def test_server_without_a_name_is_a_usage_error(dnc: Dnc) -> None:
    result = dnc("--server", "", *CHECK)

    assert result.exit_code == 2
    assert "--server" in result.stderr


def test_token_file_that_is_no_text_is_named(dnc: Dnc) -> None:
    Path("token").write_bytes(b"\xff\xfe\x00")

    result = dnc("--token-file", "token", *CHECK)

    assert result.exit_code == 5
    assert "token holds no token" in result.stderr
    assert "codec" not in result.stderr
