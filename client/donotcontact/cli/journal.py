"""`dnc journal` and `dnc watch`: every accepted change, and the proof that none is missing."""

from itertools import islice
from typing import Annotated

import typer

from donotcontact.cli.entries import EVENT_TITLES, PAGE_ROWS_MAX, BeforeOption, FromOption, LimitOption, event_row
from donotcontact.cli.exits import ExitCode
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import EVENT_KIND, enum_parser, option_names, parse_time
from donotcontact.cli.session import JsonOption, session_of

SILENCE_S_MAX = 60.0
"""Longer than any heartbeat: after this long without one, the server is gone."""
group = typer.Typer(
    name="journal",
    no_args_is_help=True,
    help="The journal: every accepted change, in order.\n\nExample: `dnc journal list --kind policy --limit 20`",
)
KindsOption = Annotated[
    list[int] | None,
    typer.Option(
        "--kind",
        metavar="KIND",
        parser=enum_parser(EVENT_KIND),
        help=f"Only these: {', '.join(option_names(EVENT_KIND))}. Give it once for each.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command that stands outside the group."""
    app.command("watch")(watch)


@group.command("list")
def list_events(
    ctx: typer.Context,
    *,
    kind: KindsOption = None,
    actor: Annotated[
        str,
        typer.Option(
            "--actor",
            metavar="NAME",
            help="By this actor, such as console/ann, or on behalf of this person: ann.",
            show_default=False,
        ),
    ] = "",
    address: Annotated[
        str,
        typer.Option("--address", metavar="ADDRESS", help="About this address, prefix or domain.", show_default=False),
    ] = "",
    recorded_from: FromOption = None,
    recorded_before: BeforeOption = None,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="Oldest first. Default: newest first.")] = False,
    limit: LimitOption = 100,
    as_json: JsonOption = False,
) -> None:
    """List events. Every filter that is given must match.

    Example: `dnc journal list --kind entries-removed --from 2026-11-01T00:00Z`
    """
    session = session_of(ctx, as_json)
    now = session.surroundings.now
    with session.client() as client:
        found = client.list_events(
            kinds=kind or [],
            actor=actor,
            address=address,
            recorded_from=parse_time(recorded_from, now) if recorded_from else None,
            recorded_before=parse_time(recorded_before, now) if recorded_before else None,
            oldest_first=oldest_first,
            page_size=min(limit + 1, PAGE_ROWS_MAX),
        )
        events = list(islice(found, limit + 1))
    more = len(events) > limit
    if session.output.as_json:
        session.output.document({"events": [plain(event) for event in events[:limit]], "more": more})
        return
    session.output.table(EVENT_TITLES, map(event_row, events[:limit]))
    if more:
        session.output.say("There are more: see them with --limit.", "bold")


@group.command("verify")
def verify(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """Recompute the hash chain of the whole journal. Leaves with 1 where an event is missing, altered or out of order.

    Example: `dnc journal verify`

    Keep the head hash somewhere else: with it you can prove later that nothing was cut off.
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.verify_journal()
    if session.output.as_json:
        session.output.document(answer)
    elif answer.intact:
        session.output.say(f"Intact: {answer.events:,} events. Head hash {answer.head_hash}", "green")
    else:
        session.output.say(f"BROKEN at position {answer.broken_at:,}: {answer.problem}", "bold red")
        session.output.say(f"{answer.events:,} events were verified. Keep the store as it is, and restore from a copy.")
    raise typer.Exit(ExitCode.OK if answer.intact else ExitCode.NOT_ALLOWED)


def watch(
    ctx: typer.Context,
    *,
    after: Annotated[
        int | None,
        typer.Option(
            "--after", min=0, metavar="N", help="Begin behind this position; 0 is the beginning. Default: from now on."
        ),
    ] = None,
    kind: KindsOption = None,
    limit: Annotated[
        int | None, typer.Option("--limit", min=1, metavar="N", help="Leave after this many events.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show events as they are accepted, until Ctrl-C. With --json, one event a line.

    Example: `dnc watch --after 1200 --json | while read -r event; do ...; done`

    To resume, give the last position you saw to --after.
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        told = client.watch_events(after_position=after, kinds=kind or [], give_up_after_s=SILENCE_S_MAX)
        seen = (answer.event for answer in told if answer.HasField("event"))
        for event in islice(seen, limit):
            if session.output.as_json:
                session.output.line(event)
            else:
                session.output.say("  ".join(event_row(event)))
