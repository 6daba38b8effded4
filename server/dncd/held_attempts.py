"""The attempts that a batch asks about, read a bounded part at a time.

Where there are many, those of one number, contact or debt are read and joined once, however many rows name it:
thousands of attempts on one id that every row has cost little more than its own.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dncd.bounds import Bound
from dncd.columns import told_apart
from dncd.findings import Bytes, Rows
from dncd.kept_attempts import ATTEMPT_BYTES, Attempts, Times, unpack
from dncd.locating import Located
from dncd.nouns import AttemptScope, Channel
from dncd.rules.place import NOWHERE, Place
from dncd.storage.contract import Mask, Snapshot, Table
from dncd.storage.keys import Kind, text_key

_ATTEMPTS: Final = Table.ATTEMPTS
# With so few rows, a list beats numpy's cost per call.
_FEW_ROWS: Final = 8
# What is joined at a time, beside the last values read: each has up to 640 kB.
_JOINED_BYTES: Final = 16 * 1024**2
_READ_KEYS: Final = 64


@dataclass(frozen=True, slots=True)
class Asked:
    """A batch as far as attempts are concerned.

    `rows` are those whose address may be known, and `keys` their address keys; the ids are empty, or one for each row
    of the batch. `begins_ms` and `ends_ms` are the bounds of the moment.
    """

    channel: Channel
    faults: Bytes
    rows: Rows
    keys: Sequence[bytes]
    contact_ids: Sequence[str]
    debt_ids: Sequence[str]
    located: Located | None
    begins_ms: int
    ends_ms: int


@dataclass(frozen=True, slots=True)
class Holders:
    """Rows that have attempts, in order: `place_of` tells for each its place, as an index into `places`."""

    rows: Rows
    places: list[Place]
    place_of: Rows

    def holds(self, bound: Bound) -> Mask:
        """Tell for each row whether a bound holds there."""
        if not bound.regions:
            return np.ones(len(self.rows), dtype=np.bool_)
        return np.array([bound.holds_in(place) for place in self.places], dtype=np.bool_)[self.place_of]

    def since_ms(self, bound: Bound, now_ms: int) -> Times:
        """Return for each row the earliest time that matters to a bound."""
        since = np.array([bound.since_ms(place, now_ms) for place in self.places], dtype=np.int64)
        return since[self.place_of]


@dataclass(frozen=True, slots=True)
class Held:
    """The attempts of so many keys: `owners` tells for each its key, and `key_of` for each of the holders theirs.

    No `key_of`: each holder has a key of its own, in their order.
    """

    holders: Holders
    key_of: Rows | None
    keys: int
    attempts: Attempts
    owners: Rows

    def on(self, rows: Mask) -> Mask:
        """Tell for each attempt whether it is on the key of any of some rows."""
        keys = rows
        if self.key_of is not None:
            keys = np.zeros(self.keys, dtype=np.bool_)
            keys[self.key_of[rows]] = True
        return keys[self.owners]


def read_held(snapshot: Snapshot, account_id: int, asked: Asked, scope: AttemptScope) -> Iterator[Held]:
    """Read the attempts of all rows in parts; yields none where there are no attempts.

    Most batches are one part, for which it costs more to tell keys apart than to read one twice.
    """
    rows, keys = _keys(snapshot, account_id, asked, scope)
    values = _read_part(snapshot, keys, 0)
    yield from _join(0, values, rows, None, asked.located)
    rows, keys = rows[len(values) :], keys[len(values) :]
    different, key_of = told_apart(keys)
    first = 0
    while first < len(different):
        values = _read_part(snapshot, different, first)
        yield from _join(first, values, rows, key_of, asked.located)
        first += len(values)


def _read_part(snapshot: Snapshot, keys: Sequence[bytes], first: int) -> list[bytes | None]:
    """Read the attempts of keys from the first of a part on: of all, or until there are as many as are joined."""
    values: list[bytes | None] = []
    part_bytes = 0
    while part_bytes < _JOINED_BYTES and first + len(values) < len(keys):
        here = first + len(values)
        found = snapshot.get_many(_ATTEMPTS, keys[here : here + _READ_KEYS])
        part_bytes += sum(map(len, filter(None, found)))
        values += found
    return values


def _join(
    first: int, values: Sequence[bytes | None], rows: Rows, key_of: Rows | None, located: Located | None
) -> Iterator[Held]:
    """Join the attempts of some keys, of which the first has that place, and find the rows that have those."""
    kept = [(place, value) for place, value in enumerate(values, first) if value]
    if not kept:
        return
    places = [place for place, _ in kept]
    attempts = unpack(b"".join([value for _, value in kept]))
    counts = np.array([len(value) // ATTEMPT_BYTES for _, value in kept], dtype=np.intp)
    held_by = None
    if key_of is None:
        rows = rows[places]
    else:
        place_of_key = np.full(int(key_of.max()) + 1, -1, dtype=np.intp)
        place_of_key[places] = np.arange(len(places))
        held_by = place_of_key[key_of]
        rows, held_by = rows[held_by >= 0], held_by[held_by >= 0]
    holders = Holders(rows, *places_of(located, rows))
    yield Held(holders, held_by, len(kept), attempts, np.repeat(np.arange(len(kept)), counts))


def _keys(snapshot: Snapshot, account_id: int, asked: Asked, scope: AttemptScope) -> tuple[Rows, Sequence[bytes]]:
    if scope is AttemptScope.NUMBER:
        return asked.rows, asked.keys
    kind = Kind.CONTACT if scope is AttemptScope.CONTACT else Kind.DEBT
    ids = zip(ids_of(asked, scope), asked.faults.tolist(), strict=False)
    named = [(row, text_key(account_id, kind, text)) for row, (text, fault) in enumerate(ids) if text and not fault]
    keys = [key for _, key in named]
    known = np.flatnonzero(snapshot.maybe_known(keys)).tolist() if keys else []
    return np.array([named[place][0] for place in known], dtype=np.intp), [keys[place] for place in known]


def ids_of(asked: Asked, scope: AttemptScope) -> Sequence[str]:
    """Return the ids that a scope counts by: none, or one for each row of the batch."""
    return asked.contact_ids if scope is AttemptScope.CONTACT else asked.debt_ids


def places_of(located: Located | None, rows: Rows) -> tuple[list[Place], Rows]:
    """Return the places that rows may be in, and for each row the index of its own."""
    if located is None:
        return [NOWHERE], np.zeros(len(rows), dtype=np.intp)
    if len(rows) <= _FEW_ROWS and not located.known:
        return [located.places[place_id] for place_id in located.ids[rows].tolist()], np.arange(len(rows))
    return located.distinct(rows)
