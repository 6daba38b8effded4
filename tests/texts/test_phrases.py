"""The pattern language: what its signs mean, and that it cannot be slow."""

import re

import pytest

from dncd.texts.phrases import Phrases, UnknownSet, compile_phrases
from dncd.texts.vocabulary import Vocabulary, load_vocabulary

SETS = {"mine": ["me", "my number"]}


def _phrases(known: Vocabulary) -> list[Phrases]:
    named = [naming.phrases for naming in known.namings if naming.phrases is not None]
    return [known.harmless, known.opt_out, known.hedge, known.review, known.doubts.mild, known.doubts.phrases, *named]


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("stop now", " , stop now , ", True),
        ("stop now", " , stop , now , ", False),
        ("stop please? now", " , stop now , ", True),
        ("lose <mine>", " , lose my number , ", True),
        ("lose me|us", " , lose us , ", True),
        ("lose me|us", " , lose usual , ", False),
        ("take ... off", " , take one two three four off , ", True),
        ("take ... off", " , take one two three four five off , ", False),
        ("take ... off", " , take one , off , ", False),
        ("^ stop $", " , hello , stop , ", True),
        ("^ stop $", " , hello stop , ", False),
        ("cancel _ order", " , cancel my order , ", True),
        ("cancel #", " , cancel 3pm , ", True),
        ("cancel #", " , cancel it , ", False),
    ],
)
def test_sign_means_what_the_table_says(pattern: str, text: str, found: bool) -> None:
    assert (compile_phrases({"name": [pattern]}, SETS).find(text) == "name") is found


def test_pattern_with_an_unknown_set_is_refused() -> None:
    with pytest.raises(UnknownSet):
        compile_phrases({"name": ["lose <yours>"]}, SETS)


def test_no_pattern_repeats_without_bound() -> None:
    known = load_vocabulary()

    for phrases in _phrases(known):
        plain = re.sub(r"\\.|\[[^\]]*\]", "", phrases.expression.pattern)
        assert not re.search(r"[*+]|,\}", plain)


def test_no_phrase_matches_an_empty_text() -> None:
    known = load_vocabulary()

    for phrases in _phrases(known):
        assert phrases.find(" , , ") is None


def test_word_lists_of_the_doubts_hold_single_words() -> None:
    known = load_vocabulary().doubts

    for words in (known.plain, known.factual, known.refusing, known.contact, known.everyday, known.about, known.benign):
        # A word is compared with one folded word, so another would never be found.
        assert [word for word in words if len(word.split()) != 1] == []
