"""`dnc permit` and `dnc claim-send`: one send to a person who opted out, after asking."""

from typing import Annotated

import typer

from donotcontact import Channel, OneTimePermission, Row
from donotcontact.cli.check import ChannelOption
from donotcontact.cli.context import ContactIdOption, DebtIdOption, PostalCodeOption, TimeZoneOption
from donotcontact.cli.evidence import (
    ActorOption,
    CallIdOption,
    CampaignOption,
    NoteOption,
    RecordingOption,
    ReferenceOption,
    RequestIdOption,
    evidence_of,
)
from donotcontact.cli.exits import ExitCode
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import CHANNEL, iso_of, short_name
from donotcontact.cli.output import Output
from donotcontact.cli.sentences import findings_line, verdict_name
from donotcontact.cli.session import JsonOption, PolicyOption, RegionOption, session_of


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("permit")(permit)
    app.command("claim-send")(claim_send)


def permit(
    ctx: typer.Context,
    *,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The address that opted out.")],
    channel: ChannelOption,
    given: Annotated[
        bool, typer.Option("--given/--refused", help="What the person answered who was asked.", show_default=False)
    ],
    policy: PolicyOption = "",
    note: NoteOption = "",
    call_id: CallIdOption = "",
    recording: RecordingOption = "",
    campaign: CampaignOption = "",
    reference: ReferenceOption = "",
    region: RegionOption = "",
    time_zone: TimeZoneOption = "",
    postal_code: PostalCodeOption = "",
    contact_id: ContactIdOption = "",
    debt_id: DebtIdOption = "",
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record whether a person gave permission for exactly one send. The opt-out stays as it is.

    Example: `dnc permit ann@example.com --channel email --policy quotes --given --note "Ann asked Bo for the quote"`

    Leaves with 0 where a permission was made: it ends after 15 minutes, and `dnc claim-send` uses it up.
    """
    session = session_of(ctx, as_json)
    row = Row(
        address,
        region=region,
        time_zone=time_zone,
        postal_code=postal_code,
        contact_id=contact_id,
        debt_id=debt_id,
    )
    with session.client() as client:
        answer = client.authorize_one_time_send(
            row,
            channel=Channel(channel),
            policy=policy,
            permission_given=given,
            note=note,
            evidence=evidence_of(call_id, recording, campaign, reference),
            actor=actor,
            request_id=request_id,
        )
    if session.output.as_json:
        session.output.document(_document(answer))
    else:
        _show(session.output, answer)
    raise typer.Exit(ExitCode.OK if answer.made else ExitCode.NOT_ALLOWED)


def claim_send(
    ctx: typer.Context,
    *,
    permission: Annotated[str, typer.Argument(metavar="PERMISSION", help="As dnc permit or dnc inbound named it.")],
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Use up a permission right before the send. Send only where this leaves with 0: one of all callers is granted.

    Example: `dnc claim-send 6 && send-the-quote`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.claim_send(permission, actor=actor, request_id=request_id)
    channel = short_name(CHANNEL, answer.channel) if answer.channel else None
    if session.output.as_json:
        session.output.document(
            {
                "allowed": answer.allowed,
                "granted": answer.granted,
                "verdict": verdict_name(int(answer.verdict)),
                "address": answer.address,
                "channel": channel,
                "reservation": answer.reservation,
                "retry_at": iso_of(answer.retry_at) if answer.retry_at else None,
                "findings": [plain(finding) for finding in answer.result.findings],
                "written_at": plain(answer.written_at),
            }
        )
    elif answer.allowed:
        counted = f" It counts as attempt {answer.reservation}." if answer.reservation else ""
        session.output.say(f"Granted: send now, once, to {answer.address} by {channel}.{counted}", "green")
    else:
        later = f" Claim it again from {iso_of(answer.retry_at)} on." if answer.retry_at else ""
        session.output.say(f"Not granted: do not send; {verdict_name(int(answer.verdict))}.{later}", "bold red")
    raise typer.Exit(ExitCode.OK if answer.allowed else ExitCode.NOT_ALLOWED)


def _document(answer: OneTimePermission) -> dict[str, object]:
    return {
        "made": answer.made,
        "permission": answer.permission,
        "expires_at": iso_of(answer.expires_at) if answer.expires_at else None,
        "verdict": verdict_name(int(answer.verdict)),
        "findings": [plain(finding) for finding in answer.result.findings],
        "written_at": plain(answer.written_at),
    }


def _show(output: Output, answer: OneTimePermission) -> None:
    verdict = int(answer.verdict)
    if answer.made:
        ends = f" until {iso_of(answer.expires_at)}" if answer.expires_at else ""
        output.say(f"Permission for one send{ends}. Right before it:", "green")
        output.say(f"  dnc claim-send {answer.permission}")
        return
    reasons = findings_line(verdict, list(answer.result.findings))
    output.say(f"No permission was made. {verdict_name(verdict)}{': ' if reasons else ''}{reasons}", "bold red")
