"""Findings as messages and as columns."""

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
_NONE = verdict_pb2.AddressFault.ADDRESS_FAULT_UNSPECIFIED


def finding_messages(catalog: Catalog, decision: Decision) -> list[Any]:
    """Build the message of every finding of a decision, in its order."""
    return [_message(catalog, decision, finding) for finding in decision.findings]


def _message(catalog: Catalog, decision: Decision, finding: Any) -> Any:
    build: Any = verdict_pb2.Finding
    if finding["rule"] == Rule.ADDRESS:
        return build(rule=Rule.ADDRESS, verdict=int(finding["verdict"]), fault=int(finding["fault"]))
    recorded, expires, key = int(finding["recorded_at_ms"]), int(finding["expires_at_ms"]), int(finding["key"])
    is_entry = finding["rule"] == Rule.ENTRY
    return build(
        rule=int(finding["rule"]),
        verdict=int(finding["verdict"]),
        label=catalog.labels[int(finding["label"])].name if is_entry else "",
        source=int(finding["source"]),
        target=target_from_key(decision.keys[key]).text if is_entry else "",
        recorded_at=timestamp(recorded) if recorded else None,
        expires_at=timestamp(expires) if is_entry and expires != NEVER_MS else None,
        event_position=int(finding["position"]),
        shadow=bool(finding["shadow"]),
    )


def finding_columns(catalog: Catalog, findings: Findings) -> bytes:
    """Encode findings as the fields of ScrubFindings."""
    if not len(findings):
        return b""
    is_entry = findings["rule"] == Rule.ENTRY
    label_ids, places = np.unique(np.where(is_entry, findings["label"], 0), return_inverse=True)
    names = [catalog.labels[label_id].name if label_id else "" for label_id in label_ids.tolist()]
    # The place of "no label", where there is one, is the first: ids begin at 1. It has no name in the answer.
    shift = 1 if label_ids[0] == 0 else 0
    labels = np.where(is_entry, places - shift, NO_LABEL).astype("<u4")
    return b"".join(
        [
            column(1, findings["row"].astype("<u4")),
            column(2, findings["rule"]),
            column(3, findings["verdict"]),
            column(4, findings["fault"]),
            column(5, labels),
            column(6, findings["source"]),
            column(7, findings["recorded_at_ms"].astype("<u8")),
            column(8, findings["position"].astype("<u8")),
            *(piece(9, name.encode()) for name in names[shift:]),
            column(10, findings["shadow"]),
        ]
    )
