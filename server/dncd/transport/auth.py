"""Who is calling: the token of a call, and what a server without tokens does.

Reading a token from the store takes 20 us, half of that JSON, and every call pays it. So callers are remembered by the
digest of their token, and two rows are compared on each call: that of the token changes when it is revoked, that of
the account when its region is changed.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from dncd import accounts, tokens
from dncd.errors import TokenInvalid, TokenMissing
from dncd.storage.contract import Snapshot, Store, Table
from dncd.tokens import Caller
from dncd.transport.rpc import Authenticate, Metadata

HEADER: Final = "authorization"
SCHEME: Final = "bearer "
TOKEN_CHARS_MAX: Final = 256
REMEMBERED_MAX: Final = 1_024


@dataclass(frozen=True, slots=True)
class Remembered:
    """A caller, the rows of its token and its account when it was accepted, and when the token expires; 0 is never."""

    caller: Caller
    key: bytes
    row: bytes
    account: bytes
    expires_at_ms: int

    def holds(self, snapshot: Snapshot, now_ms: int) -> bool:
        """Tell whether token and account are still as they were, and the token has not expired."""
        if snapshot.get(Table.TOKENS, self.key) != self.row or 0 < self.expires_at_ms <= now_ms:
            return False
        return accounts.definition(snapshot, self.caller.account_id) == self.account


class Callers:
    """The callers that one server met. Threads may share it: the worst of a race is to read a token twice."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._remembered: dict[bytes, Remembered] = {}

    def caller(self, snapshot: Snapshot, text: str) -> Caller:
        """Name the caller of a token as of a snapshot; raises `TokenInvalid`."""
        digest = hashlib.sha256(text.encode()).digest()
        known = self._remembered.get(digest)
        now_ms = self._now_ms()
        if known is not None and known.holds(snapshot, now_ms):
            return known.caller
        caller = tokens.authenticate(snapshot, text, now_ms)
        self._remember(digest, snapshot, text.split("_")[1], caller)
        return caller

    def _remember(self, digest: bytes, snapshot: Snapshot, token_id: str, caller: Caller) -> None:
        token, row = tokens.find(snapshot, token_id), snapshot.get(Table.TOKENS, token_id.encode())
        assert token is not None, "it was just accepted"
        assert row is not None, "it was just accepted"
        if len(self._remembered) >= REMEMBERED_MAX:
            self._remembered.clear()
        account = accounts.definition(snapshot, caller.account_id)
        self._remembered[digest] = Remembered(caller, token_id.encode(), row, account, token.expires_at_ms)


def authenticator(store: Store, now_ms: Callable[[], int], *, open_allowed: bool) -> Authenticate:
    """Build what names the caller from a call's metadata. A revoked token fails from the next call on.

    Without any token in the store, and only with `open_allowed` (the server listens on loopback), everyone is the
    ADMIN of the default account. As soon as a token exists, a call without one raises `TokenMissing`.
    """
    callers = Callers(now_ms)
    with store.snapshot() as opened:
        default_id = tokens.open_caller(opened).account_id

    anyone: dict[bytes, Caller] = {}

    def open_caller(snapshot: Snapshot) -> Caller:
        account = accounts.definition(snapshot, default_id)
        if account not in anyone:
            anyone.clear()
            anyone[account] = tokens.open_caller(snapshot)
        return anyone[account]

    def caller(metadata: Metadata) -> Caller:
        token = token_of(metadata)
        with store.snapshot() as snapshot:
            if token is not None:
                return callers.caller(snapshot, token)
            if open_allowed and not tokens.tokens_exist(snapshot):
                return open_caller(snapshot)
        raise TokenMissing('no token came with the call; send "authorization: Bearer TOKEN"')

    return caller


def token_of(metadata: Metadata) -> str | None:
    """Read the bearer token; None where no authorization came. Raises `TokenInvalid` for any other scheme."""
    for name, value in metadata:
        if name == HEADER:
            return _bearer(value)
    return None


def _bearer(value: str | bytes) -> str:
    if isinstance(value, bytes) or value[: len(SCHEME)].lower() != SCHEME or len(value) > TOKEN_CHARS_MAX:
        raise TokenInvalid("the authorization is not a valid token")
    return value[len(SCHEME) :].strip()
