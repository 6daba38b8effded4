"""What people take for one contact or debt is one: attempts on it are counted together."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.errors import InvalidFields
from dncd.nouns import Channel
from dncd.transport.rows import check_rows, scrub_batch
from serving import pb

CAFE = "caf\u00e9-1"
PERSON = "+14155550123"
BLANKS = [" ", "  ", "\t", "\n", "\r\n", "\u00a0", "\u2007", "\u202f", "\u3000", "\u200b", "\ufeff", "\u2060"]


def checked(*ids: str) -> Any:
    rows = [pb.CheckRow(address=PERSON, contact_id=text, debt_id=text) for text in ids]
    batch, _ = check_rows(rows, Channel.VOICE, "US")
    return batch


def scrubbed(*ids: str) -> Any:
    columns = {"contact_ids": ids, "debt_ids": ids}
    return scrub_batch(pb.ScrubRequest(channel=Channel.VOICE, addresses=[PERSON] * len(ids), **columns), "US")


@pytest.mark.parametrize("read", [checked, scrubbed])
@pytest.mark.parametrize("blank", BLANKS)
def test_what_is_blank_around_an_id_does_not_count(read: Any, blank: str) -> None:
    batch = read("X1", f"{blank}X1", f"X1{blank}", f"{blank}X1{blank}{blank}", f"X{blank}1" if blank == " " else "X1")

    expected = ["X1", "X1", "X1", "X1", "X 1" if blank == " " else "X1"]
    assert list(batch.contact_ids) == list(batch.debt_ids) == expected


@pytest.mark.parametrize("read", [checked, scrubbed])
def test_an_id_is_the_same_however_its_letters_are_composed(read: Any) -> None:
    assert list(read(CAFE, "cafe\u0301-1").contact_ids) == [CAFE, CAFE]


@pytest.mark.parametrize("read", [checked, scrubbed])
def test_case_counts(read: Any) -> None:
    assert list(read("x1", "X1", " X1").debt_ids) == ["x1", "X1", "X1"]


@pytest.mark.parametrize("read", [checked, scrubbed])
def test_an_id_that_is_blank_is_none(read: Any) -> None:
    assert list(read(" ", "\u00a0").contact_ids) == []
    assert list(read(" ", "X1").contact_ids) == ["", "X1"]


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\t", "\n", "\x7f", "\x85"])
def test_a_control_character_within_an_id_is_refused_with_its_row(sign: str) -> None:
    with pytest.raises(InvalidFields, match=re.escape("rows[2].contact_id: must not hold control characters")):
        checked("X1", " X1", f"X{sign}1", f"X{sign}1")
    with pytest.raises(InvalidFields, match=re.escape("contact_ids[1]: must not hold control characters")):
        scrubbed("X1", f"X{sign}1")


def test_an_id_that_is_too_long_is_refused_with_its_row() -> None:
    with pytest.raises(InvalidFields, match=re.escape("rows[1].contact_id: must be at most 128 bytes")):
        checked(" X1", "x" * 129)
    with pytest.raises(InvalidFields, match=re.escape("rows[0].contact_id: must be at most 128 bytes")):
        checked(" " * 129)


@given(st.lists(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20), min_size=1, max_size=6))
def test_a_column_is_read_as_its_ids_are_one_by_one(ids: list[str]) -> None:
    column = list(checked(*ids).contact_ids) or [""] * len(ids)

    assert column == [next(iter(checked(text).contact_ids), "") for text in ids]
