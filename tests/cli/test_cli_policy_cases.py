"""policy test: cases pass and fail for what they say, and files that say nothing clear are refused."""

from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from cli.conftest import Dnc
from cli.fake_server import NOVEMBER_3, REVISION, FakeServer, Refusal, block_finding
from donotcontact.v1.check_service_pb2 import CheckResult, ExplainResponse
from donotcontact.v1.policy_service_pb2 import ListRulePacksResponse, PackRule, RulePack
from donotcontact.v1.verdict_pb2 import Finding, LegalRule, Rule, Verdict

CASES = """\
policy: us-telemarketing
cases:
  - name: Florida after eight
    address: +1 305 555 0123
    channel: VOICE
    time: 2026-11-24T20:30-05:00
    expect: DEFER
    reasons: [CALLING_HOURS, us-fl-hours]
  - {name: New York, address: +1 212 555 0123, channel: voice, time: 2026-11-24T20:30-05:00, expect: allow}
"""
CASE = "{name: n, address: '+1', channel: VOICE, time: 2026-11-24T20:30Z, expect: ALLOW}"


def hours() -> Finding:
    return Finding(
        rule=Rule.RULE_CALLING_HOURS,
        verdict=Verdict.VERDICT_DEFER,
        legal_rule=LegalRule(id="us-fl-hours", citation="Fla. Stat. 501.616(6)", time_zone="America/New_York"),
        retry_at=Timestamp(seconds=NOVEMBER_3 + 13 * 3600),
    )


def explained(request: Any) -> ExplainResponse:
    closed = request.row.address.startswith("+1 305")
    verdict = Verdict.VERDICT_DEFER if closed else Verdict.VERDICT_ALLOW
    return ExplainResponse(
        result=CheckResult(verdict=verdict, findings=[hours()] if closed else []), answered_at=REVISION
    )


@pytest.fixture(autouse=True)
def canned(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    server.answers["Explain"] = explained
    rules = [PackRule(id="us-fl-hours"), PackRule(id="us-tx-hours")]
    server.answers["ListRulePacks"] = lambda _: ListRulePacksResponse(packs=[RulePack(name="us-states", rules=rules)])


def run(dnc: Dnc, text: str, *options: str) -> Any:
    Path("cases.yaml").write_text(text)
    return dnc("policy", "test", "-f", "cases.yaml", *options)


def test_cases_that_all_pass_leave_with_0_and_quote_the_rule(dnc: Dnc, server: FakeServer) -> None:
    result = run(dnc, CASES)

    assert result.exit_code == 0, result.stdout + result.stderr
    assert "2 of 2 cases pass" in result.stdout
    assert "us-fl-hours: Fla. Stat. 501.616(6)" in result.stdout
    packs, first = server.requests[:2]
    assert packs.DESCRIPTOR.name == "ListRulePacksRequest"
    assert (first.policy, first.contact_time.ToJsonString()) == ("us-telemarketing", "2026-11-25T01:30:00Z")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("expect: allow", "expect: BLOCK", "expected BLOCK"),
        ("us-fl-hours", "us-tx-hours", "expected because of us-tx-hours"),
        ("CALLING_HOURS", "ENTRY", "expected because of ENTRY"),
    ],
)
def test_one_case_that_fails_leaves_with_1_and_says_why(dnc: Dnc, old: str, new: str, fault: str) -> None:
    result = run(dnc, CASES.replace(old, new))

    assert result.exit_code == 1
    assert "FAIL" in result.stdout
    assert fault in result.stdout
    assert "1 of 2 cases pass" in result.stdout


@pytest.mark.parametrize("unknown", ["CALLING_HUORS", "us-florida", "VERDICT_DEFER"])
def test_a_reason_that_no_answer_can_have_is_refused_with_its_place(dnc: Dnc, server: FakeServer, unknown: str) -> None:
    result = run(dnc, CASES.replace("us-fl-hours", unknown))

    assert result.exit_code == 5
    assert f"cases[0].reasons[1] (line 8): '{unknown}' is neither a rule" in result.stderr
    assert [request.DESCRIPTOR.name for request in server.requests] == ["ListRulePacksRequest"]


def test_cases_whose_reasons_are_rules_of_the_contract_ask_for_no_packs(dnc: Dnc, server: FakeServer) -> None:
    run(dnc, CASES.replace(", us-fl-hours", ""))

    assert {request.DESCRIPTOR.name for request in server.requests} == {"ExplainRequest"}


def test_a_draft_is_asked_about_in_place_of_the_policy_in_force(dnc: Dnc, server: FakeServer) -> None:
    Path("draft.yaml").write_text("name: draft\ncalling_hours: [uk]\n")

    run(dnc, CASES, "--policy", "draft.yaml")

    assert {(request.draft.name, request.policy) for request in server.requests[1:]} == {("draft", "")}


def test_what_a_case_knows_of_the_person_goes_with_it(dnc: Dnc, server: FakeServer) -> None:
    known = "expect: ALLOW, region: US, time_zone: America/Chicago, postal_code: 00501, contact_id: c, debt_id: 7"
    run(
        dnc,
        f"policy: p\ncases: [{{name: n, address: '3', channel: SMS, time: 2026-07-01T20:30, {known}}}]\n",
    )

    row = server.requests[0].row
    assert (row.region, row.time_zone, row.postal_code, row.contact_id, row.debt_id) == (
        "US", "America/Chicago", "00501", "c", "7",
    )  # fmt: skip
    assert server.requests[0].contact_time.ToJsonString() == "2026-07-02T01:30:00Z"


def test_under_a_shadow_policy_the_shadow_verdict_counts(dnc: Dnc, server: FakeServer) -> None:
    result = CheckResult(
        verdict=Verdict.VERDICT_ALLOW, shadow_verdict=Verdict.VERDICT_BLOCK, findings=[block_finding()]
    )
    server.answers["Explain"] = lambda _: ExplainResponse(result=result, answered_at=REVISION)

    assert run(dnc, f"policy: p\ncases: [{CASE}]\n").exit_code == 1
    assert run(dnc, f"policy: p\ncases: [{CASE.replace('ALLOW', 'BLOCK')}]\n").exit_code == 0


def test_a_case_that_the_server_refuses_fails_alone(dnc: Dnc, server: FakeServer) -> None:
    def refuse_one(request: Any) -> Any:
        if request.row.address.startswith("+1 212"):
            raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "CHANNEL_NOT_IN_POLICY", "the policy does not name it")
        return explained(request)

    server.answers["Explain"] = refuse_one

    result = run(dnc, CASES)

    assert result.exit_code == 1
    assert "refused: the policy does not name it" in result.stdout
    assert "1 of 2 cases pass" in result.stdout


def test_a_draft_that_is_refused_is_no_failed_case(dnc: Dnc, server: FakeServer) -> None:
    def refuse(_request: Any) -> Any:
        raise Refusal(grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD", "no", {"draft.calling_hours[0]": "no pack"})

    server.answers["Explain"] = refuse
    Path("draft.yaml").write_text("name: draft\n")

    result = run(dnc, CASES, "--policy", "draft.yaml")

    assert result.exit_code == 3
    assert "draft.calling_hours[0]: no pack" in result.stderr


def test_a_server_that_does_not_answer_passes_nothing(dnc: Dnc, server: FakeServer) -> None:
    dnc.target = "127.0.0.1:1"
    Path("cases.yaml").write_text(CASES)

    result = dnc("--timeout", "0.3", "policy", "test", "-f", "cases.yaml")

    assert result.exit_code == 4
    assert result.stdout == ""


def test_json_holds_every_case(dnc: Dnc) -> None:
    Path("cases.yaml").write_text(CASES)

    document = dnc.json("policy", "test", "-f", "cases.yaml")

    assert (document["passed"], document["failed"]) == (2, 0)
    first = document["cases"][0]
    assert (first["verdict"], first["expect"], first["passed"]) == ("DEFER", "DEFER", True)
    assert first["findings"][0]["legal_rule"]["id"] == "us-fl-hours"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("policy: p\ncases:\n  - {name: n, adress: x}\n", "cases[0].adress (line 3): no such key; known are name"),
        ("policy: p\ncases:\n  - {name: n}\n", "cases[0] (line 3): expect is missing"),
        (f"policy: p\ncases: [{CASE}]\nexpected: 1\n", "expected (line 3): no such key; known are policy, cases"),
        (
            f"policy: p\ncases: [{CASE.replace('ALLOW', 'YES')}]\n",
            "cases[0].expect (line 2): 'YES' is not one of ALLOW",
        ),
        (f"policy: p\ncases: [{CASE.replace('VOICE', 'FAX')}]\n", "cases[0].channel (line 2): 'FAX' is not one of"),
        (
            f"policy: p\ncases: [{CASE.replace('30Z', '30')}]\n",
            "cases[0].time (line 2): must be a time with its offset",
        ),
        (f"policy: p\ncases: [{CASE.replace('2026', 'noon')}]\n", "cases[0].time (line 2): must be a time"),
        (
            f"policy: p\ncases: [{CASE.replace('}', ', reasons: ENTRY}')}]\n",
            "cases[0].reasons (line 2): must be several",
        ),
        (f"policy: p\ncases: [{CASE.replace('}', ', name: m}')}]\n", "cases[0].name (line 2): stands here twice"),
        ("policy: p\ncases: [3]\n", "cases[0] (line 2): must be keys and values"),
        ("policy: p\ncases: []\n", "cases: must be 1 to 10,000"),
        ("policy: p\n", "cases: must be 1 to 10,000"),
        ("- name\n", "must begin with keys, such as policy: us-telemarketing"),
    ],
)
def test_cases_that_are_wrong_are_refused_with_path_and_line(
    dnc: Dnc, server: FakeServer, text: str, sentence: str
) -> None:
    result = run(dnc, text)

    assert result.exit_code == 5
    assert sentence in result.stderr
    assert not server.requests


def test_cases_that_name_no_policy_need_one(dnc: Dnc, server: FakeServer) -> None:
    result = run(dnc, f"cases: [{CASE}]\n")

    assert result.exit_code == 2
    assert "The cases name no policy" in result.stderr
    assert not server.requests
