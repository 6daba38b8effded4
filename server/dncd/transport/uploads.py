"""ImportSnapshot: an upload becomes a file, the file a snapshot, the snapshot an event."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from dncd import accounts, limits, registries
from dncd.errors import DncError, MalformedRequest
from dncd.events import Snapshot, SnapshotActivated, SnapshotImported, SourceFile
from dncd.journal import Written
from dncd.nouns import SnapshotState
from dncd.registry.failures import ImportFailed
from dncd.registry.importing import Imported, Order, import_apart
from dncd.registry.prefixes import common_calling_code
from dncd.registry.shelf import Shelf
from dncd.transport import fields
from dncd.transport.changes import Changes
from dncd.transport.messages import revision
from dncd.transport.registry_service import check_operator, kept_message
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
        with self._store.snapshot() as snapshot:
            registry, in_force = registries.find(snapshot, header.registry)
        listed = _date(header.list_date)
        file_name = fields.text(header.file_name, "header.file_name", limits.EVIDENCE_FIELD_BYTES_MAX)
        snapshot_id = self._new_id()
        with _spooled(self._shelf.path / registry.name, snapshot_id, pieces, header.sha256) as path:
            order = Order(
                registries=self._shelf.path,
                registry=registry.name,
                snapshot=snapshot_id,
                path=path,
                file_name=Path(file_name).name or "upload",
                format=header.format,
                calling_code=common_calling_code(registry.scope),
                list_date=listed,
                column=header.column,
                registered_flags=header.registered_flags,
                previous=in_force,
            )
            made = import_apart(order)
        written = self._keep(call, order, made)
        state = SnapshotState(written.codes[0])
        if header.activate and state is SnapshotState.READY:
            change = SnapshotActivated(registry.name, snapshot_id)
            written = self._changes.accept_for(accounts.SERVER_ID, call, header, change)
        return self._answer(registry.name, snapshot_id, made, written)

    def _keep(self, call: Call, order: Order, made: Imported) -> Written:
        snapshot = snapshot_of(order, made)
        try:
            return self._changes.accept_for(accounts.SERVER_ID, call, pb.ImportHeader(), SnapshotImported(snapshot))
        except DncError:
            self._shelf.remove(order.registry, order.snapshot)
            raise

    def _answer(self, registry: str, snapshot_id: str, made: Imported, written: Written) -> pb.ImportSnapshotResponse:
        with self._store.snapshot() as snapshot:
            message = kept_message(registries.find_snapshot(snapshot, registry, snapshot_id))
        message.first_rejects.extend(
            registry_pb2.RejectedLine(file=each.file, line=each.line, reason=each.reason, masked=each.masked)
            for each in made.first_rejects
        )
        return pb.ImportSnapshotResponse(snapshot=message, written_at=revision(self._store.id, written.position))


def snapshot_of(order: Order, made: Imported) -> Snapshot:
    """Build the snapshot that the journal keeps of an import."""
    return Snapshot(
        registry=order.registry,
        id=order.snapshot,
        format=order.format,
        list_date=made.list_date,
        files=(SourceFile(order.file_name, made.sha256, made.bytes),),
        lines=made.lines,
        rejects=made.rejects,
        numbers=made.numbers,
        coverage=made.coverage,
    )


@contextmanager
def _spooled(folder: Path, snapshot_id: str, pieces: Iterator[pb.ImportSnapshotRequest], sha256: str) -> Iterator[Path]:
    """Write an upload to a file for the block; raises `ImportFailed` where it is not the file that was promised."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{snapshot_id}.upload"
    digest = hashlib.sha256()
    try:
        with path.open("xb") as file:
            for piece in pieces:
                if not piece.HasField("content"):
                    raise MalformedRequest("only the first message of an upload is a header")
                digest.update(piece.content)
                file.write(piece.content)
        if sha256 and digest.hexdigest() != sha256.lower():
            raise ImportFailed("the bytes that came are not those of the SHA-256 that was promised; send it again")
        yield path
    finally:
        if path.exists():
            os.unlink(path)


def _date(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise fields.invalid("header.list_date", "must be a date as YYYY-MM-DD") from None
