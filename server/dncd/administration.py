"""What an operator does to a store with commands: accounts, tokens, registries. Each is an event of the journal too."""

from dncd import accounts, registries, tokens
from dncd.addresses import known_region
from dncd.errors import FieldFault, InvalidFields
from dncd.events import (
    AccountChanged,
    AccountCreated,
    Change,
    CoverageGranted,
    Draft,
    SnapshotActivated,
    SnapshotPruned,
    TokenRevoked,
)
from dncd.journal import Written, accept
from dncd.limits import REGISTRY_PREFIXES_MAX
from dncd.nouns import Role
from dncd.registry.shelf import Shelf
from dncd.storage.contract import Snapshot, Store

OPERATOR = "operator"


def create_first_accounts(store: Store, now_ms: int) -> None:
    """Create the accounts that every store has, `default` and `operator`, where they are not there."""
    with store.snapshot() as snapshot:
        missing = [name for name in accounts.FIRST_NAMES if accounts.find(snapshot, name) is None]
    for name in missing:
        create_account(store, now_ms, name, "")


def create_account(store: Store, now_ms: int, name: str, default_region: str) -> accounts.Account:
    """Create an account; raises `InvalidFields` where the name is taken or the region unknown."""
    _check_region(default_region)
    with store.transaction() as txn:
        new_id = accounts.next_id(txn)
        accept(txn, Draft(new_id, OPERATOR, Role.SERVER, AccountCreated(name, default_region)), now_ms)
    return accounts.Account(new_id, name, default_region)


def change_account(
    store: Store, now_ms: int, name: str, default_region: str | None = None, keep_texts: bool | None = None
) -> accounts.Account:
    """Change what an account wants; None leaves it as it is.

    Raises `InvalidFields` where there is no such account or the region is unknown.
    """
    _check_region(default_region or "")
    with store.transaction() as txn:
        before = accounts.get(txn, account_id(txn, name))
        region = before.default_region if default_region is None else default_region
        keeps = before.keep_texts if keep_texts is None else keep_texts
        accept(txn, Draft(before.id, OPERATOR, Role.SERVER, AccountChanged(name, region, keeps)), now_ms)
    return accounts.Account(before.id, name, region, keeps)


def create_token(store: Store, now_ms: int, account: str, name: str, role: Role, expires_at_ms: int = 0) -> str:
    """Create a token; returns its text, which is not stored. Raises `InvalidFields` where there is no such account."""
    text, change = tokens.mint(name, role, expires_at_ms)
    with store.transaction() as txn:
        accept(txn, Draft(account_id(txn, account), OPERATOR, Role.SERVER, change), now_ms)
    return text


def revoke_token(store: Store, now_ms: int, token_id: str) -> None:
    """Revoke a token, from the next call on; raises `InvalidFields` where there is no such token."""
    with store.transaction() as txn:
        token = tokens.find(txn, token_id)
        if token is None:
            raise InvalidFields([FieldFault("token_id", "there is no such token")])
        accept(txn, Draft(token.account_id, OPERATOR, Role.SERVER, TokenRevoked(token_id)), now_ms)


def accept_for_server(store: Store, now_ms: int, change: Change) -> Written:
    """Accept a change that belongs to the server itself, such as one of its registries. Raises the change's error."""
    with store.transaction() as txn:
        return accept(txn, Draft(accounts.SERVER_ID, OPERATOR, Role.SERVER, change), now_ms)


def activate_snapshot(store: Store, shelf: Shelf, now_ms: int, registry: str, snapshot_id: str, reason: str) -> bool:
    """Put a snapshot in force, after reading all of its files; tells whether it was not in force before.

    Raises `SnapshotNotFound`, `SnapshotDamaged`, and `SnapshotHeld` where it is held and there is no reason.
    """
    with store.snapshot() as snapshot:
        kept = registries.find_snapshot(snapshot, registry, snapshot_id)
    registries.verify_files(shelf.folder(registry, snapshot_id), kept.snapshot)
    return bool(
        accept_for_server(store, now_ms, SnapshotActivated(registry, snapshot_id, reason, older_held=True)).codes[0]
    )


def prune_snapshot(store: Store, shelf: Shelf, now_ms: int, registry: str, snapshot_id: str) -> None:
    """Take a snapshot away, with its files; raises `SnapshotNotFound`, `SnapshotInForce`."""
    accept_for_server(store, now_ms, SnapshotPruned(registry, snapshot_id))
    shelf.remove(registry, snapshot_id)


def grant_coverage(
    store: Store, now_ms: int, registry: str, account: str, prefixes: tuple[str, ...], *, replace: bool
) -> tuple[str, ...]:
    """Say what an account may rely on, beside or in place of what it had; returns what it had.

    Raises `RegistryNotFound`, and `InvalidFields` for a prefix out of the registry's scope or an unknown account.
    """
    with store.transaction() as txn:
        registries.check_coverage(txn, registry, prefixes, "PREFIX")
        found = account_id(txn, account)
        before = registries.coverage(txn, found, registry)
        granted = prefixes if replace else tuple(sorted({*before, *prefixes}))
        if len(granted) > REGISTRY_PREFIXES_MAX:
            raise InvalidFields(
                [FieldFault("PREFIX", f"an account relies on at most {REGISTRY_PREFIXES_MAX:,} prefixes")]
            )
        accept(
            txn,
            Draft(accounts.SERVER_ID, OPERATOR, Role.SERVER, CoverageGranted(registry, account, found, granted)),
            now_ms,
        )
    return before


def account_id(snapshot: Snapshot, name: str) -> int:
    """Return the id of an account; raises `InvalidFields` where there is none."""
    account = accounts.find(snapshot, name)
    if account is None:
        raise InvalidFields([FieldFault("account", "there is no such account; create it first")])
    return account.id


def _check_region(code: str) -> None:
    if code and not known_region(code):
        raise InvalidFields([FieldFault("default_region", "must be an ISO 3166-1 alpha-2 country code in capitals")])
