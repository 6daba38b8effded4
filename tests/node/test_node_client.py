"""The Node.js example against a real server, from the committed protos."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from daemon_running import Daemon, running
from donotcontact import Client
from donotcontact.v1.core_pb2 import CHANNEL_SMS, SOURCE_AGENT
from donotcontact.v1.entry_service_pb2 import NewEntry
from donotcontact.v1.policy_pb2 import AttemptLimit, Policy, RequireOptIn
from donotcontact.v1.policy_service_pb2 import CloseRegionRequest
from serving import Api

REPOSITORY = Path(__file__).parents[2]
INSTALL_S = 180
RUN_S = 60
HOUR_S = 3600

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example beside the protos, with what it needs from npm."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("node and npm are not installed; the Node.js example is not tested")
    root = tmp_path_factory.mktemp("repository")
    shutil.copytree(REPOSITORY / "proto", root / "proto")
    copy = root / "examples" / "node"
    shutil.copytree(REPOSITORY / "examples" / "node", copy, ignore=shutil.ignore_patterns("node_modules"))
    shutil.copy(Path(__file__).parent / "attempt.js", copy)
    done = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--no-package-lock"],
        cwd=copy,
        capture_output=True,
        text=True,
        timeout=INSTALL_S,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"npm install failed, so the Node.js example is not tested: {done.stderr[-300:]}")
    return copy


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running(tmp_path_factory.mktemp("store")) as started:
        with Client(started.address) as client:
            entry = NewEntry(address="+14155550123", label="do-not-phone", source=SOURCE_AGENT)
            client.add_entries([entry])
            client.apply_policy(Policy(name="texts", require_opt_in=RequireOptIn(channels=[CHANNEL_SMS])))
            client.apply_policy(Policy(name="limited", attempt_limits=[AttemptLimit(max=1, per_hours=24)]))
        yield started


@pytest.fixture(scope="module")
def closed_until_s(daemon: Daemon) -> int:
    """Close Florida for some hours; give when it opens, in seconds since 1970."""
    until_s = int(time.time()) // 60 * 60 + 6 * HOUR_S
    api = Api(daemon.address)
    until = Timestamp(seconds=until_s)
    api.call("CloseRegion", CloseRegionRequest(region="US-FL", until=until, reason="a hurricane"))
    api.close()
    return until_s


@pytest.fixture(scope="module")
def told(example: Path, daemon: Daemon, closed_until_s: int) -> dict[str, Any]:
    """What a generated client was told: a check in Florida, two claims on one number, and two completions."""
    assert closed_until_s
    done = subprocess.run(
        ["node", "attempt.js", daemon.address, "", "+13055550123", "limited", "+14155550177"],
        cwd=example,
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


@pytest.fixture
def check(example: Path, daemon: Daemon) -> Run:
    def run(*arguments: str, server: str = "") -> subprocess.CompletedProcess[str]:
        surroundings = {name: value for name, value in os.environ.items() if not name.startswith("DNC")}
        return subprocess.run(
            ["node", "check.js", *arguments],
            cwd=example,
            env={**surroundings, "DNC_SERVER": server or daemon.address},
            capture_output=True,
            text=True,
            timeout=RUN_S,
            check=False,
        )

    return run


def test_node_gets_the_verdicts_in_the_order_of_the_rows(check: Run) -> None:
    done = check("--channel", "voice", "--region", "US", "(415) 555-0123", "+14155550199", "911", "415.555.0123")

    assert done.stdout.splitlines() == [
        "(415) 555-0123\tdo not contact\tVERDICT_BLOCK\tRULE_ENTRY do-not-phone",
        "+14155550199\tcontact\tVERDICT_ALLOW",
        "911\tdo not contact\tVERDICT_INVALID\tRULE_ADDRESS ADDRESS_FAULT_SHORT_NUMBER",
        "415.555.0123\tdo not contact\tVERDICT_BLOCK\tRULE_ENTRY do-not-phone",
    ]
    assert done.returncode == 1


def test_node_leaves_with_0_where_all_may_be_contacted(check: Run) -> None:
    done = check("--channel", "voice", "+14155550199")

    assert (done.returncode, done.stderr) == (0, "")


def test_node_takes_a_missing_opt_in_for_no_permission(check: Run) -> None:
    done = check("--channel", "sms", "--policy", "texts", "+14155550199")

    assert done.stdout == "+14155550199\tdo not contact\tVERDICT_OPT_IN_REQUIRED\tRULE_OPT_IN_NOT_SENT\n"
    assert done.returncode == 1


def test_node_contacts_nobody_where_no_answer_comes(check: Run) -> None:
    refused = check("--channel", "voice", "--policy", "none-such", "+14155550199")
    unreachable = check("--channel", "voice", "+14155550199", server="127.0.0.1:1")

    assert [(done.returncode, done.stdout) for done in (refused, unreachable)] == [(4, ""), (4, "")]


def test_node_reads_when_a_deferred_number_may_be_asked_about_again(told: dict[str, Any], closed_until_s: int) -> None:
    [result] = told["closed"]["results"]
    [finding] = result["findings"]

    assert (result["verdict"], finding["rule"]) == ("VERDICT_DEFER", "RULE_REGION_CLOSED")
    assert finding["legal_rule"]["region"] == "US-FL"
    assert result["retry_at"] == finding["retry_at"] == {"seconds": str(closed_until_s), "nanos": 0}


def test_node_claims_an_attempt_and_is_deferred_by_the_limit_after_it(told: dict[str, Any]) -> None:
    [first], [second] = told["first"]["attempts"], told["second"]["attempts"]

    assert (first["result"]["verdict"], first["result"]["reference"]) == ("VERDICT_ALLOW", "a")
    assert first["reservation"]
    assert (second["result"]["verdict"], second["reservation"]) == ("VERDICT_DEFER", "")
    [finding] = second["result"]["findings"]
    assert (finding["rule"], finding["attempts"]["max"]) == ("RULE_ATTEMPT_LIMIT", 1)
    # A claim that nobody completes counts until its lease ends; the row is open from the next whole minute.
    lease_ends_at = told["first"]["lease_ends_at"]
    assert finding["retry_at"] == lease_ends_at
    assert 0 <= int(second["result"]["retry_at"]["seconds"]) - int(lease_ends_at["seconds"]) <= 60


def test_node_completes_an_attempt_once(told: dict[str, Any]) -> None:
    assert told["completed"]["outcomes"] == ["COMPLETION_OUTCOME_RECORDED"]
    assert told["again"]["outcomes"] == ["COMPLETION_OUTCOME_UNCHANGED"]


def test_node_example_pins_what_it_needs() -> None:
    package = (REPOSITORY / "examples" / "node" / "package.json").read_text()

    assert "^" not in package
    assert "~" not in package
