"""The reference page covers every `dncd` command, and lists are for people and for machines."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from daemon_running import dncd
from dncd.cli.reference import other_commands, other_reference
from documents import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "dncd.md"
COMMANDS = other_commands()


def test_the_page_is_the_one_that_the_commands_write() -> None:
    assert PAGE.read_text() == other_reference(), "run: python -m dncd.cli.reference dncd > docs/reference/dncd.md"


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_every_command_and_option_is_documented_with_an_example(name: str, command: Any) -> None:
    section = PAGE.read_text().split(f"\n## `{name}`\n")[1].split("\n## ")[0]

    options = [option for each in command.params if each.param_type_name == "option" for option in each.opts]
    assert [option for option in options if f"`{option}`" not in section] == []
    assert f"Example: `dncd {name}" in section


def test_version_is_that_of_the_distribution() -> None:
    assert dncd("--version").stdout == f"dncd {version('donotcontact')}\n"


@pytest.mark.parametrize("option", ["--default-region", "--region"])
def test_region_has_one_name_wherever_it_is_given(tmp_path: Path, option: str) -> None:
    store = str(tmp_path / "store")
    dncd("account", "create", "acme", option, "gb", "--store", store)
    changed = dncd("account", "set", "acme", option, "us", "--store", store)

    assert "default region US" in changed.stderr


def test_lists_are_tables_with_times_that_people_read(tmp_path: Path) -> None:
    store = str(tmp_path / "store")
    dncd("account", "create", "acme", "--default-region", "GB", "--store", store)
    empty = dncd("token", "list", "--store", store).stdout
    dncd("token", "create", "--role", "checker", "--name", "dialer-1", "--account", "acme", "--store", store)
    dncd("token", "create", "--role", "admin", "--name", "desk", "--expires", "30", "--store", store)
    [token, _] = json.loads(dncd("token", "list", "--store", store, "--json").stdout)
    dncd("token", "revoke", token["id"], "--store", store)

    tokens = dncd("token", "list", "--store", store).stdout.splitlines()
    accounts = dncd("account", "list", "--store", store).stdout.splitlines()

    assert empty.startswith("There is no token")
    assert tokens[0].split() == ["id", "account", "name", "role", "state", "expires"]
    assert any("revoked 20" in line and " UTC" in line for line in tokens)
    assert any("never" in line for line in tokens)
    assert accounts[0].split()[:1] == ["name"]
    assert any(line.split()[:2] == ["acme", "GB"] for line in accounts)
