"""What a bit file answers: its members and nobody else, for one number and for columns, for as long as it is used."""

import gc
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.registry.bits import SCALAR_ROWS_MAX, BitFile, bit_file_bytes
from dncd.registry.membership import Membership
from dncd.registry.spans import Span, span_of, split_by_span
from registry_snapshots import build_numbers, column


@pytest.mark.parametrize(
    ("phone", "span"),
    [
        (14155550123, Span(1, 10)),
        (442079460958, Span(44, 10)),
        (919810012345, Span(91, 10)),
        (61412345678, Span(61, 9)),
        (8613812345678, Span(86, 11)),
        (3545551234, Span(354, 7)),
        (79161234567, Span(7, 10)),
        (0, Span(0, 0)),
    ],
)
def test_number_belongs_to_its_calling_code_and_length(phone: int, span: Span) -> None:
    assert span_of(phone) == span
    assert span.first <= phone < span.first + max(span.numbers, 1)


@given(st.lists(st.integers(0, 10**15 - 1), max_size=50))
def test_splitting_by_span_keeps_every_number(phones: list[int]) -> None:
    parts = list(split_by_span(column(phones)))

    assert sorted(phone for _, part in parts for phone in part.tolist()) == sorted(phones)
    assert all(span_of(phone) == span for span, part in parts for phone in part.tolist())
    assert len({span for span, _ in parts}) == len(parts)


@pytest.mark.parametrize("digits", range(4, 11))
def test_bit_file_ends_in_a_zero_byte_that_fills_its_page(digits: int) -> None:
    span = Span(1, digits)

    assert bit_file_bytes(span) > span.numbers // 8
    assert bit_file_bytes(span) % 4096 == 0


@given(st.lists(st.integers(0, 2**64 - 1), max_size=3 * SCALAR_ROWS_MAX))
def test_one_number_and_a_column_get_the_same_answer(
    tmp_path_factory: pytest.TempPathFactory, phones: list[int]
) -> None:
    path = tmp_path_factory.mktemp("bits") / "1-4.bits"
    path.write_bytes(b"\xff" * 1250 + bytes(2846))
    file = BitFile(path, Span(1, 4))
    asked = column([*phones, 9_999, 10_000, 19_999, 20_000])

    answers = file.contains(asked)

    assert answers.tolist() == [10_000 <= phone < 20_000 for phone in asked.tolist()]
    assert answers.tolist() == [bool(file.contains(asked[row : row + 1])[0]) for row in range(len(asked))]
    assert asked.tolist() == [*phones, 9_999, 10_000, 19_999, 20_000]


def test_number_of_another_calling_code_is_no_member(tmp_path: Path) -> None:
    folder = build_numbers(tmp_path, [14155550123])
    asked = column([14155550123, 4155550123, 4414155550123, 24155550123, 0, 2**64 - 1] * 3)

    assert Membership.open(folder).contains(asked).tolist() == [True, False, False, False, False, False] * 3


def test_mapping_outlives_its_files_and_ends_with_its_last_user(tmp_path: Path) -> None:
    folder = build_numbers(tmp_path, [14155550123])
    members = Membership.open(folder)
    file = str(folder / "1-10.bits")
    shutil.rmtree(folder)

    answers = members.contains(column([14155550123]))
    mapped_before = file in Path("/proc/self/maps").read_text()
    del members
    gc.collect()

    assert answers.all()
    assert mapped_before
    assert file not in Path("/proc/self/maps").read_text()


def test_opening_does_not_read_the_bits(tmp_path: Path) -> None:
    folder = build_numbers(tmp_path, range(12_000_000_000, 19_000_000_000, 100_000_000))

    members = Membership.open(folder)

    assert members.contains(np.empty(0, np.uint64)).tolist() == []
    assert members.contains(column([12_100_000_000])).tolist() == [True]
