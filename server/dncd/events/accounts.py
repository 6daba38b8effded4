"""Events about accounts, tokens and request ids."""

from dataclasses import dataclass

from dncd.nouns import Role


@dataclass(frozen=True, slots=True)
class AccountCreated:
    """An account was created; its id is the event's account id."""

    name: str
    default_region: str = ""


@dataclass(frozen=True, slots=True)
class AccountChanged:
    """What an account wants was replaced."""

    name: str
    default_region: str = ""
    keep_texts: bool = False


@dataclass(frozen=True, slots=True)
class TokenCreated:
    """A token was created."""

    token_id: str
    name: str
    role: Role
    secret_digest: bytes
    expires_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class TokenRevoked:
    """A token was revoked."""

    token_id: str


@dataclass(frozen=True, slots=True)
class RequestsPruned:
    """Request ids of events at the cutoff or before were forgotten; at most `events_max` events were looked at."""

    cutoff_ms: int
    events_max: int
