"""Sending a version of a registry: the one call whose request is a stream."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date

import grpc

from donotcontact.caller import Caller, cancelled
from donotcontact.errors import from_rpc_error
from donotcontact.upload import IMPORT_TIMEOUT_S, Content, Progress, Shape, Upload, import_header
from donotcontact.v1.registry_service_pb2 import ImportSnapshotRequest, ImportSnapshotResponse


class Importer(Caller):
    """What `Client` can do about uploads."""

    def import_snapshot(
        self,
        registry: str,
        content: Content,
        *,
        format: str,  # noqa: A002  # the contract's word
        file_name: str = "",
        list_date: date | None = None,
        changes_since: date | None = None,
        column: str = "",
        category_column: str = "",
        registered_flags: str = "",
        clean_flags: str = "",
        flag_column: str = "",
        shape: Shape = "",
        washed: "Content | None" = None,
        washed_name: str = "",
        region: str = "",
        header: bool | None = None,
        international: bool = False,
        coverage: Iterable[str] = (),
        activate: bool = True,
        progress: Progress | None = None,
        timeout_s: float = IMPORT_TIMEOUT_S,
    ) -> ImportSnapshotResponse:
        """Import a version of a registry from a path or a binary stream, and put it in force unless it is held.

        What the file does not say itself is said as in `ImportHeader`: `column` and `category_column` for csv; the
        flags, their column and the `shape` for acma, and with the shape clean the file that was `washed`; the `region`
        of numbers without a country, or that all begin with their calling code (`international`); whether the first
        row is a `header`; the prefixes that the file covers; since when a change list has every change.
        It is sent once and never repeated: after a `Timeout` or `Unavailable` look at `list_snapshots`. `progress` is
        told bytes sent, and of how many, from another thread. Raises OSError where the file cannot be read.
        """
        head = import_header(
            registry,
            format=format,
            file_name=file_name,
            list_date=list_date,
            changes_since=changes_since,
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
        with Upload(content, head, progress, washed) as upload:
            send = self._call(ImportSnapshotRequest, next(self._turns))
            try:
                return upload.complete(send(upload.pieces(), timeout=timeout_s, metadata=self._metadata))
            except grpc.RpcError as error:
                raise upload.failure(from_rpc_error(error)) from error


class AsyncImporter(Caller):
    """What `AsyncClient` can do about uploads."""

    _closed: bool

    async def import_snapshot(
        self,
        registry: str,
        content: Content,
        *,
        format: str,  # noqa: A002  # the contract's word
        file_name: str = "",
        list_date: date | None = None,
        changes_since: date | None = None,
        column: str = "",
        category_column: str = "",
        registered_flags: str = "",
        clean_flags: str = "",
        flag_column: str = "",
        shape: Shape = "",
        washed: "Content | None" = None,
        washed_name: str = "",
        region: str = "",
        header: bool | None = None,
        international: bool = False,
        coverage: Iterable[str] = (),
        activate: bool = True,
        progress: Progress | None = None,
        timeout_s: float = IMPORT_TIMEOUT_S,
    ) -> ImportSnapshotResponse:
        """Import a version of a registry from a path or a binary stream, and put it in force unless it is held.

        What the file does not say itself is said as in `ImportHeader`: `column` and `category_column` for csv; the
        flags, their column and the `shape` for acma, and with the shape clean the file that was `washed`; the `region`
        of numbers without a country, or that all begin with their calling code (`international`); whether the first
        row is a `header`; the prefixes that the file covers; since when a change list has every change.
        It is sent once and never repeated: after a `Timeout` or `Unavailable` look at `list_snapshots`. `progress` is
        told bytes sent, and of how many, from another thread. Raises OSError where the file cannot be read.
        """
        head = import_header(
            registry,
            format=format,
            file_name=file_name,
            list_date=list_date,
            changes_since=changes_since,
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
        with Upload(content, head, progress, washed) as upload:
            send = self._call(ImportSnapshotRequest, next(self._turns))
            try:
                with self._closing_is_a_failure():
                    return upload.complete(
                        await send(upload.pieces_async(), timeout=timeout_s, metadata=self._metadata)
                    )
            except grpc.RpcError as error:
                raise upload.failure(from_rpc_error(error)) from error
            except asyncio.CancelledError:
                # grpc.aio cancels a call whose requests it cannot get.
                if upload.fault is None:
                    raise
                raise upload.fault from None

    @contextmanager
    def _closing_is_a_failure(self) -> Iterator[None]:
        """Turn the cancellation that closing brings about into a failure; one of the caller's own stays what it is."""
        try:
            yield
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._closed and task is not None and not task.cancelling():
                raise cancelled() from None
            raise
