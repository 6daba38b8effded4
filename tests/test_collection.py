"""Every process of a run must collect tests of the same names."""

import os

import pytest


@pytest.mark.parametrize("content", [os.urandom(8)])
def test_bytes_made_while_collecting_do_not_name_a_test(content: bytes, request: pytest.FixtureRequest) -> None:
    assert request.node.name.endswith("[content]")
    assert content
