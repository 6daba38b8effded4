"""Messages written without a look at the vocabulary: what is promised, and that the reference says the figures."""

from collections import Counter

import pytest

from dncd.nouns import MessageClass
from dncd.texts import Classifier
from documents import REPOSITORY
from texts.labelled import FRESH_FILE, HALVES, Figures, measure, read_messages

# Harmless messages that were written to find what is held up.
HARMLESS_WORDINGS = FRESH_FILE.with_name("harmless_wordings.txt")
REFERENCE = REPOSITORY / "docs" / "reference" / "inbound-messages.md"


@pytest.fixture(scope="module")
def figures(classifier: Classifier) -> dict[str, Figures]:
    return {half: measure(classifier, half, FRESH_FILE) for half in HALVES}


def test_set_is_large_and_its_messages_differ() -> None:
    messages = read_messages(FRESH_FILE)
    labels = Counter(message.expected for message in messages)

    assert labels[MessageClass.OPT_OUT] >= 150
    assert labels[MessageClass.NONE] >= 200
    assert len({message.text for message in messages}) == len(messages)


@pytest.mark.parametrize("half", HALVES)
def test_opt_outs_block(figures: dict[str, Figures], half: str) -> None:
    assert figures[half].caught >= 0.98 * figures[half].opt_outs


@pytest.mark.parametrize("half", HALVES)
def test_no_harmless_message_is_an_opt_out_and_few_wait(figures: dict[str, Figures], half: str) -> None:
    assert figures[half].called_rightly == figures[half].called_opt_out
    assert figures[half].harmless_blocked <= 0.25 * figures[half].harmless


@pytest.mark.parametrize("half", HALVES)
def test_reference_says_the_figures_of_the_fresh_set(figures: dict[str, Figures], half: str) -> None:
    assert figures[half].row() in REFERENCE.read_text(encoding="utf-8").splitlines()


def test_harmless_wordings_are_no_opt_outs_and_few_wait(classifier: Classifier) -> None:
    texts = HARMLESS_WORDINGS.read_text(encoding="utf-8").splitlines()

    found = Counter(classifier.classify(text).message_class for text in texts)

    assert found[MessageClass.OPT_OUT] == 0
    assert found[MessageClass.REVIEW] <= 0.25 * len(texts)
