"""Findings as messages and as columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dncd.addresses import target_from_key
from dncd.catalog import Catalog
from dncd.check import Decision, Findings
from dncd.encoding import timestamp
from dncd.nouns import Rule
from dncd.records import NEVER_MS
from dncd.transport.wire import column, piece
from donotcontact.v1 import verdict_pb2

NO_LABEL = 0xFFFF_FFFF
_ENTRY = int(Rule.ENTRY)
_Finding: Any = verdict_pb2.Finding


def finding_messages(catalog: Catalog, decision: Decision) -> list[Any]:
    """Build the message of every finding of a decision, in its order."""
    # One conversion to plain values: reading single fields of a numpy record costs as much as building the message.
    return [_message(catalog, decision.keys, *fields) for fields in decision.findings.tolist()]


def _message(
    catalog: Catalog,
    keys: Sequence[bytes],
    _row: int,
    rule: int,
    verdict: int,
    fault: int,
    shadow: bool,
    label: int,
    source: int,
    recorded_at_ms: int,
    expires_at_ms: int,
    position: int,
    key: int,
) -> Any:
    if rule != _ENTRY:
        recorded_at = timestamp(recorded_at_ms) if recorded_at_ms else None
        return _Finding(
            rule=rule,
            verdict=verdict,
            fault=fault,
            source=source,
            recorded_at=recorded_at,
            event_position=position,
            shadow=shadow,
        )
    return _Finding(
        rule=rule,
        verdict=verdict,
        label=catalog.labels[label].name,
        source=source,
        target=target_from_key(keys[key]).text,
        recorded_at=timestamp(recorded_at_ms),
        expires_at=timestamp(expires_at_ms) if expires_at_ms != NEVER_MS else None,
        event_position=position,
        shadow=shadow,
    )


def finding_columns(catalog: Catalog, findings: Findings) -> bytes:
    """Encode findings as the fields of ScrubFindings."""
    if not len(findings):
        return b""
    # Only entries have a label; ids begin at 1, and 0 stands for none.
    label_ids = findings["label"]
    used = np.zeros(max(catalog.labels) + 1, dtype=np.bool_)
    used[label_ids] = True
    used[0] = False
    names = [catalog.labels[label_id].name for label_id in np.flatnonzero(used).tolist()]
    places = np.cumsum(used, dtype="<u4") - np.uint32(1)
    places[0] = NO_LABEL
    return b"".join(
        [
            column(1, findings["row"]),
            column(2, findings["rule"]),
            column(3, findings["verdict"]),
            column(4, findings["fault"]),
            column(5, places[label_ids]),
            column(6, findings["source"]),
            column(7, findings["recorded_at_ms"]),
            column(8, findings["position"]),
            *(piece(9, name.encode()) for name in names),
            column(10, findings["shadow"]),
        ]
    )
