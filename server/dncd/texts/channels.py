"""Channels: which ways of reaching a person the words of a refusal name."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dncd.nouns import Channel
from dncd.texts.folding import CLAUSE_END
from dncd.texts.phrases import Phrases

EVERY_CHANNEL: Final = frozenset(Channel)


@dataclass(frozen=True, slots=True)
class Naming:
    """Channels, and the words and phrases that name them."""

    channels: frozenset[Channel]
    words: frozenset[str]
    phrases: Phrases | None

    def is_in(self, words: frozenset[str], clauses: str) -> bool:
        """Tell whether a folded text, given as words and as clauses, names them."""
        if not self.words.isdisjoint(words):
            return True
        return self.phrases is not None and self.phrases.find(clauses) is not None


def named_channels(namings: Sequence[Naming], clauses: str) -> frozenset[Channel]:
    """Return the channels that a folded text names, of any of the namings; empty where it names none."""
    words = frozenset(word for word in clauses.split() if word != CLAUSE_END)
    return frozenset().union(*(naming.channels for naming in namings if naming.is_in(words, clauses)))
