"""One phone number from one written text, in any common form. This is the definition; the fast path repeats it.

Nothing is guessed: a text is a number from end to end, or it is a fault. Every pattern here takes linear time.
"""

import re
from typing import Final

import numpy as np
import phonenumbers

from dncd.addresses.numbering import NANP, NANP_DIGITS, e164, is_nanp_region, known_region, phone_fault
from dncd.addresses.prefixes import is_prefix
from dncd.addresses.renumbering import current_forms
from dncd.addresses.text import AddressError, Fault, ascii_form, holds_several

_SCHEME: Final = re.compile(r"(?:tel|sms|whatsapp):(?://)?", re.IGNORECASE)
_EXTENSION: Final = re.compile(r"(?:;ext=|,?(?:extension|extn|ext|x|#)[.:]?)([0-9]{1,7})#?", re.IGNORECASE)
_WHOLE_NUMBER: Final = re.compile(r"(\+?[0-9]{7,15})[.,]0{1,6}")
_DECIMALS: Final = re.compile(r"\+?[0-9]{7,}[.,][0-9]{1,6}")
_ROUNDED: Final = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]*)?E\+?[0-9]+", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(?:\+|\(\+?)?[0-9][0-9 ().\-/]*(?<=[0-9)])")
_LETTERS_ON: Final = re.compile("[A-Za-z].*")
_LETTERED: Final = re.compile(r"(?:\+|\()?[0-9][0-9 ().\-]*[A-Z]{1,15}[A-Z0-9 .\-]*", re.IGNORECASE)

_LETTERS_MIN: Final = 3
_DIGITS_BEFORE_LETTERS_MAX: Final = 8
_PARSED_DIGITS_MAX: Final = 25  # 15, an international prefix and a carrier's code
_SHORT_DIGITS_MIN: Final = 3
_SHORT_DIGITS_MAX: Final = 6
_AREA_DIGITS_MAX: Final = 8
_LINE_DIGITS_MIN: Final = 5
_MEXICO: Final = "MX"


def read_phone(text: str, region: str) -> int:
    """Read one cleaned text (`address_text.plain`) as a phone number, as E.164 digits.

    `region` is an ISO alpha-2 code, "" or any unknown one where none is known. Raises AddressError.
    """
    text = ascii_form(text)
    if "@" in text:
        raise AddressError(Fault.NOT_ONE_ADDRESS if text.startswith(("@", "*@")) else Fault.WRONG_CHANNEL)
    if holds_several(text):
        raise AddressError(Fault.SEVERAL_ADDRESSES)
    if is_prefix(text):
        raise AddressError(Fault.NOT_ONE_ADDRESS)
    if _ROUNDED.fullmatch(text):
        raise AddressError(Fault.ROUNDED_BY_SPREADSHEET)
    return _parsed(_bare(text, region), region)


def _bare(text: str, region: str) -> str:
    """Take off scheme, extension and a spreadsheet's decimals; raise where letters or signs are left."""
    text = text[scheme.end() :] if (scheme := _SCHEME.match(text)) else text
    if whole := _WHOLE_NUMBER.fullmatch(text):
        text = whole[1]
    elif _DECIMALS.fullmatch(text):
        # No number is written so, and with its decimals it would be another one.
        raise AddressError(Fault.NOT_AN_ADDRESS)
    text = _without_extension(text)
    if _NUMBER.fullmatch(text):
        return _checked_slash(text)
    if _is_vanity(text, region):
        return text
    raise AddressError(Fault.NOT_AN_ADDRESS)


def _without_extension(text: str) -> str:
    """Cut an extension off: the line is the same address. Everything after the number proper has to be one."""
    start = len(text)
    for mark in (";", ",", "x", "X", "e", "E", "#"):
        at = text.find(mark)
        start = min(start, at) if at >= 0 else start
    number = text[:start].rstrip()
    if number.endswith((*"0123456789)",)) and _EXTENSION.fullmatch(text[start:].replace(" ", "")):
        return number
    return text


def _checked_slash(text: str) -> str:
    """Let a slash stand between area and line only: 030/123456-7 is a number, 030 123456/7 may be two."""
    area, slash, line = text.partition("/")
    if slash and (_digits(area) > _AREA_DIGITS_MAX or _digits(line) < _LINE_DIGITS_MIN or "/" in line):
        raise AddressError(Fault.NOT_AN_ADDRESS)
    return text


def _is_vanity(text: str, region: str) -> bool:
    # Only under calling code 1: where lengths vary, a word after a number would pass for digits of it.
    return (
        (text.startswith("+1") or (not text.startswith("+") and is_nanp_region(region)))
        and _LETTERED.fullmatch(text) is not None
        and sum(map(str.isalpha, text)) >= _LETTERS_MIN
        and _digits(_LETTERS_ON.sub("", text)) <= _DIGITS_BEFORE_LETTERS_MAX
    )


def _digits(text: str) -> int:
    return sum(map(str.isdigit, text))


def _parsed(text: str, region: str) -> int:
    digits = sum(map(str.isalnum, text))
    if "+" not in text:
        _check_national(text, digits, region)
    if digits > _PARSED_DIGITS_MAX:
        raise AddressError(Fault.NOT_A_POSSIBLE_NUMBER)
    try:
        number = phonenumbers.parse(text, region if known_region(region) else None)
    except phonenumbers.NumberParseException:
        raise AddressError(Fault.NOT_A_POSSIBLE_NUMBER) from None
    if "+" not in text and digits <= _SHORT_DIGITS_MAX and _is_short(number, text, region):
        raise AddressError(Fault.SHORT_NUMBER)
    return _judged(e164(number))


def _check_national(text: str, digits: int, region: str) -> None:
    if digits < _SHORT_DIGITS_MIN:
        raise AddressError(Fault.NOT_A_POSSIBLE_NUMBER)
    if not known_region(region):
        raise AddressError(Fault.SHORT_NUMBER if digits <= _SHORT_DIGITS_MAX else Fault.REGION_MISSING)
    # Without its calling code, the old form of a Mexican mobile may as well be a number of calling code 1.
    if region == _MEXICO and digits == NANP_DIGITS and text.lstrip("(").startswith(str(NANP)):
        raise AddressError(Fault.NOT_A_POSSIBLE_NUMBER)


def _is_short(number: phonenumbers.PhoneNumber, text: str, region: str) -> bool:
    """Tell whether so few digits are a short code, and not one of the region's few numbers of that length."""
    return phonenumbers.is_emergency_number(text, region) or not phonenumbers.is_valid_number(number)


def _judged(phone: int) -> int:
    if phone_fault(phone) == Fault.NONE:
        return phone
    current = int(current_forms(np.array([phone], np.uint64))[0])
    if phone_fault(current) != Fault.NONE:
        raise AddressError(Fault.NOT_A_POSSIBLE_NUMBER)
    return current
