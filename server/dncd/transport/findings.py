"""Findings as messages and as columns."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from dncd.addresses import target_from_key
from dncd.catalog import Catalog
from dncd.check import Decision
from dncd.columns import grouped
from dncd.encoding import timestamp
from dncd.facts import NEVER_MS
from dncd.findings import Findings, Ground, Rows
from dncd.nouns import Rule
from dncd.screens import Screen
from dncd.storage.keys import Kind
from dncd.transport.wire import column, piece
from donotcontact.v1 import verdict_pb2

NONE = 0xFFFF_FFFF
_ENTRY = int(Rule.ENTRY)
_PATTERNS = frozenset({Kind.PREFIX, Kind.DOMAIN})
_KIND_AT = 4
_Finding: Any = verdict_pb2.Finding
_Verdict: Any = verdict_pb2


class Grounds(NamedTuple):
    """What a finding rests on, as messages."""

    rule: Any
    attempts: Any


def finding_messages(catalog: Catalog, decision: Decision) -> list[Any]:
    """Build the message of every finding of a decision, in its order."""
    refs = cache(lambda screen, not_counted: registry_ref(decision.screens[screen], not_counted))
    # One conversion to plain values: reading single fields of a numpy record costs as much as building the message.
    grounds = [_grounds(ground) for ground in decision.grounds]
    return [_message(catalog, decision.keys, refs, grounds, *fields) for fields in decision.findings.tolist()]


def _message(
    catalog: Catalog,
    keys: Sequence[bytes],
    refs: Callable[[int, int], Any],
    grounds: Sequence[Grounds],
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
    ground: int,
    retry_at_ms: int,
    lifted_by: int,
    not_counted: int,
) -> Any:
    is_entry = rule == _ENTRY
    lifted = None
    if lifted_by:
        lifted = _lifting_message(lifted_by, recorded_at_ms, expires_at_ms, position)
        recorded_at_ms = position = 0
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
        registry=refs(screen, not_counted) if screen >= 0 else None,
        retry_at=timestamp(retry_at_ms) if retry_at_ms else None,
        legal_rule=grounds[ground].rule if ground >= 0 else None,
        attempts=grounds[ground].attempts if ground >= 0 else None,
        lifted_by=lifted,
    )


def _grounds(ground: Ground) -> Grounds:
    attempts = None
    if ground.per is not None:
        attempts = _Verdict.AttemptCount(
            attempts=ground.attempts,
            max=ground.max,
            per_hours=ground.per_hours,
            per=ground.per,
            after=ground.after or 0,
            days=ground.days,
            channels=ground.channels,
            regions=ground.regions,
        )
    rule = legal_rule(ground)
    return Grounds(rule if rule.ByteSize() else None, attempts)


def legal_rule(ground: Ground) -> Any:
    """Build the message of the rule that a finding rests on."""
    return _Verdict.LegalRule(
        id=ground.rule_id,
        pack=ground.pack,
        citation=ground.citation,
        region=ground.region,
        time_zone=ground.time_zone,
    )


def _lifting_message(kind: int, given_at_ms: int, expires_at_ms: int, position: int) -> Any:
    return _Verdict.LiftingConsent(
        kind=kind,
        given_at=timestamp(given_at_ms),
        expires_at=timestamp(expires_at_ms) if expires_at_ms != NEVER_MS else None,
        event_position=position,
    )


def registry_ref(screen: Screen, not_counted: int = 0) -> Any:
    """Name the list that a screen asks, and why it does not count a match, by the code of the finding."""
    listed = screen.in_force or screen.unopened
    why, lacking = screen.not_counted(not_counted) if not_counted else (0, None)
    return _Verdict.RegistryRef(
        name=screen.required.name,
        snapshot=listed.snapshot_id if listed else "",
        list_date=listed.list_date.isoformat() if listed else "",
        not_counted=why,
        lacking_snapshot=lacking.snapshot_id if lacking else "",
        lacking_list_date=lacking.list_date.isoformat() if lacking else "",
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
            *((column(15, findings["retry_at_ms"]),) if findings["retry_at_ms"].any() else ()),
            *(_ground_fields(findings, decision.grounds) if decision.grounds else ()),
            *((column(18, findings["lifted_by"]),) if findings["lifted_by"].any() else ()),
        ]
    )


def _label_columns(catalog: Catalog, findings: Findings) -> tuple[Rows, list[str]]:
    """Return where each finding's label stands among the names, and the names."""
    # Only entries have a label; ids begin at 1, and 0 stands for none.
    labels = findings["label"].astype(np.intp)
    used = [label_id for label_id in np.bincount(labels).nonzero()[0].tolist() if label_id]
    places = np.full(max(used, default=0) + 1, NONE, dtype="<u4")
    places[used] = range(len(used))
    return places.take(labels), [catalog.labels[label_id].name for label_id in used]


def _target_fields(findings: Findings, keys: Sequence[bytes]) -> list[bytes]:
    """Encode which findings come from prefixes and domains, where any do."""
    targets = [keys[key] if key >= 0 else b"" for key in findings["key"].tolist()]
    names = sorted({key for key in targets if key and key[_KIND_AT] in _PATTERNS})
    if not names:
        return []
    place_of = {key: place for place, key in enumerate(names)}
    places = np.array([place_of.get(key, NONE) for key in targets], dtype="<u4")
    return [column(11, places), *(piece(12, target_from_key(key).text.encode()) for key in names)]


def _ground_fields(findings: Findings, grounds: Sequence[Ground]) -> list[bytes]:
    """Encode which findings rest on which rules; the many grounds of counted attempts share their rule."""
    encoded = [legal_rule(ground).SerializeToString() for ground in grounds]
    names = list(dict.fromkeys(name for name in encoded if name))
    if not names:
        return []
    place_of = {name: place for place, name in enumerate(names)}
    places = np.array([*(place_of.get(name, NONE) for name in encoded), NONE], dtype="<u4")
    # -1, for findings without a ground, reads the NONE at the end.
    return [column(16, places[findings["ground"]]), *(piece(17, name) for name in names)]


def _registry_fields(findings: Findings, screens: Sequence[Screen]) -> list[bytes]:
    """Encode which findings are about which registries, where any are."""
    if not (findings["screen"] >= 0).any():
        return []
    places = findings["screen"].astype("<i4")
    refs = [registry_ref(screen) for screen in screens]
    uncounted = np.flatnonzero(findings["not_counted"])
    if len(uncounted):
        # Each reason is a name of its own behind those of the registries.
        codes = places[uncounted].astype(np.int64) << 16 | findings["not_counted"][uncounted]
        reasons, reason_of = grouped(codes)
        places[uncounted] = len(refs) + reason_of
        refs += [registry_ref(screens[code >> 16], code & 0xFFFF) for code in reasons.tolist()]
    return [column(13, places.view("<u4")), *(piece(14, ref.SerializeToString()) for ref in refs)]
