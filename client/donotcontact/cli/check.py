"""`dnc check`: may these addresses be contacted, and why not?"""

from typing import Annotated

import typer
from rich.text import Text

from donotcontact import Channel, CheckAnswer, Result, Row
from donotcontact.cli.context import ContactIdOption, DebtIdOption, PostalCodeOption, TimeZoneOption
from donotcontact.cli.exits import ExitCode
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import CHANNEL, enum_parser, iso_of, option_names, parse_time
from donotcontact.cli.output import Output, verdict_text
from donotcontact.cli.results import result_document, why
from donotcontact.cli.sentences import verdict_name
from donotcontact.cli.session import JsonOption, PolicyOption, RegionOption, session_of

ChannelOption = Annotated[
    int,
    typer.Option(
        "--channel",
        metavar="CHANNEL",
        parser=enum_parser(CHANNEL),
        help=f"How they would be contacted: {', '.join(option_names(CHANNEL))}.",
    ),
]
AtOption = Annotated[
    str | None,
    typer.Option("--at", metavar="TIME", help="Ask about a planned moment instead of now, such as 2026-11-03T09:30Z."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("check")(check)


def check(
    ctx: typer.Context,
    *,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Phone numbers or e-mail addresses.")],
    channel: ChannelOption,
    policy: PolicyOption = "",
    region: RegionOption = "",
    time_zone: TimeZoneOption = "",
    postal_code: PostalCodeOption = "",
    contact_id: ContactIdOption = "",
    debt_id: DebtIdOption = "",
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask whether addresses may be contacted, with every reason why not.

    Example: `dnc check '+1 415 555 0123' ann@example.com --channel voice --policy us-telemarketing`

    Leaves with 0 only where every address is ALLOW. For whole files see `dnc scrub`; for every rule that was asked,
    also of an ALLOW, `dnc explain`.
    """
    session = session_of(ctx, as_json)
    contact_time = parse_time(at, session.surroundings.now) if at else None
    rows = [
        Row(
            address,
            region=region,
            time_zone=time_zone,
            postal_code=postal_code,
            contact_id=contact_id,
            debt_id=debt_id,
        )
        for address in addresses
    ]
    with session.client() as client:
        answer = client.check(rows, channel=Channel(channel), policy=policy, contact_time=contact_time)
    if session.output.as_json:
        session.output.document(_check_document(addresses, answer))
    else:
        _show_results(session.output, addresses, list(answer))
        session.output.say(_judged(answer, policy), "" if all(result.allowed for result in answer) else "bold")
    raise typer.Exit(ExitCode.OK if all(result.allowed for result in answer) else ExitCode.NOT_ALLOWED)


def _check_document(addresses: list[str], answer: CheckAnswer) -> dict[str, object]:
    return {
        "allowed": all(result.allowed for result in answer),
        "results": [result_document(address, result) for address, result in zip(addresses, answer, strict=True)],
        "checked_at": plain(answer.checked_at),
        "contact_time": iso_of(answer.contact_time) if answer.contact_time else None,
        "policy_version": answer.policy_version,
    }


def _show_results(output: Output, addresses: list[str], results: list[Result]) -> None:
    shadow = any(int(result.shadow_verdict) for result in results)
    rows: list[tuple[str | Text, ...]] = [
        (
            verdict_text(verdict_name(int(result.verdict))),
            *([_shadow(result)] if shadow else []),
            result.address or asked,
            why(result),
        )
        for asked, result in zip(addresses, results, strict=True)
    ]
    output.table(["verdict", *(["shadow"] if shadow else []), "address", "why"], rows)


def _judged(answer: CheckAnswer, policy: str) -> str:
    """Say how many must not be contacted, and by which policy: an ALLOW is worth as much as what it asked."""
    skipped = sum(not result.allowed for result in answer)
    count = f"{skipped:,} of {len(answer):,} must not be contacted. " if skipped else ""
    if not policy:
        return f"{count}By the default policy: no calling hours, no registries."
    return f"{count}By {policy}, version {answer.policy_version}; dnc explain shows all that it asked."


def _shadow(result: Result) -> str:
    shadow = int(result.shadow_verdict)
    return verdict_name(shadow) if shadow else ""
