"""A power dialer that claims each call before it dials, and tells the server what became of it.

    python examples/python/dialer.py calls.txt

`calls.txt` has one number a line. From the environment: DNC_SERVER, DNC_TOKEN. Nothing is dialled: replace `dial`.
"""

import os
import sys
from collections.abc import Callable, Iterable
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


def work_through(client: Client, numbers: Iterable[str], dial: Dial) -> list[str]:
    """Call every number that may be called; return one line for each number, in order."""
    return [_work(client, number, dial) for number in numbers]


def _work(client: Client, number: str, dial: Dial) -> str:
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
        _opt_out(client, attempt.address)
    client.complete_attempts({attempt.reservation: OUTCOMES[disposition]})
    return f"{number}: called, {disposition}"


def _opt_out(client: Client, address: str) -> None:
    """Record the person's own word. It is in force everywhere when this returns; keep it and repeat where it raises."""
    entry = NewEntry(
        address=address, label="do-not-phone", source=SOURCE_AGENT, evidence=Evidence(campaign=POLICY or "default")
    )
    client.add_entries([entry], actor="agent-7")


def _why(verdict: Verdict) -> str:
    if verdict is Verdict.INVALID:
        return "not a number: correct the list"
    return verdict.name


def dial(address: str) -> str:
    """Stand in for the telephone: the person at 0100 asks not to be called again."""
    return DO_NOT_CALL if address.endswith("0100") else "NO_ANSWER"


def main() -> None:
    """Read the numbers and work through them."""
    numbers = Path(sys.argv[1]).read_text().splitlines()
    server, token = os.environ.get("DNC_SERVER", "127.0.0.1:7420"), os.environ.get("DNC_TOKEN")
    with Client(server, token=token, timeout_s=TIMEOUT_S) as client:
        print("\n".join(work_through(client, numbers, dial)))  # noqa: T201 - its output


if __name__ == "__main__":
    main()
