"""How the demonstration looks."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from dncd.demo import steps
from donotcontact.cli.sentences import event_sentence, verdict_style
from donotcontact.v1.check_service_pb2 import ExplainResponse
from donotcontact.v1.journal_service_pb2 import VerifyJournalResponse

WIDTH: Final = 100
REASONS_MAX: Final = 7


class Show:
    """Prints each step for a person."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or _console()

    def opening(self, address: str, workers: int, leads: int, opt_outs: int) -> None:
        """Say what runs."""
        self._title("A do-not-contact server, from the first byte to the proof")
        self._say(f"dncd serves on {address} with {workers} workers and a store of its own.")
        self._say(f"leads.csv has {leads:,} rows as people write them, do-not-call.csv {opt_outs:,} who said no.")

    def loaded(self, loaded: steps.Loaded) -> None:
        """Say what was loaded, and how fast."""
        rate = loaded.entries / loaded.entries_seconds
        replies = loaded.replies / loaded.replies_seconds
        self._title("1  Tell the server who said no")
        self._say(f"{loaded.entries:,} opt-outs in {loaded.entries_seconds:.2f} s: {rate:,.0f} a second, durable.")
        self._say(f"{loaded.replies:,} replies START or STOP, one call each from 16 threads: {replies:,.0f} a second.")

    def screened(self, screened: steps.Screened, *, with_samples: bool) -> None:
        """Show the verdicts of a column, with reasons."""
        if screened.channel == "VOICE":
            self._title("2  Screen the call file")
        self._console.print()
        head = Text(f"{screened.channel} under {screened.policy}: ", "bold")
        part = screened.skipped / screened.rows
        head.append(f"{screened.skipped:,} of {screened.rows:,} will be skipped ({part:.1%})", "bold yellow")
        head.append(f"   {screened.seconds * 1e3:.0f} ms, {screened.wrong} wrong", "dim")
        self._print(head)
        self._print(_tally(screened))
        if with_samples:
            self._console.print()
            self._print(_samples(screened))

    def opted_out(self, done: steps.OptedOut, explained: ExplainResponse) -> None:
        """Show an opt-out taking effect, and the explanation."""
        self._title("3  Somebody says no, now")
        self._print(Text("check     ", "dim") + Text(f"{done.address}  ") + _verdict(done.before))
        self._print(Text("opt-out   ", "dim") + Text(f"agent-7, during call-4711: durable in {done.added_ms:.1f} ms"))
        after = Text(f"  asked {done.next_check_ms:.1f} ms long, then {len(done.afterwards) - 1} times more", "dim")
        self._print(Text("check     ", "dim") + Text(f"{done.address}  ") + _verdict(done.afterwards[0]) + after)
        self._say("\nWhy?", "bold")
        for rule in explained.considered:
            found = rule.HasField("finding")
            self._print(Text("● " if found else "○ ", "bold red" if found else "green") + Text(rule.sentence))
        for event in explained.history:
            self._print(Text(f"  #{event.position}  {event.actor}: {event_sentence(event)}", "dim"))

    def tried_out(self, trial: steps.Trial) -> None:
        """Show what a policy on trial would do."""
        more = trial.would_stop - trial.stopped
        self._title("4  Try a policy before it counts")
        self._say(
            f"Under {steps.TRIAL} (SHADOW) {trial.stopped:,} of {trial.rows:,} calls are stopped,"
            " by the built-in labels alone."
        )
        self._say(f"Enforced, it would stop {trial.would_stop:,}: {more:,} more. The answer says which, and why.")

    def verified(self, verified: VerifyJournalResponse) -> None:
        """Show the proof."""
        self._title("5  Prove it")
        state = "intact" if verified.intact else f"BROKEN at {verified.broken_at}: {verified.problem}"
        self._say(f"The journal is {state}: {verified.events:,} events, chained by SHA-256.")
        self._say(f"Head {verified.head_hash}", "dim")

    def timing(self, timing: steps.Timing) -> None:
        """Show what a check costs beside a call that does nothing."""
        table = Table(box=None, pad_edge=False, header_style="bold")
        table.add_column("call")
        for name in ("median", "beside a null call"):
            table.add_column(name, justify="right")
        for name, median_us in (
            ("null call (health)", timing.null_us),
            ("Check, 1 row", timing.check_1_us),
            ("Check, 100 rows", timing.check_100_us),
        ):
            table.add_row(name, f"{median_us:,.0f} us", f"{median_us / timing.null_us:.2f} x")
        scrub_us = timing.scrub_ns_per_number * timing.scrub_numbers / 1e3
        scrub = f"Scrub, {timing.scrub_numbers:,} numbers"
        table.add_row(scrub, f"{scrub_us:,.0f} us", f"{timing.scrub_ns_per_number:,.0f} ns a number")
        self._title("6  What it costs")
        self._print(table)
        self._say("One caller, one connection, this machine; the caller's own work counts too.", "dim")

    def kept(self, folder: Path) -> None:
        """Say what was kept, and what to do with it."""
        self._title("Kept")
        self._say(f"{folder}: leads.csv, do-not-call.csv, server.log, store")
        self._say(f"dncd serve --store {folder / 'store'}", "cyan")
        self._say(
            f"dnc scrub {folder / 'leads.csv'} --column Phone --channel voice --region US --policy {steps.SALE}", "cyan"
        )

    def ending(self, held: Mapping[str, bool]) -> None:
        """Say which promises were kept."""
        self._title("What this run showed")
        for promise, holds in held.items():
            self._print(Text("✔ " if holds else "✘ ", "green" if holds else "bold red") + Text(promise))
        self._console.print()

    def _title(self, words: str) -> None:
        self._console.print()
        self._console.rule(Text(words, "bold cyan"), align="left", style="cyan")

    def _say(self, sentence: str, style: str = "") -> None:
        self._print(Text(sentence, style))

    def _print(self, what: Text | Table) -> None:
        self._console.print(Padding(what, (0, 0, 0, 2), expand=False))


class Silent(Show):
    """Prints nothing, for machines."""

    def __init__(self) -> None:
        super().__init__(Console(quiet=True))


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False)
    console.width = WIDTH if not console.is_terminal else max(console.width, WIDTH)
    return console


def _verdict(name: str) -> Text:
    return Text(name, style=verdict_style(name))


def _tally(screened: steps.Screened) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(width=16)
    table.add_column(width=9, justify="right")
    table.add_column(width=7, justify="right")
    table.add_column()
    rows = screened.tally.most_common()
    for (verdict, reason), count in rows[:REASONS_MAX]:
        share = f"{count / screened.rows:.1%}"
        table.add_row(_verdict(verdict), f"{count:,}", share, Text(reason or "nothing stands against it", "dim"))
    if rest := rows[REASONS_MAX:]:
        count = sum(number for _, number in rest)
        reasons = Text(f"{len(rest)} more reasons", "dim")
        table.add_row(Text("not ALLOW", "red"), f"{count:,}", f"{count / screened.rows:.1%}", reasons)
    return table


def _samples(screened: steps.Screened) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name, width in (("as written", 36), ("verdict", 8), ("why", 50)):
        table.add_column(name, width=width, no_wrap=True, overflow="ellipsis")
    for written, verdict, why in sorted(screened.samples, key=lambda sample: sample[1]):
        table.add_row(Text(repr(written)), _verdict(verdict), Text(why, "dim"))
    return table
