"""What a command shows: tables and sentences for people, JSON for scripts, errors on standard error."""

import json
import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, TextIO

from google.protobuf.message import Message
from rich.console import Console
from rich.table import Table
from rich.text import Text

from donotcontact import DoNotContactError
from donotcontact.cli.exits import CommandError, ExitCode
from donotcontact.cli.messages import plain
from donotcontact.cli.sentences import verdict_style

PIPED_WIDTH = 240
"""Wide enough that a table in a pipe does not fold its cells."""


class Output:
    """Where a command writes. With `as_json`, nothing but JSON goes to standard output."""

    def __init__(self, *, as_json: bool, color: bool, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self.as_json = as_json
        self.stdout = out or sys.stdout
        self.console = _console(self.stdout, color)
        self.errors = _console(err or sys.stderr, color)

    def document(self, content: Message | dict[str, Any]) -> None:
        """Write one JSON document."""
        shown = plain(content) if isinstance(content, Message) else content
        self.stdout.write(json.dumps(shown, indent=2) + "\n")

    def line(self, content: Message | dict[str, Any]) -> None:
        """Write one JSON line, at once."""
        shown = plain(content) if isinstance(content, Message) else content
        self.stdout.write(json.dumps(shown) + "\n")
        self.stdout.flush()

    def say(self, sentence: str, style: str = "") -> None:
        """Write one sentence for people."""
        self.console.print(Text(clean(sentence), style=style), soft_wrap=True)

    def note(self, sentence: str, style: str = "") -> None:
        """Write one sentence to standard error: what a person should know, and scripts need not."""
        self.errors.print(Text(clean(sentence), style=style), soft_wrap=True)

    def table(
        self, titles: Sequence[str], rows: Iterable[Sequence[str | Text]], *, title: str = "", to_errors: bool = False
    ) -> None:
        """Write a table; cells are text, never markup. Titles that end in "#" are counts, set to the right."""
        table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
        for heading in titles:
            right = heading.endswith("#")
            table.add_column(heading.rstrip("#"), overflow="fold", justify="right" if right else "left")
        for row in rows:
            table.add_row(*(Text(clean(cell)) if isinstance(cell, str) else cell for cell in row))
        (self.errors if to_errors else self.console).print(table)

    def command_error(self, fault: CommandError) -> None:
        """Say what is wrong with the command line or a file, and what to do."""
        self.note(f"Error: {fault}", "bold red")
        if fault.hint:
            self.note(fault.hint)
        if self.as_json:
            self._failure(fault.code.name, str(fault), [], "", fault.code)

    def call_error(self, error: DoNotContactError, hint: str, code: ExitCode) -> None:
        """Say why the server gave no answer, with every field that is wrong, each once, and what to do."""
        told = error.field_violations
        if told and str(error).startswith(": ".join(told[0])):
            told = told[1:]
        reason = f" [{error.reason.removeprefix('ERROR_REASON_')}]" if error.reason else ""
        self.note(f"Error: {error}{reason}", "bold red")
        for path, description in told:
            self.note(f"  {path}: {description}")
        incident = error.metadata.get("incident", "")
        if incident:
            self.note(f"Incident: {incident}. The log of the server has its trace under this id.")
        self.note(hint)
        if self.as_json:
            self._failure(_reason_of(error), str(error), error.field_violations, incident, code)

    def _failure(
        self, reason: str, message: str, faults: Sequence[tuple[str, str]], incident: str, code: ExitCode
    ) -> None:
        fields = [{"field": path, "description": description} for path, description in faults]
        told = {"reason": reason, "message": message, "fields": fields, "incident": incident, "exit_code": int(code)}
        self.line({"error": told})


def verdict_text(name: str) -> Text:
    """Colour a verdict."""
    return Text(name, style=verdict_style(name))


def share(part: int, whole: int) -> str:
    """Write a share in percent; never 0.0 % for some, nor 100.0 % for not all."""
    percent = 100 * part / whole if whole else 0.0
    if part > 0 and percent < 0.05:
        return "<0.1 %"
    if part < whole and percent >= 99.95:
        return ">99.9 %"
    return f"{percent:.1f} %"


def _reason_of(error: DoNotContactError) -> str:
    """Return the server's reason, or the kind of the failure, such as TIMEOUT, where no server gave one."""
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(error).__name__).upper()
    return error.reason.removeprefix("ERROR_REASON_") or kind


def clean(text: str) -> str:
    """Take control characters out, so that nothing stored can steer the terminal."""
    return "".join(" " if unicodedata.category(each) == "Cc" and each != "\n" else each for each in text)


def _console(stream: TextIO, color: bool) -> Console:
    width = None if stream.isatty() else PIPED_WIDTH
    return Console(
        file=stream, no_color=None if color else True, width=width, highlight=False, markup=False, emoji=False
    )
