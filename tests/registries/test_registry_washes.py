"""The three results of an Australian wash, from the upload to the verdict."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registries.operating import (
    ALLOW,
    BLOCK,
    NOT_COVERED,
    UNSCREENED,
    Operator,
    apply_policy,
    content,
    header,
    lying_in,
    require,
    rpb,
    rules,
    verdicts,
)
from serving import Served

ON, CLEAN, NOT_WASHED = 61412345670, 61412345671, 61412345672
WASHED = b"name,phone\nAnn,0412345670\nBob,0412345671\n"


def wash(result: bytes, washed: bytes = b"", **said: Any) -> Iterator[Any]:
    """Upload a result, and the file that was washed."""
    yield header("au", format="acma", washed_name="washed.csv", file_name="result.csv", **said)
    yield content(result)
    if washed:
        yield rpb.ImportSnapshotRequest(washed=washed)
    end = {"bytes": len(result), "sha256": hashlib.sha256(result).hexdigest()}
    if washed:
        end |= {"washed_bytes": len(washed), "washed_sha256": hashlib.sha256(washed).hexdigest()}
    yield rpb.ImportSnapshotRequest(end=rpb.ImportEnd(**end))


@pytest.fixture(autouse=True)
def au(server: Served, operator: Operator) -> None:
    operator.create("au", "+61")
    apply_policy(server.api(), require("au"))


SHAPES = {
    "flagged": (b"0412345670,Y\n0412345671,N\n", b"", {"registered_flags": "Y", "clean_flags": "N"}),
    "registered": (b"0412345670\n", b"", {}),
    "clean": (b"0412345671\n", WASHED, {}),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_wash_speaks_of_what_was_washed_in_each_of_its_shapes(server: Served, operator: Operator, shape: str) -> None:
    result, washed, said = SHAPES[shape]

    snapshot = operator.stream(wash(result, washed, shape=shape, **said)).result().snapshot

    # The registered alone say nothing about the others that were washed.
    clean = UNSCREENED if shape == "registered" else ALLOW
    assert verdicts(server.api(), ON, CLEAN, NOT_WASHED) == [BLOCK, clean, UNSCREENED]
    assert rules(server.api(), NOT_WASHED) == {NOT_COVERED: UNSCREENED}
    assert [file.name for file in snapshot.files] == ["result.csv"] + ["washed.csv"] * (shape == "clean")


def test_the_files_of_a_wash_are_told_by_what_they_were(operator: Operator) -> None:
    snapshot = operator.stream(wash(b"0412345671\n", WASHED, shape="clean")).result().snapshot

    assert (snapshot.files[1].sha256, snapshot.files[1].bytes) == (hashlib.sha256(WASHED).hexdigest(), len(WASHED))


BROKEN = {
    "what was washed is missing": (wash(b"0412345671\n", shape="clean"), "--washed"),
    "what was washed is not asked for": (wash(b"0412345671\n", WASHED, shape="registered"), "--shape clean"),
    "a clean number was not washed": (wash(b"0412345671\n0412345672\n", WASHED, shape="clean"), "belong together"),
    "both files are the same": (wash(b"0412345671\n", b"0412345671\n", shape="clean"), "same file"),
    "what was washed has no number": (wash(b"\n", b"nobody\n" * 3, shape="clean"), "rejects"),
}


@pytest.mark.parametrize("why", BROKEN)
def test_a_wash_is_refused_and_leaves_nothing_where(operator: Operator, store: Path, why: str) -> None:
    pieces, word = BROKEN[why]

    refused = operator.upload_refused(list(pieces))

    assert refused.reason == "ERROR_REASON_IMPORT_FAILED"
    assert word in refused.message
    assert operator.states("au") == {}
    assert lying_in(store) == []


def test_a_washed_file_that_arrives_damaged_is_refused(operator: Operator) -> None:
    *pieces, end = wash(b"0412345671\n", WASHED, shape="clean")
    end.end.washed_sha256 = "00" * 32

    assert "SHA-256" in operator.upload_refused([*pieces, end]).message


def test_categories_of_a_table_are_in_the_column_that_is_named(server: Served, operator: Operator) -> None:
    body = b"phone,kinds\n0412345670,3\n0412345671,5\n"
    operator.upload("au", body, format="csv", region="AU", category_column="kinds")
    apply_policy(server.api(), require("au", categories=[3]), name="third")

    assert verdicts(server.api(), ON, CLEAN, policy="third") == [BLOCK, ALLOW]
