"""Lifting: consents that take the force from registry matches, where a policy says so, and from nothing else."""

from collections.abc import Sequence

import numpy as np

from dncd.facts import OPT_IN_LABEL, PURPOSE_BITS, Facts, Form, channel_mask
from dncd.findings import Findings, Rows
from dncd.nouns import Channel, Purpose, Rule, Verdict
from dncd.screens import Screen


def consents_for(facts: Facts, channel: Channel, purpose: Purpose, scope_id: int, begins_ms: int, ends_ms: int) -> Rows:
    """Return the places of the consents that are in force for a contact, the surest kind first, then the latest end."""
    purposes = facts["scope"] & ((1 << PURPOSE_BITS) - 1)
    scopes = facts["scope"] >> PURPOSE_BITS
    held = (facts["label"] == OPT_IN_LABEL) & (facts["form"] == Form.CONSENT)
    held &= (facts["status"] & channel_mask((channel,))) > 0
    held &= (purposes == 0) | (purposes == purpose)
    held &= (scopes == 0) | (scopes == scope_id)
    # A consent permits, so where clocks disagree it begins by the later one and ends by the earlier.
    held &= (facts["starts_at_ms"] <= ends_ms) & (begins_ms < facts["expires_at_ms"])
    places = np.flatnonzero(held)
    return places[np.lexsort((-facts["expires_at_ms"][places], facts["reason"][places]))]


def lift(findings: Findings, screens: Sequence[Screen], consents: Facts, rows: Rows) -> None:
    """Turn registry matches into ALLOW where a consent of their row is of a kind that their screen names.

    `rows` are those of the consents. A lifted match names the consent: its kind, when it was given, when it ends and
    its event.
    """
    consenting = np.zeros(1 + max(int(rows.max()), int(findings["row"].max(initial=0))), dtype=np.bool_)
    consenting[rows] = True
    # What is not counted as registered stops nothing, and needs no consent.
    blocking = (findings["rule"] == Rule.REGISTRY) & (findings["not_counted"] == 0)
    matches = np.flatnonzero(blocking & consenting[findings["row"]])
    for index in np.flatnonzero(np.bincount(findings["screen"][matches])).tolist():
        of_screen = matches[findings["screen"][matches] == index]
        lifts = np.zeros(256, dtype=np.bool_)
        lifts[list(screens[index].required.lifted_by)] = True
        able = np.flatnonzero(lifts[consents["reason"]])
        if len(able):
            _lift_by(findings, of_screen, consents.take(able), rows[able])


def _lift_by(findings: Findings, matches: Rows, consents: Facts, rows: Rows) -> None:
    """Lift those of some matches whose row has one of some consents, the surest of them."""
    # Consents come the surest first, and unique() keeps the first of each row.
    able_rows, firsts = np.unique(rows, return_index=True)
    wanted = findings["row"][matches]
    places = np.minimum(np.searchsorted(able_rows, wanted), len(able_rows) - 1)
    lifted = able_rows[places] == wanted
    chosen = consents.take(firsts[places[lifted]])
    hits = matches[lifted]
    findings["verdict"][hits] = Verdict.ALLOW
    findings["lifted_by"][hits] = chosen["reason"]
    findings["recorded_at_ms"][hits] = chosen["starts_at_ms"]
    findings["expires_at_ms"][hits] = chosen["expires_at_ms"]
    findings["position"][hits] = chosen["position"]
