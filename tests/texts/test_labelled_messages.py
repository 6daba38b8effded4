"""The labelled set: what is promised of it, and that the reference says the figures that hold."""

from collections import Counter

import pytest

from dncd.nouns import MessageClass
from dncd.texts import Classifier
from documents import REPOSITORY
from texts.labelled import HALVES, OWN_CODES, STOPS, Figures, measure, read_messages

REFERENCE = REPOSITORY / "docs" / "reference" / "inbound-messages.md"


@pytest.fixture(scope="module")
def figures(classifier: Classifier) -> dict[str, Figures]:
    return {half: measure(classifier, half) for half in HALVES}


def test_half_of_the_set_is_held_out_and_half_is_not_an_opt_out() -> None:
    messages = read_messages()
    halves = Counter(message.half for message in messages)
    opt_outs = sum(message.expected is MessageClass.OPT_OUT for message in messages)

    assert len(messages) >= 320
    assert halves["held-out"] * 2 == len(messages)
    assert opt_outs * 2 <= len(messages)
    assert len({message.text for message in messages}) == len(messages)


def test_no_opt_out_of_the_set_is_missed(figures: dict[str, Figures]) -> None:
    assert figures["tuned"].caught == figures["tuned"].opt_outs
    assert figures["held-out"].caught >= 0.98 * figures["held-out"].opt_outs


def test_most_opt_outs_need_no_person(figures: dict[str, Figures]) -> None:
    assert figures["tuned"].plain >= 0.95 * figures["tuned"].opt_outs
    assert figures["held-out"].plain >= 0.90 * figures["held-out"].opt_outs


@pytest.mark.parametrize("half", HALVES)
def test_what_is_called_an_opt_out_is_one(figures: dict[str, Figures], half: str) -> None:
    assert figures[half].called_rightly >= 0.97 * figures[half].called_opt_out


@pytest.mark.parametrize("half", HALVES)
def test_few_harmless_messages_wait_for_a_person(figures: dict[str, Figures], half: str) -> None:
    assert figures[half].harmless_blocked <= 0.25 * figures[half].harmless


def test_nothing_but_an_exact_keyword_is_an_opt_in(classifier: Classifier) -> None:
    found = {
        message.text: message.expected
        for message in read_messages()
        if classifier.classify(message.text, OWN_CODES).message_class is MessageClass.OPT_IN
    }

    assert set(found.values()) == {MessageClass.OPT_IN}


def test_every_uncertain_message_of_the_tuned_half_is_blocked(classifier: Classifier) -> None:
    passed = [
        message.text
        for message in read_messages()
        if message.half == "tuned"
        and message.expected is MessageClass.REVIEW
        and classifier.classify(message.text, OWN_CODES).message_class not in STOPS
    ]

    assert passed == []


@pytest.mark.parametrize("half", HALVES)
def test_reference_says_the_figures_that_hold(figures: dict[str, Figures], half: str) -> None:
    assert figures[half].row() in REFERENCE.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("half", HALVES)
def test_no_harmless_message_is_called_an_opt_out(classifier: Classifier, half: str) -> None:
    wrong = [
        message.text
        for message in read_messages()
        if message.half == half
        and message.expected in {MessageClass.NONE, MessageClass.HELP, MessageClass.OPT_IN}
        and classifier.classify(message.text, OWN_CODES).message_class is MessageClass.OPT_OUT
    ]

    assert wrong == []
