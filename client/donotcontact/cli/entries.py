"""`dnc entries` and `dnc address`: what is known."""

from typing import Annotated

import typer

from donotcontact.cli.eventwords import event_actor, event_sentence, evidence_line
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import (
    ENTRY_REASON,
    ENTRY_STATE,
    OPT_IN_STATUS,
    SOURCE,
    enum_parser,
    iso,
    option_name,
    option_names,
    parse_time,
    short_name,
)
from donotcontact.cli.output import Output
from donotcontact.cli.session import JsonOption, RegionOption, session_of
from donotcontact.v1.core_pb2 import Source
from donotcontact.v1.entry_pb2 import Entry, EntryReason, EntryState
from donotcontact.v1.entry_service_pb2 import GetAddressResponse, ListEntriesRequest, ListEntriesResponse
from donotcontact.v1.event_pb2 import Event

PAGE_ROWS_MAX = 1_000
ENTRY_TITLES = ["address", "label", "source", "reason", "state", "recorded", "until", "by", "note and evidence"]
EVENT_TITLES = ["position#", "time", "by", "change"]
FromOption = Annotated[str | None, typer.Option("--from", metavar="TIME", help="Recorded at this time or later.")]
BeforeOption = Annotated[str | None, typer.Option("--before", metavar="TIME", help="Recorded before this time.")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, metavar="N", help="At most this many.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("entries")(entries)
    app.command("address")(address)


def entries(
    ctx: typer.Context,
    *,
    label: Annotated[str, typer.Option("--label", metavar="LABEL", help="Under this label.", show_default=False)] = "",
    contains: Annotated[
        str,
        typer.Option(
            "--contains", metavar="TEXT", help="Whose address contains this, 3 characters or more.", show_default=False
        ),
    ] = "",
    source: Annotated[
        Source.ValueType | None,
        typer.Option(
            "--source", metavar="SOURCE", parser=enum_parser(SOURCE), help=f"{', '.join(option_names(SOURCE))}."
        ),
    ] = None,
    actor: Annotated[
        str,
        typer.Option(
            "--actor",
            metavar="NAME",
            help="Recorded by this actor, such as console/ann, or on behalf of this person: ann.",
            show_default=False,
        ),
    ] = "",
    reason: Annotated[
        EntryReason.ValueType | None,
        typer.Option(
            "--reason",
            metavar="REASON",
            parser=enum_parser(ENTRY_REASON),
            help=f"{', '.join(option_names(ENTRY_REASON))}.",
        ),
    ] = None,
    state: Annotated[
        EntryState.ValueType | None,
        typer.Option(
            "--state", metavar="STATE", parser=enum_parser(ENTRY_STATE), help=f"{', '.join(option_names(ENTRY_STATE))}."
        ),
    ] = None,
    recorded_from: FromOption = None,
    recorded_before: BeforeOption = None,
    limit: LimitOption = 100,
    as_json: JsonOption = False,
) -> None:
    """List entries, newest first. Every filter that is given must match.

    Example: `dnc entries --label do-not-contact --source agent --from 2026-11-01T00:00Z --limit 20`
    """
    session = session_of(ctx, as_json)
    now = session.surroundings.now
    request = ListEntriesRequest(
        label=label,
        address_contains=contains,
        source=source or Source.SOURCE_UNSPECIFIED,
        actor=actor,
        reason=reason or EntryReason.ENTRY_REASON_UNSPECIFIED,
        state=state or EntryState.ENTRY_STATE_UNSPECIFIED,
        page_size=min(limit, PAGE_ROWS_MAX),
    )
    if recorded_from:
        request.recorded_from.FromDatetime(parse_time(recorded_from, now))
    if recorded_before:
        request.recorded_before.FromDatetime(parse_time(recorded_before, now))
    with session.client() as client:
        first = page = client.list_entries_page(request)
        found = list(page.entries)
        while page.next_page_token and len(found) < limit:
            request.page_token = page.next_page_token
            page = client.list_entries_page(request)
            found += page.entries
    more = bool(page.next_page_token) or len(found) > limit
    _show_entries(session.output, found[:limit], first, more)


def address(
    ctx: typer.Context,
    *,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="An address, a prefix (+1201*) or a domain.")],
    region: RegionOption = "",
    history: Annotated[
        int, typer.Option("--history", min=1, max=1_000, metavar="N", help="At most this many events.")
    ] = 100,
    as_json: JsonOption = False,
) -> None:
    """Tell all that is known about one address: its entries, its opt-in status, its history.

    Example: `dnc address '+1 415 555 0123'`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.get_address(address, region=region, history_max=history)
    if session.output.as_json:
        session.output.document(answer)
    else:
        _show_address(session.output, answer)


def event_row(event: Event) -> tuple[str, str, str, str]:
    """Return the cells of an event under EVENT_TITLES."""
    return str(event.position), iso(event.time), event_actor(event), event_sentence(event)


def _show_entries(output: Output, found: list[Entry], first: ListEntriesResponse, more: bool) -> None:
    if output.as_json:
        output.document(
            {
                "entries": [plain(entry) for entry in found],
                "more": more,
                "total": first.total,
                "total_is_lower_bound": first.total_is_lower_bound,
                "read_at": plain(first.read_at),
            }
        )
        return
    output.table(ENTRY_TITLES, map(_entry_row, found))
    least = "at least " if first.total_is_lower_bound else ""
    output.say(
        f"{len(found):,} of {least}{max(first.total, len(found)):,}." + (" See more with --limit." if more else ""),
        "bold",
    )


def _entry_row(entry: Entry) -> tuple[str, ...]:
    return (
        entry.address,
        entry.label,
        option_name(SOURCE, entry.source),
        option_name(ENTRY_REASON, entry.reason) if entry.reason else "",
        option_name(ENTRY_STATE, entry.state),
        iso(entry.recorded_at),
        iso(entry.expires_at) if entry.HasField("expires_at") else "",
        entry.actor,
        "; ".join(filter(None, [entry.note, evidence_line(entry.evidence)])),
    )


def _show_address(output: Output, answer: GetAddressResponse) -> None:
    output.say(f"{answer.address}  opt-in to texts: {short_name(OPT_IN_STATUS, answer.opt_in)}", "bold")
    if answer.entries:
        output.table(ENTRY_TITLES, map(_entry_row, answer.entries), title="\nEntries")
    else:
        output.say("No entries.")
    if answer.history:
        output.table(EVENT_TITLES, map(event_row, answer.history), title="\nHistory")
    if answer.history_truncated:
        output.say("Older events are left out: see more with --history.")
