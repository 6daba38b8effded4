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
# Letters that look like Latin ones, Cyrillic and Greek, then small capitals: a word in disguise reads as it looks.
_LOOKALIKES: Final = str.maketrans("авеіјкмнорсѕтухοαερτυιν", "abeijkmhopcstyxoaeptuiv") | str.maketrans(
    "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnopqrstuvwyz"
)
# White letters on black circles and squares, and those of flags: they have no decomposition.
_BLOCK_LETTERS: Final = tuple(range(first, first + 26) for first in (0x1F150, 0x1F170, 0x1F1E6))
# Anything else that unfolds to letters may stand beside a word as a sign does: "™", "🇺🇸", "ª". So may a Chinese one.
_PLAIN_CATEGORIES: Final = frozenset({"Lu", "Ll", "Lt", "Nd"})
_INFORMATION_SIGN: Final = "\u2139"
_SIGN: Final = "•"
_KEYCAPS: Final = "(?:[0-9]\ufe0f?\u20e3){1,9}"
# One that stands apart is a number, as any digit is: "STOP 1️⃣" may name a form.
_GLUED_KEYCAPS: Final = re.compile(rf"(?<=[^\W\d_]){_KEYCAPS}|{_KEYCAPS}(?=[^\W\d_])")
# Nothing is seen of them, though they are marks, symbols or controls: joiners, variation selectors, a blank of Braille.
_UNSEEN: Final = frozenset("\0\u034f\u2800\u180b\u180c\u180d") | frozenset(map(chr, range(0xFE00, 0xFE10)))


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


class _Parting(dict[int, str]):
    """A table for `str.translate` that puts a sign for each character that may be one though it unfolds to letters."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        self[code] = read = _SIGN if _is_sign(character) else character
        return read


def readings(text: str) -> tuple[str, ...]:
    """Return a text as it is and, where that may be another one, with its symbols parted from its words.

    "🅂🅃🄾🄿" and "ST🅾P" are written in symbols, "END™" and "END🇺🇸" have one beside the word: nothing tells which is which.
    """
    if text.isascii():
        return (text,)
    parted = _GLUED_KEYCAPS.sub(_SIGN, text).translate(_Parting())
    return (text, parted) if parted != text and any(map(str.isalnum, parted)) else (text,)


def is_letter_or_unseen(character: str) -> bool:
    """Tell whether a character is a letter, however written, or nothing that is seen; a mark on a letter is seen."""
    if character.isspace() or character in _UNSEEN or character in _INVISIBLE:
        return True
    return unicodedata.category(character) == "Cf" or _fold_character(character).isalpha()


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


def _is_sign(character: str) -> bool:
    if character != _INFORMATION_SIGN and unicodedata.category(character) in _PLAIN_CATEGORIES:
        return False
    return any(letter.isalnum() and not letter.isdigit() for letter in _fold_character(character))


def _kept(character: str) -> str:
    if character in _APOSTROPHES or character in _INVISIBLE:
        return ""
    if (digit := unicodedata.digit(character, None)) is not None:
        return str(digit)
    category = unicodedata.category(character)
    # A number without digits, such as a ten in a circle, is a sign.
    return character if character == "-" or category[0] == "L" or category == "Nl" else _parting(character, category)


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
