"""Asking a person to confirm what lets somebody be contacted again."""

import sys
from typing import Annotated

import typer

from donotcontact.cli.exits import UsageError
from donotcontact.cli.output import Output

YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask: for scripts.")]


def on_terminal() -> bool:
    """Tell whether a person can answer a question."""
    return sys.stdin.isatty()


def confirm(output: Output, warning: str, question: str, *, doing: str, done: str) -> None:
    """Ask a person; raises `UsageError` where nobody is there, or says no.

    `doing` begins the sentence that it needs a person, `done` ends the one that nothing was changed.
    """
    if not on_terminal():
        raise UsageError(f"{doing} needs a person to confirm it, or --yes.", "Give --yes when you are sure.")
    output.note(warning, "bold yellow")
    try:
        confirmed = typer.confirm(question, err=True)
    except typer.Abort:
        confirmed = False
    if not confirmed:
        raise UsageError(f"Not confirmed: nothing was {done}.")
