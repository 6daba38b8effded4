"""Accounts: the customers of the server, and the version of each one's catalog.

Rows of ACCOUNTS: id + b"d" -> definition, id + b"c" -> position of the last change to the catalog (labels, policies,
prefixes, domains), 0 + b"n" + name -> id. The id 0 is the server itself.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from dncd.errors import FieldFault, InvalidFields
from dncd.events import AccountChanged, AccountCreated, Event
from dncd.links import catalog_key, link_history
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key, account_of, u64

SERVER_ID: Final = 0
DEFAULT_NAME: Final = "default"
# The account whose ADMINs may change what belongs to the whole server: the registries.
OPERATOR_NAME: Final = "operator"
FIRST_NAMES: Final = (DEFAULT_NAME, OPERATOR_NAME)


@dataclass(frozen=True, slots=True)
class Account:
    """One customer of the server."""

    id: int
    name: str
    default_region: str
    # Whether the texts of inbound messages are kept in the journal.
    keep_texts: bool = False


def get(snapshot: Snapshot, account_id: int) -> Account:
    """Return an account by its id, which must exist."""
    row = snapshot.get(Table.ACCOUNTS, account_key(account_id, b"d"))
    assert row is not None, "account ids come from the store itself"
    return _decode(account_id, row)


def definition(snapshot: Snapshot, account_id: int) -> bytes:
    """Return what an account's definition is stored as, to tell whether it changed."""
    row = snapshot.get(Table.ACCOUNTS, account_key(account_id, b"d"))
    assert row is not None, "account ids come from the store itself"
    return row


def find(snapshot: Snapshot, name: str) -> Account | None:
    """Return an account by its name, or None where there is none."""
    row = snapshot.get(Table.ACCOUNTS, _name_key(name))
    return get(snapshot, account_of(row)) if row is not None else None


def scan(snapshot: Snapshot) -> Iterator[Account]:
    """Yield every account by name."""
    for _, row in snapshot.scan(Table.ACCOUNTS, _name_key("")):
        yield get(snapshot, account_of(row))


def next_id(snapshot: Snapshot) -> int:
    """Return the id that the next account gets."""
    return 1 + sum(1 for _ in snapshot.scan(Table.ACCOUNTS, _name_key("")))


def catalog_version(snapshot: Snapshot, account_id: int) -> int:
    """Return the position of the last event that changed the account's catalog."""
    row = snapshot.get(Table.ACCOUNTS, account_key(account_id, b"c"))
    return int.from_bytes(row or b"")


def touch_catalog(txn: Transaction, event: Event) -> None:
    """Note that an event changed the account's catalog, so that every worker reads it anew."""
    account_id = event.draft.account_id
    link_history(txn, catalog_key(account_id), catalog_version(txn, account_id), event.position)
    txn.put(Table.ACCOUNTS, account_key(account_id, b"c"), u64(event.position))


def apply_created(txn: Transaction, event: Event, change: AccountCreated) -> bytes:
    """Create an account; raises `InvalidFields` where the name is taken."""
    if find(txn, change.name) is not None:
        raise InvalidFields([FieldFault("name", "an account of this name exists")])
    account_id = event.draft.account_id
    _put(txn, Account(account_id, change.name, change.default_region))
    txn.put(Table.ACCOUNTS, _name_key(change.name), account_key(account_id))
    touch_catalog(txn, event)
    return b"\x01"


def apply_changed(txn: Transaction, event: Event, change: AccountChanged) -> bytes:
    """Replace what an account wants; returns whether that changed anything. Raises `InvalidFields` for another name."""
    before = get(txn, event.draft.account_id)
    if change.name != before.name:
        raise InvalidFields([FieldFault("name", "an account keeps its name")])
    after = Account(before.id, change.name, change.default_region, change.keep_texts)
    _put(txn, after)
    return bytes([after != before])


def _name_key(name: str) -> bytes:
    return account_key(SERVER_ID, b"n" + name.encode())


def _put(txn: Transaction, account: Account) -> None:
    fields = {"name": account.name, "default_region": account.default_region, "keep_texts": account.keep_texts}
    txn.put(Table.ACCOUNTS, account_key(account.id, b"d"), json.dumps(fields, sort_keys=True).encode())


def _decode(account_id: int, row: bytes) -> Account:
    fields: dict[str, Any] = json.loads(row)
    # A row that was written before texts could be kept says nothing about them.
    return Account(account_id, fields["name"], fields["default_region"], fields.get("keep_texts", False))
