"""`dnc policy`: the rules of campaigns and flows, as YAML."""

from typing import Annotated

import typer

from donotcontact.cli.evidence import ActorOption, RequestIdOption, ValidateOption
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import CHANNEL, PURPOSE, iso, short_name
from donotcontact.cli.policyfile import read_policy, write_policy
from donotcontact.cli.session import JsonOption, session_of
from donotcontact.v1.policy_pb2 import Mode
from donotcontact.v1.policy_service_pb2 import AppliedPolicy

group = typer.Typer(name="policy", no_args_is_help=True, help="Policies: the rules of one campaign or flow.")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The policy's name.")]


@group.command("apply")
def apply(
    ctx: typer.Context,
    *,
    file: Annotated[str, typer.Option("--file", "-f", metavar="FILE", help="The policy as YAML; - is standard input.")],
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    validate_only: ValidateOption = False,
    as_json: JsonOption = False,
) -> None:
    """Put a policy in force, whole or not at all, in place of the one with its name.

    Example: `dnc policy apply -f us-telemarketing.yaml --validate-only`

    A key or value that is not known is refused with its path and line.
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
def get(ctx: typer.Context, *, name: NameArgument, as_json: JsonOption = False) -> None:
    """Write the policy in force as YAML that can be applied again.

    Example: `dnc policy get us-telemarketing > us-telemarketing.yaml`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.get_policy(name)
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
