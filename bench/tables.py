"""How tables are written."""

from typing import Any


def table(heads: list[str], lines: list[list[str]]) -> str:
    """Write a Markdown table; all columns but the first are aligned to the right."""
    rule = ["---"] + ["---:"] * (len(heads) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [heads, rule, *lines])


def latencies(row: dict[str, Any]) -> list[str]:
    """Write p50, p99 and p99.9."""
    return [f"{row[name]:,.0f}" for name in ("p50_us", "p99_us", "p999_us")]


def ratio(spread: dict[str, float]) -> str:
    """Write a median, the lowest and the highest."""
    return f"{spread['median']:.2f} ({spread['min']:.2f}–{spread['max']:.2f})"
