"""The client's `import_snapshot` against a server that imports in a process of its own."""

import io
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from dncd.registry.importing import import_apart
from dncd.transport import uploads
from donotcontact import Client
from registries.operating import ALLOW, BLOCK, UNSCREENED, Operator, apply_policy, require, verdicts
from serving import Served


@pytest.fixture
def client(server: Served, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(uploads, "import_apart", import_apart)
    with closing(Client(server.address, token=server.token("operator"))) as connected:
        yield connected


def test_a_wash_of_clean_numbers_goes_with_the_file_that_was_washed(
    server: Served, operator: Operator, client: Client, tmp_path: Path
) -> None:
    operator.create("au", "+61")
    apply_policy(server.api(), require("au"))
    washed = tmp_path / "washed.csv"
    washed.write_bytes(b"0412345670\n0412345671\n")
    told: list[tuple[int, int | None]] = []

    made = client.import_snapshot(
        "au",
        io.BytesIO(b"0412345671\n"),
        format="acma",
        shape="clean",
        washed=washed,
        file_name="clean.csv",
        list_date=date(2025, 6, 15),
        progress=lambda done, total: told.append((done, total)),
    )

    assert [(file.name, file.bytes) for file in made.snapshot.files] == [("clean.csv", 11), ("washed.csv", 22)]
    assert told[-1] == (33, 33)
    assert verdicts(server.api(), 61412345670, 61412345671, 61412345672) == [BLOCK, ALLOW, UNSCREENED]


def test_changes_say_since_when_they_are_whole(server: Served, operator: Operator, client: Client) -> None:
    operator.create("us", "+1")
    operator.upload("us", b"415,5550100\n", format="ftc", file_name="2025-6-1_415_1.txt", list_date="")

    made = client.import_snapshot(
        "us",
        io.BytesIO(b"415,5550200,A\n"),
        format="ftc-change",
        file_name="2025-6-14_415_chg.txt",
        changes_since=date(2025, 6, 1),
    )

    assert (made.snapshot.list_date, made.snapshot.numbers) == ("2025-06-14", 2)
    assert server.head()


def test_the_column_of_the_categories_can_be_named(server: Served, operator: Operator, client: Client) -> None:
    operator.create("in", "+91")
    apply_policy(server.api(), require("in", categories=[3]))

    client.import_snapshot(
        "in",
        io.BytesIO(b"phone,kinds\n9876543210,3\n9876543211,5\n"),
        format="csv",
        file_name="list.csv",
        category_column="kinds",
        list_date=date(2025, 6, 15),
    )

    assert verdicts(server.api(), 919876543210, 919876543211) == [BLOCK, ALLOW]
