"""ImportSnapshot: an upload becomes a file, the file a snapshot, the snapshot an event."""

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final, cast, get_args

from dncd import accounts, limits, registries
from dncd.errors import MalformedRequest, StorageFull, UploadTooLarge
from dncd.journal import Written
from dncd.registry.failures import ImportFailed
from dncd.registry.files import make_private, open_private
from dncd.registry.importing import Imported, import_apart
from dncd.registry.orders import ShapeName
from dncd.registry.shelf import Shelf
from dncd.registry_imports import Accept, discard_import, keep_import, order_import
from dncd.transport import fields
from dncd.transport.changes import Changes
from dncd.transport.messages import revision
from dncd.transport.registry_service import check_operator, kept_message, prefixes
from dncd.transport.roles import ADMINS
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import registry_pb2
from donotcontact.v1 import registry_service_pb2 as pb

_LINE_ENDS: Final = re.compile("[\t\n\r\u2028\u2029]")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class UploadHandlers:
    """The handler of uploads."""

    def __init__(self, changes: Changes, shelf: Shelf, new_id: Callable[[], str]) -> None:
        self._changes = changes
        self._store = changes.store
        self._shelf = shelf
        self._new_id = new_id

    def rpcs(self) -> list[Rpc]:
        """Return the method with who may call it and where it runs."""
        uploaded = (pb.ImportSnapshotRequest, pb.ImportSnapshotResponse)
        return [Rpc("RegistryService", "ImportSnapshot", *uploaded, ADMINS, Plane.UPLOAD, self.import_)]

    def import_(self, call: Call, pieces: Iterator[pb.ImportSnapshotRequest]) -> pb.ImportSnapshotResponse:
        """Take an upload whole, import it, and put it in force where it asks for that and is not held."""
        check_operator(call)
        first = next(pieces, None)
        if first is None or not first.HasField("header"):
            raise MalformedRequest("the first message of an upload is its header")
        header = first.header
        listed, since = (_date(getattr(header, name), f"header.{name}") for name in ("list_date", "changes_since"))
        file_name, washed_name = (
            _name(getattr(header, name), f"header.{name}") for name in ("file_name", "washed_name")
        )
        snapshot_id = self._new_id()
        with self._store.snapshot() as snapshot:
            registries.find(snapshot, header.registry)
        with self._shelf.importing(header.registry):
            with _spooled(self._shelf.path / header.registry, snapshot_id, pieces, header.sha256) as (path, washed):
                with self._store.snapshot() as snapshot:
                    order = order_import(
                        snapshot,
                        self._shelf,
                        snapshot_id,
                        registry=header.registry,
                        path=path,
                        file_name=file_name or "upload",
                        format_name=header.format,
                        list_date=listed,
                        changes_since=since,
                        column=header.column,
                        category_column=header.category_column,
                        registered_flags=header.registered_flags,
                        region=fields.region(header.region, "", "header.region"),
                        header=header.header if header.HasField("header") else None,
                        international=header.international,
                        shape=_shape(header.shape),
                        washed=washed,
                        washed_name=washed_name or "washed",
                        flag_column=header.flag_column,
                        clean_flags=header.clean_flags,
                        coverage=prefixes(list(header.coverage), "header.coverage", at_least=0),
                    )
                made = import_apart(order)
            if not call.is_active():
                discard_import(self._shelf, order)
                raise MalformedRequest("the caller left before the list was imported; nothing was changed")
            written = keep_import(self._accepting(call), self._shelf, order, made, activate=header.activate)
        return self._answer(order.registry, snapshot_id, made, written)

    def _accepting(self, call: Call) -> Accept:
        return lambda change: self._changes.accept_for(accounts.SERVER_ID, call, pb.ImportHeader(), change)

    def _answer(self, registry: str, snapshot_id: str, made: Imported, written: Written) -> pb.ImportSnapshotResponse:
        with self._store.snapshot() as snapshot:
            message = kept_message(registries.find_snapshot(snapshot, registry, snapshot_id))
        message.first_rejects.extend(
            registry_pb2.RejectedLine(file=each.file, line=each.line, reason=each.reason, masked=each.masked)
            for each in made.first_rejects
        )
        return pb.ImportSnapshotResponse(snapshot=message, written_at=revision(self._store.id, written.position))


@contextmanager
def _spooled(
    folder: Path, snapshot_id: str, pieces: Iterator[pb.ImportSnapshotRequest], promised: str
) -> Iterator[tuple[Path, Path | None]]:
    """Write an upload to a file for the block, and what was washed to another; raises what `_receive` raises."""
    make_private(folder.parent)
    make_private(folder)
    path, washed = folder / f"{snapshot_id}.upload", folder / f"{snapshot_id}.washed.upload"
    try:
        with open_private(path, new=True) as file, open_private(washed, new=True) as other:
            _receive(pieces, _Spool(file), _Spool(other), promised)
            was_washed = other.tell() > 0
        yield path, washed if was_washed else None
    finally:
        path.unlink(missing_ok=True)
        washed.unlink(missing_ok=True)


class _Spool:
    """A file that an upload is written to, with the digest of what it holds."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = hashlib.sha256()
        self.size = 0

    def add(self, content: bytes) -> None:
        """Write some bytes."""
        self._digest.update(content)
        self.size += self._file.write(content)

    def compare(self, size: int, sha256: str, promised: str = "") -> None:
        """Raise `ImportFailed` unless it holds what was sent."""
        if size != self.size:
            raise ImportFailed(f"{self.size:,} bytes came and {size:,} were sent; send it again")
        digest = self._digest.hexdigest()
        if digest != sha256.lower() or digest != (promised or digest).lower():
            raise ImportFailed("the bytes that came are not those of the SHA-256 that was promised; send it again")

    def fileno(self) -> int:
        """Return the descriptor of the file."""
        return self._file.fileno()


def _receive(pieces: Iterator[pb.ImportSnapshotRequest], file: _Spool, washed: _Spool, promised: str) -> None:
    """Write what comes until the end has come, and prove that it is what was sent.

    Raises `MalformedRequest` without an end: to gRPC the requests of a caller who left may just stop, as those of a
    whole upload do, and a list that lacks its end must not come in force. Raises `ImportFailed` for other bytes, and
    `UploadTooLarge` or `StorageFull` as soon as they are too many.
    """
    end: pb.ImportEnd | None = None
    for piece in pieces:
        if end is not None:
            raise MalformedRequest("the end is the last message of an upload, and another came behind it")
        if piece.HasField("end"):
            end = piece.end
        elif piece.HasField("content") or piece.HasField("washed"):
            content = piece.content or piece.washed
            _check_room(file, file.size + washed.size + len(content), len(content))
            (file if piece.HasField("content") else washed).add(content)
        else:
            raise MalformedRequest("behind the first message, its header, an upload has content and then its end")
    if end is None:
        raise _cut_off()
    file.compare(end.bytes, end.sha256, promised)
    if washed.size or end.washed_bytes:
        washed.compare(end.washed_bytes, end.washed_sha256)


def _check_room(file: _Spool, bytes_whole: int, bytes_more: int) -> None:
    """Judge whether an upload may grow: within its limit, and leaving room on the disk for changes."""
    bytes_max = limits.UPLOAD_BYTES_MAX
    if bytes_whole > bytes_max:
        raise UploadTooLarge(
            f"an upload has at most {bytes_max:,} bytes; compress the file, or import it with dncd registry import",
            bytes_max=bytes_max,
        )
    disk = os.fstatvfs(file.fileno())
    if disk.f_bavail * disk.f_frsize < bytes_more + limits.UPLOAD_SPARED_BYTES:
        raise StorageFull(
            f"the disk has no room for this upload: {limits.UPLOAD_SPARED_BYTES:,} bytes are left for changes; "
            "nothing of it was kept"
        )


def _cut_off() -> MalformedRequest:
    return MalformedRequest("the upload was cut off: its last message has to be its end; nothing was changed")


def _shape(written: str) -> ShapeName:
    if written not in get_args(ShapeName):
        raise fields.invalid("header.shape", "must be flagged, registered or clean")
    return cast(ShapeName, written)


def _name(written: str, path: str) -> str:
    """Return a file's name without its folders; one with a line end would be two lines wherever it is shown."""
    if _LINE_ENDS.search(written):
        raise fields.invalid(path, "must not have line ends or tabs")
    return Path(fields.text(written, path, limits.EVIDENCE_FIELD_BYTES_MAX)).name


def _date(written: str, path: str) -> date | None:
    try:
        # Python reads other forms of ISO 8601 too, such as 2026-W47-7; only this one is promised.
        if written and not _DAY.fullmatch(written):
            raise ValueError(path)
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise fields.invalid(path, "must be a date as YYYY-MM-DD") from None
