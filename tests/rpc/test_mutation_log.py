"""The contract of every mutation log: append, read_from, head."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dncd import journal, labels
from dncd.addresses import target_from_text
from dncd.administration import create_account
from dncd.errors import LabelNotFound, RequestIdReused, ShuttingDown
from dncd.events import AddedEntry, Change, Draft, EntriesAdded, LabelArchived
from dncd.journal import MutationLog
from dncd.nouns import EntryReason, Role, Source
from dncd.storage.contract import Store
from dncd.storage.lmdb import LmdbStore
from dncd.writer import StoreLog
from serving import Clock

ACCOUNT = 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = LmdbStore.own(tmp_path / "store")
    create_account(made, 1, "default", "")
    yield made
    made.close()


@pytest.fixture(params=[StoreLog])
def log(request: pytest.FixtureRequest, store: Store, clock: Clock) -> Iterator[MutationLog]:
    """Each mutation log that there is; a replicated one will have to pass the same."""
    made = request.param(store, clock)
    made.start()
    yield made
    made.stop()


def draft(change: Change, request_id: bytes = b"", digest: bytes = b"") -> Draft:
    return Draft(ACCOUNT, "tester", Role.ADMIN, change, request_id, digest)


def addition(number: int, label: str = "do-not-contact") -> Draft:
    target = target_from_text(f"+1415555{number:04d}", "")
    return draft(EntriesAdded([AddedEntry(target, label, Source.API, EntryReason.LEGAL)]))


def test_positions_count_up_without_gaps_and_the_head_is_the_last(log: MutationLog) -> None:
    begun = log.head().position

    written = [log.append(addition(number)).position for number in range(5)]

    assert written == list(range(begun + 1, begun + 6))
    assert log.head().position == written[-1]


def test_what_was_appended_is_applied_when_append_returns(log: MutationLog, store: Store) -> None:
    log.append(addition(1))

    with store.snapshot() as snapshot:
        assert labels.count_entries(snapshot, ACCOUNT, labels.DO_NOT_CONTACT_ID) == 1


def test_what_was_appended_is_read_back_in_order_from_any_position(log: MutationLog) -> None:
    begun = log.head().position
    drafts = [addition(number) for number in range(4)]
    for each in drafts:
        log.append(each)

    for skipped in range(5):
        rows = list(log.read_from(begun + skipped))
        assert [row.event().draft for row in rows] == drafts[skipped:]
        assert [row.position for row in rows] == list(range(begun + skipped + 1, begun + 5))


def test_reading_from_the_head_gives_nothing(log: MutationLog) -> None:
    assert list(log.read_from(log.head().position)) == []


def test_a_refused_change_leaves_no_trace(log: MutationLog) -> None:
    head = log.head()

    with pytest.raises(LabelNotFound):
        log.append(addition(1, "missing"))

    assert log.head() == head


def test_the_same_request_gives_its_first_answer_and_another_one_is_refused(log: MutationLog, clock: Clock) -> None:
    change = addition(1).change
    first = log.append(draft(change, b"i" * 16, b"d" * 32))
    clock.advance(5000)

    again = log.append(draft(change, b"i" * 16, b"d" * 32))

    assert again == first
    with pytest.raises(RequestIdReused):
        log.append(draft(change, b"i" * 16, b"e" * 32))
    assert log.head().position == first.position


def test_time_never_runs_backwards(log: MutationLog, clock: Clock) -> None:
    first = log.append(addition(1))
    clock.advance(-3_600_000)

    second = log.append(addition(2))

    assert second.time_ms == first.time_ms
    assert log.head().time_ms == first.time_ms


def test_many_callers_at_once_lose_nothing_and_the_chain_holds(log: MutationLog, store: Store) -> None:
    begun = log.head().position
    start = threading.Barrier(8)

    def append_some(caller: int) -> list[int]:
        start.wait()
        return [log.append(addition(caller * 100 + number)).position for number in range(12)]

    with ThreadPoolExecutor(8) as pool:
        written = [position for positions in pool.map(append_some, range(8)) for position in positions]

    assert sorted(written) == list(range(begun + 1, begun + 97))
    with store.snapshot() as snapshot:
        assert journal.verify(snapshot).intact
        assert labels.count_entries(snapshot, ACCOUNT, labels.DO_NOT_CONTACT_ID) == 96


def test_one_refused_change_leaves_those_that_share_its_commit_alone(log: MutationLog) -> None:
    begun = log.head().position

    def append(number: int) -> bool:
        try:
            log.append(addition(number, "missing" if number % 3 == 0 else "do-not-contact"))
        except LabelNotFound:
            return False
        return True

    with ThreadPoolExecutor(16) as pool:
        accepted = list(pool.map(append, range(48)))

    assert accepted == [number % 3 != 0 for number in range(48)]
    assert log.head().position == begun + 32


def test_a_stopped_log_refuses_what_comes_later(store: Store, clock: Clock) -> None:
    log = StoreLog(store, clock)
    log.start()
    log.append(addition(1))
    log.stop()

    with pytest.raises(ShuttingDown):
        log.append(addition(2))


def test_a_preview_tells_the_outcome_and_changes_nothing(store: Store, clock: Clock) -> None:
    log = StoreLog(store, clock)
    head = log.head()

    previewed = log.preview(addition(1))

    assert previewed.codes == b"\x01"
    assert log.head() == head
    with pytest.raises(LabelNotFound):
        log.preview(draft(LabelArchived("missing")))
