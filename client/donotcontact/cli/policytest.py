"""`dnc policy test`: cases that a compliance officer keeps, against a policy in force or one that is not applied."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

import typer

from donotcontact import Channel, Client, InvalidRequest
from donotcontact.cli.casefile import Case, read_cases
from donotcontact.cli.exits import ExitCode, UsageError
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import RULE, enum_number, iso_of, short_name
from donotcontact.cli.output import Output, verdict_text
from donotcontact.cli.policyfile import read_policy
from donotcontact.cli.sentences import finding_sentence, findings_line, verdict_name
from donotcontact.cli.session import JsonOption, session_of
from donotcontact.v1.policy_pb2 import Policy
from donotcontact.v1.verdict_pb2 import Finding


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case: the verdict that the policy gave and why, and what is wrong with it; empty where nothing."""

    case: Case
    verdict: int
    findings: tuple[Finding, ...]
    fault: str

    @property
    def passed(self) -> bool:
        """Whether the answer is the expected one."""
        return not self.fault


def register(group: typer.Typer) -> None:
    """Add the command."""
    group.command("test")(run_cases)


def run_cases(
    ctx: typer.Context,
    *,
    file: Annotated[str, typer.Option("--file", "-f", metavar="CASES", help="The cases as YAML; - is standard input.")],
    policy: Annotated[
        str | None,
        typer.Option(
            "--policy",
            metavar="FILE",
            help="A policy as YAML that is not applied. Default: the one in force that the cases name.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run cases against a policy: each an address, a channel and a time, and the verdict that it must give.

    Example: `dnc policy test -f cases.yaml --policy us-telemarketing.yaml`

    A case has name, address, channel, time and expect; where it matters region, time_zone, postal_code, contact_id,
    debt_id; and reasons, each the name of a rule (CALLING_HOURS) or the id of a legal one (us-fl-hours) that must be
    among those of the answer. A file of them begins with `policy: NAME` and `cases:`. A time without an offset is that
    of the case's time_zone. Under a policy in SHADOW mode the shadow verdict counts. Entries and consents count as
    they stand now. Leaves with 1 where any case fails.
    """
    session = session_of(ctx, as_json)
    if file == policy == "-":
        raise UsageError("The cases and the policy both come from standard input.", "Give one of them as a file.")
    cases = read_cases(file, session.stdin)
    draft = read_policy(policy, session.stdin) if policy else None
    if draft is None and not cases.policy:
        raise UsageError("The cases name no policy.", "Write policy: NAME above them, or give --policy FILE.")
    with session.client() as client:
        if cases.legal_reasons:
            cases.refuse_unknown_reasons({rule.id for pack in client.rule_packs() for rule in pack.rules})
        outcomes = list(_run(client, cases.cases, cases.policy, draft))
    if session.output.as_json:
        session.output.document(_document(outcomes))
    else:
        _show(session.output, outcomes)
    raise typer.Exit(ExitCode.OK if all(each.passed for each in outcomes) else ExitCode.NOT_ALLOWED)


def _run(client: Client, cases: tuple[Case, ...], policy: str, draft: Policy | None) -> Iterator[Outcome]:
    for case in cases:
        try:
            yield _ask(client, case, "" if draft else policy, draft)
        except InvalidRequest as error:
            if any(path.startswith("draft") for path, _ in error.field_violations):
                raise
            yield Outcome(case, 0, (), f"refused: {error}")


def _ask(client: Client, case: Case, policy: str, draft: Policy | None) -> Outcome:
    answer = client.explain(
        case.row,
        channel=Channel(case.channel),
        policy=policy,
        contact_time=case.time,
        history_max=1,
        draft=draft,
    )
    result = answer.result
    verdict = result.shadow_verdict or result.verdict
    findings = tuple(result.findings)
    return Outcome(case, verdict, findings, _fault(case, verdict, findings))


def _fault(case: Case, verdict: int, findings: tuple[Finding, ...]) -> str:
    if verdict != case.expect:
        return f"expected {verdict_name(case.expect)}"
    given = {finding.rule for finding in findings} | {finding.legal_rule.id for finding in findings}
    missing = [reason.name for reason in case.reasons if (enum_number(RULE, reason.name) or reason.name) not in given]
    return f"expected because of {', '.join(missing)}" if missing else ""


def _show(output: Output, outcomes: list[Outcome]) -> None:
    rows = [
        (
            "pass" if each.passed else "FAIL",
            each.case.name,
            verdict_text(verdict_name(each.verdict)) if each.verdict else "",
            each.fault,
            findings_line(each.verdict, list(each.findings)) if each.verdict else "",
        )
        for each in outcomes
    ]
    output.table(["", "case", "verdict", "but", "because"], rows)
    failed = sum(not each.passed for each in outcomes)
    passed = len(outcomes) - failed
    output.say(f"{passed:,} of {len(outcomes):,} cases pass.", "bold red" if failed else "bold")


def _document(outcomes: list[Outcome]) -> dict[str, object]:
    return {
        "cases": [
            {
                "name": each.case.name,
                "passed": each.passed,
                "fault": each.fault,
                "time": iso_of(each.case.time),
                "expect": verdict_name(each.case.expect),
                "verdict": verdict_name(each.verdict) if each.verdict else None,
                "findings": [
                    {**plain(finding), "rule": short_name(RULE, finding.rule), "sentence": finding_sentence(finding)}
                    for finding in each.findings
                ],
            }
            for each in outcomes
        ],
        "passed": sum(each.passed for each in outcomes),
        "failed": sum(not each.passed for each in outcomes),
    }
