"""Classification of an inbound text: exact keywords first, then conservative free text.

The order of the rules is the order of their safety. A missed opt-out is the worst answer, so a stop-word that nothing
explains is REVIEW, never NONE. A wrong opt-in is a wrong ALLOW, so only a whole message can be one, by exact keyword.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from dncd.limits import CLASSIFIED_CHARS_MAX
from dncd.nouns import Channel, MessageClass
from dncd.texts.channels import EVERY_CHANNEL, named_channels
from dncd.texts.doubts import Doubts
from dncd.texts.folding import CLAUSE_END, Folded, fold, is_letter_or_unseen, readings
from dncd.texts.joined import Joined
from dncd.texts.misspelling import (
    disguised,
    disguised_message,
    is_misspelled_unsubscribe,
    is_stretched,
    once,
    squeeze,
    undisguise,
    unstretched,
    without_digits,
)
from dncd.texts.vocabulary import Keyword, Vocabulary, load_vocabulary

# Of two readings the graver one holds.
_GRAVITY: Final = (
    MessageClass.NONE,
    MessageClass.HELP,
    MessageClass.OPT_IN,
    MessageClass.REVIEW,
    MessageClass.OPT_OUT,
)
# A phrase that the limit cuts in two is still seen whole.
OVERLAP_CHARS: Final = 200
# No keyword has more words: "opt outttt".
KEYWORD_WORDS_MAX: Final = 2
# No keyword in disguise is longer, however it is spaced out.
DISGUISED_CHARS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class Classified:
    """The class of a message, and the keyword or phrase that gave it; never the person's own words.

    Of an OPT_OUT and a REVIEW, `channels` are those that the words name, whatever channel they came on: "stop calling"
    names VOICE, "do not contact me" every one. A keyword names none: it is about its own. Other classes name none.
    An assent is an OPT_IN only as the answer to an opt-in request: YES may answer anything.
    """

    message_class: MessageClass
    matched: str
    assent: bool = False
    channels: frozenset[Channel] = frozenset()


class Classifier:
    """Classifies messages; immutable, so safe to share between threads."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._known = vocabulary
        # "opt out", "optout" and "opt-out" are one. Not so for opt-ins: "un stop" is French for "a stop".
        self._opt_outs = {
            text.replace(" ", ""): keyword
            for text, keyword in vocabulary.keywords.items()
            if keyword.message_class is MessageClass.OPT_OUT
        }
        self._doubts = Doubts(vocabulary.doubts)
        self._joined = Joined(vocabulary.joinable)
        self._stretched = {squeeze(text): keyword for text, keyword in self._opt_outs.items()}
        marks = sorted(vocabulary.opt_in_marks, key=len, reverse=True)
        self._opt_in_marks = re.compile("|".join(map(re.escape, marks)))

    def classify(self, text: str, own_codes: Collection[str] = ()) -> Classified:
        """Say what an inbound message means. Never raises; linear in the length of the text.

        `own_codes` are the account's own form codes: "STOP 12345" is about the form, not an opt-out. They only ever
        turn a REVIEW into NONE. The first 1,600 characters are read; a stop-word beyond them gives REVIEW.
        """
        found = [self._read(reading, own_codes) for reading in readings(text)]
        gravest = max(found, key=lambda one: _GRAVITY.index(one.message_class))
        if gravest.message_class is not MessageClass.OPT_IN or (len(found) == 1 and self._stands_alone(text)):
            return gravest
        # A wrong opt-in is a wrong ALLOW.
        return Classified(MessageClass.REVIEW, f"{gravest.matched} in doubt")

    def _read(self, text: str, own_codes: Collection[str]) -> Classified:
        whole = fold(text)
        if not whole.words:
            return self._wordless(text)
        return self._keyword(whole.words) or self._disguised(text) or self._free_text(text, whole, own_codes)

    def _stands_alone(self, text: str) -> bool:
        """Tell whether nothing is beside the letters of a keyword but what is known to change nothing."""
        return all(map(is_letter_or_unseen, self._opt_in_marks.sub(" ", text)))

    def _wordless(self, text: str) -> Classified:
        if any(sign in text for sign in self._known.words.signs):
            return Classified(MessageClass.REVIEW, "a sign without a word")
        return Classified(MessageClass.NONE, "no words")

    def _keyword(self, words: Sequence[str]) -> Classified | None:
        joined = "".join(words)
        keyword = self._known.keywords.get(" ".join(words)) or self._opt_outs.get(joined)
        if keyword is None and len(words) <= KEYWORD_WORDS_MAX and is_stretched(joined):
            keyword = self._stretched.get(squeeze(joined))
        if keyword is None:
            return None
        return Classified(keyword.message_class, f"keyword {keyword.label}", keyword.assent)

    def _disguised(self, text: str) -> Classified | None:
        """Return the keyword that the whole message is, with signs or digits for letters: "S T 0 P"."""
        word = disguised_message(text) if len(text) <= DISGUISED_CHARS_MAX else None
        keyword = self._opt_outs.get(word) if word is not None else None
        if keyword is None or not keyword.strong:
            return None
        return Classified(keyword.message_class, f"keyword {keyword.label} in disguise")

    def _free_text(self, text: str, whole: Folded, own_codes: Collection[str]) -> Classified:
        found = self._said(text, whole) if len(text) <= CLASSIFIED_CHARS_MAX else self._said_at_length(text)
        if found is None:
            return Classified(MessageClass.NONE, "no stop-word")
        if found.message_class is MessageClass.REVIEW and self._is_own_code(whole.words, own_codes):
            return Classified(MessageClass.NONE, "a form code of the account")
        # Of a text too long to be read, what the rest names is not known.
        named = EVERY_CHANNEL if len(text) > CLASSIFIED_CHARS_MAX else self._named(whole)
        return replace(found, channels=named)

    def _named(self, whole: Folded) -> frozenset[Channel]:
        clauses = self._respelled(whole.clauses)
        apart = self._joined.apart([word for word in clauses.split() if word != CLAUSE_END]) or ()
        return named_channels(self._known.namings, f"{clauses}{' '.join(apart)} ")

    def _said_at_length(self, text: str) -> Classified | None:
        head, seam, beyond = _cut(text)
        if found := self._said(head, fold(head)):
            return found
        words = dict.fromkeys(fold(beyond).words)
        if self._said(seam, fold(seam)) or self._stop_word(dict.fromkeys(map(self._spelled, words))):
            return Classified(MessageClass.REVIEW, f"a stop-word beyond the first {CLASSIFIED_CHARS_MAX:,} characters")
        return None

    def _said(self, text: str, head: Folded) -> Classified | None:
        clauses = self._respelled(head.clauses)
        if keyword := self._courteous([word for word in clauses.split() if word != CLAUSE_END]):
            return Classified(MessageClass.OPT_OUT, f"keyword {keyword.label} with courtesies")
        masked = self._known.harmless.mask(clauses)
        if phrase := self._known.opt_out.find(masked):
            return self._weighed(phrase, masked)
        # What only a harmless phrase hides may be both: "we get off at the bus stop texting me".
        if phrase := self._known.opt_out.find(clauses) or self._reviewed(masked):
            return Classified(MessageClass.REVIEW, f"phrase '{phrase}'")
        if label := self._stop_word(masked.split()):
            return Classified(MessageClass.REVIEW, f"word {label} in a longer text")
        if label := self._stop_word(map(self._spelled, disguised(text))):
            return Classified(MessageClass.REVIEW, f"word {label} in disguise")
        doubt = self._doubts.find(text, masked) or self._reworded(masked)
        return None if doubt is None else Classified(MessageClass.REVIEW, doubt)

    def _reworded(self, masked: str) -> str | None:
        """Say what a text says without the digits at its words, or with blanks put in: "opt out1", "donotcallme"."""
        words = masked.split()
        apart = self._joined.apart([word for word in words if word != CLAUSE_END])
        undigited = [self._undigited(word) for word in words]
        found = (self._blocking(read) for read in (undigited, apart) if read and read != words)
        return next((f"phrase '{phrase}' in words written oddly" for phrase in found if phrase), None)

    def _blocking(self, words: Sequence[str]) -> str | None:
        masked = self._known.harmless.mask(f" {CLAUSE_END} {' '.join(words)} {CLAUSE_END} ")
        return self._known.opt_out.find(masked) or self._known.review.find(masked)

    def _undigited(self, word: str) -> str:
        return next((bare for bare in without_digits(word)[1:] if bare in self._known.joinable), word)

    def _reviewed(self, masked: str) -> str | None:
        return self._known.review.find(masked) or self._known.review.find(self._doubts.bare(masked))

    def _weighed(self, phrase: str, masked: str) -> Classified:
        if hedge := self._known.hedge.find(masked):
            return Classified(MessageClass.REVIEW, f"phrase '{phrase}' with '{hedge}'")
        return Classified(MessageClass.OPT_OUT, f"phrase '{phrase}'")

    def _courteous(self, words: Sequence[str]) -> Keyword | None:
        """Return the strong keyword, if the message is that and courtesies only, however often it is repeated."""
        plain = [word for word in words if word not in self._known.words.courtesies]
        if len(set(plain)) != 1:
            return None
        keyword = self._opt_outs.get(plain[0])
        return keyword if keyword is not None and keyword.strong else None

    def _is_own_code(self, words: Sequence[str], own_codes: Collection[str]) -> bool:
        plain = [word for word in words if word not in self._known.words.courtesies]
        if len(plain) < 2 or plain[0] not in self._opt_outs:
            return False
        return "".join(plain[1:]) in {"".join(fold(code).words) for code in own_codes}

    def _stop_word(self, words: Iterable[str]) -> str | None:
        return next((label for word in words if word != CLAUSE_END and (label := self._stop_label(word))), None)

    def _stop_label(self, word: str) -> str | None:
        """Return how an answer names a stop-word, or None for any other word."""
        known = self._known.words
        for bare in without_digits(word):
            keyword = self._opt_outs.get(bare) or self._stretched.get(squeeze(bare)) or self._opt_outs.get(once(bare))
            if keyword is not None:
                return keyword.label
            if bare in known.doubtful or undisguise(bare) in self._opt_outs:
                return "like a stop-word"
        if word in known.harmless or any(fragment in word for fragment in known.harmless_fragments):
            return None
        return next((f"with {stem.upper()} in it" for stem in known.stems if stem in word), None)

    def _spelled(self, word: str) -> str:
        if is_misspelled_unsubscribe(word):
            return "unsubscribe"
        held_down = (read for read in unstretched(word) if read in self._known.joinable)
        return self._known.words.spelling.get(word) or next(held_down, word)

    def _respelled(self, clauses: str) -> str:
        words = clauses.split()
        # Each different word once: to compare one with "unsubscribe" costs as much as a hundred look-ups.
        spelled = {word: self._spelled(word) for word in dict.fromkeys(words)}
        return f" {' '.join([spelled[word] for word in words])} "


def load_classifier() -> Classifier:
    """Build a classifier from the package's own keywords and phrases; costs a tenth of a second, so keep it."""
    return Classifier(load_vocabulary())


def _cut(text: str) -> tuple[str, str, str]:
    """Return the head of a long text, cut between words where it has any, what stands about the cut, and beyond it."""
    blank = text.rfind(" ", OVERLAP_CHARS, CLASSIFIED_CHARS_MAX)
    at = blank if blank > 0 else CLASSIFIED_CHARS_MAX
    return text[:at], text[at - OVERLAP_CHARS : at + OVERLAP_CHARS], text[at - OVERLAP_CHARS :]
