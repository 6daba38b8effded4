"""What a scrub came to: counts by verdict, by shadow verdict and by reason."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

from donotcontact.cli.output import share
from donotcontact.cli.sentences import finding_kind, verdict_name
from donotcontact.v1.verdict_pb2 import Finding


@dataclass(slots=True)
class Tally:
    """Counts of rows. A row counts once, under its strongest reason."""

    reasons: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    allowed: int = 0
    rows: int = 0
    seconds: float = 0.0

    def add(self, verdict: int, allowed: bool, findings: list[Finding], shadow: int = 0) -> None:
        """Count one row; `shadow` is what a policy in SHADOW mode would have answered, else 0."""
        self.rows += 1
        self.allowed += allowed
        self.reasons[verdict, shadow, finding_kind(findings[0]) if findings else ""] += 1

    def by_reason(self) -> list[tuple[str, str, str, int]]:
        """Return (verdict, shadow verdict, reason, rows), the most frequent first."""
        return [
            (verdict_name(verdict), verdict_name(shadow) if shadow else "", reason, rows)
            for (verdict, shadow, reason), rows in self.reasons.most_common()
        ]

    @property
    def has_shadow(self) -> bool:
        """Whether a policy in SHADOW mode answered beside."""
        return any(shadow for _, shadow, _ in self.reasons)

    @property
    def all_allowed(self) -> bool:
        """Whether every row may be contacted."""
        return self.rows == self.allowed

    @property
    def skipped(self) -> int:
        """How many rows must not be contacted."""
        return self.rows - self.allowed

    def verdicts(self) -> dict[str, int]:
        """Return the number of rows for each verdict, the most frequent first."""
        return self._counted(0)

    def shadow_verdicts(self) -> dict[str, int]:
        """Return the number of rows for each shadow verdict; empty where no policy is in SHADOW mode."""
        return self._counted(1)

    def _counted(self, place: Literal[0, 1]) -> dict[str, int]:
        counts: Counter[str] = Counter()
        for key, rows in self.reasons.items():
            if key[place]:
                counts[verdict_name(key[place])] += rows
        return dict(counts.most_common())

    def share(self, rows: int) -> str:
        """Write a share of all rows in percent; never 0.0 % for some, nor 100.0 % for not all."""
        return share(rows, self.rows)

    def rate(self) -> str:
        """Write the time and the speed."""
        return f"{self.seconds:.1f} s, {self.rows / max(self.seconds, 1e-6):,.0f} rows/s"
