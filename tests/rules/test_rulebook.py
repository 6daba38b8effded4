"""The rule book: what this server lacks opens nothing, and what anybody's drafts ask for is not kept for ever."""

from itertools import permutations

import pytest

from dncd.nouns import Channel, Purpose
from dncd.rulebook import HOURS_KEPT_MAX, Rulebook, read_rulebook
from dncd.rules.hours import OpeningState

NOON_IN_NEW_YORK_MS = 1_795_453_200_000  # 2026-11-23T17:00:00Z


@pytest.fixture
def book() -> Rulebook:
    return read_rulebook()


def test_a_pack_that_this_server_lacks_leaves_every_place_uncovered(book: Rulebook) -> None:
    hours = book.hours(("us-federal", "of-a-later-version"), Channel.VOICE, Purpose.MARKETING).hours

    states = {hours.state(place, NOON_IN_NEW_YORK_MS) for place in book.places}

    assert states == {OpeningState.NOT_COVERED}


def test_the_order_of_packs_makes_no_other_hours(book: Rulebook) -> None:
    orders = permutations(("us-federal", "us-states", "ca"))

    assert len({id(book.hours(names, Channel.VOICE, Purpose.MARKETING)) for names in orders}) == 1


def test_hours_that_drafts_ask_for_are_not_kept_for_ever(book: Rulebook) -> None:
    first = book.hours(("au",), Channel.VOICE, Purpose.MARKETING)
    assert book.hours(("au",), Channel.VOICE, Purpose.MARKETING) is first

    for number in range(HOURS_KEPT_MAX):
        book.hours((f"draft-{number}",), Channel.VOICE, Purpose.MARKETING)

    assert book.hours(("au",), Channel.VOICE, Purpose.MARKETING) is not first
