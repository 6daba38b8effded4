"""The columns of a scrub, read back into the results that Check would have given."""

from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from serving import in_ms, moment, pb

NONE = 0xFFFF_FFFF


def told(result: Any) -> tuple[Any, ...]:
    """Give what a result and the columns of a scrub both tell of a row."""
    return (
        result.verdict,
        result.shadow_verdict,
        in_ms(result.retry_at) if result.HasField("retry_at") else 0,
        [_told_finding(finding) for finding in result.findings],
    )


def _told_finding(finding: Any) -> tuple[Any, ...]:
    lifted = finding.lifted_by.kind
    legal = finding.legal_rule if finding.HasField("legal_rule") else None
    return (
        finding.rule,
        finding.verdict,
        finding.fault,
        finding.label,
        finding.source,
        _ms(finding.lifted_by.given_at) if lifted else _ms(finding.recorded_at),
        finding.lifted_by.event_position or finding.event_position,
        finding.shadow,
        finding.target if finding.target.endswith("*") or finding.target.startswith("@") else "",
        finding.registry.SerializeToString(),
        _ms(finding.retry_at),
        legal.SerializeToString(deterministic=True) if legal is not None else None,
        lifted,
    )


def _ms(time: Timestamp) -> int:
    return in_ms(time)


def told_by_columns(answer: Any) -> list[tuple[Any, ...]]:
    """Read every row of a scrub's answer."""
    count = len(answer.verdicts)
    findings: list[list[tuple[Any, ...]]] = [[] for _ in range(count)]
    for place, row in enumerate(answer.findings.rows):
        findings[row].append(_finding_at(answer.findings, place))
    shadows = answer.shadow_verdicts or [0] * count
    times = answer.retry_at_ms or [0] * count
    return list(zip(answer.verdicts, shadows, times, findings, strict=True))


def _finding_at(columns: Any, place: int) -> tuple[Any, ...]:
    registry = _named(columns.registries, columns.registry_names, place)
    legal = _named(columns.legal_rules, columns.legal_rule_names, place)
    return (
        columns.rules[place],
        columns.verdicts[place],
        columns.faults[place],
        _named(columns.labels, columns.label_names, place) or "",
        columns.sources[place],
        columns.recorded_at_ms[place],
        columns.event_positions[place],
        columns.shadows[place],
        _named(columns.targets, columns.target_names, place) or "",
        registry.SerializeToString() if registry is not None else b"",
        columns.retry_at_ms[place] if columns.retry_at_ms else 0,
        legal.SerializeToString(deterministic=True) if legal is not None else None,
        columns.lifted_by[place] if columns.lifted_by else 0,
    )


def _named(column: Any, names: Any, place: int) -> Any:
    if not column or column[place] == NONE:
        return None
    return names[column[place]]


def lengths(findings: Any) -> set[int]:
    """Tell how long the columns are that are there at all."""
    optional = (findings.targets, findings.registries, findings.retry_at_ms, findings.legal_rules, findings.lifted_by)
    always = (findings.rules, findings.verdicts, findings.faults, findings.labels, findings.sources)
    rest = (findings.recorded_at_ms, findings.event_positions, findings.shadows)
    return {len(column) for column in (findings.rows, *always, *rest)} | {len(column) for column in optional if column}


def at(time_ms: int | None) -> dict[str, Any]:
    """Give the field of a request that asks about a moment; None is now."""
    return {} if time_ms is None else {"contact_time": moment(time_ms)}


def checked(api: Any, rows: list[Any], **fields: Any) -> list[Any]:
    """Check rows in one batch."""
    request = pb.CheckRequest(rows=[row.row() for row in rows], **fields)
    return list(api.call("Check", request).results)
