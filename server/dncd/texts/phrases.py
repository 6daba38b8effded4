"""Phrases: the small pattern language of `phrases.toml`, compiled so that matching is linear by construction.

A pattern becomes literals, alternatives and options of bounded length. No repetition without a bound is ever emitted,
so the work at each place of a text has a constant limit, whatever the text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from dncd.texts.folding import CLAUSE_END

WORD_CHARS_MAX: Final = 40
GAP_WORDS_MAX: Final = 4
_WORD: Final = rf"[^ {CLAUSE_END}]{{1,{WORD_CHARS_MAX}}}"
_FIXED: Final = {
    "_": f" {_WORD}",
    "#": rf" [0-9][^ {CLAUSE_END}]{{0,{WORD_CHARS_MAX}}}",
    "...": f"(?: {_WORD}){{0,{GAP_WORDS_MAX}}}",
    "^": f"(?<= {CLAUSE_END})",
    "$": f"(?= {CLAUSE_END})",
}

Sets = Mapping[str, Sequence[str]]


class UnknownSet(ValueError):
    """A pattern names a set that the table does not have."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """Named phrases, compiled into one expression; each group of it is one name."""

    names: tuple[str, ...]
    expression: re.Pattern[str]

    def find(self, clauses: str) -> str | None:
        """Return the name of the first phrase in a folded text, or None."""
        match = self.expression.search(clauses)
        return None if match is None else self._name(match)

    def mask(self, clauses: str) -> str:
        """Take every phrase out of a folded text; a clause end stands in its place."""
        return self.expression.sub(f" {CLAUSE_END}", clauses)

    def _name(self, match: re.Match[str]) -> str:
        assert match.lastindex is not None, "every alternative is a group"
        return self.names[match.lastindex - 1]


def compile_phrases(phrases: Mapping[str, Sequence[str]], sets: Sets) -> Phrases:
    """Compile phrases by name, in order of preference where two begin at one place."""
    groups = (f"({'|'.join(_pattern(pattern, sets) for pattern in patterns)})" for patterns in phrases.values())
    # Each match begins at the blank before a word and ends before the next one.
    return Phrases(tuple(phrases), re.compile(f"(?:{'|'.join(groups)})(?= )"))


def _pattern(pattern: str, sets: Sets) -> str:
    return "".join(_token(token, sets) for token in pattern.split())


def _token(token: str, sets: Sets) -> str:
    if token.endswith("?"):
        return f"(?:{_token(token[:-1], sets)})?"
    return _FIXED.get(token) or f" (?:{'|'.join(_alternatives(token, sets))})(?= )"


def _alternatives(token: str, sets: Sets) -> list[str]:
    """Return the longest first, so that "my number" is tried before "my"."""
    words = [word for part in token.split("|") for word in _members(part, sets)]
    return [re.escape(word) for word in sorted(set(words), key=lambda word: (-len(word), word))]


def _members(part: str, sets: Sets) -> Sequence[str]:
    if not part.startswith("<"):
        return [part]
    if (name := part.strip("<>")) not in sets:
        raise UnknownSet(f"no set is named {name}")
    return sets[name]
