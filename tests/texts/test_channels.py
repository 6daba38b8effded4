"""What a refusal names beyond the channel it came on."""

import pytest

from dncd.nouns import Channel, MessageClass
from dncd.texts import Classifier

TEXTS = frozenset({Channel.SMS, Channel.WHATSAPP})
EVERY = frozenset(Channel)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("stop calling", {Channel.VOICE}),
        ("don't call me", {Channel.VOICE}),
        ("Quit phoning me!", {Channel.VOICE}),
        ("no me llamen más", {Channel.VOICE}),
        ("arrêtez de m'appeler", {Channel.VOICE}),
        ("nicht mehr anrufen", {Channel.VOICE}),
        ("não me ligue mais", {Channel.VOICE}),
        ("stop texting me", TEXTS),
        ("stop texting and calling me", TEXTS | {Channel.VOICE}),
        ("no more calls or emails", {Channel.VOICE, Channel.EMAIL}),
        ("do not contact me", EVERY),
        ("put me on your do not call list", EVERY),
        ("leave me alone", EVERY),
        ("remove me", EVERY),
        ("remove me from everything", EVERY),
        ("stop everything", EVERY),
        ("lose my number", EVERY),
        ("I withdraw my consent", EVERY),
        ("wrong number", EVERY),
    ],
)
def test_refusal_names_channels(classifier: Classifier, text: str, named: set[Channel]) -> None:
    found = classifier.classify(text)

    assert found.message_class in {MessageClass.OPT_OUT, MessageClass.REVIEW}
    assert found.channels == named


@pytest.mark.parametrize(
    "text", ["STOP", "s.t.o.p", "STOPALL", "stop all", "REVOKE", "END", "$top", "Stop. Thank you", "unsubscribe me"]
)
def test_keyword_is_about_its_own_channel(classifier: Classifier, text: str) -> None:
    found = classifier.classify(text)

    assert found.message_class is MessageClass.OPT_OUT
    assert found.channels == frozenset()


@pytest.mark.parametrize("text", ["yes", "help", "call me back tomorrow", "thanks for the message", ""])
def test_what_refuses_nothing_names_nothing(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).channels == frozenset()


def test_refusal_too_long_to_be_read_names_every_channel(classifier: Classifier) -> None:
    found = classifier.classify("stop texting me. " + "What a lovely day it is. " * 80)

    assert found.message_class is MessageClass.OPT_OUT
    assert found.channels == EVERY
