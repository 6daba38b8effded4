"""Rejects: what is shown of them, what is written of them, and when there are too many."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.addresses import Fault
from dncd.registry.chunks import Reading, Reject
from dncd.registry.failures import MostlyRejects
from dncd.registry.rejects import MASKED_CHARS_MAX, RejectsReport, fault_reason, judge, masked


@given(st.text(max_size=200))
def test_a_masked_text_shows_three_digits_and_no_letter(text: str) -> None:
    shown = masked(text)

    assert sum(map(str.isdigit, shown)) <= 3
    assert not any(map(str.isalpha, shown))
    assert len(shown) <= MASKED_CHARS_MAX + 3


def test_a_masked_text_keeps_its_shape() -> None:
    assert masked("(818) 555-0123 Ann\0") == "(818) ***-**** ****"


def test_every_fault_has_a_reason() -> None:
    assert all(fault_reason(fault) for fault in Fault)


def test_the_report_holds_every_reject() -> None:
    out = io.StringIO(newline="")
    report = RejectsReport(out)
    report.add(Reject("a,b.txt", 7, "why", "818,*"))
    report.close()

    assert list(csv.reader(io.StringIO(out.getvalue()))) == [
        ["file", "line", "reason", "masked"],
        ["a,b.txt", "7", "why", "818,*"],
    ]


def test_a_full_report_says_how_many_more_there_are() -> None:
    out = io.StringIO(newline="")
    report = RejectsReport(out, rows_max=2)
    for line in range(5):
        report.add(Reject("a.txt", line, "why" if line else "first", ""))
    report.close()

    assert out.getvalue().splitlines()[-1] == ",,and 3 more,"
    assert report.reasons == {"why": 4, "first": 1}


@pytest.mark.parametrize(("lines", "rejects"), [(0, 0), (3, 2), (5, 5), (19, 10), (20, 11), (1_000_000, 500_001)])
def test_a_source_of_mostly_rejects_is_refused(lines: int, rejects: int) -> None:
    with pytest.raises(MostlyRejects):
        judge(Reading(lines=lines, rejects=rejects))


@pytest.mark.parametrize(("lines", "rejects"), [(1, 0), (2, 1), (19, 9), (20, 10)])
def test_a_source_with_some_rejects_is_taken(lines: int, rejects: int) -> None:
    judge(Reading(lines=lines, rejects=rejects))
