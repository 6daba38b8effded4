"""Keywords: every one of them, however it is written."""

import re
from string import punctuation

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.nouns import MessageClass
from dncd.texts import Classifier
from dncd.texts.folding import fold_word
from dncd.texts.vocabulary import Keyword, read_keywords
from documents import REPOSITORY

KEYWORDS = read_keywords()
REFERENCE = REPOSITORY / "docs" / "reference" / "inbound-messages.md"
OPT_OUTS = (
    *("STOP", "QUIT", "END", "REVOKE", "OPT OUT", "CANCEL", "UNSUBSCRIBE"),
    *("OPTOUT", "STOPALL", "STOP ALL", "ARRET", "OPT-OUT", "REMOVE", "TD"),
)
AROUND = st.text(alphabet=punctuation + " \t\n\u00a0\u200b\u200d\ufeff\u00ad“”«»¡¿…🙏🛑👍🏽❤️", max_size=12)
FULL_WIDTH = {code: code + 0xFEE0 for code in range(ord("!"), ord("~") + 1)}


@pytest.mark.parametrize("word", OPT_OUTS)
def test_every_opt_out_keyword_of_the_law_and_the_carriers_is_one(classifier: Classifier, word: str) -> None:
    assert classifier.classify(word).message_class is MessageClass.OPT_OUT


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("START", MessageClass.OPT_IN),
        ("UNSTOP", MessageClass.OPT_IN),
        ("YES", MessageClass.OPT_IN),
        ("HELP", MessageClass.HELP),
        ("INFO", MessageClass.HELP),
    ],
)
def test_opt_in_and_help_are_keywords(classifier: Classifier, word: str, expected: MessageClass) -> None:
    assert classifier.classify(word).message_class is expected


def test_only_english_keywords_opt_in() -> None:
    opt_ins = {keyword.text for keyword in KEYWORDS if keyword.message_class is MessageClass.OPT_IN}

    assert opt_ins == {"START", "UNSTOP", "YES"}


def test_yes_is_an_assent_and_no_other_keyword_is(classifier: Classifier) -> None:
    assert [keyword.text for keyword in KEYWORDS if keyword.assent] == ["YES"]
    assert [classifier.classify(text).assent for text in ("Yes!", "START", "unstop", "STOP")] == [True] + [False] * 3


@pytest.mark.parametrize("keyword", KEYWORDS, ids=lambda keyword: keyword.label)
def test_every_keyword_names_a_public_source(keyword: Keyword) -> None:
    assert re.match(r"https://|\d+ CFR |heise\.de ", keyword.source)


@pytest.mark.parametrize("keyword", KEYWORDS, ids=lambda keyword: keyword.label)
def test_every_keyword_stands_in_the_reference(keyword: Keyword) -> None:
    row = f"| `{keyword.text}` | {keyword.message_class.name} | {keyword.language} | {keyword.source} |"

    assert row in REFERENCE.read_text(encoding="utf-8").splitlines()


def _without_smiles(text: str) -> str:
    return text.replace(":)", " ").replace(":-)", " ").replace("(:", " ")


@given(
    keyword=st.sampled_from(KEYWORDS),
    before=AROUND,
    after=AROUND,
    upper=st.lists(st.booleans(), min_size=24, max_size=24),
    wide=st.booleans(),
)
def test_keyword_in_any_dress_keeps_its_class(
    classifier: Classifier, keyword: Keyword, before: str, after: str, upper: list[bool], wide: bool
) -> None:
    letters = zip(keyword.text, upper, strict=False)
    word = "".join(letter.upper() if raised else letter.lower() for letter, raised in letters)
    text = before + (word.translate(FULL_WIDTH) if wide else word) + after

    found = classifier.classify(text)

    if keyword.message_class is MessageClass.OPT_IN and set(_without_smiles(text)) & set("?¿🛑#$%&*+/:;<=>@\\^_{|}~"):
        assert found.message_class is MessageClass.REVIEW
        return
    assert found.message_class is keyword.message_class
    assert fold_word(found.matched).replace(" ", "") == fold_word(f"keyword {keyword.label}").replace(" ", "")


@pytest.mark.parametrize(
    "text",
    [
        "S.T.O.P.",
        "s t o p",
        "S-T-O-P",
        "st\u200bop",
        "s\u0336t\u0336o\u0336p",
        "STOP\u0000",
        "ＳＴＯＰ",
        "𝐒𝐓𝐎𝐏",
        "ⓢⓣⓞⓟ",
        "🅂🅃🄾🄿",
        "🆂🆃🅾🅿",
        "ЅТОР",
        "SТОP",
        "STOOOOP",
        "stoppppp",
        "Arrêt",
        "ÄRRËT",
        "*STOP*",
        "_stop_",
        "«STOP»",
        "\ud800stop",
        "opt_out",
        "Opt  \n Out",
        "STOP" + " " * 5_000,
        "!" * 5_000 + "stop",
    ],
)
def test_disguised_keyword_is_an_opt_out(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.OPT_OUT


@pytest.mark.parametrize(
    "text", ["un stop", "un-stop", "st art", "ye s", "start please", "yes please", "yes, stop", "si", "oui"]
)
def test_nearly_an_opt_in_keyword_is_no_opt_in(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is not MessageClass.OPT_IN


@pytest.mark.parametrize("text", ["YES?", "yes??", "START ?", "¿yes", "🛑 YES"])
def test_an_opt_in_that_asks_or_contradicts_itself_waits_for_a_person(text: str, classifier: Classifier) -> None:
    assert classifier.classify(text).message_class is MessageClass.REVIEW
