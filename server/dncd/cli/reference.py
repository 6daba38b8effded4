"""The references of `dncd` as Markdown, written from the commands.

`python -m dncd.cli.reference` writes that of `dncd registry`, `python -m dncd.cli.reference dncd` that of all others.
"""

import sys
from typing import Any, Final

from typer.main import get_command

from dncd.cli import app
from dncd.cli.frame import EXIT_CODES
from dncd.cli.registry import registry_app

Command = Any
"""A command as typer builds it; its type is private."""

HEAD: Final = """\
# The `dncd registry` commands

Written by `python -m dncd.cli.reference > docs/reference/dncd-registry.md`. Change the commands, not this page.

They work on the folder of a store, while it is served or not, as the user that the server runs as. Each change goes
through the journal, like every other. When to use which is in [operating](../operating.md#registries); what the files
look like is in [registry formats](registry-formats.md).

People get tables on standard output; notes and errors go to standard error. With `--json`, standard output holds one
JSON document and nothing else. Numbers of a list are never shown, and rejected lines are shown masked.

"""


MAIN_HEAD: Final = """\
# The `dncd` commands

Written by `python -m dncd.cli.reference dncd > docs/reference/dncd.md`. Change the commands, not this page.

They work on the folder of a store, while it is served or not, as the user that the server runs as. Each change goes
through the journal, like every other. The settings of `dncd serve` are in [settings](settings.md); the commands of
`dncd registry` have [a page of their own](dncd-registry.md); when to use which is in [operating](../operating.md).

People get tables and sentences on standard output; notes and errors go to standard error. With `--json`, standard
output holds one JSON document and nothing else. `dncd --version` tells the version.

"""


def commands() -> dict[str, Command]:
    """Return the commands by name, in the order of the help."""
    found: dict[str, Command] = get_command(registry_app).commands  # type: ignore[attr-defined]  # a group has them
    return found


def reference() -> str:
    """Return the whole page."""
    return HEAD + f"{EXIT_CODES}\n" + "".join(_section(name, command) for name, command in commands().items())


def other_commands() -> dict[str, Command]:
    """Return the commands but those of `dncd registry`, by their full names, in the order of the help."""
    root: dict[str, Command] = get_command(app).commands  # type: ignore[attr-defined]  # a group has them
    found: dict[str, Command] = {}
    for name, command in root.items():
        if hasattr(command, "commands"):
            found |= {f"{name} {sub}": each for sub, each in command.commands.items() if name != "registry"}
        else:
            found[name] = command
    return found


def other_reference() -> str:
    """Return the page of the commands but those of `dncd registry`."""
    sections = (_section(name, command, "dncd") for name, command in other_commands().items())
    return MAIN_HEAD + f"{EXIT_CODES}\n" + "".join(sections)


def _section(name: str, command: Command, of: str = "dncd registry") -> str:
    arguments = " ".join(_metavar(each) for each in command.params if each.param_type_name == "argument")
    usage = " ".join(part for part in (of, name, arguments, "[OPTIONS]") if part)
    rows = "".join(_row(each) for each in command.params if not each.hidden)
    help_text = command.help.strip()
    return f"\n## `{name}`\n\n{help_text}\n\n    {usage}\n\n| argument or option | meaning |\n|---|---|\n{rows}"


def _row(parameter: Command) -> str:
    if parameter.param_type_name == "argument":
        return f"| `{_metavar(parameter)}` | {parameter.help or ''} |\n"
    names = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    return f"| {names} | {' '.join([parameter.help or '', *_notes(parameter)])} |\n"


def _notes(option: Command) -> list[str]:
    if option.required:
        return ["Required."]
    default = option.opts[0].lstrip("-") if option.default is True else option.default
    return [] if default in (None, False, "") else [f"Default: {default}."]


def _metavar(argument: Command) -> str:
    return str(argument.metavar or argument.name.upper())


if __name__ == "__main__":
    sys.stdout.write(other_reference() if sys.argv[1:] == ["dncd"] else reference())
