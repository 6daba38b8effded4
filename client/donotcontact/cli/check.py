"""`dnc check` and `dnc explain`: may these addresses be contacted, and why not?"""

from typing import Annotated

import typer

from donotcontact import Channel, CheckAnswer, Client, Result, Row
from donotcontact.cli.exits import ExitCode, UsageError
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import CHANNEL, RULE, enum_parser, iso, iso_of, option_names, parse_time, short_name
from donotcontact.cli.output import Output, verdict_text
from donotcontact.cli.sentences import (
    event_actor,
    event_sentence,
    finding_sentence,
    findings_line,
    row_sentence,
    verdict_name,
    verdict_style,
)
from donotcontact.cli.session import JsonOption, PolicyOption, RegionOption, session_of
from donotcontact.v1.check_service_pb2 import ExplainResponse
from donotcontact.v1.core_pb2 import Revision
from donotcontact.v1.verdict_pb2 import Verdict

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
    """Add the commands."""
    app.command("check")(check)
    app.command("explain")(explain)


def check(
    ctx: typer.Context,
    *,
    addresses: Annotated[list[str], typer.Argument(metavar="ADDRESS...", help="Phone numbers or e-mail addresses.")],
    channel: ChannelOption,
    policy: PolicyOption = "",
    region: RegionOption = "",
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask whether addresses may be contacted, with every reason why not.

    Example: `dnc check '+1 415 555 0123' ann@example.com --channel voice --policy us-telemarketing`

    Leaves with 0 only where every address is ALLOW. For whole files see `dnc scrub`.
    """
    session = session_of(ctx, as_json)
    contact_time = parse_time(at, session.surroundings.now) if at else None
    rows = [Row(address, region=region) for address in addresses]
    with session.client() as client:
        answer = client.check(rows, channel=Channel(channel), policy=policy, contact_time=contact_time)
    if session.output.as_json:
        session.output.document(_check_document(addresses, answer))
    else:
        _show_results(session.output, addresses, list(answer))
    raise typer.Exit(ExitCode.OK if all(result.allowed for result in answer) else ExitCode.NOT_ALLOWED)


def explain(
    ctx: typer.Context,
    *,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="A phone number or an e-mail address.")],
    channel: ChannelOption,
    policy: PolicyOption = "",
    region: RegionOption = "",
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
    """Explain one address: every rule that was looked at, what it found, and what happened to the address.

    Example: `dnc explain '+1 415 555 0123' --channel sms --as-of 2026-11-03T09:30Z`

    Leaves with 0 only where the verdict is ALLOW.
    """
    session = session_of(ctx, as_json)
    now = session.surroundings.now
    contact_time = parse_time(at, now) if at else None
    row = Row(address, region=region)
    with session.client() as client:
        moment = None
        if as_of is not None:
            moment = _revision(client, as_of, row, channel) if as_of.isdecimal() else parse_time(as_of, now)
        answer = client.explain(
            row, channel=Channel(channel), policy=policy, as_of=moment, contact_time=contact_time, history_max=history
        )
    if session.output.as_json:
        session.output.document(answer)
    else:
        _show_explanation(session.output, answer)
    allowed = answer.result.verdict == Verdict.VERDICT_ALLOW
    raise typer.Exit(ExitCode.OK if allowed else ExitCode.NOT_ALLOWED)


def _revision(client: Client, position: str, row: Row, channel: int) -> Revision:
    """Build the revision of this position; only the server knows the name of its store."""
    if int(position) >= 2**63:
        raise UsageError("--as-of is no position of a journal.", "Give a position as dnc journal list shows it.")
    store = client.explain(row, channel=Channel(channel), history_max=1).answered_at.store
    return Revision(store=store, position=int(position))


def _check_document(addresses: list[str], answer: CheckAnswer) -> dict[str, object]:
    return {
        "allowed": all(result.allowed for result in answer),
        "results": [_result(address, result) for address, result in zip(addresses, answer, strict=True)],
        "checked_at": plain(answer.checked_at),
        "contact_time": iso_of(answer.contact_time) if answer.contact_time else None,
        "policy_version": answer.policy_version,
    }


def _result(asked: str, result: Result) -> dict[str, object]:
    shadow = int(result.shadow_verdict)
    return {
        "asked": asked,
        "address": result.address,
        "allowed": result.allowed,
        "verdict": verdict_name(int(result.verdict)),
        "findings": [{**plain(finding), "sentence": finding_sentence(finding)} for finding in result.findings],
        "shadow_verdict": verdict_name(shadow) if shadow else None,
    }


def _show_results(output: Output, addresses: list[str], results: list[Result]) -> None:
    rows = [
        (
            verdict_text(verdict_name(int(result.verdict))),
            result.address or asked,
            findings_line(int(result.verdict), list(result.findings)),
        )
        for asked, result in zip(addresses, results, strict=True)
    ]
    output.table(["verdict", "address", "why"], rows)
    skipped = sum(not result.allowed for result in results)
    if skipped:
        output.say(f"{skipped:,} of {len(results):,} must not be contacted.", "bold")


def _show_explanation(output: Output, answer: ExplainResponse) -> None:
    verdict, findings = answer.result.verdict, list(answer.result.findings)
    output.say(
        f"{answer.result.address or 'This text'}  {row_sentence(verdict, findings)}",
        verdict_style(verdict_name(verdict)),
    )
    output.say(f"As of position {answer.answered_at.position:,}, for contact at {iso(answer.contact_time)}.")
    output.say("\nWhat was looked at", "bold")
    rules = [
        (
            verdict_text(verdict_name(rule.finding.verdict)) if rule.HasField("finding") else "passes",
            short_name(RULE, rule.rule).lower().replace("_", " "),
            rule.subject,
            rule.sentence or (finding_sentence(rule.finding) if rule.HasField("finding") else ""),
        )
        for rule in answer.considered
    ]
    output.table(["gives", "rule", "about", "because"], rules)
    output.say("\nWhat happened", "bold")
    events = [
        (str(event.position), iso(event.time), event_actor(event), event_sentence(event)) for event in answer.history
    ]
    if events:
        output.table(["position#", "time", "by", "change"], events)
    else:
        output.say("Nothing was ever recorded about it.")
    if answer.history_truncated:
        output.say("Older events are left out: see more with --history.")
