from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dncd.storage.contract import Store
from dncd.storage.lmdb import LmdbStore
from dncd.storage.memory import MemoryStore
from storage_actors import Actor, Actors


@pytest.fixture
def actor(tmp_path: Path) -> Iterator[Actors]:
    with ExitStack() as stack:

        def start(role: str) -> Actor:
            made = Actor(role, tmp_path / "store")
            stack.callback(made.end)
            stack.callback(made.process.kill)
            return made

        yield start


@pytest.fixture(params=["lmdb", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = LmdbStore.own(tmp_path / "store") if request.param == "lmdb" else MemoryStore()
    yield made
    made.close()
