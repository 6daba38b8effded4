"""What holds for every document: links lead somewhere, examples compile, marked ones run, nothing grows too long."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon_running import running
from documents import REPOSITORY, Block, blocks, documents, links

README_LINES_MAX = 150
WAIT_S = 60
PYTHON = [block for document in documents() for block in blocks(document, "python")]


def name_of(value: Path | Block) -> str:
    path = value if isinstance(value, Path) else value.document
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_link_of_the_document_leads_somewhere(document: Path) -> None:
    missing = []
    for target in links(document):
        path, _, anchor = target.partition("#")
        place = (document.parent / path).resolve() if path else document
        if not place.exists() or (anchor and anchor not in anchors(place)):
            missing.append(target)

    assert missing == []


def anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


def test_readme_is_short_enough_to_be_read() -> None:
    assert len((REPOSITORY / "README.md").read_text().splitlines()) < README_LINES_MAX


def test_continuous_integration_runs_the_test_command_of_the_readme() -> None:
    readme, ci = ((REPOSITORY / name).read_text() for name in ("README.md", ".ci/run"))
    makefile = (REPOSITORY / "Makefile").read_text()

    assert "make test  #" in "".join(block.text for block in blocks(REPOSITORY / "README.md", "sh"))
    assert {"make demo", "make lint", "make test"} <= set(ci.splitlines())
    assert re.search(r"^check: lint test ", makefile, re.MULTILINE), "CI runs what `make check` does"
    assert "Python 3.11 or later" in readme


def test_figures_of_the_readme_are_those_that_were_measured() -> None:
    measured = (REPOSITORY / "bench" / "README.md").read_text()
    numbers = (REPOSITORY / "README.md").read_text().split("## Numbers\n")[1].split("\n## ")[0]
    figures = re.findall(r"([\d,]+) µs", numbers)

    assert len(figures) >= 4
    assert [figure for figure in figures if f"| {figure} |" not in measured] == []


@pytest.mark.parametrize("block", PYTHON, ids=name_of)
def test_every_python_example_compiles(block: Block) -> None:
    compile(block.text, str(block.document), "exec")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(tmp_path_factory.mktemp("store"), workers=2) as daemon:
        yield daemon.address


@pytest.mark.parametrize("block", [block for block in PYTHON if "runnable" in block.words], ids=name_of)
def test_every_runnable_example_runs(block: Block, server: str) -> None:
    program = block.text.replace("127.0.0.1:7420", server)

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=WAIT_S, check=False
    )

    assert done.returncode == 0, done.stderr


def test_some_examples_run() -> None:
    assert sum("runnable" in block.words for block in PYTHON) >= 3


@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_json_example_is_json(document: Path) -> None:
    for block in blocks(document, "json"):
        json.loads(block.text)


def test_decisions_are_numbered_without_gaps() -> None:
    records = sorted(path.name for path in (REPOSITORY / "docs" / "decisions").glob("[0-9]*.md"))

    assert [int(name[:4]) for name in records] == list(range(1, len(records) + 1))


def test_every_decision_says_what_it_costs() -> None:
    for path in (REPOSITORY / "docs" / "decisions").glob("[0-9]*.md"):
        for heading in ("## Decision", "## Why", "## What it costs"):
            assert heading in path.read_text(), path.name
