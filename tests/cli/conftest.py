"""The `dnc` command in this process, against a server with canned answers."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.fake_server import FakeServer
from donotcontact.cli.app import app
from donotcontact.cli.session import Surroundings

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)


class Dnc:
    """Runs the command; `dnc("check", ...)` returns its exit code and what it wrote."""

    def __init__(self, target: str) -> None:
        self.target = target

    def __call__(self, *arguments: str, stdin: bytes | str | None = None, env: dict[str, str] | None = None) -> Result:
        surroundings = Surroundings(now=lambda: NOW, zone=UTC)
        told = ["--server", self.target, "--timeout", "5", *arguments]
        return CliRunner(env=env).invoke(app, told, input=stdin, obj=surroundings, catch_exceptions=False)

    def json(self, *arguments: str, stdin: bytes | str | None = None) -> Any:
        """Run with --json and return the one document."""
        return json.loads(self(*arguments, "--json", stdin=stdin).stdout)


@pytest.fixture(scope="session")
def running_server() -> Iterator[FakeServer]:
    server = FakeServer()
    yield server
    server.stop()


@pytest.fixture
def server(running_server: FakeServer) -> FakeServer:
    running_server.reset()
    return running_server


@pytest.fixture
def dnc(server: FakeServer) -> Dnc:
    return Dnc(server.target)
