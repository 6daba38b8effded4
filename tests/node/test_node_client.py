"""The Node.js example against a real server, from the committed protos."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon_running import Daemon, running
from donotcontact import Client
from donotcontact.v1.core_pb2 import CHANNEL_SMS, SOURCE_AGENT
from donotcontact.v1.entry_service_pb2 import NewEntry
from donotcontact.v1.policy_pb2 import Policy, RequireOptIn

REPOSITORY = Path(__file__).parents[2]
INSTALL_S = 180
RUN_S = 60

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
        yield started


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


def test_node_example_pins_what_it_needs() -> None:
    package = (REPOSITORY / "examples" / "node" / "package.json").read_text()

    assert "^" not in package
    assert "~" not in package
