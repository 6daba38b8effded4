"""Every `$ ` command in README and docs/start.md is run against a real server; what it prints is compared."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from documents import REPOSITORY, Command, comparable, session

WAIT_S = 60
DOCUMENTS = ["README.md", "docs/start.md"]


@contextmanager
def background(line: str, folder: Path, surroundings: Mapping[str, str]) -> Iterator[str]:
    """Run a command that goes on; give its first line."""
    process = subprocess.Popen(
        ["bash", "-c", f"exec {line.removesuffix('&')}"],
        cwd=folder,
        env=dict(surroundings),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline()
    finally:
        process.terminate()
        process.communicate(timeout=WAIT_S)


def foreground(line: str, folder: Path, surroundings: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env=dict(surroundings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_of_the_document_prints_what_it_says(name: str, tmp_path: Path) -> None:
    shutil.copytree(REPOSITORY / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("node_modules"))
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("DNC", "COLUMNS"))}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
    surroundings = {**kept, "PATH": path, "DNCD_LISTEN": "127.0.0.1:0", "NO_COLOR": "1"}
    commands: list[Command] = session(REPOSITORY / name)
    assert commands, "the document has commands"

    with ExitStack() as running:
        for command in commands:
            if command.line.endswith("&"):
                output = running.enter_context(background(command.line, tmp_path, surroundings))
                surroundings["DNC_SERVER"] = output.split()[3]
            else:
                output = foreground(command.line, tmp_path, surroundings)
            assert comparable(output) == comparable(command.output), command.line
