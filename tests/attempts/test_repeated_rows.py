"""Rows that repeat a number, contact or debt are counted as if each were alone, and cost hardly more than one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from unittest.mock import patch

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from attempts.attempting import ACCOUNT, DAY_MS, HOUR_MS, START_MS, Book, Wanted, asked, cooldown, limit
from dncd import held_attempts, kept_attempts
from dncd.attempt_counts import attempt_findings
from dncd.bounds import Bound
from dncd.columns import told_apart
from dncd.findings import Findings, Ground
from dncd.kept_attempts import ATTEMPT_BYTES
from dncd.nouns import AttemptOutcome, AttemptScope, Channel, Verdict
from dncd.rules.place import NOWHERE, Place
from dncd.storage.contract import Snapshot, Table

PLACES = (
    NOWHERE,
    Place(frozenset({"US", "US-FL"}), ("America/Chicago", "America/New_York")),
    Place(frozenset({"US", "US-HI"}), ("Pacific/Honolulu",)),
    Place(frozenset({"US", "US-NY"}), ("America/New_York", "Asia/Kolkata")),
    Place(frozenset({"GB"}), ("Europe/London",)),
)
BOUNDS = (
    limit(2, 24),
    limit(0, 5),
    limit(1, 168, AttemptScope.CONTACT),
    limit(2, 72, AttemptScope.DEBT, Channel.SMS),
    Bound(AttemptScope.NUMBER, regions=frozenset({"US-FL", "US-NY"}), max=1, per_hours=100),
    Bound(AttemptScope.CONTACT, regions=frozenset({"US-FL", "GB"}), max=2, per_hours=100),
    cooldown(AttemptOutcome.ABANDONED, hours=72),
    cooldown(AttemptOutcome.CONVERSATION, days=3),
    cooldown(AttemptOutcome.NO_ANSWER, days=1, per=AttemptScope.CONTACT),
    cooldown(AttemptOutcome.CONVERSATION, days=7, per=AttemptScope.DEBT),
    Bound(AttemptScope.CONTACT, regions=frozenset({"US-NY"}), after=AttemptOutcome.ABANDONED, days=2),
)
NUMBERS = range(14155550100, 14155550104)
wants = st.builds(
    Wanted,
    st.sampled_from(NUMBERS),
    st.sampled_from(["", "0", "one"]),
    st.sampled_from(["", "debt", "other"]),
    st.sampled_from(PLACES),
)
outcomes = st.none() | st.sampled_from([each for each in AttemptOutcome if each is not AttemptOutcome.PENDING])
channels = st.sampled_from([Channel.VOICE, Channel.SMS])
histories = st.lists(st.tuples(st.integers(0, 5 * DAY_MS), wants, channels, outcomes), max_size=40)
batches = st.one_of(
    st.lists(wants, min_size=1, max_size=40),
    st.builds(lambda wanted, count: [wanted] * count, wants, st.integers(1, 40)),
)


def lived(history: list[tuple[int, Wanted, Channel, AttemptOutcome | None]]) -> Book:
    book = Book()
    for ago_ms, wanted, channel, outcome in sorted(history, key=lambda each: -each[0]):
        book.now_ms = START_MS - ago_ms
        [name] = book.claim(wanted, lease_ms=3 * DAY_MS, channel=channel)
        if outcome is not None:
            book.complete(name, outcome=outcome)
    book.now_ms = START_MS
    return book


def answers(book: Book, wanted: Sequence[Wanted], bounds: Sequence[Bound]) -> tuple[list[bytes], list[Ground]]:
    """Return every column of findings as its bytes, and the grounds, in their order."""
    grounds: list[Ground] = []
    question = asked(wanted, Channel.VOICE, START_MS)
    with book.store.snapshot() as snapshot:
        found: list[Findings] = list(attempt_findings(snapshot, ACCOUNT, bounds, question, Verdict.UNSCREENED, grounds))
    return [findings.tobytes() for findings in found], grounds


@contextmanager
def reading(keys: int, joined_bytes: int) -> Iterator[None]:
    """Read parts of other sizes."""
    with patch.object(held_attempts, "_READ_KEYS", keys), patch.object(held_attempts, "_JOINED_BYTES", joined_bytes):
        yield


@contextmanager
def each_row_alone() -> Iterator[None]:
    """Read and join the attempts of each row anew, all at once: the plainest way to count."""
    with reading(10**9, 10**12), patch.object(held_attempts, "told_apart", lambda keys: (keys, None)):
        yield


@given(
    histories,
    batches,
    st.lists(st.sampled_from(BOUNDS), min_size=1, max_size=6, unique=True),
    st.sampled_from([1, 2, 64]),
    st.sampled_from([1, 5 * ATTEMPT_BYTES, 10**9]),
)
@settings(max_examples=150, deadline=None)
def test_repeated_rows_are_found_as_if_each_were_read_alone(
    history: list[tuple[int, Wanted, Channel, AttemptOutcome | None]],
    wanted: list[Wanted],
    bounds: list[Bound],
    keys: int,
    joined_bytes: int,
) -> None:
    book = lived(history)

    with each_row_alone():
        expected = answers(book, wanted, bounds)
    with reading(keys, joined_bytes):
        found = answers(book, wanted, bounds)

    assert found == expected


class CountingSnapshot:
    """A snapshot that counts the bytes of attempts read from it."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.read_bytes = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._snapshot, name)

    def get_many(self, table: Table, keys: Sequence[bytes]) -> list[bytes | None]:
        values = self._snapshot.get_many(table, keys)
        if table is Table.ATTEMPTS:
            self.read_bytes += sum(map(len, filter(None, values)))
        return values


def test_an_id_that_every_row_has_is_read_a_few_times_and_joined_in_bounded_parts() -> None:
    book, kept, rows = Book(), 2_000, 1_000
    for first in range(0, kept, 500):
        book.claim(*(Wanted(14155550000 + (first + row) % 10_000, "0") for row in range(500)), lease_ms=DAY_MS)
    wanted = [Wanted(12125550000 + row, "0") for row in range(rows)]
    question, grounds = asked(wanted, Channel.VOICE, START_MS), list[Ground]()
    joined: list[int] = []
    value_bytes = kept * ATTEMPT_BYTES

    def unpack(value: bytes) -> np.ndarray:
        joined.append(len(value))
        return whole(value)

    whole = kept_attempts.unpack
    with book.store.snapshot() as snapshot, reading(4, 3 * value_bytes), patch.object(held_attempts, "unpack", unpack):
        counting = CountingSnapshot(snapshot)
        [findings] = attempt_findings(
            counting,  # type: ignore[arg-type]  # everything else is the snapshot's own
            ACCOUNT,
            [limit(8, 168, AttemptScope.CONTACT)],
            question,
            Verdict.UNSCREENED,
            grounds,
        )

    assert len(findings) == rows
    assert [ground.attempts for ground in grounds] == [kept]
    assert joined == [4 * value_bytes, value_bytes]
    assert counting.read_bytes == 5 * value_bytes


def test_claims_on_an_id_that_many_rows_have_count_those_before_them() -> None:
    book = Book()
    wanted = [Wanted(12125550000 + row % 7, "0") for row in range(40)]

    names = book.claim(*wanted, bounds=[limit(8, 168, AttemptScope.CONTACT), limit(2, 168)], lease_ms=HOUR_MS)

    # Two rows of each number until eight are claimed: seven, and the first of the second round.
    assert [bool(name) for name in names] == [True] * 8 + [False] * 32


@given(st.lists(st.sampled_from([b"a", b"b", b"c", b"d"]), max_size=12))
def test_keys_told_apart_are_each_there_once_and_each_key_has_its_place(keys: list[bytes]) -> None:
    different, place_of = told_apart(keys)

    assert len(set(different)) == len(different)
    assert keys == (list(different) if place_of is None else [different[place] for place in place_of.tolist()])
