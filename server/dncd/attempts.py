"""Attempts: what their events do to the store.

Rows of ATTEMPTS: the key of an address, contact or debt -> 64 bytes for each attempt on it, the oldest first. Rows of
RESERVATIONS: account + position + row -> the keys that the attempt stands under, each after its length in two bytes.
Attempts are counted whatever policies ask for, so that a new policy never undercounts; only pruning forgets them, by a
clock that is careful.
"""

import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import numpy as np

from dncd.addresses import Target
from dncd.encoding import decode
from dncd.events import (
    AttemptsCompleted,
    AttemptsPruned,
    AttemptsReserved,
    ClaimLimit,
    CompletedAttempt,
    Event,
)
from dncd.kept_attempts import (
    ATTEMPT_BYTES,
    STRENGTHS,
    Attempts,
    complete,
    has_room,
    is_full,
    last_ms,
    pack_claim,
    unpack,
)
from dncd.limits import ATTEMPT_WINDOW_HOURS_MAX, ATTEMPTS_KEPT_MAX
from dncd.nouns import AttemptOutcome, AttemptScope
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import Kind, account_key, text_key

# An attempt by its name: the position of its event, and its row.
Reservation = tuple[int, int]

# Outcome codes of claims and of completions.
REFUSED: Final = 0
GRANTED: Final = 1
RECORDED: Final = 1
UNCHANGED: Final = 2
UNKNOWN: Final = 3

_NAME = struct.Struct(">QI")
_LENGTH = struct.Struct(">H")
_WRITTEN: Final = re.compile(r"([1-9][0-9]{0,17})-(0|[1-9][0-9]{0,8})", re.ASCII)
_PENDING: Final = int(AttemptOutcome.PENDING)
_KEPT_MS: Final = (ATTEMPT_WINDOW_HOURS_MAX + 1) * 3_600_000


def reservation_text(position: int, row: int) -> str:
    """Write the name of a claim as callers see it."""
    return f"{position}-{row}"


def read_reservation(text: str) -> Reservation | None:
    """Read the name of a claim; None for what names none."""
    found = _WRITTEN.fullmatch(text)
    return (int(found[1]), int(found[2])) if found else None


def count_keys(account_id: int, target: Target, contact_id: str, debt_id: str) -> dict[AttemptScope, bytes]:
    """Build the keys that an attempt is counted under; an empty id counts under none."""
    keys = {AttemptScope.NUMBER: target.key(account_id)}
    if contact_id:
        keys[AttemptScope.CONTACT] = text_key(account_id, Kind.CONTACT, contact_id)
    if debt_id:
        keys[AttemptScope.DEBT] = text_key(account_id, Kind.DEBT, debt_id)
    return keys


def apply_reserved(txn: Transaction, event: Event, change: AttemptsReserved) -> bytes:
    """Claim attempts in order, each where all its limits have room beside those before it; returns a code for each.

    One on what has as many attempts as are kept is refused: it could not be counted. Leases run from the event's time,
    so that a clock that is behind frees nothing early.
    """
    account_id, position = event.draft.account_id, event.position
    lease_ends_at_ms = event.time_ms + change.lease_ms
    values: dict[bytes, bytes] = {}
    grown: set[bytes] = set()
    reservations: list[tuple[bytes, bytes]] = []
    codes = bytearray()
    for claimed in change.attempts:
        keys = count_keys(account_id, claimed.target, claimed.contact_id, claimed.debt_id)
        for key in keys.values():
            if key not in values:
                values[key] = txn.get(Table.ATTEMPTS, key) or b""
        granted = not any(is_full(values[key], change.kept_max) for key in keys.values()) and all(
            _passes(values, keys, change.limits[limit], event.time_ms) for limit in claimed.limits
        )
        codes.append(granted)
        if granted:
            claim = pack_claim(event.time_ms, lease_ends_at_ms, position, claimed.row, change.channel)
            for key in keys.values():
                values[key] += claim
            grown.update(keys.values())
            name = account_key(account_id, _NAME.pack(position, claimed.row))
            reservations.append((name, _pack_keys(keys.values())))
    if reservations:
        txn.put_many(Table.ATTEMPTS, [(key, value) for key, value in values.items() if key in grown])
        txn.put_many(Table.RESERVATIONS, reservations)
    return bytes(codes)


def _passes(values: dict[bytes, bytes], keys: dict[AttemptScope, bytes], limit: ClaimLimit, now_ms: int) -> bool:
    # A limit by an id that the row lacks has no room: it cannot be counted.
    return limit.per in keys and has_room(values[keys[limit.per]], limit, now_ms)


def fullness(snapshot: Snapshot, keys: Mapping[AttemptScope, bytes]) -> tuple[AttemptScope, int] | None:
    """Tell what has as many attempts as are kept, and when the first of them may be forgotten, in ms since 1970 UTC.

    Of several, the one that has room last; None where all have room.
    """
    values = ((scope, snapshot.get(Table.ATTEMPTS, key) or b"") for scope, key in keys.items())
    full = [(scope, value) for scope, value in values if is_full(value, ATTEMPTS_KEPT_MAX)]
    over = ((scope, int(last_ms(unpack(value)).min()) + _KEPT_MS) for scope, value in full)
    return max(over, key=lambda each: each[1], default=None)


def apply_completed(txn: Transaction, event: Event, change: AttemptsCompleted) -> bytes:
    """Record outcomes in order, where none as strong stands yet; returns a code for each."""
    touched = _Touched(txn, event.draft.account_id)
    codes = bytes([_complete(touched, completed, event.time_ms) for completed in change.attempts])
    touched.save()
    return codes


def _complete(touched: "_Touched", completed: CompletedAttempt, now_ms: int) -> int:
    reservation = read_reservation(completed.reservation)
    keys = touched.keys_of(reservation) if reservation else []
    if reservation is None or not keys:
        return UNKNOWN
    stands = AttemptOutcome(touched.attempt(keys[0], reservation)["outcome"][0])
    if STRENGTHS.index(completed.outcome) <= STRENGTHS.index(stands):
        return UNCHANGED
    for key in keys:
        complete(touched.attempt(key, reservation), completed.outcome, now_ms)
    return RECORDED


class _Touched:
    """The rows of ATTEMPTS that one event changes in place: read once, written once."""

    def __init__(self, txn: Transaction, account_id: int) -> None:
        self._txn = txn
        self._account_id = account_id
        self._rows: dict[bytes, Attempts] = {}

    def keys_of(self, reservation: Reservation) -> list[bytes]:
        """Return the keys that an attempt stands under; none where there is no such attempt."""
        return list(_keys_of(self._txn, self._account_id, reservation))

    def attempt(self, key: bytes, reservation: Reservation) -> Attempts:
        """Return an attempt under a key, to be changed in place: an array of one."""
        if key not in self._rows:
            self._rows[key] = unpack(self._txn.get(Table.ATTEMPTS, key) or b"").copy()
        place = find(self._rows[key], reservation)
        assert place is not None, "a reservation names keys that hold its attempt"
        return self._rows[key][place : place + 1]

    def save(self) -> None:
        """Write every row that was touched."""
        self._txn.put_many(Table.ATTEMPTS, [(key, attempts.tobytes()) for key, attempts in self._rows.items()])


def find(attempts: Attempts, reservation: Reservation) -> int | None:
    """Return the place of an attempt in a row, None where it is not there."""
    position, row = reservation
    [places] = np.nonzero((attempts["position"] == position) & (attempts["row"] == row))
    return int(places[0]) if len(places) else None


def find_attempt(snapshot: Snapshot, account_id: int, reservation: Reservation) -> Attempts | None:
    """Return one attempt as an array of one; None where there is none, or it is forgotten."""
    for key in _keys_of(snapshot, account_id, reservation):
        attempts = unpack(snapshot.get(Table.ATTEMPTS, key) or b"")
        place = find(attempts, reservation)
        return None if place is None else attempts[place : place + 1]
    return None


def is_claimed(attempt: Attempts, now_ms: int) -> bool:
    """Tell whether an attempt is a claim whose lease runs."""
    return bool(attempt["outcome"][0] == _PENDING and now_ms < attempt["lease_ends_at_ms"][0])


def _pack_keys(keys: Iterable[bytes]) -> bytes:
    return b"".join([_LENGTH.pack(len(key)) + key for key in keys])


def _keys_of(snapshot: Snapshot, account_id: int, reservation: Reservation) -> Iterator[bytes]:
    rest = snapshot.get(Table.RESERVATIONS, account_key(account_id, _NAME.pack(*reservation))) or b""
    while rest:
        end = _LENGTH.size + _LENGTH.unpack_from(rest)[0]
        yield rest[_LENGTH.size : end]
        rest = rest[end:]


def apply_pruned(txn: Transaction, event: Event, change: AttemptsPruned) -> bytes:
    """Forget the oldest events, with their request ids, and the attempts that nothing happened to after the cutoff.

    It stops when it has looked at `events_max` events, or at as many attempts in them. Returns no codes.
    """
    looked = 0
    for key, encoded in txn.scan(Table.ATTEMPT_EVENTS):
        old = decode(encoded)
        if old.time_ms > change.cutoff_ms or looked >= change.events_max:
            break
        reservations = _reservations_of(old)
        _forget(txn, old.draft.account_id, reservations, change.cutoff_ms)
        if old.draft.request_id:
            txn.delete(Table.ATTEMPT_REQUESTS, account_key(old.draft.account_id, old.draft.request_id))
        txn.delete(Table.ATTEMPT_EVENTS, key)
        looked += max(1, len(reservations))
    return b""


def _reservations_of(event: Event) -> list[Reservation]:
    change = event.draft.change
    if isinstance(change, AttemptsReserved):
        return [(event.position, claimed.row) for claimed in change.attempts]
    if isinstance(change, AttemptsCompleted):
        named = (read_reservation(completed.reservation) for completed in change.attempts)
        return [reservation for reservation in named if reservation]
    return []


def _forget(txn: Transaction, account_id: int, reservations: list[Reservation], cutoff_ms: int) -> None:
    """Forget those attempts that were neither made nor completed after the cutoff.

    One that was completed later than made is forgotten with the later event.
    """
    for reservation in reservations:
        attempt = find_attempt(txn, account_id, reservation)
        if attempt is None or last_ms(attempt)[0] > cutoff_ms:
            continue
        for key in list(_keys_of(txn, account_id, reservation)):
            _take_out(txn, key, reservation)
        txn.delete(Table.RESERVATIONS, account_key(account_id, _NAME.pack(*reservation)))


def _take_out(txn: Transaction, key: bytes, reservation: Reservation) -> None:
    value = txn.get(Table.ATTEMPTS, key) or b""
    place = find(unpack(value), reservation)
    assert place is not None, "a reservation names keys that hold its attempt"
    rest = value[: place * ATTEMPT_BYTES] + value[(place + 1) * ATTEMPT_BYTES :]
    if rest:
        txn.put(Table.ATTEMPTS, key, rest)
    else:
        txn.delete(Table.ATTEMPTS, key)
