"""scrub --preview, context columns, openings and shadow verdicts in the result."""

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from cli.conftest import Dnc
from cli.fake_server import NOVEMBER_3, REVISION, FakeServer, Refusal
from donotcontact.cli.previewing import BAR_WIDTH, bar
from donotcontact.v1.check_service_pb2 import (
    OpenCount,
    PreviewRequest,
    PreviewResponse,
    ReasonCount,
    ScrubResponse,
    VerdictCount,
)
from donotcontact.v1.verdict_pb2 import Rule, Verdict

BLOCKED = "+14155550123"
PEOPLE = f"name,phone,tz,zip,who\nAnn,{BLOCKED},America/Chicago,60601,c-1\nBob,+14155550100,,,\nCy,,,,\n"
PREVIEW = ("scrub", "calls.csv", "--channel", "voice", "--column", "phone", "--preview")
SCRUB = ("scrub", "calls.csv", "--channel", "voice", "--column", "phone")
CLOSED = "outside of calling hours (us-fl-hours: Fla. Stat. 501.616(6))"
RETRY_MS = (NOVEMBER_3 + 3600) * 1000


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server: FakeServer) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("calls.csv").write_text(PEOPLE)
    server.blocked = {BLOCKED}
    server.answers["Preview"] = counted
    return tmp_path


def counted(request: PreviewRequest) -> PreviewResponse:
    hours = [datetime.fromtimestamp(NOVEMBER_3, UTC) + timedelta(hours=hour) for hour in range(request.hours)]
    return PreviewResponse(
        verdicts=[
            VerdictCount(verdict=Verdict.VERDICT_ALLOW, addresses=1),
            VerdictCount(verdict=Verdict.VERDICT_BLOCK, addresses=len(request.scrub.addresses) - 1),
        ],
        reasons=[
            ReasonCount(rule=Rule.RULE_ENTRY, verdict=Verdict.VERDICT_BLOCK, subject="DNC_Sales", addresses=2),
            ReasonCount(
                rule=Rule.RULE_CALLING_HOURS, verdict=Verdict.VERDICT_DEFER, subject="us-fl-hours", addresses=1
            ),
        ],
        open=[
            OpenCount(time=Timestamp(seconds=int(hour.timestamp())), addresses=index % 9)
            for index, hour in enumerate(hours)
        ],
        checked_at=REVISION,
        contact_time=Timestamp(seconds=NOVEMBER_3),
    )


def test_preview_shows_counts_by_verdict_and_reason_and_writes_nothing(dnc: Dnc, folder: Path) -> None:
    result = dnc(*PREVIEW)

    assert result.exit_code == 0, result.stderr
    assert "BLOCK            2  66.7 %" in result.stdout
    assert "us-fl-hours" in result.stdout
    assert "outside of calling hours" in result.stdout
    assert "1 of 3 would be ALLOW now." in result.stdout
    assert [path.name for path in folder.iterdir()] == ["calls.csv"]


def test_preview_draws_a_bar_for_each_coming_hour(dnc: Dnc, server: FakeServer) -> None:
    result = dnc(*PREVIEW, "--hours", "30")

    assert server.requests[0].hours == 30
    lines = [line for line in result.stdout.splitlines() if ":00" in line]
    assert len(lines) == 30
    assert lines[8].rstrip().endswith("8  " + "█" * BAR_WIDTH)
    assert "█" not in lines[0]
    assert sum("2026-11-0" in line for line in lines) in {2, 3}, "each day is named once"


def test_preview_counts_24_hours_unless_told_and_none_where_told(dnc: Dnc, server: FakeServer) -> None:
    dnc(*PREVIEW)
    without = dnc(*PREVIEW, "--hours", "0")

    assert [request.hours for request in server.requests] == [24, 0]
    assert "█" not in without.stdout


def test_preview_of_a_draft_sends_it_and_no_policy(dnc: Dnc, server: FakeServer) -> None:
    Path("draft.yaml").write_text("name: draft\ncalling_hours: [uk]\n")

    dnc(*PREVIEW, "--draft", "draft.yaml", "--at", "2026-11-24T20:30-05:00")

    (request,) = server.requests
    assert (request.draft.calling_hours, request.scrub.policy) == (["uk"], "")
    assert request.scrub.contact_time.ToJsonString() == "2026-11-25T01:30:00Z"


def test_preview_as_json(dnc: Dnc) -> None:
    document = dnc.json(*PREVIEW, "--hours", "2")

    assert (document["addresses"], document["allowed"]) == (3, 1)
    assert document["verdicts"] == {"BLOCK": 2, "ALLOW": 1}
    assert document["reasons"][1] == {
        "rule": "CALLING_HOURS", "verdict": "DEFER", "subject": "us-fl-hours", "addresses": 1, "shadow": False,
    }  # fmt: skip
    assert document["open"][1] == {"time": "2026-11-03T01:00:00Z", "addresses": 1}


def test_preview_that_counts_too_few_shows_nothing(dnc: Dnc, server: FakeServer) -> None:
    def short(request: PreviewRequest) -> PreviewResponse:
        response = counted(request)
        response.verdicts[1].addresses -= 1
        return response

    server.answers["Preview"] = short

    result = dnc(*PREVIEW)

    assert result.exit_code == 4
    assert result.stdout == ""


@pytest.mark.parametrize(
    "options",
    [
        ["--preview", "--out", "x.csv"],
        ["--preview", "--only-allowed", "x.csv"],
        ["--hours", "3"],
        ["--draft", "d.yaml"],
        ["--preview", "--draft", "d.yaml", "--policy", "p"],
        ["--preview", "--hours", "169"],
    ],
)
def test_options_that_do_not_fit_are_refused(dnc: Dnc, server: FakeServer, options: list[str]) -> None:
    result = dnc(*SCRUB, *options)

    assert result.exit_code == 2
    assert not server.requests


@pytest.mark.parametrize(
    ("count", "most", "drawn"),
    [(0, 8, ""), (0, 0, ""), (8, 8, "█" * 10), (4, 8, "█" * 5), (1, 10_000, "▏"), (7_999, 8_000, "█" * 9 + "▉")],
)
def test_a_bar_is_never_nothing_for_some_nor_full_for_less(count: int, most: int, drawn: str) -> None:
    assert bar(count, most, 10) == drawn


CONTEXT = ("--time-zone-column", "tz", "--postal-code-column", "4", "--contact-column", "WHO", "--debt-column", "name")


@pytest.mark.parametrize("question", [SCRUB, PREVIEW], ids=["scrub", "preview"])
def test_context_columns_go_with_their_rows(dnc: Dnc, server: FakeServer, question: tuple[str, ...]) -> None:
    result = dnc(*question, *CONTEXT)

    assert result.exit_code in {0, 1}, result.stderr
    (request,) = server.requests
    scrub = request if question is SCRUB else request.scrub
    assert list(scrub.time_zones) == ["America/Chicago", "", ""]
    assert list(scrub.postal_codes) == ["60601", "", ""]
    assert list(scrub.contact_ids) == ["c-1", "", ""]
    assert list(scrub.debt_ids) == ["Ann", "Bob", "Cy"]


def test_a_context_column_that_is_not_there_is_asked_for_by_its_option(dnc: Dnc, server: FakeServer) -> None:
    result = dnc(*SCRUB, "--debt-column", "debts")

    assert result.exit_code == 2
    assert 'There is no column "debts"' in result.stderr
    assert "--debt-column NAME" in result.stderr
    assert not server.requests


def test_a_cell_that_the_server_refuses_is_named_by_its_row(dnc: Dnc, server: FakeServer, folder: Path) -> None:
    def refuse(_request: Any) -> Any:
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "no", {"time_zones[1]": "must be a zone"})

    server.answers["Scrub"] = refuse

    result = dnc(*SCRUB, "--time-zone-column", "tz")

    assert result.exit_code == 5
    assert "row 2 below the header: the cell of --time-zone-column must be a zone" in result.stderr
    assert [path.name for path in folder.iterdir()] == ["calls.csv"]


def test_a_context_cell_of_any_length_never_reaches_the_wire(dnc: Dnc, server: FakeServer) -> None:
    Path("calls.csv").write_text("phone,who\n+14155550100,x\n+14155550101," + "y" * 200 + "\n")

    result = dnc(*SCRUB, "--contact-column", "who")

    assert result.exit_code == 5
    assert "row 2 below the header" in result.stderr
    assert not server.requests


def deferring(request: Any, *, shadow: bool) -> ScrubResponse:
    verdicts = [Verdict.VERDICT_DEFER if address == BLOCKED else Verdict.VERDICT_ALLOW for address in request.addresses]
    response = ScrubResponse(verdicts=verdicts, checked_at=REVISION, contact_time=Timestamp(seconds=NOVEMBER_3))
    columns = response.findings
    columns.legal_rule_names.add(id="us-fl-hours", citation="Fla. Stat. 501.616(6)", time_zone="America/New_York")
    for row, verdict in enumerate(verdicts):
        if verdict == Verdict.VERDICT_DEFER:
            columns.rows.append(row)
            columns.rules.append(Rule.RULE_CALLING_HOURS)
            columns.verdicts.append(verdict)
            columns.retry_at_ms.append(RETRY_MS)
            columns.legal_rules.append(0)
            columns.shadows.append(shadow)
    if shadow:
        response.shadow_verdicts.extend(verdicts)
        del response.verdicts[:]
        response.verdicts.extend([Verdict.VERDICT_ALLOW] * len(verdicts))
    else:
        response.retry_at_ms.extend(RETRY_MS if verdict == Verdict.VERDICT_DEFER else 0 for verdict in verdicts)
    return response


def rows() -> list[list[str]]:
    return list(csv.reader(io.StringIO(Path("calls.csv.screened.csv").read_text(), newline="")))


def test_result_tells_when_each_row_opens(dnc: Dnc, server: FakeServer) -> None:
    server.answers["Scrub"] = lambda request: deferring(request, shadow=False)

    result = dnc(*SCRUB)

    assert [row[5:] for row in rows()] == [
        ["dnc_verdict", "dnc_reason", "dnc_retry_at"],
        [
            "DEFER",
            f"{CLOSED}, until Mon 2026-11-02 20:00 (America/New_York)",
            "2026-11-03T01:00:00Z",
        ],
        ["ALLOW", "", ""],
        ["ALLOW", "", ""],
    ]
    assert f"{CLOSED}  " in result.stdout
    assert result.exit_code == 1


def test_shadow_verdicts_stand_beside_the_real_ones(dnc: Dnc, server: FakeServer) -> None:
    server.answers["Scrub"] = lambda request: deferring(request, shadow=True)

    result = dnc(*SCRUB)
    document = dnc.json(*SCRUB, "--force")

    shown = rows()
    assert [row[5] for row in shown] == ["dnc_verdict", "ALLOW", "ALLOW", "ALLOW"]
    assert [row[8] for row in shown] == ["dnc_shadow_verdict", "DEFER", "ALLOW", "ALLOW"]
    assert shown[1][6].startswith("reported only (shadow): outside of calling hours")
    assert "ALLOW    DEFER   reported only (shadow)" in result.stdout
    assert result.exit_code == 0
    assert (document["verdicts"], document["shadow_verdicts"]) == ({"ALLOW": 3}, {"ALLOW": 2, "DEFER": 1})


@pytest.mark.parametrize("column", ["dnc_retry_at", "dnc_shadow_verdict"])
def test_a_file_that_holds_a_column_of_ours_is_refused(dnc: Dnc, column: str) -> None:
    Path("calls.csv").write_text(f"phone,{column}\n+14155550100,x\n")

    assert dnc(*SCRUB).exit_code == 5
