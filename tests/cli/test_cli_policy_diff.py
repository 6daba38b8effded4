"""policy diff: what a file would change, and nothing that decides nothing."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from cli.conftest import Dnc
from cli.fake_server import REVISION, FakeServer, Refusal
from donotcontact.v1 import core_pb2, policy_pb2
from donotcontact.v1.policy_pb2 import Policy
from donotcontact.v1.policy_service_pb2 import AppliedPolicy, GetPolicyResponse

SAME = """\
name: p
labels: [B, A]
registries:
  - {name: us-national, max_age_days: 31}
calling_hours: [us-federal]
attempt_limits:
  - {max: 3, per_hours: 24, regions: [US-OK, US-FL]}
  - {max: 8, per_hours: 168}
"""
IN_FORCE = Policy(
    name="p",
    purpose=core_pb2.PURPOSE_MARKETING,
    labels=["A", "B"],
    mode=policy_pb2.MODE_ENFORCE,
    unscreened=policy_pb2.UNSCREENED_UNSCREENED,
    registries=[policy_pb2.RequiredRegistry(name="us-national", max_age_days=31)],
    calling_hours=["us-federal"],
    attempt_limits=[
        policy_pb2.AttemptLimit(max=3, per_hours=24, regions=["US-FL", "US-OK"], per=core_pb2.ATTEMPT_SCOPE_NUMBER),
        policy_pb2.AttemptLimit(max=8, per_hours=168, per=core_pb2.ATTEMPT_SCOPE_NUMBER),
    ],
)


@pytest.fixture(autouse=True)
def canned(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    server.answers["GetPolicy"] = lambda _: GetPolicyResponse(
        applied=AppliedPolicy(policy=IN_FORCE, version=12), read_at=REVISION
    )


def diff(dnc: Dnc, text: str) -> Any:
    Path("p.yaml").write_text(text)
    return dnc("policy", "diff", "-f", "p.yaml")


def test_the_same_policy_leaves_with_0_whatever_its_order_and_its_defaults(dnc: Dnc, server: FakeServer) -> None:
    result = diff(dnc, SAME)

    assert result.exit_code == 0
    assert "p is in force as it stands in the file." in result.stdout
    assert server.requests[0].name == "p"
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("max_age_days: 31", "max_age_days: 15", ["registries[us-national].max_age_days", "- 31", "+ 15"]),
        ("labels: [B, A]", "labels: [A, C]", ["labels", "- B", "+ C"]),
        ("{max: 8, per_hours: 168}", "{max: 7, per_hours: 168}", ["attempt_limits", "- {max: 8", "+ {max: 7"]),
        ("  - {max: 8, per_hours: 168}\n", "", ["attempt_limits", "- {max: 8, per_hours: 168, per: NUMBER}"]),
        ("name: p\n", "name: p\nmode: SHADOW\n", ["mode", "- ENFORCE", "+ SHADOW"]),
        ("name: p\n", "name: p\nrequire_opt_in: {channels: [SMS]}\n", ["require_opt_in", "+ {channels: [SMS]}"]),
        ("name: us-national", "name: us-state", ["registries[us-national]", "- {name: us-nat", "registries[us-state]"]),
    ],
)
def test_each_field_that_differs_is_named_with_both_sides(dnc: Dnc, old: str, new: str, lines: list[str]) -> None:
    result = diff(dnc, SAME.replace(old, new))

    assert result.exit_code == 1
    assert "p would change against version 12" in result.stdout
    places = [result.stdout.find(line) for line in lines]
    assert -1 not in places
    assert places == sorted(places)


def test_what_is_the_same_is_not_shown(dnc: Dnc) -> None:
    shown = diff(dnc, SAME.replace("max: 8", "max: 7")).stdout

    assert "labels" not in shown
    assert "US-FL" not in shown


def test_a_policy_that_is_not_in_force_would_be_new(dnc: Dnc, server: FakeServer) -> None:
    def missing(_request: Any) -> Any:
        raise Refusal(grpc.StatusCode.NOT_FOUND, "POLICY_NOT_FOUND", "there is none")

    server.answers["GetPolicy"] = missing

    result = diff(dnc, SAME)

    assert result.exit_code == 1
    assert "all of it would be new" in result.stdout
    assert "+ us-federal" in result.stdout


def test_json_holds_every_change(dnc: Dnc) -> None:
    Path("p.yaml").write_text(SAME.replace("max_age_days: 31", "max_age_days: 0"))

    document = dnc.json("policy", "diff", "-f", "p.yaml")

    assert (document["name"], document["version"], document["differs"]) == ("p", 12, True)
    assert document["changes"] == [{"path": "registries[us-national].max_age_days", "in_force": "31", "file": "0"}]


def test_a_server_that_does_not_answer_is_no_difference(dnc: Dnc) -> None:
    dnc.target = "127.0.0.1:1"
    Path("p.yaml").write_text(SAME)

    result = dnc("--timeout", "0.3", "policy", "diff", "-f", "p.yaml")

    assert result.exit_code == 4
    assert result.stdout == ""
