"""A batch counted in columns equals its rows counted one by one, wherever each is, and agrees with claims."""

from dataclasses import replace
from functools import cache

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from attempts.attempting import ACCOUNT, DAY_MS, HOUR_MS, START_MS, Book, Wanted, asked, cooldown, limit
from dncd.attempt_counts import Asked, attempt_findings, resolve
from dncd.bounds import Bound
from dncd.findings import Ground
from dncd.locating import Located, locate
from dncd.nouns import AttemptOutcome, AttemptScope, Channel, Rule, Verdict
from dncd.rules.place import NOWHERE, Place
from dncd.rules.places import Places, build_places
from dncd.storage.keys import phone_keys

PLACES = (
    NOWHERE,
    Place(frozenset({"US", "US-FL"}), ("America/Chicago", "America/New_York")),
    Place(frozenset({"US", "US-HI"}), ("Pacific/Honolulu",)),
    Place(frozenset({"GB"}), ("Europe/London",)),
)
BOUNDS = (
    limit(2, 24),
    Bound(AttemptScope.NUMBER, regions=frozenset({"US"}), max=3, per_hours=168),
    Bound(AttemptScope.DEBT, regions=frozenset({"US-FL", "GB"}), max=1, per_hours=24),
    cooldown(AttemptOutcome.ABANDONED, hours=72),
    Bound(AttemptScope.NUMBER, regions=frozenset({"US", "GB"}), after=AttemptOutcome.CONVERSATION, days=3),
)
NUMBERS = range(14155550100, 14155550106)
wants = st.builds(Wanted, st.sampled_from(NUMBERS), st.just(""), st.sampled_from(["", "one", "two"]))
placed = st.builds(replace, wants, place=st.sampled_from(PLACES))
outcomes = st.sampled_from([outcome for outcome in AttemptOutcome if outcome is not AttemptOutcome.PENDING])
histories = st.lists(st.tuples(st.integers(0, 4 * DAY_MS), wants, st.none() | outcomes), max_size=30)


@cache
def places() -> Places:
    return build_places()


def lived(history: list[tuple[int, Wanted, AttemptOutcome | None]]) -> Book:
    book = Book()
    for ago_ms, wanted, outcome in sorted(history, key=lambda each: -each[0]):
        book.now_ms = START_MS - ago_ms
        [name] = book.claim(wanted, lease_ms=HOUR_MS)
        if outcome is not None:
            book.complete(name, outcome=outcome)
    book.now_ms = START_MS
    return book


@given(histories, st.lists(placed, min_size=1, max_size=12))
@settings(max_examples=60)
def test_a_batch_equals_its_rows(
    history: list[tuple[int, Wanted, AttemptOutcome | None]], wanted: list[Wanted]
) -> None:
    book = lived(history)

    whole, grounds = book.find(*wanted, bounds=BOUNDS)

    for row, each in enumerate(wanted):
        alone, alone_grounds = book.find(each, bounds=BOUNDS)
        of_row = whole[whole["row"] == row]
        assert of_row[["rule", "verdict", "retry_at_ms"]].tolist() == alone[["rule", "verdict", "retry_at_ms"]].tolist()
        assert [grounds[index] for index in of_row["ground"]] == [alone_grounds[index] for index in alone["ground"]]


@given(histories, placed)
@settings(max_examples=100)
def test_a_claim_is_granted_where_nothing_is_found_and_refused_where_anything_is(
    history: list[tuple[int, Wanted, AttemptOutcome | None]], wanted: Wanted
) -> None:
    book = lived(history)

    findings, _ = book.find(wanted, bounds=BOUNDS)
    [name] = book.claim(wanted, bounds=BOUNDS)

    assert bool(name) == (len(findings) == 0)


@given(histories, placed)
@settings(max_examples=100)
def test_a_finding_ends_when_it_says_and_not_before(
    history: list[tuple[int, Wanted, AttemptOutcome | None]], wanted: Wanted
) -> None:
    book = lived(history)

    findings, _ = book.find(wanted, bounds=BOUNDS)

    for finding in findings[findings["rule"] != Rule.CONTEXT_MISSING]:
        retry_ms = int(finding["retry_at_ms"])
        before, _ = book.find(wanted, bounds=BOUNDS, now_ms=retry_ms - 1)
        then, _ = book.find(wanted, bounds=BOUNDS, now_ms=retry_ms)
        assert finding["retry_at_ms"] in before["retry_at_ms"]
        assert finding["retry_at_ms"] not in then["retry_at_ms"]


def real(phones: list[int], time_zones: list[str]) -> tuple[Asked, Located]:
    column = np.array(phones, dtype=np.uint64)
    found = locate(places(), column, time_zones, [])
    question = asked([Wanted(phone) for phone in phones], Channel.VOICE, START_MS)
    return replace(question, located=found, keys=phone_keys(ACCOUNT, column)), found


@given(
    st.lists(
        st.sampled_from([12125550123, 13055550123, 14155550123, 18085550123, 442079460123]), min_size=1, max_size=40
    ),
    st.data(),
)
@settings(max_examples=40)
def test_rows_whose_callers_know_more_are_judged_where_they_are(phones: list[int], data: st.DataObject) -> None:
    zones = data.draw(
        st.lists(
            st.sampled_from(["", "Pacific/Honolulu", "America/New_York"]), min_size=len(phones), max_size=len(phones)
        )
    )
    book = Book()
    for phone in set(phones):
        [name] = book.claim(Wanted(phone))
        book.complete(name, outcome=AttemptOutcome.CONVERSATION)
    question, found = real(phones, zones)
    place_of = {row: place for place, rows in found.groups() for row in rows.tolist()}
    expected = [BOUNDS[4].cooled_ms(place_of[row], START_MS)[0] for row in range(len(phones))]
    grounds: list[Ground] = []

    with book.store.snapshot() as snapshot:
        [findings] = attempt_findings(snapshot, ACCOUNT, BOUNDS[4:], question, Verdict.UNSCREENED, grounds)
    limits, judged_by = resolve(BOUNDS[4:], question, np.arange(len(phones)))

    assert findings["retry_at_ms"].tolist() == expected
    assert [limits[of_row[0]].since_ms for of_row in judged_by] == [
        BOUNDS[4].since_ms(place_of[row], START_MS) for row in range(len(phones))
    ]
