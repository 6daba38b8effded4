"""Tokens: who may call. `dnc_<id>_<secret>`; the id is public, of the 256-bit secret only the SHA-256 is stored.

Rows of TOKENS: token id -> JSON. A revoked token keeps its row.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dncd import accounts
from dncd.errors import FieldFault, InvalidFields, TokenInvalid
from dncd.events import Event, TokenCreated, TokenRevoked
from dncd.nouns import Role
from dncd.storage.contract import Snapshot, Table, Transaction

_SECRET_BYTES = 32
_ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: what a credential stands for."""

    account_id: int
    default_region: str
    role: Role
    actor: str
    # Whether the caller may change what belongs to the whole server: the account "operator", or anyone without tokens.
    operator: bool = False
    # Whose events the caller reads: its account's, or for the account "operator" those of the server itself.
    reads_server_journal: bool = False

    @property
    def journal_id(self) -> int:
        """Return the account whose events the caller reads."""
        return accounts.SERVER_ID if self.reads_server_journal else self.account_id


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is stored. Times are milliseconds since 1970 UTC; 0 is never."""

    id: str
    account_id: int
    name: str
    role: Role
    secret_digest: bytes
    created_at_ms: int
    expires_at_ms: int
    revoked_at_ms: int

    def valid(self, now_ms: int) -> bool:
        """Tell whether the token may be used at a time."""
        return not self.revoked_at_ms and not 0 < self.expires_at_ms <= now_ms


def mint(
    name: str, role: Role, expires_at_ms: int = 0, random: Callable[[int], bytes] = secrets.token_bytes
) -> tuple[str, TokenCreated]:
    """Make a new token: its text, which is shown once, and the change that stores it."""
    token_id = random(_ID_BYTES).hex()
    secret = random(_SECRET_BYTES).hex()
    return f"dnc_{token_id}_{secret}", TokenCreated(token_id, name, role, _digest(secret), expires_at_ms)


def authenticate(snapshot: Snapshot, text: str, now_ms: int) -> Caller:
    """Return the caller that a token stands for; raises `TokenInvalid`, which never says why."""
    scheme, _, rest = text.partition("_")
    token_id, _, secret = rest.partition("_")
    row = (
        snapshot.get(Table.TOKENS, token_id.encode())
        if scheme == "dnc" and token_id.isascii() and token_id.isalnum()
        else None
    )
    # An unknown id compares against a digest that nothing has, so that it takes the time of a known one.
    token = _decode(token_id, row) if row is not None else None
    matches = hmac.compare_digest(_digest(secret), token.secret_digest if token else bytes(32))
    if token is None or not matches or not token.valid(now_ms):
        raise TokenInvalid("the token is malformed, unknown, expired or revoked")
    account = accounts.get(snapshot, token.account_id)
    operator = account.name == accounts.OPERATOR_NAME
    return Caller(
        account.id,
        account.default_region,
        token.role,
        token.name,
        operator=operator,
        reads_server_journal=operator,
    )


def tokens_exist(snapshot: Snapshot) -> bool:
    """Tell whether any token was ever created; from then on every call needs one."""
    return snapshot.count(Table.TOKENS) > 0


def open_caller(snapshot: Snapshot) -> Caller:
    """Return the caller of a server without tokens: ADMIN of the account `default`."""
    account = accounts.find(snapshot, accounts.DEFAULT_NAME)
    assert account is not None, "every store is made with the account `default`"
    return Caller(account.id, account.default_region, Role.ADMIN, "anonymous", operator=True)


def find(snapshot: Snapshot, token_id: str) -> Token | None:
    """Return a token by its id, or None where there is none."""
    row = snapshot.get(Table.TOKENS, token_id.encode())
    return _decode(token_id, row) if row is not None else None


def scan(snapshot: Snapshot) -> Iterator[Token]:
    """Yield every token by id, revoked ones too."""
    for key, row in snapshot.scan(Table.TOKENS):
        yield _decode(key.decode(), row)


def apply_created(txn: Transaction, event: Event, change: TokenCreated) -> bytes:
    """Store a token."""
    assert find(txn, change.token_id) is None, "token ids are random"
    _put(
        txn,
        Token(
            change.token_id,
            event.draft.account_id,
            change.name,
            change.role,
            change.secret_digest,
            event.time_ms,
            change.expires_at_ms,
            0,
        ),
    )
    return b"\x01"


def apply_revoked(txn: Transaction, event: Event, change: TokenRevoked) -> bytes:
    """Revoke a token of the event's account; one that is revoked is unchanged.

    Raises `InvalidFields` where the account has no such token.
    """
    token = find(txn, change.token_id)
    if token is None or token.account_id != event.draft.account_id:
        raise InvalidFields([FieldFault("token_id", "the account has no such token")])
    if token.revoked_at_ms:
        return b"\x00"
    fields = {name: getattr(token, name) for name in Token.__slots__}
    _put(txn, Token(**{**fields, "revoked_at_ms": event.time_ms}))
    return b"\x01"


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _put(txn: Transaction, token: Token) -> None:
    fields = {name: getattr(token, name) for name in Token.__slots__ if name != "id"}
    fields["secret_digest"] = token.secret_digest.hex()
    txn.put(Table.TOKENS, token.id.encode(), json.dumps(fields, sort_keys=True).encode())


def _decode(token_id: str, row: bytes) -> Token:
    fields: dict[str, Any] = json.loads(row)
    fields["secret_digest"] = bytes.fromhex(fields["secret_digest"])
    fields["role"] = Role(fields["role"])
    return Token(id=token_id, **fields)
