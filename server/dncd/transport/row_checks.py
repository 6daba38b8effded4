"""The check of one row, for those who must know its verdict before they change anything."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, Protocol

import numpy as np

from dncd.batch import Batch
from dncd.nouns import Channel, Verdict
from dncd.tokens import Caller
from dncd.transport.answers import result_message, retry_of
from dncd.transport.deciding import Answer, Decider
from dncd.transport.findings import finding_messages
from dncd.transport.rows import check_rows
from donotcontact.v1 import check_service_pb2 as pb
from donotcontact.v1 import verdict_pb2

_ALLOW: Final = int(Verdict.ALLOW)


@dataclass(frozen=True, slots=True)
class Stopped:
    """What stops one send: its verdict, when that is over in milliseconds since 1970 UTC, 0 where nobody knows.

    `result` is the answer of Check, with all findings, also those that the send passes.
    """

    verdict: Verdict
    retry_at_ms: int
    result: pb.CheckResult


@dataclass(frozen=True, slots=True)
class CheckedRow:
    """A row with the decision about it, and the answer that Check gives."""

    batch: Batch
    answer: Answer
    result: pb.CheckResult

    def stopped(self, passes: Callable[[verdict_pb2.Finding], bool]) -> Stopped | None:
        """Tell what stops a send that passes some of what stops others; None where nothing does."""
        kept = np.array([not (stops(each) and passes(each)) for each in self.result.findings], dtype=np.bool_)
        findings = self.answer.decision.findings.compress(kept)
        enforced = findings["verdict"][~findings["shadow"]]
        # The strongest stands first.
        verdicts = np.array([enforced[0] if len(enforced) else _ALLOW], dtype=np.uint8)
        if verdicts[0] == _ALLOW:
            return None
        retry = retry_of(
            replace(self.answer, decision=replace(self.answer.decision, verdicts=verdicts, findings=findings))
        )
        return Stopped(Verdict(verdicts[0]), 0 if retry is None else int(retry[0]), self.result)


class Checks(Protocol):
    """What answers one row as Check does."""

    def check_row(
        self, caller: Caller, policy: str, channel: Channel, row: pb.CheckRow, path: str = "row."
    ) -> CheckedRow:
        """Check a row under a policy, by name, now; raises what Check raises, with paths that begin with `path`."""


class RowChecks:
    """Answers one row as Check does."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider

    def check_row(
        self, caller: Caller, policy: str, channel: Channel, row: pb.CheckRow, path: str = "row."
    ) -> CheckedRow:
        """Check a row under a policy, by name, now; raises what Check raises, with paths that begin with `path`."""
        batch, references = check_rows([row], channel, caller.default_region, path)
        answer = self._decider.answer_now(caller, policy, batch)
        findings = finding_messages(answer.catalog, answer.decision)
        reference = references[0] if references else ""
        return CheckedRow(batch, answer, result_message(answer, batch, 0, findings, reference, retry_of(answer)))


def stops(finding: verdict_pb2.Finding) -> bool:
    """Tell whether a finding stops a contact: one of a policy in SHADOW mode does not, nor does a lifted match."""
    return not finding.shadow and int(finding.verdict) != _ALLOW
