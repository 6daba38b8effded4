"""Findings as columns: what rules give, one row for each reason."""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dncd.nouns import AttemptOutcome, AttemptScope, Channel, Rule

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
        # What the finding points at, -1 for nothing: an address key of the decision, a screen of the policy, what
        # `Decision.grounds` holds of it.
        ("key", "<i4"),
        ("screen", "i1"),
        ("ground", "<i4"),
        # DEFER: when this finding alone no longer stands; 0 where nobody knows.
        ("retry_at_ms", "<i8"),
        # A registry match that a consent lifted: its kind.
        ("lifted_by", "u1"),
        # A registry match that the policy does not count, and why: see `dncd.screens.Screen.not_counted`. 0: it counts.
        ("not_counted", "<u2"),
    ]
)
Findings = NDArray[np.void]
Bytes = NDArray[np.uint8]
Rows = NDArray[np.intp]


class Ground(NamedTuple):
    """The legal rule, or the policy's own, that a finding rests on, and the attempts that were counted by it.

    No id and pack: the policy itself spells the rule out. A cool-down has `after` and no `max`, and either `per_hours`
    or `days` by the calendar. `region` is the one that made it hold, of all the `regions` that it holds in; no regions:
    everywhere, no channels: all together.
    """

    rule_id: str = ""
    pack: str = ""
    citation: str = ""
    region: str = ""
    time_zone: str = ""
    attempts: int = 0
    max: int = 0
    per_hours: int = 0
    per: AttemptScope | None = None
    after: AttemptOutcome | None = None
    days: int = 0
    channels: tuple[Channel, ...] = ()
    regions: tuple[str, ...] = ()


_WHOLE: Final = np.dtype((np.void, FINDING.itemsize))
NO_FINDINGS: Final[Findings] = np.zeros(0, dtype=FINDING)


def joined(found: Sequence[Findings]) -> Findings:
    """Join columns of findings. As plain bytes: numpy joins records field by field, at eight times the cost."""
    return np.concatenate([each.view(_WHOLE) for each in found]).view(FINDING)


def blank(rows: Rows, rule: Rule, verdict: int) -> Findings:
    """Build findings of one rule that say nothing yet but their rows, rule and verdict."""
    findings = np.zeros(len(rows), dtype=FINDING)
    findings["row"] = rows
    findings["rule"] = rule
    findings["verdict"] = verdict
    findings["key"] = -1
    findings["screen"] = -1
    findings["ground"] = -1
    return findings
