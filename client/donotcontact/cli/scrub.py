"""`dnc scrub`: a whole call file against the server, every row in its place with its verdict."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from donotcontact import Channel, Verdict
from donotcontact.cli.callfile import CallFile, open_call_file
from donotcontact.cli.check import AtOption, ChannelOption
from donotcontact.cli.columns import Column, choose_column
from donotcontact.cli.context import DraftOption
from donotcontact.cli.exits import ExitCode, UsageError
from donotcontact.cli.fileoptions import (
    ColumnOption,
    ContactColumnOption,
    DebtColumnOption,
    DelimiterOption,
    EncodingOption,
    HeaderOption,
    PostalCodeColumnOption,
    TimeZoneColumnOption,
    delimiter_of,
)
from donotcontact.cli.headers import FirstRow
from donotcontact.cli.nouns import iso_of, parse_time
from donotcontact.cli.output import Output, verdict_text
from donotcontact.cli.policyfile import read_policy
from donotcontact.cli.previewing import preview_document, show_preview
from donotcontact.cli.resultfile import CleanRows, Draft, ScreenedRows, check_targets, copy_out, drafts, refuse_screened
from donotcontact.cli.screening import CHUNK_ADDRESSES, Question, Screening, context_columns
from donotcontact.cli.sentences import findings_line, verdict_name
from donotcontact.cli.session import JsonOption, PolicyOption, RegionOption, Session, session_of
from donotcontact.cli.tally import Tally

PREVIEW_TIMEOUT_S = 60.0
HOURS_MAX = 168

Ticker = Callable[[int], None]
"""Takes the number of rows that are done."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("scrub")(scrub)


def scrub(
    ctx: typer.Context,
    *,
    file: Annotated[str, typer.Argument(metavar="FILE", help="A CSV, or one address a line. - is standard input.")],
    channel: ChannelOption,
    policy: PolicyOption = "",
    column: ColumnOption = None,
    out: Annotated[
        str | None,
        typer.Option("--out", metavar="FILE", help="The result. Default: FILE.screened.csv. - is standard output."),
    ] = None,
    only_allowed: Annotated[
        Path | None,
        typer.Option(
            "--only-allowed", metavar="FILE", help="Also write the rows that are ALLOW, unchanged: a clean call list."
        ),
    ] = None,
    region: RegionOption = "",
    time_zone_column: TimeZoneColumnOption = None,
    postal_code_column: PostalCodeColumnOption = None,
    contact_column: ContactColumnOption = None,
    debt_column: DebtColumnOption = None,
    at: AtOption = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Count by verdict and by reason instead, and write no result file.")
    ] = False,
    hours: Annotated[
        int | None,
        typer.Option(
            "--hours",
            min=0,
            max=HOURS_MAX,
            metavar="N",
            help="With --preview: how many would be ALLOW in each of the coming hours. Default: 24.",
        ),
    ] = None,
    draft: DraftOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    header: HeaderOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace result files that exist.")] = False,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Leave with 0 when the file was screened, whatever the verdicts.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Screen a file of addresses, and write it again with a verdict and a reason behind every row.

    Example: `dnc scrub leads.csv --channel voice --policy us-telemarketing --only-allowed clean.csv`

    Every row comes out once, in order, its cells unchanged. A run that breaks leaves no result file. Leaves with 0 only
    where every row is ALLOW, else with 1; see --exit-zero.

    Before a campaign: `dnc scrub leads.csv --channel voice --policy us-telemarketing --preview --hours 48` counts, and
    leaves with 0. With --draft FILE it counts by a policy that is not applied.
    """
    session = session_of(ctx, as_json)
    _check_preview(preview, hours=hours, draft=draft, out=out, only_allowed=only_allowed, policy=policy)
    target = None if preview else _target(file, out, session.output.as_json)
    check_targets([place for place in (target, only_allowed) if place], file, force=force)
    question = Question(Channel(channel), policy, region, parse_time(at, session.surroundings.now) if at else None)
    wanted = {
        "time_zones": time_zone_column,
        "postal_codes": postal_code_column,
        "contact_ids": contact_column,
        "debt_ids": debt_column,
    }
    cut = delimiter_of(delimiter)
    titles = tuple(title for title in wanted.values() if title)
    first_row = FirstRow(header, column, channel != Channel.EMAIL, titles)
    with open_call_file(file, session.stdin, encoding=encoding, delimiter=cut, first_row=first_row) as calls:
        if not preview:
            refuse_screened(calls.layout)
        chosen = _choose(calls, column, channel)
        context = context_columns(calls, wanted)
        _tell(session.output, calls, chosen)
        with session.client() as client:
            rows = Screening(calls, chosen.index, client, question, context)
            if preview:
                _preview(session, rows, file, draft, 24 if hours is None else hours)
                return
            tally = _screen(session.output, rows, file, target, only_allowed)
    _conclude(session.output, tally, file, target, only_allowed)
    raise typer.Exit(ExitCode.OK if exit_zero or tally.all_allowed else ExitCode.NOT_ALLOWED)


def _screen(output: Output, rows: Screening, file: str, target: Path | None, only_allowed: Path | None) -> Tally:
    started = time.monotonic()
    tally = Tally()
    layout = rows.calls.layout
    marked = layout.encoding in {"utf-8-sig", "utf-16"}
    with drafts([target, *([only_allowed] if only_allowed else [])], file, marked=marked) as opened:
        with _progress(output, layout.rows) as progress:
            _write(rows, opened, tally, progress)
        if target is None:
            copy_out(opened[0], sys.stdout.buffer)
    tally.seconds = time.monotonic() - started
    return tally


def _preview(session: Session, rows: Screening, file: str, draft: str | None, hours: int) -> None:
    policy = read_policy(draft, session.stdin) if draft else None
    preview = rows.preview(policy, hours, max(PREVIEW_TIMEOUT_S, session.connection.timeout_s))
    if session.output.as_json:
        session.output.document(preview_document(preview, file))
    else:
        planned = rows.question.contact_time is not None
        show_preview(session.output, preview, session.surroundings.zone, planned=planned)


def _write(answers: Screening, opened: list[Draft], tally: Tally, progress: Ticker) -> None:
    layout = answers.calls.layout
    screened = ScreenedRows(opened[0].stream, layout)
    clean = CleanRows(opened[1].stream, layout) if len(opened) > 1 else None
    begun = False
    names: dict[int, str] = {0: ""}
    for row in answers:
        if not begun:
            begun = _begin(screened, clean, shadow=row.shadow != 0)
        tally.add(row.verdict, row.allowed, row.findings, row.shadow)
        name, shadow = (
            names.get(verdict) or names.setdefault(verdict, verdict_name(verdict))
            for verdict in (row.verdict, row.shadow)
        )
        reason = "" if row.allowed and not row.findings else findings_line(row.verdict, row.findings)
        screened.add(row.record, name, reason, iso_of(row.retry_at) if row.retry_at else "", shadow)
        if clean and row.allowed:
            clean.add(row.record)
        if tally.rows % CHUNK_ADDRESSES == 0:
            progress(tally.rows)
    if not begun:
        _begin(screened, clean, shadow=False)
    progress(tally.rows)


def _begin(screened: ScreenedRows, clean: CleanRows | None, *, shadow: bool) -> bool:
    screened.begin(shadow=shadow)
    if clean:
        clean.begin()
    return True


def _check_preview(
    preview: bool, *, hours: int | None, draft: str | None, out: str | None, only_allowed: Path | None, policy: str
) -> None:
    if preview and (out is not None or only_allowed):
        raise UsageError("--preview writes no file.", "Leave --out and --only-allowed out.")
    if not preview and (hours is not None or draft):
        raise UsageError("--hours and --draft go with --preview.")
    if draft and policy:
        raise UsageError("--draft stands in place of --policy.", "Give one of them.")


def _target(file: str, out: str | None, as_json: bool) -> Path | None:
    if out == "-" and as_json:
        raise UsageError("--out - and --json both want standard output.", "Give --out FILE.")
    if out is None and file == "-":
        raise UsageError("A file from standard input has no name for its result.", "Give --out FILE, or --out -.")
    if out == "-":
        return None
    return Path(out) if out is not None else Path(f"{file}.screened.csv")


def _choose(calls: CallFile, column: str | None, channel: int) -> Column:
    layout = calls.layout
    header = layout.header[1] if layout.header else None
    return choose_column(column, header, layout.sample, layout.width, phones=channel != Channel.EMAIL)


def _tell(output: Output, calls: CallFile, chosen: Column) -> None:
    layout = calls.layout
    head = "a header" if layout.header else "no header"
    output.note(
        f"{calls.name}: {layout.rows:,} rows, {layout.encoding}, {head}; addresses in column {chosen.title}.", "dim"
    )


@contextmanager
def _progress(output: Output, rows: int) -> Iterator[Ticker]:
    if not output.errors.is_terminal:
        yield lambda _: None
        return
    bar = Progress(
        TextColumn("screening"),
        BarColumn(),
        MofNCompleteColumn(),
        TaskProgressColumn(show_speed=True),
        TimeRemainingColumn(),
        console=output.errors,
        transient=True,
    )
    with bar:
        task = bar.add_task("screening", total=rows)
        yield lambda done: bar.update(task, completed=done)


def _conclude(output: Output, tally: Tally, file: str, target: Path | None, only_allowed: Path | None) -> None:
    if output.as_json:
        output.document(_document(tally, file, target, only_allowed))
        return
    to_errors = target is None
    tell = output.note if to_errors else output.say
    shadowed = tally.has_shadow
    rows: list[tuple[str | Text, ...]] = [
        (
            verdict_text(verdict),
            *([shadow] if shadowed else []),
            reason or ("nothing stands against it" if verdict == Verdict.ALLOW.name else "the server gave no reason"),
            f"{count:,}",
            tally.share(count),
        )
        for verdict, shadow, reason, count in tally.by_reason()
    ]
    titles = ["verdict", *(["shadow"] if shadowed else []), "reason", "rows#", "share#"]
    output.table(titles, rows, to_errors=to_errors)
    tell(f"{tally.skipped:,} of {tally.rows:,} will be skipped ({tally.share(tally.skipped)}). {tally.rate()}.", "bold")
    for name, place in (("Result", target), ("Clean call list", only_allowed)):
        if place:
            tell(f"{name}: {place}")


def _document(tally: Tally, file: str, target: Path | None, only_allowed: Path | None) -> dict[str, object]:
    return {
        "file": file,
        "out": str(target),
        "only_allowed": str(only_allowed) if only_allowed else None,
        "rows": tally.rows,
        "allowed": tally.allowed,
        "skipped": tally.skipped,
        "verdicts": tally.verdicts(),
        "shadow_verdicts": tally.shadow_verdicts(),
        "reasons": [
            {"verdict": verdict, **({"shadow": shadow} if shadow else {}), "reason": reason, "rows": count}
            for verdict, shadow, reason, count in tally.by_reason()
        ],
        "seconds": round(tally.seconds, 3),
    }
