"""What was known of attempts at a time: outcomes that were replaced, pauses that stay due, and Explain of then."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attempts.attempting import DAY_MS, HOUR_MS, START_MS, Book, Wanted, cooldown
from attempts.reserving import MIAMI, apply_policy, complete, limit, names, reserve
from dncd.kept_attempts import STRENGTHS, as_of, unpack
from dncd.nouns import AttemptOutcome, Rule, Verdict
from dncd.storage.contract import Table
from dncd.storage.keys import phone_key
from serving import Served, in_ms, moment, pb, served

ALLOW, DEFER = int(Verdict.ALLOW), int(Verdict.DEFER)
NO_ANSWER, CONVERSATION, ABANDONED, RELEASED = (
    AttemptOutcome.NO_ANSWER,
    AttemptOutcome.CONVERSATION,
    AttemptOutcome.ABANDONED,
    AttemptOutcome.RELEASED,
)
ANN = Wanted(14155550100)
UK = cooldown(ABANDONED, 72)


@pytest.fixture(name="server")
def serve(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "store") as running:
        pauses = [pb.Cooldown(after=ABANDONED, hours=72), pb.Cooldown(after=CONVERSATION, hours=1)]
        apply_policy(running.api(), "calls", [limit(1, 1)], cooldowns=pauses)
        running.clock.advance(1)
        yield running


def kept(book: Book) -> Any:
    with book.store.snapshot() as snapshot:
        return unpack(snapshot.get(Table.ATTEMPTS, phone_key(7, ANN.phone)) or b"")


# Pauses that were due


def test_the_pause_of_an_abandoned_call_stays_due_where_a_conversation_is_told_later() -> None:
    book = Book()
    [name] = book.claim(ANN)
    book.complete(name, outcome=ABANDONED)
    book.now_ms += HOUR_MS
    book.complete(name, outcome=CONVERSATION)

    findings, grounds = book.find(ANN, bounds=[UK, cooldown(CONVERSATION, 2)])

    assert findings["rule"].tolist() == [Rule.COOLDOWN, Rule.COOLDOWN]
    assert [ground.after for ground in grounds] == [ABANDONED, CONVERSATION]
    assert findings["retry_at_ms"].tolist() == [START_MS + 72 * HOUR_MS, START_MS + 3 * HOUR_MS]
    book.now_ms = START_MS + 72 * HOUR_MS - 1
    assert book.claim(ANN, bounds=[UK]) == [""]
    book.now_ms += 1
    assert book.claim(ANN, bounds=[UK]) != [""]


def test_an_outcome_that_nobody_told_starts_no_pause() -> None:
    book = Book()
    [name] = book.claim(ANN)
    book.complete(name, outcome=CONVERSATION)

    assert book.complete(name, outcome=ABANDONED) == bytes([2])

    assert len(book.find(ANN, bounds=[UK], now_ms=0)[0]) == 0
    assert book.claim(ANN, bounds=[UK]) != [""]


def test_pruning_keeps_an_attempt_until_the_last_that_was_told_of_it_is_old() -> None:
    book = Book()
    [name] = book.claim(ANN)
    for outcome in (NO_ANSWER, ABANDONED, CONVERSATION):
        book.now_ms += DAY_MS
        book.complete(name, outcome=outcome)

    book.prune(book.now_ms - 1)

    assert len(kept(book)) == 1


# Facts as of a time


@given(st.lists(st.sampled_from([RELEASED, NO_ANSWER, ABANDONED, CONVERSATION]), max_size=6))
def test_attempts_as_of_each_moment_are_what_was_kept_then(outcomes: list[AttemptOutcome]) -> None:
    book, before = Book(), []
    for outcome in [None, *outcomes]:
        if outcome is None:
            [name] = book.claim(ANN)
        else:
            book.complete(name, outcome=outcome)
        before.append((book.now_ms, kept(book)))
        book.now_ms += 1
        book.claim(ANN)

    for time_ms, then in before:
        assert np.array_equal(as_of(kept(book), time_ms), then)
    assert len(as_of(kept(book), START_MS - 1)) == 0


def test_a_stronger_outcome_always_comes_after_a_weaker_one() -> None:
    assert set(STRENGTHS) == set(AttemptOutcome)
    assert STRENGTHS[0] is AttemptOutcome.PENDING


# Explain


def explained(server: Served, **fields: Any) -> Any:
    request = pb.ExplainRequest(policy="calls", channel=1, row=pb.CheckRow(address=MIAMI), **fields)
    return server.api().call("Explain", request)


def checked(server: Served) -> Any:
    return server.api().check(MIAMI, policy="calls")


def test_an_answer_is_explained_by_the_outcome_of_its_time(server: Served) -> None:
    [name] = names(reserve(server.api(), MIAMI, policy="calls"))
    given = []
    for outcome in (RELEASED, NO_ANSWER, ABANDONED, CONVERSATION):
        server.clock.advance(HOUR_MS // 2)
        complete(server.api(), outcome, name)
        given.append((moment(server.clock()), checked(server)))
        server.clock.advance(1)

    for then, answer in given:
        assert explained(server, time=then).result == answer.results[0]
        assert explained(server, revision=answer.checked_at, contact_time=then).result == answer.results[0]
    assert [answer.results[0].verdict for _, answer in given] == [ALLOW, ALLOW, DEFER, DEFER]


def test_an_answer_that_counts_attempts_is_explained_as_of_its_revision_and_moment(server: Served) -> None:
    before, before_ms = checked(server), server.clock()
    server.clock.advance(60_000)
    reserve(server.api(), MIAMI, policy="calls")
    after, after_ms = checked(server), server.clock()
    server.clock.advance(60_000)
    server.api().add("+14155550199")

    for answer, then_ms in ((before, before_ms), (after, after_ms)):
        told = explained(server, revision=answer.checked_at, contact_time=moment(then_ms))
        assert told.result == answer.results[0]
    assert before.checked_at == after.checked_at
    assert (before.results[0].verdict, after.results[0].verdict) == (ALLOW, DEFER)


def test_a_revision_without_a_time_is_explained_at_the_last_moment_before_the_next_event(server: Served) -> None:
    answer = checked(server)
    server.clock.advance(60_000)
    reserve(server.api(), MIAMI, policy="calls")
    server.clock.advance(60_000)
    server.api().add("+14155550199")
    last_ms = server.clock() - 1
    server.clock.advance(DAY_MS)

    told = explained(server, revision=answer.checked_at)

    assert (told.result.verdict, in_ms(told.contact_time)) == (DEFER, last_ms)


def test_the_newest_revision_without_a_time_is_explained_as_of_now(server: Served) -> None:
    answer = checked(server)
    server.clock.advance(60_000)
    reserve(server.api(), MIAMI, policy="calls")

    told = explained(server, revision=answer.checked_at)

    assert told.result == explained(server).result == checked(server).results[0]
    assert in_ms(told.contact_time) == server.clock()


def test_attempts_that_came_after_the_revision_do_not_count_for_a_moment_that_was_planned(server: Served) -> None:
    answer, planned = checked(server), moment(server.clock() + 600_000)
    server.clock.advance(60_000)
    server.api().add("+14155550199")
    reserve(server.api(), MIAMI, policy="calls")

    told = explained(server, revision=answer.checked_at, contact_time=planned)

    assert (told.result.verdict, told.contact_time) == (ALLOW, planned)


def test_of_two_events_at_one_time_the_first_was_the_newest_at_that_time(server: Served) -> None:
    first = server.api().add("+14155550198").written_at
    server.api().add("+14155550199")

    assert in_ms(explained(server, revision=first).contact_time) == server.clock()
