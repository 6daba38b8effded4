"""Registries and their snapshots, and events about them."""

from dataclasses import dataclass
from datetime import date

Listed = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Registry:
    """An external register: its name, and the prefixes of the numbers that it speaks about, such as +1."""

    name: str
    scope: tuple[str, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that a snapshot was made from; the SHA-256 is in hexadecimal."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One imported version of a registry. No coverage: all that the registry speaks about.

    `previous` is the snapshot that a change list was applied to, empty for a whole list. `dates` say until which day
    each part is known, where the parts differ. `listed` is how many numbers are registered under each head, their first
    four digits. Events from before these were kept have none of them; `listed` is None there.
    """

    registry: str
    id: str
    format: str
    list_date: date
    files: tuple[SourceFile, ...]
    lines: int
    rejects: int
    numbers: int
    coverage: tuple[str, ...] = ()
    previous: str = ""
    dates: tuple[tuple[str, date], ...] = ()
    listed: Listed | None = None


@dataclass(frozen=True, slots=True)
class RegistryCreated:
    """A registry was created."""

    registry: Registry


@dataclass(frozen=True, slots=True)
class SnapshotImported:
    """A snapshot was imported; its files are whole and in place.

    `older_held`: it is held where it is older than the one in force. Events from before that was asked do not say so.
    """

    snapshot: Snapshot
    older_held: bool = False


@dataclass(frozen=True, slots=True)
class SnapshotActivated:
    """A snapshot was put in force; `older_held` as in `SnapshotImported`."""

    registry: str
    snapshot: str
    reason: str = ""
    older_held: bool = False


@dataclass(frozen=True, slots=True)
class SnapshotPruned:
    """A snapshot was taken away."""

    registry: str
    snapshot: str


@dataclass(frozen=True, slots=True)
class CoverageGranted:
    """An account may rely on these prefixes of a registry, in place of those before."""

    registry: str
    account: str
    account_id: int
    prefixes: tuple[str, ...]
