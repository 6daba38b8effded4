"""`dnc attempts`: contact attempts counted against limits, claimed before the contact and completed after it."""

from typing import Annotated

import typer

from donotcontact import Channel, Completion, Outcome, ReservedAttempt, Row
from donotcontact.attempts import OUTCOMES
from donotcontact.cli.check import ChannelOption
from donotcontact.cli.context import ContactIdOption, DebtIdOption, PostalCodeOption, TimeZoneOption
from donotcontact.cli.evidence import ActorOption, RequestIdOption
from donotcontact.cli.exits import ExitCode
from donotcontact.cli.nouns import ATTEMPT_OUTCOME, enum_number, option_name, short_name
from donotcontact.cli.output import Output, verdict_text
from donotcontact.cli.results import result_document, why
from donotcontact.cli.sentences import verdict_name
from donotcontact.cli.session import JsonOption, PolicyOption, RegionOption, session_of

OUTCOME_NAMES = [option_name(ATTEMPT_OUTCOME, outcome.value) for outcome in OUTCOMES]
group = typer.Typer(
    name="attempts",
    no_args_is_help=True,
    help="Contact attempts, counted against limits.\n\n"
    "Example: `dnc attempts reserve '+1 305 555 0123' --channel voice --policy us-telemarketing`",
)


def _outcome(name: str) -> int:
    number = enum_number(ATTEMPT_OUTCOME, str(name))
    if number not in OUTCOMES:
        raise typer.BadParameter(f"{name!r} is not one of {', '.join(OUTCOME_NAMES)}.")
    return int(number)


@group.command("reserve")
def reserve(
    ctx: typer.Context,
    *,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="The addresses about to be contacted.")],
    channel: ChannelOption,
    policy: PolicyOption = "",
    lease: Annotated[
        int,
        typer.Option(
            "--lease",
            min=1,
            max=86_400,
            metavar="SECONDS",
            help="Longer than any call: a claim that is not completed ends.",
        ),
    ] = 3_600,
    region: RegionOption = "",
    time_zone: TimeZoneOption = "",
    postal_code: PostalCodeOption = "",
    contact_id: ContactIdOption = "",
    debt_id: DebtIdOption = "",
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check addresses and claim an attempt for each that is ALLOW, in one step, so that nobody overshoots a limit.

    Example: `dnc attempts reserve '+1 305 555 0123' --channel voice --policy us-telemarketing`

    Leaves with 0 only where every attempt is claimed. Tell what became of them with `dnc attempts complete`.
    """
    session = session_of(ctx, as_json)
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
        attempts = client.reserve_attempts(
            rows, channel=Channel(channel), policy=policy, lease_seconds=lease, actor=actor, request_id=request_id
        )
    if session.output.as_json:
        session.output.document(_document(addresses, attempts))
    else:
        _show(session.output, addresses, attempts)
    raise typer.Exit(ExitCode.OK if all(each.allowed for each in attempts) else ExitCode.NOT_ALLOWED)


@group.command("complete")
def complete(
    ctx: typer.Context,
    *,
    reservations: Annotated[
        list[str], typer.Argument(metavar="RESERVATION...", help="As dnc attempts reserve named them.")
    ],
    outcome: Annotated[
        int,
        typer.Option(
            "--outcome", metavar="OUTCOME", parser=_outcome, help=f"What became of them: {', '.join(OUTCOME_NAMES)}."
        ),
    ],
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what became of claimed attempts, or give them back with released. The stronger outcome stands.

    Example: `dnc attempts complete 18-0 --outcome conversation`

    Leaves with 1 where a claim is not known.
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        told = client.complete_attempts(
            dict.fromkeys(reservations, Outcome(outcome)), actor=actor, request_id=request_id
        )
    if session.output.as_json:
        session.output.document({"outcomes": {reservation: done.name for reservation, done in told.items()}})
    else:
        rows = [(reservation, done.name.lower()) for reservation, done in told.items()]
        session.output.table(["reservation", short_name(ATTEMPT_OUTCOME, outcome).lower().replace("_", " ")], rows)
    known = {Completion.RECORDED, Completion.UNCHANGED}
    raise typer.Exit(ExitCode.OK if set(told.values()) <= known else ExitCode.NOT_ALLOWED)


def _document(addresses: list[str], attempts: list[ReservedAttempt]) -> dict[str, object]:
    return {
        "allowed": all(attempt.allowed for attempt in attempts),
        "attempts": [
            {**result_document(address, attempt), "reservation": attempt.reservation}
            for address, attempt in zip(addresses, attempts, strict=True)
        ],
    }


def _show(output: Output, addresses: list[str], attempts: list[ReservedAttempt]) -> None:
    rows = [
        (
            verdict_text(verdict_name(int(attempt.verdict))),
            attempt.address or address,
            attempt.reservation or "none",
            why(attempt),
        )
        for address, attempt in zip(addresses, attempts, strict=True)
    ]
    output.table(["verdict", "address", "reservation", "why"], rows)
    skipped = sum(not attempt.allowed for attempt in attempts)
    if skipped:
        output.say(f"{skipped:,} of {len(attempts):,} must not be contacted.", "bold")
