import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dncd.registry.prefixes import PrefixSet, common_calling_code

prefixes = st.lists(st.from_regex(r"[1-9][0-9]{0,6}", fullmatch=True), max_size=6)
phones = st.lists(st.one_of(st.integers(0, 10**15 - 1), st.integers(10**10, 2 * 10**10 - 1)), max_size=40)


def covered(phone: int, chosen: list[str]) -> bool:
    return phone > 0 and any(str(phone).startswith(prefix) for prefix in chosen)


@given(prefixes, phones)
def test_set_covers_the_numbers_that_begin_with_one_of_its_prefixes(chosen: list[str], numbers: list[int]) -> None:
    found = PrefixSet(chosen).contains(np.array(numbers, dtype=np.uint64))

    assert found.tolist() == [covered(number, chosen) for number in numbers]


@st.composite
def prefixes_beside_numbers(draw: st.DrawFn) -> tuple[list[str], list[int]]:
    """Numbers, and prefixes that are numbers with digits taken away, or with digits, often zeros, put behind."""
    numbers = draw(st.lists(st.integers(1, 10**12 - 1), min_size=9, max_size=20))
    tails = st.from_regex(r"0{0,3}[0-9]?", fullmatch=True)
    behind = st.builds(lambda number, tail: f"{number}{tail}"[:14], st.sampled_from(numbers), tails)
    within = st.builds(lambda number, length: str(number)[:length], st.sampled_from(numbers), st.integers(1, 14))
    return draw(st.lists(st.one_of(behind, within), min_size=1, max_size=6)), numbers


@given(prefixes_beside_numbers())
def test_a_column_is_covered_as_each_of_its_numbers_alone(drawn: tuple[list[str], list[int]]) -> None:
    chosen, numbers = drawn
    column, covering = np.array(numbers, dtype=np.uint64), PrefixSet(chosen)

    alone = [bool(covering.contains(column[row : row + 1])[0]) for row in range(len(column))]

    assert alone == [covered(number, chosen) for number in numbers]
    assert covering.contains(column).tolist() == alone


def test_a_number_shorter_than_a_prefix_is_not_covered_in_a_batch_of_any_size() -> None:
    subscriber, extension = 431987654, 4319876540
    covering = PrefixSet([f"+{extension}"])

    for count in range(1, 20):
        column = np.array([subscriber] + [extension] * count, dtype=np.uint64)
        assert covering.contains(column).tolist() == [False] + [True] * count


@given(prefixes, prefixes, phones)
def test_intersection_covers_what_both_cover(left: list[str], right: list[str], numbers: list[int]) -> None:
    both = (PrefixSet(left) & PrefixSet(right)).contains(np.array(numbers, dtype=np.uint64))

    assert both.tolist() == [covered(number, left) and covered(number, right) for number in numbers]


def test_rows_that_are_no_numbers_do_not_slow_a_column_down_nor_match() -> None:
    column = np.array([0, *range(14155550100, 14155550120), 0], dtype=np.uint64)

    assert PrefixSet(["+1415"]).contains(column).tolist() == [False, *[True] * 20, False]


def test_calling_code_is_common_or_none() -> None:
    assert common_calling_code(["+1415", "+1212"]) == 1
    assert common_calling_code(["+44"]) == 44
    assert common_calling_code(["+1", "+44"]) == 0
