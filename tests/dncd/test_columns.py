"""Counting and looking up give what sorting gives."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dncd.columns import grouped, latest_of_rows, numbered

small = st.lists(st.integers(0, 500), max_size=50)
near = st.lists(st.integers(29_000_000, 29_000_500), min_size=1, max_size=50)
far = st.lists(st.integers(0, 2**62), min_size=1, max_size=50)


@given(small)
def test_small_numbers_are_numbered_as_unique_does(ids: list[int]) -> None:
    column = np.array(ids, dtype=np.uint16)

    found, place_of = numbered(column)

    expected, inverse = np.unique(column, return_inverse=True)
    assert found.tolist() == expected.tolist()
    assert place_of.tolist() == inverse.tolist()


@given(near | far)
def test_numbers_of_any_size_are_grouped_as_unique_does(values: list[int]) -> None:
    column = np.array(values, dtype=np.int64)

    found, place_of = grouped(column)

    expected, inverse = np.unique(column, return_inverse=True)
    assert found.tolist() == expected.tolist()
    assert place_of.tolist() == inverse.tolist()


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2**40)), min_size=1, max_size=50))
def test_each_row_has_the_latest_of_its_times(pairs: list[tuple[int, int]]) -> None:
    pairs.sort(key=lambda pair: pair[0])
    rows, times_ms = (np.array(part) for part in zip(*pairs, strict=True))

    found, latest_ms = latest_of_rows(rows, times_ms)

    expected: dict[int, int] = {}
    for row, time_ms in pairs:
        expected[row] = max(time_ms, expected.get(row, 0))
    assert dict(zip(found.tolist(), latest_ms.tolist(), strict=True)) == expected
