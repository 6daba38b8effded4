from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from dncd.registry.importing import import_file
from dncd.transport import uploads
from registries.operating import Operator
from serving import Served, served


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def server(store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A server that imports in its own process, which spares a second an import."""
    monkeypatch.setattr(uploads, "import_apart", import_file)
    with served(store) as running:
        yield running


@pytest.fixture
def operator(server: Served) -> Iterator[Operator]:
    with closing(Operator(server.address, server.token("operator"))) as connected:
        yield connected
