"""What is known about rows that repeat an address is what is known about each, read once where there is much of it."""

from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dncd import lookup
from dncd.storage.contract import Table
from dncd.storage.keys import phone_key
from dncd.storage.memory import MemoryStore

NUMBERS = range(14155550100, 14155550106)


@given(st.lists(st.sampled_from(NUMBERS), max_size=30), st.integers(1, 8), st.sampled_from([1, 200, 10**9]))
def test_repeated_addresses_are_known_as_each_is_alone(numbers: list[int], part_keys: int, part_bytes: int) -> None:
    store, keys = MemoryStore(), [phone_key(7, number) for number in numbers]
    known = {phone_key(7, number): b"%d" % number * 5 for number in NUMBERS if number % 3}
    with store.transaction() as txn:
        txn.put_many(Table.ADDRESSES, list(known.items()))

    with (
        store.snapshot() as snapshot,
        patch.object(lookup, "_PART_KEYS", part_keys),
        patch.object(lookup, "_PART_BYTES", part_bytes),
    ):
        rows, found, values = lookup.known_values(snapshot, np.arange(len(keys)), keys)

    assert [int(row) for row in rows] == [row for row, key in enumerate(keys) if key in known]
    assert found == [key for key in keys if key in known]
    assert values == [known[key] for key in found]
