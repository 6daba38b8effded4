"""Who is calling: the token of a call, and what a server without tokens does."""

from collections.abc import Callable
from typing import Final

from dncd.errors import TokenInvalid, TokenMissing
from dncd.storage.contract import Store
from dncd.tokens import Caller, authenticate, open_caller, tokens_exist
from dncd.transport.rpc import Authenticate, Metadata

HEADER: Final = "authorization"
SCHEME: Final = "bearer "
TOKEN_CHARS_MAX: Final = 256


def authenticator(store: Store, now_ms: Callable[[], int], *, open_allowed: bool) -> Authenticate:
    """Build what names the caller from a call's metadata. A revoked token fails from the next call on.

    Without any token in the store, and only with `open_allowed` (the server listens on loopback), everyone is the
    ADMIN of the default account. As soon as a token exists, a call without one raises `TokenMissing`.
    """

    def caller(metadata: Metadata) -> Caller:
        token = token_of(metadata)
        with store.snapshot() as snapshot:
            if token is not None:
                return authenticate(snapshot, token, now_ms())
            if open_allowed and not tokens_exist(snapshot):
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
