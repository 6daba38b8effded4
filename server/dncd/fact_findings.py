"""What the facts of addresses find: entries, messages that wait for a decision, and the opt-in to texts."""

from typing import Final

import numpy as np

from dncd.addresses import Fault
from dncd.batch import Batch, Moment
from dncd.facts import OPT_IN_LABEL, Facts, Form, channel_mask
from dncd.findings import NO_FINDINGS, Bytes, Findings, Rows, blank
from dncd.labels import DO_NOT_CONTACT_ID
from dncd.nouns import NEVER_PERMITTED, Channel, OptInStatus, Rule, Verdict
from dncd.policies import Compiled
from dncd.storage.contract import Mask

_BLOCK: Final = int(Verdict.BLOCK)

# What each opt-in status asks for by itself, by its number.
_OPT_IN_RULE: Final = np.zeros(max(OptInStatus) + 1, dtype=np.uint8)
_OPT_IN_RULE[OptInStatus.NOT_SENT] = Rule.OPT_IN_NOT_SENT
_OPT_IN_RULE[OptInStatus.SENT] = Rule.OPT_IN_SENT
_OPT_IN_RULE[OptInStatus.REJECTED] = Rule.OPT_IN_REJECTED


# Why an entry was added that no permission for one send overrules.
_NEVER_PERMITTED: Final = tuple(NEVER_PERMITTED)


def address_findings(faults: Bytes) -> Findings:
    """Find the rows that are no address."""
    rows = np.flatnonzero(faults)
    findings = blank(rows, Rule.ADDRESS, Verdict.INVALID)
    findings["fault"] = faults[rows]
    return findings


def entry_findings(
    policy: Compiled, channel: Channel, facts: Facts, rows: Rows, keys: Rows, moment: Moment
) -> Findings:
    """Find the entries in force under labels that the policy honours."""
    honoured = policy.honoured[channel][facts["label"]]
    active = (facts["starts_at_ms"] <= moment.begins_ms) & (moment.ends_ms < facts["expires_at_ms"])
    hits = np.flatnonzero(honoured & active)
    # take() moves facts whole, where an index in brackets moves them field by field, at six times the cost.
    entries = facts.take(hits)
    findings = blank(rows[hits], Rule.ENTRY, _BLOCK)
    if policy.asks_permission(channel):
        findings["verdict"][_may_be_permitted(entries)] = Verdict.PERMISSION_REQUIRED
    if policy.shadow:
        findings["shadow"] = ~policy.enforced[channel][entries["label"]]
    _copy_facts(findings, entries)
    findings["key"] = keys[hits]
    return findings


def _may_be_permitted(entries: Facts) -> Mask:
    """Tell for which entries a person may confirm permission for one send."""
    mask: Mask = (entries["label"] != DO_NOT_CONTACT_ID) & ~np.isin(entries["reason"], _NEVER_PERMITTED)
    return mask


def review_findings(channel: Channel, facts: Facts, rows: Rows, keys: Rows) -> Findings:
    """Find the rows whose person wrote what may be an opt-out; it stops contact whatever the policy."""
    waiting = (facts["label"] == OPT_IN_LABEL) & (facts["form"] == Form.REVIEW)
    if not waiting.any():
        return NO_FINDINGS
    hits = np.flatnonzero(waiting & ((facts["status"] & channel_mask((channel,))) > 0))
    findings = blank(rows[hits], Rule.REVIEW, _BLOCK)
    for name in ("recorded_at_ms", "position"):
        findings[name] = facts[name][hits]
    findings["key"] = keys[hits]
    return findings


def opt_in_findings(policy: Compiled, batch: Batch, facts: Facts, rows: Rows, keys: Rows) -> Findings:
    """Find the rows whose person did not accept; a row without a fact is NOT_SENT."""
    known = np.flatnonzero((facts["label"] == OPT_IN_LABEL) & (facts["form"] == Form.OPT_IN))
    status = np.full(len(batch.faults), OptInStatus.NOT_SENT, dtype=np.uint8)
    status[rows[known]] = facts["status"][known]
    fact_of = np.full(len(batch.faults), -1, dtype=np.intp)
    fact_of[rows[known]] = known
    asked = np.flatnonzero((status != OptInStatus.ACCEPTED) & (batch.faults == Fault.NONE))
    findings = blank(asked, Rule.OPT_IN_NOT_SENT, Verdict.OPT_IN_REQUIRED)
    findings["rule"] = _OPT_IN_RULE[status[asked]]
    findings["verdict"][status[asked] != OptInStatus.NOT_SENT] = _BLOCK
    findings["shadow"] = policy.shadow
    recorded = np.flatnonzero(fact_of[asked] >= 0)
    of_fact = fact_of[asked[recorded]]
    part = findings.take(recorded)
    _copy_facts(part, facts.take(of_fact))
    part["label"] = 0
    part["key"] = keys[of_fact]
    findings[recorded] = part
    return findings


def _copy_facts(findings: Findings, facts: Facts) -> None:
    for name in ("label", "source", "recorded_at_ms", "expires_at_ms", "position"):
        findings[name] = facts[name]
