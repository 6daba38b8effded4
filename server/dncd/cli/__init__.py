"""The `dncd` command: serve, and look after a store."""

import faulthandler
import json
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from dncd import journal
from dncd.cli.access import accounts_app, tokens_app
from dncd.cli.frame import EXIT_CODES, FAILED, WRONG, JsonOption, StoreOption, attached, run, say
from dncd.cli.registry import registry_app
from dncd.config import Settings, effective
from dncd.daemon.ambient import log_to_stderr
from dncd.daemon.supervisor import serve as serve_until_stopped
from dncd.errors import StorageFull
from dncd.storage.contract import Snapshot
from dncd.storage.lmdb import DestinationUnusable

PROGRESS_STEP = 1_000

app = typer.Typer(
    help="The do-not-contact decision server.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
journal_app = typer.Typer(help="The proof: every accepted change.", epilog=EXIT_CODES, no_args_is_help=True)
app.add_typer(accounts_app, name="account")
app.add_typer(tokens_app, name="token")
app.add_typer(registry_app, name="registry")
app.add_typer(journal_app, name="journal")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dncd {version('donotcontact')}")
        raise typer.Exit


@app.callback()
def root(
    *,
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and leave.")
    ] = False,
) -> None:
    """The do-not-contact decision server."""


def main() -> None:
    """Run the command line."""
    # A damaged store can kill the process where it is read; the log says where then.
    faulthandler.enable()
    run(app)


def _about(name: str) -> str:
    """Give the description of a setting, so that each is written once."""
    return Settings.model_fields[name].description or ""


@app.command(epilog=EXIT_CODES)
def serve(
    store: Annotated[Path | None, typer.Option(help=_about("store"))] = None,
    listen: Annotated[str | None, typer.Option(help=_about("listen"))] = None,
    workers: Annotated[int | None, typer.Option(help=_about("workers"))] = None,
    metrics_listen: Annotated[str | None, typer.Option(help=_about("metrics_listen"))] = None,
    tls_cert: Annotated[Path | None, typer.Option(help=_about("tls_cert"))] = None,
    tls_key: Annotated[Path | None, typer.Option(help=_about("tls_key"))] = None,
    tls_client_ca: Annotated[Path | None, typer.Option(help=_about("tls_client_ca"))] = None,
    insecure_plaintext: Annotated[
        bool | None, typer.Option("--insecure-plaintext", help=_about("insecure_plaintext"))
    ] = None,
    drain_notice_seconds: Annotated[float | None, typer.Option(help=_about("drain_notice_seconds"))] = None,
    drain_grace_seconds: Annotated[float | None, typer.Option(help=_about("drain_grace_seconds"))] = None,
    housekeeping_seconds: Annotated[float | None, typer.Option(help=_about("housekeeping_seconds"))] = None,
    ready_file: Annotated[Path | None, typer.Option(help=_about("ready_file"))] = None,
    log_level: Annotated[str | None, typer.Option(help=_about("log_level"))] = None,
) -> None:
    """Serve a store until SIGTERM or SIGINT. Every option can be set as DNCD_<NAME> in the environment.

    Example: `dncd serve --store /var/lib/dncd --workers 2`
    """
    settings = effective(dict(locals()))
    log_to_stderr(settings.log_level)
    if not serve_until_stopped(settings, typer.echo):
        raise typer.Exit(FAILED)


@app.command(epilog=EXIT_CODES)
def demo(
    as_json: JsonOption = False,
    keep: Annotated[Path | None, typer.Option(help="Keep the store and the files in this new or empty folder.")] = None,
) -> None:
    """Screen a messy call file against a server of its own, and show why.

    Example: `dncd demo`
    """
    # Only here: the demonstration brings its own client, which no other command needs.
    from dncd.demo import run as run_demo  # noqa: PLC0415 - see above

    run_demo(as_json=as_json, keep=keep)


@app.command(epilog=EXIT_CODES)
def config(as_json: JsonOption = False) -> None:
    """Print the settings in force: the environment's, else the defaults.

    Example: `dncd config --json`
    """
    settings = effective({})
    if as_json:
        typer.echo(settings.model_dump_json(indent=2))
        return
    for name, value in settings.model_dump(mode="json").items():
        typer.echo(f"{name} = {'' if value is None else value}")


@app.command(epilog=EXIT_CODES)
def backup(destination: Path, store: StoreOption = None) -> None:
    """Copy the store, while it may be served, to a new or empty folder: what was committed when the copy began.

    Example: `dncd backup /var/backups/dncd-2026-11-22 --store /var/lib/dncd`
    """
    with attached(store) as opened:
        try:
            opened.copy_to(destination)
        except DestinationUnusable as error:
            say(f"dncd: {error}")
            raise typer.Exit(WRONG) from None
        except StorageFull:
            say(f"dncd: the disk of {destination} is full; no copy was made: make room, or name another disk")
            raise typer.Exit(FAILED) from None
    say(f"copied to {destination}")


@journal_app.command("verify", epilog=EXIT_CODES)
def verify(store: StoreOption = None, as_json: JsonOption = False) -> None:
    """Recompute the hash chain over the whole journal; the exit code is 1 where it does not hold.

    Example: `dncd journal verify --store /var/lib/dncd`
    """
    with attached(store) as opened, opened.snapshot() as snapshot:
        found = _verified(snapshot)
    told = {
        "intact": found.intact,
        "events": found.events,
        "head_hash": found.head_hash.hex(),
        "broken_at": found.broken_at,
        "problem": found.problem,
    }
    if as_json:
        typer.echo(json.dumps(told))
    elif found.intact:
        typer.echo(f"intact: {found.events:,} events, head {found.head_hash.hex()}")
    else:
        typer.echo(f"BROKEN at position {found.broken_at:,}: {found.problem}")
    if not found.intact:
        raise typer.Exit(FAILED)


def _verified(snapshot: Snapshot) -> journal.Verification:
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("verifying", total=journal.head(snapshot).position)
        return journal.verify(snapshot, _every(PROGRESS_STEP, lambda done: progress.update(task, completed=done)))


def _every(step: int, tell: Callable[[int], None]) -> Callable[[int], None]:
    def maybe(position: int) -> None:
        if position % step == 0:
            tell(position)

    return maybe
