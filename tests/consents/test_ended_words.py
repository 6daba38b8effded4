"""What a consent does must not depend on when ended entries are tidied away: an ended word is one that was said."""

from collections.abc import Callable
from typing import Any

import pytest

from consents.desk import DAY_MS, PERSON, START_MS, Desk, moment
from dncd.events import Label, LabelCreated
from dncd.housekeeping import Housekeeper
from dncd.nouns import Channel, EntryReason, Source

WRITTEN, EXPRESS, RELATIONSHIP, INQUIRY = 1, 2, 3, 4
RECORDED, TAKEN_BACK = 1, 3
VOICE, SMS = 1, 2
SAID_MS, ENDED_MS = START_MS, START_MS + 5 * DAY_MS
ASKED, LEGAL = EntryReason.REQUESTED_BY_PERSON, EntryReason.LEGAL


def of_sales(desk: Desk) -> None:
    desk.accept(LabelCreated(Label("DNC_Sales", frozenset({Channel.VOICE}))))
    desk.add(PERSON, "DNC_Sales", Source.AGENT, days=5)


WORDS: dict[str, Callable[[Desk], object]] = {
    "agent": lambda desk: desk.add(PERSON, "do-not-phone", Source.AGENT, days=5),
    "crm": lambda desk: desk.add(PERSON, "do-not-contact", Source.API, days=5, reason=ASKED),
    "court": lambda desk: desk.add(PERSON, "do-not-text", Source.CONSOLE, days=5, reason=LEGAL),
    "sales": of_sales,
}


def begin(desk: Desk, word: str, at_ms: int, *, tidied: bool) -> None:
    WORDS[word](desk)
    desk.clock.now_ms = at_ms
    before = desk.labels()
    if tidied:
        Housekeeper(desk.store, desk.log).keep(at_ms)
    assert desk.labels() == ([] if tidied and at_ms >= ENDED_MS else before)


def given(desk: Desk, kind: int, given_ms: int, **facts: Any) -> int:
    return int(desk.consent(kind, given_at=moment(given_ms), **facts).outcome)


@pytest.mark.parametrize("tidied", [False, True])
@pytest.mark.parametrize("kind", [WRITTEN, EXPRESS, RELATIONSHIP, INQUIRY])
@pytest.mark.parametrize("word", WORDS)
def test_a_consent_from_after_a_word_that_has_ended_is_recorded_tidied_or_not(
    desk: Desk, word: str, kind: int, tidied: bool
) -> None:
    begin(desk, word, ENDED_MS, tidied=tidied)

    assert given(desk, kind, SAID_MS + 1) == RECORDED


@pytest.mark.parametrize("tidied", [False, True])
@pytest.mark.parametrize("kind", [WRITTEN, EXPRESS, RELATIONSHIP, INQUIRY])
@pytest.mark.parametrize("word", WORDS)
def test_a_consent_from_before_a_word_that_has_ended_stays_ended_tidied_or_not(
    desk: Desk, word: str, kind: int, tidied: bool
) -> None:
    begin(desk, word, ENDED_MS, tidied=tidied)
    # A label of the account's own may be about less: it ends relationships alone.
    ended = word != "sales" or kind in {RELATIONSHIP, INQUIRY}

    assert given(desk, kind, SAID_MS) == (TAKEN_BACK if ended else RECORDED)


@pytest.mark.parametrize("tidied", [False, True])
@pytest.mark.parametrize("word", WORDS)
def test_to_its_last_moment_a_word_keeps_every_relationship_away_and_no_later_form(
    desk: Desk, word: str, tidied: bool
) -> None:
    begin(desk, word, ENDED_MS - 1, tidied=tidied)

    assert given(desk, RELATIONSHIP, SAID_MS + 1) == TAKEN_BACK
    assert given(desk, WRITTEN, SAID_MS + 1) == RECORDED


@pytest.mark.parametrize("tidied", [False, True])
def test_tidying_an_older_word_widens_no_later_revocation(desk: Desk, tidied: bool) -> None:
    desk.add(PERSON, "do-not-phone", Source.AGENT, days=5)
    desk.clock.now_ms = SAID_MS + 2 * DAY_MS
    desk.revoke(channels=[SMS])
    desk.clock.now_ms = ENDED_MS
    if tidied:
        Housekeeper(desk.store, desk.log).keep(ENDED_MS)

    between_ms = SAID_MS + DAY_MS
    assert given(desk, EXPRESS, between_ms, channels=[SMS]) == TAKEN_BACK
    assert given(desk, EXPRESS, between_ms, channels=[VOICE]) == RECORDED
    assert given(desk, WRITTEN, SAID_MS, channels=[VOICE]) == TAKEN_BACK


@pytest.mark.parametrize("tidied", [False, True])
def test_of_two_words_that_have_ended_the_later_counts(desk: Desk, tidied: bool) -> None:
    desk.add(PERSON, "do-not-phone", Source.AGENT, days=5)
    desk.clock.now_ms += DAY_MS
    desk.add(PERSON, "do-not-contact", Source.BOT, days=2)
    for at_ms in (SAID_MS + 3 * DAY_MS, ENDED_MS):
        desk.clock.now_ms = at_ms
        if tidied:
            Housekeeper(desk.store, desk.log).keep(at_ms)

    assert given(desk, RELATIONSHIP, SAID_MS + DAY_MS) == TAKEN_BACK
    assert given(desk, RELATIONSHIP, SAID_MS + DAY_MS + 1) == RECORDED
