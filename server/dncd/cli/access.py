"""Commands about who may call: accounts and tokens. Each change goes through the journal, like every other."""

import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.table import Table

from dncd import accounts, administration, tokens
from dncd.cli.frame import EXIT_CODES, WRONG, JsonOption, StoreOption, attached, say
from dncd.daemon.ambient import now_ms
from dncd.limits import NAME_CHARS_MAX
from dncd.nouns import Role
from dncd.storage.contract import Snapshot, Store

DAY_MS: Final = 86_400_000
PIPED_WIDTH: Final = 240
_NAME: Final = re.compile(rf"[A-Za-z0-9][A-Za-z0-9._-]{{0,{NAME_CHARS_MAX - 1}}}")

accounts_app = typer.Typer(help="The customers of the server.", epilog=EXIT_CODES, no_args_is_help=True)
tokens_app = typer.Typer(help="Who may call.", epilog=EXIT_CODES, no_args_is_help=True)


_REGION_HELP: Final = "The country of numbers that are written without one, such as US."
RegionOption = Annotated[str, typer.Option("--default-region", "--region", help=_REGION_HELP)]
ChangedRegionOption = Annotated[
    str | None, typer.Option("--default-region", "--region", help=f"{_REGION_HELP} Empty: none.")
]


class RoleName(StrEnum):
    """The roles that a token can have."""

    CHECKER = "checker"
    AGENT = "agent"
    MANAGER = "manager"
    ADMIN = "admin"
    AUDITOR = "auditor"


@accounts_app.command("create", epilog=EXIT_CODES)
def create_account(
    name: str,
    default_region: RegionOption = "",
    store: StoreOption = None,
) -> None:
    """Create an account. It is apart from all others: own labels, entries, policies, tokens.

    Example: `dncd account create acme --default-region US`
    """
    with founded(store) as opened:
        administration.create_account(opened, now_ms(), _name(name), default_region.upper())
    say(f"created account {name}")


@accounts_app.command("set", epilog=EXIT_CODES)
def set_account(
    name: str,
    region: ChangedRegionOption = None,
    keep_texts: Annotated[
        bool | None,
        typer.Option("--keep-texts/--no-keep-texts", help="Whether the texts of inbound messages are kept, for ever."),
    ] = None,
    store: StoreOption = None,
) -> None:
    """Change what an account wants, from the next call on. What is not named stays as it is.

    Example: `dncd account set acme --default-region GB --keep-texts`
    """
    wanted = None if region is None else region.upper()
    with attached(store) as opened:
        after = administration.change_account(opened, now_ms(), name, wanted, keep_texts)
    kept = "kept" if after.keep_texts else "not kept"
    say(f"account {name}: default region {after.default_region or 'none'}, texts of messages {kept}")


@accounts_app.command("list", epilog=EXIT_CODES)
def list_accounts(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the accounts by name.

    Example: `dncd account list`
    """
    with attached(store) as opened, opened.snapshot() as snapshot:
        found = [_account_told(each) for each in accounts.scan(snapshot)]
    if as_json:
        typer.echo(json.dumps(found))
        return
    _show(
        "There is no account.",
        ["name", "default region", "texts of messages"],
        [[row["name"], row["default_region"] or "-", "kept" if row["keep_texts"] else "not kept"] for row in found],
    )


@tokens_app.command("create", epilog=EXIT_CODES)
def create_token(
    name: Annotated[str, typer.Option(help="Who will use it, such as dialer-1. The journal names it as the actor.")],
    role: Annotated[RoleName, typer.Option(help="What it may do.")],
    account: Annotated[str, typer.Option(help="Whose it is.")] = accounts.DEFAULT_NAME,
    expires: Annotated[int, typer.Option(help="Days until it expires. 0: never.", min=0, max=36_500)] = 0,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a token and print it: once, since only a digest of it is kept. From the first on, every call needs one.

    Example: `dncd token create --account acme --role checker --name dialer-1 --expires 365`
    """
    expires_at_ms = now_ms() + expires * DAY_MS if expires else 0
    with founded(store) as opened:
        text = administration.create_token(opened, now_ms(), account, _name(name), Role[role.name], expires_at_ms)
    if as_json:
        told = {
            "id": text.split("_")[1],
            "token": text,
            "account": account,
            "role": role,
            "expires_at_ms": expires_at_ms,
        }
        typer.echo(json.dumps(told))
        return
    say("keep this token; it is not shown again")
    typer.echo(text)


@tokens_app.command("list", epilog=EXIT_CODES)
def list_tokens(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """List the tokens, revoked and expired ones too. Secrets are not kept, so they cannot be shown.

    Example: `dncd token list`
    """
    with attached(store) as opened, opened.snapshot() as snapshot:
        found = [_told(snapshot, token) for token in tokens.scan(snapshot)]
    if as_json:
        typer.echo(json.dumps(found))
        return
    _show(
        "There is no token: whoever reaches the server on this machine may do everything.",
        ["id", "account", "name", "role", "state", "expires"],
        [
            [*(row[title] for title in ("id", "account", "name", "role")), _state(row), _day(row["expires_at_ms"])]
            for row in found
        ],
    )


@tokens_app.command("revoke", epilog=EXIT_CODES)
def revoke_token(token_id: Annotated[str, typer.Argument(metavar="ID")], store: StoreOption = None) -> None:
    """Revoke a token. Calls with it fail from now on, on every worker; streams end at their next event or heartbeat.

    Example: `dncd token revoke 5f0c4e1a9b7d2c33`
    """
    with attached(store) as opened:
        administration.revoke_token(opened, now_ms(), token_id)
    say(f"revoked {token_id}")


@contextmanager
def founded(store: Path | None) -> Iterator[Store]:
    """Open a store for a change that may be its first: made where there is none, with the account `default`."""
    with attached(store, create=True) as opened:
        administration.create_first_accounts(opened, now_ms())
        yield opened


def _account_told(account: accounts.Account) -> dict[str, Any]:
    return {"name": account.name, "default_region": account.default_region, "keep_texts": account.keep_texts}


def _told(snapshot: Snapshot, token: tokens.Token) -> dict[str, Any]:
    return {
        "id": token.id,
        "account": accounts.get(snapshot, token.account_id).name,
        "name": token.name,
        "role": token.role.name.lower(),
        "valid": token.valid(now_ms()),
        "expires_at_ms": token.expires_at_ms,
        "revoked_at_ms": token.revoked_at_ms,
    }


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        say(f"dncd: a name has 1 to {NAME_CHARS_MAX} letters, digits, dots, hyphens, underscores, the first no sign")
        raise typer.Exit(WRONG)
    return text


def _state(token: dict[str, Any]) -> str:
    if token["revoked_at_ms"]:
        return f"revoked {_day(token['revoked_at_ms'])}"
    return "valid" if token["valid"] else "expired"


def _day(time_ms: int) -> str:
    """Write a time for people, in UTC; 0 is never."""
    if not time_ms:
        return "never"
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def _show(empty: str, titles: list[str], rows: list[list[str]]) -> None:
    if not rows:
        typer.echo(empty)
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else PIPED_WIDTH
    Console(width=width, highlight=False, markup=False, emoji=False).print(table)
