"""The history of an address: the events about it, and what was known about it at any revision.

The past is rebuilt by replaying those events, and the account's catalog events, into an empty store in memory: the same
`apply` and the same decision as now, so that an explanation of the past cannot differ from what was answered then; but
for rule packs and time zones, which are those of the version that explains.
"""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from dncd import accounts, journal
from dncd.addresses import Target, covering_domains
from dncd.apply import apply
from dncd.journal import JournalRow
from dncd.kept_attempts import as_of, unpack
from dncd.links import catalog_key, walk_history
from dncd.storage.contract import Snapshot, Table
from dncd.storage.keys import Kind, text_key
from dncd.storage.memory import MemoryStore
from dncd.touched import read


def covering_keys(account_id: int, target: Target) -> list[bytes]:
    """Return the address keys whose entries speak about a target: its own first, then prefixes or domains."""
    own = target.key(account_id)
    if target.kind is Kind.PHONE:
        digits = target.text[1:]
        return [own, *(text_key(account_id, Kind.PREFIX, digits[:length]) for length in range(1, len(digits) + 1))]
    if target.kind is Kind.EMAIL:
        return [own, *(text_key(account_id, Kind.DOMAIN, domain) for domain in covering_domains(target.text))]
    return [own]


def positions(snapshot: Snapshot, address_key: bytes) -> Iterator[int]:
    """Yield the positions of the events about an address key, newest first."""
    return walk_history(snapshot, address_key, read(snapshot, address_key).last_event)


def newest(snapshot: Snapshot, keys: Iterable[bytes], up_to: int, events_max: int) -> tuple[list[JournalRow], bool]:
    """Return the newest events about any of the keys, newest first; tell whether older ones were left out."""
    found: set[int] = set()
    for key in keys:
        # One more than asked for, to tell whether there are more.
        found.update(islice((position for position in positions(snapshot, key) if position <= up_to), events_max + 1))
    kept = sorted(found, reverse=True)[:events_max]
    return [journal.find(snapshot, position) for position in kept], len(found) > events_max


def rebuild(snapshot: Snapshot, account_id: int, keys: list[bytes], up_to: int) -> MemoryStore:
    """Rebuild the registries, an account's catalog and some address keys as of a revision, in a store of its own."""
    catalogs = [
        walk_history(snapshot, catalog_key(owner), accounts.catalog_version(snapshot, owner))
        for owner in (accounts.SERVER_ID, account_id)
    ]
    chains = chain(*catalogs, *(positions(snapshot, key) for key in keys))
    wanted = {position for position in chains if position <= up_to}
    past = MemoryStore(store_id="the past")
    with past.transaction() as txn:
        for position in sorted(wanted):
            apply(txn, journal.find(snapshot, position).event(), only=frozenset(keys))
    return past


def copy_attempts(snapshot: Snapshot, past: MemoryStore, keys: Iterable[bytes], time_ms: int) -> None:
    """Add the attempts under some keys as they stood at a time: later ones are left out, later outcomes unknown.

    Only what is still kept can be told: the longest window before now.
    """
    with past.transaction() as txn:
        for key in keys:
            then = as_of(unpack(snapshot.get(Table.ATTEMPTS, key) or b""), time_ms)
            if len(then):
                txn.put(Table.ATTEMPTS, key, then.tobytes())
