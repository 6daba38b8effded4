"""Until which day each part of a list is known once changes were applied to it."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.registry.changes import brought_forward
from dncd.registry.failures import FormatUnsuited, LayoutAmbiguous
from dncd.registry.formats.ftc_change import by_day
from registry_reading import read_bytes, zipped

FIRST = date(2026, 10, 1)
DAYS = st.integers(0, 60).map(lambda days: FIRST + timedelta(days=days))
PREFIXES = st.sampled_from(["+1", "+1415", "+1510", "+1415555", "+1212"])


@given(
    st.dictionaries(st.sampled_from(["+1415", "+1510", "+1212"]), DAYS, min_size=1),
    st.dictionaries(PREFIXES, DAYS, min_size=1),
    DAYS,
)
def test_no_part_is_fresher_than_changes_about_all_of_it_without_a_gap(
    parts: dict[str, date], changes: dict[str, date], since: date
) -> None:
    try:
        dates = brought_forward(parts, changes, since)
    except FormatUnsuited:
        return

    assert dates.keys() == parts.keys()
    for part, day in dates.items():
        about_all_of_it = [until for prefix, until in changes.items() if part.startswith(prefix)]
        assert day == max([parts[part], *about_all_of_it])
        assert day == parts[part] or since <= parts[part]


@pytest.mark.parametrize(
    ("changes", "since", "said"),
    [
        ({}, FIRST, "--covers"),
        ({"+1212": FIRST}, FIRST, "does not cover"),
        ({"+1415": FIRST - timedelta(1)}, FIRST - timedelta(1), "they are in it"),
        ({"+1415": FIRST + timedelta(9)}, FIRST + timedelta(1), "in between are missing"),
        ({"+1415555": FIRST + timedelta(9)}, FIRST + timedelta(1), "in between are missing"),
    ],
)
def test_changes_that_do_not_follow_are_refused(changes: dict[str, date], since: date, said: str) -> None:
    with pytest.raises(FormatUnsuited, match=said):
        brought_forward({"+1415": FIRST}, changes, since)


def test_a_finer_prefix_brings_nothing_forward() -> None:
    parts = {"+1415": FIRST}

    assert brought_forward(parts, {"+1415555": FIRST + timedelta(9)}, FIRST) == parts


@given(
    st.sets(st.tuples(st.integers(1, 28), st.sampled_from([415, 510])), min_size=1).flatmap(
        lambda files: st.permutations(sorted(files))
    )
)
def test_files_of_an_archive_are_read_by_their_days(files: list[tuple[int, int]]) -> None:
    order = by_day([f"2026-11-{day}_{area}_x.txt" for day, area in files])

    assert [files[place] for place in order] == sorted(files)


def test_a_removal_in_one_of_several_files_refuses_them() -> None:
    one, other = ("1.csv", b"1,9876543210,0,A,1\n"), ("2.csv", b"1,9876543210,0,D,1\n")

    assert read_bytes("ncpr", zipped(one, ("2.csv", one[1]))).phones == [919876543210] * 2
    for files in ((one, other), (other, one)):
        with pytest.raises(LayoutAmbiguous, match="several files"):
            read_bytes("ncpr", zipped(*files))
