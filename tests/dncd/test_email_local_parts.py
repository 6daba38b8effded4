"""A local part outside of ASCII is what people have, or a fault: never an address that nobody has."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.addresses import Fault, emails_from_texts

# All of Default_Ignorable_Code_Point but the joiners, by first and last; and the blank of Braille.
UNSEEN = [
    *((0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F)),
    *((0x200B, 0x200B), (0x200E, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x2800, 0x2800), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3)),
    *((0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
]
JOINERS = ["\u200c", "\u200d"]


def read(text: str) -> tuple[str, Fault]:
    emails, faults = emails_from_texts([text], 1)
    return emails[0], Fault(faults[0])


def refused(text: str) -> bool:
    return read(text) == ("", Fault.EMAIL_SYNTAX)


@pytest.mark.parametrize("unseen", [chr(code) for ends in UNSEEN for code in {*ends}])
def test_what_nobody_sees_makes_no_other_address(unseen: str) -> None:
    assert read(f"{unseen}jo{unseen}e@fw.org") == ("joe@fw.org", Fault.NONE)


@pytest.mark.parametrize("joiner", JOINERS)
def test_joiners_in_a_local_part_are_refused(joiner: str) -> None:
    assert refused(f"jo{joiner}e@fw.org")


@pytest.mark.parametrize(
    "text",
    [
        "\uff2aoe@fw.org",
        "\u2460@fw.org",
        "\u00bd@fw.org",
        "JO\u017fE@fw.org",
        "\ufb01ona@fw.org",
        "jo\ufffd\u00e9@fw.org",
        "\u0130brah\u0130m@fw.org",
        "\u2709joe@fw.org",
        "\u2022joe@fw.org",
        "\u201cjoe\u201d@fw.org",
        "\u276ajoe@fw.org",
        '"jo\u2010e"@fw.org',
        "\u24d9\u24de\u24d4 <\u24d9\u24de\u24d4@fw.org>",
    ],
)
def test_local_part_that_only_looks_like_another_is_refused(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize(
    "hyphen", [*"\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d\u02d7\u2043\u058a\u05be"]
)
def test_what_looks_like_a_hyphen_is_refused(hyphen: str) -> None:
    assert refused(f"jo{hyphen}e@fw.org")


@pytest.mark.parametrize("apostrophe", [*"\u2018\u2019\u201b\u2032\u00b4\u02bc\u02bb\u02b9\uff07"])
def test_what_looks_like_an_apostrophe_is_refused(apostrophe: str) -> None:
    assert refused(f"o{apostrophe}brien@fw.org")


@pytest.mark.parametrize(
    ("written", "local"),
    [
        ("J\u00d6RG", "j\u00f6rg"),
        ("jo\u0308rg", "j\u00f6rg"),
        ("\u7528\u6237", "\u7528\u6237"),
        ("\u30e6\u30fc\u30b6\u30fc", "\u30e6\u30fc\u30b6\u30fc"),
        ("\u4f50\u3005\u6728", "\u4f50\u3005\u6728"),
        ("\u0438\u0432\u0430\u043d.\u0439", "\u0438\u0432\u0430\u043d.\u0439"),
        ("\u0645\u062d\u0645\u062f-\u0661\u0662", "\u0645\u062d\u0645\u062f-\u0661\u0662"),
        ("\u092d\u093e\u0930\u0924+a", "\u092d\u093e\u0930\u0924+a"),
        ("\u0e19\u0e49\u0e33", "\u0e19\u0e49\u0e33"),
        ("\u0e99\u0eb3", "\u0e99\u0eb3"),
        ("\ud64d\uae38\ub3d9", "\ud64d\uae38\ub3d9"),
        ("\u0131\u015f\u0131k", "\u0131\u015f\u0131k"),
        ("\u8449\U000e0100", "\u8449"),
    ],
)
def test_local_parts_of_all_scripts_are_read(written: str, local: str) -> None:
    assert read(f"{written}@fw.org") == (f"{local}@fw.org", Fault.NONE)


@given(st.text(st.characters(exclude_categories=["Cs"], min_codepoint=0x80), min_size=1, max_size=4))
def test_what_compatibility_would_change_is_no_address(text: str) -> None:
    email, fault = read(f"a{text}b@fw.org")

    if fault == Fault.NONE:
        local = email.removesuffix("@fw.org").translate(dict.fromkeys([0xE33, 0xEB3, 0xEDC, 0xEDD], "\u0e01"))
        assert unicodedata.is_normalized("NFKC", local)
        assert read(email) == (email, Fault.NONE)


@given(
    st.characters(
        categories=["Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Pc", "Sm", "Sc", "Sk", "So", "No"], min_codepoint=0x80
    )
)
def test_signs_outside_of_ascii_are_never_part_of_an_address(sign: str) -> None:
    email, _ = read(f"jo{sign}e@fw.org")

    # Two of them are ASCII signs by Unicode's canonical form, and one is seen by nobody.
    assert email.isascii()
