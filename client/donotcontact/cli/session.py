"""What every command shares: how to reach the server, where to write, and the clock."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from donotcontact import Client, Tls
from donotcontact.cli.exits import FileError, UsageError
from donotcontact.cli.output import Output

RUNNING = "donotcontact.running"


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach the server, as the global options say it."""

    server: str
    token: str | None
    token_file: Path | None
    ca: Path | None
    cert: Path | None
    key: Path | None
    tls: bool
    plaintext_token: bool
    timeout_s: float


def connect(connection: Connection) -> Client:
    """Build a client. Raises FileError for a file that cannot be read, UsageError for options that do not fit."""
    if not connection.server.strip():
        raise UsageError("--server names no server.", "Give --server HOST:PORT, or set DNC_SERVER.")
    if ":" not in connection.server:
        raise UsageError("--server names no port.", f"Give --server {connection.server}:7420, or the port it has.")
    try:
        return Client(
            connection.server,
            token=_token(connection),
            tls=_tls(connection),
            timeout_s=connection.timeout_s,
            allow_plaintext_token=connection.plaintext_token,
        )
    except ValueError as error:
        hint = "See --tls, --ca, --cert, --key and --plaintext-token in dnc --help."
        raise UsageError(f"These connection options do not fit: {error}.", hint) from None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a command takes from outside; tests put their own here."""

    connect: Callable[[Connection], Client] = connect
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    zone: tzinfo | None = None
    """The time zone of hours that are shown; None: that of this machine."""


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the command."""

    connection: Connection
    surroundings: Surroundings
    output: Output

    def client(self) -> Client:
        """Build a client for this run; use it as a context manager."""
        return self.surroundings.connect(self.connection)

    @property
    def stdin(self) -> BinaryIO:
        """Standard input as bytes."""
        return sys.stdin.buffer


@dataclass(slots=True)
class Running:
    """The command that runs, for whoever tells how it failed. `partly`: the command told itself what was done."""

    name: str
    output: Output
    partly: bool = False


def session_of(ctx: typer.Context, as_json: bool) -> Session:
    """Return the session of a command, with JSON where --json stands behind the command."""
    session: Session = ctx.obj
    if as_json and not session.output.as_json:
        color = not session.output.console.no_color
        session = replace(session, output=Output(as_json=True, color=color))
    ctx.meta[RUNNING] = Running(" ".join(ctx.command_path.split()[1:]), session.output)
    return session


def running(ctx: typer.Context) -> Running | None:
    """Return the command that runs, None before it began."""
    found: Running | None = ctx.meta.get(RUNNING)
    return found


JsonOption = Annotated[
    bool, typer.Option("--json", help="Write one JSON document, and nothing else, to standard output.")
]
RegionOption = Annotated[
    str,
    typer.Option(
        "--region",
        metavar="COUNTRY",
        help="The country of numbers without one, such as US. Default: the account's.",
        show_default=False,
    ),
]
PolicyOption = Annotated[
    str,
    typer.Option(
        "--policy",
        metavar="NAME",
        help="The policy. Default: the built-in labels and nothing else.",
        show_default=False,
    ),
]


def _token(connection: Connection) -> str | None:
    if connection.token and connection.token_file:
        raise UsageError("--token and --token-file are both given.", "Give one of them.")
    if connection.token_file:
        try:
            return _read(connection.token_file).decode("ascii").strip()
        except UnicodeError:
            raise FileError(f"{connection.token_file} holds no token: a token is ASCII text.") from None
    return connection.token or None


def _tls(connection: Connection) -> Tls | None:
    if not connection.tls and not any((connection.ca, connection.cert, connection.key)):
        return None
    ca, cert, key = ((_read(path) if path else None) for path in (connection.ca, connection.cert, connection.key))
    return Tls(ca=ca, cert=cert, key=key)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}.") from None
