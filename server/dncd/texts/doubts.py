"""Doubts: what no phrase of an opt-out says, and what may be one all the same.

A doubt makes a message wait for a person; it never makes an OPT_OUT. So these rules ask for little: a negation beside a
word of contact, a short negation that names no everyday thing, a clause that forbids, a language that nobody has read.
"""

import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from dncd.texts.folding import CLAUSE_END
from dncd.texts.misspelling import is_stretched, squeeze, undisguise
from dncd.texts.phrases import Phrases

# How far a negation reaches, in words of its own clause.
NEAR_WORDS: Final = 8
# A message of more words, courtesies not counted, says what it is about.
SHORT_WORDS: Final = 5
# A message of fewer words may be a name or a place, and says nothing of its language.
LANGUAGE_WORDS_MIN: Final = 4
# A rule says what it found, or None: of the text as it came, and of its clauses without what explains itself.
_Rule = Callable[[str, Sequence[Sequence[str]]], str | None]


@dataclass(frozen=True, slots=True)
class Doubting:
    """The words and phrases of `doubts.toml`, folded."""

    plain: Collection[str]
    factual: Collection[str]
    refusing: Collection[str]
    forbidding: Collection[str]
    contact: Collection[str]
    everyday: Collection[str]
    read: Collection[str]
    assuring: Collection[str]
    foreign_letters: frozenset[str]
    courtesies: Collection[str]
    edges: Collection[str]
    signs: Collection[str]
    about: Collection[str]
    benign: Collection[str]
    questions: Collection[str]
    mild: Phrases
    phrases: Phrases


class Doubts:
    """Looks for doubts; immutable."""

    def __init__(self, known: Doubting) -> None:
        self._known = known
        self._polite = frozenset(known.courtesies) | frozenset(known.assuring)
        self._rules: tuple[_Rule, ...] = (
            self._sign,
            self._near_contact,
            self._forbids,
            self._short,
            self._ends_so,
            self._remarks,
        )

    def find(self, text: str, clauses: str) -> str | None:
        """Say what makes a text doubtful, or None; linear in its length. `clauses` are the text's, folded."""
        bare = self.bare(clauses)
        if phrase := self._known.phrases.find(clauses) or (bare != clauses and self._known.phrases.find(bare)):
            return f"phrase '{phrase}'"
        explained = [[_plain(word) for word in clause] for clause in _parted(self._known.mild.mask(clauses))]
        found = next((found for rule in self._rules if (found := rule(text, explained))), None)
        return found or self._unread(text, clauses)

    def bare(self, clauses: str) -> str:
        """Return folded clauses without greetings and thanks at their ends: "ok I am done thank you" is "i am done"."""
        kept = (" ".join(_without_edges(_without_thanked(clause), self._known.edges)) for clause in _parted(clauses))
        return f" {CLAUSE_END} " + "".join(f"{clause} {CLAUSE_END} " for clause in kept if clause)

    def _sign(self, text: str, _: Sequence[Sequence[str]]) -> str | None:
        return "a sign that refuses" if any(sign in text for sign in self._known.signs) else None

    def _near_contact(self, _: str, clauses: Sequence[Sequence[str]]) -> str | None:
        return "a negation near contact" if any(map(self._refuses_contact, clauses)) else None

    def _refuses_contact(self, clause: Sequence[str]) -> bool:
        negations = _places(clause, lambda word: word in self._known.plain or word in self._known.factual)
        contacts = _places(clause, lambda word: word in self._known.contact)
        return any(abs(at - other) <= NEAR_WORDS for at, other in _neighbours(negations, contacts))

    def _forbids(self, _: str, clauses: Sequence[Sequence[str]]) -> str | None:
        return "a clause that forbids" if any(map(self._is_forbidding, clauses)) else None

    def _is_forbidding(self, clause: Sequence[str]) -> bool:
        words = self._uncourteous(clause)
        starts = (" ".join(words[:count]) for count in (1, 2))
        return any(start in self._known.forbidding for start in starts) and not self._names_everyday(words)

    def _short(self, _: str, clauses: Sequence[Sequence[str]]) -> str | None:
        words = self._uncourteous([word for clause in clauses for word in clause])
        if len(words) > SHORT_WORDS or self._names_everyday(words):
            return None
        refuses = any(word in self._known.plain or word in self._known.refusing for word in words)
        return "a short negation" if refuses else None

    def _ends_so(self, _: str, clauses: Sequence[Sequence[str]]) -> str | None:
        words = self._uncourteous([word for clause in clauses for word in clause])
        return "a negation at the end" if words and words[-1] in self._known.plain else None

    def _remarks(self, text: str, clauses: Sequence[Sequence[str]]) -> str | None:
        words = [word for clause in clauses for word in clause]
        bare = _without_edges(words, self._known.courtesies)
        if "?" in text or not bare or bare[0] in self._known.questions or self._names_everyday(words):
            return None
        # "Thanks for the message" says something else than "this message, thanks".
        benign = any(word in self._known.benign for word in (words[0], *bare))
        remarks = any(word in self._known.about for word in bare)
        return "a remark about the messages" if remarks and not benign else None

    def _unread(self, text: str, clauses: str) -> str | None:
        words = [word for word in clauses.split() if word != CLAUSE_END and word not in self._known.courtesies]
        if " ".join(words) in self._known.assuring:
            return None
        if self._is_in_another_script(text):
            return "a script that is not read"
        return "a language that is not read" if self._is_foreign(text, words) else None

    def _is_in_another_script(self, text: str) -> bool:
        """Tell whether, without courtesies, more than a third of the letters are not Latin."""
        tokens = () if text.isascii() else ("".join(filter(str.isalpha, token)) for token in text.split())
        letters = "".join(token for token in tokens if token.casefold() not in self._polite)
        return 3 * sum(map(_is_latin, letters)) < 2 * len(letters)

    def _is_foreign(self, text: str, words: Sequence[str]) -> bool:
        """Tell whether no word is a common one of a language that is read, in a text long or strange enough to tell."""
        if any(word in self._known.read or word[0].isdigit() for word in words):
            return False
        return len(words) >= LANGUAGE_WORDS_MIN or not self._known.foreign_letters.isdisjoint(text.casefold())

    def _uncourteous(self, words: Sequence[str]) -> list[str]:
        return [word for word in words if word in self._known.plain or word not in self._known.courtesies]

    def _names_everyday(self, words: Sequence[str]) -> bool:
        return any(word in self._known.everyday or _is_figure(word) for word in words)


def _places(clause: Sequence[str], holds: Callable[[str], bool]) -> list[int]:
    return [at for at, word in enumerate(clause) if holds(word)]


def _plain(word: str) -> str:
    """Return a word without letters held down and digits for letters: "nooo" and "n0" are `no`."""
    read = undisguise(word) if word[0].isalpha() else word
    return squeeze(read) if is_stretched(read) else read


def _is_figure(word: str) -> bool:
    """Tell a number, a time or a code from the digits that stand for words: "not 4 me", "no 2 u"."""
    return len(word) > 1 and word[0].isdigit()


def _parted(clauses: str) -> list[list[str]]:
    """Return the words of each clause that has any."""
    return [list(run) for end, run in groupby(clauses.split(), key=CLAUSE_END.__eq__) if not end]


def _without_thanked(clause: Sequence[str]) -> list[str]:
    """Return a clause without the "you" of "thank you": alone it is no courtesy."""
    return [word for before, word in zip(("", *clause), clause, strict=False) if (before, word) != ("thank", "you")]


def _without_edges(clause: Sequence[str], courtesies: Collection[str]) -> Sequence[str]:
    inner = [at for at, word in enumerate(clause) if word not in courtesies]
    return clause[inner[0] : inner[-1] + 1] if inner else ()


def _neighbours(places: Sequence[int], others: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield each place with those of the others that stand nearest before and after it; both are in order."""
    after = 0
    for place in places:
        while after < len(others) and others[after] < place:
            after += 1
        yield from ((place, other) for other in others[max(after - 1, 0) : after + 1])


def _is_latin(letter: str) -> bool:
    # Of "mathematical bold small a" and the like, what it stands for.
    return letter.isascii() or "LATIN" in unicodedata.name(unicodedata.normalize("NFKC", letter)[0], "")
