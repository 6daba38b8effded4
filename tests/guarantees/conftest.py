from collections.abc import Iterator

import pytest

from guarantees.story import tell
from serving import Served, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server with a history, shared by tests that leave it as it is or work in accounts of their own."""
    with served(tmp_path_factory.mktemp("guarantees") / "store") as running:
        tell(running)
        yield running
