"""ImportSnapshot: an upload becomes a file, the file a snapshot, the snapshot an event."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import BinaryIO, Literal, cast

from dncd import accounts, limits, registries
from dncd.errors import MalformedRequest
from dncd.journal import Written
from dncd.registry.failures import ImportFailed
from dncd.registry.importing import Imported, import_apart
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
        listed = _date(header.list_date)
        file_name = fields.text(header.file_name, "header.file_name", limits.EVIDENCE_FIELD_BYTES_MAX)
        snapshot_id = self._new_id()
        with self._store.snapshot() as snapshot:
            registries.find(snapshot, header.registry)
        with _spooled(self._shelf.path / header.registry, snapshot_id, pieces, header.sha256) as path:
            with self._store.snapshot() as snapshot:
                order = order_import(
                    snapshot,
                    self._shelf,
                    snapshot_id,
                    registry=header.registry,
                    path=path,
                    file_name=Path(file_name).name or "upload",
                    format_name=header.format,
                    list_date=listed,
                    column=header.column,
                    registered_flags=header.registered_flags,
                    region=fields.region(header.region, "", "header.region"),
                    shape=_shape(header.shape),
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
) -> Iterator[Path]:
    """Write an upload to a file for the block; raises what `_receive` raises."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{snapshot_id}.upload"
    try:
        with path.open("xb") as file:
            _receive(pieces, file, promised)
        yield path
    finally:
        path.unlink(missing_ok=True)


def _receive(pieces: Iterator[pb.ImportSnapshotRequest], file: BinaryIO, promised: str) -> None:
    """Write what comes until the end has come, and prove that it is what was sent.

    Raises `MalformedRequest` without an end: to gRPC the requests of a caller who left may just stop, as those of a
    whole upload do, and a list that lacks its end must not come in force. Raises `ImportFailed` for other bytes.
    """
    digest = hashlib.sha256()
    end: pb.ImportEnd | None = None
    for piece in pieces:
        if end is not None:
            raise MalformedRequest("the end is the last message of an upload, and another came behind it")
        if piece.HasField("end"):
            end = piece.end
        elif piece.HasField("content"):
            digest.update(piece.content)
            file.write(piece.content)
        else:
            raise MalformedRequest("behind the first message, its header, an upload has content and then its end")
    if end is None:
        raise _cut_off()
    _compare(end, file.tell(), digest.hexdigest(), promised)


def _compare(end: pb.ImportEnd, size_bytes: int, digest: str, promised: str) -> None:
    if end.bytes != size_bytes:
        raise ImportFailed(f"{size_bytes:,} bytes came and {end.bytes:,} were sent; send it again")
    if digest != end.sha256.lower() or digest != (promised or digest).lower():
        raise ImportFailed("the bytes that came are not those of the SHA-256 that was promised; send it again")


def _cut_off() -> MalformedRequest:
    return MalformedRequest("the upload was cut off: its last message has to be its end; nothing was changed")


def _shape(written: str) -> Literal["", "flagged", "registered"]:
    if written not in {"", "flagged", "registered"}:
        raise fields.invalid("header.shape", "must be flagged or registered")
    return cast(Literal["", "flagged", "registered"], written)


def _date(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise fields.invalid("header.list_date", "must be a date as YYYY-MM-DD") from None
