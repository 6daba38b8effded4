"""What the patterns of libphonenumber can begin with, and how much they can match.

The patterns of its metadata are a small language: digits, `\\d`, sets, groups, alternatives, `?`, `{m}`, `{m,n}`, `$`.
Anything else raises ValueError, so that a future pattern is never misread.
"""

import re
from typing import Final

_DIGITS: Final = "0123456789"
_TOKEN: Final = re.compile(r"\\d|\[[0-9-]+\]|\((?:\?:)?|[0-9)|$]")
_REPEAT: Final = re.compile(r"\?|\{(\d+)(?:,(\d+))?\}")
_RANGE: Final = re.compile(r"([0-9])(?:-([0-9]))?")
_NUMBER_DIGITS_MAX: Final = 20


def heads(pattern: str, width: int) -> set[str]:
    """Return the first `width` digits of everything the pattern can match.

    A head shorter than `width` is a whole match: anything may follow it.
    """
    return _Reader(pattern, width, one_digit_for_all=False).read()


def match_lengths(pattern: str) -> set[int]:
    """Return how many digits the pattern can match."""
    return set(map(len, _Reader(pattern, _NUMBER_DIGITS_MAX, one_digit_for_all=True).read()))


class _Reader:
    """Reads one pattern by recursive descent."""

    def __init__(self, pattern: str, width: int, *, one_digit_for_all: bool) -> None:
        self._pattern = pattern
        self._width = width
        self._one_digit_for_all = one_digit_for_all
        self._at = 0

    def read(self) -> set[str]:
        found = self._alternatives()
        if self._at != len(self._pattern):
            raise ValueError("the pattern closes a group that it does not open")
        return found

    def _alternatives(self) -> set[str]:
        found = self._sequence()
        while self._next_is("|"):
            self._at += 1
            found |= self._sequence()
        return found

    def _sequence(self) -> set[str]:
        found = {""}
        while self._at < len(self._pattern) and not self._next_is("|") and not self._next_is(")"):
            found = self._repeated(found, self._atom())
        return found

    def _next_is(self, char: str) -> bool:
        return self._pattern.startswith(char, self._at)

    def _atom(self) -> set[str]:
        token = _TOKEN.match(self._pattern, self._at)
        if token is None:
            raise ValueError(f"the pattern has an unknown sign at {self._at}")
        self._at = token.end()
        if token[0].startswith("("):
            return self._group()
        return {""} if token[0] == "$" else self._digits(token[0])

    def _group(self) -> set[str]:
        found = self._alternatives()
        if not self._next_is(")"):
            raise ValueError("the pattern opens a group that it does not close")
        self._at += 1
        return found

    def _digits(self, signs: str) -> set[str]:
        if self._one_digit_for_all:
            return {"0"}
        if signs == "\\d":
            return set(_DIGITS)
        ranges = _RANGE.findall(signs)
        return {digit for low, high in ranges for digit in _DIGITS[int(low) : int(high or low) + 1]}

    def _repeated(self, found: set[str], atom: set[str]) -> set[str]:
        repeat = _REPEAT.match(self._pattern, self._at)
        if repeat is None:
            return self._joined(found, atom)
        self._at = repeat.end()
        if repeat[0] == "?":
            return found | self._joined(found, atom)
        least, most = int(repeat[1]), int(repeat[2] or repeat[1])
        for _ in range(least):
            found = self._joined(found, atom)
        for _ in range(most - least):
            found = found | self._joined(found, atom)
        return found

    def _joined(self, left: set[str], right: set[str]) -> set[str]:
        whole = {head for head in left if len(head) >= self._width}
        return whole | {(head + tail)[: self._width] for head in left - whole for tail in right}
