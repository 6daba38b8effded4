"""A file on its way to the server: a header, then its bytes in pieces."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import ExitStack
from datetime import date
from os import PathLike
from pathlib import Path
from typing import BinaryIO, Literal, TypeAlias

from donotcontact.errors import DoNotContactError, IncompleteAnswer
from donotcontact.v1.registry_service_pb2 import ImportEnd, ImportHeader, ImportSnapshotRequest, ImportSnapshotResponse

PIECE_BYTES = 1024 * 1024
IMPORT_TIMEOUT_S = 3_600.0

Progress: TypeAlias = Callable[[int, int | None], None]
"""Takes the bytes that were sent, and of how many; None where the stream does not tell."""
Content: TypeAlias = "str | PathLike[str] | BinaryIO"
Shape: TypeAlias = Literal["", "flagged", "registered"]


class Upload:
    """One file that is being sent, opened here where it is a path. A context manager; closes what it opened."""

    def __init__(self, content: Content, header: ImportHeader, progress: Progress | None) -> None:
        self.fault: Exception | None = None
        self._progress = progress
        self._closing = ExitStack()
        if isinstance(content, str | PathLike):
            header.file_name = header.file_name or Path(content).name
            self._file: BinaryIO = self._closing.enter_context(Path(content).open("rb"))  # noqa: SIM115  # the stack closes it
        else:
            self._file = content
        self._header = header
        self._total: int | None = None

    def __enter__(self) -> "Upload":
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    def pieces(self) -> Iterator[bytes]:
        """Yield the requests. A stream that can go back is read twice: first for its SHA-256, which goes ahead.

        The last one says what was sent; without it the server takes the upload for one that was cut off.
        What reading or `progress` raises is kept in `fault`, since grpc tells only that something was raised.
        """
        try:
            self._look_ahead()
            yield ImportSnapshotRequest(header=self._header).SerializeToString()
            sent, digest = 0, hashlib.sha256()
            self._tell(sent)
            while piece := self._file.read(PIECE_BYTES):
                yield ImportSnapshotRequest(content=piece).SerializeToString()
                sent += len(piece)
                digest.update(piece)
                self._tell(sent)
            yield ImportSnapshotRequest(end=ImportEnd(bytes=sent, sha256=digest.hexdigest())).SerializeToString()
        except Exception as fault:
            self.fault = fault
            raise

    async def pieces_async(self) -> AsyncIterator[bytes]:
        """Yield the requests; the file is read, and `progress` told, in a thread."""
        pieces = self.pieces()
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece

    def complete(self, response: ImportSnapshotResponse) -> ImportSnapshotResponse:
        """Return the response if it tells of a snapshot; raises `IncompleteAnswer` if not."""
        if not response.snapshot.id:
            raise IncompleteAnswer("the answer to an import does not name a snapshot")
        return response

    def failure(self, told: DoNotContactError) -> Exception:
        """Return what went wrong here, if anything did, else what the server or the connection said."""
        return self.fault or told

    def _look_ahead(self) -> None:
        if not self._file.seekable():
            return
        start = self._file.tell()
        digest = hashlib.sha256()
        while piece := self._file.read(PIECE_BYTES):
            digest.update(piece)
        self._total = self._file.tell() - start
        self._file.seek(start)
        self._header.sha256 = digest.hexdigest()

    def _tell(self, sent: int) -> None:
        if self._progress is not None:
            self._progress(sent, self._total)


def import_header(
    registry: str,
    *,
    format: str,  # noqa: A002  # the contract's word
    file_name: str,
    list_date: date | None,
    column: str,
    registered_flags: str,
    clean_flags: str,
    flag_column: str,
    shape: Shape,
    region: str,
    coverage: Iterable[str],
    activate: bool,
) -> ImportHeader:
    """Build the header; the SHA-256 and the name of a file that is given by its path are filled in on the way."""
    return ImportHeader(
        registry=registry,
        format=format,
        file_name=file_name,
        list_date=list_date.isoformat() if list_date else "",
        column=column,
        registered_flags=registered_flags,
        clean_flags=clean_flags,
        flag_column=flag_column,
        shape=shape,
        region=region,
        coverage=coverage,
        activate=activate,
    )
