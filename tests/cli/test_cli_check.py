"""check and explain: verdicts, sentences, exit codes, JSON."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import grpc
import pytest
import typer
from google.protobuf.timestamp_pb2 import Timestamp

from cli.conftest import Dnc
from cli.fake_server import REVISION, FakeServer, Refusal, block_finding
from donotcontact.cli.nouns import parse_time
from donotcontact.v1.check_service_pb2 import CheckResponse, CheckResult, ConsideredRule, ExplainResponse
from donotcontact.v1.core_pb2 import Channel
from donotcontact.v1.event_pb2 import Event, OptInClaimed, Role
from donotcontact.v1.verdict_pb2 import Rule, Verdict

CLEAR = "+14155550100"
BLOCKED = "+14155550123"


def refusing(*arguments: Any) -> Any:
    def refuse(_request: Any) -> Any:
        raise Refusal(*arguments)

    return refuse


def test_all_allowed_leaves_with_0(dnc: Dnc) -> None:
    result = dnc("check", CLEAR, "ann@example.com", "--channel", "voice")

    assert result.exit_code == 0
    assert "ALLOW" in result.stdout


def test_one_blocked_leaves_with_1_and_says_why(dnc: Dnc, server: FakeServer) -> None:
    server.blocked = {BLOCKED}

    result = dnc("check", CLEAR, BLOCKED, "--channel", "VOICE")

    assert result.exit_code == 1
    assert "under do-not-contact since 2026-11-03, said to an agent" in result.stdout
    assert "1 of 2 must not be contacted" in result.stdout


def test_verdict_this_version_does_not_know_is_not_allowed(dnc: Dnc, server: FakeServer) -> None:
    results = [CheckResult(verdict=Verdict.ValueType(9), address=CLEAR)]
    server.answers["Check"] = lambda _: CheckResponse(results=results, checked_at=REVISION)

    result = dnc("check", CLEAR, "--channel", "voice")

    assert result.exit_code == 1
    assert "UNKNOWN_9" in result.stdout


def test_request_carries_policy_region_and_time(dnc: Dnc, server: FakeServer) -> None:
    dnc("check", CLEAR, "--channel", "sms", "--policy", "p", "--region", "US", "--at", "2026-12-01T09:30Z")

    request = server.requests[0]
    assert (request.channel, request.policy, request.rows[0].region) == (Channel.CHANNEL_SMS, "p", "US")
    assert request.contact_time.ToJsonString() == "2026-12-01T09:30:00Z"


def test_relative_time_counts_from_the_injected_clock(dnc: Dnc, server: FakeServer) -> None:
    dnc("check", CLEAR, "--channel", "sms", "--at", "+2d")

    assert server.requests[0].contact_time.ToJsonString() == "2026-11-05T12:00:00Z"


@pytest.mark.parametrize("written", ["2026-11-23T20:30", "2026-11-23 20:30:15", "2026-11-23"])
@pytest.mark.parametrize(
    "question",
    [
        ["check", CLEAR, "--channel", "sms", "--at"],
        ["scrub", "calls.csv", "--channel", "sms", "--at"],
        ["explain", CLEAR, "--channel", "sms", "--at"],
        ["explain", CLEAR, "--channel", "sms", "--as-of"],
        ["add", CLEAR, "--label", "DNC_Sales", "--source", "api", "--starts"],
        ["add", CLEAR, "--label", "DNC_Sales", "--source", "api", "--expires"],
        ["consent", "add", CLEAR, "express", "--source", "api", "--reference", "r", "--given"],
        ["consent", "add", CLEAR, "express", "--source", "api", "--reference", "r", "--expires"],
        ["region", "close", "US-FL", "--reason", "storm", "--until"],
        ["entries", "--from"],
        ["entries", "--before"],
        ["journal", "list", "--from"],
        ["journal", "list", "--before"],
    ],
    ids=" ".join,
)
def test_a_time_without_its_offset_is_refused_everywhere(
    dnc: Dnc, server: FakeServer, question: list[str], written: str
) -> None:
    result = dnc(*question, written, env={"TERMINAL_WIDTH": "200"})

    assert result.exit_code == 2
    assert "does not say where it is that time" in result.stderr
    assert not server.requests


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("2026-11-23T20:30", "Write its offset: 2026-11-23T20:30-05:00, or 2026-11-23T20:30Z for UTC."),
        ("2026-11-23", "Write its offset: 2026-11-23T00:00-05:00, or 2026-11-23T00:00Z for UTC."),
    ],
)
def test_the_error_of_a_time_shows_how_to_write_it(written: str, shown: str) -> None:
    with pytest.raises(typer.BadParameter, match=re.escape(shown)):
        parse_time(written, lambda: datetime(2026, 11, 3, tzinfo=UTC))


@pytest.mark.parametrize("written", ["soon", "+90", "0001-01-01T00:00+05:00", "+99999w", "2026-13-01T00:00Z"])
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(typer.BadParameter, match="is not a time"):
        parse_time(written, lambda: datetime(9000, 11, 3, tzinfo=UTC))


def test_people_read_which_policy_judged(dnc: Dnc, server: FakeServer) -> None:
    server.answers["Check"] = lambda _: CheckResponse(
        results=[CheckResult(verdict=Verdict.VERDICT_ALLOW, address=CLEAR)], checked_at=REVISION, policy_version=12
    )

    assert "By p, version 12; dnc explain shows" in dnc("check", CLEAR, "--channel", "voice", "--policy", "p").stdout


def test_people_read_that_the_default_policy_asks_no_hours(dnc: Dnc) -> None:
    assert "By the default policy: no calling hours" in dnc("check", CLEAR, "--channel", "voice").stdout


@pytest.mark.parametrize("where", ["before", "behind"])
def test_json_flag_stands_before_and_behind_the_command(dnc: Dnc, where: str) -> None:
    question = ["check", CLEAR, "--channel", "voice"]

    result = dnc("--json", *question) if where == "before" else dnc(*question, "--json")

    assert result.stdout.startswith("{")
    assert result.exit_code == 0


def test_json_document_holds_everything(dnc: Dnc, server: FakeServer) -> None:
    server.blocked = {BLOCKED}

    document = dnc.json("check", BLOCKED, "--channel", "voice")

    assert document["allowed"] is False
    assert document["checked_at"] == {"store": "s1", "position": 42}
    (answer,) = document["results"]
    assert (answer["asked"], answer["verdict"], answer["allowed"]) == (BLOCKED, "BLOCK", False)
    finding = answer["findings"][0]
    assert (finding["rule"], finding["label"], finding["source"]) == ("ENTRY", "do-not-contact", "AGENT")
    assert finding["recorded_at"] == "2026-11-03T00:00:00Z"
    assert finding["sentence"] == "under do-not-contact since 2026-11-03, said to an agent"


@pytest.mark.parametrize(
    ("code", "reason", "exit_code"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, "CHANNEL_NOT_IN_POLICY", 3),
        (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID", 3),
        (grpc.StatusCode.PERMISSION_DENIED, "ROLE_NOT_ALLOWED", 3),
        (grpc.StatusCode.NOT_FOUND, "POLICY_NOT_FOUND", 3),
        (grpc.StatusCode.FAILED_PRECONDITION, "REVISION_OF_ANOTHER_STORE", 3),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "STORAGE_FULL", 4),
        (grpc.StatusCode.INTERNAL, "INTERNAL", 4),
    ],
)
def test_each_kind_of_refusal_has_its_exit_code(
    dnc: Dnc, server: FakeServer, code: grpc.StatusCode, reason: str, exit_code: int
) -> None:
    server.answers["Check"] = refusing(code, reason, "the sentence of the server", {"policy": "what is wrong"})

    result = dnc("check", CLEAR, "--channel", "voice", "--json")

    assert result.exit_code == exit_code
    assert json.loads(result.stdout)["error"]["reason"] == reason
    assert f"the sentence of the server [{reason}]" in result.stderr
    assert "policy: what is wrong" in result.stderr


def test_no_server_leaves_with_4_and_says_contact_nobody(dnc: Dnc) -> None:
    dnc.target = "127.0.0.1:1"

    result = dnc("--timeout", "0.3", "check", CLEAR, "--channel", "voice")

    assert result.exit_code == 4
    assert "contact nobody" in result.stderr.lower()


def test_short_answer_leaves_with_4(dnc: Dnc, server: FakeServer) -> None:
    server.answers["Check"] = lambda _: CheckResponse(checked_at=REVISION)

    result = dnc("check", CLEAR, "--channel", "voice")

    assert result.exit_code == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", CLEAR],
        ["check", "--channel", "voice"],
        ["check", CLEAR, "--channel", "fax"],
        ["check", CLEAR, "--channel", "voice", "--at", "noon"],
        ["nonsense"],
    ],
)
def test_wrong_command_line_leaves_with_2(dnc: Dnc, server: FakeServer, arguments: list[str]) -> None:
    result = dnc(*arguments)

    assert result.exit_code == 2
    assert not server.requests


def explanation(_request: Any) -> ExplainResponse:
    event = Event(position=7, time=Timestamp(seconds=60), actor="ann", role=Role.ROLE_AGENT)
    event.opt_in_claimed.CopyFrom(OptInClaimed(address=BLOCKED, campaign="spring"))
    return ExplainResponse(
        result=CheckResult(verdict=Verdict.VERDICT_BLOCK, address=BLOCKED, findings=[block_finding()]),
        considered=[ConsideredRule(rule=Rule.RULE_ENTRY, subject="do-not-text", sentence="No entry stands there.")],
        history=[event],
        answered_at=REVISION,
    )


def test_explain_shows_rules_and_history_and_leaves_with_1(dnc: Dnc, server: FakeServer) -> None:
    server.answers["Explain"] = explanation

    result = dnc("explain", BLOCKED, "--channel", "voice")

    assert result.exit_code == 1
    assert f"{BLOCKED}  BLOCK: under do-not-contact since 2026-11-03, said to an agent" in result.stdout
    assert "No entry stands there." in result.stdout
    assert "ann (agent)" in result.stdout


def test_explain_as_of_a_position_names_the_servers_store(dnc: Dnc, server: FakeServer) -> None:
    server.answers["Explain"] = explanation

    dnc("explain", BLOCKED, "--channel", "voice", "--as-of", "12")

    assert server.requests[-1].revision.store == "s1"
    assert server.requests[-1].revision.position == 12


def test_explain_as_of_a_time(dnc: Dnc, server: FakeServer) -> None:
    server.answers["Explain"] = explanation

    dnc("explain", BLOCKED, "--channel", "voice", "--as-of", "2026-11-03T09:30+01:00")

    assert server.requests[-1].time.ToJsonString() == "2026-11-03T08:30:00Z"


def test_token_comes_from_the_environment(dnc: Dnc, server: FakeServer) -> None:
    dnc("check", CLEAR, "--channel", "voice", env={"DNC_TOKEN": "secret"})

    assert server.tokens == ["Bearer secret"]


def test_token_beyond_this_machine_needs_tls(dnc: Dnc) -> None:
    dnc.target = "dnc.example.com:7420"

    result = dnc("--token", "secret", "check", CLEAR, "--channel", "voice")

    assert result.exit_code == 2
    assert "TLS" in result.stderr
    assert "secret" not in result.stderr


def test_token_file_that_is_missing_leaves_with_5(dnc: Dnc) -> None:
    result = dnc("--token-file", "nowhere/token", "check", CLEAR, "--channel", "voice")

    assert result.exit_code == 5
