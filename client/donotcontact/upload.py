"""A file on its way to the server: a header, then its bytes in pieces."""

import asyncio
import hashlib
import os
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
Shape: TypeAlias = Literal["", "flagged", "registered", "clean"]


class Upload:
    """One file that is being sent, opened here where it is a path. A context manager; closes what it opened.

    `washed` is the file that went into an Australian wash, where the content is its clean numbers alone.
    """

    def __init__(
        self, content: Content, header: ImportHeader, progress: Progress | None, washed: "Content | None" = None
    ) -> None:
        self.fault: Exception | None = None
        self._progress = progress
        self._closing = ExitStack()
        header.file_name = header.file_name or _name_of(content)
        header.washed_name = header.washed_name or _name_of(washed)
        try:
            self._file = self._open(content)
            self._washed = None if washed is None else self._open(washed)
        except OSError:
            self._closing.close()
            raise
        self._header = header
        self._total: int | None = None
        self._sent = 0

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
            end, digest, washed = ImportEnd(), hashlib.sha256(), hashlib.sha256()
            self._tell(0)
            for piece in self._read(self._file, digest):
                yield ImportSnapshotRequest(content=piece).SerializeToString()
                self._tell(len(piece))
            end.bytes, end.sha256 = self._sent, digest.hexdigest()
            if self._washed is not None:
                for piece in self._read(self._washed, washed):
                    yield ImportSnapshotRequest(washed=piece).SerializeToString()
                    self._tell(len(piece))
                end.washed_bytes, end.washed_sha256 = self._sent - end.bytes, washed.hexdigest()
            yield ImportSnapshotRequest(end=end).SerializeToString()
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

    def _open(self, content: Content) -> BinaryIO:
        if isinstance(content, str | PathLike):
            return self._closing.enter_context(Path(content).open("rb"))
        return content

    def _read(self, file: BinaryIO, digest: "hashlib._Hash") -> Iterator[bytes]:
        while piece := file.read(PIECE_BYTES):
            digest.update(piece)
            yield piece

    def _look_ahead(self) -> None:
        files = [self._file] if self._washed is None else [self._file, self._washed]
        if not all(file.seekable() for file in files):
            return
        starts = [file.tell() for file in files]
        digest = hashlib.sha256()
        for _ in self._read(self._file, digest):
            pass
        ends = [self._file.tell(), *(file.seek(0, os.SEEK_END) for file in files[1:])]
        self._total = sum(ends) - sum(starts)
        for file, start in zip(files, starts, strict=True):
            file.seek(start)
        self._header.sha256 = digest.hexdigest()

    def _tell(self, bytes_more: int) -> None:
        self._sent += bytes_more
        if self._progress is not None:
            self._progress(self._sent, self._total)


def _name_of(content: "Content | None") -> str:
    return Path(content).name if isinstance(content, str | PathLike) else ""


def import_header(
    registry: str,
    *,
    format: str,  # noqa: A002  # the contract's word
    file_name: str,
    list_date: date | None,
    changes_since: date | None,
    column: str,
    category_column: str,
    registered_flags: str,
    clean_flags: str,
    flag_column: str,
    shape: Shape,
    washed_name: str,
    region: str,
    header: bool | None,
    international: bool,
    coverage: Iterable[str],
    activate: bool,
) -> ImportHeader:
    """Build the header; the SHA-256 and the name of a file that is given by its path are filled in on the way."""
    return ImportHeader(
        registry=registry,
        format=format,
        file_name=file_name,
        list_date=list_date.isoformat() if list_date else "",
        changes_since=changes_since.isoformat() if changes_since else "",
        column=column,
        category_column=category_column,
        registered_flags=registered_flags,
        clean_flags=clean_flags,
        flag_column=flag_column,
        shape=shape,
        washed_name=washed_name,
        region=region,
        header=header,
        international=international,
        coverage=coverage,
        activate=activate,
    )
