"""A scripted server, and a client that does not really sleep."""

from collections.abc import Iterator

import pytest

from client.scripted_server import ScriptedServer
from donotcontact import Client


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def pauses() -> list[float]:
    """How long the client slept, in seconds."""
    return []


@pytest.fixture
def client(server: ScriptedServer, pauses: list[float]) -> Iterator[Client]:
    with Client(server.target, sleep=pauses.append, random=lambda: 1.0) as client:
        yield client
