"""policy: YAML to the message and back, and refusals that name path and line."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from cli.conftest import Dnc
from cli.fake_server import REVISION, FakeServer
from donotcontact.v1.core_pb2 import Channel, Purpose
from donotcontact.v1.policy_pb2 import Mode, Policy, RequireOptIn
from donotcontact.v1.policy_service_pb2 import (
    AppliedPolicy,
    ApplyPolicyResponse,
    DeletePolicyResponse,
    GetPolicyResponse,
    ListPoliciesResponse,
)

YAML = """\
name: us-telemarketing
channels: [VOICE, CHANNEL_SMS]
purpose: marketing
labels: [DNC_Sales, 0123]   # beside the built-in ones
require_opt_in: {channels: [SMS]}
mode: SHADOW
"""
POLICY = Policy(
    name="us-telemarketing",
    channels=[Channel.CHANNEL_VOICE, Channel.CHANNEL_SMS],
    purpose=Purpose.PURPOSE_MARKETING,
    labels=["DNC_Sales", "0123"],
    require_opt_in=RequireOptIn(channels=[Channel.CHANNEL_SMS]),
    mode=Mode.MODE_SHADOW,
)
APPLIED = AppliedPolicy(policy=POLICY, version=12, applied_at=Timestamp(seconds=0))


def applied(request: Any) -> ApplyPolicyResponse:
    return ApplyPolicyResponse(
        applied=AppliedPolicy(policy=request.policy, version=12), changed=True, written_at=REVISION
    )


@pytest.fixture(autouse=True)
def canned(server: FakeServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    server.answers |= {
        "ApplyPolicy": applied,
        "GetPolicy": lambda _: GetPolicyResponse(applied=APPLIED, read_at=REVISION),
        "ListPolicies": lambda _: ListPoliciesResponse(policies=[APPLIED], read_at=REVISION),
        "DeletePolicy": lambda _: DeletePolicyResponse(changed=True, written_at=REVISION),
    }


def apply(dnc: Dnc, text: str, *options: str) -> Any:
    Path("policy.yaml").write_text(text)
    return dnc("policy", "apply", "-f", "policy.yaml", *options)


def test_apply_reads_short_and_full_enum_names(dnc: Dnc, server: FakeServer) -> None:
    result = apply(dnc, YAML)

    assert result.exit_code == 0
    assert server.requests[0].policy == POLICY
    assert "us-telemarketing is in force, version 12" in result.stdout


def test_apply_reads_the_json_mapping_too(dnc: Dnc, server: FakeServer) -> None:
    apply(dnc, '{"name": "p", "requireOptIn": {"channels": ["CHANNEL_SMS"]}}')

    assert server.requests[0].policy.require_opt_in.channels == [Channel.CHANNEL_SMS]


def test_validate_only_is_passed_on(dnc: Dnc, server: FakeServer) -> None:
    result = apply(dnc, YAML, "--validate-only")

    assert server.requests[0].validate_only
    assert "would be put in force" in result.stdout


def test_what_get_prints_can_be_applied_again(dnc: Dnc, server: FakeServer) -> None:
    printed = dnc("policy", "get", "us-telemarketing").stdout
    apply(dnc, printed)

    assert printed.startswith("# version 12")
    assert "channels: [VOICE, SMS]" in printed
    assert server.requests[-1].policy == POLICY


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("name: p\nchanels: [VOICE]\n", "chanels (line 2): no such key"),
        ("name: p\nrequire_opt_in:\n  channels: [SMS]\n  purpose: X\n", "require_opt_in.purpose (line 4): no such key"),
        ("name: p\nchannels:\n  - VOICE\n  - FAX\n", "channels[1] (line 4): 'FAX' is not one of VOICE, SMS"),
        ("name: p\nchannels: VOICE\n", "channels (line 2): must be several"),
        ("name: p\nname: q\n", "name (line 2): stands here twice"),
        ("name: [p]\n", "name (line 1): must be one word"),
        ("name: p\nmode: null\n", "mode (line 2): must be one word"),
        ("name: p\nrequire_opt_in: SMS\n", "require_opt_in (line 2): must be keys and values"),
        ("channels: [SMS]\n", "name: is missing"),
        ("name: 'p\n", "line 2: not YAML"),
        ("- name\n", "must begin with keys"),
        ("name: p\n---\nname: q\n", "holds 2 documents"),
        ("", "holds 0 documents"),
        ("name: p\nmode: MODE_UNSPECIFIED\n", "mode (line 2): 'MODE_UNSPECIFIED' is not one of"),
        ("[" * 5_000, "is not YAML"),
    ],
)
def test_policy_that_is_wrong_is_refused_with_path_and_line(
    dnc: Dnc, server: FakeServer, text: str, sentence: str
) -> None:
    result = apply(dnc, text)

    assert result.exit_code == 5
    assert sentence in result.stderr
    assert not server.requests


def test_every_fault_is_named_at_once(dnc: Dnc) -> None:
    result = apply(dnc, "nam: p\nmode: SOFT\n")

    assert "nam (line 1)" in result.stderr
    assert "mode (line 2)" in result.stderr


def test_list_and_delete(dnc: Dnc) -> None:
    listed, document, deleted = dnc("policy", "list"), dnc.json("policy", "list"), dnc("policy", "delete", "p")

    assert "SHADOW" in listed.stdout
    assert document["policies"][0]["policy"]["labels"] == ["DNC_Sales", "0123"]
    assert "p is no longer in force" in deleted.stdout
