"""The client and the command against the real server: what the contract says, seen from outside."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from donotcontact import Client, Completion, ConsentKind, Row, Verdict
from donotcontact.cli.app import app
from donotcontact.cli.session import Surroundings
from donotcontact.v1 import core_pb2, policy_pb2
from donotcontact.v1.consent_service_pb2 import Consent
from donotcontact.v1.entry_service_pb2 import NewEntry
from serving import Served, served

FLORIDA, NEW_YORK = "+13055550123", "+12125550123"
EVENING = datetime(2026, 11, 25, 1, 30, tzinfo=UTC)  # 20:30 in New York and Miami
POLICY = """\
name: us-telemarketing
channels: [VOICE, SMS]
calling_hours: [us-federal, us-states]
attempt_limits:
  - {max: 3, per_hours: 24, regions: [US-OK, US-FL]}
"""
CASES = """\
policy: us-telemarketing
cases:
  - {name: Florida, address: +13055550123, channel: VOICE, time: 2030-01-17T20:30-05:00, expect: DEFER}
  - {name: New York, address: +12125550123, channel: VOICE, time: 2030-01-17T20:30-05:00, expect: ALLOW}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("store") / "store") as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Served) -> Iterator[Client]:
    with Client(server.address) as client:
        client.apply_policy(
            policy_pb2.Policy(
                name="us-telemarketing",
                channels=[core_pb2.CHANNEL_VOICE, core_pb2.CHANNEL_SMS],
                calling_hours=["us-federal", "us-states"],
                attempt_limits=[policy_pb2.AttemptLimit(max=3, per_hours=24, regions=["US-FL", "US-OK"])],
            )
        )
        client.apply_policy(
            policy_pb2.Policy(
                name="quotes",
                one_time_permission=policy_pb2.OneTimePermission(channels=[core_pb2.CHANNEL_EMAIL]),
            )
        )
        yield client


@pytest.fixture
def dnc(server: Served, client: Client) -> Any:
    def run(*arguments: str) -> Any:
        told = ["--server", server.address, *arguments]
        return CliRunner().invoke(app, told, obj=Surroundings(zone=UTC), catch_exceptions=False)

    return run


def test_an_evening_call_waits_in_florida_and_passes_in_new_york(client: Client) -> None:
    florida, new_york = client.check(
        [FLORIDA, NEW_YORK], channel="VOICE", policy="us-telemarketing", contact_time=EVENING
    )

    assert (florida.verdict, new_york.allowed) == (Verdict.DEFER, True)
    assert florida.retry_at == datetime(2026, 11, 25, 13, tzinfo=UTC)
    assert florida.legal_rule is not None
    assert (florida.legal_rule.id, florida.legal_rule.time_zone) == ("us-fl-hours", "America/New_York")
    opened = client.check_one(FLORIDA, channel="VOICE", policy="us-telemarketing", contact_time=florida.retry_at)
    assert opened.allowed


def test_a_scrub_and_its_preview_agree_with_the_check(client: Client) -> None:
    addresses, zones = [FLORIDA, NEW_YORK, NEW_YORK], ["", "", "America/Chicago"]
    question: dict[str, Any] = {"channel": "VOICE", "policy": "us-telemarketing", "contact_time": EVENING}

    (part,) = client.scrub(addresses, time_zones=zones, **question)
    preview = client.preview(addresses, time_zones=zones, hours=13, chunk=2, **question)

    assert list(part.allowed) == [False, True, True]
    assert part.retry_at[0] == np.datetime64("2026-11-25T13:00")
    assert part.findings_of(0)[0].legal_rule.citation
    assert preview.verdicts == {Verdict.ALLOW: 2, Verdict.DEFER: 1}
    assert [each.addresses for each in preview.open] == [2, 1, *[0] * 10, 2]


def test_no_fourth_attempt_is_granted_in_florida(client: Client, server: Served) -> None:
    server.clock.now_ms = 1_795_618_800_000  # 2026-11-25 15:00 UTC: ten in the morning
    attempts = client.reserve_attempts(["+13055550199"] * 4, channel="VOICE", policy="us-telemarketing")

    told = client.complete_attempts({attempt.reservation: "NO_ANSWER" for attempt in attempts if attempt.allowed})

    assert [attempt.allowed for attempt in attempts] == [True, True, True, False]
    assert attempts[3].verdict is Verdict.DEFER
    assert attempts[3].attempts is not None
    assert (attempts[3].attempts.attempts, attempts[3].attempts.max) == (3, 3)
    assert set(told.values()) == {Completion.RECORDED}


def test_a_stop_blocks_the_next_text_and_its_confirmation_passes_once(client: Client) -> None:
    answer = client.record_inbound_message("+14155550177", "STOP")

    assert not client.check_one("+14155550177", channel="SMS").allowed
    first, second = client.claim_send(answer.confirmation), client.claim_send(answer.confirmation)
    assert (first.allowed, second.allowed) == (True, False)
    assert first.address == "+14155550177"


def test_an_uncertain_message_blocks_until_somebody_decides(client: Client) -> None:
    answer = client.record_inbound_message("+14155550178", "please do not bother me at dinner ok")
    assert not client.check_one("+14155550178", channel="SMS").allowed

    assert answer.review in {review.review for review in client.list_reviews()}
    assert client.decide_review(answer.review, core_pb2.REVIEW_DECISION_NOT_AN_OPT_OUT).changed

    assert client.check_one("+14155550178", channel="SMS").allowed


def test_a_consent_is_listed_until_it_is_revoked(client: Client) -> None:
    consent = Consent(kind=core_pb2.CONSENT_KIND_EXPRESS_WRITTEN)
    evidence = core_pb2.Evidence(reference="form-1")

    assert client.record_consent(FLORIDA, consent, source=core_pb2.SOURCE_API, evidence=evidence).changed

    (recorded,) = client.list_consents(FLORIDA).consents
    assert ConsentKind(recorded.consent.kind) is ConsentKind.EXPRESS_WRITTEN
    assert client.revoke_consent(FLORIDA, source=core_pb2.SOURCE_API, channels=["VOICE"]).revoked == 1


def test_permission_is_for_one_send_and_leaves_the_opt_out(client: Client) -> None:
    ann = "ann@example.com"
    client.add_entries([NewEntry(address=ann, label="do-not-email", source=core_pb2.SOURCE_AGENT)])

    refused = client.authorize_one_time_send(ann, channel="EMAIL", policy="quotes", permission_given=False)
    made = client.authorize_one_time_send(
        Row(ann), channel="EMAIL", policy="quotes", permission_given=True, note="Ann asked Bo"
    )

    assert (made.made, refused.made, refused.verdict) == (True, False, Verdict.PERMISSION_REQUIRED)
    assert [client.claim_send(made.permission).allowed for _ in range(2)] == [True, False]
    assert not client.check_one(ann, channel="EMAIL", policy="quotes").allowed


def test_a_closed_region_waits_until_it_is_opened(client: Client, server: Served) -> None:
    until = datetime.fromtimestamp(server.clock() / 1000 + 86_400, UTC)
    client.close_region("US-GA", until=until, reason="storm")

    closed = client.check_one("+14045550123", channel="VOICE")
    assert [region.region for region in client.closed_regions()] == ["US-GA"]
    assert client.open_region("US-GA").changed

    assert (closed.verdict, closed.retry_at) == (Verdict.DEFER, until)
    assert client.check_one("+14045550123", channel="VOICE").allowed


def test_every_pack_tells_its_rules_with_their_citations(client: Client) -> None:
    packs = client.rule_packs()

    assert {"us-federal", "us-states", "uk"} <= {pack.name for pack in packs}
    assert all(rule.citation for pack in packs for rule in pack.rules)


def test_a_policy_is_compared_tested_and_explained(dnc: Any, tmp_path: Path) -> None:
    policy, cases = tmp_path / "policy.yaml", tmp_path / "cases.yaml"
    policy.write_text(POLICY)
    cases.write_text(CASES)

    assert dnc("policy", "diff", "-f", str(policy)).exit_code == 0
    tested = dnc("policy", "test", "-f", str(cases))
    assert (tested.exit_code, "2 of 2 cases pass" in tested.stdout) == (0, True)

    policy.write_text(POLICY.replace("us-states", "us-federal").replace("[us-federal, us-federal]", "[us-federal]"))
    assert dnc("policy", "diff", "-f", str(policy)).exit_code == 1
    drafted = dnc("policy", "test", "-f", str(cases), "--policy", str(policy))
    assert (drafted.exit_code, "expected DEFER" in drafted.stdout) == (1, True)
    explained = dnc("explain", FLORIDA, "--channel", "voice", "--draft", str(policy), "--at", "2030-01-17T20:30-05:00")
    assert explained.exit_code == 0


def test_an_old_version_of_a_policy_is_read_and_put_in_force_again(dnc: Any, client: Client, tmp_path: Path) -> None:
    first = client.apply_policy(policy_pb2.Policy(name="old", calling_hours=["us-federal"])).applied.version
    second = client.apply_policy(policy_pb2.Policy(name="old", calling_hours=["au"])).applied.version
    client.apply_policy(policy_pb2.Policy(name="other"))

    told = dnc("policy", "get", "old", "--version", str(first))

    assert told.exit_code == 0
    assert told.stdout.startswith(f"# version {first}, applied ")
    assert "calling_hours: [us-federal]" in told.stdout
    assert "calling_hours: [au]" in dnc("policy", "get", "old", "--version", str(second)).stdout
    (tmp_path / "old.yaml").write_text(told.stdout)
    assert dnc("policy", "apply", "-f", str(tmp_path / "old.yaml")).exit_code == 0
    assert list(client.get_policy("old").applied.policy.calling_hours) == ["us-federal"]


@pytest.mark.parametrize("version", [1, 1_000_000])
def test_what_is_no_version_of_a_policy_is_not_found(dnc: Any, version: int) -> None:
    told = dnc("policy", "get", "us-telemarketing", "--version", str(version))

    assert (told.exit_code, told.stdout) == (3, "")
    assert f"no version {version} of a policy 'us-telemarketing' stands in the journal" in told.stderr


@pytest.mark.parametrize("column", ["time_zone", "postal_code"])
def test_a_row_whose_place_cannot_be_read_says_so_and_its_neighbours_are_screened(
    dnc: Any, tmp_path: Path, column: str
) -> None:
    calls = tmp_path / "calls.csv"
    calls.write_text(f"phone,where\n{NEW_YORK},\n{NEW_YORK},Nowhere/Atall\n{NEW_YORK},\n")
    option = f"--{column.replace('_', '-')}-column"
    question = ["scrub", str(calls), "--channel", "voice", "--policy", "us-telemarketing", option, "where"]

    done = dnc(*question, "--at", "2030-01-17T20:30-05:00")

    reason = f"nobody knows the time zone: the row's {column} "
    rows = Path(f"{calls}.screened.csv").read_text().splitlines()[1:]
    assert [row.split(",")[2] for row in rows] == ["ALLOW", "UNSCREENED", "ALLOW"]
    assert reason in rows[1]
    assert done.exit_code == 1
    (summed,) = [line for line in done.stdout.splitlines() if line.startswith("UNSCREENED")]
    assert reason in summed


def test_a_file_is_counted_and_screened_alike(dnc: Any, tmp_path: Path) -> None:
    calls = tmp_path / "calls.csv"
    calls.write_text(f"phone,zone\n{FLORIDA},\n{NEW_YORK},\n{NEW_YORK},America/Chicago\n911,\n")
    question = ["scrub", str(calls), "--channel", "voice", "--policy", "us-telemarketing", "--time-zone-column", "zone"]
    question += ["--at", "2030-01-17T20:30-05:00", "--json"]

    counted = json.loads(dnc(*question, "--preview", "--hours", "2").stdout)
    screened = json.loads(dnc(*question).stdout)

    assert counted["verdicts"] == screened["verdicts"] == {"ALLOW": 2, "DEFER": 1, "INVALID": 1}
    assert [each["addresses"] for each in counted["open"]] == [2, 1]
    assert f"{FLORIDA},,DEFER," in Path(f"{calls}.screened.csv").read_text()
