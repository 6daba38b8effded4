"""Results of rows whose claim stands from a request before, or was refused: what Check alone would answer wrongly."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from dncd import attempts, limits
from dncd.batch import Batch
from dncd.encoding import timestamp
from dncd.nouns import AttemptScope, Rule, Verdict
from dncd.storage.contract import Store
from dncd.transport.claimed_rows import keys_of
from donotcontact.v1 import verdict_pb2

# Plain integers pass for enums at run time.
_P: Any = verdict_pb2
_ALLOW: Final = int(Verdict.ALLOW)
_DEFER: Final = int(Verdict.DEFER)
_ATTEMPT_LIMIT: Final = int(Rule.ATTEMPT_LIMIT)
_HOUR_MS: Final = 3_600_000


Own = Mapping[AttemptScope, int]


def answer_again(results: list[Any], own: Mapping[int, Own], claimed_ms: int, now_ms: int) -> None:
    """Make the results of a retry: only rows that hold a claim of the first request can be ALLOW.

    `own` tells for each of them how many claims of that request are counted as its own is.
    """
    for row, result in enumerate(results):
        if row in own:
            _forgive_own_claims(result, own[row], now_ms - claimed_ms)
        elif result.verdict == _ALLOW:
            _refuse(result, now_ms)


def own_claims(account_id: int, batch: Batch, rows: Iterable[int]) -> dict[int, Own]:
    """Count for each row that holds a claim how many of them are counted by the same address, contact or debt."""
    keys = {row: keys_of(account_id, batch, row) for row in rows}
    counts = Counter(key for each in keys.values() for key in each.values())
    return {row: {scope: counts[key] for scope, key in each.items()} for row, each in keys.items()}


def _forgive_own_claims(result: Any, own: Own, elapsed_ms: int) -> None:
    """Take attempt limits out of a result, also those of a SHADOW policy, that are full by the row's own claims."""
    others = [
        finding
        for finding in result.findings
        if finding.rule != _ATTEMPT_LIMIT or not _has_room_without(finding.attempts, own, elapsed_ms)
    ]
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


def _has_room_without(counted: Any, own: Own, elapsed_ms: int) -> bool:
    # What was claimed before the window is not among those that were counted.
    ours = own.get(AttemptScope(counted.per), 0) if elapsed_ms < counted.per_hours * _HOUR_MS else 0
    return bool(counted.attempts - ours < counted.max)


def refuse_claim(store: Store, result: Any, keys: Mapping[AttemptScope, bytes], now_ms: int) -> int:
    """Defer a row that got no claim although nothing that Check asks stops it; return when to ask again, in ms.

    `keys` are those that it is counted under. One that is not ALLOW, as that of a send by permission, gets the finding.
    """
    with store.snapshot() as snapshot:
        full = attempts.fullness(snapshot, keys)
    if full is None:
        _refuse(result, now_ms)
        return now_ms
    _refuse_full(result, *full)
    return full[1]


def _refuse(result: Any, retry_at_ms: int) -> None:
    """Make a row that has no claim DEFER, with a finding that counts nothing: ask again then, in a new request."""
    _defer(result, retry_at_ms, None)


def _refuse_full(result: Any, per: AttemptScope, retry_at_ms: int) -> None:
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
    if result.verdict != _ALLOW:
        # Nothing that stops is weaker than DEFER.
        result.findings.extend([*rest, first])
        return
    result.findings.extend([first, *rest])
    result.verdict = _DEFER
    if result.shadow_verdict == _ALLOW:
        result.shadow_verdict = _DEFER
    result.retry_at.CopyFrom(retry_at)
