"""Regions that an account closed: an emergency switch over all of its policies.

Rows of REGIONS: account + region -> until (8 bytes) + time of closing (8 bytes) + position (8 bytes) + reason.
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from dncd import accounts, limits
from dncd.errors import FieldFault, InvalidFields, LimitReached
from dncd.events import Event, RegionClosed, RegionOpened
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key

_HEAD: Final = struct.Struct(">QQQ")
_DAY_MS: Final = 86_400_000


class ClosedRegion(NamedTuple):
    """A closed region. Times are milliseconds since 1970 UTC; at `until_ms` it is open again."""

    region: str
    until_ms: int
    closed_at_ms: int
    position: int
    reason: str


def scan(snapshot: Snapshot, account_id: int) -> Iterator[ClosedRegion]:
    """Yield the regions of an account that are closed or were, by name."""
    prefix = account_key(account_id)
    for key, row in snapshot.scan(Table.REGIONS, prefix):
        until_ms, closed_at_ms, position = _HEAD.unpack_from(row)
        region, reason = key[len(prefix) :].decode(), row[_HEAD.size :].decode()
        yield ClosedRegion(region, until_ms, closed_at_ms, position, reason)


def apply_closed(txn: Transaction, event: Event, change: RegionClosed) -> bytes:
    """Close a region, in place of an earlier closing of it.

    Raises `InvalidFields` for an end that is past or too far, before anything is written.
    """
    account_id = event.draft.account_id
    if not event.time_ms < change.until_ms <= event.time_ms + limits.REGION_CLOSED_DAYS_MAX * _DAY_MS:
        raise InvalidFields(
            [FieldFault("until", f"must be later than now, by at most {limits.REGION_CLOSED_DAYS_MAX} days")]
        )
    key = account_key(account_id, change.region.encode())
    if txn.get(Table.REGIONS, key) is None and len(list(scan(txn, account_id))) >= limits.CLOSED_REGIONS_MAX:
        raise LimitReached(
            "the account has as many closed regions as it may", kind="region", count_max=limits.CLOSED_REGIONS_MAX
        )
    head = _HEAD.pack(change.until_ms, event.time_ms, event.position)
    txn.put(Table.REGIONS, key, head + change.reason.encode())
    accounts.touch_catalog(txn, event)
    return b"\x01"


def apply_opened(txn: Transaction, event: Event, change: RegionOpened) -> bytes:
    """Open a region; one that is not closed is unchanged. Returns whether it changed."""
    gone = txn.delete(Table.REGIONS, account_key(event.draft.account_id, change.region.encode()))
    if gone:
        accounts.touch_catalog(txn, event)
    return bytes([gone])
