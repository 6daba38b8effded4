"""`dnc scrub`: a whole call file against the server, every row in its place with its verdict."""

import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from donotcontact import Channel, Client, IncompleteAnswer
from donotcontact.cli.callfile import CallFile, Record, open_call_file
from donotcontact.cli.check import ChannelOption
from donotcontact.cli.columns import Column, choose_column
from donotcontact.cli.exits import ExitCode, UsageError
from donotcontact.cli.output import Output, verdict_text
from donotcontact.cli.resultfile import CleanRows, Draft, ScreenedRows, check_targets, copy_out, drafts, refuse_screened
from donotcontact.cli.sentences import findings_line, verdict_name
from donotcontact.cli.session import JsonOption, PolicyOption, RegionOption, session_of
from donotcontact.cli.tally import Tally
from donotcontact.v1.verdict_pb2 import Finding

CHUNK_ADDRESSES = 2_000
"""As many unusual spellings as the server reads in one request; with more, it would leave rows unread."""
ADDRESS_CHARS_MAX = 320
TOO_LONG = "x" * (ADDRESS_CHARS_MAX + 1)
DELIMITER_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}

Ticker = Callable[[int], None]
"""Takes the number of rows that are done."""

ColumnOption = Annotated[
    str | None,
    typer.Option(
        "--column",
        metavar="NAME|N",
        help="The column of the addresses, by name or by number from 1. Default: found by looking.",
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding", metavar="NAME", help="Such as cp1250. Default: UTF-8, UTF-16 with its mark, else Windows-1252."
    ),
]
DelimiterOption = Annotated[
    str | None,
    typer.Option("--delimiter", metavar="NAME", help=f"{', '.join(DELIMITER_NAMES)}. Default: found by looking."),
]
HeaderOption = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first row names the columns. Default: found by looking.",
        show_default=False,
    ),
]


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
    """
    session = session_of(ctx, as_json)
    target = _target(file, out, session.output.as_json)
    check_targets([place for place in (target, only_allowed) if place], file, force=force)
    cut = _delimiter(delimiter)
    with open_call_file(file, session.stdin, encoding=encoding, delimiter=cut, header=header) as calls:
        refuse_screened(calls.layout)
        chosen = _choose(calls, column, channel)
        _tell(session.output, calls, chosen)
        started = time.monotonic()
        tally = Tally()
        marked = calls.layout.encoding in {"utf-8-sig", "utf-16"}
        with drafts([target, *([only_allowed] if only_allowed else [])], file, marked=marked) as opened:
            with session.client() as client, _progress(session.output, calls.layout.rows) as progress:
                answers = Screening(calls, chosen.index, client, channel=channel, policy=policy, region=region)
                _write(answers, opened, tally, progress)
            if target is None:
                copy_out(opened[0], sys.stdout.buffer)
    tally.seconds = time.monotonic() - started
    _conclude(session.output, tally, file, target, only_allowed)
    raise typer.Exit(ExitCode.OK if exit_zero or tally.all_allowed else ExitCode.NOT_ALLOWED)


class Screening:
    """The rows of a call file in order, each with its verdict and the findings behind it."""

    def __init__(self, calls: CallFile, index: int, client: Client, *, channel: int, policy: str, region: str) -> None:
        self.calls = calls
        self.index = index
        self.client = client
        self.channel = Channel(channel)
        self.policy = policy
        self.region = region
        self.waiting: deque[Record] = deque()

    def __iter__(self) -> Iterator[tuple[Record, int, bool, list[Finding]]]:
        """Yield (row, verdict, whether it may be contacted, findings). Raises IncompleteAnswer for rows without one."""
        expected = 0
        answers = self.client.scrub(
            self._addresses(), channel=self.channel, policy=self.policy, region=self.region, chunk=CHUNK_ADDRESSES
        )
        for answer in answers:
            if answer.offset != expected:
                raise IncompleteAnswer("the verdicts are not in the order of the rows")
            expected += len(answer)
            reported = len(answer.shadow_verdicts) > 0
            for place, (verdict, allowed) in enumerate(zip(answer.verdicts, answer.allowed, strict=True)):
                findings = [] if allowed and not reported else list(answer.findings_of(place))
                yield self.waiting.popleft(), verdict, bool(allowed), findings
        if expected != self.calls.layout.rows:
            raise IncompleteAnswer(f"{self.calls.layout.rows - expected} rows have no verdict")

    def _addresses(self) -> Iterator[str]:
        for record in self.calls.rows():
            self.waiting.append(record)
            cells = record[1]
            address = cells[self.index] if self.index < len(cells) else ""
            # The server would refuse it too; this keeps a cell of megabytes off the wire.
            yield address if len(address) <= ADDRESS_CHARS_MAX else TOO_LONG


def _write(answers: Screening, opened: list[Draft], tally: Tally, progress: Ticker) -> None:
    layout = answers.calls.layout
    screened = ScreenedRows(opened[0].stream, layout)
    clean = CleanRows(opened[1].stream, layout) if len(opened) > 1 else None
    screened.begin()
    if clean:
        clean.begin()
    names: dict[int, str] = {}
    for record, verdict, allowed, findings in answers:
        tally.add(verdict, allowed, findings)
        name = names.get(verdict) or names.setdefault(verdict, verdict_name(verdict))
        screened.add(record, name, "" if allowed and not findings else findings_line(verdict, findings))
        if clean and allowed:
            clean.add(record)
        if tally.rows % CHUNK_ADDRESSES == 0:
            progress(tally.rows)
    progress(tally.rows)


def _target(file: str, out: str | None, as_json: bool) -> Path | None:
    if out == "-" and as_json:
        raise UsageError("--out - and --json both want standard output.", "Give --out FILE.")
    if out is None and file == "-":
        raise UsageError("A file from standard input has no name for its result.", "Give --out FILE, or --out -.")
    if out == "-":
        return None
    return Path(out) if out is not None else Path(f"{file}.screened.csv")


def _delimiter(name: str | None) -> str | None:
    if name is None or name in DELIMITER_NAMES.values():
        return name
    if name not in DELIMITER_NAMES:
        raise UsageError("--delimiter is none of " + ", ".join(DELIMITER_NAMES) + ".")
    return DELIMITER_NAMES[name]


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
    rows = [
        (verdict_text(verdict), reason or "nothing stands against it", f"{count:,}", tally.share(count))
        for verdict, reason, count in tally.by_reason()
    ]
    output.table(["verdict", "reason", "rows#", "share#"], rows, to_errors=to_errors)
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
        "reasons": [
            {"verdict": verdict, "reason": reason, "rows": count} for verdict, reason, count in tally.by_reason()
        ],
        "seconds": round(tally.seconds, 3),
    }
