"""A policy that this server cannot read whole is refused: it must not be laxer here than it was written."""

import pytest

from dncd.errors import InvalidFields
from dncd.rulebook import Rulebook, read_rulebook
from dncd.transport.policy_fields import policy_of
from serving import pb

# Field 127, of wire type 2, with one byte: of a contract that is newer than this server.
UNKNOWN = bytes([0xFA, 0x07, 0x01, 0x41])


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return read_rulebook()


def test_an_unknown_field_of_a_policy_is_refused(book: Rulebook) -> None:
    message = pb.Policy.FromString(pb.Policy(name="x").SerializeToString() + UNKNOWN)

    with pytest.raises(InvalidFields, match=r"^policy: has a field that this server does not know: number 127"):
        policy_of(message, book)


def test_an_unknown_field_within_a_policy_is_refused_with_its_path(book: Rulebook) -> None:
    limit = pb.AttemptLimit(max=1, per_hours=1).SerializeToString() + UNKNOWN
    message = pb.Policy.FromString(pb.Policy(name="x").SerializeToString() + bytes([0x52, len(limit)]) + limit)

    with pytest.raises(InvalidFields, match=r"^policy\.attempt_limits\[0\]: has a field"):
        policy_of(message, book)
