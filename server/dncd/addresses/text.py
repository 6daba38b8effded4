"""What every kind of address shares: its faults, and the cleaning of written text."""

import re
import unicodedata
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dncd.limits import ADDRESS_CHARS_MAX


class Fault(IntEnum):
    """Why a text is not an address that can be contacted. The numbers are those of the contract's AddressFault."""

    NONE = 0
    EMPTY = 1
    TOO_LONG = 2
    NOT_AN_ADDRESS = 3
    REGION_MISSING = 4
    NOT_A_POSSIBLE_NUMBER = 5
    ROUNDED_BY_SPREADSHEET = 6
    SHORT_NUMBER = 7
    SEVERAL_ADDRESSES = 8
    EMAIL_SYNTAX = 9
    WRONG_CHANNEL = 10
    NOT_ONE_ADDRESS = 11
    TOO_MANY_SLOW_ROWS = 12


Faults = NDArray[np.uint8]


class AddressError(ValueError):
    """A text is not an address; `fault` says why. The message never holds the text."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.name)
        self.fault = fault


# Copied along from web pages and documents, seen by nobody: what Unicode calls Default_Ignorable_Code_Point, and the
# blank of Braille. The two joiners are not here, since they can belong to a domain's name.
_INVISIBLE: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u2800"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BETWEEN_ADDRESSES: Final = re.compile(r"[;,|/&\n\r\t]|\s(?:and|or)\s", re.IGNORECASE)
_PHONE_DIGITS_MIN: Final = 7
_JOINERS: Final = dict.fromkeys([0x200C, 0x200D])
_FULL_WIDTH: Final = range(0xFF01, 0xFF5F)
_TO_ASCII: Final = 0xFF01 - ord("!")


def plain(text: str) -> str:
    """Take off what nobody sees: white space around, zero-width and bidi marks, a spreadsheet's apostrophe.

    Raises AddressError: EMPTY, TOO_LONG, and for control characters within NOT_AN_ADDRESS or, where they stand between
    addresses, SEVERAL_ADDRESSES.
    """
    if len(text) > ADDRESS_CHARS_MAX:
        raise AddressError(Fault.TOO_LONG)
    if not text.isascii():
        text = _INVISIBLE.sub("", text)
    text = _without_apostrophe(text.strip())
    if not text:
        raise AddressError(Fault.EMPTY)
    if not text.isprintable() and any(unicodedata.category(char) == "Cc" for char in text):
        raise AddressError(Fault.SEVERAL_ADDRESSES if holds_several(text) else Fault.NOT_AN_ADDRESS)
    return text


def _without_apostrophe(text: str) -> str:
    if not text.startswith("'"):
        return text
    return text[1:].removesuffix("'").strip()


def holds_several(text: str) -> bool:
    """Tell whether separators divide the text into more than one part that could be an address."""
    return sum(map(_could_be_address, _BETWEEN_ADDRESSES.split(text))) > 1


def _could_be_address(part: str) -> bool:
    return "@" in part or sum(map(str.isdecimal, part)) >= _PHONE_DIGITS_MIN


def ascii_form(text: str) -> str:
    """Write digits of every script, full-width signs, dashes and spaces in ASCII."""
    return text if text.isascii() else "".join(map(_ascii_char, text.translate(_JOINERS)))


def _ascii_char(char: str) -> str:
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if ord(char) in _FULL_WIDTH:
        return chr(ord(char) - _TO_ASCII)
    category = unicodedata.category(char)
    if category == "Pd" or char == "\N{MINUS SIGN}":
        return "-"
    return " " if category == "Zs" else char
