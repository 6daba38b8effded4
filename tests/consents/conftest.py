from collections.abc import Iterator

import pytest

from consents.desk import Desk, desk


@pytest.fixture(name="desk")
def opened() -> Iterator[Desk]:
    """The handlers over a store of their own."""
    with desk() as running:
        yield running
