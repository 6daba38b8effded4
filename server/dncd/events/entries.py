"""Events about entries and labels."""

from dataclasses import dataclass
from typing import NamedTuple

from dncd.addresses import Target
from dncd.events.evidence import NO_EVIDENCE, Evidence
from dncd.nouns import Channel, EntryReason, Purpose, RemovalReason, Source


class AddedEntry(NamedTuple):
    """An entry to be added. Times are milliseconds since 1970 UTC; 0 means at once, and never."""

    target: Target
    label: str
    source: Source
    reason: EntryReason
    note: str = ""
    evidence: Evidence = NO_EVIDENCE
    starts_at_ms: int = 0
    expires_at_ms: int = 0


@dataclass(frozen=True, slots=True)
class EntriesAdded:
    """Entries were added."""

    entries: list[AddedEntry]


class RemovedEntry(NamedTuple):
    """An address to be taken from a label."""

    target: Target
    label: str


@dataclass(frozen=True, slots=True)
class EntriesRemoved:
    """Entries were removed."""

    entries: list[RemovedEntry]
    reason: RemovalReason
    note: str = ""
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class EntriesExpired:
    """The earliest of the entries that ended at the cutoff or before were tidied away, at most `entries_max`."""

    cutoff_ms: int
    entries_max: int


@dataclass(frozen=True, slots=True)
class Label:
    """A label's definition."""

    name: str
    channels: frozenset[Channel]
    purposes: frozenset[Purpose] = frozenset()
    description: str = ""
    built_in: bool = False
    archived: bool = False


@dataclass(frozen=True, slots=True)
class LabelCreated:
    """A label was created.

    `names_apart`: its name must differ from every other by more than capitals and signs. Events from before that was
    asked do not say so.
    """

    label: Label
    names_apart: bool = False


@dataclass(frozen=True, slots=True)
class LabelUpdated:
    """A label was replaced.

    `narrowing_held`: it takes a reason for its entries to stop less. Events from before that was asked do not say so.
    """

    label: Label
    reason: str = ""
    narrowing_held: bool = False


@dataclass(frozen=True, slots=True)
class LabelArchived:
    """A label was archived."""

    name: str
