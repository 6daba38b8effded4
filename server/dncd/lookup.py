"""Looking up what is known about the addresses of a batch: from rows to keys, to packed values, to facts."""

from collections.abc import Iterator
from itertools import compress
from typing import Final

import numpy as np

from dncd.addresses import covering_domains
from dncd.batch import Batch
from dncd.catalog import Catalog
from dncd.columns import told_apart
from dncd.facts import FACT_BYTES, Facts, join
from dncd.findings import Rows
from dncd.storage.contract import Snapshot, Table
from dncd.storage.keys import Kind, phone_keys, text_key

# Python 3.11 takes 0.15 us to read a member of an enum.
_ADDRESSES: Final = Table.ADDRESSES
_NO_FACTS: Final[Facts] = join([])
# What is read before keys are told apart: mostly that is all, and reading one twice costs less.
_PART_KEYS: Final = 1_000
_PART_BYTES: Final = 16 * 1024**2
NO_ROWS: Final[Rows] = np.zeros(0, dtype=np.intp)


def own_keys(snapshot: Snapshot, account_id: int, batch: Batch) -> tuple[Rows, list[bytes]]:
    """Return the rows whose addresses may be known, and their keys; the index rules out all others."""
    if batch.phones is not None:
        # The index may flag 0, which stands for a row that is no address; no row of a table has that key.
        rows = np.flatnonzero(snapshot.maybe_known_phones(account_id, batch.phones))
        return rows, phone_keys(account_id, batch.phones[rows]) if len(rows) else []
    all_keys = [text_key(account_id, Kind.EMAIL, email) for email in batch.emails]
    rows = np.flatnonzero(snapshot.maybe_known(all_keys))
    return rows, [all_keys[row] for row in rows.tolist()]


def covering_keys(catalog: Catalog, batch: Batch) -> Iterator[tuple[Rows, list[bytes]]]:
    """Yield rows that prefixes and domains of the account cover, with the keys of those."""
    if batch.phones is not None:
        yield from catalog.covering_prefixes(batch.phones)
    elif catalog.domains:
        covered = [
            (row, text_key(catalog.account_id, Kind.DOMAIN, domain))
            for row, email in enumerate(batch.emails)
            for domain in (covering_domains(email) if email else ())
            if domain in catalog.domains
        ]
        yield np.array([row for row, _ in covered], dtype=np.intp), [key for _, key in covered]


def known_values(snapshot: Snapshot, rows: Rows, keys: list[bytes]) -> tuple[Rows, list[bytes], list[bytes]]:
    """Find what is known: for each value found its row, its address key, and the value."""
    if not keys:
        return rows, keys, []
    values = _values(snapshot, keys)
    if None not in values:
        return rows, keys, values  # type: ignore[return-value]  # the line above is what mypy cannot see
    known = [value is not None for value in values]
    return rows[np.array(known)], list(compress(keys, known)), [value for value in values if value is not None]


def _values(snapshot: Snapshot, keys: list[bytes]) -> list[bytes | None]:
    """Read the value of each key; once there are many bytes, what occurs several times is read once, and kept once."""
    if len(keys) <= _PART_KEYS:
        return snapshot.get_many(_ADDRESSES, keys)
    values: list[bytes | None] = []
    read_bytes = 0
    while len(values) < len(keys) and read_bytes < _PART_BYTES:
        part = snapshot.get_many(_ADDRESSES, keys[len(values) : len(values) + _PART_KEYS])
        read_bytes += sum(map(len, filter(None, part)))
        values += part
    different, place_of = told_apart(keys[len(values) :])
    rest = snapshot.get_many(_ADDRESSES, different)
    return values + (rest if place_of is None else [rest[place] for place in place_of.tolist()])


def join_values(values: list[bytes]) -> tuple[Facts, Rows]:
    """Join packed values into one column of facts; tell for each fact which value it comes from."""
    if not values:
        return _NO_FACTS, NO_ROWS
    facts = join(values)
    if len(facts) == len(values) and len(set(map(len, values))) == 1:
        return facts, np.arange(len(values))
    counts = np.fromiter(map(len, values), dtype=np.intp, count=len(values)) // FACT_BYTES
    return facts, np.repeat(np.arange(len(values)), counts)
