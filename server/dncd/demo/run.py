"""The order of the demonstration, what it promises at each step, and whether the promise was kept."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Final

import typer

from dncd.demo import show, steps
from dncd.demo.expectations import CALLS, PROMOTION_EMAILS, RECEIPT_EMAILS, Expectations
from dncd.demo.files import Files, make_files, read_call_file, write_call_file, write_opt_outs
from dncd.demo.server import DemoServerFailed, serving
from donotcontact import Channel, Client, DoNotContactError, Verdict

WORKERS: Final = 2


@dataclass(slots=True)
class Claims:
    """What was promised, and whether it held."""

    held: dict[str, bool] = field(default_factory=dict)

    def claim(self, promise: str, holds: bool) -> None:
        """Note a promise and whether it holds."""
        self.held[promise] = holds

    @property
    def all_held(self) -> bool:
        """Tell whether every promise was kept."""
        return bool(self.held) and all(self.held.values())


def run(
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document, and nothing else.")] = False,
    keep: Annotated[
        Path | None, typer.Option(help="Keep the store and the files in this folder, which must be empty or new.")
    ] = None,
) -> None:
    """Screen a messy call file against a server of its own, and show why.

    Raises `typer.Exit` with 1 where a promise was not kept.
    """
    show_ = show.Silent() if as_json else show.Show()
    claims = Claims()
    try:
        with _folder(keep) as folder:
            told = demonstrate(folder, show_, claims)
    except (DemoServerFailed, DoNotContactError) as error:
        typer.echo(f"dncd demo: {error}", err=True)
        raise typer.Exit(1) from error
    if keep is not None:
        show_.kept(keep)
    show_.ending(claims.held)
    if as_json:
        json.dump({**told, "claims": claims.held, "ok": claims.all_held}, sys.stdout, indent=2)
        sys.stdout.write("\n")
    if not claims.all_held:
        raise typer.Exit(1)


def demonstrate(folder: Path, show_: show.Show, claims: Claims) -> dict[str, Any]:
    """Go through every step in a folder; return the figures of each."""
    files = make_files()
    calls, opt_outs = folder / "leads.csv", folder / "do-not-call.csv"
    write_call_file(calls, files.leads)
    write_opt_outs(opt_outs, files.opt_outs)
    with serving(folder / "store", folder / "server.log", WORKERS) as address, Client(address, timeout_s=30) as client:
        show_.opening(address, WORKERS, len(files.leads), len(files.opt_outs))
        told = _loading(client, files, show_, claims)
        told |= _screening(client, files, calls, show_, claims)
        told |= _opting_out(client, Expectations(files), show_, claims)
        told |= _trying_out(client, files, show_, claims)
        told |= _verifying(client, show_, claims)
        timing = steps.measure(address, [lead.number for lead in files.leads if lead.number], steps.SALE)
        show_.timing(timing)
    claims.claim("the server ended in order", True)
    return {**told, "timing": asdict(timing)}


def _loading(client: Client, files: Files, show_: show.Show, claims: Claims) -> dict[str, Any]:
    steps.prepare(client)
    loaded = steps.load(client, files)
    show_.loaded(loaded)
    claims.claim("every opt-out was acknowledged", loaded.entries == len(files.opt_outs) + steps.PATTERNS)
    claims.claim("every START and STOP was acknowledged", loaded.replies == len(files.starts) + len(files.stops))
    return {"loaded": asdict(loaded)}


def _screening(client: Client, files: Files, calls: Path, show_: show.Show, claims: Claims) -> dict[str, Any]:
    expected = Expectations(files)
    phones, emails = read_call_file(calls)
    told = []
    for texts, wanted, channel, policy in (
        (phones, expected.calls(CALLS), Channel.VOICE, steps.SALE),
        (phones, expected.texts(), Channel.SMS, steps.SALE),
        (emails, expected.emails(PROMOTION_EMAILS), Channel.EMAIL, steps.SALE),
        (emails, expected.emails(RECEIPT_EMAILS), Channel.EMAIL, steps.RECEIPTS),
    ):
        screened = steps.screen(client, texts, wanted, channel=channel, policy=policy)
        show_.screened(screened, with_samples=channel is not Channel.SMS and policy == steps.SALE)
        claims.claim(
            f"all {len(texts):,} {screened.channel} verdicts under {policy} are those that the files ask for",
            screened.rows == len(texts) and screened.wrong == 0,
        )
        told.append(_plain(screened))
    return {"screened": told}


def _opting_out(client: Client, expected: Expectations, show_: show.Show, claims: Claims) -> dict[str, Any]:
    done = steps.opt_out(client, expected.callable_number())
    explained = steps.explain(client, done.address)
    show_.opted_out(done, explained)
    claims.claim("the number could be called before the opt-out", done.before == Verdict.ALLOW.name)
    claims.claim(
        "from the next check on it is BLOCK, whichever connection asks", set(done.afterwards) == {Verdict.BLOCK.name}
    )
    history = [event.actor for event in explained.history]
    claims.claim("the explanation names the agent", bool(history) and history[0].endswith("/agent-7"))
    return {"opted_out": asdict(done), "explained": [rule.sentence for rule in explained.considered]}


def _trying_out(client: Client, files: Files, show_: show.Show, claims: Claims) -> dict[str, Any]:
    numbers = [lead.number for lead in files.leads if lead.number]
    trial = steps.try_out(client, numbers)
    show_.tried_out(trial)
    claims.claim("a SHADOW policy reports more than it stops", 0 < trial.stopped < trial.would_stop)
    return {"shadow": asdict(trial)}


def _verifying(client: Client, show_: show.Show, claims: Claims) -> dict[str, Any]:
    verified = client.verify_journal()
    show_.verified(verified)
    claims.claim("the journal is whole and unaltered", verified.intact and verified.events > 0)
    return {"journal": {"intact": verified.intact, "events": verified.events, "head_hash": verified.head_hash}}


def _plain(screened: steps.Screened) -> dict[str, Any]:
    counted = [
        {"verdict": verdict, "reason": reason, "rows": rows} for (verdict, reason), rows in screened.tally.most_common()
    ]
    return {**asdict(screened), "tally": counted, "skipped": screened.skipped}


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with TemporaryDirectory(prefix="dncd-demo-") as name:
            yield Path(name)
        return
    try:
        keep.mkdir(parents=True, exist_ok=True)
        if any(keep.iterdir()):
            raise typer.BadParameter(f"{keep} is not empty")
        (keep / "server.log").touch()
    except OSError as error:
        raise typer.BadParameter(f"{keep} cannot be used: {error.strerror}") from error
    yield keep
