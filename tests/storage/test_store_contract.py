"""Every sentence of storage/contract.py, for every backend."""

import threading
from collections.abc import Callable

import numpy as np
import pytest

from dncd.storage.contract import Snapshot, Store, Table
from dncd.storage.keys import Kind, phone_key, phone_keys, text_key
from dncd.storage.schema import EPOCH_ROW, SCHEMA_ROW, STORAGE_PREFIX, STORE_ROW

KEYS = [b"\x00", b"a", b"a\x00", b"a\xff", b"a\xff\xff", b"b", b"\xff", b"\xff\xff", b"\xff\xff\x01"]


def write(store: Store, table: Table, *keys: bytes, value: bytes = b"value") -> None:
    with store.transaction() as transaction:
        for key in keys:
            transaction.put(table, key, value)


def scanned(store: Store, prefix: bytes = b"", *, start: bytes | None = None, reverse: bool = False) -> list[bytes]:
    with store.snapshot() as snapshot:
        return [key for key, _ in snapshot.scan(Table.LABELS, prefix, start=start, reverse=reverse)]


def test_new_store_tells_its_schema_its_id_and_its_epoch(store: Store) -> None:
    with store.snapshot() as snapshot:
        rows = {key: value for key, value in snapshot.scan(Table.META) if not key.startswith(STORAGE_PREFIX)}

    assert rows == {SCHEMA_ROW: b"2", STORE_ROW: store.id.encode(), EPOCH_ROW: b"1"}


@pytest.mark.parametrize("table", [table for table in Table if table is not Table.META])
def test_new_tables_are_empty(store: Store, table: Table) -> None:
    with store.snapshot() as snapshot:
        assert snapshot.count(table) == 0
        assert list(snapshot.scan(table)) == []
        assert list(snapshot.scan(table, reverse=True)) == []


def test_get_returns_what_was_put_and_none_otherwise(store: Store) -> None:
    write(store, Table.LABELS, b"key", value=b"")

    with store.snapshot() as snapshot:
        assert snapshot.get(Table.LABELS, b"key") == b""
        assert snapshot.get(Table.LABELS, b"ke") is None
        assert snapshot.get(Table.POLICIES, b"key") is None


def test_get_many_answers_in_the_order_of_the_keys_with_duplicates(store: Store) -> None:
    write(store, Table.LABELS, b"a", value=b"1")
    write(store, Table.LABELS, b"b", value=b"2")

    with store.snapshot() as snapshot:
        values = snapshot.get_many(Table.LABELS, [b"b", b"x", b"a", b"b"])

    assert values == [b"2", None, b"1", b"2"]


def test_put_replaces_and_counts_once(store: Store) -> None:
    write(store, Table.LABELS, b"key", value=b"old")
    write(store, Table.LABELS, b"key", value=b"new")

    with store.snapshot() as snapshot:
        assert snapshot.get(Table.LABELS, b"key") == b"new"
        assert snapshot.count(Table.LABELS) == 1


def test_delete_tells_whether_the_row_was_there(store: Store) -> None:
    write(store, Table.LABELS, b"key")

    with store.transaction() as transaction:
        answers = [transaction.delete(Table.LABELS, b"key"), transaction.delete(Table.LABELS, b"key")]

    assert answers == [True, False]
    assert scanned(store) == []


def test_scan_yields_rows_in_key_order_both_ways(store: Store) -> None:
    write(store, Table.LABELS, *KEYS)

    assert scanned(store) == sorted(KEYS)
    assert scanned(store, reverse=True) == sorted(KEYS, reverse=True)


@pytest.mark.parametrize("prefix", [b"\x00", b"a", b"a\xff", b"a\xff\xff", b"\xff", b"\xff\xff", b"\xff\xff\xff", b"c"])
def test_scan_keeps_to_its_prefix_even_of_ff_bytes(store: Store, prefix: bytes) -> None:
    write(store, Table.LABELS, *KEYS)
    expected = sorted(key for key in KEYS if key.startswith(prefix))

    assert scanned(store, prefix) == expected
    assert scanned(store, prefix, reverse=True) == expected[::-1]


@pytest.mark.parametrize("start", [b"a", b"a\x00", b"a\x01", b"a\xff\x00", b"a\xff\xff\xff"])
def test_scan_begins_at_the_first_key_not_before_start(store: Store, start: bytes) -> None:
    write(store, Table.LABELS, *KEYS)
    inside = sorted(key for key in KEYS if key.startswith(b"a"))

    assert scanned(store, b"a", start=start) == [key for key in inside if key >= start]
    assert scanned(store, b"a", start=start, reverse=True) == [key for key in reversed(inside) if key <= start]


def test_scan_starting_beyond_the_last_key_finds_nothing_forwards_and_all_backwards(store: Store) -> None:
    write(store, Table.LABELS, b"a", b"b")

    assert scanned(store, start=b"z") == []
    assert scanned(store, start=b"z", reverse=True) == [b"b", b"a"]
    assert scanned(store, start=b"A", reverse=True) == []


def test_start_outside_the_prefix_is_a_mistake(store: Store) -> None:
    with store.snapshot() as snapshot, pytest.raises(AssertionError):
        snapshot.scan(Table.LABELS, b"a", start=b"b")


@pytest.mark.parametrize("reverse", [False, True])
def test_rows_may_be_deleted_during_their_scan(store: Store, reverse: bool) -> None:
    keys = [b"%03d" % number for number in range(300)]
    write(store, Table.LABELS, *keys)

    with store.transaction() as transaction:
        seen = []
        for key, _ in transaction.scan(Table.LABELS, reverse=reverse):
            seen.append(key)
            transaction.delete(Table.LABELS, key)

    assert sorted(seen) == keys
    assert scanned(store) == []


@pytest.mark.parametrize(("reverse", "later"), [(False, b"c"), (True, b"a")])
def test_scan_of_a_transaction_sees_rows_put_ahead_of_it(store: Store, reverse: bool, later: bytes) -> None:
    write(store, Table.LABELS, b"b")

    with store.transaction() as transaction:
        scan = transaction.scan(Table.LABELS, reverse=reverse)
        first = next(scan)[0]
        transaction.put(Table.LABELS, later, b"value")
        rest = [key for key, _ in scan]

    assert [first, *rest] == [b"b", later]


def test_transaction_reads_its_own_writes(store: Store) -> None:
    phones = np.array([14155550123], dtype=np.uint64)

    with store.transaction() as transaction:
        transaction.put(Table.ADDRESSES, phone_key(1, 14155550123), b"row")

        assert transaction.get(Table.ADDRESSES, phone_key(1, 14155550123)) == b"row"
        assert transaction.count(Table.ADDRESSES) == 1
        assert transaction.maybe_known_phones(1, phones).all()
        assert transaction.maybe_known([phone_key(1, 14155550123)]).all()


def test_a_block_that_raises_leaves_everything_as_it_was(store: Store) -> None:
    write(store, Table.LABELS, b"kept", b"deleted")

    def change_and_raise() -> None:
        with store.transaction() as transaction:
            transaction.put(Table.LABELS, b"new", b"value")
            transaction.delete(Table.LABELS, b"deleted")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_raise()

    assert scanned(store) == [b"deleted", b"kept"]


def test_store_takes_changes_after_one_was_undone(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():
        raise ZeroDivisionError

    write(store, Table.LABELS, b"key")

    assert scanned(store) == [b"key"]


def test_snapshot_never_sees_a_later_commit(store: Store) -> None:
    write(store, Table.LABELS, b"old")

    with store.snapshot() as before:
        write(store, Table.LABELS, b"new")
        with store.snapshot() as after:
            keys = [[key for key, _ in view.scan(Table.LABELS)] for view in (before, after)]

    assert keys == [[b"old"], [b"new", b"old"]]


def test_snapshot_never_sees_an_open_transaction(store: Store) -> None:
    with store.transaction() as transaction:
        transaction.put(Table.LABELS, b"key", b"value")
        with store.snapshot() as snapshot:
            assert snapshot.get(Table.LABELS, b"key") is None


def test_writers_of_many_threads_take_turns(store: Store) -> None:
    def count_up() -> None:
        for _ in range(20):
            with store.transaction() as transaction:
                number = int(transaction.get(Table.LABELS, b"sum") or b"0")
                transaction.put(Table.LABELS, b"sum", b"%d" % (number + 1))

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with store.snapshot() as snapshot:
        assert snapshot.get(Table.LABELS, b"sum") == b"80"


def test_readers_of_many_threads_see_whole_commits_only(store: Store) -> None:
    done = threading.Event()
    torn: list[tuple[bytes | None, ...]] = []

    def read() -> None:
        while not done.is_set():
            with store.snapshot() as snapshot:
                values = tuple(snapshot.get_many(Table.LABELS, [b"left", b"right"]))
            if values[0] != values[1]:
                torn.append(values)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for number in range(50):
        write(store, Table.LABELS, b"left", b"right", value=b"%d" % number)
    done.set()
    for reader in readers:
        reader.join()

    assert torn == []


def by_phone(view: Snapshot, phones: np.ndarray) -> np.ndarray:
    return view.maybe_known_phones(7, phones)


def by_key(view: Snapshot, phones: np.ndarray) -> np.ndarray:
    return view.maybe_known(phone_keys(7, phones))


@pytest.mark.parametrize("ask", [by_phone, by_key])
@pytest.mark.parametrize("rows", [0, 1, 8, 9, 500])
def test_every_known_number_is_flagged(
    store: Store, ask: Callable[[Snapshot, np.ndarray], np.ndarray], rows: int
) -> None:
    phones = np.arange(14155550000, 14155550000 + rows, dtype=np.uint64)
    write(store, Table.ADDRESSES, *phone_keys(7, phones))

    with store.snapshot() as snapshot:
        mask = ask(snapshot, phones)

    assert mask.dtype == np.bool_
    assert mask.shape == (rows,)
    assert mask.all()


def test_every_known_address_of_any_kind_is_flagged(store: Store) -> None:
    keys = [text_key(7, kind, f"{number}.example") for kind in Kind for number in range(20)]
    # As long as the key of a phone number, and longer than any.
    keys += [text_key(7, Kind.EMAIL, "12345678"), text_key(7, Kind.PHONE, "short"), text_key(7, Kind.EMAIL, "x" * 300)]
    write(store, Table.ADDRESSES, *keys)

    with store.snapshot() as snapshot:
        assert snapshot.maybe_known(keys).all()
        assert snapshot.maybe_known(keys[:3]).all()


@pytest.mark.parametrize("table", [Table.ADDRESSES, Table.ATTEMPTS])
@pytest.mark.parametrize("rows", [1, 500])
def test_a_key_of_either_table_is_flagged_at_once_and_for_its_account_alone(
    store: Store, table: Table, rows: int
) -> None:
    phones = np.arange(14155550000, 14155550000 + rows, dtype=np.uint64)
    keys = [*phone_keys(7, phones), text_key(7, Kind.CONTACT, "ann"), text_key(7, Kind.DEBT, "ann")]

    with store.transaction() as transaction:
        transaction.put_many(table, [(key, b"row") for key in keys])
        within = transaction.maybe_known(keys).all()

    with store.snapshot() as snapshot:
        assert within
        assert snapshot.maybe_known_phones(7, phones).all()
        assert snapshot.maybe_known(keys).all()
        assert snapshot.maybe_known_phones(8, phones).sum() <= rows // 10
        assert not snapshot.maybe_known([text_key(7, Kind.CONTACT, "bob"), text_key(8, Kind.DEBT, "ann")]).any()


def test_few_unknown_addresses_are_flagged(store: Store) -> None:
    write(store, Table.ADDRESSES, *phone_keys(7, np.arange(14155550000, 14155552000, dtype=np.uint64)))
    others = np.arange(14155560000, 14155570000, dtype=np.uint64)

    with store.snapshot() as snapshot:
        flagged = [int(snapshot.maybe_known_phones(account, others).sum()) for account in (7, 8)]

    assert max(flagged) < 100
