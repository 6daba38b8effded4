"""Phone numbers from written text: columns of E.164 or calling code 1 at once, everything else row by row."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from dncd.addresses.numbering import is_nanp_region, phone_faults
from dncd.addresses.phone_text import read_phone
from dncd.addresses.renumbering import current_forms
from dncd.addresses.text import AddressError, Fault, Faults, plain
from dncd.storage.contract import Phones

# The fast forms. They accept less than the slow path and give the same: a property test compares the two.
_E164: Final = r"\+[1-9][0-9]{6,14}"
_NANP: Final = r"(?:\+?1[ .-]?)?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[ .-]?)[2-9][0-9]{2}[ .-]?[0-9]{4}"
_E164_COLUMN: Final = re.compile(rf"(?>{_E164}(?:\n|\Z))*+")
_NANP_COLUMN: Final = re.compile(rf"(?>{_NANP}(?:\n|\Z))*+")
_E164_TEXT: Final = re.compile(_E164)
_NANP_TEXT: Final = re.compile(_NANP)
# An extension as most people write it: the line is the same number without it.
_EXTENDED_TEXT: Final = re.compile(rf"({_E164}|{_NANP}) ?(?:ext|x)\.? ?[0-9]{{1,6}}")
_SEPARATORS: Final = b" ().-+"
_NOT_DIGITS: Final = str.maketrans("", "", _SEPARATORS.decode())
_CHUNK_ROWS: Final = 128
_COLUMN_ROWS_MIN: Final = 8
_TEN_DIGITS: Final = 10_000_000_000


def phones_from_texts(texts: Sequence[str], regions: str | Sequence[str], slow_max: int) -> tuple[Phones, Faults]:
    """Read a column of written phone numbers.

    `regions` is one ISO alpha-2 code for all, or one for each row; "" where none is known. Gives E.164 digits as
    numbers, 0 where there is a fault, and the faults, both in the order of the texts. A row costs about 0.2 us where
    the column is all E.164 or all in the common forms of calling code 1, 2 us where these are mixed or have
    extensions, 10 to 40 us in any other form; beyond `slow_max` of the last kind rows get TOO_MANY_SLOW_ROWS.
    """
    phones = np.zeros(len(texts), np.uint64)
    for start in range(0, len(texts), _CHUNK_ROWS):
        rows = slice(start, start + _CHUNK_ROWS)
        phones[rows] = _fast_chunk(texts[rows], regions if isinstance(regions, str) else regions[rows])
    phones, faults = phones_from_numbers(phones, slow_max)
    for row in np.flatnonzero(faults).tolist():
        region = regions if isinstance(regions, str) else regions[row]
        phones[row], faults[row], slow = _slow_row(texts[row], region, slow_max)
        slow_max -= slow
    return phones, faults


def phones_from_numbers(numbers: Phones, slow_max: int) -> tuple[Phones, Faults]:
    """Read a column of phone numbers written as E.164 digits.

    Gives them in canonical form, 0 where there is a fault, and the faults, both in the order of the numbers. Old forms
    of a plan become the numbers of today; all else is judged by `phone_faults` and costs the same.
    """
    faults = phone_faults(numbers, slow_max)
    if not faults.any():
        return numbers, faults
    phones = numbers.copy()
    wrong = np.flatnonzero(faults)
    current = current_forms(phones[wrong])
    old = current != phones[wrong]
    if old.any():
        renewed = wrong[old]
        phones[renewed] = current[old]
        faults[renewed] = phone_faults(phones[renewed], slow_max)
    phones[faults != Fault.NONE] = 0
    return phones, faults


def _fast_chunk(texts: Sequence[str], regions: str | Sequence[str]) -> Phones | list[int]:
    """Read what the fast forms cover, 0 for the rest. Whether the plan has such numbers is not judged yet."""
    if len(texts) >= _COLUMN_ROWS_MIN:
        column = "\n".join(texts)
        if _E164_COLUMN.fullmatch(column):
            return _numbers(column, len(texts))
        if _all_nanp(regions) and _NANP_COLUMN.fullmatch(column):
            phones = _numbers(column, len(texts))
            return np.where(phones < _TEN_DIGITS, phones + np.uint64(_TEN_DIGITS), phones)
    if isinstance(regions, str):
        nanp = is_nanp_region(regions)
        return [_fast_phone(text, nanp) for text in texts]
    return [_fast_phone(text, is_nanp_region(region)) for text, region in zip(texts, regions, strict=True)]


def _all_nanp(regions: str | Sequence[str]) -> bool:
    return all(map(is_nanp_region, (regions,) if isinstance(regions, str) else set(regions)))


def _numbers(column: str, rows: int) -> Phones:
    """Read the numbers of a column of which every line is one."""
    # A text may itself hold several lines, and the last be empty: no line then stands for a row.
    if column.count("\n") != rows - 1 or column.endswith("\n"):
        return np.zeros(rows, np.uint64)
    return np.fromstring(column.encode().translate(None, _SEPARATORS), np.uint64, sep="\n")


def _fast_phone(text: str, nanp_region: bool) -> int:
    if extended := _EXTENDED_TEXT.fullmatch(text):
        text = extended[1]
    if _E164_TEXT.fullmatch(text):
        return int(text)
    if (nanp_region or text.startswith("+")) and _NANP_TEXT.fullmatch(text):
        phone = int(text.translate(_NOT_DIGITS))
        return phone if phone > _TEN_DIGITS else phone + _TEN_DIGITS
    return 0


def _slow_row(text: str, region: str, slow_max: int) -> tuple[int, Fault, int]:
    """Read one row; the last part of the answer is 1 where that cost something."""
    try:
        cleaned = plain(text)
    except AddressError as error:
        return 0, error.fault, 0
    if slow_max <= 0:
        return 0, Fault.TOO_MANY_SLOW_ROWS, 0
    try:
        return read_phone(cleaned, region), Fault.NONE, 1
    except AddressError as error:
        return 0, error.fault, 1
