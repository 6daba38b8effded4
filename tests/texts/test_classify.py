"""Free text, own codes, limits, and what holds for any text at all."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.nouns import MessageClass
from dncd.texts import Classifier

WORDS = [
    "stop",
    "don't",
    "please",
    "texting",
    "me",
    "yes",
    "start",
    "bus",
    "by",
    ".",
    ",",
    "12345",
    "END",
    "unsub",
    "cancel",
]
# Opt-outs, plain or suspected, that were written to find gaps.
HARD_WORDINGS = Path(__file__).with_name("hard_wordings.txt")
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join))


@pytest.mark.parametrize(
    "text",
    [
        "this stops here",
        "The texting stops right now",
        "don't want these",
        "No more text",
        "Arrêtez les sms",
        "Отпишите меня",
        "配信停止",
        "수신거부",
        "please stop",
        "stop texting me",
        "remove me",
        "take me off your list",
        "lose my number",
        "don't contact me",
        "delete my number",
        "I opt out",
        "Stop. Thank you",
        "unsubscribe me pls",
        "unsuscribe",
        "stpo",
        "sotp",
        "no me manden más mensajes",
        "arrêtez de m'écrire",
        "não quero receber mensagens",
        "bitte keine Nachrichten mehr",
        "sáquenme de su lista",
        "stoppp calllling meee",
        "yes, but stop texting me",
        "🛑 stop calling 🛑",
    ],
)
def test_plain_request_is_an_opt_out(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.OPT_OUT


@pytest.mark.parametrize(
    "text",
    [
        "don't stop",
        "can you stop by at 5",
        "the bus stop",
        "how do I cancel my order",
        "Christopher will come",
        "nonstop please",
        "don't stop laughing",
        "hello",
        "I can't stop smiling",
        "my lease ends in May",
        "sáqueme una foto",
        "order A12345",
        "gr8 thx",
        "yessss",
    ],
)
def test_harmless_message_is_nothing(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.NONE


@pytest.mark.parametrize(
    "text",
    [
        "don't call, text me",
        "cancel my appointment and all texts",
        "block me",
        "He's dead",
        "stop sending so many, one a week is fine",
        "I want to cancel",
        "END of the month works",
        "I'll sue you",
        "wrong number",
        "leave me alone you idiots",
        "stoptextingme",
        "plsstopnow",
        "I s t o p",
        "make it stop",
        "стоп",
        "停止",
        "🛑",
        "🖕",
        "we get off at the bus stop texting me",
        "stop by the way",
        "why do I still get these texts",
        "you never stop",
        "delete that number",
        "no contact please",
        "ya basta",
        "help me stop these",
        "should I reply STOP?",
        "please don't remove me from the list",
        "don't take me off your list",
        "I don't want to opt out",
        "please do not stop texting me",
        "bitte, löschen",
        "parem",
        "para, por favor",
        "pierde mi número",
        "kündigen",
        "cancel1",
        "1quit",
        "END2024",
        "cancle",
        "no dont stop",
    ],
)
def test_uncertain_message_waits_for_a_person(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.REVIEW


@pytest.mark.parametrize("text", HARD_WORDINGS.read_text(encoding="utf-8").splitlines())
def test_hard_wording_of_an_opt_out_is_never_missed(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class in {MessageClass.OPT_OUT, MessageClass.REVIEW}


@pytest.mark.parametrize("text", ["No, don't. Stop!", "please, don't! S T O P", "the bus. Stop.", "I don't - stop"])
def test_clause_end_parts_a_harmless_phrase(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.OPT_OUT


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b", "...", "👍", "\x00\x01", "\ud800"])
def test_message_without_words_is_nothing(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.NONE


@pytest.mark.parametrize("text", ["STOP 12345", "stop #12345!", "please stop 12345", "Stop １２３４５", "stop 123 45"])
def test_stop_with_an_own_code_is_nothing(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text, {"12345"}).message_class is MessageClass.NONE
    assert classifier.classify(text, {"54321"}).message_class is MessageClass.REVIEW


@pytest.mark.parametrize("code", ["", "please", "all", "texting me", "sms", "me"])
def test_own_code_never_hides_an_opt_out(classifier: Classifier, code: str) -> None:
    for text in ("stop", "stop all", "stop please", f"stop texting me {code}", "stop sms"):
        assert classifier.classify(text, {code}).message_class is MessageClass.OPT_OUT


def test_opt_out_beyond_the_limit_is_reviewed(classifier: Classifier) -> None:
    start = "What a lovely day it is. " * 80

    assert classifier.classify(start).message_class is MessageClass.NONE
    assert classifier.classify(start + "Stop.").message_class is MessageClass.REVIEW
    assert classifier.classify(start + "Unsubscrib me.").message_class is MessageClass.REVIEW
    # Phrases are read within the limit only.
    assert classifier.classify(start + "take me off your list").message_class is MessageClass.NONE


@pytest.mark.parametrize("before", range(1_580, 1_605))
def test_limit_never_cuts_an_opt_out_in_two(classifier: Classifier, before: int) -> None:
    assert classifier.classify("x" * before + " stop texting me").message_class is not MessageClass.NONE
    assert classifier.classify("." * before + "x stop texting me").message_class is not MessageClass.NONE


def test_answer_never_quotes_the_person(classifier: Classifier) -> None:
    found = classifier.classify("stop texting me, Zebulon Quux 415 555 0123")

    assert found.matched == "phrase 'stop texting me'"


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "a b " * 25_000,
        "stop by " * 12_500,
        "no more take remove get please " * 3_300,
        "a" + "\u0301\u0323" * 50_000,
        "unsubscrxyq " * 8_400,
        "'" * 100_000,
        ", " * 50_000,
        "take my name off any any any any " * 3_000,
        "ﷺ" * 5_000,
        "㌖a" * 25_000,
        "a1️⃣1️⃣1️⃣" * 5_000,
        "take my name off any any any any ™ " * 3_000,
        "donotcontactm " * 7_000,
        "START" + "👍" * 60_000,
    ],
    ids=range(15),
)
def test_long_text_is_classified(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class in MessageClass


@given(text=TEXTS)
def test_any_text_has_a_class(classifier: Classifier, text: str) -> None:
    found = classifier.classify(text)

    assert found.message_class in MessageClass
    assert found.matched


@given(text=TEXTS, codes=st.lists(TEXTS, max_size=3))
def test_own_codes_turn_only_review_into_nothing(classifier: Classifier, text: str, codes: list[str]) -> None:
    without, given_codes = classifier.classify(text), classifier.classify(text, codes)

    assert given_codes == without or (
        without.message_class is MessageClass.REVIEW and given_codes.message_class is MessageClass.NONE
    )


@given(text=TEXTS)
def test_opt_out_stays_one_when_thanks_are_added(classifier: Classifier, text: str) -> None:
    before = classifier.classify(text)

    after = classifier.classify(f"{text}. Thank you")

    if before.message_class in {MessageClass.OPT_OUT, MessageClass.REVIEW}:
        assert after.message_class in {MessageClass.OPT_OUT, MessageClass.REVIEW}
