"""Numbers as people write them, with a region for those without a country; and what may not be guessed about them.

Digits that begin with the region's own calling code have two readings in plans whose numbers vary in length:
4915123456789 in Germany is +4915123456789, or +494915123456789. Whole registers come in that form.
"""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import phonenumbers

from dncd.addresses import Fault, phone_faults, phones_from_texts
from dncd.registry.rejects import CODE_OR_NOT, fault_reason
from dncd.storage.contract import Mask, Phones

_FIRST_DIGITS: Final = tuple("123456789")


def read_written(texts: Sequence[str], region: str, *, international: bool) -> tuple[Phones, dict[int, str]]:
    """Read a column: E.164 digits, 0 where there are none, and the reasons why not by row.

    `international`: digits without a plus sign begin with their calling code, unless with a 0. Without it a row that
    may be read with and without one is a reject. Costs what `phones_from_texts` does, and 50 us for each row in doubt.
    """
    written = list(map(_with_plus, texts)) if international else texts
    phones, faults = phones_from_texts(written, region, len(texts))
    reasons = {row: fault_reason(faults[row]) for row in np.flatnonzero(faults).tolist()}
    for row in _rows_in_doubt(written, phones, region):
        phones[row] = 0
        reasons[row] = CODE_OR_NOT
    return phones, reasons


def holds_numbers(texts: Sequence[str], region: str, outside: Callable[[Phones], Mask]) -> Mask:
    """Tell for each text whether it is a number that the registry speaks about, or several numbers."""
    phones, faults = phones_from_texts(texts, region, len(texts))
    held: Mask = ((phones != 0) & ~outside(phones)) | (faults == Fault.SEVERAL_ADDRESSES)
    return held


def _with_plus(text: str) -> str:
    bare = text.strip()
    if bare.startswith("("):
        bare = bare[1:].replace(")", " ", 1)
    return f"+{bare}" if bare.startswith(_FIRST_DIGITS) else text


def _rows_in_doubt(texts: Sequence[str], phones: Phones, region: str) -> list[int]:
    """Find the rows that were read as a national number and may have their calling code already."""
    code = str(phonenumbers.country_code_for_region(region))
    # Under calling code 1 national numbers begin with 2 or more, and ten digits are never eleven.
    if code in {"0", "1"}:
        return []
    heads = code + code
    candidates = [row for row, phone in enumerate(phones.tolist()) if str(phone).startswith(heads)]
    return [row for row in candidates if _is_in_doubt(texts[row], str(phones[row]), code)]


def _is_in_doubt(text: str, phone: str, code: str) -> bool:
    national = phone[len(code) :]
    digits = "".join(char for char in text if char.isdigit())
    if "+" in text or not digits.startswith(national):
        return False
    if phone_faults(np.array([int(national)], np.uint64), 1)[0]:
        return False
    # Where the plan tells them apart, it does: Indian mobile numbers may begin with 91, and +91 has none of 8 digits.
    return _is_valid(national) or not _is_valid(phone)


def _is_valid(phone: str) -> bool:
    return phonenumbers.is_valid_number(phonenumbers.parse(f"+{phone}"))
