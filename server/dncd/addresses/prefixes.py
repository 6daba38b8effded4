"""Phone prefixes as entry targets: +1201*, +1 (201) *, and 201XXXXXXX as VICIdial writes area codes."""

import re
from typing import Final

from dncd.addresses.numbering import NANP, begins_numbers, is_nanp_region, known_region
from dncd.addresses.text import AddressError, Fault

PREFIX_DIGITS_MAX: Final = 14
_PREFIX: Final = re.compile(r"(?:\+|\(\+?)?[0-9][0-9 ().\-]*(?:\*|X[X .\-]*X)", re.IGNORECASE)


def is_prefix(text: str) -> bool:
    """Tell whether a cleaned ASCII text is written as a phone prefix."""
    return _PREFIX.fullmatch(text) is not None


def prefix_digits(text: str, region: str) -> str:
    """Read a text that `is_prefix` as the digits that its numbers begin with, calling code first.

    Raises AddressError, also for a prefix that begins no possible number: it would never match anything.
    """
    digits = re.sub("[^0-9]", "", text)
    if "+" not in text:
        digits = _with_calling_code(digits, region)
    wildcards = text.upper().count("X")
    length = len(digits) + wildcards if wildcards else None
    if len(digits) > PREFIX_DIGITS_MAX or not begins_numbers(digits, length):
        raise AddressError(Fault.NOT_A_POSSIBLE_NUMBER)
    return digits


def _with_calling_code(digits: str, region: str) -> str:
    # Elsewhere a national prefix may or may not stand before the digits, and a wrong guess would never match.
    if not known_region(region):
        raise AddressError(Fault.REGION_MISSING)
    if not is_nanp_region(region):
        raise AddressError(Fault.NOT_AN_ADDRESS)
    return digits if digits.startswith(str(NANP)) else f"{NANP}{digits}"
