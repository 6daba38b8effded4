"""An SMS gateway: asks before each text, sends the opt-in request once, and hands in what people write.

    python examples/python/sms_gateway.py

It takes commands from standard input, one a line, and answers each with one line:

    send NUMBER             a text is due to this number
    reply NUMBER ID TEXT    this text came in from this number; ID is the network's id of the message

From the environment: DNC_SERVER, DNC_TOKEN, DNC_POLICY (default: sms-marketing, made where it is missing). Nothing
is sent: replace the words that say so.
"""

import os
import sys

from donotcontact import Channel, Client, DoNotContactError, NotFound, Verdict
from donotcontact.v1.core_pb2 import (
    CHANNEL_SMS,
    MESSAGE_CLASS_OPT_IN,
    MESSAGE_CLASS_OPT_OUT,
    OPT_IN_STATUS_NOT_SENT,
)
from donotcontact.v1.policy_pb2 import Policy, RequireOptIn


class Gateway:
    """Decides what becomes of each text."""

    def __init__(self, client: Client, policy: str) -> None:
        self._client = client
        self._policy = policy

    def send(self, number: str) -> str:
        """Send a text where it is allowed; where opt-in is missing, send the request instead, once."""
        result = self._client.check_one(number, channel=Channel.SMS, policy=self._policy)
        if result.allowed:
            return f"sent to {result.address}"
        if result.verdict is Verdict.OPT_IN_REQUIRED:
            return self._request_opt_in(result.address)
        return f"not sent: {result.verdict.name}"

    def reply(self, number: str, message_id: str, text: str) -> str:
        """Hand in what a person wrote; the server knows the words, and what they do is in force when it answers."""
        # Networks deliver some messages twice. By its id the server knows one that comes again, and does nothing: else
        # an old START would undo a newer STOP.
        answer = self._client.record_inbound_message(number, text, message_id=message_id)
        if answer.message_class == MESSAGE_CLASS_OPT_OUT:
            confirmed = bool(answer.confirmation) and self._client.claim_send(answer.confirmation).allowed
            return "opted out; send one confirmation and nothing more" if confirmed else "opted out"
        if answer.message_class == MESSAGE_CLASS_OPT_IN:
            return "opted in"
        return "for a person to read"

    def _request_opt_in(self, address: str) -> str:
        # Of all gateways that ask, one is granted. The request is a text too: the same policy, so that its hours hold.
        claim = self._client.claim_opt_in_request(address, policy=self._policy, campaign=self._policy)
        if claim.allowed:
            return f"opt-in request sent to {address}"
        if claim.status == OPT_IN_STATUS_NOT_SENT:
            return "opt-in request not sent: it may not go out now"
        return "opt-in request not sent: another gateway asked, or the person answered"


def ensure_policy(client: Client, name: str) -> None:
    """Make the policy where it is missing. It takes an ADMIN; in production an operator does this once, with hours."""
    try:
        client.get_policy(name)
    except NotFound:
        client.apply_policy(Policy(name=name, require_opt_in=RequireOptIn(channels=[CHANNEL_SMS])))


def answer(gateway: Gateway, line: str) -> str:
    """Do what one line says. No answer of the server means that nothing is sent."""
    command, _, rest = line.strip().partition(" ")
    number, _, text = rest.partition(" ")
    try:
        if command == "send":
            return gateway.send(number)
        if command == "reply":
            message_id, _, text = text.partition(" ")
            return gateway.reply(number, message_id, text)
    except DoNotContactError as error:
        return f"not done: {error.reason or error}"
    return "unknown command"


def main() -> None:
    """Answer line after line."""
    policy = os.environ.get("DNC_POLICY", "sms-marketing")
    server, token = os.environ.get("DNC_SERVER", "127.0.0.1:7420"), os.environ.get("DNC_TOKEN")
    with Client(server, token=token) as client:
        ensure_policy(client, policy)
        gateway = Gateway(client, policy)
        for line in sys.stdin:
            print(answer(gateway, line), flush=True)  # noqa: T201 - its output


if __name__ == "__main__":
    main()
