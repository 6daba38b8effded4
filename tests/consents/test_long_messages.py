"""Messages of any length that a messenger carries are read to their end: no opt-out is lost to its length."""

from collections.abc import Iterator
from typing import cast

import pytest

from consents.desk import PERSON, Desk, desk
from dncd.administration import change_account
from dncd.errors import InvalidFields
from dncd.events import InboundMessageRecorded
from dncd.limits import INBOUND_TEXT_BYTES_MAX, KEPT_TEXT_BYTES_MAX
from dncd.nouns import Channel, MessageClass, Verdict
from dncd.texts import load_classifier

WHATSAPP_CHARS_MAX = 65_536


@pytest.fixture(name="reading", scope="module")
def with_real_words() -> Iterator[Desk]:
    with desk(load_classifier()) as running:
        yield running


@pytest.mark.parametrize("letter", ["न", "\N{GRINNING FACE}", "x"])
@pytest.mark.parametrize("place", ["STOP {}", "{} STOP"])
def test_the_longest_message_of_whatsapp_stops_texts(reading: Desk, letter: str, place: str) -> None:
    number = f"+1415555{ord(letter) % 1000:03}{len(place) % 2 + place.index('{')}"
    text = place.format(letter * (WHATSAPP_CHARS_MAX - 5))
    assert len(text) == WHATSAPP_CHARS_MAX

    reading.say(text, number, channel=Channel.WHATSAPP)

    assert reading.verdict(number, Channel.WHATSAPP) is Verdict.BLOCK


def test_a_stop_before_four_thousand_letters_of_another_script_is_not_lost(reading: Desk) -> None:
    answer = reading.say("STOP " + "न" * 4_000)

    assert answer.message_class in {MessageClass.OPT_OUT, MessageClass.REVIEW}
    assert reading.verdict(PERSON) is Verdict.BLOCK


def test_what_no_messenger_carries_is_refused(reading: Desk) -> None:
    with pytest.raises(InvalidFields, match="262,144 bytes"):
        reading.say("x" * (INBOUND_TEXT_BYTES_MAX + 1))


def test_of_a_long_message_an_account_keeps_the_beginning(reading: Desk) -> None:
    change_account(reading.store, reading.clock(), "default", keep_texts=True)

    reading.say("stop " + "न" * 20_000, "+14155550177")

    kept = cast(InboundMessageRecorded, reading.newest().draft.change).text
    assert kept == "stop " + "न" * ((KEPT_TEXT_BYTES_MAX - 5) // 3)
