"""A power dialer that claims each call before it dials, and tells the server what became of it.

    python examples/python/dialer.py calls.txt

`calls.txt` has one number a line. From the environment: DNC_SERVER, DNC_TOKEN. Nothing is dialled: replace `dial`.
"""

import os
import sys
import uuid
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from donotcontact import Channel, Client, DoNotContactError, Outcome, Verdict
from donotcontact.v1.core_pb2 import SOURCE_AGENT, Evidence
from donotcontact.v1.entry_service_pb2 import NewEntry

Dial = Callable[[str], str]
"""Takes a number in E.164, returns the disposition that the agent chose."""

TIMEOUT_S = 1.0  # a dialer that waits longer has lost its agent
LEASE_SECONDS = 3_600  # longer than any call: a claim that ends amid one lets somebody else call too
POLICY = os.environ.get("DNC_POLICY", "")
DO_NOT_CALL = "DNC"
OUTCOMES = {DO_NOT_CALL: Outcome.CONVERSATION, "NO_ANSWER": Outcome.NO_ANSWER}


class OptOuts:
    """What people said to agents, kept on disk until the server has acknowledged it: an opt-out must never be lost."""

    def __init__(self, client: Client, path: Path) -> None:
        self._client = client
        self._path = path

    def add(self, address: str) -> None:
        """Keep an opt-out; send it with the next `send`."""
        with self._path.open("a") as kept:
            # The id is made once: however often it is sent, it counts once.
            kept.write(f"{uuid.uuid4()} {address}\n")
            kept.flush()
            os.fsync(kept.fileno())

    def send(self) -> int:
        """Send what is kept, and keep what was not acknowledged; return how many those are."""
        left = []
        for line in self._path.read_text().splitlines() if self._path.exists() else []:
            request_id, address = line.split()
            entry = NewEntry(
                address=address, label="do-not-phone", source=SOURCE_AGENT, evidence=Evidence(campaign=POLICY or "none")
            )
            try:
                self._client.add_entries([entry], actor="agent-7", request_id=request_id)
            except DoNotContactError:
                left.append(line + "\n")
        draft = self._path.with_suffix(".draft")
        draft.write_text("".join(left))
        draft.replace(self._path)
        return len(left)


def work_through(client: Client, numbers: Iterable[str], dial: Dial, opt_outs: OptOuts) -> Iterator[str]:
    """Call every number that may be called; yield a line for each, in order."""
    for number in numbers:
        line = _work(client, number, dial, opt_outs)
        opt_outs.send()
        yield line


def _work(client: Client, number: str, dial: Dial, opt_outs: OptOuts) -> str:
    # Asked at the moment of the call, since the person may have said no after the list was made; and claimed in the
    # same step, since other dialers may call this number too.
    try:
        (attempt,) = client.reserve_attempts(
            [number], channel=Channel.VOICE, policy=POLICY, lease_seconds=LEASE_SECONDS
        )
    except DoNotContactError as error:
        return f"{number}: not called, no answer ({error.reason or error})"
    if not attempt.allowed:
        return f"{number}: not called, {_why(attempt.verdict)}"
    disposition = dial(attempt.address)
    if disposition == DO_NOT_CALL:
        opt_outs.add(attempt.address)
    try:
        client.complete_attempts({attempt.reservation: OUTCOMES[disposition]})
    except DoNotContactError as error:
        # It counts until its lease ends.
        return f"{number}: called, {disposition}, and the server was not told ({error.reason or error})"
    return f"{number}: called, {disposition}"


def _why(verdict: Verdict) -> str:
    if verdict is Verdict.INVALID:
        return "not a number: correct the list"
    return verdict.name


def dial(address: str) -> str:
    """Stand in for the telephone: the person at 0100 asks not to be called again."""
    return DO_NOT_CALL if address.endswith("0100") else "NO_ANSWER"


def main() -> None:
    """Read the numbers and work through them; leave with 1 where opt-outs wait to be sent."""
    calls = Path(sys.argv[1])
    server, token = os.environ.get("DNC_SERVER", "127.0.0.1:7420"), os.environ.get("DNC_TOKEN")
    with Client(server, token=token, timeout_s=TIMEOUT_S) as client:
        opt_outs = OptOuts(client, calls.with_suffix(".opt-outs"))
        for line in work_through(client, calls.read_text().splitlines(), dial, opt_outs):
            print(line)  # noqa: T201 - its output
        if left := opt_outs.send():
            sys.exit(f"{left} opt-outs are not recorded yet: run this again")


if __name__ == "__main__":
    main()
