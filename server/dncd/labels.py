"""Labels: the named do-not-contact lists of an account, and how their events change the store.

Rows of LABELS: account + b"i" + id -> definition, account + b"n" + name -> id. The number of entries under a label
stands in META, apart from the definition, since it changes with every entry.
"""

import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from dncd import accounts, limits
from dncd.errors import (
    LabelArchived,
    LabelBuiltIn,
    LabelExists,
    LabelNarrowed,
    LabelNotFound,
    LimitReached,
    quoted,
)
from dncd.events import Event, Label, LabelCreated, LabelUpdated
from dncd.events import LabelArchived as LabelArchivedEvent
from dncd.nouns import EVERY_CHANNEL, EVERY_PURPOSE, Channel, Purpose
from dncd.storage.contract import Snapshot, Table, Transaction
from dncd.storage.keys import account_key, u64

BUILT_IN: Final = (
    Label("do-not-contact", EVERY_CHANNEL, description="No contact on any channel", built_in=True),
    Label("do-not-phone", frozenset({Channel.VOICE}), description="No calls", built_in=True),
    Label("do-not-text", frozenset({Channel.SMS, Channel.WHATSAPP}), description="No texts", built_in=True),
    Label("do-not-email", frozenset({Channel.EMAIL}), description="No e-mail", built_in=True),
)
DO_NOT_CONTACT_ID: Final = 1
DO_NOT_PHONE_ID: Final = 2
DO_NOT_TEXT_ID: Final = 3
_ID = struct.Struct(">I")
_SIGNS: Final = dict.fromkeys(map(ord, "._- "))


def find_id(snapshot: Snapshot, account_id: int, name: str) -> int:
    """Return a label's id; raises `LabelNotFound`."""
    row = snapshot.get(Table.LABELS, account_key(account_id, b"n" + name.encode()))
    if row is None:
        raise LabelNotFound(f"the account has no label {quoted(name)}; create it first", label=name)
    return int(_ID.unpack(row)[0])


def get(snapshot: Snapshot, account_id: int, label_id: int) -> Label:
    """Return a label by its id, which must exist."""
    row = snapshot.get(Table.LABELS, account_key(account_id, b"i" + _ID.pack(label_id)))
    assert row is not None, "ids are handed out with their definition"
    return _decode(row)


def find(snapshot: Snapshot, account_id: int, name: str) -> Label:
    """Return a label by its name; raises `LabelNotFound`."""
    return get(snapshot, account_id, find_id(snapshot, account_id, name))


def find_open(snapshot: Snapshot, account_id: int, name: str) -> int:
    """Return the id of a label that takes new entries; raises `LabelNotFound` or `LabelArchived`."""
    label_id = find_id(snapshot, account_id, name)
    if label_id > len(BUILT_IN) and get(snapshot, account_id, label_id).archived:
        raise LabelArchived(f"the label {quoted(name)} is archived and takes no new entries", label=name)
    return label_id


def scan(snapshot: Snapshot, account_id: int) -> Iterator[tuple[int, Label]]:
    """Yield every label of an account with its id, in the order of ids."""
    prefix = account_key(account_id, b"i")
    for key, row in snapshot.scan(Table.LABELS, prefix):
        yield int(_ID.unpack(key[len(prefix) :])[0]), _decode(row)


def scan_names(snapshot: Snapshot, account_id: int, after: str = "") -> Iterator[str]:
    """Yield the names of an account's labels in order, those behind `after`."""
    prefix = account_key(account_id, b"n")
    for key, _ in snapshot.scan(Table.LABELS, prefix, start=prefix + after.encode()):
        name = key[len(prefix) :].decode()
        if name != after:
            yield name


def count_entries(snapshot: Snapshot, account_id: int, label_id: int) -> int:
    """Return the number of entries under a label."""
    row = snapshot.get(Table.META, _count_key(account_id, label_id))
    return int.from_bytes(row or b"")


def add_to_count(txn: Transaction, account_id: int, label_id: int, change: int) -> None:
    """Change the number of entries under a label."""
    count = count_entries(txn, account_id, label_id) + change
    assert count >= 0, "an entry is counted when it is added"
    txn.put(Table.META, _count_key(account_id, label_id), u64(count))


def apply_built_in(txn: Transaction, account_id: int) -> None:
    """Give a new account its four built-in labels, with ids 1 to 4."""
    for label_id, label in enumerate(BUILT_IN, start=1):
        _put(txn, account_id, label_id, label)


def apply_created(txn: Transaction, event: Event, change: LabelCreated) -> bytes:
    """Create a label; an equal one is unchanged. Raises `LabelExists`, `LimitReached`."""
    account_id = event.draft.account_id
    label = replace(change.label, built_in=False, archived=False)
    if txn.get(Table.LABELS, account_key(account_id, b"n" + label.name.encode())) is not None:
        if find(txn, account_id, label.name) != label:
            raise LabelExists(f"a different label {quoted(label.name)} exists", label=label.name)
        return b"\x00"
    known = dict(scan(txn, account_id))
    if change.names_apart:
        _check_name(label.name, known.values())
    label_id = 1 + max(known)
    if label_id > limits.LABELS_MAX:
        raise LimitReached("the account has as many labels as it may", kind="label", count_max=limits.LABELS_MAX)
    _put(txn, account_id, label_id, label)
    accounts.touch_catalog(txn, event)
    return b"\x01"


def apply_updated(txn: Transaction, event: Event, change: LabelUpdated) -> bytes:
    """Replace a label's definition. Raises `LabelNotFound`, `LabelBuiltIn`, and `LabelNarrowed` without a reason."""
    label_id, label = _changeable(txn, event, change.label.name)
    after = replace(change.label, built_in=False, archived=label.archived)
    if change.narrowing_held and not change.reason:
        _check_reach(label, after, count_entries(txn, event.draft.account_id, label_id))
    return _replace(txn, event, label_id, label, after)


def apply_archived(txn: Transaction, event: Event, change: LabelArchivedEvent) -> bytes:
    """Archive a label. Raises `LabelNotFound`, `LabelBuiltIn`."""
    label_id, label = _changeable(txn, event, change.name)
    return _replace(txn, event, label_id, label, replace(label, archived=True))


def _check_name(name: str, known: Iterable[Label]) -> None:
    """Refuse a name that people take for another one: entries under it would stop nothing where that is honoured."""
    for label in known:
        if _folded(label.name) == _folded(name):
            raise LabelExists(
                f"the label {quoted(label.name)} exists, and differs in capitals and the signs . _ - alone: use that, "
                "or choose another name",
                label=label.name,
            )


def _folded(name: str) -> str:
    return name.casefold().translate(_SIGNS)


def _check_reach(before: Label, after: Label, count: int) -> None:
    """Refuse that entries stop less than before; nobody is told when an address is free again."""
    channels = sorted(before.channels - after.channels)
    purposes = sorted((before.purposes or EVERY_PURPOSE) - (after.purposes or EVERY_PURPOSE))
    if not count or not (channels or purposes):
        return
    lost = ", ".join(each.name for each in channels)
    lost_for = ", ".join(each.name for each in purposes)
    told = " and ".join([*([f"on {lost}"] if lost else []), *([f"for {lost_for}"] if lost_for else [])])
    raise LabelNarrowed(
        f"{count:,} entries of the label {quoted(before.name)} would stop nothing any more {told}; give a reason",
        label=before.name,
        entries=count,
        channels=lost,
        purposes=lost_for,
    )


def _changeable(txn: Transaction, event: Event, name: str) -> tuple[int, Label]:
    label_id = find_id(txn, event.draft.account_id, name)
    if label_id <= len(BUILT_IN):
        raise LabelBuiltIn(f"{name} is built in; it cannot be changed or archived", label=name)
    return label_id, get(txn, event.draft.account_id, label_id)


def _replace(txn: Transaction, event: Event, label_id: int, before: Label, after: Label) -> bytes:
    if before == after:
        return b"\x00"
    _put(txn, event.draft.account_id, label_id, after)
    accounts.touch_catalog(txn, event)
    return b"\x01"


def _put(txn: Transaction, account_id: int, label_id: int, label: Label) -> None:
    packed_id = _ID.pack(label_id)
    txn.put(Table.LABELS, account_key(account_id, b"i" + packed_id), _encode(label))
    txn.put(Table.LABELS, account_key(account_id, b"n" + label.name.encode()), packed_id)


def _count_key(account_id: int, label_id: int) -> bytes:
    return b"entries." + account_key(account_id, _ID.pack(label_id))


def _encode(label: Label) -> bytes:
    fields = {
        "name": label.name,
        "channels": sorted(label.channels),
        "purposes": sorted(label.purposes),
        "description": label.description,
        "built_in": label.built_in,
        "archived": label.archived,
    }
    return json.dumps(fields, sort_keys=True).encode()


def _decode(row: bytes) -> Label:
    fields: dict[str, Any] = json.loads(row)
    return Label(
        name=fields["name"],
        channels=frozenset(map(Channel, fields["channels"])),
        purposes=frozenset(map(Purpose, fields["purposes"])),
        description=fields["description"],
        built_in=fields["built_in"],
        archived=fields["archived"],
    )
