"""What a text says: blanks prove nothing and are no reason."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.events import NO_EVIDENCE, Evidence
from dncd.transport import fields
from serving import pb

BLANKS = [
    "",
    " ",
    "\t\r\n",
    "\u00a0",
    "\u2003\u3000",
    "\u200b",
    "\u200d\u2060\ufeff",
    "\u00ad",
    "\u202e",
    "\u3164",
    "\u2800",
]


@pytest.mark.parametrize("blank", BLANKS)
def test_blanks_say_nothing_and_go_from_both_ends(blank: str) -> None:
    assert fields.said(blank) == ""
    assert fields.said(f"{blank}form 7{blank}") == "form 7"


@given(st.text())
def test_what_is_left_begins_and_ends_with_what_was_written(written: str) -> None:
    left = fields.said(written)

    assert left in written
    assert fields.said(left) == left


def test_every_letter_digit_and_sign_that_is_seen_says_something() -> None:
    seen = [chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code))[0] in "NPS"]

    assert [char for char in seen if not fields.said(char)] == ["\u2800"]


def test_evidence_is_kept_without_the_blanks_around_it() -> None:
    written = pb.Evidence(call_id=" c-8812\n", recording="\u200b", campaign="spring\u00a0", reference="form 7")

    assert fields.evidence(written) == Evidence("c-8812", "", "spring", "form 7")


def test_evidence_of_blanks_is_none() -> None:
    assert (
        fields.evidence(pb.Evidence(call_id=" ", recording="\t", campaign="\u200b", reference="\u00a0")) == NO_EVIDENCE
    )
