"""Doubts: general rules that make a message wait for a person, and what explains itself."""

import pytest

from dncd.nouns import MessageClass
from dncd.texts import Classifier


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("would you mind not texting", "a negation near contact"),
        ("you may never again send such things", "a negation near contact"),
        ("nope, no more of these", "a negation near contact"),
        ("This phone rings in a hospital. Do not use it.", "a clause that forbids"),
        ("NO", "a short negation"),
        ("N", "a short negation"),
        ("no thanks", "a short negation"),
        ("Nooooo!!", "a short negation"),
        ("n0", "a short negation"),
        ("I thought about what you offered and my answer is no", "a negation at the end"),
        ("bad service 👎", "a sign that refuses"),
        ("문자 보내지 마세요", "a script that is not read"),
        ("문자 보내지 마세요. Thank you", "a script that is not read"),
        ("لا تراسلني", "a script that is not read"),
        ("मुझे मैसेज मत करो", "a script that is not read"),
        ("kumusta kayo diyan sa Maynila", "a language that is not read"),
        ("teşekkürler", "a language that is not read"),
    ],
)
def test_doubt_waits_for_a_person(classifier: Classifier, text: str, why: str) -> None:
    found = classifier.classify(text)

    assert (found.message_class, found.matched) == (MessageClass.REVIEW, why)


@pytest.mark.parametrize(
    "text",
    [
        "no problem, see you",
        "not yet",
        "I can't make it tomorrow",
        "No, 3pm is better",
        "don't worry, take your time",
        "it won't let me sign in",
        "what is this about?",
        "order #A-77120",
        "4821 N Kedzie Ave, Chicago IL 60625",
        "call me back tomorrow",
        "no hay problema",
        "pas de problème",
        "kein Problem",
        "Спасибо!",
        "ok 谢谢",
        "thanks 👍",
    ],
)
def test_what_explains_itself_is_nothing(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.NONE


@pytest.mark.parametrize("text", ["S T 0 P", "$top", "5t0p!", "$ T O P", "ST0P", "un$ubscr1be", "0pt 0ut"])
def test_disguised_keyword_that_is_the_whole_message_is_an_opt_out(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.OPT_OUT


@pytest.mark.parametrize("text", ["please $top it", "st()p", "3nd", "c@ncel", "qu!t", "S T 0 P this nonsense"])
def test_disguised_keyword_in_doubt_waits_for_a_person(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.REVIEW


@pytest.mark.parametrize("text", ["$100", "57 09", "4 pm", "B4", "5709", "a@b.example", "see you @ 5!"])
def test_number_or_sign_is_no_disguise(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.NONE
