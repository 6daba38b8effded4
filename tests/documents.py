"""The documents of the repository, taken apart: their code blocks, console sessions and links."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

REPOSITORY: Final = Path(__file__).parents[1]
_FENCE: Final = re.compile(r"^```(\S*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")

# What differs from run to run, and what stands for it.
_VARIABLE: Final = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d UTC)?"), "DAY"),
    (re.compile(r"127\.0\.0\.1:\d+"), "ADDRESS"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "HASH"),
    (re.compile(r"[\d.]+ s, [\d,]+ rows/s"), "RATE"),
    (re.compile(r"dnc_[0-9a-f]{16}_HASH"), "TOKEN"),
    (re.compile(r"\b[0-9a-f]{16}\b"), "ID"),
    (re.compile(r"TIME +"), "TIME "),
)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, the words behind that, and its text."""

    document: Path
    language: str
    words: str
    text: str


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a console session, and what it prints."""

    line: str
    output: str


def documents() -> list[Path]:
    """Return every document that a reader of the repository finds."""
    return sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])


def blocks(document: Path, language: str) -> list[Block]:
    """Return the fenced blocks of a language, in order."""
    found = (Block(document, *match.groups()) for match in _FENCE.finditer(document.read_text()))
    return [block for block in found if block.language == language]


def session(document: Path) -> list[Command]:
    """Return the commands of all console blocks, in order; a line that ends in a backslash goes on."""
    commands: list[Command] = []
    for block in blocks(document, "console"):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            line, _, output = part.replace("\\\n", "").partition("\n")
            commands.append(Command(line, output))
    return commands


def links(document: Path) -> list[str]:
    """Return the targets of the links that stay in the repository."""
    text = _FENCE.sub("", document.read_text())
    return [target for target in _LINK.findall(text) if not re.match(r"[a-z]+:", target)]


def table(document: Path, heading: str) -> list[list[str]]:
    """Return the rows of the first table below a heading, cells stripped of spaces and backticks."""
    below = document.read_text().split(f"# {heading}\n", 1)[1]
    rows = re.search(r"^\|.*\n\|[-| :]+\n((?:\|.*\n?)+)", below, re.MULTILINE)
    assert rows, f"there is a table below {heading}"
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows[1].splitlines()]


def comparable(output: str) -> list[str]:
    """Return the lines of an output without what differs from run to run."""
    for pattern, name in _VARIABLE:
        output = pattern.sub(name, output)
    return [line.rstrip() for line in output.splitlines()]
