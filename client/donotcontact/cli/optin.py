"""`dnc optin`: what a person said about being texted."""

from typing import Annotated

import typer

from donotcontact import ClaimedOptIn
from donotcontact.cli.context import ContactIdOption, DebtIdOption, PostalCodeOption, TimeZoneOption
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
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import OPT_IN_STATUS, enum_parser, iso, iso_of, option_names, short_name
from donotcontact.cli.sentences import OPT_IN_REASONS, findings_line
from donotcontact.cli.session import JsonOption, PolicyOption, RegionOption, session_of
from donotcontact.v1.verdict_pb2 import Finding, Verdict

group = typer.Typer(
    name="optin",
    no_args_is_help=True,
    help="The SMS opt-in of one number.\n\nExample: `dnc optin get '+1 415 555 0123'`",
)
NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="The phone number.")]


@group.command("get")
def get(ctx: typer.Context, *, number: NumberArgument, region: RegionOption = "", as_json: JsonOption = False) -> None:
    """Tell the opt-in status of a number: not-sent, sent, accepted (START) or rejected (STOP).

    Example: `dnc optin get '+1 415 555 0123'`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.get_opt_in(number, region=region)
    if session.output.as_json:
        session.output.document(answer)
        return
    since = f" since {iso(answer.since)} (position {answer.event_position:,})" if answer.HasField("since") else ""
    session.output.say(f"{answer.address}: {short_name(OPT_IN_STATUS, answer.status)}{since}")


@group.command("set")
def set_status(
    ctx: typer.Context,
    *,
    number: NumberArgument,
    status: Annotated[
        int,
        typer.Argument(
            metavar="STATUS", parser=enum_parser(OPT_IN_STATUS), help=f"{', '.join(option_names(OPT_IN_STATUS))}."
        ),
    ],
    source: SourceOption,
    note: NoteOption = "",
    call_id: CallIdOption = "",
    recording: RecordingOption = "",
    campaign: CampaignOption = "",
    reference: ReferenceOption = "",
    region: RegionOption = "",
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a new opt-in status. Rejected also adds a do-not-text entry; accepted takes that one away and no other.

    A rejected number changes only by a manager with evidence, whatever the source: a person's own START is recorded
    with `dnc inbound`.

    Example: `dnc optin set '+1 415 555 0123' rejected --source inbound-message --reference msg-771`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.set_opt_in(
            number,
            status,
            source=source,
            note=note,
            evidence=evidence_of(call_id, recording, campaign, reference),
            region=region,
            actor=actor,
            request_id=request_id,
        )
    if session.output.as_json:
        session.output.document(answer)
        return
    before, after = short_name(OPT_IN_STATUS, answer.before), short_name(OPT_IN_STATUS, answer.status)
    session.output.say(f"{after} (before: {before}).")


@group.command("claim")
def claim(
    ctx: typer.Context,
    *,
    number: NumberArgument,
    policy: PolicyOption = "",
    campaign: Annotated[
        str, typer.Option("--campaign", metavar="NAME", help="The campaign or flow that sends it.", show_default=False)
    ] = "",
    region: RegionOption = "",
    time_zone: TimeZoneOption = "",
    postal_code: PostalCodeOption = "",
    contact_id: ContactIdOption = "",
    debt_id: DebtIdOption = "",
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Claim the right to send the opt-in request. Send it only where this leaves with 0: one of all callers is granted.

    Example: `dnc optin claim '+1 415 555 0123' --policy sms-marketing && send-opt-in-request`

    The request is a text too, and counts as an attempt. Name the policy that the text was checked under, whose hours
    and limits then hold; the default knows none.
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.claim_opt_in_request(
            number,
            policy=policy,
            region=region,
            campaign=campaign,
            time_zone=time_zone,
            postal_code=postal_code,
            contact_id=contact_id,
            debt_id=debt_id,
            actor=actor,
            request_id=request_id,
        )
    if session.output.as_json:
        session.output.document(_document(answer))
    elif answer.allowed:
        counted = f" It counts as attempt {answer.reservation}." if answer.reservation else ""
        judged = "" if policy else " No policy was named, so no calling hours were asked."
        session.output.say(f"Granted: send the opt-in request now.{counted}{judged}", "green")
    else:
        later = f" Claim it again from {iso_of(answer.retry_at)} on." if answer.retry_at else ""
        session.output.say(f"Not granted: do not send; {_why_not(answer)}.{later}", "bold red")
    raise typer.Exit(ExitCode.OK if answer.allowed else ExitCode.NOT_ALLOWED)


def _document(answer: ClaimedOptIn) -> dict[str, object]:
    return {
        "allowed": answer.allowed,
        "granted": answer.granted,
        "status": short_name(OPT_IN_STATUS, answer.status),
        "blocked_by_entry": answer.blocked_by_entry,
        "reservation": answer.reservation,
        "retry_at": iso_of(answer.retry_at) if answer.retry_at else None,
        "findings": [plain(finding) for finding in answer.result.findings],
        "written_at": plain(answer.written_at),
    }


def _why_not(answer: ClaimedOptIn) -> str:
    """Say what stops the request: the reasons of the check, else the status that somebody has set already."""
    stops = [finding for finding in answer.result.findings if _stops(finding)]
    if stops:
        return findings_line(int(answer.result.verdict), stops)
    if answer.blocked_by_entry:
        return "an entry or an undecided message stands against texts to it"
    return f"the status is {short_name(OPT_IN_STATUS, answer.status)}"


def _stops(finding: Finding) -> bool:
    """Tell whether it stops the request, as all but the missing opt-in do, which the request is to mend."""
    return not finding.shadow and finding.verdict != Verdict.VERDICT_ALLOW and finding.rule not in OPT_IN_REASONS
