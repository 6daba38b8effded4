"""The world's numbering plans as tables, for judging whole columns of numbers.

A number is good when its calling code is assigned, when the plan has numbers of its length (at most 15 digits with the
calling code), and when it is E.164 already: numbers that hold a national prefix, such as 4402079460958, are not, and
neither are those in a form that the plan gave up. For calling code 1 it is NXX NXX XXXX, N being 2 to 9. Source: the
metadata of libphonenumber.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import phonenumbers
from numpy.typing import NDArray
from phonenumbers import PhoneMetadata, PhoneNumberDesc

from dncd.addresses.patterns import heads, match_lengths
from dncd.addresses.renumbering import begins_old_forms, current_forms
from dncd.addresses.text import Fault, Faults
from dncd.limits import SLOW_ADDRESSES_MAX
from dncd.storage.contract import Mask, Phones

NANP: Final = 1
DIGITS_MAX: Final = 15
NANP_DIGITS: Final = 11
_FEW_ROWS: Final = 16
_HEAD_DIGITS: Final = 5
_DIGITS_MIN: Final = 6
_POWERS: Final = np.array([10**power for power in range(DIGITS_MAX + 1)], dtype=np.uint64)
_AREA_2: Final = np.uint64(1_200)
_AREAS: Final = np.uint64(800)
_LINES: Final = np.uint64(10_000_000)
_EXCHANGE_2: Final = np.uint64(2_000_000)


@dataclass(frozen=True, slots=True)
class Plans:
    """Two tables over a number's first five digits; bit n of an element speaks of numbers of n digits.

    `possible`: the plan has such numbers. `doubtful`: some of them hold a national prefix, so that each has to be
    parsed. Calling code 1 is in neither.
    """

    possible: NDArray[np.uint16]
    doubtful: NDArray[np.uint16]


@cache
def plans() -> Plans:
    """Build the tables on first use; takes about 0.3 s, most of it reading the metadata."""
    tables = Plans(np.zeros(10**_HEAD_DIGITS, np.uint16), np.zeros(10**_HEAD_DIGITS, np.uint16))
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        if code != NANP:
            _add_plan(tables, str(code), [_metadata(code, region) for region in regions])
    _take_out_old_forms(tables)
    return tables


def _metadata(code: int, region: str) -> PhoneMetadata:
    if region == phonenumbers.REGION_CODE_FOR_NON_GEO_ENTITY:
        metadata = PhoneMetadata.metadata_for_nongeo_region(code)
    else:
        metadata = PhoneMetadata.metadata_for_region(region)
    assert metadata is not None, "every listed region has metadata"
    return metadata


def _add_plan(tables: Plans, code: str, regions: list[PhoneMetadata]) -> None:
    general = [_general(region) for region in regions]
    lengths = {length for numbers in general for length in numbers.possible_length if length > 0}
    tables.possible[_span(code)] = _bits(code, lengths)
    # Parsing a number with a plus sign uses the main region's national prefix, whatever the region.
    prefix = regions[0].national_prefix_for_parsing
    if not prefix:
        return
    width = _HEAD_DIGITS - len(code)
    doubtful = _bits(code, _reducible(lengths, regions[0]))
    for head in heads(prefix, width) - {""}:
        tables.doubtful[_span(code + head)] |= np.uint16(doubtful)
        tables.possible[_span(code + head)] = 0
    for numbers in general:
        for head in heads(numbers.national_number_pattern or "", width):
            tables.possible[_span(code + head)] = _bits(code, lengths)


def _take_out_old_forms(tables: Plans) -> None:
    """Make numbers in an old form impossible, so that nothing is called good that is not the one form of a number."""
    first = np.arange(10 ** (_HEAD_DIGITS - 1), 10**_HEAD_DIGITS, dtype=np.uint64)
    for digits in range(_DIGITS_MIN, DIGITS_MAX + 1):
        phones = first * _POWERS[digits - _HEAD_DIGITS]
        tables.possible[first[current_forms(phones) != phones]] &= np.uint16(~(1 << digits) & 0xFFFF)


def _general(region: PhoneMetadata) -> PhoneNumberDesc:
    numbers = region.general_desc
    assert numbers is not None, "every plan has a general description"
    return numbers


def _span(digits: str) -> slice:
    """Select the elements of a table whose numbers begin with these digits."""
    width = 10 ** (_HEAD_DIGITS - len(digits))
    return slice(int(digits) * width, (int(digits) + 1) * width)


def _bits(code: str, lengths: Iterable[int]) -> int:
    return sum(1 << digits for digits in {len(code) + length for length in lengths} if digits <= DIGITS_MAX)


def _reducible(lengths: set[int], main: PhoneMetadata) -> set[int]:
    """Select the lengths at which parsing may take a national prefix off: those that leave a possible length."""
    if main.national_prefix_transform_rule:
        return lengths
    taken = match_lengths(main.national_prefix_for_parsing or "") - {0}
    return {length for length in lengths if any(length - prefix in lengths for prefix in taken)}


def phone_faults(phones: Phones, slow_max: int = SLOW_ADDRESSES_MAX) -> Faults:
    """Judge a column of numbers given as E.164 digits.

    Gives one fault for each number, in order: NONE, NOT_A_POSSIBLE_NUMBER, EMPTY for 0. What is NONE comes back
    unchanged from phones_from_texts. Costs about 5 ns for a number of calling code 1, 30 ns for others; the few that
    may hold a national prefix cost 10 us, and beyond `slow_max` of them get TOO_MANY_SLOW_ROWS.
    """
    faults = np.zeros(len(phones), np.uint8)
    good = _good_nanp(phones)
    if not good.all():
        rest = np.flatnonzero(~good)
        few = len(rest) <= min(_FEW_ROWS, slow_max)
        faults[rest] = list(map(phone_fault, phones[rest].tolist())) if few else _generic_faults(phones[rest], slow_max)
    return faults


def phone_fault(phone: int) -> Fault:
    """Judge one number as `phone_faults` does a column of one; where the column is short this costs less."""
    digits = str(phone)
    if phone == 0:
        return Fault.EMPTY
    if digits.startswith(str(NANP)):
        good = len(digits) == NANP_DIGITS and digits[1] > "1" and digits[4] > "1"
        return Fault.NONE if good else Fault.NOT_A_POSSIBLE_NUMBER
    if not _DIGITS_MIN <= len(digits) <= DIGITS_MAX:
        return Fault.NOT_A_POSSIBLE_NUMBER
    tables, first, bit = plans(), int(digits[:_HEAD_DIGITS]), 1 << len(digits)
    if not int(tables.possible[first]) & bit:
        return Fault.NOT_A_POSSIBLE_NUMBER
    doubtful = int(tables.doubtful[first]) & bit and _matches_national_prefix(digits)
    return _fault_by_parsing(phone) if doubtful else Fault.NONE


def _good_nanp(phones: Phones) -> Mask:
    # One division by a constant is several times as fast as the remainder, which numpy has no vector code for.
    heads = phones // _LINES
    lines = heads * _LINES
    np.subtract(phones, lines, out=lines)
    # Below the first area code the unsigned difference wraps to a very large number.
    heads -= _AREA_2
    good: Mask = heads < _AREAS
    good &= lines >= _EXCHANGE_2
    return good


def _generic_faults(phones: Phones, slow_max: int) -> Faults:
    digits = np.searchsorted(_POWERS, phones, side="right")
    in_range = (digits >= _DIGITS_MIN) & (digits <= DIGITS_MAX)
    digits = np.where(in_range, digits, _DIGITS_MIN)
    first = np.where(in_range, phones // _POWERS[digits - _HEAD_DIGITS], 0)
    tables = plans()
    faults = np.where((tables.possible[first] >> digits) & 1, Fault.NONE, Fault.NOT_A_POSSIBLE_NUMBER).astype(np.uint8)
    faults[phones == 0] = Fault.EMPTY
    doubtful = np.flatnonzero((faults == Fault.NONE) & ((tables.doubtful[first] >> digits) & 1 == 1))
    if len(doubtful):
        faults[doubtful] = _faults_of_doubtful(phones[doubtful].tolist(), slow_max)
    return faults


def _faults_of_doubtful(phones: list[int], slow_max: int) -> list[Fault]:
    faults = []
    slow = 0
    for phone in phones:
        fault = Fault.NONE
        if _matches_national_prefix(str(phone)):
            slow += 1
            fault = _fault_by_parsing(phone) if slow <= slow_max else Fault.TOO_MANY_SLOW_ROWS
        faults.append(fault)
    return faults


def _fault_by_parsing(phone: int) -> Fault:
    try:
        same = e164(phonenumbers.parse(f"+{phone}")) == phone
    except phonenumbers.NumberParseException:
        same = False
    return Fault.NONE if same else Fault.NOT_A_POSSIBLE_NUMBER


def _matches_national_prefix(digits: str) -> bool:
    code = _calling_code(digits)
    assert code is not None, "a possible number has a calling code"
    match = _national_prefix(code).match(digits, len(str(code)))
    return match is not None and match.end() > match.start()


@cache
def _national_prefix(code: int) -> re.Pattern[str]:
    return re.compile(
        _metadata(code, phonenumbers.region_code_for_country_code(code)).national_prefix_for_parsing or ""
    )


def _calling_code(digits: str) -> int | None:
    """Return the assigned calling code that the digits begin with."""
    codes = (int(digits[:width]) for width in (1, 2, 3) if len(digits) >= width)
    return next((code for code in codes if code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), None)


def e164(number: phonenumbers.PhoneNumber) -> int:
    """Return a parsed number's E.164 digits, leading zeros of the national number kept."""
    return int(f"{number.country_code}{phonenumbers.national_significant_number(number)}")


def known_region(region: str) -> bool:
    """Tell whether this is an upper-case ISO 3166-1 alpha-2 code whose numbering plan is known."""
    return region in phonenumbers.SUPPORTED_REGIONS


def is_nanp_region(region: str) -> bool:
    """Tell whether the region belongs to calling code 1."""
    return region in phonenumbers.COUNTRY_CODE_TO_REGION_CODE[NANP]


_NANP_PREFIX: Final = re.compile(r"1(?:[2-9][0-9]{0,2}|[2-9][0-9]{2}[2-9][0-9]{0,6})?")


def begins_numbers(digits: str, length: int | None = None) -> bool:
    """Tell whether these digits, at least a whole calling code, begin any possible number that is longer than they are.

    With `length`, any of exactly so many digits.
    """
    code = _calling_code(digits)
    if code is None or begins_old_forms(digits):
        return False
    if code == NANP:
        return _NANP_PREFIX.fullmatch(digits) is not None and length in {None, NANP_DIGITS}
    possible = plans().possible[_span(digits[:_HEAD_DIGITS])]
    bits = possible >> (len(digits) + 1) if length is None else (possible >> length) & 1
    return bool(bits.any())
