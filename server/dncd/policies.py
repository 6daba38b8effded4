"""Policies: how their events change the store, and how they are compiled for the decision.

Rows of POLICIES: account + name -> version (8 bytes) + time (8 bytes) + JSON.
"""

import json
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from dncd import accounts, labels, limits, registries
from dncd.errors import FieldFault, InvalidFields, LimitReached, PolicyNotFound
from dncd.events import Event, Label, Policy, PolicyDeleted, RequiredRegistry
from dncd.nouns import EVERY_CHANNEL, EVERY_PURPOSE, Channel, Mode, Purpose, Unscreened
from dncd.screens import Screen
from dncd.storage.contract import Mask, Snapshot, Table, Transaction
from dncd.storage.keys import account_key

DEFAULT = Policy("")
_HEAD = struct.Struct(">QQ")


@dataclass(frozen=True, slots=True)
class Applied:
    """A policy in force, with the position of its event and the time in milliseconds since 1970 UTC."""

    policy: Policy
    version: int
    applied_at_ms: int


@dataclass(frozen=True, slots=True)
class Compiled:
    """A policy as the decision reads it.

    `honoured` and `enforced` tell by label id, for each channel, which labels stop contact: in SHADOW mode only the
    built-in ones are enforced. `screens` are its registries, in the order of the policy.
    """

    policy: Policy
    version: int
    honoured: dict[Channel, Mask]
    enforced: dict[Channel, Mask]
    screens: tuple[Screen, ...] = ()

    @property
    def shadow(self) -> bool:
        """Tell whether the policy reports more than it enforces."""
        return self.policy.mode is Mode.SHADOW

    def asks_opt_in(self, channel: Channel) -> bool:
        """Tell whether persons must have opted in to be contacted on a channel."""
        return channel in self.policy.require_opt_in


def compile_policy(applied: Applied, known: dict[int, Label], screens: tuple[Screen, ...]) -> Compiled:
    """Compile a policy over all labels of its account, by id, and the screens of its registries."""
    policy = applied.policy
    named = {label_id: label for label_id, label in known.items() if label.built_in or label.name in policy.labels}
    honoured = {channel: _mask(named, known, channel, policy.purpose) for channel in Channel}
    built_in = {label_id: label for label_id, label in named.items() if label.built_in}
    enforced = (
        {channel: _mask(built_in, known, channel, policy.purpose) for channel in Channel}
        if policy.mode is Mode.SHADOW
        else honoured
    )
    return Compiled(policy, applied.version, honoured, enforced, screens)


def _mask(honoured: dict[int, Label], known: dict[int, Label], channel: Channel, purpose: Purpose) -> Mask:
    mask = np.zeros(max(known) + 1, dtype=np.bool_)
    for label_id, label in honoured.items():
        mask[label_id] = channel in label.channels and purpose in (label.purposes or EVERY_PURPOSE)
    return mask


def find(snapshot: Snapshot, account_id: int, name: str) -> Applied:
    """Return the policy in force; raises `PolicyNotFound`."""
    row = snapshot.get(Table.POLICIES, account_key(account_id, name.encode()))
    if row is None:
        raise PolicyNotFound(f"no policy {name!r} is in force; apply it first", policy=name)
    return _decode(row)


def scan(snapshot: Snapshot, account_id: int, after: str = "") -> Iterator[Applied]:
    """Yield the policies in force by name, those behind `after`."""
    prefix = account_key(account_id)
    for key, row in snapshot.scan(Table.POLICIES, prefix, start=prefix + after.encode()):
        if key != prefix + after.encode():
            yield _decode(row)


def apply_applied(txn: Transaction, event: Event, policy: Policy) -> bytes:
    """Put a policy in force; an equal one is unchanged.

    Returns whether it changed, and version and time of what is in force: see `read_applied`. Raises `InvalidFields`
    for labels and registries that are not there.
    """
    account_id = event.draft.account_id
    names = {label.name for _, label in labels.scan(txn, account_id)}
    faults = [
        FieldFault(f"policy.labels[{index}]", f"the account has no label {name!r}")
        for index, name in enumerate(policy.labels)
        if name not in names
    ]
    faults += [
        FieldFault(f"policy.registries[{index}].name", f"there is no registry {required.name!r}")
        for index, required in enumerate(policy.registries)
        if not registries.exists(txn, required.name)
    ]
    if faults:
        raise InvalidFields(faults)
    key = account_key(account_id, policy.name.encode())
    row = txn.get(Table.POLICIES, key)
    if row is not None and _decode(row).policy == policy:
        return b"\x00" + row[: _HEAD.size]
    if row is None and sum(1 for _ in scan(txn, account_id)) >= limits.POLICIES_MAX:
        raise LimitReached("the account has as many policies as it may", kind="policy", count_max=limits.POLICIES_MAX)
    row = _encode(Applied(policy, event.position, event.time_ms))
    txn.put(Table.POLICIES, key, row)
    accounts.touch_catalog(txn, event)
    return b"\x01" + row[: _HEAD.size]


def read_applied(codes: bytes, policy: Policy) -> tuple[bool, Applied]:
    """Read the outcome codes of a policy that was applied: whether it changed, and what was in force after it."""
    return bool(codes[0]), Applied(policy, *_HEAD.unpack(codes[1:]))


def apply_deleted(txn: Transaction, event: Event, change: PolicyDeleted) -> bytes:
    """Take a policy out of force; one that is not there is unchanged."""
    gone = txn.delete(Table.POLICIES, account_key(event.draft.account_id, change.name.encode()))
    if gone:
        accounts.touch_catalog(txn, event)
    return bytes([gone])


def channels_of(policy: Policy) -> frozenset[Channel]:
    """Return the channels that a policy may be asked about."""
    return policy.channels or EVERY_CHANNEL


def _encode(applied: Applied) -> bytes:
    policy = applied.policy
    fields = {
        "name": policy.name,
        "channels": sorted(policy.channels),
        "purpose": policy.purpose,
        "labels": policy.labels,
        "require_opt_in": sorted(policy.require_opt_in),
        "mode": policy.mode,
        "registries": [
            [required.name, required.max_age_days, sorted(required.categories), required.listed_days_min]
            for required in policy.registries
        ],
        "unscreened": policy.unscreened,
    }
    return _HEAD.pack(applied.version, applied.applied_at_ms) + json.dumps(fields, sort_keys=True).encode()


def _decode(row: bytes) -> Applied:
    version, applied_at_ms = _HEAD.unpack_from(row)
    fields: dict[str, Any] = json.loads(row[_HEAD.size :])
    policy = Policy(
        name=fields["name"],
        channels=frozenset(map(Channel, fields["channels"])),
        purpose=Purpose(fields["purpose"]),
        labels=tuple(fields["labels"]),
        require_opt_in=frozenset(map(Channel, fields["require_opt_in"])),
        mode=Mode(fields["mode"]),
        registries=tuple(
            RequiredRegistry(name, age, frozenset(categories), listed)
            for name, age, categories, listed in fields["registries"]
        ),
        unscreened=Unscreened(fields["unscreened"]),
    )
    return Applied(policy, version, applied_at_ms)
