"""Signs, digits and odd letters beside a keyword: none hides an opt-out, and few leave an opt-in what it is."""

import tomllib
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.nouns import MessageClass
from dncd.texts import Classifier
from dncd.texts.folding import readings
from dncd.texts.vocabulary import KEYWORDS_FILE, Keyword, read_keywords

OPT_OUT, REVIEW = MessageClass.OPT_OUT, MessageClass.REVIEW
KEYWORDS = read_keywords()
OPT_OUTS = [keyword for keyword in KEYWORDS if keyword.message_class is OPT_OUT]
OPT_INS = [keyword for keyword in KEYWORDS if keyword.message_class is MessageClass.OPT_IN]
# Each would unfold to letters or digits.
SYMBOLS = (
    *("🇺🇸", "🇬🇧", "™", "™️", "\u2139\ufe0f", "\u2139", "🅰", "🅱️", "🅿️", "Ⓜ️", "Ⓜ", "㊗", "㊗️", "㊙️", "℠", "℡", "ª", "º"),
    *("0️⃣", "1️⃣", "9\u20e3", "1️⃣2️⃣", "ˢ", "ʰ", "Ⅳ", "㍿", "ー", "㊀", "₨", "〇", "א", "して", "님", "🇺🇸™", "🆎"),
)
DIGITS = ("1", "0", "42", "12345", "²", "①", "❶", "➀", "❿", "½", "１", "٣", "०")
# They ask, doubt, refuse or strike out, or nobody knows what they say.
DOUBTS = (
    *("?", "？", "؟", "¿", "❓", "❔", "⁉️", "⁇", "‽", "⸮", "⍰", ";", "\u037e", "՞", "፧", "�", "\ud83e", "\x1a"),
    *(
        "🤔",
        "🤨",
        "🤷",
        "🤷🏽‍♀️",
        "🙄",
        "😒",
        "🙃",
        "😢",
        ":(",
        ":/",
        "✗",
        "✘",
        "☒",
        "✖️",
        "❌",
        "🚫",
        "👎",
        "👎🏽",
        "🛑",
        "🗙",
        "⊘",
    ),
    *(
        "~",
        "~~",
        "≠",
        "¬",
        "=",
        "!=",
        "/",
        "\u0336",
        "\u0338",
        "\u20e0",
        "\u20e3",
        "🇺🇸",
        "™",
        "🈲",
        "🆖",
        "🆘",
        "$",
        "%",
        "^",
    ),
)
HARMLESS = (
    *(
        ".",
        "!",
        "!!!",
        ",",
        "…",
        "-",
        " ",
        "\n",
        "\u00a0",
        "\u200b",
        "\ufe0f",
        "\u200d",
        '"',
        "'",
        "’",
        "“",
        "”",
        "(",
        ")",
        ":)",
    ),
    *("👍", "👍🏽", "🙏", "🙏🏿", "😀", "😊", "❤️", "❤", "✅", "✔️", "👌🏻", "🎉"),
)
# The marks of the table, and what nobody sees.
MARKS = tomllib.loads(files("dncd.texts").joinpath(KEYWORDS_FILE).read_text(encoding="utf-8"))["opt_in"]["marks"]
KNOWN = "".join(MARKS) + "\u034f\u2800\u180b\u180c\u180d" + "".join(map(chr, range(0xFE00, 0xFE10)))
SMALL_CAPITALS = str.maketrans("abcdefghijklmnopqrstuvwyz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘꞯʀꜱᴛᴜᴠᴡʏᴢ")


def _label(keyword: Keyword) -> str:
    return keyword.label


def _around(text: str, sign: str) -> tuple[str, ...]:
    return f"{text}{sign}", f"{sign}{text}", f"{text} {sign}", f"{sign}{text}{sign}"


@pytest.mark.parametrize("keyword", OPT_OUTS, ids=_label)
def test_symbol_beside_an_opt_out_keyword_hides_nothing(classifier: Classifier, keyword: Keyword) -> None:
    glued = [text for sign in SYMBOLS for text in (f"{keyword.text}{sign}", f"{sign}{keyword.text}")]
    apart = [f"{keyword.text} {sign}" for sign in SYMBOLS]

    assert [text for text in glued if classifier.classify(text).message_class is not OPT_OUT] == []
    assert [text for text in apart if classifier.classify(text).message_class not in {OPT_OUT, REVIEW}] == []


@pytest.mark.parametrize("keyword", OPT_OUTS, ids=_label)
def test_digit_beside_an_opt_out_keyword_hides_nothing(classifier: Classifier, keyword: Keyword) -> None:
    texts = [text for figure in DIGITS for text in _around(keyword.text.lower(), figure)]

    assert [text for text in texts if classifier.classify(text).message_class not in {OPT_OUT, REVIEW}] == []


@pytest.mark.parametrize("keyword", KEYWORDS, ids=_label)
def test_keyword_in_small_capitals_keeps_its_class(classifier: Classifier, keyword: Keyword) -> None:
    found = classifier.classify(keyword.text.lower().translate(SMALL_CAPITALS))

    assert found.message_class is keyword.message_class


@pytest.mark.parametrize("keyword", OPT_OUTS, ids=_label)
def test_opt_out_keyword_with_its_last_letter_held_down_is_one(classifier: Classifier, keyword: Keyword) -> None:
    assert classifier.classify(keyword.text + 4 * keyword.text[-1]).message_class is OPT_OUT


@pytest.mark.parametrize("keyword", OPT_OUTS, ids=_label)
def test_opt_out_keyword_that_is_said_thrice_in_one_word_blocks(classifier: Classifier, keyword: Keyword) -> None:
    assert classifier.classify(3 * "".join(filter(str.isalpha, keyword.text))).message_class in {OPT_OUT, REVIEW}


@pytest.mark.parametrize("keyword", OPT_INS, ids=_label)
def test_sign_beside_an_opt_in_keyword_makes_it_wait(classifier: Classifier, keyword: Keyword) -> None:
    texts = [text for sign in DOUBTS for text in _around(keyword.text, sign)]

    assert [text for text in texts if classifier.classify(text).message_class is not REVIEW] == []


@pytest.mark.parametrize(
    "text",
    ["S̶T̶A̶R̶T̶", "s̷t̷a̷r̷t̷", "Y\u0336E\u0336S\u0336", "~~START~~", "~yes~", "≠START", "¬START", "YES 🙏 ❓", "yes 👍?"],
)
def test_opt_in_keyword_struck_out_or_asked_waits(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is REVIEW


@given(
    keyword=st.sampled_from(OPT_INS),
    sign=st.characters(whitelist_categories=("S", "P", "M", "N", "Co", "Cn", "Cs"), blacklist_characters=KNOWN),
)
def test_only_known_marks_stand_beside_an_opt_in(classifier: Classifier, keyword: Keyword, sign: str) -> None:
    for text in _around(keyword.text, sign):
        assert classifier.classify(text).message_class is not MessageClass.OPT_IN


@pytest.mark.parametrize("keyword", OPT_INS, ids=_label)
def test_harmless_mark_leaves_an_opt_in_what_it_is(classifier: Classifier, keyword: Keyword) -> None:
    texts = [text for mark in HARMLESS for text in _around(keyword.text.capitalize(), mark)]

    assert [text for text in texts if classifier.classify(text).message_class is not MessageClass.OPT_IN] == []


@pytest.mark.parametrize(
    "text", ["ⓢⓣⓞⓟ", "🅂🅃🄾🄿 🙏", "🇸🇹🇴🇵", "🇸 🇹 🇴 🇵", "ST🅾️P", "ST🅾P!", "🆂top", "please ⓢⓣⓞⓟ", "S⃣T⃣O⃣P⃣", "ˢᵗᵒᵖ"]
)
def test_word_written_in_symbols_is_still_read(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is OPT_OUT


@pytest.mark.parametrize("text", ["I opt out🇺🇸", "arrêtez🇺🇸", "arrêtez1️⃣", "stop texting me™", "Stop. Thank you🇺🇸"])
def test_symbol_behind_a_phrase_hides_nothing(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is OPT_OUT


@pytest.mark.parametrize("text", ["abmelden™", "opt out1", "I opt out1", "1opt out", "ǫᴜɪᴛ", "bitte löschen🇩🇪"])
def test_sign_beside_a_doubtful_word_hides_nothing(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is REVIEW


@pytest.mark.parametrize("text", ["Opt outttt", "OPT-OUTTTT", "please opt outttt", "stoppp textinggg me"])
def test_letter_held_down_in_any_word_is_let_go(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is OPT_OUT


def test_keycap_that_stands_apart_may_be_an_own_code(classifier: Classifier) -> None:
    assert classifier.classify("STOP 1️⃣", {"1"}).message_class is MessageClass.NONE
    assert classifier.classify("STOP 1️⃣").message_class is REVIEW


@pytest.mark.parametrize(
    "text", ["thanks 🇺🇸", "on my way 🅿️", "iPhone™ is great", "see you at 5️⃣", "room B12", "Ⓜ️ at noon", "great 1️⃣0️⃣0️⃣"]
)
def test_symbol_beside_harmless_words_is_nothing(classifier: Classifier, text: str) -> None:
    assert classifier.classify(text).message_class is MessageClass.NONE


@given(text=st.text(alphabet=st.characters(whitelist_categories=("So", "Lm", "Nl", "Mn", "Lu", "Ll", "Nd"))))
def test_text_is_read_as_it_is_first_and_at_most_twice(text: str) -> None:
    found = readings(text)

    assert found[0] == text
    assert len(found) <= 2
