"""ImportSnapshot: an upload becomes a file, the file a snapshot, the snapshot an event."""

import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Literal, cast

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

_CANCELLED_WAIT_S = 0.2


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
            _require_whole(call)
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
            raise _cut_off()
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


def _require_whole(call: Call) -> None:
    """Raise `MalformedRequest` where the caller left before the upload was whole.

    To gRPC the requests of a call that was cancelled may just end, as those of a whole upload do, and the word that it
    was cancelled comes a moment later: so that moment is waited for. A list that lacks its end must not come in force.
    """
    ended = threading.Event()
    call.on_end(ended.set)
    if ended.wait(_CANCELLED_WAIT_S):
        raise _cut_off()


def _cut_off() -> MalformedRequest:
    return MalformedRequest("the caller left in the middle of the upload; nothing was changed")


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


def _shape(written: str) -> Literal["", "flagged", "registered"]:
    if written not in {"", "flagged", "registered"}:
        raise fields.invalid("header.shape", "must be flagged or registered")
    return cast(Literal["", "flagged", "registered"], written)


def _date(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise fields.invalid("header.list_date", "must be a date as YYYY-MM-DD") from None
