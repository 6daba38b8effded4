"""Phrases written without blanks."""

import pytest

from dncd.nouns import Channel, MessageClass
from dncd.texts import Classifier
from dncd.texts.joined import JOINED_AMONG_WORDS, JOINED_CHARS, Joined


@pytest.mark.parametrize(
    "text",
    [
        *(
            "donotcontactme",
            "donotcallme",
            "DoNotTextMe",
            "dontcallme",
            "losemynumber",
            "deletemynumber",
            "takemeoffyourlist",
        ),
        *("iwantout", "dontwriteme", "Please donotcallme", "l o s e  m y  n u m b e r", "#removemefromyourlist"),
        *("nomellamen", "nemecontactezplus", "nãomeenviemensagens", "keineSMSmehr", "bittelöschen"),
    ],
)
def test_refusal_without_blanks_waits_for_a_person(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.REVIEW


@pytest.mark.parametrize(
    "text",
    [
        *("thankyou", "goodmorning", "noproblem", "callmelater", "seeyoutomorrow", "textmewhenyoucan", "Donnerstag"),
        *("Congratulations", "Montenegro", "Outstanding", "Informationen", "Menomonee", "hahahahaha", "contactless"),
    ],
)
def test_other_long_word_is_nothing(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.NONE


def test_refusal_without_blanks_names_its_channels(classifier: Classifier) -> None:
    assert Channel.VOICE in classifier.classify("dontcallme").channels
    assert classifier.classify("keineSMSmehr").channels == {Channel.SMS, Channel.WHATSAPP}


def test_word_is_taken_apart_into_the_fewest_known_words() -> None:
    joined = Joined({"do", "not", "donot", "con", "tact", "contact", "me", "m", "e"})

    assert joined.apart(["donotcontactme"]) == ["donot", "contact", "me"]


@pytest.mark.parametrize("words", [["donotcontactmes"], ["contact"], ["me"] * JOINED_AMONG_WORDS + ["donotcontactme"]])
def test_what_is_not_made_of_known_words_stays_whole(words: list[str]) -> None:
    joined = Joined({"do", "not", "contact", "me"})

    assert joined.apart(words) is None


def test_word_of_any_length_is_taken_apart_or_left() -> None:
    joined = Joined({"me"})

    assert joined.apart(["me" * (JOINED_CHARS.stop // 2 - 1)]) is not None
    assert joined.apart(["me" * JOINED_CHARS.stop]) is None
