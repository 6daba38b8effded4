"""Which file of a snapshot a number belongs to: one for each calling code and length of the national number.

Calling codes are those of ITU-T E.164: 1 and 7 alone, the two-digit ones below, and all others with three digits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from dncd.storage.contract import Mask, Phones

# A longer plan would be a file of mostly holes; a shorter one has no whole bytes.
_FLAT_DIGITS_MAX: Final = 10
_FLAT_DIGITS_MIN: Final = 4
_ONE_DIGIT: Final = frozenset("17")
_TWO_DIGITS: Final = frozenset(
    f"{first}{second}"
    for first, seconds in {"2": "07", "3": "0123469", "4": "013456789", "5": "12345678", "6": "0123456"}.items()
    for second in seconds
) | frozenset({"81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98"})


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """All numbers of a calling code that have so many national digits; spans never overlap."""

    calling_code: int
    national_digits: int

    @property
    def first(self) -> int:
        """Return the E.164 digits of national number 0."""
        return self.calling_code * self.numbers

    @property
    def numbers(self) -> int:
        """Return how many national numbers of the length there could be."""
        return int(10**self.national_digits)

    @property
    def is_flat(self) -> bool:
        """Tell whether a bit file holds these numbers; `first` and `numbers` are multiples of 8 then."""
        return _FLAT_DIGITS_MIN <= self.national_digits <= _FLAT_DIGITS_MAX


def span_of(phone: int) -> Span:
    """Return the span of a number."""
    digits = str(phone)
    code_digits = 1 if digits[0] in _ONE_DIGIT else 2 if digits[:2] in _TWO_DIGITS else 3
    return Span(int(digits[:code_digits]), max(len(digits) - code_digits, 0))


def split_by_span(phones: Phones) -> Iterator[tuple[Span, Phones]]:
    """Yield the numbers of each span, in their order; costs about a nanosecond for each number and span."""
    while len(phones):
        span = span_of(int(phones[0]))
        within = are_within(span, phones)
        if within.all():
            yield span, phones
            return
        yield span, phones[within]
        phones = phones[~within]


def are_within(span: Span, phones: Phones) -> Mask:
    """Tell for each number whether the span has it."""
    # Below the span the unsigned difference wraps to a very large number.
    return (phones - np.uint64(span.first)) < np.uint64(span.numbers)
