"""Numbers in a form that their plan gave up, read as the numbers that they became.

WhatsApp still names people by these. Mexico wrote a 1 before mobile numbers until 2019: +52 1 55 3437 2942 is
+52 55 3437 2942. Brazil put a 9 before all mobile numbers, its last areas in November 2016: +55 11 9123 4567 is
+55 11 99123 4567. Landlines there begin with 2 to 5 and kept eight digits; trunked radio, which began with 7 and kept
them too, was switched off in 2018. So no old form is a number of anybody else.
"""

import re
from typing import Final

import numpy as np

from dncd.storage.contract import Mask, Phones

_MEXICO_FROM: Final = 5_212_000_000_000
_MEXICO_BEFORE: Final = 5_220_000_000_000
# 521 and ten digits, less 52 and the same ten.
_MEXICO_ONE: Final = np.uint64(4_690_000_000_000)
_BRAZIL: Final = 55
_BRAZIL_MOBILE_MIN: Final = 6
_LINE_7: Final = 10**7
_LINE_8: Final = 10**8
_OLD_PREFIX: Final = re.compile("521|55[1-9][1-9][678]")


def current_forms(phones: Phones) -> Phones:
    """Return a column of E.164 digits with every old form as the number that it became, all else unchanged."""
    phones = np.where(_mexican(phones), phones - _MEXICO_ONE, phones)
    nines = (phones // _LINE_8 + 1) * (9 * _LINE_8)
    return np.where(_brazilian(phones), phones + nines, phones)


def begins_old_forms(digits: str) -> bool:
    """Tell whether old forms alone begin with these digits, so that no number as it is read here does."""
    return _OLD_PREFIX.match(digits) is not None


def _mexican(phones: Phones) -> Mask:
    """Tell which numbers are 52, 1 and ten digits of which the first is no 0 or 1."""
    found: Mask = (phones >= _MEXICO_FROM) & (phones < _MEXICO_BEFORE)
    return found


def _brazilian(phones: Phones) -> Mask:
    """Tell which numbers are 55, an area code, and eight digits of which the first is 6 to 9."""
    heads = phones // _LINE_7
    areas = heads // 10 % 100
    found: Mask = (heads // 1000 == _BRAZIL) & (areas > 10) & (areas % 10 > 0) & (heads % 10 >= _BRAZIL_MOBILE_MIN)
    return found
