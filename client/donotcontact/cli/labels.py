"""`dnc label`: the named do-not-contact lists of the account."""

from typing import Annotated

import typer

from donotcontact.cli.confirming import YesOption, confirm
from donotcontact.cli.eventwords import channels_line
from donotcontact.cli.evidence import RequestIdOption
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import CHANNEL, PURPOSE, enum_parser, option_names, short_name
from donotcontact.cli.output import Output
from donotcontact.cli.session import JsonOption, session_of
from donotcontact.v1.core_pb2 import Channel, Purpose
from donotcontact.v1.entry_pb2 import Label

group = typer.Typer(
    name="label",
    no_args_is_help=True,
    help="Labels: named do-not-contact lists of the account.\n\n"
    "Example: `dnc label create DNC_Sales --channel voice --channel sms`",
)
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="The label's name, such as DNC_Sales.")]
ChannelsOption = Annotated[
    list[Channel.ValueType],
    typer.Option(
        "--channel",
        metavar="CHANNEL",
        parser=enum_parser(CHANNEL),
        help=f"What its entries stop: {', '.join(option_names(CHANNEL))}. Give it once for each.",
    ),
]
PurposesOption = Annotated[
    list[Purpose.ValueType] | None,
    typer.Option(
        "--purpose",
        metavar="PURPOSE",
        parser=enum_parser(PURPOSE),
        help=f"Only for these purposes: {', '.join(option_names(PURPOSE))}. Default: every purpose.",
    ),
]
WARNING = (
    "What a label loses, its entries stop no more: the persons can be contacted again, and nobody is told. To call or "
    "text somebody who asked not to be contacted is against the law in many countries. The journal keeps your reason "
    "for ever."
)
DescriptionOption = Annotated[
    str, typer.Option("--description", metavar="TEXT", help="What it is for.", show_default=False)
]


@group.command("create")
def create(
    ctx: typer.Context,
    *,
    name: NameArgument,
    channel: ChannelsOption,
    purpose: PurposesOption = None,
    description: DescriptionOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a label. It stops contact only under policies that name it.

    Example: `dnc label create DNC_Sales --channel voice --channel sms --description "Sales opt-outs"`
    """
    session = session_of(ctx, as_json)
    label = Label(name=name, channels=channel, purposes=purpose or [], description=description)
    with session.client() as client:
        answer = client.create_label(label, request_id=request_id)
    _show_label(session.output, "Created", answer.label)


@group.command("update")
def update(
    ctx: typer.Context,
    *,
    name: NameArgument,
    channel: ChannelsOption,
    purpose: PurposesOption = None,
    description: DescriptionOption = "",
    reason: Annotated[
        str,
        typer.Option(
            "--reason",
            metavar="TEXT",
            help="Why its entries may stop less. Required where it has entries and loses a channel or a purpose.",
            show_default=False,
        ),
    ] = "",
    request_id: RequestIdOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Replace a label's channels, purposes and description: what is not given here is gone.

    Example: `dnc label update DNC_Sales --channel voice --reason "texts have a label of their own now"`

    With a reason it may let people be contacted again, and a person must confirm it.
    """
    session = session_of(ctx, as_json)
    label = Label(name=name, channels=channel, purposes=purpose or [], description=description)
    if reason and not yes:
        question = f"Let {name} stop {channels_line(label)} for {_purposes(label)}, and nothing else?"
        confirm(session.output, WARNING, question, doing="Changing what entries stop", done="changed")
    with session.client() as client:
        answer = client.update_label(label, reason=reason, request_id=request_id)
    _show_label(session.output, "Changed", answer.label)


@group.command("archive")
def archive(
    ctx: typer.Context, *, name: NameArgument, request_id: RequestIdOption = None, as_json: JsonOption = False
) -> None:
    """Archive a label: it takes no new entries, and those it has still count.

    Example: `dnc label archive DNC_Sales_2024`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.archive_label(name, request_id=request_id)
    _show_label(session.output, "Archived", answer.label)


@group.command("list")
def list_all(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """List the labels, the built-in ones too, with the number of their entries.

    Example: `dnc label list`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        labels = list(client.list_labels())
    if session.output.as_json:
        session.output.document({"labels": [plain(label) for label in labels]})
        return
    session.output.table(["name", "stops", "for", "entries#", "", "description"], map(_row, labels))


def _show_label(output: Output, done: str, label: Label) -> None:
    if output.as_json:
        output.document(label)
    else:
        output.say(f"{done} {label.name}: stops {channels_line(label)} for {_purposes(label)}.")


def _row(label: Label) -> tuple[str, ...]:
    kind = "built in" if label.built_in else "archived" if label.archived else ""
    return label.name, channels_line(label), _purposes(label), f"{label.entries:,}", kind, label.description


def _purposes(label: Label) -> str:
    return ", ".join(short_name(PURPOSE, purpose) for purpose in label.purposes) or "every purpose"
