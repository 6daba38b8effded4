"""Holds: why a snapshot takes a person's reason to come in force in the place of another.

Each is a way in which a number that was listed could be listed no more without anybody having meant it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Final

from dncd.events import Snapshot

# A snapshot that has fewer numbers than this part of the one in force is held. Applied to old journals too: never
# change.
_SHRUNK: Final = 0.8
# How many of the parts that are older a sentence names.
_PARTS_NAMED: Final = 5
# Of fewer numbers under one head, a fifth is a handful of people who may have left by themselves.
_HEAD_NUMBERS_MIN: Final = 100
# A head that is all gone is an area that is missing from the file, also where it had few.
_GONE_NUMBERS_MIN: Final = 10
_WASH: Final = "acma"


def held_because(snapshot: Snapshot, before: Snapshot | None, *, older_held: bool = True) -> list[str]:
    """Say why a snapshot takes a person's reason where `before` is in force; nothing: it does not."""
    reasons = _loss_of_a_wash(snapshot, before)
    if before is None:
        return reasons
    if lost := _lost_heads(snapshot, before):
        reasons.append(_lost_heads_sentence(lost))
    if snapshot.numbers < before.numbers * _SHRUNK:
        reasons.append(f"it has {snapshot.numbers:,} numbers, and the list in force has {before.numbers:,}")
    if older_held and snapshot.list_date < before.list_date:
        reasons.append(f"it is of {snapshot.list_date}, and the list in force is of {before.list_date}")
    elif older_held and (older := _parts_going_back(_parts_of(snapshot), _parts_of(before))):
        reasons.append(_older_parts_sentence(older))
    # Events from before it was kept do not name it, and do what they did.
    if snapshot.previous and snapshot.previous != before.id:
        reasons.append(
            f"it is changes to the list {snapshot.previous}, and {before.id} is in force, whose numbers it may lack;"
            " import the changes again"
        )
    return reasons


def _loss_of_a_wash(snapshot: Snapshot, before: Snapshot | None) -> list[str]:
    """Judge a wash by those it found registered: its count of numbers is that of all that were washed."""
    if snapshot.format != _WASH or snapshot.listed is None:
        return []
    listed = _registered(snapshot)
    if not listed:
        return ["none of its numbers is registered; were the flags read the right way?"]
    if before is not None and before.listed is not None and listed < (was := _registered(before)) * _SHRUNK:
        return [f"{listed:,} of its numbers are registered, and {was:,} of those of the list in force"]
    return []


def _registered(snapshot: Snapshot) -> int:
    return sum(count for _, count in snapshot.listed or ())


def _lost_heads(snapshot: Snapshot, before: Snapshot) -> list[tuple[str, int, int]]:
    """Return which heads lost more than a fifth, though the snapshot covers them: the head, its numbers, those before.

    What it does not cover is UNSCREENED. Another wash is of other numbers, so the heads of washes are not compared.
    """
    if snapshot.listed is None or before.listed is None or _WASH in {snapshot.format, before.format}:
        return []
    now, covered = dict(snapshot.listed), snapshot.coverage or ("",)
    return [
        (head, now.get(head, 0), was)
        for head, was in before.listed
        if now.get(head, 0) < was * _SHRUNK
        and any(prefix.startswith(f"+{head}") or f"+{head}".startswith(prefix) for prefix in covered)
        # A part that the file says it covers is never too small to be missed.
        and (was >= _HEAD_NUMBERS_MIN or (head not in now and (was >= _GONE_NUMBERS_MIN or f"+{head}" in covered)))
    ]


def _lost_heads_sentence(lost: list[tuple[str, int, int]]) -> str:
    named = ", ".join(f"+{head} has {now:,} numbers where it had {was:,}" for head, now, was in lost[:_PARTS_NAMED])
    return f"parts of it shrank: {named}{_and_more(len(lost))}"


def _parts_of(snapshot: Snapshot) -> dict[str, date]:
    """Return until which day each part of a list is known; the prefix "" is everything."""
    return dict(snapshot.dates) or dict.fromkeys(snapshot.coverage or ("",), snapshot.list_date)


def _parts_going_back(parts: Mapping[str, date], before: Mapping[str, date]) -> list[tuple[str, date, date]]:
    """Return what both cover and is older than before: its prefix, its date, the date before."""
    oldest = min(parts.values())
    # Most lists go back nowhere: then nothing is compared with everything.
    newer_before = [(prefix, day) for prefix, day in before.items() if day > oldest]
    return [
        (max(prefix, known, key=len), day, day_before)
        for known, day_before in newer_before
        for prefix, day in sorted(parts.items())
        if day < day_before and (prefix.startswith(known) or known.startswith(prefix))
    ]


def _older_parts_sentence(older: list[tuple[str, date, date]]) -> str:
    named = ", ".join(
        f"{prefix or 'all of it'} of {day} where the list in force is of {before}"
        for prefix, day, before in older[:_PARTS_NAMED]
    )
    return f"parts of it are older: {named}{_and_more(len(older))}"


def _and_more(found: int) -> str:
    return f", and {found - _PARTS_NAMED:,} more" if found > _PARTS_NAMED else ""
