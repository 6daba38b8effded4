"""The stream of attempts: replay, pruning, request ids, clocks, and what stands in the store."""

from pathlib import Path
from uuid import UUID

import pytest

from attempts.attempting import DAY_MS, HOUR_MS, LEASE_MS, START_MS, Book, Wanted, cooldown, limit
from dncd import attempt_log, journal
from dncd.attempts import RECORDED, UNCHANGED, UNKNOWN, count_keys, fullness
from dncd.encoding.values import canonical_target
from dncd.errors import RequestIdReused, StoreCorrupt
from dncd.events import AccountCreated
from dncd.kept_attempts import ATTEMPT_BYTES, pack_claim
from dncd.limits import ATTEMPT_WINDOW_HOURS_MAX, ATTEMPTS_KEPT_MAX
from dncd.nouns import AttemptOutcome, AttemptScope, Channel, Rule
from dncd.storage.contract import Store, Table
from dncd.storage.keys import Kind, phone_key, text_key
from dncd.storage.lmdb import LmdbStore
from dncd.storage.memory import MemoryStore
from replaying import tables_of

ANN = Wanted(14155550100, "ann", "loan-1")
BOB = Wanted(14155550101, "bob")
REQUEST = UUID(int=1).bytes
LONGEST = limit(1, ATTEMPT_WINDOW_HOURS_MAX)
# The weakest first.
STRONGER = [
    AttemptOutcome.RELEASED,
    AttemptOutcome.NO_ANSWER,
    AttemptOutcome.ABANDONED,
    AttemptOutcome.CONVERSATION,
]


def replayed(original: Store, copy: Store) -> Store:
    with original.snapshot() as snapshot, copy.transaction() as txn:
        for _, encoded in attempt_log.read_from(snapshot, 0):
            attempt_log.replay(txn, encoded)
    return copy


def rows_of(store: Store, table: Table) -> int:
    with store.snapshot() as snapshot:
        return snapshot.count(table)


def full_story(book: Book) -> None:
    [first] = book.claim(ANN, bounds=[limit(1, 24)], request_id=REQUEST, digest=b"first")
    book.claim(ANN, BOB, bounds=[limit(1, 24)], channel=Channel.SMS)
    book.now_ms += HOUR_MS
    book.complete(first, "9-9", "nonsense", first, outcome=AttemptOutcome.NO_ANSWER)
    book.complete(first, outcome=AttemptOutcome.CONVERSATION)
    book.claim(BOB, bounds=[limit(1, 24), cooldown(AttemptOutcome.CONVERSATION, days=7)], account=8)


def test_a_replay_of_the_stream_gives_the_same_tables() -> None:
    book = Book()
    full_story(book)

    copy = replayed(book.store, MemoryStore())

    with book.store.snapshot() as there, copy.snapshot() as here:
        assert tables_of(here) == tables_of(there)


def test_a_replica_that_follows_prunes_as_the_first_store_did() -> None:
    book, replica = Book(), MemoryStore()
    for _ in range(3):
        full_story(book)
        book.now_ms += 20 * DAY_MS
        book.prune(book.now_ms - 31 * DAY_MS)

        with book.store.snapshot() as there, replica.snapshot() as before, replica.transaction() as txn:
            for _, encoded in attempt_log.read_from(there, attempt_log.head(before).position):
                attempt_log.replay(txn, encoded)
        with book.store.snapshot() as there, replica.snapshot() as here:
            assert tables_of(here) == tables_of(there)


def test_a_replay_of_another_story_is_refused() -> None:
    book = Book()
    full_story(book)
    other = Book()
    other.claim(ANN)

    with pytest.raises(StoreCorrupt, match="does not do again"):
        replayed(book.store, other.store)


def test_the_journal_holds_nothing_of_attempts() -> None:
    book = Book()

    full_story(book)

    with book.store.snapshot() as snapshot:
        assert journal.head(snapshot) == journal.Head()
        assert attempt_log.head(snapshot).position == 5


def test_a_store_on_disk_counts_as_one_in_memory(tmp_path: Path) -> None:
    store = LmdbStore.own(tmp_path)
    on_disk, in_memory = Book(store), Book()
    for book in (on_disk, in_memory):
        full_story(book)

    bounds = (limit(1, 24), limit(1, 24, AttemptScope.CONTACT), cooldown(AttemptOutcome.CONVERSATION, days=7))
    for account in (7, 8):
        found, grounds = on_disk.find(ANN, BOB, bounds=bounds, account=account)
        expected, expected_grounds = in_memory.find(ANN, BOB, bounds=bounds, account=account)
        assert found.tolist() == expected.tolist()
        assert grounds == expected_grounds
    store.close()


def test_two_accounts_do_not_count_each_others_attempts() -> None:
    book = Book()
    [name] = book.claim(ANN)

    assert book.claim(ANN, bounds=[limit(1, 24)], account=8) != [""]
    assert len(book.find(ANN, bounds=[limit(1, 24)], account=9)[0]) == 0
    assert book.complete(name, account=9) == bytes([UNKNOWN])


def test_a_claim_that_is_not_completed_counts_until_its_lease_ends() -> None:
    book, bounds = Book(), [limit(1, 24)]
    book.claim(ANN)

    findings, _ = book.find(ANN, bounds=bounds)
    book.now_ms += LEASE_MS - 1
    assert book.claim(ANN, bounds=bounds) == [""]
    book.now_ms += 1

    assert findings["retry_at_ms"].tolist() == [START_MS + LEASE_MS]
    assert book.claim(ANN, bounds=bounds) != [""]


def test_a_claim_that_is_given_back_counts_no_more() -> None:
    book, bounds = Book(), [limit(1, 24)]
    [name] = book.claim(ANN)

    book.complete(name, outcome=AttemptOutcome.RELEASED)

    assert book.claim(ANN, bounds=bounds) != [""]


def test_a_claim_completed_after_its_lease_counts_again_from_its_own_time() -> None:
    book, bounds = Book(), [limit(1, 24)]
    [name] = book.claim(ANN)
    book.now_ms += 2 * HOUR_MS

    assert book.complete(name) == bytes([RECORDED])

    findings, _ = book.find(ANN, bounds=bounds)
    assert findings["retry_at_ms"].tolist() == [START_MS + 24 * HOUR_MS]


@pytest.mark.parametrize("first", STRONGER)
@pytest.mark.parametrize("second", STRONGER)
def test_a_stronger_outcome_takes_the_place_of_a_weaker_one_and_never_the_other_way_round(
    first: AttemptOutcome, second: AttemptOutcome
) -> None:
    book = Book()
    [name] = book.claim(ANN)
    book.complete(name, outcome=first)

    told = book.complete(name, outcome=second)

    stronger = STRONGER.index(second) > STRONGER.index(first)
    assert told == bytes([RECORDED if stronger else UNCHANGED])
    findings, _ = book.find(ANN, bounds=[limit(1, 24), cooldown(AttemptOutcome.CONVERSATION, 48)])
    stands = max(first, second, key=STRONGER.index)
    rules = {AttemptOutcome.RELEASED: [], AttemptOutcome.CONVERSATION: [Rule.ATTEMPT_LIMIT, Rule.COOLDOWN]}
    assert findings["rule"].tolist() == rules.get(stands, [Rule.ATTEMPT_LIMIT])


def test_an_attempt_given_back_by_mistake_counts_again_from_its_own_time_and_pauses_from_the_later_report() -> None:
    book = Book()
    [name] = book.claim(ANN)
    book.complete(name, outcome=AttemptOutcome.RELEASED)
    book.now_ms += HOUR_MS
    book.complete(name, outcome=AttemptOutcome.CONVERSATION)
    book.now_ms += HOUR_MS
    book.complete(name, outcome=AttemptOutcome.NO_ANSWER)

    findings, _ = book.find(ANN, bounds=[limit(1, 24), cooldown(AttemptOutcome.CONVERSATION, 48)])

    assert findings["retry_at_ms"].tolist() == [START_MS + 24 * HOUR_MS, START_MS + 49 * HOUR_MS]


@pytest.mark.parametrize(
    "name", ["", "1", "1-", "-0", "01-0", "1-00", "1-1", "2-0", "1-0 ", "1-0\n", "9" * 19 + "-0", "x"]
)
def test_a_name_that_nobody_gave_is_unknown(name: str) -> None:
    book = Book()
    book.claim(ANN)

    assert book.complete(name) == bytes([UNKNOWN])


def test_an_attempt_is_counted_by_every_id_that_was_given_whatever_policy_asked() -> None:
    book = Book()
    book.claim(ANN)

    same_contact, same_debt = Wanted(1, "ann"), Wanted(2, "", "loan-1")
    bounds = (limit(1, 24, AttemptScope.CONTACT),)

    assert book.claim(same_contact, bounds=bounds) == [""]
    assert book.claim(same_debt, bounds=[limit(1, 24, AttemptScope.DEBT)]) == [""]
    assert book.claim(Wanted(3, "loan-1"), bounds=bounds) != [""]


def test_a_request_id_gives_its_first_answer_and_claims_once() -> None:
    book = Book()
    first = book.claim(ANN, request_id=REQUEST, digest=b"a")

    again = book.claim(ANN, request_id=REQUEST, digest=b"a")

    assert again == first
    assert book.head().position == 1
    assert book.claim(ANN, request_id=REQUEST, digest=b"b", account=8) != [""]


def test_a_request_id_of_another_request_is_refused() -> None:
    book = Book()
    book.claim(ANN, request_id=REQUEST, digest=b"a")

    with pytest.raises(RequestIdReused):
        book.claim(ANN, request_id=REQUEST, digest=b"b")


def test_a_request_id_of_the_journal_is_refused_for_attempts_and_the_other_way_round() -> None:
    of_attempts, of_journal = Book(), Book()
    of_attempts.claim(ANN, request_id=REQUEST, digest=b"a")
    of_journal.accept(AccountCreated("acme"), request_id=REQUEST, digest=b"b")

    with pytest.raises(RequestIdReused):
        of_attempts.accept(AccountCreated("acme"), request_id=REQUEST, digest=b"b")
    with pytest.raises(RequestIdReused):
        of_journal.claim(ANN, request_id=REQUEST, digest=b"a")

    assert rows_of(of_attempts.store, Table.JOURNAL) == 0
    assert rows_of(of_journal.store, Table.ATTEMPT_EVENTS) == 0
    assert of_journal.claim(ANN, request_id=REQUEST, digest=b"a", account=8) != [""]


def test_a_lease_runs_from_the_time_of_the_stream_so_that_a_clock_behind_frees_nothing_early() -> None:
    book, bounds = Book(), [limit(1, 24)]
    book.claim(BOB)
    book.now_ms -= HOUR_MS
    book.claim(ANN)

    book.now_ms = START_MS + LEASE_MS - 1
    findings, _ = book.find(ANN, bounds=bounds)

    assert findings["retry_at_ms"].tolist() == [START_MS + LEASE_MS]
    assert book.claim(ANN, bounds=bounds) == [""]
    book.now_ms += 1
    assert book.claim(ANN, bounds=bounds) != [""]


def test_nothing_ends_by_a_clock_that_ran_ahead() -> None:
    book, bounds = Book(), [limit(2, 24), cooldown(AttemptOutcome.ABANDONED, 72)]
    [name] = book.claim(ANN)
    book.complete(name)
    book.claim(BOB, lease_ms=HOUR_MS)
    book.now_ms += 30 * DAY_MS
    book.claim(Wanted(14155559999))

    # The clock is right again; the stream's time stays where it is.
    book.now_ms = START_MS + 60_000

    assert book.claim(ANN, bounds=bounds) != [""]
    assert book.claim(ANN, bounds=bounds) == [""]
    assert book.claim(BOB, bounds=[limit(1, 24)]) == [""]
    assert book.head().time_ms == START_MS + 30 * DAY_MS


def test_a_claim_is_judged_by_the_time_that_was_asked_about_however_long_it_waited() -> None:
    book, bounds = Book(), [limit(1, 24)]
    book.claim(ANN)
    asked_ms = book.now_ms
    book.now_ms += LEASE_MS

    assert book.claim(ANN, bounds=bounds, asked_ms=asked_ms) == [""]


def filled(key: bytes, spare: int = 0) -> Book:
    """Return a book where a key has as many attempts as are kept, but for some."""
    book = Book()
    kept = range(ATTEMPTS_KEPT_MAX - spare)
    full = b"".join(pack_claim(START_MS + row, START_MS, 1, row, Channel.VOICE) for row in kept)
    with book.store.transaction() as txn:
        txn.put(Table.ATTEMPTS, key, full)
    return book


@pytest.mark.parametrize(
    "key", [phone_key(7, ANN.phone), text_key(7, Kind.CONTACT, "ann"), text_key(7, Kind.DEBT, "loan-1")]
)
def test_what_has_as_many_attempts_as_are_kept_refuses_its_own_row_alone(key: bytes) -> None:
    book = filled(key)

    claims = book.claim(BOB, ANN, BOB)

    assert [bool(name) for name in claims] == [True, False, True]
    with book.store.snapshot() as snapshot:
        assert len(snapshot.get(Table.ATTEMPTS, key) or b"") == ATTEMPTS_KEPT_MAX * ATTEMPT_BYTES
        assert snapshot.count(Table.RESERVATIONS) == 2


def test_rows_of_one_request_fill_the_bound_together() -> None:
    book = filled(phone_key(7, ANN.phone), spare=2)

    claims = book.claim(ANN, ANN, ANN, BOB)

    assert [bool(name) for name in claims] == [True, True, False, True]


def test_what_is_full_has_room_when_its_oldest_attempt_is_forgotten() -> None:
    contact = text_key(7, Kind.CONTACT, "ann")
    book = filled(contact)
    keys = count_keys(7, canonical_target("+14155550100"), "ann", "loan-1")

    with book.store.snapshot() as snapshot:
        full = fullness(snapshot, keys)
        nothing = fullness(snapshot, count_keys(7, canonical_target("+14155550100"), "bob", ""))

    assert full == (AttemptScope.CONTACT, START_MS + (ATTEMPT_WINDOW_HOURS_MAX + 1) * HOUR_MS)
    assert nothing is None


def test_pruning_keeps_what_the_longest_window_needs() -> None:
    book = Book()
    [name] = book.claim(ANN)
    book.complete(name)
    ends_ms = START_MS + ATTEMPT_WINDOW_HOURS_MAX * HOUR_MS

    book.now_ms = ends_ms - 1
    book.prune(book.now_ms - ATTEMPT_WINDOW_HOURS_MAX * HOUR_MS)

    findings, _ = book.find(ANN, bounds=[LONGEST])
    assert findings["retry_at_ms"].tolist() == [ends_ms]
    assert book.claim(ANN, bounds=[LONGEST]) == [""]


def test_pruning_leaves_nothing_of_what_no_window_needs() -> None:
    book = Book()
    [name, _] = book.claim(ANN, BOB, request_id=REQUEST)
    book.complete(name)
    book.now_ms += 40 * DAY_MS

    book.prune(START_MS)

    counts = {
        table: rows_of(book.store, table) for table in Table if table.value.startswith(("attempt", "reservation"))
    }
    assert counts == {
        Table.ATTEMPTS: 0,
        Table.RESERVATIONS: 0,
        Table.ATTEMPT_REQUESTS: 0,
        Table.ATTEMPT_EVENTS: 1,
    }
    assert book.complete(name) == bytes([UNKNOWN])


def test_pruning_keeps_younger_attempts_of_the_same_number() -> None:
    book = Book()
    book.claim(ANN)
    book.now_ms += DAY_MS
    [younger] = book.claim(ANN)

    book.prune(START_MS)

    assert book.complete(younger) == bytes([RECORDED])
    _, grounds = book.find(ANN, bounds=[limit(1, 24), limit(1, 24, AttemptScope.DEBT)])
    assert [ground.attempts for ground in grounds] == [1, 1]


def test_pruning_keeps_an_outcome_that_came_long_after_its_claim() -> None:
    book, bounds = Book(), [cooldown(AttemptOutcome.ABANDONED, 72)]
    [name] = book.claim(ANN)
    book.now_ms += 30 * DAY_MS
    book.complete(name, outcome=AttemptOutcome.ABANDONED)

    book.prune(START_MS + DAY_MS)
    findings, _ = book.find(ANN, bounds=bounds)
    book.prune(book.now_ms)

    assert findings["rule"].tolist() == [Rule.COOLDOWN]
    assert rows_of(book.store, Table.ATTEMPTS) == 0
    assert rows_of(book.store, Table.RESERVATIONS) == 0


def test_pruning_keeps_a_stronger_outcome_until_its_own_report_is_old() -> None:
    book, bounds = Book(), [cooldown(AttemptOutcome.CONVERSATION, 72)]
    [name] = book.claim(ANN)
    book.complete(name, outcome=AttemptOutcome.NO_ANSWER)
    book.now_ms += 30 * DAY_MS
    book.complete(name, outcome=AttemptOutcome.CONVERSATION)
    book.complete(name, outcome=AttemptOutcome.CONVERSATION)

    book.prune(START_MS + DAY_MS)
    findings, _ = book.find(ANN, bounds=bounds)
    book.prune(book.now_ms)

    assert findings["rule"].tolist() == [Rule.COOLDOWN]
    assert rows_of(book.store, Table.ATTEMPTS) == 0
    assert rows_of(book.store, Table.RESERVATIONS) == 0


def test_pruning_goes_on_where_it_stopped() -> None:
    book = Book()
    for _ in range(5):
        book.claim(ANN, BOB)
    left = []

    for _ in range(3):
        book.prune(START_MS, events_max=4)
        left.append(rows_of(book.store, Table.RESERVATIONS))

    assert left == [6, 2, 0]
