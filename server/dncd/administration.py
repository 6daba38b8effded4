"""What an operator does to a store with commands: accounts and tokens. Each is an event of the journal too."""

from dncd import accounts, tokens
from dncd.addresses import known_region
from dncd.errors import FieldFault, InvalidFields
from dncd.events import AccountCreated, Draft, TokenRevoked
from dncd.journal import accept
from dncd.nouns import Role
from dncd.storage.contract import Store, Transaction

OPERATOR = "operator"


def create_account(store: Store, now_ms: int, name: str, default_region: str) -> accounts.Account:
    """Create an account; raises `InvalidFields` where the name is taken or the region unknown."""
    if default_region and not known_region(default_region):
        raise InvalidFields([FieldFault("default_region", "must be an ISO 3166-1 alpha-2 country code in capitals")])
    with store.transaction() as txn:
        account_id = accounts.next_id(txn)
        accept(txn, Draft(account_id, OPERATOR, Role.SERVER, AccountCreated(name, default_region)), now_ms)
    return accounts.Account(account_id, name, default_region)


def create_token(store: Store, now_ms: int, account: str, name: str, role: Role, expires_at_ms: int = 0) -> str:
    """Create a token; returns its text, which is not stored. Raises `InvalidFields` where there is no such account."""
    text, change = tokens.mint(name, role, expires_at_ms)
    with store.transaction() as txn:
        accept(txn, Draft(_account_id(txn, account), OPERATOR, Role.SERVER, change), now_ms)
    return text


def revoke_token(store: Store, now_ms: int, token_id: str) -> None:
    """Revoke a token, from the next call on; raises `InvalidFields` where there is no such token."""
    with store.transaction() as txn:
        token = tokens.find(txn, token_id)
        if token is None:
            raise InvalidFields([FieldFault("token_id", "there is no such token")])
        accept(txn, Draft(token.account_id, OPERATOR, Role.SERVER, TokenRevoked(token_id)), now_ms)


def _account_id(txn: Transaction, name: str) -> int:
    account = accounts.find(txn, name)
    if account is None:
        raise InvalidFields([FieldFault("account", "there is no such account; create it first")])
    return account.id
