"""What a snapshot says of itself: `manifest.json`, written last, with a checksum of its own."""

import json
import zlib
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from dncd.registry.failures import SnapshotDamaged
from dncd.registry.files import open_private
from dncd.registry.spans import Span

SCHEMA: Final = 1
MANIFEST: Final = "manifest.json"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read: its name, its SHA-256 in hex, its size."""

    name: str
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Counts:
    """What was read, and what came of it.

    `read` numbers came out of `lines` lines; `numbers` are members now. `added` were none before and `removed` were:
    before a full list there is nothing. `duplicates` changed nothing.
    """

    lines: int
    rejects: int
    read: int
    numbers: int
    added: int
    removed: int
    duplicates: int


@dataclass(frozen=True, slots=True)
class BitEntry:
    """A bit file: its span, its members, the CRC of its blocks (see `verify`); `category` None is "any"."""

    name: str
    category: int | None
    span: Span
    members: int
    bytes: int
    crc32: int


@dataclass(frozen=True, slots=True)
class PlainEntry:
    """A file of sorted uint64 or a Roaring file: its members, its size, the CRC-32 of all of it."""

    name: str
    category: int | None
    members: int
    bytes: int
    crc32: int


@dataclass(frozen=True, slots=True)
class About:
    """What the one who imports knows of a snapshot. `coverage`: E.164 prefixes; empty is everything.

    `dates` are there after changes, and where files are of several days: until which day each part of the coverage is
    known. `list_date` is the oldest.
    """

    format: str
    list_date: date | None
    created_at: datetime
    sources: tuple[Source, ...]
    lines: int
    rejects: int
    coverage: tuple[str, ...] = ()
    previous: str | None = None
    dates: tuple[tuple[str, date], ...] = ()


@dataclass(frozen=True, slots=True)
class Manifest:
    """All that is known of a snapshot; `disk_bytes` is what its files use, the holes not counted."""

    registry: str
    snapshot: str
    about: About
    counts: Counts
    categories: tuple[int, ...]
    bits: tuple[BitEntry, ...]
    sorted: tuple[PlainEntry, ...]
    members: tuple[PlainEntry, ...]
    disk_bytes: int


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest of a folder; the caller syncs."""
    content: dict[str, Any] = {"schema": SCHEMA, **asdict(manifest)}
    content["about"]["list_date"] = manifest.about.list_date and manifest.about.list_date.isoformat()
    content["about"]["created_at"] = manifest.about.created_at.isoformat()
    content["about"]["dates"] = [[prefix, day.isoformat()] for prefix, day in manifest.about.dates]
    document = {**content, "checksum": _checksum(content)}
    with open_private(folder / MANIFEST) as file:
        file.write((json.dumps(document, indent=2) + "\n").encode())


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a snapshot.

    Raises SnapshotDamaged where it is missing, altered, of another schema, or of another snapshot than it lies at.
    """
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
        checksum = content.pop("checksum")
        if content.pop("schema") != SCHEMA:
            raise damaged(folder, MANIFEST, "has a schema that this version does not read")
        if checksum != _checksum({"schema": SCHEMA, **content}):
            raise damaged(folder, MANIFEST, "was altered")
        manifest = _manifest(content)
    except FileNotFoundError:
        raise damaged(folder, MANIFEST, "is missing") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise damaged(folder, MANIFEST, "is not a manifest") from None
    if (manifest.registry, manifest.snapshot) != (folder.parent.name, folder.name):
        raise damaged(folder, MANIFEST, f"is that of another snapshot, {manifest.registry}/{manifest.snapshot}")
    return manifest


def damaged(folder: Path, name: str, fault: str) -> SnapshotDamaged:
    """Tell which file of which snapshot is damaged, and how."""
    registry, snapshot = folder.parent.name, folder.name
    sentence = f"{name} of snapshot {registry}/{snapshot} {fault}"
    return SnapshotDamaged(sentence, registry=registry, snapshot=snapshot, file=name)


def _manifest(content: dict[str, Any]) -> Manifest:
    bits = tuple(BitEntry(**{**entry, "span": Span(**entry["span"])}) for entry in content.pop("bits"))
    return Manifest(
        about=_about(content.pop("about")),
        counts=Counts(**content.pop("counts")),
        categories=tuple(content.pop("categories")),
        bits=bits,
        sorted=tuple(PlainEntry(**entry) for entry in content.pop("sorted")),
        members=tuple(PlainEntry(**entry) for entry in content.pop("members")),
        **content,
    )


def _about(content: dict[str, Any]) -> About:
    list_date = content.pop("list_date")
    return About(
        list_date=date.fromisoformat(list_date) if list_date else None,
        created_at=datetime.fromisoformat(content.pop("created_at")),
        sources=tuple(Source(**source) for source in content.pop("sources")),
        coverage=tuple(content.pop("coverage")),
        # Manifests from before there were change lists with dates have none.
        dates=tuple((prefix, date.fromisoformat(day)) for prefix, day in content.pop("dates", ())),
        **content,
    )


def _checksum(content: dict[str, Any]) -> int:
    return zlib.crc32(json.dumps(content, sort_keys=True).encode())
