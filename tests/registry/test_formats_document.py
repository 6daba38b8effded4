"""The examples of docs/reference/registry-formats.md say what the code does."""

import pytest

from dncd.registry.failures import LayoutAmbiguous
from dncd.registry.formats import FORMATS, Options
from documents import REPOSITORY, table
from registry_reading import LIST_DATE, Outcome, read_bytes

DOCUMENT = REPOSITORY / "docs/reference/registry-formats.md"
EXAMPLES = table(DOCUMENT, "Examples")


def told(format_name: str, line: str) -> str:
    region = "US" if format_name in {"csv", "numbers"} else ""
    try:
        return summary(format_name, read_bytes(format_name, line.encode(), Options(region=region, list_date=LIST_DATE)))
    except LayoutAmbiguous:
        return "refused"


def summary(format_name: str, outcome: Outcome) -> str:
    if outcome.rejects:
        return outcome.rejects[0].reason
    words = [f"`+{outcome.phones[0]}`"]
    if outcome.removed:
        words.insert(0, "deleted" if outcome.removed[0] else "added")
    if format_name != "acma" and outcome.categories and outcome.categories[0]:
        words += ["categories", *(str(bit) for bit in range(9) if outcome.categories[0] >> bit & 1)]
    return " ".join(words)


@pytest.mark.parametrize(("format_name", "line", "becomes"), EXAMPLES)
def test_the_example_is_read_as_the_document_says(format_name: str, line: str, becomes: str) -> None:
    assert told(format_name, line).replace("`", "") == becomes.replace("`", "")


def test_every_format_has_examples_and_a_chapter() -> None:
    assert {row[0] for row in EXAMPLES} == set(FORMATS)
    assert all(f"\n## {name}: " in DOCUMENT.read_text() for name in FORMATS)
