"""Answers: decisions as the messages of results."""

from collections.abc import Sequence
from typing import Any

from dncd.batch import Batch
from dncd.check import Times, retry_times
from dncd.encoding import timestamp
from dncd.transport.addresses import address_text, clear_results
from dncd.transport.deciding import Answer
from dncd.transport.findings import finding_messages
from dncd.transport.messages import revision
from dncd.transport.wire import piece
from donotcontact.v1 import check_service_pb2 as pb

_Result: Any = pb.CheckResult


def retry_of(answer: Answer) -> Times | None:
    """Return when each row that is deferred opens; None where there is none."""
    return retry_times(answer.catalog, answer.policy, answer.decision)


def encoded_results(answer: Answer, batch: Batch, references: Sequence[str]) -> bytes:
    """Encode the results of a check, in order, as the first field of its response."""
    findings = findings_by_row(answer)
    if not references and answer.decision.shadow_verdicts is None:
        return _mostly_clear(answer, batch, findings)
    retry = retry_of(answer)
    rows = range(len(batch.faults))
    texts = references or [""] * len(rows)
    results = (result_message(answer, batch, row, findings.get(row, ()), texts[row], retry) for row in rows)
    return b"".join([piece(1, result.SerializeToString()) for result in results])


def _mostly_clear(answer: Answer, batch: Batch, findings: dict[int, list[Any]]) -> bytes:
    clear = clear_results(batch)
    retry = retry_of(answer)
    pieces, begin = [], 0
    for row, found in findings.items():
        result = result_message(answer, batch, row, found, "", retry)
        pieces += [clear.rows(begin, row), piece(1, result.SerializeToString())]
        begin = row + 1
    return b"".join([*pieces, clear.rows(begin)])


def findings_by_row(answer: Answer) -> dict[int, list[Any]]:
    """Gather the messages of the findings by row, in the order of rows."""
    by_row: dict[int, list[Any]] = {}
    if len(answer.decision.findings):
        messages = finding_messages(answer.catalog, answer.decision)
        for row, message in zip(answer.decision.findings["row"].tolist(), messages, strict=True):
            by_row.setdefault(row, []).append(message)
    return by_row


def result_message(
    answer: Answer, batch: Batch, row: int, findings: Sequence[Any], reference: str, retry: Times | None
) -> Any:
    """Build the message of one row's result; `retry` is that of `retry_of`."""
    decision = answer.decision
    shadow = decision.shadow_verdicts
    retry_ms = 0 if retry is None else int(retry[row])
    return _Result(
        verdict=int(decision.verdicts[row]),
        address=address_text(batch, row),
        findings=findings,
        shadow_verdict=0 if shadow is None else int(shadow[row]),
        reference=reference,
        retry_at=timestamp(retry_ms) if retry_ms else None,
    )


def check_tail(store_id: str, answer: Answer) -> bytes:
    """Encode what the response of a check ends in."""
    return pb.CheckResponse(
        checked_at=revision(store_id, answer.position),
        contact_time=timestamp(answer.contact_ms),
        policy_version=answer.policy.version,
    ).SerializeToString()
