"""Every field of every request can be set from the command line, or it is named here with the reason why not."""

from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from typer.main import get_command
from typer.testing import CliRunner

from cli.conftest import NOW
from client.sent_requests import CatchingClient, request_fields, set_fields, unreachable
from donotcontact.cli.app import app
from donotcontact.cli.reference import commands
from donotcontact.cli.session import Surroundings

WHOLE = {"Timestamp", "Revision", "Policy"}
"""Policies come as YAML, in which every field has its name."""
EXCUSED = {
    "page_token": "the command turns the pages by itself",
    "page_size": "the command chooses it by --limit",
    "at_least_as_fresh": "a command starts after the change that it must see, and a check then sees it",
    "Check.rows.reference": "the command shows the address as it was asked",
    "ReserveAttempts.rows.reference": "the command shows the address as it was asked",
    "Explain.row.reference": "the command shows the address as it was asked",
    "AuthorizeOneTimeSend.row.reference": "the command shows the address as it was asked",
    "Scrub.phones": "a file holds texts",
    "Scrub.omit_findings": "the reasons stand in the result file",
    "Preview.scrub.phones": "a file holds texts",
    "Preview.scrub.omit_findings": "has no meaning in a preview",
    "WatchEvents.heartbeat_seconds": "nobody sees the heartbeats",
    **{
        f"{verb}Label.label.{field}": "the server tells it and ignores what it is told"
        for verb in ("Create", "Update")
        for field in ("built_in", "archived", "entries")
    },
}
OF_OTHER_COMMANDS = {
    "CreateRegistry", "ImportSnapshot", "ActivateSnapshot", "PruneSnapshot", "GrantCoverage", "GetRegistry",
    "ListSnapshots", "ListRegistries",
}  # fmt: skip
"""What `dncd registry` does."""

COMMANDS = dict(commands(get_command(app)))
TIME = "2026-11-03T09:30Z"
ARGUMENTS = {
    "attempts complete": ["1.0"], "consent add": ["+1", "express"], "explain": ["+1"], "inbound": ["+1", "x"],
    "label archive": ["x"], "label create": ["x"], "label update": ["x"], "optin set": ["+1", "rejected"],
    "packs": [], "policy delete": ["x"], "policy get": ["x"], "review decide": ["7", "opt-out"],
    "claim-send": ["x"], "region close": ["US-FL"], "region open": ["US-FL"], "scrub": ["calls.csv"],
}  # fmt: skip
"""What stands behind the commands that take anything but one address."""
OPTIONS: dict[str, list[str]] = {
    **{f"--{name}": ["+90d"] for name in ("at", "expires", "starts", "until")},
    **{f"--{name}": [TIME] for name in ("before", "from")},
    **{f"--{name}": ["3"] for name in ("after", "history", "hours", "lease", "limit", "version")},
    "--as-of": [TIME, "42"],
    "--channel": ["sms"],
    "--file": ["policy.yaml"],
    "--kind": ["label"],
    "--outcome": ["no-answer"],
    "--purpose": ["marketing"],
    "--source": ["agent"],
    "--state": ["active"],
    "--request-id": ["7b0c8d0e-3c3e-4f7e-9a55-0a9c6b1d2e3f"],
}
OF_ONE_COMMAND: dict[tuple[str, str], list[str]] = {
    ("add", "--reason"): ["complaint"],
    ("consent add", "--given"): ["2026-11-01T00:00Z"],
    ("entries", "--reason"): ["complaint"],
    ("policy test", "--file"): ["cases.yaml"],
    ("policy test", "--policy"): ["policy.yaml"],
    ("remove", "--reason"): ["test-entry"],
}
LEFT_OUT = {
    "--json", "--from-file", "--draft", "--preview", "--hours", "--out", "--only-allowed", "--encoding", "--delimiter",
    "--header", "--column", "--time-zone-column", "--postal-code-column", "--contact-column", "--debt-column",
}  # fmt: skip
"""What changes nothing in a request, or does not go with the others: EXTRA has those."""
COLUMNS = ["--time-zone-column", "zone", "--postal-code-column", "code", "--contact-column", "contact"]
SCRUB = [
    "scrub",
    "calls.csv",
    "--channel",
    "sms",
    "--policy",
    "x",
    "--region",
    "US",
    "--at",
    "+90d",
    "--column",
    "phone",
]
EXTRA = [
    [*SCRUB, *COLUMNS, "--debt-column", "debt", "--out", "a.csv"],
    [*SCRUB, *COLUMNS, "--debt-column", "debt", "--preview", "--hours", "3"],
    ["scrub", "calls.csv", "--channel", "sms", "--column", "phone", "--preview", "--draft", "policy.yaml"],
    ["explain", "+1", "--channel", "sms", "--draft", "policy.yaml"],
]


def command_lines() -> Iterator[list[str]]:
    """Yield every command with every option, once for each sample of an option that has several."""
    yield from EXTRA
    for name, command in COMMANDS.items():
        options = [each.opts[0] for each in command.params if each.param_type_name == "option"]
        flags = {each.opts[0] for each in command.params if getattr(each, "is_flag", False)}
        wanted = [option for option in options if option not in LEFT_OUT]
        given = {each: OF_ONE_COMMAND.get((name, each)) or OPTIONS.get(each, ["x"]) for each in wanted}
        arguments = ARGUMENTS.get(name, ["+1"] if _takes_arguments(command) else [])
        for turn in range(max(map(len, given.values()), default=1)):
            told = [
                part
                for option, samples in given.items()
                for part in ([option] if option in flags else [option, samples[turn % len(samples)]])
            ]
            yield [*name.split(), *arguments, *told]


def _takes_arguments(command: Any) -> bool:
    return any(each.param_type_name == "argument" for each in command.params)


@pytest.fixture(scope="module")
def requests(tmp_path_factory: pytest.TempPathFactory) -> list[Message]:
    """What every command sends with every option given."""
    caught: list[Message] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("folder"))
        patch.setattr(CatchingClient, "close", lambda _: None)  # so that one client serves all runs
        client = CatchingClient(caught)
        Path("calls.csv").write_text("phone,zone,code,contact,debt\n+14155550123,UTC,1,c,d\n")
        Path("policy.yaml").write_text("name: x\n")
        Path("cases.yaml").write_text(
            f"cases: [{{name: n, address: '+1', channel: SMS, time: {TIME}, expect: ALLOW, region: US}}]\n"
        )
        surroundings = Surroundings(connect=lambda _: client, now=lambda: NOW, zone=UTC)
        for line in command_lines():
            done = CliRunner().invoke(app, line, obj=surroundings)
            assert done.exit_code != 2, f"{line}: {done.stderr}"
    return caught


def test_every_field_of_every_request_can_be_set_by_dnc(requests: list[Message]) -> None:
    left = unreachable(set_fields(requests, WHOLE), WHOLE, EXCUSED)

    assert [field for field in left if field.partition(".")[0] not in OF_OTHER_COMMANDS] == []


def test_every_excuse_of_dnc_is_about_a_field_that_cannot_be_set(requests: list[Message]) -> None:
    left = request_fields(WHOLE) - set_fields(requests, WHOLE)

    assert [excuse for excuse in EXCUSED if not any(field.endswith(excuse) for field in left)] == []
