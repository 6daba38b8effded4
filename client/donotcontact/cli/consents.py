"""`dnc consent`: dated evidence that lifts registry matches."""

from typing import Annotated

import typer

from donotcontact import Channel
from donotcontact.cli.evidence import (
    ActorOption,
    CallIdOption,
    CampaignOption,
    NoteOption,
    RecordingOption,
    ReferenceOption,
    RequestIdOption,
    SourceOption,
    evidence_of,
)
from donotcontact.cli.exits import ExitCode
from donotcontact.cli.nouns import (
    CHANNEL,
    CONSENT_KIND,
    PURPOSE,
    SOURCE,
    enum_parser,
    iso,
    option_name,
    option_names,
    parse_time,
    short_name,
    words,
)
from donotcontact.cli.session import JsonOption, RegionOption, session_of
from donotcontact.v1.consent_service_pb2 import Consent, ConsentOutcome, RecordedConsent
from donotcontact.v1.core_pb2 import Channel as WireChannel
from donotcontact.v1.core_pb2 import ConsentKind, Evidence, Purpose

group = typer.Typer(
    name="consent",
    no_args_is_help=True,
    help="Consents: dated evidence that lifts registry matches.\n\nExample: `dnc consent list '+1 415 555 0123'`",
)
AddressArgument = Annotated[str, typer.Argument(metavar="ADDRESS", help="A phone number or an e-mail address.")]
UNCHANGED: dict[int, str] = {
    ConsentOutcome.CONSENT_OUTCOME_STOOD_ALREADY: "One that ends as late stood there already, and stands.",
    ConsentOutcome.CONSENT_OUTCOME_TAKEN_BACK: (
        "Not recorded: the person took it back after it was given, or their word stands against it. It permits nothing."
    ),
}
# A server from before it told.
NOT_TOLD = "Not recorded: one that ends as late stood there already, or it had been taken back. See `dnc consent list`."
ChannelsOption = Annotated[
    list[WireChannel.ValueType] | None,
    typer.Option(
        "--channel",
        metavar="CHANNEL",
        parser=enum_parser(CHANNEL),
        help=f"Only these: {', '.join(option_names(CHANNEL))}. Once for each. Default: every channel.",
    ),
]


@group.command("add")
def add(
    ctx: typer.Context,
    *,
    address: AddressArgument,
    kind: Annotated[
        ConsentKind.ValueType,
        typer.Argument(
            metavar="KIND", parser=enum_parser(CONSENT_KIND), help=f"{', '.join(option_names(CONSENT_KIND))}."
        ),
    ],
    source: SourceOption,
    reference: Annotated[
        str, typer.Option("--reference", metavar="TEXT", help="What proves it: a form, a contract, an order.")
    ],
    channel: ChannelsOption = None,
    purpose: Annotated[
        Purpose.ValueType | None,
        typer.Option(
            "--purpose",
            metavar="PURPOSE",
            parser=enum_parser(PURPOSE),
            help=f"Only for this one: {', '.join(option_names(PURPOSE))}. Default: every purpose.",
        ),
    ] = None,
    policy: Annotated[
        str,
        typer.Option(
            "--policy", metavar="NAME", help="Only under this one. Default: every policy.", show_default=False
        ),
    ] = "",
    given: Annotated[
        str | None,
        typer.Option("--given", metavar="TIME", help="When it was given, or the day of the purchase. Default: now."),
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="When it ends. Default: by rule of law, else never.")
    ] = None,
    call_id: CallIdOption = "",
    recording: RecordingOption = "",
    campaign: CampaignOption = "",
    note: NoteOption = "",
    region: RegionOption = "",
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a consent. It lifts registry matches under policies that name its kind, and never an opt-out.

    Example: `dnc consent add +14155550123 express-written --source api --reference form-8812 --given 2026-11-01T00:00Z`

    Leaves with 1 where it had been taken back: it was not recorded, and permits nothing.
    """
    session = session_of(ctx, as_json)
    now = session.surroundings.now
    consent = Consent(kind=kind, channels=channel or [], policy=policy)
    consent.purpose = purpose or Purpose.PURPOSE_UNSPECIFIED
    if given:
        consent.given_at.FromDatetime(parse_time(given, now))
    if expires:
        consent.expires_at.FromDatetime(parse_time(expires, now))
    with session.client() as client:
        answer = client.record_consent(
            address,
            consent,
            source=source,
            evidence=Evidence(call_id=call_id, recording=recording, campaign=campaign, reference=reference),
            note=note,
            region=region,
            actor=actor,
            request_id=request_id,
        )
    if session.output.as_json:
        session.output.document(answer)
    elif answer.changed:
        session.output.say(f"Recorded: {_scope(answer.consent)}, {_ends(answer.consent)}.")
    else:
        session.output.say(UNCHANGED.get(answer.outcome, NOT_TOLD))
    stands = answer.changed or answer.outcome == ConsentOutcome.CONSENT_OUTCOME_STOOD_ALREADY
    raise typer.Exit(ExitCode.OK if stands else ExitCode.NOT_ALLOWED)


@group.command("revoke")
def revoke(
    ctx: typer.Context,
    *,
    address: AddressArgument,
    source: SourceOption,
    channel: ChannelsOption = None,
    purpose: Annotated[
        list[Purpose.ValueType] | None,
        typer.Option(
            "--purpose",
            metavar="PURPOSE",
            parser=enum_parser(PURPOSE),
            help=f"Only for these: {', '.join(option_names(PURPOSE))}. Once for each. Default: every purpose.",
        ),
    ] = None,
    call_id: CallIdOption = "",
    recording: RecordingOption = "",
    campaign: CampaignOption = "",
    reference: ReferenceOption = "",
    note: NoteOption = "",
    region: RegionOption = "",
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take consents away: all of an address, or those for some channels and purposes.

    Example: `dnc consent revoke '+1 415 555 0123' --source agent --call-id c-8812 --channel voice`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.revoke_consent(
            address,
            channels=[Channel(each) for each in channel or ()],
            purposes=purpose or [],
            source=source,
            evidence=evidence_of(call_id, recording, campaign, reference),
            note=note,
            region=region,
            actor=actor,
            request_id=request_id,
        )
    if session.output.as_json:
        session.output.document(answer)
        return
    widened = " A rule of law widened it to every purpose." if answer.widened else ""
    session.output.say(f"Revoked: {answer.revoked:,}.{widened}")


@group.command("list")
def list_all(
    ctx: typer.Context, *, address: AddressArgument, region: RegionOption = "", as_json: JsonOption = False
) -> None:
    """List the consents of an address that were not revoked, also ended ones.

    Example: `dnc consent list '+1 415 555 0123'`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.list_consents(address, region=region)
    if session.output.as_json:
        session.output.document(answer)
    elif answer.consents:
        titles = ["kind", "for", "given", "ends", "", "source", "position#"]
        session.output.table(titles, map(_row, answer.consents))
    else:
        session.output.say("No consents.")


def _row(recorded: RecordedConsent) -> tuple[str, ...]:
    consent = recorded.consent
    return (
        words(CONSENT_KIND, consent.kind),
        _scope(consent),
        iso(consent.given_at) if consent.HasField("given_at") else "",
        _ends(consent),
        "in force" if recorded.active else "not in force",
        option_name(SOURCE, recorded.source),
        str(recorded.event_position),
    )


def _scope(consent: Consent) -> str:
    channels = ", ".join(short_name(CHANNEL, channel) for channel in consent.channels) or "every channel"
    purpose = short_name(PURPOSE, consent.purpose) if consent.purpose else "every purpose"
    return f"{channels}; {purpose}" + (f"; policy {consent.policy}" if consent.policy else "")


def _ends(consent: Consent) -> str:
    return f"until {iso(consent.expires_at)}" if consent.HasField("expires_at") else "no end"
