"""Findings as columns: what rules give, one row for each reason."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from dncd.nouns import Rule

FINDING: Final = np.dtype(
    [
        ("row", "<u4"),
        ("rule", "u1"),
        ("verdict", "u1"),
        ("fault", "u1"),
        ("shadow", "?"),
        ("label", "<u4"),
        ("source", "u1"),
        ("recorded_at_ms", "<i8"),
        ("expires_at_ms", "<i8"),
        ("position", "<u8"),
        # What the finding points at, -1 for nothing: an address key of the decision, a screen of the policy.
        ("key", "<i4"),
        ("screen", "i1"),
    ]
)
Findings = NDArray[np.void]
Bytes = NDArray[np.uint8]
Rows = NDArray[np.intp]
NO_FINDINGS: Final[Findings] = np.zeros(0, dtype=FINDING)


def blank(rows: Rows, rule: Rule, verdict: int) -> Findings:
    """Build findings of one rule that say nothing yet but their rows, rule and verdict."""
    findings = np.zeros(len(rows), dtype=FINDING)
    findings["row"] = rows
    findings["rule"] = rule
    findings["verdict"] = verdict
    findings["key"] = -1
    findings["screen"] = -1
    return findings
