"""scrub: every row once, in order, unchanged; nothing left behind when something breaks."""

import csv
import errno
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.conftest import Dnc
from cli.fake_server import FakeServer, Refusal
from donotcontact.cli.screening import CHUNK_ADDRESSES
from donotcontact.v1.check_service_pb2 import ScrubResponse

BLOCKED = "+14155550123"
PEOPLE = f"name,phone\nAnn,{BLOCKED}\nBob,+14155550100\n"
SCRUB = ("scrub", "calls.csv", "--channel", "voice")
OURS = ["dnc_verdict", "dnc_reason", "dnc_retry_at"]
REASON = "under do-not-contact since 2026-11-03, said to an agent"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> Path:
    monkeypatch.chdir(tmp_path)
    server.blocked = {BLOCKED}
    return tmp_path


def write(content: str | bytes, name: str = "calls.csv") -> None:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())


def screened(name: str = "calls.csv.screened.csv", delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(Path(name).read_bytes().decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_rows_come_out_in_order_with_verdict_and_reason(dnc: Dnc) -> None:
    write(PEOPLE)

    result = dnc(*SCRUB)

    assert result.exit_code == 1
    assert screened() == [
        ["name", "phone", *OURS],
        ["Ann", BLOCKED, "BLOCK", REASON, ""],
        ["Bob", "+14155550100", "ALLOW", "", ""],
    ]
    assert "1 of 2 will be skipped (50.0 %)" in result.stdout
    assert '2 "phone"' in result.stderr


def test_file_that_is_all_clear_leaves_with_0(dnc: Dnc) -> None:
    write("+14155550100\n+14155550101\n")

    assert dnc(*SCRUB).exit_code == 0


def test_exit_zero_says_that_the_scrub_itself_worked(dnc: Dnc) -> None:
    write(PEOPLE)

    assert dnc(*SCRUB, "--exit-zero").exit_code == 0


def test_only_allowed_writes_a_clean_call_list(dnc: Dnc) -> None:
    write(PEOPLE)

    dnc(*SCRUB, "--only-allowed", "clean.csv")

    assert Path("clean.csv").read_text() == "name,phone\nBob,+14155550100\n"


def test_json_summary_counts_by_verdict_and_reason(dnc: Dnc) -> None:
    write(PEOPLE + "Cy,4.15555E+09\n")

    document = dnc.json(*SCRUB)

    assert (document["rows"], document["allowed"], document["skipped"]) == (3, 1, 2)
    assert document["verdicts"] == {"BLOCK": 1, "ALLOW": 1, "INVALID": 1}
    assert {
        "verdict": "INVALID",
        "reason": "rounded by a spreadsheet; its last digits are lost",
        "rows": 1,
    } in document["reasons"]


@pytest.mark.parametrize(
    "encoded",
    [
        f"naïve;phone\r\nÅsa;{BLOCKED}\r\n".encode("cp1252"),
        f"naïve;phone\r\nÅsa;{BLOCKED}\r\n".encode("utf-8-sig"),
        f"naïve;phone\r\nÅsa;{BLOCKED}\r\n".encode(),
        f"naïve;phone\r\nÅsa;{BLOCKED}\r\n".encode("utf-16"),
        b"\xfe\xff" + f"naïve;phone\r\nÅsa;{BLOCKED}\r\n".encode("utf-16-be"),
        f"sep=;\r\nnaïve;phone\r\nÅsa;{BLOCKED}\r\n".encode(),
    ],
    ids=["cp1252", "utf-8 mark", "utf-8", "utf-16 le", "utf-16 be", "excel sep line"],
)
def test_every_encoding_that_people_have_comes_out_as_utf_8(dnc: Dnc, encoded: bytes) -> None:
    write(encoded)

    dnc(*SCRUB)

    assert screened(delimiter=";")[-2:] == [
        ["naïve", "phone", *OURS],
        ["Åsa", BLOCKED, "BLOCK", REASON, ""],
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_are_found_and_kept(dnc: Dnc, delimiter: str) -> None:
    write(f"name{delimiter}phone\nAnn{delimiter}{BLOCKED}\nBob{delimiter}+14155550100\n")

    dnc(*SCRUB)

    assert [row[2] for row in screened(delimiter=delimiter)] == ["dnc_verdict", "BLOCK", "ALLOW"]


def test_cells_keep_their_text_to_the_last_quote(dnc: Dnc) -> None:
    rows = ['"Smith, ""Al""", +14155550100 ,=1+1,007', '"two\nlines",+14155550101,,"x"']
    write("name,phone,note,code\r\n" + "\r\n".join(rows) + "\r\n")

    dnc(*SCRUB)

    text = Path("calls.csv.screened.csv").read_bytes().decode()
    assert all(f"{row},ALLOW,,\r\n" in text for row in rows)


def test_rows_of_other_lengths_lose_nothing_and_verdicts_stand_under_their_name(dnc: Dnc) -> None:
    write(f"name,phone\nAnn,{BLOCKED},more,and more\nBob\n\nCy,+14155550100\n\n\n")

    dnc(*SCRUB)

    assert screened() == [
        ["name", "phone", "", "", *OURS],
        ["Ann", BLOCKED, "more", "and more", "BLOCK", REASON, ""],
        ["Bob", "", "", "", "INVALID", "there is no address", ""],
        ["", "", "", "", "INVALID", "there is no address", ""],
        ["Cy", "+14155550100", "", "", "ALLOW", "", ""],
    ]


def test_several_columns_that_look_alike_are_never_guessed_between(dnc: Dnc, server: FakeServer) -> None:
    write(f"name,home phone,mobile\nAnn,{BLOCKED},+14155550100\n")

    result = dnc(*SCRUB)

    assert result.exit_code == 2
    assert '2 "home phone", 3 "mobile"' in result.stderr
    assert not server.requests


@pytest.mark.parametrize("column", ["mobile", "MOBILE", "3"])
def test_column_is_named_or_numbered(dnc: Dnc, column: str) -> None:
    write(f"name,home phone,mobile\nAnn,{BLOCKED},+14155550100\n")

    assert dnc(*SCRUB, "--column", column).exit_code == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"phone\n+14155550100\n+1415\x005550100\n", "Line 3 holds a NUL byte"),
        (b'phone,name\n+14155550100,Ann\n+14155550101,"Bob\n+14155550102,Cy\n', "Line 3: the quotes do not balance"),
        (b'phone,name\n+14155550100,"Ann" B\n', "Line 2: the quotes do not balance"),
        (b"phone\n\x81\x8d\n", "line 2: not text in cp1252"),
        (b"PK\x03\x04\x14\0\x06\0", "a zip or a workbook of Excel"),
        (b"\x1f\x8b\x08\0", "packed by gzip"),
        ("phone\nänn@example.com\n".encode() + b"Ren\xe9\n", "line 3: not text in utf-8, as other lines are"),
        (b"", "holds no rows"),
        (b"\n\n", "holds no rows"),
        ("phone\n+14155550100\n".encode("utf-16-le"), "UTF-16 without a byte order mark"),
        (b"phone,dnc_verdict\n+14155550100,ALLOW\n", "an old verdict permits nothing"),
    ],
)
def test_damaged_file_is_refused_with_its_line_before_anything_is_asked(
    dnc: Dnc, server: FakeServer, folder: Path, content: bytes, sentence: str
) -> None:
    write(content)

    result = dnc(*SCRUB)

    assert result.exit_code == 5
    assert sentence in result.stderr
    assert not server.requests
    assert [path.name for path in folder.iterdir()] == ["calls.csv"]


def failing_at_the_blocked_one(server: FakeServer) -> Any:
    def scrub(request: Any) -> ScrubResponse:
        if BLOCKED in request.addresses:
            raise Refusal(grpc.StatusCode.INTERNAL, "INTERNAL", "a bug")
        return server.scrub(request)

    return scrub


def test_server_that_fails_midway_leaves_no_result(dnc: Dnc, server: FakeServer, folder: Path) -> None:
    write("+14155550100\n" * CHUNK_ADDRESSES * 2 + f"{BLOCKED}\n")
    server.answers["Scrub"] = failing_at_the_blocked_one(server)

    result = dnc(*SCRUB, "--only-allowed", "clean.csv")

    assert result.exit_code == 4
    assert [path.name for path in folder.iterdir()] == ["calls.csv"]


def test_answer_that_is_too_short_leaves_no_result(dnc: Dnc, server: FakeServer, folder: Path) -> None:
    write(PEOPLE)

    def short(request: Any) -> ScrubResponse:
        response = server.scrub(request)
        response.verdicts.pop()
        return response

    server.answers["Scrub"] = short

    assert dnc(*SCRUB).exit_code == 4
    assert [path.name for path in folder.iterdir()] == ["calls.csv"]


def test_result_file_that_exists_stays_without_force(dnc: Dnc) -> None:
    write(PEOPLE)
    write("precious", "calls.csv.screened.csv")

    refused = dnc(*SCRUB)
    kept = Path("calls.csv.screened.csv").read_text()
    forced = dnc(*SCRUB, "--force")

    assert (refused.exit_code, kept, forced.exit_code) == (5, "precious", 1)
    assert "dnc_verdict" in Path("calls.csv.screened.csv").read_text()


def test_forced_run_that_fails_leaves_no_result_of_before(dnc: Dnc, server: FakeServer, folder: Path) -> None:
    write(PEOPLE)
    write("+14155550100", "calls.csv.screened.csv")
    write("+14155550100", "clean.csv")
    server.answers["Scrub"] = failing_at_the_blocked_one(server)

    result = dnc(*SCRUB, "--force", "--only-allowed", "clean.csv")

    assert result.exit_code == 4
    assert [path.name for path in folder.iterdir()] == ["calls.csv"]


def test_where_the_second_result_cannot_be_put_in_place_the_first_is_taken_away(
    dnc: Dnc, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(PEOPLE)
    replace = Path.replace

    def refuse_clean(self: Path, target: Path) -> Path:
        if target.name == "clean.csv":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse_clean)

    result = dnc(*SCRUB, "--only-allowed", "clean.csv")

    assert result.exit_code == 5
    assert [path.name for path in folder.iterdir()] == ["calls.csv"]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP])
def test_run_that_is_stopped_leaves_nothing(server: FakeServer, folder: Path, stop: signal.Signals) -> None:
    write(PEOPLE)
    asked, answered = threading.Event(), threading.Event()

    def slow(request: Any) -> ScrubResponse:
        asked.set()
        answered.wait(30)
        return server.scrub(request)

    server.answers["Scrub"] = slow
    program = [sys.executable, "-c", "from donotcontact.cli import main; main()", "--server", server.target, *SCRUB]
    with subprocess.Popen(program, stderr=subprocess.PIPE, text=True) as process:
        assert asked.wait(30)
        process.send_signal(stop)
        _, words = process.communicate()
    answered.set()

    assert process.returncode == 130
    assert "Interrupted." in words
    assert [path.name for path in folder.iterdir()] == ["calls.csv"]


def test_the_call_file_itself_is_never_overwritten(dnc: Dnc) -> None:
    write(PEOPLE)

    result = dnc(*SCRUB, "--out", "./calls.csv", "--force")

    assert result.exit_code == 2
    assert Path("calls.csv").read_text() == PEOPLE


def test_standard_input_to_standard_output(dnc: Dnc) -> None:
    result = dnc("scrub", "-", "--channel", "voice", "--out", "-", stdin=PEOPLE)

    assert result.stdout == f'name,phone,{",".join(OURS)}\nAnn,{BLOCKED},BLOCK,"{REASON}",\nBob,+14155550100,ALLOW,,\n'
    assert "1 of 2 will be skipped" in result.stderr
    assert result.exit_code == 1


def test_file_that_is_missing_leaves_with_5(dnc: Dnc) -> None:
    assert dnc(*SCRUB).exit_code == 5


def test_address_of_a_megabyte_never_goes_over_the_wire(dnc: Dnc, server: FakeServer) -> None:
    write("phone\n" + "1" * 100_000 + "\n")

    dnc(*SCRUB)

    assert len(server.requests[0].addresses[0]) == 321


CELL = st.one_of(
    st.sampled_from([BLOCKED, "+14155550100", "", " ", "=1+1", "4.15555E+09"]),
    st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff", exclude_categories=["Cs"]), max_size=12),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.lists(CELL, min_size=1, max_size=4), min_size=1, max_size=12),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_output_rows_are_the_input_rows_in_order(dnc: Dnc, rows: list[list[str]], ending: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=ending, quoting=csv.QUOTE_ALL).writerows([["a", "phone"], *rows])
    write(text.getvalue())

    result = dnc(*SCRUB, "--force", "--column", "phone", "--header", "--delimiter", "comma")

    shown = screened()
    assert result.exit_code in {0, 1}
    assert [row[: len(original)] for row, original in zip(shown[1:], rows, strict=True)] == rows
    assert all(row[-3] in {"ALLOW", "BLOCK", "INVALID"} for row in shown[1:])
    assert len({len(row) for row in shown}) == 1
