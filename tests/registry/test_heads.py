"""Counts by the first four digits are those of the numbers, whatever file they stand in."""

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dncd.registry.build import SnapshotBuilder
from dncd.registry.chunks import EVERY_CATEGORY, WASHED_CLEAN, Chunk
from dncd.registry.heads import Listed, count_listed
from dncd.registry.manifest import About

# Of plans with a flat file, with a narrow one whose heads end within a byte, one too wide for bits, of many lengths.
FIRSTS = (12005550000, 14159999990, 442079460000, 9712345670, 390612345000, 4930123450000, 2902990, 29012345, 68840000)
NUMBERS = st.builds(lambda first, place: first + place, st.sampled_from(FIRSTS), st.integers(0, 30))
ABOUT = About("numbers", date(2026, 7, 1), datetime(2026, 7, 1, tzinfo=UTC), (), 1, 0)


def listed(*chunks: Chunk) -> Listed:
    with TemporaryDirectory() as folder, SnapshotBuilder(Path(folder), "r", "s") as builder:
        for chunk in chunks:
            builder.add(chunk)
        return count_listed(Path(folder) / "r" / "s", builder.finish(ABOUT))


@settings(max_examples=30, deadline=None)
@given(st.sets(NUMBERS, min_size=1, max_size=40))
def test_counts_by_head_are_those_of_the_numbers(numbers: set[int]) -> None:
    expected = Counter(str(number)[:4] for number in numbers)

    assert dict(listed(Chunk(np.array(sorted(numbers), np.uint64)))) == expected


def test_a_head_that_begins_within_a_block_is_counted_apart() -> None:
    numbers = np.arange(14149999900, 14150000300, dtype=np.uint64)

    assert listed(Chunk(numbers)) == (("1414", 100), ("1415", 300))


def test_what_a_wash_found_clean_does_not_count() -> None:
    numbers = np.array([61412345678, 61412345679, 61292345678], np.uint64)
    kinds = np.array([1 << EVERY_CATEGORY, 1 << WASHED_CLEAN, 1 << WASHED_CLEAN], np.uint16)

    assert listed(Chunk(numbers, None, kinds)) == (("6141", 1),)
