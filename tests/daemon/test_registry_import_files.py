"""`dncd registry import` and the files it is given: what is no file, and what is said about one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from registry_commands import registry, told


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store"
    for name, scope in (("us-national", "+1"), ("au", "+61"), ("de", "+49")):
        assert registry(path, "create", name, "--scope", scope).returncode == 0
    return path


def imported(store: Path, name: str, text: str, *options: str, day: str = "2026-11-01") -> dict[str, object]:
    (store.parent / "list.csv").write_text(text)
    made = told(store, "import", name, str(store.parent / "list.csv"), "--list-date", day, *options)
    assert isinstance(made, dict)
    return made


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


@pytest.mark.parametrize("options", [[], ["--shape", "clean", "--washed"]])
def test_a_pipe_is_refused_by_name(store: Path, pipe: Path, options: list[str]) -> None:
    whole = store.parent / "list.txt"
    whole.write_text("0412345678\n")
    file, said = (whole, [*options, str(pipe)]) if options else (pipe, [])

    refused = registry(store, "import", "au", str(file), "--format", "acma", *said, "--list-date", "2026-11-01")

    assert refused.returncode == 2
    assert f"{pipe} is not a file" in refused.stderr


def test_a_first_row_and_calling_codes_are_as_said(store: Path) -> None:
    heading = imported(store, "us-national", "calls of 2026\n4155550100\n", "--format", "csv", "--header")
    none = imported(store, "us-national", "phone\n4155550100\n", "--format", "csv", "--no-header", "--no-activate")
    german = imported(store, "de", "4915123456789\n", "--format", "numbers", "--region", "DE", "--international")

    assert [(each["lines"], each["rejects"]) for each in (heading, none, german)] == [(1, 0), (2, 1), (1, 0)]


def test_diff_tells_who_was_registered_and_is_washed_clean_now(store: Path) -> None:
    flags = ["--format", "acma", "--registered-flags", "Y", "--clean-flags", "N"]
    first = imported(store, "au", "0412345678,Y\n0412345679,Y\n", *flags)
    second = imported(store, "au", "0412345678,Y\n0412345679,N\n", *flags, day="2026-11-02")

    compared = told(store, "diff", "au", str(first["id"]), str(second["id"]))
    said = registry(store, "diff", "au", str(first["id"]), str(second["id"])).stdout

    assert (compared["added"], compared["removed"]) == (0, 0)
    assert [(each["name"], each["added"], each["removed"]) for each in compared["categories"]] == [
        ("registered for everything", 0, 1),
        ("washed clean", 1, 0),
    ]
    assert "registered for everything: 0 added, 1 removed" in said


@pytest.mark.parametrize("scope", ["+x", "all", "+999"])
def test_a_scope_that_is_no_prefix_is_told_what_one_is(store: Path, scope: str) -> None:
    refused = registry(store, "create", "other", "--scope", scope)

    assert refused.returncode == 2
    assert "must be a prefix of numbers with its calling code, such as +1 or +1415" in refused.stderr


def test_a_stop_while_the_command_loads_is_one_line() -> None:
    # What is loaded is replaced by what tells that loading began and then waits.
    loading = "import sys, types, dncd\nclass Slow:\n def find_spec(self, name, *rest):\n  if name == 'dncd.cli':\n"
    loading += "   print('loading', flush=True); sys.stdin.read()\nsys.meta_path.insert(0, Slow())\n"
    loading += "from dncd.__main__ import main\nmain()\n"
    with subprocess.Popen(
        [sys.executable, "-c", loading],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "loading\n"
        process.send_signal(signal.SIGINT)

        assert process.stderr.read() == "dncd: stopped\n"
    assert process.returncode == 1
