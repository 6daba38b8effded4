"""Folding: how a text is written is taken away, what it says is kept."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby
from typing import Final

# Where a clause ends, as a word of its own.
CLAUSE_END: Final = ","
# Three letters or more, one by one, with or without marks between them. Each place is tried once: linear.
_SPELLED_OUT: Final = re.compile(rf"(?<= )[^\W\d_](?:(?: {CLAUSE_END})? [^\W\d_](?= )){{2,}}")
_APOSTROPHES: Final = frozenset("'’‘‛ʼʹ′`´＇")
_SPACES: Final = frozenset("/_&+=~|\\*#")
_WHITE: Final = frozenset("\t\n\r\v\f")
# Letters by category, but nothing is seen of them.
_INVISIBLE: Final = frozenset("\u115f\u1160\u3164\uffa0")
# Cyrillic and Greek letters that look like Latin ones: a word in disguise reads as what it looks like.
_LOOKALIKES: Final = str.maketrans("авеіјкмнорсѕтухοαερτυιν", "abeijkmhopcstyxoaeptuiv")
# White letters on black circles and squares, and those of flags: they have no decomposition.
_BLOCK_LETTERS: Final = tuple(range(first, first + 26) for first in (0x1F150, 0x1F170, 0x1F1E6))


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded text: its words, and the same in one string with clause ends, for the patterns."""

    words: tuple[str, ...]
    clauses: str


class _Folding(dict[int, str]):
    """A table for `str.translate` that works out each different character once.

    One character at a time, since normalizing a whole text sorts its combining marks in quadratic time.
    """

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold_character(chr(code))
        return folded


def fold(text: str) -> Folded:
    """Fold a text; linear in its length.

    Case, accents, width and invisible characters vanish. Apostrophes join ("don't" is `dont`), hyphens part words,
    other punctuation and symbols end a clause. Letters spelled out one by one become a word: "S.T.O.P." is `stop`.
    """
    plain = text.translate(_Folding())
    marked = plain.replace(" -", f" {CLAUSE_END} ").replace("- ", f" {CLAUSE_END} ").replace("-", " ")
    clauses = _SPELLED_OUT.sub(_joined, _tidy(marked))
    return Folded(tuple(word for word in clauses.split() if word != CLAUSE_END), clauses)


def fold_word(text: str) -> str:
    """Fold a word or phrase of the tables to words parted by single spaces."""
    return " ".join(fold(text).words)


def _fold_character(character: str) -> str:
    if character in _APOSTROPHES:
        return ""
    for letters in _BLOCK_LETTERS:
        if ord(character) in letters:
            return chr(ord("a") + letters.index(ord(character)))
    lowered = unicodedata.normalize("NFKD", character).casefold()
    return "".join(map(_kept, unicodedata.normalize("NFKD", lowered))).translate(_LOOKALIKES)


def _kept(character: str) -> str:
    if character in _APOSTROPHES or character in _INVISIBLE:
        return ""
    if character == "-" or unicodedata.category(character)[0] in "LN":
        return character
    return _parting(character, unicodedata.category(character))


def _parting(character: str, category: str) -> str:
    if character in _WHITE:
        return f" {CLAUSE_END} " if character == "\n" else " "
    # Marks, and what is not to be seen: format characters, controls, lone surrogates.
    if category[0] == "M" or category in {"Cf", "Cc", "Cs"}:
        return ""
    if category[0] == "Z" or character in _SPACES:
        return " "
    return "-" if character in "‐‑" else f" {CLAUSE_END} "


def _tidy(marked: str) -> str:
    """Part all words by one blank, with one clause end before, between and after the clauses."""
    parts = (" ".join(run) for end, run in groupby(marked.split(), key=CLAUSE_END.__eq__) if not end)
    return f" {CLAUSE_END} " + "".join(f"{part} {CLAUSE_END} " for part in parts)


def _joined(letters: re.Match[str]) -> str:
    """Return letters as one word, and a "stop" among them as a word of its own: "I s t o p"."""
    word = letters[0].replace(" ", "").replace(CLAUSE_END, "")
    return " ".join(word.replace("stop", " stop ").split())
