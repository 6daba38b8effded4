"""Previews: what a policy answers for a column of addresses, counted by verdict and by reason."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dncd.addresses import Fault
from dncd.catalog import Catalog
from dncd.check import Decision
from dncd.findings import Bytes, Findings, Ground
from dncd.nouns import Rule, Verdict

_SUBJECT_BITS: Final = 32


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason that addresses have in common; the subject is a label, a registry, a rule or a fault, by name."""

    rule: Rule
    verdict: Verdict
    subject: str
    shadow: bool


def count_verdicts(verdicts: Bytes) -> dict[Verdict, int]:
    """Count the addresses of each verdict that occurs."""
    counts = np.bincount(verdicts, minlength=max(Verdict) + 1)
    return {verdict: int(counts[verdict]) for verdict in Verdict if counts[verdict]}


def count_reasons(catalog: Catalog, decision: Decision) -> list[tuple[Reason, int]]:
    """Count the addresses that have each reason, the most frequent first; one with several counts under each."""
    findings = decision.findings
    if not len(findings):
        return []
    names, subjects = _subjects(catalog, decision)
    kinds = findings["rule"].astype(np.int64) << 16 | findings["verdict"].astype(np.int64) << 1 | findings["shadow"]
    pairs = np.unique(np.column_stack((kinds << _SUBJECT_BITS | subjects, findings["row"])), axis=0)
    codes, addresses = np.unique(pairs[:, 0], return_counts=True)
    counts: Counter[Reason] = Counter()
    for code, count in zip(codes.tolist(), addresses.tolist(), strict=True):
        kind = code >> _SUBJECT_BITS
        subject = names[code & (1 << _SUBJECT_BITS) - 1]
        counts[Reason(Rule(kind >> 16), Verdict(kind >> 1 & 0x7FFF), subject, bool(kind & 1))] += count
    return sorted(counts.items(), key=lambda item: (-item[1], item[0].rule, item[0].subject))


def _subjects(catalog: Catalog, decision: Decision) -> tuple[list[str], NDArray[np.int64]]:
    """Return the names of all subjects, and for each finding the place of its own."""
    findings = decision.findings
    names = [""]
    places = np.zeros(len(findings), dtype=np.int64)
    named_by: list[tuple[NDArray[np.bool_], NDArray[np.int64], Callable[[int], str]]] = [
        (_is(findings, Rule.ENTRY), findings["label"], lambda code: catalog.labels[code].name),
        (findings["screen"] >= 0, findings["screen"], lambda code: decision.screens[code].required.name),
        (findings["ground"] >= 0, findings["ground"], lambda code: ground_name(decision.grounds[code])),
        (_is(findings, Rule.ADDRESS), findings["fault"], lambda code: Fault(code).name),
    ]
    for rules, codes, name_of in named_by:
        used, place_of = np.unique(codes[rules], return_inverse=True)
        named = [name_of(code) for code in used.tolist()]
        # Grounds of many attempts share a name; each name has one place.
        place_of_name = {name: len(names) + place for place, name in enumerate(dict.fromkeys(named))}
        names += place_of_name
        places[rules] = np.array([place_of_name[name] for name in named], dtype=np.int64)[place_of]
    return names, places


def _is(findings: Findings, rule: Rule) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = findings["rule"] == rule
    return mask


def ground_name(ground: Ground) -> str:
    """Name what a finding rests on: the rule of a pack, a region, what cannot be read, or the policy's own limit."""
    if ground.rule_id:
        return ground.rule_id
    if ground.pack:
        return f"no rule pack {ground.pack}"
    if ground.per is None:
        return ground.region or ground.citation
    per = ground.per.name.lower()
    if not ground.max and ground.after is None:
        return f"by {per}"
    if ground.after is not None:
        length = f"{ground.per_hours} h" if ground.per_hours else f"{ground.days} calendar days"
        return f"{length} after {ground.after.name.lower()} by {per}"
    return f"{ground.max} in {ground.per_hours} h by {per}"
