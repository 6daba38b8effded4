"""The check of one row, for those who must know its verdict before they change anything."""

from typing import Protocol

from dncd.nouns import Channel
from dncd.tokens import Caller
from dncd.transport.answers import result_message, retry_of
from dncd.transport.deciding import Decider
from dncd.transport.findings import finding_messages
from dncd.transport.rows import check_rows
from donotcontact.v1 import check_service_pb2 as pb


class Checks(Protocol):
    """What answers one row as Check does."""

    def answer_row(
        self, caller: Caller, policy: str, channel: Channel, row: pb.CheckRow, path: str = "row."
    ) -> pb.CheckResult:
        """Answer a row under a policy, by name, now; raises what Check raises, with paths that begin with `path`."""


class RowChecks:
    """Answers one row as Check does."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider

    def answer_row(
        self, caller: Caller, policy: str, channel: Channel, row: pb.CheckRow, path: str = "row."
    ) -> pb.CheckResult:
        """Answer a row under a policy, by name, now; raises what Check raises, with paths that begin with `path`."""
        batch, references = check_rows([row], channel, caller.default_region, path)
        answer = self._decider.answer_now(caller, policy, batch)
        findings = finding_messages(answer.catalog, answer.decision)
        reference = references[0] if references else ""
        result: pb.CheckResult = result_message(answer, batch, 0, findings, reference, retry_of(answer))
        return result
