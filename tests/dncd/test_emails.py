import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dncd.addresses.emails import emails_from_texts, read_email
from dncd.addresses.text import AddressError, Fault, plain

# The first example pays for reading the metadata.


def slow(text: str) -> tuple[str, Fault]:
    try:
        return read_email(plain(text)), Fault.NONE
    except AddressError as error:
        return "", error.fault


plain_emails = st.from_regex(
    r"[A-Za-z0-9_+.-]{1,9}@([A-Za-z0-9-]{1,7}\.){0,3}([A-Za-z0-9-]{1,5}|local|test|LOCALHOST|com)", fullmatch=True
)


@given(plain_emails)
@example("ann@ab--cd.com")
@example("ann@xn--a.com")
@example("A@b.ARPA")
@example("a" * 61 + "@b.c")
@example("a@" + "b" * 60 + ".c")
def test_fast_path_reads_what_the_slow_path_reads(text: str) -> None:
    for rows in (1, 3):
        emails, faults = emails_from_texts([text] * rows, rows)

        assert set(zip(emails, map(Fault, faults.tolist()), strict=True)) == {slow(text)}


@given(st.one_of(plain_emails, st.emails(), st.builds("{}@{}".format, st.text(max_size=8), st.text(max_size=8))))
@example("Σ@ΑΣ.example")
@example("İ@example.com")
@example("\u212a@example.com")
@example("'ann@example.com")
@example("a@ß.example")
def test_canonical_form_is_its_own_canonical_form(text: str) -> None:
    email, fault = slow(text)

    if fault == Fault.NONE:
        assert slow(email) == (email, Fault.NONE)


def test_slow_rows_are_capped_and_cheap_ones_are_not_counted() -> None:
    texts = ["", "Ann <ann@example.com>", "x" * 400, "Bob <bob@example.com>", "Cy@example.com"]

    emails, faults = emails_from_texts(texts, 1)

    assert emails == ["", "ann@example.com", "", "", "cy@example.com"]
    assert faults.tolist() == [Fault.EMPTY, Fault.NONE, Fault.TOO_LONG, Fault.TOO_MANY_SLOW_ROWS, Fault.NONE]


def test_no_texts_give_no_emails() -> None:
    emails, faults = emails_from_texts([], 1)

    assert emails == []
    assert len(faults) == 0


def test_lines_within_a_text_never_shift_rows() -> None:
    emails, faults = emails_from_texts(["a@x.com\nb@x.com", "c@x.com"], 9)

    assert emails == ["", "c@x.com"]
    assert faults.tolist() == [Fault.SEVERAL_ADDRESSES, Fault.NONE]


def test_composed_and_decomposed_letters_are_one_address() -> None:
    assert slow("a\u0308nn@example.com") == slow("\u00c4nn@example.com") == ("\u00e4nn@example.com", Fault.NONE)


@pytest.mark.parametrize(("length", "fault"), [(254, Fault.NONE), (255, Fault.EMAIL_SYNTAX)])
def test_address_has_at_most_254_bytes(length: int, fault: Fault) -> None:
    text = "@example.com".rjust(length, "a")

    assert slow(text)[1] == fault


@pytest.mark.parametrize("unit", ["a", "a.", "@", "a-", "<", "a@", '"', "\u0308", "\u0661", "a@a;", "xn--", "."])
def test_nasty_texts_take_linear_time(unit: str) -> None:
    texts = [(start + unit * 320)[:320] for start in ("", "a@", "<a@", "mailto:")]
    started = time.process_time()

    for text in texts:
        emails_from_texts([text], 1)

    assert time.process_time() - started < 1


@given(st.text(max_size=40))
@example("a@\ud800.com")
def test_any_text_gives_an_address_or_a_fault(text: str) -> None:
    emails, faults = emails_from_texts([text], 1)

    assert (emails[0] == "") == (faults[0] != Fault.NONE)
