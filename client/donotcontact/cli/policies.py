"""`dnc policy`: the rules of campaigns and flows, as YAML."""

from itertools import groupby
from typing import Annotated

import typer

from donotcontact import Client, NotFound
from donotcontact.cli import policytest
from donotcontact.cli.evidence import ActorOption, RequestIdOption, ValidateOption
from donotcontact.cli.exits import ExitCode
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import CHANNEL, PURPOSE, iso, short_name
from donotcontact.cli.output import Output
from donotcontact.cli.policydiff import Change, differences
from donotcontact.cli.policyfile import read_policy, write_policy
from donotcontact.cli.policyversions import old_version
from donotcontact.cli.session import JsonOption, session_of
from donotcontact.v1.policy_pb2 import Mode, Policy
from donotcontact.v1.policy_service_pb2 import AppliedPolicy

group = typer.Typer(
    name="policy",
    no_args_is_help=True,
    help="Policies: the rules of one campaign or flow.\n\nExample: `dnc policy apply -f us-telemarketing.yaml`",
)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The policy's name.")]
PolicyFileOption = Annotated[
    str, typer.Option("--file", "-f", metavar="FILE", help="The policy as YAML; - is standard input.")
]


@group.command("apply")
def apply(
    ctx: typer.Context,
    *,
    file: PolicyFileOption,
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    validate_only: ValidateOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put a policy in force, whole or not at all, in place of the one with its name.

    Example: `dnc policy apply -f us-telemarketing.yaml --dry-run`

    A small one: `printf 'name: evening\\ncalling_hours: [us-federal]\\n' | dnc policy apply -f -`

    A key or value that is not known is refused with its path and line. `dnc packs` lists what calling_hours may name.
    """
    session = session_of(ctx, as_json)
    policy = read_policy(file, session.stdin)
    with session.client() as client:
        answer = client.apply_policy(policy, actor=actor, request_id=request_id, validate_only=validate_only)
    if session.output.as_json:
        session.output.document(answer)
    elif not answer.changed:
        session.output.say(f"{policy.name} is in force already: nothing to change.")
    elif validate_only:
        session.output.say(f"{policy.name} is right and would be put in force.")
    else:
        session.output.say(f"{policy.name} is in force, version {answer.applied.version}.")


@group.command("get")
def get(
    ctx: typer.Context,
    *,
    name: NameArgument,
    version: Annotated[
        int | None,
        typer.Option(
            "--version",
            min=1,
            metavar="N",
            help="An old version, out of the journal, as a check named it. It takes a MANAGER, ADMIN or AUDITOR.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a policy as YAML that can be applied again: the one in force, or an old version of it.

    Example: `dnc policy get us-telemarketing > us-telemarketing.yaml`

    Back to what was: `dnc policy get us-telemarketing --version 12 | dnc policy apply -f -`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.get_policy(name) if version is None else old_version(client, name, version)
    if session.output.as_json:
        session.output.document(answer)
    else:
        session.output.stdout.write(write_policy(answer.applied))


@group.command("list")
def list_all(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """List the policies in force by name.

    Example: `dnc policy list`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        policies = list(client.list_policies())
    if session.output.as_json:
        session.output.document({"policies": [plain(applied) for applied in policies]})
        return
    titles = ["name", "version#", "applied", "channels", "purpose", "labels", "registries", "mode"]
    session.output.table(titles, map(_row, policies))


@group.command("diff")
def diff(
    ctx: typer.Context,
    *,
    file: PolicyFileOption,
    as_json: JsonOption = False,
) -> None:
    """Show what a file would change against the policy in force, field by field. Changes nothing.

    Example: `dnc policy diff -f us-telemarketing.yaml`

    Leaves with 0 where they are the same, and with 1 where they differ or no such policy is in force. A default that is
    written out is no difference, nor is another order.
    """
    session = session_of(ctx, as_json)
    policy = read_policy(file, session.stdin)
    with session.client() as client:
        in_force = _in_force(client, policy.name)
    changes = differences(in_force.policy if in_force else Policy(), policy)
    if session.output.as_json:
        session.output.document(_diff_document(policy.name, in_force, changes))
    else:
        _show_diff(session.output, policy.name, in_force, changes)
    raise typer.Exit(ExitCode.NOT_ALLOWED if changes else ExitCode.OK)


policytest.register(group)


@group.command("delete")
def delete(
    ctx: typer.Context,
    *,
    name: NameArgument,
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a policy out of force. Checks that name it are refused from then on: nobody is contacted under it.

    Example: `dnc policy delete spring-2024`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.delete_policy(name, actor=actor, request_id=request_id)
    if session.output.as_json:
        session.output.document(answer)
    else:
        session.output.say(f"{name} is no longer in force." if answer.changed else f"There was no policy {name}.")


def _in_force(client: Client, name: str) -> AppliedPolicy | None:
    try:
        return client.get_policy(name).applied
    except NotFound:
        return None


def _diff_document(name: str, in_force: AppliedPolicy | None, changes: list[Change]) -> dict[str, object]:
    return {
        "name": name,
        "version": in_force.version if in_force else None,
        "differs": bool(changes),
        "changes": [{"path": each.path, "in_force": each.before, "file": each.after} for each in changes],
    }


def _show_diff(output: Output, name: str, in_force: AppliedPolicy | None, changes: list[Change]) -> None:
    if not changes:
        output.say(f"{name} is in force as it stands in the file.")
        return
    if in_force is None:
        output.say(f"No policy {name} is in force: all of it would be new.", "bold")
    else:
        output.say(f"{name} would change against version {in_force.version}:", "bold")
    for path, alike in groupby(changes, key=lambda each: each.path):
        output.say(f"  {path}")
        for each in alike:
            _show_change(output, each)


def _show_change(output: Output, change: Change) -> None:
    if change.before:
        output.say(f"    - {change.before}", "red")
    if change.after:
        output.say(f"    + {change.after}", "green")


def _row(applied: AppliedPolicy) -> tuple[str, ...]:
    policy = applied.policy
    return (
        policy.name,
        str(applied.version),
        iso(applied.applied_at),
        ", ".join(short_name(CHANNEL, channel) for channel in policy.channels) or "every channel",
        short_name(PURPOSE, policy.purpose) if policy.purpose else "MARKETING",
        ", ".join(policy.labels),
        ", ".join(required.name for required in policy.registries),
        "SHADOW" if policy.mode == Mode.MODE_SHADOW else "ENFORCE",
    )
