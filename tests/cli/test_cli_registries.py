"""What `dnc` says about registries: findings in words, in files and in sums; policies that require them."""

import csv
from pathlib import Path
from typing import Any

import pytest

from cli.conftest import Dnc
from cli.fake_server import REVISION, FakeServer
from donotcontact.cli.eventwords import event_sentence
from donotcontact.cli.sentences import finding_kind, finding_sentence
from donotcontact.v1 import event_pb2
from donotcontact.v1.check_service_pb2 import CheckResponse, CheckResult, ScrubFindings, ScrubResponse
from donotcontact.v1.policy_pb2 import Policy, RequiredRegistry, Unscreened
from donotcontact.v1.policy_service_pb2 import AppliedPolicy, ApplyPolicyResponse, GetPolicyResponse
from donotcontact.v1.registry_pb2 import Registry, Snapshot
from donotcontact.v1.verdict_pb2 import Finding, RegistryRef, Rule, Verdict

LISTED = RegistryRef(name="us-national", snapshot="s1", list_date="2026-11-20")
UNLISTED = RegistryRef(name="us-national")
NONE = 0xFFFF_FFFF
PHONES = ["+14155550123", "+12125550123", "+442079460958", "+14155550199"]
YAML = """\
name: us-telemarketing
registries:
  - {name: us-national, max_age_days: 31, categories: [1, 2]}
  - name: state-list
    listed_days_min: 28
unscreened: block
"""
POLICY = Policy(
    name="us-telemarketing",
    registries=[
        RequiredRegistry(name="us-national", max_age_days=31, categories=[1, 2]),
        RequiredRegistry(name="state-list", listed_days_min=28),
    ],
    unscreened=Unscreened.UNSCREENED_BLOCK,
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("rule", "ref", "said"),
    [
        (Rule.RULE_REGISTRY, LISTED, "on us-national, list of 2026-11-20"),
        (Rule.RULE_REGISTRY_NOT_COVERED, LISTED, "not covered by us-national for this account, list of 2026-11-20"),
        (Rule.RULE_REGISTRY_NOT_COVERED, RegistryRef(), "no registry of the policy speaks about this number"),
        (Rule.RULE_REGISTRY_STALE, LISTED, "us-national is older than the policy allows, list of 2026-11-20"),
        (Rule.RULE_REGISTRY_MISSING, UNLISTED, "us-national has no list in force"),
    ],
)
def test_every_rule_of_registries_has_words_and_is_summed_by_its_list(
    rule: Rule.ValueType, ref: RegistryRef, said: str
) -> None:
    finding = Finding(rule=rule, verdict=Verdict.VERDICT_BLOCK, registry=ref)

    assert (finding_sentence(finding), finding_kind(finding)) == (said, said)


def test_every_rule_of_the_contract_has_words() -> None:
    unknown = [
        name
        for name, rule in Rule.items()
        if rule and "does not know" in finding_sentence(Finding(rule=rule, registry=LISTED))
    ]

    assert unknown == []


def test_check_names_the_list(dnc: Dnc, server: FakeServer) -> None:
    finding = Finding(rule=Rule.RULE_REGISTRY, verdict=Verdict.VERDICT_BLOCK, registry=LISTED)
    result = CheckResult(verdict=Verdict.VERDICT_BLOCK, address=PHONES[0], findings=[finding])
    server.answers["Check"] = lambda _: CheckResponse(results=[result], checked_at=REVISION)

    told = dnc("check", PHONES[0], "--channel", "voice")
    document = dnc.json("check", PHONES[0], "--channel", "voice")

    assert told.exit_code == 1
    assert "on us-national, list of 2026-11-20" in told.stdout
    assert document["results"][0]["findings"][0]["registry"] == {
        "name": "us-national",
        "snapshot": "s1",
        "list_date": "2026-11-20",
        "not_counted": "UNSPECIFIED",
        "lacking_snapshot": "",
        "lacking_list_date": "",
    }


def screened(_request: Any) -> ScrubResponse:
    block, unscreened = Verdict.VERDICT_BLOCK, Verdict.VERDICT_UNSCREENED
    findings = ScrubFindings(
        rows=[0, 1, 2, 3],
        rules=[Rule.RULE_REGISTRY, Rule.RULE_REGISTRY_NOT_COVERED, Rule.RULE_REGISTRY_NOT_COVERED, Rule.RULE_ENTRY],
        verdicts=[block, unscreened, unscreened, block],
        labels=[NONE, NONE, NONE, 0],
        label_names=["do-not-phone"],
        targets=[NONE, NONE, NONE, 0],
        target_names=["+1415*"],
        registries=[0, 0, NONE, NONE],
        registry_names=[LISTED],
    )
    return ScrubResponse(verdicts=[block, unscreened, unscreened, block], findings=findings, checked_at=REVISION)


def test_scrub_names_list_and_prefix_in_the_file_and_in_the_sum(dnc: Dnc, server: FakeServer) -> None:
    server.answers["Scrub"] = screened
    Path("calls.csv").write_text("phone\n" + "\n".join(PHONES) + "\n")

    told = dnc("scrub", "calls.csv", "--channel", "voice")

    rows = list(csv.DictReader(Path("calls.csv.screened.csv").read_text().splitlines()))
    assert told.exit_code == 1
    assert [(row["dnc_verdict"], row["dnc_reason"]) for row in rows] == [
        ("BLOCK", "on us-national, list of 2026-11-20"),
        ("UNSCREENED", "not covered by us-national for this account, list of 2026-11-20"),
        ("UNSCREENED", "no registry of the policy speaks about this number"),
        ("BLOCK", "under do-not-phone as part of +1415*"),
    ]
    assert all(row["dnc_reason"] in told.stdout for row in rows)


def test_policy_with_registries_is_read(dnc: Dnc, server: FakeServer) -> None:
    applied = AppliedPolicy(policy=POLICY, version=3)
    server.answers["ApplyPolicy"] = lambda _: ApplyPolicyResponse(applied=applied, changed=True, written_at=REVISION)
    Path("policy.yaml").write_text(YAML)

    told = dnc("policy", "apply", "-f", "policy.yaml")

    assert told.exit_code == 0
    assert server.requests[0].policy == POLICY


def test_policy_with_registries_is_written_so_that_it_can_be_applied_again(dnc: Dnc, server: FakeServer) -> None:
    applied = AppliedPolicy(policy=POLICY, version=3)
    server.answers["GetPolicy"] = lambda _: GetPolicyResponse(applied=applied, read_at=REVISION)
    server.answers["ApplyPolicy"] = lambda _: ApplyPolicyResponse(applied=applied, changed=True, written_at=REVISION)

    written = dnc("policy", "get", "us-telemarketing").stdout
    dnc("policy", "apply", "-f", "-", stdin=written)

    assert "unscreened: BLOCK" in written
    assert server.requests[-1].policy == POLICY


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("registries: [us-national]", "registries[0] (line 2): must be keys and values"),
        ("registries: [{name: r, max_age: 31}]", "registries[0].max_age (line 2): no such key"),
        ("registries: [{name: r, max_age_days: a month}]", "registries[0].max_age_days (line 2): must be a whole"),
        ("registries: [{name: r, max_age_days: -1}]", "registries[0].max_age_days (line 2): must be a whole"),
        ("registries: [{name: r, categories: [x]}]", "registries[0].categories[0] (line 2): must be a whole"),
        ("registries: {name: r}", "registries (line 2): must be several"),
        ("unscreened: ALLOW", "unscreened (line 2): 'ALLOW' is not one of UNSCREENED, BLOCK"),
    ],
)
def test_wrong_registries_are_refused_with_path_and_line(dnc: Dnc, server: FakeServer, text: str, fault: str) -> None:
    Path("policy.yaml").write_text(f"name: p\n{text}\n")

    told = dnc("policy", "apply", "-f", "policy.yaml")

    assert told.exit_code != 0
    assert fault in told.stderr
    assert server.requests == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"registry_created": event_pb2.RegistryCreated(registry=Registry(name="r"))}, "created registry r"),
        (
            {
                "snapshot_imported": event_pb2.SnapshotImported(
                    snapshot=Snapshot(registry="r", id="s1", numbers=1_234, list_date="2026-11-20")
                )
            },
            "imported 1,234 numbers of r, list of 2026-11-20, as snapshot s1",
        ),
        (
            {"snapshot_activated": event_pb2.SnapshotActivated(registry="r", snapshot="s1")},
            "put snapshot s1 of r in force",
        ),
        ({"snapshot_pruned": event_pb2.SnapshotPruned(registry="r", snapshot="s1")}, "took snapshot s1 of r away"),
        (
            {"coverage_granted": event_pb2.CoverageGranted(registry="r", account="acme", prefixes=["+1415"])},
            "acme may rely on +1415 of r",
        ),
    ],
)
def test_events_of_registries_have_words(change: Any, said: str) -> None:
    assert event_sentence(event_pb2.Event(**change)) == said
