"""The root of the `dnc` command: global options, the commands, and how failures become exit codes."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from donotcontact import (
    Conflict,
    DoNotContactError,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    Overloaded,
    Timeout,
    Unavailable,
)
from donotcontact.cli import (
    attempts,
    changes,
    check,
    consents,
    entries,
    explain,
    journal,
    labels,
    optin,
    policies,
    reviews,
    rulepacks,
    scrub,
    sends,
)
from donotcontact.cli.exits import CommandError, ExitCode
from donotcontact.cli.output import Output
from donotcontact.cli.session import Connection, Session, Surroundings

DEFAULT_SERVER = "127.0.0.1:7420"
HINTS: tuple[tuple[type[DoNotContactError], ExitCode, str], ...] = (
    (InvalidRequest, ExitCode.REFUSED, "Correct what is named above. Nothing was changed."),
    (NotAuthenticated, ExitCode.REFUSED, "Give a valid token: --token-file FILE or DNC_TOKEN."),
    (NotPermitted, ExitCode.REFUSED, "Use a token whose role may do this. Nothing was changed."),
    (NotFound, ExitCode.REFUSED, "See what there is with: dnc policy list, dnc label list."),
    (Conflict, ExitCode.REFUSED, "Look at what is there, then decide. Nothing was changed."),
    (Overloaded, ExitCode.UNREACHABLE, "The server is busy: try again in a moment. Until then contact nobody."),
    (
        Unavailable,
        ExitCode.UNREACHABLE,
        "Is the server running, and is --server right? Until it answers, contact nobody.",
    ),
    (Timeout, ExitCode.UNREACHABLE, "Try again, or give it longer with --timeout. Until it answers, contact nobody."),
    (DoNotContactError, ExitCode.UNREACHABLE, "There is no complete answer: contact nobody it was about."),
)


class DncGroup(TyperGroup):
    """Turns expected failures into one clear sentence on standard error and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except CommandError as fault:
            _output(ctx).command_error(fault)
            raise typer.Exit(fault.code) from None
        except DoNotContactError as error:
            code, hint = next((code, hint) for kind, code, hint in HINTS if isinstance(error, kind))
            _output(ctx).call_error(error, hint)
            raise typer.Exit(code) from None
        except KeyboardInterrupt:
            _output(ctx).note("Interrupted.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None


app = typer.Typer(
    name="dnc",
    cls=DncGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # they hold addresses
    help="May I contact these addresses, now, and why not? Only ALLOW permits.\n\n"
    "Example: `dnc check '+1 415 555 0123' --channel voice`",
    epilog="Exit codes: 0 go ahead, 1 not allowed, 2 usage, 3 refused, 4 no answer, 5 file. See docs/reference/dnc.md.",
)
for module in (check, explain, scrub, changes, entries, reviews, sends, rulepacks, journal):
    module.register(app)
for noun in (optin, consents, reviews, attempts, labels, policies, rulepacks, journal):
    app.add_typer(noun.group)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dnc {version('donotcontact')}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    *,
    server: Annotated[
        str, typer.Option(envvar="DNC_SERVER", metavar="HOST:PORT", help="Where the server listens.")
    ] = DEFAULT_SERVER,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="DNC_TOKEN",
            metavar="TOKEN",
            help="The token. Others on this machine see it here: prefer the variable.",
        ),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(envvar="DNC_TOKEN_FILE", metavar="FILE", help="A file that holds the token.")
    ] = None,
    ca: Annotated[
        Path | None, typer.Option(envvar="DNC_CA", metavar="FILE", help="Use TLS, and trust this authority (PEM).")
    ] = None,
    cert: Annotated[
        Path | None, typer.Option(envvar="DNC_CERT", metavar="FILE", help="Use mutual TLS with this certificate (PEM).")
    ] = None,
    key: Annotated[Path | None, typer.Option(envvar="DNC_KEY", metavar="FILE", help="The key of --cert (PEM).")] = None,
    tls: Annotated[
        bool, typer.Option("--tls", envvar="DNC_TLS", help="Use TLS, and trust the authorities of this system.")
    ] = False,
    plaintext_token: Annotated[
        bool,
        typer.Option("--plaintext-token", help="Send the token without TLS beyond this machine. Others may read it."),
    ] = False,
    timeout: Annotated[
        float, typer.Option(envvar="DNC_TIMEOUT", min=0.001, metavar="SECONDS", help="How long one call may take.")
    ] = 10.0,
    as_json: Annotated[
        bool, typer.Option("--json", help="Write JSON to standard output, and nothing else. Also behind the command.")
    ] = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="Write without colours. So does the variable NO_COLOR.")
    ] = False,
    show_version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and leave.")
    ] = False,
) -> None:
    """Set up what every command shares."""
    ctx.obj = Session(
        Connection(server, token, token_file, ca, cert, key, tls, plaintext_token, timeout),
        ctx.obj if isinstance(ctx.obj, Surroundings) else Surroundings(),
        Output(as_json=as_json, color=not no_color),
    )


def run() -> None:
    """Run the command with the arguments of the process."""
    app()


def _output(ctx: Any) -> Output:
    return ctx.obj.output if isinstance(ctx.obj, Session) else Output(as_json=False, color=False)
