"""Words grown together: a phrase written without blanks, "donotcallme", read as the words it is made of."""

from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Final

# A shorter word is one word, and a longer one is no phrase.
JOINED_CHARS: Final = range(8, 61)
# Among more words than these a long one is a name or a word that the tables do not know.
JOINED_AMONG_WORDS: Final = 5


class Joined:
    """Takes words apart into known ones; immutable."""

    def __init__(self, known: Collection[str]) -> None:
        # Of single letters anything can be made.
        self._known = frozenset(word for word in known if len(word) > 1 or word == "i")
        self._longest = max(map(len, self._known), default=0)

    def apart(self, words: Sequence[str]) -> list[str] | None:
        """Return the words with those that are several taken apart, or None if there is none or the words are many."""
        if len(words) > JOINED_AMONG_WORDS:
            return None
        parts = [part for word in words for part in self._parts(word)]
        return parts if len(parts) > len(words) else None

    def _parts(self, word: str) -> list[str]:
        """Return the fewest known words that a word is made of, or the word itself; bounded by the length of one."""
        if len(word) not in JOINED_CHARS or word in self._known:
            return [word]
        ways: list[tuple[int, ...] | None] = [(0,)]
        for end in range(1, len(word) + 1):
            ways.append(self._shortest(word, end, ways))
        best = ways[-1]
        return [word] if best is None else [word[start:end] for start, end in pairwise(best)]

    def _shortest(self, word: str, end: int, ways: Sequence[tuple[int, ...] | None]) -> tuple[int, ...] | None:
        """Return the ends of the fewest known words up to a place, where each place before it has its own."""
        starts = range(max(end - self._longest, 0), end)
        found: Iterable[tuple[int, ...]] = (
            (*way, end) for start in starts if (way := ways[start]) is not None and word[start:end] in self._known
        )
        return min(found, key=len, default=None)
