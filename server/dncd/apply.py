"""What each kind of event does to the state: one pure function from transaction and event to outcome codes.

No clock, no randomness, no configuration: replaying a journal into an empty store gives the same tables, byte for byte.
Nor a figure that a later version may want otherwise: those are resolved into the event. What is left of constants is
part of what the event means, and `tests/replay` notices when one changes.
A function raises a `DncError` only before its first write, so that a refused change leaves no trace in a shared commit.
"""

from collections.abc import Callable
from typing import Any

from dncd import (
    accounts,
    consents,
    entries,
    events,
    labels,
    messages,
    optin,
    permissions,
    policies,
    regions,
    registries,
    requests,
    tokens,
)
from dncd.storage.contract import Transaction


def _create_account(txn: Transaction, event: events.Event, change: events.AccountCreated) -> bytes:
    codes = accounts.apply_created(txn, event, change)
    labels.apply_built_in(txn, event.draft.account_id)
    return codes


_APPLY: dict[type, Callable[[Transaction, events.Event, Any], bytes]] = {
    events.EntriesExpired: entries.apply_expired,
    events.LabelCreated: labels.apply_created,
    events.LabelUpdated: labels.apply_updated,
    events.LabelArchived: labels.apply_archived,
    events.OptInSet: optin.apply_set,
    events.OptInClaimed: optin.apply_claimed,
    events.InboundMessageRecorded: messages.apply_recorded,
    events.ReviewDecided: messages.apply_decided,
    events.ConsentRecorded: consents.apply_recorded,
    events.ConsentRevoked: consents.apply_revoked,
    events.PermissionAnswered: permissions.apply_answered,
    events.SendClaimed: permissions.apply_claimed,
    events.PolicyApplied: lambda txn, event, change: policies.apply_applied(txn, event, change.policy),
    events.PolicyDeleted: policies.apply_deleted,
    events.RegionClosed: regions.apply_closed,
    events.RegionOpened: regions.apply_opened,
    events.AccountCreated: _create_account,
    events.AccountChanged: accounts.apply_changed,
    events.TokenCreated: tokens.apply_created,
    events.TokenRevoked: tokens.apply_revoked,
    events.RequestsPruned: requests.apply_pruned,
    events.RegistryCreated: lambda txn, event, change: registries.apply_created(txn, event, change.registry),
    events.SnapshotImported: registries.apply_imported,
    events.SnapshotActivated: registries.apply_activated,
    events.SnapshotPruned: registries.apply_pruned,
    events.CoverageGranted: registries.apply_granted,
}


def apply(txn: Transaction, event: events.Event, only: entries.Only = None) -> bytes:
    """Apply one event; returns its outcome codes, whose meaning is the change's own.

    Raises the change's `DncError` before anything is written. With `only`, changes to entries touch just these keys.
    """
    change = event.draft.change
    if isinstance(change, events.EntriesAdded):
        return entries.apply_added(txn, event, change, only)
    if isinstance(change, events.EntriesRemoved):
        return entries.apply_removed(txn, event, change, only)
    return _APPLY[type(change)](txn, event, change)
