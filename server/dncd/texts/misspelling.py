"""Misspelled keywords: letters held too long, digits for letters, and the many ways to write "unsubscribe"."""

import re
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby
from string import digits
from typing import Final

from dncd.texts.folding import fold

UNSUBSCRIBE: Final = "unsubscribe"
# Beyond this many edits another word may be meant.
EDITS_MAX: Final = 3
_DIGITS_FOR_LETTERS: Final = str.maketrans("013457", "oieast")
_SIGNS_FOR_LETTERS: Final = str.maketrans("$@€£", "sael")
# At the end of a word these are marks.
_MARK_FOR_A_LETTER: Final = re.compile(r"(?<=[^\W_])[!|](?=[^\W_])")
# Within a word nothing but an apostrophe, a hyphen and a full stop has a place: "st()p".
_MARK_WITHIN: Final = re.compile(r"(?<=[^\W_])[^\w\s'’.@$€£-]{1,3}(?=[^\W_])")
_MAY_HIDE: Final = re.compile(rf"[0-9$@€£]|{_MARK_FOR_A_LETTER.pattern}|{_MARK_WITHIN.pattern}")
# As many single characters in a row are a word spaced out.
_SPACED_CHARS_MIN: Final = 3
_HELD_DOWN: Final = re.compile(r"(.)\1{2,}")
_LENGTHS: Final = range(len(UNSUBSCRIBE) - EDITS_MAX, len(UNSUBSCRIBE) + EDITS_MAX + 1)


def squeeze(word: str) -> str:
    """Return a word with every run of one letter cut to one: "stooop" is `stop`."""
    return "".join(letter for letter, _ in groupby(word))


def is_stretched(word: str) -> bool:
    """Say whether a letter stands three times in a row, as no word is spelled: "STOOOP"."""
    return any(first == second == third for first, second, third in zip(word, word[1:], word[2:], strict=False))


def unstretched(word: str) -> tuple[str, ...]:
    """Return what a word with letters held down may be, of any other word nothing: "calllll" is `cal` or `call`."""
    if not _HELD_DOWN.search(word):
        return ()
    return _HELD_DOWN.sub(r"\1", word), _HELD_DOWN.sub(r"\1\1", word)


def once(word: str) -> str:
    """Return what is repeated to make a word, or the word itself: "quitquit" is `quit`."""
    return word[: (word + word).find(word, 1)]


def without_digits(word: str) -> tuple[str, ...]:
    """Return a word, and what is left of it without the digits at its ends: "cancel1", "1quit" and "3nd1"."""
    if not (word[0].isdigit() or word[-1].isdigit()):
        return (word,)
    ahead, behind = word.lstrip(digits), word.rstrip(digits)
    # Beside "3nd" stands "nd": a digit at an end may be a letter in disguise.
    return tuple(dict.fromkeys(bare for bare in (word, behind, ahead, ahead.rstrip(digits)) if bare))


def undisguise(word: str) -> str:
    """Return a word with digits read as the letters they stand for: "5t0p" is `stop`."""
    return word.translate(_DIGITS_FOR_LETTERS)


def disguised(text: str) -> list[str]:
    """Return the words of a text in which signs or digits stand for letters, read as those; linear in its length.

    Words of one character are joined: "S T 0 P" is `stop`. A word of which less than half are letters is a number.
    """
    if not _MAY_HIDE.search(text):
        return []
    plain = frozenset(fold(text).words)
    marked = " ".join(_MARK_WITHIN.sub("", token) for token in text.split() if _MARK_WITHIN.search(token))
    return [undisguise(word) for word in [*_unsigned(text), *fold(marked).words] if _is_disguised(word, plain)]


def disguised_message(text: str) -> str | None:
    """Return the one word that a whole message is in disguise, or None: "S T 0 P", "$ top"."""
    word = "".join(_unsigned(text)) if _MAY_HIDE.search(text) else ""
    return undisguise(word) if _is_disguised(word, ("".join(fold(text).words),)) else None


def _unsigned(text: str) -> list[str]:
    return list(_unspaced(fold(_MARK_FOR_A_LETTER.sub("i", text).translate(_SIGNS_FOR_LETTERS)).words))


def _is_disguised(word: str, plain: Collection[str]) -> bool:
    letters = sum(map(str.isalpha, word))
    return len(word) <= 2 * letters and (letters < len(word) or word not in plain)


def _unspaced(words: Iterable[str]) -> Iterator[str]:
    for single, run in groupby(words, key=lambda word: len(word) == 1):
        together = list(run)
        yield from ["".join(together)] if single and len(together) >= _SPACED_CHARS_MIN else together


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
