"""`dnc add` and `dnc remove`: entries under a label, and away from it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from donotcontact import DoNotContactError
from donotcontact.cli.addressfile import Reading, named, read_given
from donotcontact.cli.advice import changed_nothing
from donotcontact.cli.confirming import YesOption, confirm
from donotcontact.cli.entryfaults import placed
from donotcontact.cli.evidence import (
    ActorOption,
    CallIdOption,
    CampaignOption,
    NoteOption,
    RecordingOption,
    ReferenceOption,
    RequestIdOption,
    SourceOption,
    ValidateOption,
    evidence_of,
)
from donotcontact.cli.exits import ExitCode, UsageError
from donotcontact.cli.fileoptions import ColumnOption, DelimiterOption, EncodingOption, HeaderOption, delimiter_of
from donotcontact.cli.nouns import (
    ENTRY_REASON,
    REMOVAL_REASON,
    ROW_OUTCOME,
    enum_parser,
    option_names,
    parse_time,
    short_name,
)
from donotcontact.cli.output import Output
from donotcontact.cli.session import JsonOption, RegionOption, running, session_of
from donotcontact.v1.entry_pb2 import EntryReason, RowOutcome
from donotcontact.v1.entry_service_pb2 import AddEntriesResponse, EntryRef, NewEntry, RemoveEntriesResponse

BATCH_ROWS_MAX = 1_000
WARNING = (
    "Removing an entry means that this person can be contacted again. To call or text somebody who asked not to be "
    "contacted is against the law in many countries (in the US: 47 CFR 64.1200(d), for each call). Remove only with a "
    "reason that you can prove; reason and evidence are kept for ever."
)
LabelOption = Annotated[str, typer.Option("--label", metavar="LABEL", help="The label, such as do-not-contact.")]


@dataclass(frozen=True, slots=True)
class Batch:
    """Addresses that go to the server in one request, and the number of the first in the whole input."""

    first: int
    addresses: Sequence[str]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("add")(add)
    app.command("remove")(remove)


def add(
    ctx: typer.Context,
    *,
    label: LabelOption,
    source: SourceOption,
    addresses: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ADDRESS...]", help="Numbers, e-mail addresses, prefixes (+1201*), domains (@example.com)."
        ),
    ] = None,
    from_file: Annotated[
        str | None,
        typer.Option("--from-file", metavar="FILE", help="A CSV or one address a line; - is standard input."),
    ] = None,
    column: ColumnOption = None,
    header: HeaderOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    reason: Annotated[
        EntryReason.ValueType | None,
        typer.Option(
            "--reason",
            metavar="REASON",
            parser=enum_parser(ENTRY_REASON),
            help=f"Why: {', '.join(option_names(ENTRY_REASON))}. Default: by source.",
        ),
    ] = None,
    note: NoteOption = "",
    starts: Annotated[
        str | None, typer.Option("--starts", metavar="TIME", help="When it begins to stop contact. Default: at once.")
    ] = None,
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="TIME", help="When it ends, such as +90d. Default: never.")
    ] = None,
    call_id: CallIdOption = "",
    recording: RecordingOption = "",
    campaign: CampaignOption = "",
    reference: ReferenceOption = "",
    region: RegionOption = "",
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    validate_only: ValidateOption = False,
    as_json: JsonOption = False,
) -> None:
    """Add addresses to a do-not-contact label. In force for every check that starts after this returns.

    Example: `dnc add '+1 415 555 0123' --label do-not-contact --source agent --call-id c-8812`

    Up to 1,000 addresses are added all or none; a longer file goes in batches of 1,000. Adding again changes nothing.
    """
    session = session_of(ctx, as_json)
    now = session.surroundings.now
    entry = NewEntry(label=label, source=source, reason=reason or EntryReason.ENTRY_REASON_UNSPECIFIED, note=note)
    if evidence := evidence_of(call_id, recording, campaign, reference):
        entry.evidence.CopyFrom(evidence)
    if starts:
        entry.starts_at.FromDatetime(parse_time(starts, now))
    if expires:
        entry.expires_at.FromDatetime(parse_time(expires, now))
    if addresses and from_file:
        raise UsageError("Addresses and --from-file are both given.", "Give one of them.")
    reading = Reading(column, header, encoding, delimiter_of(delimiter))
    given = read_given(session, from_file, reading) if from_file else named(addresses or [], reading)
    wanted = given.addresses
    if request_id and len(wanted) > BATCH_ROWS_MAX:
        raise UsageError(
            "--request-id names one request, and this takes several.", "Leave it out: adding twice is safe."
        )
    total = AddEntriesResponse()
    with session.client() as client:
        for batch in _batches(wanted):
            entries = [_with_address(entry, address) for address in batch.addresses]
            try:
                answer = client.add_entries(
                    entries, region=region, actor=actor, request_id=request_id, validate_only=validate_only
                )
            except DoNotContactError as error:
                _tell_partly(ctx, error, batch, len(wanted), validate_only=validate_only)
                raise placed(error, batch.first, given) from error
            except KeyboardInterrupt:
                _tell_partly(ctx, None, batch, len(wanted), validate_only=validate_only)
                raise
            _sum_added(total, answer)
    _show_added(session.output, wanted, total, validate_only)


def remove(
    ctx: typer.Context,
    *,
    addresses: Annotated[
        list[str], typer.Argument(metavar="ADDRESS...", help="Addresses, prefixes or domains; at most 1,000.")
    ],
    label: LabelOption,
    reason: Annotated[
        int,
        typer.Option(
            "--reason",
            metavar="REASON",
            parser=enum_parser(REMOVAL_REASON),
            help=f"Why: {', '.join(option_names(REMOVAL_REASON))}.",
        ),
    ],
    note: NoteOption = "",
    call_id: CallIdOption = "",
    recording: RecordingOption = "",
    campaign: CampaignOption = "",
    reference: ReferenceOption = "",
    region: RegionOption = "",
    actor: ActorOption = "",
    request_id: RequestIdOption = None,
    validate_only: ValidateOption = False,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Take addresses from a label. The history keeps what was, and your reason, for ever.

    Example: `dnc remove '+1 415 555 0123' --label DNC_Sales --reason consent-renewed --reference form-2211`

    The person's own word (agent, ivr, bot, inbound-message) goes only for consent-renewed with evidence. Leaves with 1
    where such an entry was kept.
    """
    session = session_of(ctx, as_json)
    if not (yes or validate_only):
        question = f"Remove {len(addresses):,} from {label}?"
        confirm(session.output, WARNING, question, doing="Removing", done="removed")
    with session.client() as client:
        answer = client.remove_entries(
            [EntryRef(address=address, label=label) for address in addresses],
            reason=reason,
            note=note,
            evidence=evidence_of(call_id, recording, campaign, reference),
            region=region,
            actor=actor,
            request_id=request_id,
            validate_only=validate_only,
        )
    _show_removed(session.output, addresses, answer, validate_only)
    raise typer.Exit(ExitCode.NOT_ALLOWED if answer.kept else ExitCode.OK)


def _batches(addresses: Sequence[str]) -> Iterator[Batch]:
    for first in range(0, len(addresses), BATCH_ROWS_MAX):
        yield Batch(first, addresses[first : first + BATCH_ROWS_MAX])


def _with_address(model: NewEntry, address: str) -> NewEntry:
    entry = NewEntry(address=address)
    entry.MergeFrom(model)
    return entry


def _tell_partly(
    ctx: typer.Context, error: DoNotContactError | None, batch: Batch, count: int, *, validate_only: bool
) -> None:
    """Tell which addresses are in, which are not, and of which it is not known; nothing where it is all one batch."""
    run = running(ctx)
    if run is None or not (batch.first or validate_only):
        return
    run.partly = True
    if validate_only:
        run.output.note("Nothing was changed: --validate-only.")
        return
    last = batch.first + len(batch.addresses)
    done = f"The first {batch.first:,} addresses are added"
    if error is not None and changed_nothing(error):
        sentence = f"{done}; the other {count - batch.first:,} are not."
    else:
        sentence = f"{done}. Of the addresses {batch.first + 1:,} to {last:,} it is not known."
        if count > last:
            sentence += f" The {count - last:,} behind them are not."
    run.output.note(f"{sentence} Running the command again is safe: adding twice changes nothing.")


def _sum_added(total: AddEntriesResponse, answer: AddEntriesResponse) -> None:
    total.outcomes.extend(answer.outcomes)
    total.added += answer.added
    total.extended += answer.extended
    total.unchanged += answer.unchanged
    total.written_at.CopyFrom(answer.written_at)


def _show_added(output: Output, addresses: Sequence[str], answer: AddEntriesResponse, validate_only: bool) -> None:
    if output.as_json:
        output.document(answer)
        return
    would = "Would be added" if validate_only else "Added"
    output.say(f"{would}: {answer.added:,}. Extended: {answer.extended:,}. There already: {answer.unchanged:,}.")
    _show_outcomes(output, addresses, list(answer.outcomes))


def _show_removed(output: Output, addresses: Sequence[str], answer: RemoveEntriesResponse, validate_only: bool) -> None:
    if output.as_json:
        output.document(answer)
        return
    would = "Would be removed" if validate_only else "Removed"
    output.say(f"{would}: {answer.removed:,}. Not there: {answer.unchanged:,}. Kept: {answer.kept:,}.")
    _show_outcomes(output, addresses, list(answer.outcomes))
    if answer.kept:
        output.say("Kept is the person's own word: it goes only for consent-renewed, with evidence.", "bold yellow")


def _show_outcomes(output: Output, addresses: Sequence[str], outcomes: Sequence[RowOutcome.ValueType]) -> None:
    if 1 < len(addresses) <= BATCH_ROWS_MAX:
        names = [short_name(ROW_OUTCOME, outcome).lower().replace("_", " ") for outcome in outcomes]
        output.table(["outcome", "address"], zip(names, addresses, strict=True))
