"""ARCHITECTURE names what there is: every table of the store, and modules that exist."""

import re

from dncd.storage.contract import Table
from documents import REPOSITORY, table

ARCHITECTURE = REPOSITORY / "docs" / "ARCHITECTURE.md"
SERVER = REPOSITORY / "server" / "dncd"
PLACES = (SERVER, SERVER / "registry", REPOSITORY / "proto" / "donotcontact" / "v1", REPOSITORY)


def test_every_table_of_the_store_is_described() -> None:
    described = {row[0] for row in table(ARCHITECTURE, "Tables")}

    assert described == {each.value for each in Table}


def test_every_module_that_is_named_exists() -> None:
    named = re.findall(r"`([\w/*-]+\.(?:py|toml|proto|md))`", ARCHITECTURE.read_text())

    missing = [name for name in named if not any(list(place.glob(name)) for place in PLACES)]

    assert named
    assert missing == []
