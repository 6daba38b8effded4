import re
from pathlib import Path

import grpc
import pytest

from dncd import errors
from dncd.errors import DncError, StoreUnusable
from dncd.registry.failures import ImportFailed, SnapshotDamaged
from dncd.transport.errors import CODES, Incident
from donotcontact.v1.error_reason_pb2 import ErrorReason

ROOT = Path(__file__).parents[2]
DOC = ROOT / "docs" / "reference" / "errors.md"
PROTO = ROOT / "proto" / "donotcontact" / "v1" / "error_reason.proto"
REASONS = [name for name in ErrorReason.keys() if name != "ERROR_REASON_UNSPECIFIED"]  # noqa: SIM118 - it is no dict


def tree(root: type[DncError]) -> list[type[DncError]]:
    return [root, *(error for child in root.__subclasses__() for error in tree(child))]


def documented() -> dict[str, str]:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", DOC.read_text(), re.MULTILINE)
    return {f"ERROR_REASON_{name}": code for name, code in rows}


def test_every_reason_has_a_code_and_every_code_a_reason() -> None:
    assert set(CODES) == set(REASONS)


@pytest.mark.parametrize("reason", REASONS)
def test_code_is_the_one_that_the_contract_promises(reason: str) -> None:
    promised = re.search(r"// ([A-Z_]+)\. [^\n]*\n(?:  // [^\n]*\n)*  " + reason + " = ", PROTO.read_text())

    assert promised is not None
    assert CODES[reason] is grpc.StatusCode[promised[1]]


def test_every_error_of_the_tree_has_a_reason_of_the_contract() -> None:
    assert {error.reason for error in tree(DncError)} <= set(REASONS)


def test_every_reason_has_an_error_in_the_tree() -> None:
    raised = {error.reason for error in tree(DncError) if error not in {DncError, StoreUnusable}}

    assert raised == set(REASONS)
    assert {Incident, ImportFailed, SnapshotDamaged} <= set(tree(DncError))


def test_every_error_class_stands_in_the_docstring_of_the_tree() -> None:
    assert errors.__doc__ is not None
    here = {error.__name__ for error in tree(DncError) if error.__module__ == errors.__name__}

    assert here <= set(re.findall(r"\w+", errors.__doc__))


def test_documentation_names_every_reason_with_its_code() -> None:
    assert documented() == {reason: code.name for reason, code in CODES.items()}
