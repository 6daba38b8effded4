"""`dnc packs` and `dnc region`: the rules of law that the server knows, and the emergency switch."""

from typing import Annotated

import typer

from donotcontact.cli.evidence import ActorOption, RequestIdOption
from donotcontact.cli.exits import UsageError
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import iso, parse_time, time_of
from donotcontact.cli.session import JsonOption, session_of
from donotcontact.v1.policy_service_pb2 import PackRule

group = typer.Typer(
    name="region",
    no_args_is_help=True,
    help="Regions that the account closed.\n\nExample: `dnc region close US-FL --until +2d --reason storm`",
)
RegionArgument = Annotated[
    str, typer.Argument(metavar="REGION", help="A country or subdivision in ISO 3166, such as US-FL.")
]


def register(app: typer.Typer) -> None:
    """Add the command that stands outside the group."""
    app.command("packs")(packs)


def packs(
    ctx: typer.Context,
    *,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME...]", help="Only these packs. Default: every pack.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the rule packs that policies may name, with every rule, its citation, and how sure it is.

    Example: `dnc packs us-federal us-states`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        known = client.rule_packs()
    missing = sorted(set(names or ()) - {pack.name for pack in known})
    if missing:
        raise UsageError(f"There is no pack {', '.join(missing)}.", f"Known are {', '.join(p.name for p in known)}.")
    chosen = [pack for pack in known if not names or pack.name in names]
    if session.output.as_json:
        session.output.document({"packs": [plain(pack) for pack in chosen]})
        return
    for pack in chosen:
        session.output.say(f"{pack.name}: {pack.title}", "bold")
        session.output.table(["rule", "where", "says", "source", "since", ""], map(_rule_row, pack.rules))
        session.output.say("")


@group.command("close")
def close(
    ctx: typer.Context,
    *,
    region: RegionArgument,
    until: Annotated[
        str, typer.Option("--until", metavar="TIME", help="When it opens again, such as 2026-11-25T08:00-05:00 or +2d.")
    ],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why. Kept for ever in the journal.")],
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Close a region for every policy, at once: phone numbers that may be there get DEFER until it opens.

    Example: `dnc region close US-FL --until 2026-11-25T08:00-05:00 --reason "state of emergency"`
    """
    session = session_of(ctx, as_json)
    region, moment = region.upper(), parse_time(until, session.surroundings.now)
    with session.client() as client:
        answer = client.close_region(region, until=moment, reason=reason, actor=actor, request_id=request_id)
        by_name = {each.region: each for each in client.closed_regions()}
        # The server names a territory by itself: PR, not US-PR.
        closed = by_name.get(region) or by_name.get(region.removeprefix("US-"))
    if session.output.as_json:
        session.output.document({**plain(answer), "closed": plain(closed) if closed else None})
    else:
        ends = iso(closed.until) if closed else until
        session.output.say(f"{closed.region if closed else region} is closed until {ends}.", "bold")


@group.command("open")
def reopen(
    ctx: typer.Context,
    *,
    region: RegionArgument,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why. Kept for ever in the journal.", show_default=False)
    ] = "",
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a closed region again, before its time.

    Example: `dnc region open US-FL --reason "the order was lifted"`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.open_region(region.upper(), reason=reason, actor=actor, request_id=request_id)
    if session.output.as_json:
        session.output.document(answer)
    else:
        session.output.say(f"{region.upper()} is open." if answer.changed else f"{region.upper()} was not closed.")


@group.command("list")
def list_all(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """List the regions that were closed, and until when.

    Example: `dnc region list`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        regions = client.closed_regions()
    if session.output.as_json:
        session.output.document({"regions": [plain(region) for region in regions]})
        return
    now = session.surroundings.now()
    rows = [
        (
            each.region,
            iso(each.until),
            "closed" if time_of(each.until) > now else "over",
            iso(each.closed_at),
            each.reason,
        )
        for each in regions
    ]
    if rows:
        session.output.table(["region", "until", "", "closed", "because"], rows)
    else:
        session.output.say("No region is closed.")


def _rule_row(rule: PackRule) -> tuple[str, ...]:
    unsure = "" if rule.confidence == "confirmed" else rule.confidence
    return rule.id, rule.region, rule.sentence, rule.citation, rule.effective, unsure
