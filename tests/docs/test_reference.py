"""The reference pages say what the code and the contract say."""

import re
from types import ModuleType
from typing import Any

import pytest
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from dncd import limits
from dncd.nouns import STRENGTH
from documents import REPOSITORY, table
from donotcontact.v1 import error_reason_pb2, verdict_pb2

REFERENCE = REPOSITORY / "docs" / "reference"
VERDICTS = REFERENCE / "verdicts.md"


def constants(module: ModuleType) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if name.isupper()}


def test_every_limit_is_documented_with_its_value() -> None:
    rows = {row[0]: int(row[1].replace(",", "")) for row in table(REFERENCE / "limits.md", "Limits")}

    assert rows == constants(limits)


def test_every_limit_that_refuses_names_a_reason_of_the_contract() -> None:
    reasons = {row[4] for row in table(REFERENCE / "limits.md", "Limits")} - {"-"}

    assert {f"ERROR_REASON_{reason}" for reason in reasons} <= set(error_reason_pb2.ErrorReason.keys())


@pytest.mark.parametrize(
    ("heading", "enum"),
    [("Verdicts", verdict_pb2.Verdict), ("Rules", verdict_pb2.Rule), ("Faults", verdict_pb2.AddressFault)],
)
def test_every_value_of_the_contract_is_documented_in_order(heading: str, enum: EnumTypeWrapper) -> None:
    rows = [(row[0], int(row[1])) for row in table(VERDICTS, heading)]

    assert rows == enum.items()


def test_every_field_of_a_finding_is_documented_in_order() -> None:
    documented = [row[0] for row in table(VERDICTS, "Findings")]

    assert documented == [field.name for field in verdict_pb2.Finding.DESCRIPTOR.fields]


def test_the_strength_of_verdicts_is_documented_in_order() -> None:
    told = re.search(r"From the strongest to the weakest: (.*)\.", VERDICTS.read_text())

    assert told
    assert told[1].split(", ") == [verdict.name for verdict in reversed(STRENGTH)]


def test_every_error_reason_is_documented_in_order() -> None:
    documented = [f"ERROR_REASON_{row[0]}" for row in table(REFERENCE / "errors.md", "Reasons")]

    assert documented == [name for name, _ in error_reason_pb2.ErrorReason.items() if not name.endswith("_UNSPECIFIED")]
