"""Findings as messages and as columns."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dncd.addresses import target_from_key
from dncd.catalog import Catalog
from dncd.check import Decision
from dncd.encoding import timestamp
from dncd.findings import Findings, Rows
from dncd.nouns import Rule
from dncd.records import NEVER_MS
from dncd.screens import Screen
from dncd.storage.keys import Kind
from dncd.transport.wire import column, piece
from donotcontact.v1 import verdict_pb2

NONE = 0xFFFF_FFFF
_ENTRY = int(Rule.ENTRY)
_PATTERNS = frozenset({Kind.PREFIX, Kind.DOMAIN})
_KIND_AT = 4
_Finding: Any = verdict_pb2.Finding


def finding_messages(catalog: Catalog, decision: Decision) -> list[Any]:
    """Build the message of every finding of a decision, in its order."""
    refs = [registry_ref(screen) for screen in decision.screens]
    # One conversion to plain values: reading single fields of a numpy record costs as much as building the message.
    return [_message(catalog, decision.keys, refs, *fields) for fields in decision.findings.tolist()]


def _message(
    catalog: Catalog,
    keys: Sequence[bytes],
    refs: Sequence[Any],
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
    screen: int,
) -> Any:
    is_entry = rule == _ENTRY
    return _Finding(
        rule=rule,
        verdict=verdict,
        fault=fault,
        label=catalog.labels[label].name if is_entry else "",
        source=source,
        target=target_from_key(keys[key]).text if is_entry else "",
        recorded_at=timestamp(recorded_at_ms) if recorded_at_ms else None,
        expires_at=timestamp(expires_at_ms) if is_entry and expires_at_ms != NEVER_MS else None,
        event_position=position,
        shadow=shadow,
        registry=refs[screen] if screen >= 0 else None,
    )


def registry_ref(screen: Screen) -> verdict_pb2.RegistryRef:
    """Name the list that a screen asks."""
    listed = screen.in_force
    return verdict_pb2.RegistryRef(
        name=screen.required.name,
        snapshot=listed.snapshot_id if listed else "",
        list_date=listed.list_date.isoformat() if listed else "",
    )


def finding_columns(catalog: Catalog, decision: Decision) -> bytes:
    """Encode the findings of a decision as the fields of ScrubFindings."""
    findings = decision.findings
    if not len(findings):
        return b""
    labels, names = _label_columns(catalog, findings)
    return b"".join(
        [
            column(1, findings["row"]),
            column(2, findings["rule"]),
            column(3, findings["verdict"]),
            column(4, findings["fault"]),
            column(5, labels),
            column(6, findings["source"]),
            column(7, findings["recorded_at_ms"]),
            column(8, findings["position"]),
            *(piece(9, name.encode()) for name in names),
            column(10, findings["shadow"]),
            *(_target_fields(findings, decision.keys) if catalog.prefixes or catalog.domains else ()),
            *(_registry_fields(findings, decision.screens) if decision.screens else ()),
        ]
    )


def _label_columns(catalog: Catalog, findings: Findings) -> tuple[Rows, list[str]]:
    """Return where each finding's label stands among the names, and the names."""
    # Only entries have a label; ids begin at 1, and 0 stands for none.
    used = np.zeros(max(catalog.labels) + 1, dtype=np.bool_)
    used[findings["label"]] = True
    used[0] = False
    places = np.cumsum(used, dtype="<u4") - np.uint32(1)
    places[0] = NONE
    names = [catalog.labels[label_id].name for label_id in np.flatnonzero(used).tolist()]
    return places[findings["label"]], names


def _target_fields(findings: Findings, keys: Sequence[bytes]) -> list[bytes]:
    """Encode which findings come from prefixes and domains, where any do."""
    targets = [keys[key] if key >= 0 else b"" for key in findings["key"].tolist()]
    names = sorted({key for key in targets if key and key[_KIND_AT] in _PATTERNS})
    if not names:
        return []
    place_of = {key: place for place, key in enumerate(names)}
    places = np.array([place_of.get(key, NONE) for key in targets], dtype="<u4")
    return [column(11, places), *(piece(12, target_from_key(key).text.encode()) for key in names)]


def _registry_fields(findings: Findings, screens: Sequence[Screen]) -> list[bytes]:
    """Encode which findings are about which registries, where any are."""
    if not (findings["screen"] >= 0).any():
        return []
    places = findings["screen"].astype("<i4").view("<u4")
    return [column(13, places), *(piece(14, registry_ref(screen).SerializeToString()) for screen in screens)]
