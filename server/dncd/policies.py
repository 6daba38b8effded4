"""Policies: how their events change the store, and how they are compiled for the decision.

Rows of POLICIES: account + name -> version (8 bytes) + time (8 bytes) + the policy's message.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from dncd import accounts, labels, limits, registries
from dncd.bounds import Bound, compile_bounds
from dncd.encoding import decode_policy, encode_policy
from dncd.errors import FieldFault, InvalidFields, LimitReached, PolicyNotFound, quoted
from dncd.events import Event, Label, Policy, PolicyDeleted
from dncd.nouns import EVERY_CHANNEL, EVERY_PURPOSE, PHONE_CHANNELS, Channel, Mode, Purpose, Unscreened, Verdict
from dncd.rulebook import OpeningHours, Rulebook
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
    built-in ones are enforced. `screens` are its registries, in the order of the policy; `hours` its calling hours by
    channel; `bounds` its attempt limits and cool-downs, in the order of the policy, those of packs last. `scope_id` is
    the id by which consents name it, 0 where none does.
    """

    policy: Policy
    version: int
    honoured: dict[Channel, Mask]
    enforced: dict[Channel, Mask]
    screens: tuple[Screen, ...] = ()
    hours: dict[Channel, OpeningHours] = field(default_factory=dict)
    bounds: tuple[Bound, ...] = ()
    scope_id: int = 0

    @property
    def unscreened(self) -> Verdict:
        """Return what it means that an address cannot be screened."""
        return Verdict.BLOCK if self.policy.unscreened is Unscreened.BLOCK else Verdict.UNSCREENED

    @property
    def lifts(self) -> bool:
        """Tell whether a consent can lift a match of one of its registries."""
        return any(screen.required.lifted_by for screen in self.screens)

    @property
    def shadow(self) -> bool:
        """Tell whether the policy reports more than it enforces."""
        return self.policy.mode is Mode.SHADOW

    def hours_on(self, channel: Channel) -> OpeningHours | None:
        """Return the calling hours on a channel, None where the policy asks none."""
        return self.hours.get(channel)

    def asks_opt_in(self, channel: Channel) -> bool:
        """Tell whether persons must have opted in to be contacted on a channel."""
        return channel in self.policy.require_opt_in

    def asks_permission(self, channel: Channel) -> bool:
        """Tell whether an opt-out asks for permission on a channel. Not in SHADOW mode, which weakens nothing."""
        return channel in self.policy.one_time_permission and not self.shadow


def compile_policy(
    applied: Applied, known: dict[int, Label], screens: tuple[Screen, ...], book: Rulebook, scope_id: int = 0
) -> Compiled:
    """Compile a policy over all labels of its account, by id, the screens of its registries, and the rule book."""
    policy = applied.policy
    named = {label_id: label for label_id, label in known.items() if label.built_in or label.name in policy.labels}
    honoured = {channel: _mask(named, known, channel, policy.purpose) for channel in Channel}
    built_in = {label_id: label for label_id, label in named.items() if label.built_in}
    enforced = (
        {channel: _mask(built_in, known, channel, policy.purpose) for channel in Channel}
        if policy.mode is Mode.SHADOW
        else honoured
    )
    packs = policy.calling_hours
    hours = {channel: book.hours(packs, channel, policy.purpose) for channel in PHONE_CHANNELS} if packs else {}
    bounds = compile_bounds(policy, book.packs)
    return Compiled(policy, applied.version, honoured, enforced, screens, hours, bounds, scope_id)


def _mask(honoured: dict[int, Label], known: dict[int, Label], channel: Channel, purpose: Purpose) -> Mask:
    mask = np.zeros(max(known, default=0) + 1, dtype=np.bool_)
    for label_id, label in honoured.items():
        mask[label_id] = channel in label.channels and purpose in (label.purposes or EVERY_PURPOSE)
    return mask


def find(snapshot: Snapshot, account_id: int, name: str) -> Applied:
    """Return the policy in force; raises `PolicyNotFound`."""
    row = snapshot.get(Table.POLICIES, account_key(account_id, name.encode()))
    if row is None:
        raise PolicyNotFound(f"no policy {quoted(name)} is in force; apply it first", policy=name)
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
    check_names(txn, account_id, policy)
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


def check_names(snapshot: Snapshot, account_id: int, policy: Policy, path: str = "policy") -> None:
    """Judge the labels and registries that a policy names; raises `InvalidFields` with those that are not there."""
    names = {label.name for _, label in labels.scan(snapshot, account_id)}
    faults = [
        FieldFault(f"{path}.labels[{index}]", f"the account has no label {quoted(name)}")
        for index, name in enumerate(policy.labels)
        if name not in names
    ]
    faults += [
        FieldFault(f"{path}.registries[{index}].name", f"there is no registry {quoted(required.name)}")
        for index, required in enumerate(policy.registries)
        if not registries.exists(snapshot, required.name)
    ]
    if faults:
        raise InvalidFields(faults)


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
    return _HEAD.pack(applied.version, applied.applied_at_ms) + encode_policy(applied.policy)


def _decode(row: bytes) -> Applied:
    version, applied_at_ms = _HEAD.unpack_from(row)
    return Applied(decode_policy(row[_HEAD.size :]), version, applied_at_ms)
