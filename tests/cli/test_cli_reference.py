"""The reference page covers the command, and the installed command runs."""

import re
import shlex
import subprocess
import sys
from datetime import UTC
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.message import Message
from typer.main import get_command
from typer.testing import CliRunner

from cli.conftest import NOW
from client.sent_requests import CatchingClient
from donotcontact.cli.app import app
from donotcontact.cli.exits import ExitCode
from donotcontact.cli.reference import commands, reference
from donotcontact.cli.session import Connection, Surroundings

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "dnc.md"
COMMANDS = dict(commands(get_command(app)))
GROUPS = [get_command(app), *(each for each in get_command(app).commands.values() if hasattr(each, "commands"))]  # type: ignore[attr-defined]  # typer hides that it is a group


def test_page_is_the_one_that_the_command_writes() -> None:
    assert PAGE.read_text() == reference(), "run: python -m donotcontact.cli.reference > docs/reference/dnc.md"


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_every_command_and_option_is_documented_with_an_example(name: str, command: Any) -> None:
    section = PAGE.read_text().split(f"### `dnc {name}`\n")[1].split("\n### ")[0]

    options = [option for each in command.params if each.param_type_name == "option" for option in each.opts]
    assert [option for option in options if f"`{option}`" not in section] == []
    assert f"Example: `dnc {name}" in section


def _catching(caught: list[Message], _connection: Connection) -> CatchingClient:
    return CatchingClient(caught)


def examples(command: Any) -> list[str]:
    """Return the command lines of a help text; of a pipe or a sequence those of dnc alone."""
    lines = re.findall(r"(?:^|: )`([^`]*\bdnc [^`]+)`", command.help, re.MULTILINE)
    parts = [part.strip() for line in lines for part in re.split(r" (?:\||&&|>) ", line)]
    return [part for part in parts if part.startswith("dnc ")]


@pytest.mark.parametrize("command", [*GROUPS, *COMMANDS.values()], ids=lambda command: command.name)
def test_every_example_of_a_help_text_is_a_command_line_that_is_understood(
    command: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in examples(command):
        caught: list[Message] = []
        surroundings = Surroundings(connect=partial(_catching, caught), now=lambda: NOW, zone=UTC)
        told = [*shlex.split(line)[1:], *(["--yes"] if any("--yes" in each.opts for each in command.params) else [])]
        done = CliRunner().invoke(app, told, obj=surroundings, input="name: p\n")
        assert caught or done.exit_code != ExitCode.USAGE, done.stderr
    assert examples(command)


def test_every_command_takes_json_behind_it() -> None:
    assert [
        name for name, command in COMMANDS.items() if "--json" not in {o for p in command.params for o in p.opts}
    ] == []


def test_every_exit_code_is_documented() -> None:
    table = re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.MULTILINE)

    assert [int(code) for code in table] == [code.value for code in ExitCode]


def test_help_of_a_real_process() -> None:
    script = "from donotcontact.cli import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", script, "--help"], capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0
    assert "scrub" in done.stdout
