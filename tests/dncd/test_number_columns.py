"""A column of numbers is judged as its numbers are one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.addresses.numbering import phone_fault, phone_faults
from dncd.addresses.text import Fault

# A column this long is judged by vectors throughout.
ROWS = 64
NEAR_CALLING_CODE_1 = st.integers(9_999_999_000, 20_000_001_000)
LAST_64_BITS = 2**64 - 1


def as_column(phone: int) -> int:
    """Judge a number as one of many."""
    return int(phone_faults(np.full(ROWS, phone, dtype=np.uint64), ROWS)[0])


@pytest.mark.parametrize(
    ("phone", "fault"),
    [
        (11_999_999_999, Fault.NOT_A_POSSIBLE_NUMBER),
        (12_001_999_999, Fault.NOT_A_POSSIBLE_NUMBER),
        (12_002_000_000, Fault.NONE),
        (12_009_999_999, Fault.NONE),
        (12_010_000_000, Fault.NOT_A_POSSIBLE_NUMBER),
        (19_999_999_999, Fault.NONE),
        (19_991_999_999, Fault.NOT_A_POSSIBLE_NUMBER),
        (1, Fault.NOT_A_POSSIBLE_NUMBER),
        (0, Fault.EMPTY),
        (LAST_64_BITS, Fault.NOT_A_POSSIBLE_NUMBER),
    ],
)
def test_calling_code_1_has_area_codes_and_exchanges_from_200_on(phone: int, fault: Fault) -> None:
    assert as_column(phone) == phone_fault(phone) == fault


@given(phone=NEAR_CALLING_CODE_1 | st.integers(0, LAST_64_BITS))
def test_one_number_is_judged_as_in_a_column(phone: int) -> None:
    assert as_column(phone) == phone_fault(phone)
