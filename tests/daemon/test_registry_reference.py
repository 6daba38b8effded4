"""The reference page covers every `dncd registry` command."""

from typing import Any

import pytest

from dncd.cli.reference import commands, reference
from documents import REPOSITORY

PAGE = REPOSITORY / "docs" / "reference" / "dncd-registry.md"
COMMANDS = commands()


def test_the_page_is_the_one_that_the_commands_write() -> None:
    assert PAGE.read_text() == reference(), "run: python -m dncd.cli.reference > docs/reference/dncd-registry.md"


@pytest.mark.parametrize(("name", "command"), COMMANDS.items(), ids=COMMANDS)
def test_every_registry_command_and_option_is_documented_with_an_example(name: str, command: Any) -> None:
    section = PAGE.read_text().split(f"\n## `{name}`\n")[1].split("\n## ")[0]

    options = [option for each in command.params if each.param_type_name == "option" for option in each.opts]
    assert [option for option in options if f"`{option}`" not in section] == []
    assert f"Example: `dncd registry {name}" in section


def test_every_registry_command_takes_a_store_and_json() -> None:
    taken = {name: {option for each in command.params for option in each.opts} for name, command in COMMANDS.items()}

    assert [name for name, options in taken.items() if not {"--store", "--json"} <= options] == []
