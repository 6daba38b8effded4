"""Whether an account keeps the texts of messages: set by an operator, journaled like every change."""

import json
from pathlib import Path

import pytest

from consents.desk import PERSON, Desk
from daemon_running import dncd
from dncd import accounts
from dncd.administration import change_account
from dncd.errors import InvalidFields
from dncd.events import AccountChanged
from dncd.nouns import Role
from dncd.storage.contract import Table
from dncd.storage.keys import account_key


@pytest.fixture
def store(tmp_path: Path) -> str:
    path = str(tmp_path / "store")
    assert dncd("account", "create", "acme", "--store", path, "--default-region", "GB").returncode == 0
    return path


def listed(store: str, name: str) -> dict[str, object]:
    rows: list[dict[str, object]] = json.loads(dncd("account", "list", "--store", store, "--json").stdout)
    return next(row for row in rows if row["name"] == name)


def test_what_is_not_named_stays_as_it_is(store: str) -> None:
    kept = dncd("account", "set", "acme", "--keep-texts", "--store", store)
    assert listed(store, "acme") == {"name": "acme", "default_region": "GB", "keep_texts": True}

    dncd("account", "set", "acme", "--region", "us", "--store", store)
    assert listed(store, "acme") == {"name": "acme", "default_region": "US", "keep_texts": True}

    dncd("account", "set", "acme", "--no-keep-texts", "--region", "", "--store", store)
    assert listed(store, "acme") == {"name": "acme", "default_region": "", "keep_texts": False}
    assert kept.returncode == 0
    assert listed(store, "default")["keep_texts"] is False


@pytest.mark.parametrize("arguments", [["nobody", "--keep-texts"], ["acme", "--region", "Mars"]])
def test_an_account_that_is_not_there_and_a_region_that_is_none_are_refused(store: str, arguments: list[str]) -> None:
    refused = dncd("account", "set", *arguments, "--store", store)

    assert refused.returncode == 1
    assert refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_change_of_an_account_is_an_event_of_its_journal(desk: Desk) -> None:
    change_account(desk.store, desk.clock(), "beta", keep_texts=True)

    event = desk.newest()
    assert (event.draft.account_id, event.draft.role) == (2, Role.SERVER)
    assert event.draft.change == AccountChanged("beta", "US", keep_texts=True)


def test_an_account_keeps_its_name(desk: Desk) -> None:
    with pytest.raises(InvalidFields):
        desk.accept(AccountChanged("gamma", "US"))


def test_texts_are_kept_from_the_change_on_and_for_that_account_alone(desk: Desk) -> None:
    desk.keep_texts()
    desk.call("RecordInboundMessage", Role.AGENT, 2, address=PERSON, text="thanks")
    assert b"thanks" not in desk.journal_bytes()

    desk.say("thanks")
    change_account(desk.store, desk.clock(), accounts.DEFAULT_NAME, keep_texts=False)
    desk.say("thanks")

    assert desk.journal_bytes().count(b"thanks") == 1


def test_an_account_of_before_texts_could_be_kept_keeps_none(desk: Desk) -> None:
    with desk.store.transaction() as txn:
        txn.put(Table.ACCOUNTS, account_key(1, b"d"), b'{"default_region": "US", "name": "default"}')

    with desk.store.snapshot() as snapshot:
        assert accounts.get(snapshot, 1) == accounts.Account(1, "default", "US", keep_texts=False)
