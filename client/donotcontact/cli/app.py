"""The root of the `dnc` command: global options, the commands, and how failures become exit codes."""

import signal
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from donotcontact import DoNotContactError
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
from donotcontact.cli.advice import advice_on, exit_code_of
from donotcontact.cli.exits import CommandError, ExitCode
from donotcontact.cli.output import Output
from donotcontact.cli.session import Connection, Session, Surroundings, running

DEFAULT_SERVER = "127.0.0.1:7420"
PANELS = {
    "Ask": {"check", "scrub", "explain"},
    "Say what a person said": {"add", "remove", "inbound", "review", "optin", "consent", "permit"},
    "Right before the contact": {"attempts", "claim-send"},
    "Say what campaigns may do": {"label", "policy", "packs", "region"},
    "Look up and prove": {"entries", "address", "journal", "watch"},
}
"""The commands as the help groups them."""


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
            run = running(ctx)
            hint = advice_on(error, run.name, partly=run.partly) if run else advice_on(error, "", partly=False)
            _output(ctx).call_error(error, hint, exit_code_of(error))
            raise typer.Exit(exit_code_of(error)) from None
        except KeyboardInterrupt:
            _output(ctx).note("Interrupted.")
            raise typer.Exit(ExitCode.INTERRUPTED) from None

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line. Bytes that are no text come as lone surrogates, which nothing can be done with."""
        for place, argument in enumerate(args, 1):
            if any("\ud800" <= character <= "\udfff" for character in argument):
                raise typer.BadParameter(f"argument {place} is not UTF-8.", ctx)
        parsed: list[str] = super().parse_args(ctx, args)
        return parsed


def _panel_of(name: Any) -> str:
    return next(panel for panel, names in PANELS.items() if name in names)


app = typer.Typer(
    name="dnc",
    cls=DncGroup,
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_show_locals=False,  # they hold addresses
    help="May I contact these addresses, now, and why not? Only ALLOW permits.\n\n"
    "Example: `dnc check '+1 415 555 0123' --channel voice`\n\n"
    "To begin, `dnc add` says who must not be contacted, under a label of `dnc label list`; `dnc policy apply` says "
    "what a campaign may do; `dnc scrub` screens a whole file; `dnc explain` says why.",
    epilog="Exit codes: 0 go ahead, 1 not allowed, 2 usage, 3 refused, 4 no answer, 5 file. See docs/reference/dnc.md.",
)
for module in (check, explain, scrub, changes, entries, reviews, sends, rulepacks, journal):
    module.register(app)
for noun in (optin, consents, reviews, attempts, labels, policies, rulepacks, journal):
    app.add_typer(noun.group)
for command in app.registered_commands:
    command.rich_help_panel = _panel_of(command.name)
for added in app.registered_groups:
    assert added.typer_instance is not None, "groups are added as apps"
    added.rich_help_panel = _panel_of(added.typer_instance.info.name)


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
    # A closed terminal and a stop are as Ctrl-C: what is half written is taken away.
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):  # not everywhere
            signal.signal(getattr(signal, name), signal.default_int_handler)
    app()


def _output(ctx: Any) -> Output:
    if run := running(ctx):
        return run.output
    return ctx.obj.output if isinstance(ctx.obj, Session) else Output(as_json=False, color=False)
