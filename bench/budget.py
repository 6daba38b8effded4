"""A budget: a bound on one figure of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Results = dict[str, Any]
# A figure, or the spread of one over rounds: its median counts.
Measured = Callable[[Results], float | dict[str, float]]


@dataclass(frozen=True, slots=True)
class Budget:
    """A bound on one figure. `at_least` turns the bound from a ceiling into a floor."""

    what: str
    bound: float
    unit: str
    measured: Measured
    at_least: bool = False

    def line(self, results: Results) -> tuple[str, str, str, str]:
        """Write the budget, its bound, the figure, and whether it was met."""
        bound = f"{'≥' if self.at_least else '≤'} {self.bound:,g} {self.unit}"
        try:
            measured = self.measured(results)
        except (LookupError, ZeroDivisionError):
            # The kernel counts CPU in steps of 10 ms: a run of few calls may have used none.
            return self.what, bound, "not measured by this run", ""
        figure = measured["median"] if isinstance(measured, dict) else measured
        around = f" ({_number(measured['min'])}–{_number(measured['max'])})" if isinstance(measured, dict) else ""
        met = figure >= self.bound if self.at_least else figure <= self.bound
        return self.what, bound, f"{_number(figure)}{around} {self.unit}", _word(met)


def only(rows: Any) -> dict[str, Any]:
    """Return the first of some rows; raises `LookupError` where there is none."""
    found: dict[str, Any] | None = next(iter(rows), None)
    if found is None:
        raise LookupError("this run did not measure that")
    return found


def _word(met: bool) -> str:
    return "yes" if met else "**no**"


def _number(figure: float) -> str:
    return f"{figure:#.3g}" if figure < 1_000 else f"{figure:,.0f}"
