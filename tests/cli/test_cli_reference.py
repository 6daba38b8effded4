"""The reference page covers the command, and the installed command runs."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from donotcontact.cli.app import app
from donotcontact.cli.exits import ExitCode
from donotcontact.cli.reference import commands, reference

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "dnc.md"
COMMANDS = dict(commands(get_command(app)))


def test_page_is_the_one_that_the_command_writes() -> None:
    assert PAGE.read_text() == reference(), "run: python -m donotcontact.cli.reference > docs/reference/dnc.md"


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_every_command_and_option_is_documented_with_an_example(name: str, command: Any) -> None:
    section = PAGE.read_text().split(f"### `dnc {name}`\n")[1].split("\n### ")[0]

    options = [option for each in command.params if each.param_type_name == "option" for option in each.opts]
    assert [option for option in options if f"`{option}`" not in section] == []
    assert f"Example: `dnc {name}" in section


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
