"""The whole policy as YAML: every field in and out, and faults with their path."""

from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Dnc
from cli.fake_server import REVISION, FakeServer
from donotcontact.v1 import core_pb2, policy_pb2
from donotcontact.v1.policy_pb2 import Policy
from donotcontact.v1.policy_service_pb2 import AppliedPolicy, ApplyPolicyResponse, GetPolicyResponse

YAML = """\
name: us-telemarketing
channels: [VOICE, SMS]
purpose: MARKETING
labels: [DNC_Sales]
require_opt_in: {channels: [SMS]}
mode: ENFORCE
registries:
  - name: us-national
    max_age_days: 31
    categories: [1, 7]
    listed_days_min: 31
    lifted_by: [EXPRESS_WRITTEN, business-relationship]
unscreened: BLOCK
calling_hours: [us-federal, us-states]
attempt_limits:
  - {max: 3, per_hours: 24, regions: [US-FL, "NO"], per: DEBT, channels: [VOICE]}
  - {max: 8, per_hours: 168}
cooldowns:
  - {after: CONVERSATION, days: 7, per: DEBT}
  - {after: ABANDONED, hours: 72, regions: [NO], channels: [VOICE]}
attempt_packs: [reg-f]
one_time_permission: {channels: [EMAIL]}
"""
POLICY = Policy(
    name="us-telemarketing",
    channels=[core_pb2.CHANNEL_VOICE, core_pb2.CHANNEL_SMS],
    purpose=core_pb2.PURPOSE_MARKETING,
    labels=["DNC_Sales"],
    require_opt_in=policy_pb2.RequireOptIn(channels=[core_pb2.CHANNEL_SMS]),
    mode=policy_pb2.MODE_ENFORCE,
    registries=[
        policy_pb2.RequiredRegistry(
            name="us-national",
            max_age_days=31,
            categories=[1, 7],
            listed_days_min=31,
            lifted_by=[core_pb2.CONSENT_KIND_EXPRESS_WRITTEN, core_pb2.CONSENT_KIND_BUSINESS_RELATIONSHIP],
        )
    ],
    unscreened=policy_pb2.UNSCREENED_BLOCK,
    calling_hours=["us-federal", "us-states"],
    attempt_limits=[
        policy_pb2.AttemptLimit(
            max=3,
            per_hours=24,
            regions=["US-FL", "NO"],
            per=core_pb2.ATTEMPT_SCOPE_DEBT,
            channels=[core_pb2.CHANNEL_VOICE],
        ),
        policy_pb2.AttemptLimit(max=8, per_hours=168),
    ],
    cooldowns=[
        policy_pb2.Cooldown(after=core_pb2.ATTEMPT_OUTCOME_CONVERSATION, days=7, per=core_pb2.ATTEMPT_SCOPE_DEBT),
        policy_pb2.Cooldown(
            after=core_pb2.ATTEMPT_OUTCOME_ABANDONED, hours=72, regions=["NO"], channels=[core_pb2.CHANNEL_VOICE]
        ),
    ],
    attempt_packs=["reg-f"],
    one_time_permission=policy_pb2.OneTimePermission(channels=[core_pb2.CHANNEL_EMAIL]),
)


@pytest.fixture(autouse=True)
def canned(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    server.answers |= {
        "ApplyPolicy": lambda request: ApplyPolicyResponse(
            applied=AppliedPolicy(policy=request.policy, version=12), changed=True, written_at=REVISION
        ),
        "GetPolicy": lambda _: GetPolicyResponse(applied=AppliedPolicy(policy=POLICY, version=12), read_at=REVISION),
    }


def apply(dnc: Dnc, text: str, *options: str) -> Any:
    Path("policy.yaml").write_text(text)
    return dnc("policy", "apply", "-f", "policy.yaml", *options)


def test_every_field_is_read(dnc: Dnc, server: FakeServer) -> None:
    result = apply(dnc, YAML)

    assert result.exit_code == 0, result.stderr
    assert server.requests[0].policy == POLICY


def test_the_example_of_every_field_leaves_none_out() -> None:
    assert {field.name for field, _ in POLICY.ListFields()} == {field.name for field in Policy.DESCRIPTOR.fields}


def test_every_field_is_written_so_that_it_can_be_read_again(dnc: Dnc, server: FakeServer) -> None:
    printed = dnc("policy", "get", "us-telemarketing").stdout
    apply(dnc, printed)

    assert server.requests[-1].policy == POLICY
    assert "lifted_by: [EXPRESS_WRITTEN, BUSINESS_RELATIONSHIP]" in printed
    assert "categories: [1, 7]" in printed
    assert "per: DEBT" in printed


def test_dry_run_changes_nothing(dnc: Dnc, server: FakeServer) -> None:
    result = apply(dnc, YAML, "--dry-run")

    assert server.requests[0].validate_only
    assert "would be put in force" in result.stdout


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "attempt_limits:\n  - {max: 3, per_hour: 24}\n",
            "attempt_limits[0].per_hour (line 3): no such key; known are max",
        ),
        ("attempt_limits:\n  - {max: three}\n", "attempt_limits[0].max (line 3): must be a whole number"),
        ("attempt_limits:\n  - {max: -1}\n", "attempt_limits[0].max (line 3): must be a whole number"),
        # YAML reads it as 8, people as 10.
        ("attempt_limits:\n  - {max: 010}\n", "attempt_limits[0].max (line 3): must be a whole number without leading"),
        (
            "attempt_limits:\n  - {max: '03'}\n",
            "attempt_limits[0].max (line 3): must be a whole number without leading",
        ),
        ("attempt_limits: {max: 3}\n", "attempt_limits (line 2): must be several"),
        ("attempt_limits: [3]\n", "attempt_limits[0] (line 2): must be keys and values"),
        ("attempt_limits:\n  - {max: 3, per: HOUSEHOLD}\n", "[0].per (line 3): 'HOUSEHOLD' is not one of NUMBER"),
        ("cooldowns:\n  - {after: TALK}\n", "cooldowns[0].after (line 3): 'TALK' is not one of PENDING, NO_ANSWER"),
        ("registries:\n  - {name: a}\n  - {name: b, lifted_by: [NOD]}\n", "registries[1].lifted_by[0] (line 4): 'NOD'"),
        ("registries:\n  - {name: a, lifted-by: [INQUIRY]}\n", "registries[0].lifted-by (line 3): no such key"),
        ("registries:\n  - {name: a, max_age_days: 31.5}\n", "max_age_days (line 3): must be a whole number"),
        ("calling_hours: us-federal\n", "calling_hours (line 2): must be several"),
        ("one_time_permission: {channel: EMAIL}\n", "one_time_permission.channel (line 2): no such key"),
        ("unscreened: IGNORE\n", "unscreened (line 2): 'IGNORE' is not one of UNSCREENED, BLOCK"),
        ("callinghours: [uk]\n", "callinghours (line 2): no such key"),
    ],
)
def test_what_is_wrong_is_refused_with_its_path(dnc: Dnc, server: FakeServer, text: str, sentence: str) -> None:
    result = apply(dnc, "name: p\n" + text)

    assert result.exit_code == 5
    assert sentence in result.stderr
    assert not server.requests
