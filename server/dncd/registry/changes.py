"""Change lists: until which day each part of a list is known once changes were applied to it.

A change list speaks about some prefixes, from one day to another. It brings the date forward of what it speaks about
and of nothing else, and only where it begins no later than the list that it changes: what happened in between would be
missing, and nobody would see it.
"""

from collections.abc import Mapping
from datetime import date

from dncd.registry.failures import FormatUnsuited
from dncd.registry.manifest import About


def dates_of(about: About, scope: tuple[str, ...]) -> dict[str, date]:
    """Return until which day each part of a list is known, by prefix with its plus sign."""
    assert about.list_date is not None, "an import without a date is refused before it is built"
    return dict(about.dates) or dict.fromkeys(about.coverage or scope, about.list_date)


def brought_forward(parts: Mapping[str, date], changes: Mapping[str, date], since: date) -> dict[str, date]:
    """Return the dates of the parts after changes: `changes` has the last day of each prefix, `since` the first.

    A prefix that is finer than a part leaves that part's date as it was. Raises `FormatUnsuited` where changes are
    missing in between, are older than what they change, or are about what the list does not cover.
    """
    dates = dict(parts)
    if not changes:
        raise FormatUnsuited(
            "the file's name does not say its area code; say for what it is complete, such as +1415 (--covers)"
        )
    for prefix, day in sorted(changes.items()):
        touched = [part for part in parts if part.startswith(prefix) or prefix.startswith(part)]
        if not touched:
            raise FormatUnsuited(
                f"changes of {prefix}, which the list in force does not cover; import a full list of it"
            )
        for part in touched:
            _check_days(part, parts[part], since, day)
            if part.startswith(prefix):
                dates[part] = max(dates[part], day)
    return dates


def _check_days(part: str, known: date, since: date, until: date) -> None:
    if until < known:
        raise FormatUnsuited(f"changes until {until}, and the list of {part} in force is of {known}: they are in it")
    if since > known:
        raise FormatUnsuited(
            f"changes since {since}, and the list of {part} in force is of {known}: those in between are missing;"
            " import them first, or a full list"
        )
