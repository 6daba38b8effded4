"""What a scrub came to: counts by verdict and by reason."""

from collections import Counter
from dataclasses import dataclass, field

from donotcontact.cli.sentences import finding_kind, verdict_name
from donotcontact.v1.verdict_pb2 import Finding


@dataclass(slots=True)
class Tally:
    """Counts of rows. A row counts once, under its strongest reason."""

    reasons: Counter[tuple[int, str]] = field(default_factory=Counter)
    allowed: int = 0
    rows: int = 0
    seconds: float = 0.0

    def add(self, verdict: int, allowed: bool, findings: list[Finding]) -> None:
        """Count one row."""
        self.rows += 1
        self.allowed += allowed
        self.reasons[verdict, finding_kind(findings[0]) if findings else ""] += 1

    def by_reason(self) -> list[tuple[str, str, int]]:
        """Return (verdict, reason, rows), the most frequent first."""
        return [(verdict_name(verdict), reason, rows) for (verdict, reason), rows in self.reasons.most_common()]

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
        counts: Counter[str] = Counter()
        for (verdict, _), rows in self.reasons.items():
            counts[verdict_name(verdict)] += rows
        return dict(counts.most_common())

    def share(self, rows: int) -> str:
        """Write a share of all rows in percent; never 0.0 % for some, nor 100.0 % for not all."""
        percent = 100 * rows / self.rows if self.rows else 0.0
        if rows > 0 and percent < 0.05:
            return "<0.1 %"
        if rows < self.rows and percent >= 99.95:
            return ">99.9 %"
        return f"{percent:.1f} %"

    def rate(self) -> str:
        """Write the time and the speed."""
        return f"{self.seconds:.1f} s, {self.rows / max(self.seconds, 1e-6):,.0f} rows/s"
