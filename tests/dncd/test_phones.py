import re
import time

import numpy as np
import phonenumbers
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from phonenumbers import PhoneMetadata, PhoneNumber, PhoneNumberFormat

from dncd.addresses.numbering import e164, phone_fault, phone_faults
from dncd.addresses.patterns import heads, match_lengths
from dncd.addresses.phone_text import read_phone
from dncd.addresses.phones import phones_from_texts
from dncd.addresses.text import AddressError, Fault, plain

NON_GEO = phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY
CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)

# The first example pays for reading the metadata.


def example_numbers() -> list[tuple[str, PhoneNumber]]:
    types = phonenumbers.PhoneNumberType.values()
    regions = [
        (region, phonenumbers.example_number_for_type(region, kind))
        for region in sorted(phonenumbers.SUPPORTED_REGIONS)
        for kind in types
    ]
    others = [
        (NON_GEO, phonenumbers.example_number_for_non_geo_entity(code))
        for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS)
    ]
    # Seven digits that only Canada can dial: documented as no address.
    return [
        (region, number)
        for region, number in regions + others
        if number is not None and (number.country_code, number.national_number) != (1, 3101234)
    ]


EXAMPLES = example_numbers()


def slow(text: str, region: str) -> tuple[int, Fault]:
    try:
        return read_phone(plain(text), region), Fault.NONE
    except AddressError as error:
        return 0, error.fault


def read(text: str, region: str = "") -> tuple[int, Fault]:
    phones, faults = phones_from_texts([text], region, 1)
    return int(phones[0]), Fault(faults[0])


@pytest.mark.parametrize("form", [PhoneNumberFormat.E164, PhoneNumberFormat.INTERNATIONAL, PhoneNumberFormat.RFC3966])
def test_every_example_number_reads_back_from_international_forms(form: int) -> None:
    texts = [phonenumbers.format_number(number, form) for _, number in EXAMPLES]

    phones, faults = phones_from_texts(texts, "", len(texts))

    assert phones.tolist() == [e164(number) for _, number in EXAMPLES]
    assert not faults.any()


def test_every_example_number_reads_back_from_its_national_form() -> None:
    national = [(region, number) for region, number in EXAMPLES if region != NON_GEO]
    texts = [phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL) for _, number in national]

    phones, faults = phones_from_texts(texts, [region for region, _ in national], len(texts))

    assert phones.tolist() == [e164(number) for _, number in national]
    assert not faults.any()


def test_every_example_number_is_good_in_a_column() -> None:
    column = np.array([e164(number) for _, number in EXAMPLES], np.uint64)

    assert not phone_faults(column).any()


NANP_FORMS = ["{a}{e}{n}", "1{a}{e}{n}", "({a}) {e}-{n}", "({a}){e}{n}", "{a}.{e}.{n}", "{a} {e} {n}", "+1 {a} {e} {n}"]
NANP_FORMS += ["1-{a}-{e}-{n}", "+1{a}{e}{n}", "+1 ({a}) {e}-{n}", "1.{a}-{e} {n}"]


@given(
    st.sampled_from(NANP_FORMS),
    st.sampled_from(["US", "CA", "BS", "JM", "PR", "AG", "DO", "GB", "DE", ""]),
    *(st.from_regex(form, fullmatch=True) for form in ("[0-9]{3}", "[0-9]{3}", "[0-9]{4}")),
)
def test_fast_nanp_reads_what_the_slow_path_reads(form: str, region: str, a: str, e: str, n: str) -> None:
    text = form.format(a=a, e=e, n=n)

    for rows in (1, 8):
        phones, faults = phones_from_texts([text] * rows, region, rows)

        assert {(int(phone), Fault(fault)) for phone, fault in zip(phones, faults, strict=True)} == {slow(text, region)}


@given(
    st.sampled_from([*NANP_FORMS, "+44{a}{e}{n}", "+{a}{e}{n}"]),
    st.sampled_from(["US", "JM", "GB", "DE", ""]),
    *(st.from_regex(form, fullmatch=True) for form in ("[0-9]{3}", "[0-9]{3}", "[0-9]{4}")),
    st.from_regex("(?: |, |;|,)?(?:ext|x|X|extn|#)[.:]? ?[0-9]{0,8}#?", fullmatch=True),
)
@example("{a}-{e}-{n}", "US", "415", "555", "0123", " ext. 22")
@example("{a}{e}{n}", "US", "415", "555", "0123", "x123456")
@example("{a}{e}{n}", "US", "415", "555", "0123", "x1234567")
def test_fast_extensions_are_read_as_the_slow_path_reads_them(
    form: str, region: str, a: str, e: str, n: str, extension: str
) -> None:
    text = form.format(a=a, e=e, n=n) + extension

    for rows in (1, 8):
        phones, faults = phones_from_texts([text] * rows, region, rows)

        assert {(int(phone), Fault(fault)) for phone, fault in zip(phones, faults, strict=True)} == {slow(text, region)}


numbers_of_plans = st.builds(
    lambda code, zeros, rest: f"{code}{zeros}{rest}",
    st.sampled_from(CODES),
    st.sampled_from(["", "0", "00", "8", "06", "90", "15", "1115", "180020", "1831", "12110", "1001"]),
    st.from_regex("[0-9]{3,12}", fullmatch=True),
)
prefixed_examples = st.builds(
    lambda row, inserted: f"{row[1].country_code}{inserted}{phonenumbers.national_significant_number(row[1])}",
    st.sampled_from(EXAMPLES),
    st.sampled_from(["", "0", "00", "1", "8", "80", "06", "90", "015", "15", "180020", "1831", "12110", "10", "1500"]),
)


@given(st.one_of(numbers_of_plans, prefixed_examples))
@example("4402079460958")
@example("490301234567")
@example("5411151234567")
@example("541115123456")
@example("78001234567")
@example("390612345678")
def test_fast_e164_reads_what_the_slow_path_reads(digits: str) -> None:
    text = f"+{digits}"

    for rows in (1, 8):
        phones, faults = phones_from_texts([text] * rows, "", rows)

        assert {(int(phone), Fault(fault)) for phone, fault in zip(phones, faults, strict=True)} == {slow(text, "")}


@given(st.one_of(numbers_of_plans, prefixed_examples))
@example("4402079460958")
@example("490301234567")
def test_good_number_of_a_column_is_its_own_canonical_form(digits: str) -> None:
    assume(len(digits) <= 15)
    column = np.array([int(digits)] * 40, np.uint64)

    faults = phone_faults(column)

    assert set(faults.tolist()) == {phone_fault(int(digits))}
    if not faults.any():
        assert e164(phonenumbers.parse(f"+{digits}")) == int(digits)


def test_number_with_national_prefix_is_no_good_in_a_column() -> None:
    column = np.array([4402079460958, 442079460958, 490301234567, 0, 2**64 - 1, 14155550123, 11234567890], np.uint64)

    faults = phone_faults(column)

    bad = Fault.NOT_A_POSSIBLE_NUMBER
    assert faults.tolist() == [bad, Fault.NONE, bad, Fault.EMPTY, bad, Fault.NONE, bad]


def test_doubtful_numbers_beyond_the_cap_are_not_allowed() -> None:
    column = np.array([541115123456] * 30, np.uint64)

    faults = phone_faults(column, slow_max=20)

    assert (faults[20:] == Fault.TOO_MANY_SLOW_ROWS).all()
    assert (faults[:20] != Fault.TOO_MANY_SLOW_ROWS).all()


def test_slow_rows_are_capped_and_cheap_ones_are_not_counted() -> None:
    texts = ["", "020 7946 0958", "x" * 400, "020 7946 0959", "+14155550123"]

    phones, faults = phones_from_texts(texts, "GB", 1)

    assert phones.tolist() == [0, 442079460958, 0, 0, 14155550123]
    assert faults.tolist() == [Fault.EMPTY, Fault.NONE, Fault.TOO_LONG, Fault.TOO_MANY_SLOW_ROWS, Fault.NONE]


def test_each_row_has_its_region() -> None:
    phones, faults = phones_from_texts(["020 7946 0958", "4155550123", "4155550123"], ["GB", "US", ""], 9)

    assert phones.tolist() == [442079460958, 14155550123, 0]
    assert faults.tolist() == [0, 0, Fault.REGION_MISSING]


def test_lines_within_a_text_never_shift_rows() -> None:
    texts = ["+14155550123\n+14155550124"] + ["+14155550125"] * 9

    phones, faults = phones_from_texts(texts, "US", 9)

    assert faults.tolist() == [Fault.SEVERAL_ADDRESSES] + [0] * 9
    assert phones.tolist() == [0] + [14155550125] * 9


@given(
    st.lists(
        st.sampled_from(["+14155550123", "4155550124", "", "\n", "+14155550125\n+14155550126", "4155550127\n", "?"]),
        min_size=8,
        max_size=20,
    )
)
@example(["+14155550123\n+14155550124", *["+14155550125"] * 6, ""])
@example(["4155550123\n4155550124", *["4155550125"] * 6, ""])
def test_no_mixture_of_lines_and_empty_texts_shifts_rows(texts: list[str]) -> None:
    phones, faults = phones_from_texts(texts, "US", len(texts))

    alone = [phones_from_texts([text], "US", 1) for text in texts]
    assert phones.tolist() == [int(phone[0]) for phone, _ in alone]
    assert faults.tolist() == [fault[0] for _, fault in alone]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("415\x00555\x000123", Fault.NOT_AN_ADDRESS),
        ("1" * 300, Fault.NOT_A_POSSIBLE_NUMBER),
        ("1" * 400, Fault.TOO_LONG),
        ("\u200b \u00a0\ufeff", Fault.EMPTY),
        ("'", Fault.EMPTY),
    ],
)
def test_unreadable_text_has_its_fault(text: str, fault: Fault) -> None:
    assert read(text, "US") == (0, fault)


def test_invisible_characters_are_taken_off() -> None:
    assert read("\u202a+1\u00a0415\u200b 555\u20110123\u202c\ufeff") == (14155550123, Fault.NONE)


@pytest.mark.parametrize(
    "unit", ["1", " ", "(", "+", "x", "X ", "1-", "1x", "A", "1A", "/", "e", ";ext=", "1,", ".", "\u0661"]
)
def test_nasty_texts_take_linear_time(unit: str) -> None:
    texts = [(start + unit * 320)[: 320 - len(end)] + end for start in ("", "1", "+1") for end in ("", "!", "*", "@")]
    started = time.process_time()

    for text in texts:
        read(text, "US")

    assert time.process_time() - started < 1


@given(st.text(max_size=40), st.sampled_from(["US", "DE", "AR", ""]))
def test_any_text_gives_a_number_or_a_fault(text: str, region: str) -> None:
    phone, fault = read(text, region)

    assert (phone == 0) == (fault != Fault.NONE)


@pytest.mark.parametrize("code", CODES)
def test_heads_and_lengths_are_those_of_the_pattern(code: int) -> None:
    region = phonenumbers.region_code_for_country_code(code)
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    pattern = (metadata.national_prefix_for_parsing if metadata else None) or ""

    begun = heads(pattern, 3) - {""}
    lengths = match_lengths(pattern)

    for number in range(0, 10**5, 37):
        match = re.match(pattern, f"{number:05}00000000")
        if match and match.end():
            assert match[0].startswith(tuple(begun)) or match[0] in begun
            assert match.end() in lengths


@pytest.mark.parametrize("decimals", [".0", ".00", ".000", ",00", ",000000"])
@pytest.mark.parametrize(
    ("digits", "region"),
    [("4930123456", "DE"), ("9812345678", "IN"), ("4155550103", "US"), ("+436641234567", "AT"), ("358401234567", "FI")],
)
def test_decimals_that_are_zeros_are_no_digits_of_the_number(digits: str, region: str, decimals: str) -> None:
    phones, faults = phones_from_texts([digits, digits + decimals], region, 10)

    assert faults.tolist() == [Fault.NONE, Fault.NONE]
    assert phones[0] == phones[1]


@pytest.mark.parametrize("text", ["4930123456.5", "4930123456.12", "4930123456,001", "301234567.1"])
def test_other_decimals_make_no_number(text: str) -> None:
    _, faults = phones_from_texts([text], "DE", 10)

    assert faults.tolist() == [Fault.NOT_AN_ADDRESS]
