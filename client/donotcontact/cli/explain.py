"""`dnc explain`: why one address gets its verdict, for a person."""

from datetime import datetime
from typing import Annotated

import typer
from rich.text import Text

from donotcontact import Channel, Client, Row
from donotcontact.cli.check import AtOption, ChannelOption
from donotcontact.cli.context import ContactIdOption, DebtIdOption, DraftOption, PostalCodeOption, TimeZoneOption
from donotcontact.cli.entries import EVENT_TITLES, event_row
from donotcontact.cli.exits import ExitCode, UsageError
from donotcontact.cli.nouns import CONSENT_KIND, RULE, iso, parse_time, short_name, time_of, words
from donotcontact.cli.output import Output, verdict_text
from donotcontact.cli.policyfile import read_policy
from donotcontact.cli.sentences import finding_sentence, opening_words, row_sentence, verdict_name, verdict_style
from donotcontact.cli.session import JsonOption, PolicyOption, RegionOption, session_of
from donotcontact.v1.check_service_pb2 import ConsideredRule, ExplainResponse
from donotcontact.v1.core_pb2 import Revision
from donotcontact.v1.verdict_pb2 import Finding, Verdict


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("explain")(explain)


def explain(
    ctx: typer.Context,
    *,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="A phone number or an e-mail address.")],
    channel: ChannelOption,
    policy: PolicyOption = "",
    draft: DraftOption = None,
    region: RegionOption = "",
    time_zone: TimeZoneOption = "",
    postal_code: PostalCodeOption = "",
    contact_id: ContactIdOption = "",
    debt_id: DebtIdOption = "",
    at: AtOption = None,
    as_of: Annotated[
        str | None,
        typer.Option(
            "--as-of",
            metavar="TIME|POSITION",
            help="Answer from what was known then: a time, or a position of the journal.",
        ),
    ] = None,
    history: Annotated[int, typer.Option("--history", min=1, max=1_000, help="At most this many events.")] = 100,
    as_json: JsonOption = False,
) -> None:
    """Explain one address: the verdict, when it opens, every rule that was looked at, and what happened to it.

    Example: `dnc explain '+1 415 555 0123' --channel sms --as-of 2026-11-03T09:30Z`

    Leaves with 0 only where the verdict is ALLOW.
    """
    session = session_of(ctx, as_json)
    if draft and (policy or as_of):
        raise UsageError("--draft goes neither with --policy nor with --as-of.")
    now = session.surroundings.now
    contact_time = parse_time(at, now) if at else None
    drafted = read_policy(draft, session.stdin) if draft else None
    row = Row(
        address,
        region=region,
        time_zone=time_zone,
        postal_code=postal_code,
        contact_id=contact_id,
        debt_id=debt_id,
    )
    with session.client() as client:
        moment: datetime | Revision | None = None
        if as_of is not None:
            moment = _revision(client, as_of, row, channel) if as_of.isdecimal() else parse_time(as_of, now)
        answer = client.explain(
            row,
            channel=Channel(channel),
            policy=policy,
            as_of=moment,
            contact_time=contact_time,
            history_max=history,
            draft=drafted,
        )
    if session.output.as_json:
        session.output.document(answer)
    else:
        _show(session.output, answer)
    allowed = answer.result.verdict == Verdict.VERDICT_ALLOW
    raise typer.Exit(ExitCode.OK if allowed else ExitCode.NOT_ALLOWED)


def _revision(client: Client, position: str, row: Row, channel: int) -> Revision:
    """Build the revision of this position; only the server knows the name of its store."""
    if int(position) >= 2**63:
        raise UsageError("--as-of is no position of a journal.", "Give a position as dnc journal list shows it.")
    store = client.explain(row, channel=Channel(channel), history_max=1).answered_at.store
    return Revision(store=store, position=int(position))


def _show(output: Output, answer: ExplainResponse) -> None:
    _show_verdict(output, answer)
    output.say("\nWhat was looked at", "bold")
    output.table(["gives", "rule", "about", "because"], map(_rule_row, answer.considered))
    if answer.remedies:
        output.say("\nWhat would change it", "bold")
        for remedy in answer.remedies:
            output.say(f"- {remedy}")
    _show_lifted(output, list(answer.result.findings))
    output.say("\nWhat happened", "bold")
    if answer.history:
        output.table(EVENT_TITLES, map(event_row, answer.history))
    else:
        output.say("Nothing was ever recorded about it.")
    if answer.history_truncated:
        output.say("Older events are left out: see more with --history.")


def _show_verdict(output: Output, answer: ExplainResponse) -> None:
    result, findings = answer.result, list(answer.result.findings)
    name = verdict_name(result.verdict)
    output.say(f"{result.address or 'This text'}  {row_sentence(result.verdict, findings)}", verdict_style(name))
    if result.shadow_verdict:
        output.say(f"The policy is in SHADOW mode and would answer {verdict_name(result.shadow_verdict)}.")
    if result.HasField("retry_at"):
        output.say(f"Opens {opening_words(time_of(result.retry_at), findings)}.")
    elif result.verdict == Verdict.VERDICT_DEFER:
        output.say("It does not open within 400 days.")
    places = [", ".join(answer.regions), ", ".join(answer.time_zones)]
    if any(places):
        output.say(f"Where: {'; '.join(filter(None, places))}.")
    output.say(f"As of position {answer.answered_at.position:,}, for contact at {iso(answer.contact_time)}.")


def _show_lifted(output: Output, findings: list[Finding]) -> None:
    lifted = [finding for finding in findings if finding.HasField("lifted_by")]
    if not lifted:
        return
    output.say("\nEvidence that lifted a match", "bold")
    rows = [
        (
            finding.registry.name,
            words(CONSENT_KIND, finding.lifted_by.kind),
            iso(finding.lifted_by.given_at) if finding.lifted_by.HasField("given_at") else "",
            iso(finding.lifted_by.expires_at) if finding.lifted_by.HasField("expires_at") else "no end",
            str(finding.lifted_by.event_position),
        )
        for finding in lifted
    ]
    output.table(["registry", "consent", "given", "ends", "position#"], rows)


def _rule_row(rule: ConsideredRule) -> tuple[str | Text, ...]:
    found = rule.HasField("finding")
    return (
        verdict_text(verdict_name(rule.finding.verdict)) if found else "passes",
        short_name(RULE, rule.rule).lower().replace("_", " "),
        rule.subject,
        rule.sentence or (finding_sentence(rule.finding) if found else ""),
    )
