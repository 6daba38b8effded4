"""`dnc inbound` and `dnc review`: what persons wrote, and what nobody is sure about."""

from typing import Annotated

import typer

from donotcontact import Channel
from donotcontact.cli.evidence import ActorOption, NoteOption, RequestIdOption, ValidateOption
from donotcontact.cli.exits import FileError
from donotcontact.cli.messages import plain
from donotcontact.cli.nouns import (
    CHANNEL,
    MESSAGE_CLASS,
    OPT_IN_STATUS,
    REVIEW_DECISION,
    enum_parser,
    iso,
    option_names,
    short_name,
)
from donotcontact.cli.output import Output
from donotcontact.cli.session import JsonOption, RegionOption, Session, session_of
from donotcontact.v1.consent_service_pb2 import RecordInboundMessageResponse, Review
from donotcontact.v1.core_pb2 import CHANNEL_VOICE, MessageClass

TEXT_BYTES_MAX = 256 * 1024
group = typer.Typer(
    name="review",
    no_args_is_help=True,
    help="Messages that a person must decide.\n\nExample: `dnc review list`",
)


def register(app: typer.Typer) -> None:
    """Add the command that stands outside the group."""
    app.command("inbound")(inbound)


def inbound(
    ctx: typer.Context,
    *,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The number that sent it.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="What was written; - is standard input.")],
    channel: Annotated[
        int | None,
        typer.Option(
            "--channel", metavar="CHANNEL", parser=enum_parser(CHANNEL), help="sms or whatsapp. Default: sms."
        ),
    ] = None,
    message_id: Annotated[
        str,
        typer.Option(
            "--message-id",
            metavar="ID",
            help="The gateway's id of the message. With it a message that comes again does nothing, so that an old "
            "START undoes no newer STOP.",
            show_default=False,
        ),
    ] = "",
    own_code: Annotated[
        list[str] | None,
        typer.Option(
            "--own-code", metavar="CODE", help="A code of yours that may stand behind a keyword. Once for each."
        ),
    ] = None,
    region: RegionOption = "",
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    validate_only: ValidateOption = False,
    as_json: JsonOption = False,
) -> None:
    """Record a text that a person sent, and do what it says: STOP is in force when this returns.

    Example: `dnc inbound '+1 415 555 0123' 'Stop please' --message-id m-771`

    Give the gateway's message id wherever there is one. A confirmation that this names may be sent once, within 5
    minutes, after `dnc claim-send`.
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.record_inbound_message(
            address,
            _text(session) if text == "-" else text,
            channel=Channel(channel) if channel else Channel.SMS,
            message_id=message_id,
            own_codes=own_code or [],
            region=region,
            actor=actor,
            request_id=request_id,
            validate_only=validate_only,
        )
    if session.output.as_json:
        session.output.document(answer)
    else:
        _show_message(session.output, answer, validate_only)


@group.command("list")
def list_all(ctx: typer.Context, *, as_json: JsonOption = False) -> None:
    """List the messages that may be opt-outs and wait for a decision, oldest first. Until then texts are blocked.

    Example: `dnc review list`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        reviews = list(client.list_reviews())
    if session.output.as_json:
        session.output.document({"reviews": [plain(review) for review in reviews]})
    elif reviews:
        titles = ["review", "recorded", "address", "channel", "because", "message", "text"]
        session.output.table(titles, map(_row, reviews))
    else:
        session.output.say("Nothing waits.")


@group.command("decide")
def decide(
    ctx: typer.Context,
    *,
    review: Annotated[str, typer.Argument(metavar="REVIEW", help="The review, as dnc review list names it.")],
    decision: Annotated[
        int,
        typer.Argument(
            metavar="DECISION", parser=enum_parser(REVIEW_DECISION), help=f"{', '.join(option_names(REVIEW_DECISION))}."
        ),
    ],
    note: NoteOption = "",
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    as_json: JsonOption = False,
) -> None:
    """Decide what a message says. An opt-out counts as if STOP had been written; not-an-opt-out takes a manager.

    Example: `dnc review decide 1482 opt-out --note "asked to be left alone"`
    """
    session = session_of(ctx, as_json)
    with session.client() as client:
        answer = client.decide_review(review, decision, note=note, actor=actor, request_id=request_id)
    if session.output.as_json:
        session.output.document(answer)
    elif answer.changed:
        session.output.say(f"Review {review} is decided: {short_name(REVIEW_DECISION, decision)}.")
    else:
        session.output.say(f"Review {review} was decided before, or there is none.")


def _text(session: Session) -> str:
    content = session.stdin.read(TEXT_BYTES_MAX + 3)  # a line ending of two bytes may stand behind the text
    if len(content.rstrip(b"\r\n")) > TEXT_BYTES_MAX:
        raise FileError(f"Standard input is longer than {TEXT_BYTES_MAX:,} bytes: no message is.")
    try:
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise FileError("Standard input is not text in UTF-8.") from None


def _show_message(output: Output, answer: RecordInboundMessageResponse, validate_only: bool) -> None:
    kind = short_name(MESSAGE_CLASS, answer.message_class)
    matched = f" ({answer.matched})" if answer.matched else ""
    would = " Nothing was changed." if validate_only else ""
    stands = f" The opt-in is {short_name(OPT_IN_STATUS, answer.status)}." if answer.status else ""
    output.say(f"{kind}{matched}.{stands}{would}", _style(answer.message_class))
    if answer.confirmation:
        output.say(f"One confirmation may be sent until {iso(answer.confirmation_until)}, after:")
        output.say(f"  dnc claim-send {answer.confirmation}")
    calls = CHANNEL_VOICE in answer.about
    if calls and not answer.review:
        output.say("It is about calls too: an entry under do-not-phone, which START leaves.")
    if answer.review:
        output.say(f"Texts {'and calls ' if calls else ''}are blocked until somebody decides:")
        output.say(f"  dnc review decide {answer.review} opt-out|not-an-opt-out")


def _style(message_class: int) -> str:
    return {
        MessageClass.MESSAGE_CLASS_OPT_OUT: "bold red",
        MessageClass.MESSAGE_CLASS_REVIEW: "yellow",
        MessageClass.MESSAGE_CLASS_OPT_IN: "green",
    }.get(MessageClass.ValueType(message_class), "")


def _row(review: Review) -> tuple[str, ...]:
    channel = short_name(CHANNEL, review.channel)
    return (
        review.review,
        iso(review.recorded_at),
        review.address,
        channel,
        review.matched,
        review.message_id,
        review.text,
    )
