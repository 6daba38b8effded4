"""Results of rows whose claim stands from a request before, or was refused: what Check alone would answer wrongly."""

from collections.abc import Container
from typing import Any, Final

from dncd import limits
from dncd.encoding import timestamp
from dncd.nouns import AttemptScope, Rule, Verdict
from donotcontact.v1 import verdict_pb2

# Plain integers pass for enums at run time.
_P: Any = verdict_pb2
_ALLOW: Final = int(Verdict.ALLOW)
_DEFER: Final = int(Verdict.DEFER)
_ATTEMPT_LIMIT: Final = int(Rule.ATTEMPT_LIMIT)


def answer_again(results: list[Any], claimed: Container[int], now_ms: int) -> None:
    """Make the results of a retry: only rows that hold a claim of the first request can be ALLOW."""
    for row, result in enumerate(results):
        if row in claimed:
            _forgive_own_claim(result)
        elif result.verdict == _ALLOW:
            refuse(result, now_ms)


def _forgive_own_claim(result: Any) -> None:
    """Take attempt limits out of a result, also those of a SHADOW policy: the row's own claim counts in them."""
    others = [finding for finding in result.findings if finding.rule != _ATTEMPT_LIMIT]
    if len(others) == len(result.findings):
        return
    stops = [finding.verdict for finding in others if finding.verdict != _ALLOW and not finding.shadow]
    del result.findings[:]
    result.findings.extend(others)
    # The strongest comes first.
    result.verdict = stops[0] if stops else _ALLOW
    if result.verdict != _DEFER:
        result.ClearField("retry_at")
    if result.shadow_verdict:
        result.shadow_verdict = others[0].verdict if others else _ALLOW


def refuse(result: Any, retry_at_ms: int) -> None:
    """Make a row that has no claim DEFER, with a finding that counts nothing: ask again then, in a new request."""
    _defer(result, retry_at_ms, None)


def refuse_full(result: Any, per: AttemptScope, retry_at_ms: int) -> None:
    """Make a row DEFER whose address, contact or debt has as many attempts as are kept."""
    kept = _P.AttemptCount(
        attempts=limits.ATTEMPTS_KEPT_MAX,
        max=limits.ATTEMPTS_KEPT_MAX,
        per_hours=limits.ATTEMPT_WINDOW_HOURS_MAX + 1,
        per=per,
    )
    _defer(result, retry_at_ms, kept)


def _defer(result: Any, retry_at_ms: int, counted: Any) -> None:
    retry_at = timestamp(retry_at_ms)
    rest = list(result.findings)
    del result.findings[:]
    first = _P.Finding(rule=_ATTEMPT_LIMIT, verdict=_DEFER, retry_at=retry_at, attempts=counted)
    result.findings.extend([first, *rest])
    result.verdict = _DEFER
    if result.shadow_verdict == _ALLOW:
        result.shadow_verdict = _DEFER
    result.retry_at.CopyFrom(retry_at)
