import pytest

from dncd import administration
from dncd.errors import TokenInvalid, TokenMissing
from dncd.nouns import Role
from dncd.storage.memory import MemoryStore
from dncd.tokens import Caller
from dncd.transport.auth import REMEMBERED_MAX, authenticator
from dncd.transport.rpc import Authenticate, Metadata

NOW_MS = 1_800_000_000_000


class Clock:
    now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> MemoryStore:
    store = MemoryStore()
    administration.create_account(store, NOW_MS, "default", "US")
    return store


@pytest.fixture
def authenticate(store: MemoryStore, clock: Clock) -> Authenticate:
    return authenticator(store, clock, open_allowed=True)


def make(store: MemoryStore, expires_at_ms: int = 0, account: str = "default") -> str:
    return administration.create_token(store, NOW_MS, account, "dialer", Role.CHECKER, expires_at_ms)


def bearer(token: str, scheme: str = "Bearer") -> Metadata:
    return (("user-agent", "x"), ("authorization", f"{scheme} {token}"))


def test_without_any_token_everyone_is_admin_of_the_default_account(authenticate: Authenticate) -> None:
    assert authenticate(()) == Caller(1, "US", Role.ADMIN, "anonymous", operator=True)


def test_without_any_token_nobody_calls_where_that_is_not_allowed(store: MemoryStore, clock: Clock) -> None:
    with pytest.raises(TokenMissing):
        authenticator(store, clock, open_allowed=False)(())


def test_first_token_closes_the_server_at_once(authenticate: Authenticate, store: MemoryStore) -> None:
    authenticate(())
    make(store)

    with pytest.raises(TokenMissing):
        authenticate(())


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_token_names_its_caller_every_time(authenticate: Authenticate, store: MemoryStore, scheme: str) -> None:
    token = make(store)

    callers = [authenticate(bearer(token, scheme)) for _ in range(3)]

    assert callers == [Caller(1, "US", Role.CHECKER, "dialer")] * 3


def test_tokens_of_two_accounts_never_mix(authenticate: Authenticate, store: MemoryStore) -> None:
    administration.create_account(store, NOW_MS, "acme", "GB")
    ours, theirs = make(store), make(store, account="acme")

    seen = [authenticate(bearer(token)).account_id for token in (ours, theirs, ours, theirs)]

    assert seen == [1, 2, 1, 2]


def test_revoked_token_fails_on_the_next_call(authenticate: Authenticate, store: MemoryStore) -> None:
    token = make(store)
    authenticate(bearer(token))

    administration.revoke_token(store, NOW_MS, token.split("_")[1])

    with pytest.raises(TokenInvalid):
        authenticate(bearer(token))


def test_token_fails_from_the_moment_it_expires(authenticate: Authenticate, store: MemoryStore, clock: Clock) -> None:
    token = make(store, expires_at_ms=NOW_MS + 1_000)
    clock.now_ms = NOW_MS + 999
    authenticate(bearer(token))

    clock.now_ms = NOW_MS + 1_000

    with pytest.raises(TokenInvalid):
        authenticate(bearer(token))


def test_secret_of_another_token_fails_though_both_were_met(authenticate: Authenticate, store: MemoryStore) -> None:
    first, second = make(store), make(store)
    authenticate(bearer(first))
    authenticate(bearer(second))
    mixed = "_".join([*first.split("_")[:2], second.split("_")[2]])

    with pytest.raises(TokenInvalid):
        authenticate(bearer(mixed))


def test_more_callers_than_are_remembered_all_pass(authenticate: Authenticate, store: MemoryStore) -> None:
    made = [make(store) for _ in range(REMEMBERED_MAX + 1)]

    seen = {authenticate(bearer(token)).role for token in [*made, *made[:3]]}

    assert seen == {Role.CHECKER}


@pytest.mark.parametrize(
    "value",
    ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer dnc__", "Bearer dnc_é_ß", "Bearer " + "x" * 999, b"\xff"],
)
def test_anything_else_is_invalid_even_without_any_token(authenticate: Authenticate, value: str | bytes) -> None:
    with pytest.raises(TokenInvalid):
        authenticate((("authorization", value),))


def test_a_region_that_is_changed_counts_from_the_next_call(authenticate: Authenticate, store: MemoryStore) -> None:
    open_before = authenticate(()).default_region
    administration.change_account(store, NOW_MS, "default", default_region="DE")
    open_after = authenticate(()).default_region
    token = make(store)
    before = authenticate(bearer(token)).default_region

    administration.change_account(store, NOW_MS, "default", default_region="FR")

    assert (open_before, open_after, before) == ("US", "DE", "DE")
    assert authenticate(bearer(token)).default_region == "FR"
