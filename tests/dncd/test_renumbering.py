"""WhatsApp names many people in Mexico and Brazil by numbers that their plans gave up: they are those of today."""

import numpy as np
import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dncd.addresses import (
    AddressError,
    Fault,
    phone_faults,
    phones_from_numbers,
    phones_from_texts,
    target_from_text,
)
from dncd.addresses.numbering import phone_fault
from dncd.addresses.phone_text import read_phone
from dncd.addresses.text import plain
from dncd.registry.formats import Options
from registry_reading import LIST_DATE, read_bytes

SLOW_MAX = 99
# Short columns are judged number by number, long ones by vectors.
COLUMNS = (1, 20)

mexican_lines = st.integers(2_000_000_000, 9_999_999_999)
brazilian_areas = st.tuples(st.integers(1, 9), st.integers(1, 9)).map(lambda pair: f"{pair[0]}{pair[1]}")
brazilian_old_mobiles = st.integers(60_000_000, 99_999_999)
near_old_forms = st.from_regex("52[01]?[0-9]{9,11}|55[0-9]{2}[0-9]{7,9}", fullmatch=True)


def from_texts(text: str, region: str, rows: int) -> set[tuple[int, int]]:
    phones, faults = phones_from_texts([text] * rows, region, SLOW_MAX)
    return set(zip(phones.tolist(), faults.tolist(), strict=True))


def from_numbers(number: int, rows: int) -> set[tuple[int, int]]:
    phones, faults = phones_from_numbers(np.full(rows, number, np.uint64), SLOW_MAX)
    return set(zip(phones.tolist(), faults.tolist(), strict=True))


def one_by_one(text: str, region: str) -> tuple[int, int]:
    try:
        return read_phone(plain(text), region), int(Fault.NONE)
    except AddressError as error:
        return 0, int(error.fault)


def fault_of(text: str, region: str) -> Fault:
    try:
        target_from_text(text, region)
    except AddressError as error:
        return error.fault
    return Fault.NONE


@given(mexican_lines)
@example(5534372942)
def test_mexican_mobile_with_a_1_is_the_number_without_it_on_every_path(line: int) -> None:
    today = {(int(f"52{line}"), int(Fault.NONE))}

    for rows in COLUMNS:
        assert from_texts(f"+521{line}", "", rows) == today
        assert from_texts(f"whatsapp:+521{line}", "US", rows) == today
        assert from_numbers(int(f"521{line}"), rows) == today


@given(brazilian_areas, brazilian_old_mobiles)
@example("11", 91234567)
def test_brazilian_mobile_of_eight_digits_is_that_of_nine_on_every_path(area: str, line: int) -> None:
    today = {(int(f"55{area}9{line}"), int(Fault.NONE))}

    for rows in COLUMNS:
        assert from_texts(f"+55{area}{line}", "", rows) == today
        assert from_texts(f"whatsapp:+55{area}{line}", "US", rows) == today
        assert from_numbers(int(f"55{area}{line}"), rows) == today
    assert from_texts(f"({area}) {line}", "BR", 1) == today


@given(brazilian_areas, st.integers(20_000_000, 59_999_999))
def test_brazilian_landlines_keep_eight_digits(area: str, line: int) -> None:
    landline = int(f"55{area}{line}")

    for rows in COLUMNS:
        assert from_texts(f"+{landline}", "", rows) == from_numbers(landline, rows) == {(landline, int(Fault.NONE))}


@given(near_old_forms)
@example("521553437294")
@example("5211534372942")
@example("5215534372942")
@example("55119123456")
@example("551191234567")
@example("5501191234567")
@example("5511591234567")
def test_text_alone_in_columns_and_as_number_is_one_address(digits: str) -> None:
    alone = one_by_one(f"+{digits}", "")

    for rows in COLUMNS:
        assert from_texts(f"+{digits}", "", rows) == {alone}
        # What is no number in a column, since it holds a national prefix, may be one as a text.
        assert from_numbers(int(digits), rows) in ({alone}, {(0, int(Fault.NOT_A_POSSIBLE_NUMBER))})


@given(near_old_forms)
def test_what_is_read_is_read_as_itself(digits: str) -> None:
    phone, fault = one_by_one(f"+{digits}", "")

    if fault == Fault.NONE:
        assert from_numbers(phone, 1) == from_texts(f"+{phone}", "", 1) == {(phone, int(Fault.NONE))}
        assert phone_fault(phone) == Fault.NONE


def test_old_form_is_not_canonical() -> None:
    column = np.array([5215534372942, 551191234567, 525534372942, 5511991234567], np.uint64)

    for rows in (1, SLOW_MAX):
        faults = phone_faults(np.tile(column, rows))

        assert faults[:4].tolist() == [Fault.NOT_A_POSSIBLE_NUMBER, Fault.NOT_A_POSSIBLE_NUMBER, 0, 0]


def test_old_forms_among_others_leave_their_neighbours_alone() -> None:
    column = np.array([14155550123, 5215534372942, 0, 551191234567, 4402079460958, 442079460958], np.uint64)
    given = column.copy()

    phones, faults = phones_from_numbers(column, SLOW_MAX)

    assert phones.tolist() == [14155550123, 525534372942, 0, 5511991234567, 0, 442079460958]
    assert faults.tolist() == [0, 0, Fault.EMPTY, 0, Fault.NOT_A_POSSIBLE_NUMBER, 0]
    assert (column == given).all()


def test_old_forms_need_no_slow_row() -> None:
    phones, faults = phones_from_texts(["+5215534372942", "+551191234567"] * 9, "", 0)

    assert set(phones.tolist()) == {525534372942, 5511991234567}
    assert not faults.any()


@pytest.mark.parametrize("text", ["1 55 3437 2942", "(1) 55 3437 2942", "15534372942"])
def test_ten_digits_behind_a_1_are_not_taken_for_mexican(text: str) -> None:
    assert from_texts(text, "MX", 1) == {(0, int(Fault.NOT_A_POSSIBLE_NUMBER))}


@pytest.mark.parametrize("text", ["5215534372942", "52 1 55 3437 2942", "+52 (1) 55 3437-2942", "55 3437 2942"])
def test_mexican_forms_with_the_calling_code_or_of_today_are_one_number(text: str) -> None:
    assert from_texts(text, "MX", 1) == {(525534372942, int(Fault.NONE))}


@pytest.mark.parametrize("text", ["+521*", "+52155*", "+55118*", "+5521712*", "+5511 9XXXXXXX"])
def test_prefix_of_old_forms_alone_is_refused_since_it_would_never_match(text: str) -> None:
    assert fault_of(text, "") == Fault.NOT_A_POSSIBLE_NUMBER


@pytest.mark.parametrize("text", ["+52*", "+5255*", "+55*", "+5511*", "+55119*", "+55112*", "+5511 9XXXXXXXX"])
def test_prefix_of_numbers_of_today_is_read(text: str) -> None:
    assert fault_of(text, "") == Fault.NONE


def test_libphonenumber_knows_no_number_in_an_old_form_but_trunked_radio() -> None:
    assert not phonenumbers.is_possible_number(phonenumbers.parse("+5215534372942"))
    for area in range(11, 100):
        for first in "689":
            old = phonenumbers.parse(f"+55{area}{first}1234567")
            assert not phonenumbers.is_valid_number(old)


def test_list_of_a_registry_in_old_forms_holds_the_numbers_of_today() -> None:
    content = b"+5215534372942\n+551191234567\n(11) 9123-4568\n+551121234567\n"

    outcome = read_bytes("numbers", content, Options(region="BR", list_date=LIST_DATE))

    assert outcome.phones == [525534372942, 5511991234567, 5511991234568, 551121234567]


@given(st.sampled_from(["11", "221", "3751"]), st.integers(400_000, 499_999))
def test_argentine_mobiles_and_landlines_stay_different(area: str, line: int) -> None:
    national = f"{area}{line}".ljust(10, "0")

    mobile, landline = from_texts(f"+549{national}", "", 1), from_texts(f"+54{national}", "", 1)

    assert mobile.isdisjoint(landline)
