"""Sets of prefixes, asked in columns: what a registry speaks about, and what an account may rely on."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import phonenumbers

from dncd.storage.contract import Mask, Phones

_DIGITS_MAX: Final = 15
_HEAD_DIGITS: Final = 4
# With so few numbers, text beats numpy's cost per call.
_FEW_ROWS: Final = 8
_POWERS: Final = 10 ** np.arange(0, 20, dtype=np.uint64)


class PrefixSet:
    """A set of prefixes of E.164 digits, such as 1 or 1415; no prefix of it begins with another."""

    def __init__(self, prefixes: Iterable[str]) -> None:
        """Build a set; prefixes are digits, with or without their plus sign."""
        kept: list[str] = []
        for prefix in sorted({prefix.lstrip("+") for prefix in prefixes}):
            # In this order whatever begins with a prefix comes right behind it.
            if not kept or not prefix.startswith(kept[-1]):
                kept.append(prefix)
        self.prefixes: tuple[str, ...] = tuple(kept)
        self._short = all(len(prefix) <= _HEAD_DIGITS for prefix in self.prefixes)
        self._bounds = np.array([bound for prefix in self.prefixes for bound in _range(prefix)], dtype=np.uint64)
        self._lengths = np.array([*map(len, self.prefixes), 0], dtype=np.intp)
        self._heads = self._head_table()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PrefixSet) and self.prefixes == other.prefixes

    def __hash__(self) -> int:
        return hash(self.prefixes)

    def __and__(self, other: "PrefixSet") -> "PrefixSet":
        """Return what both cover."""
        return PrefixSet([*self._within(other), *other._within(self)])

    def _within(self, other: "PrefixSet") -> Iterator[str]:
        """Yield the prefixes that the other set covers whole."""
        covering = frozenset(other.prefixes)
        for prefix in self.prefixes:
            if any(prefix[:length] in covering for length in range(1, len(prefix) + 1)):
                yield prefix

    def contains(self, phones: Phones) -> Mask:
        """Tell for each number whether a prefix of the set covers it; 0 is covered by none.

        Costs 2 ns a number where all have as many digits and prefixes have 4 or less, else about 50 ns.
        """
        if len(phones) <= _FEW_ROWS:
            return np.array([str(phone).startswith(self.prefixes) for phone in phones.tolist()], dtype=np.bool_)
        if not self.prefixes:
            return np.zeros(len(phones), dtype=np.bool_)
        least, most = int(phones.min()), int(phones.max())
        all_numbers = least > 0
        if not all_numbers:
            # Less one, unsigned, a 0 is the largest of all: so rows that are no numbers do not count for the least.
            least = int((phones - np.uint64(1)).min()) + 1
        digits = len(str(most))
        if self._short and digits > _HEAD_DIGITS and least >= 10 ** (digits - 1):
            width = 10 ** (digits - _HEAD_DIGITS)
            if all_numbers and self._heads[least // width : most // width + 1].all():
                return np.ones(len(phones), dtype=np.bool_)
            heads = phones // np.uint64(width)
            return self._heads.take(heads.view(np.int64))
        return self._contains_any(phones)

    def _contains_any(self, phones: Phones) -> Mask:
        """Compare numbers of any length as if each had 15 digits, where a prefix is a range.

        A number that is shorter than the prefix does not begin with it, whatever its digits would be with zeros behind.
        """
        digits = np.searchsorted(_POWERS, phones, side="right")
        aligned = phones * _POWERS[_DIGITS_MAX - np.minimum(digits, _DIGITS_MAX)]
        # Bounds come in pairs: an odd number of them at or below a number has the first of a pair as its last.
        below = np.searchsorted(self._bounds, aligned, side="right")
        mask: Mask = (below % 2 == 1) & (digits >= self._lengths[below // 2]) & (phones > 0)
        return mask

    def _head_table(self) -> Mask:
        """Tell for each head of four digits whether it begins with a prefix."""
        table = np.zeros(10**_HEAD_DIGITS, dtype=np.bool_)
        for prefix in self.prefixes:
            if len(prefix) <= _HEAD_DIGITS:
                width = 10 ** (_HEAD_DIGITS - len(prefix))
                table[int(prefix) * width : (int(prefix) + 1) * width] = True
        return table


def common_calling_code(scope: Iterable[str]) -> int:
    """Return the calling code that numbers without one belong to: the one that all prefixes begin with, else 0."""
    codes = {calling_code(prefix.lstrip("+")) for prefix in scope}
    return codes.pop() if len(codes) == 1 else 0


def calling_code(digits: str) -> int:
    """Return the calling code that E.164 digits begin with; 0 for none."""
    heads = (int(digits[:length]) for length in range(1, 4))
    return next((head for head in heads if head in phonenumbers.COUNTRY_CODE_TO_REGION_CODE), 0)


def _range(prefix: str) -> tuple[int, int]:
    width = 10 ** (_DIGITS_MAX - len(prefix))
    return int(prefix) * width, (int(prefix) + 1) * width
