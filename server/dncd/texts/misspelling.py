"""Misspelled keywords: letters held too long, digits for letters, and the many ways to write "unsubscribe"."""

from itertools import groupby
from typing import Final

UNSUBSCRIBE: Final = "unsubscribe"
# Beyond this many edits another word may be meant.
EDITS_MAX: Final = 3
_DIGITS_FOR_LETTERS: Final = str.maketrans("013457", "oieast")
_LENGTHS: Final = range(len(UNSUBSCRIBE) - EDITS_MAX, len(UNSUBSCRIBE) + EDITS_MAX + 1)


def squeeze(word: str) -> str:
    """Return a word with every run of one letter cut to one: "stooop" is `stop`."""
    return "".join(letter for letter, _ in groupby(word))


def undisguise(word: str) -> str:
    """Return a word with digits read as the letters they stand for: "5t0p" is `stop`."""
    return word.translate(_DIGITS_FOR_LETTERS)


def is_misspelled_unsubscribe(word: str) -> bool:
    """Say whether a word is "unsubscribe" but for at most three letters. "subscribe" is the opposite, and is not."""
    return len(word) in _LENGTHS and word.startswith("u") and _edits(word, UNSUBSCRIBE) <= EDITS_MAX


def _edits(word: str, other: str) -> int:
    """Return the Levenshtein distance; both words are short, so the cost is bounded."""
    row = list(range(len(other) + 1))
    for index, letter in enumerate(word, start=1):
        row = _next_row(row, letter, other, index)
    return row[-1]


def _next_row(row: list[int], letter: str, other: str, index: int) -> list[int]:
    fresh = [index]
    for column, facing in enumerate(other):
        fresh.append(min(row[column] + (letter != facing), row[column + 1] + 1, fresh[-1] + 1))
    return fresh
