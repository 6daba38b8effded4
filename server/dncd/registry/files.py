"""Sparse files, folders that appear whole or not at all, and disks that fill up."""

import errno
import fcntl
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from dncd.errors import StorageFull
from dncd.registry.failures import DiskNotSparse, ImportFailed, disk_full

PAGE_BYTES: Final = 4096
BUILDING: Final = ".building"
REMOVING: Final = ".removing"
OWNER_ALONE: Final = 0o700
_OTHERS: Final = 0o077
_COPY_BYTES: Final = 64 << 20
_PROBE_BYTES: Final = 64 << 20
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def full_disk_named(what: str) -> Iterator[None]:
    """Raise `StorageFull` for an OSError that says so; `what` was being written."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise disk_full(what) from error
        raise


def require_space(folder: Path, wanted_bytes: int) -> None:
    """Raise `StorageFull` unless the folder's disk has so many bytes free."""
    disk = os.statvfs(folder)
    free_bytes = disk.f_bavail * disk.f_frsize
    if free_bytes < wanted_bytes:
        raise StorageFull(
            f"the import needs about {wanted_bytes >> 20} MiB of disk and {free_bytes >> 20} MiB are free",
            wanted_bytes=wanted_bytes,
            free_bytes=free_bytes,
        )


def require_sparse(folder: Path) -> None:
    """Raise `DiskNotSparse` unless the folder's file system keeps the holes of files."""
    probe = folder / "probe"
    with open_file(probe, os.O_RDWR | os.O_CREAT) as file, full_disk_named("probing for sparse files"):
        os.ftruncate(file, _PROBE_BYTES)
        os.pwrite(file, b"\1" * PAGE_BYTES, _PROBE_BYTES - PAGE_BYTES)
        os.fsync(file)
        used_bytes = os.fstat(file).st_blocks * 512
    probe.unlink()
    require_holes(used_bytes, PAGE_BYTES)


def require_holes(used_bytes: int, written_bytes: int) -> None:
    """Raise `DiskNotSparse` where files use much more of the disk than was written to them."""
    if used_bytes > 2 * written_bytes + _PROBE_BYTES // 2:
        raise DiskNotSparse(
            "the disk of the registers fills the holes of sparse files; move them to ext4, XFS, Btrfs, ZFS or tmpfs"
            f" ({used_bytes} bytes used for {written_bytes})"
        )


def make_folder(path: Path) -> None:
    """Make a folder, and those above that are missing, for its owner alone; it may be there already.

    The names of those that it made survive a loss of power.
    """
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        # Not with `parents`: what that makes in between is open to everybody.
        folder.mkdir(mode=OWNER_ALONE, exist_ok=True)
        sync_folder(folder.parent)


def make_private(path: Path) -> None:
    """Make a folder for its owner alone, or close one that is open to others; raises `ImportFailed` where it cannot."""
    make_folder(path)
    if stat.S_IMODE(path.stat().st_mode) & _OTHERS:
        try:
            path.chmod(OWNER_ALONE)
        except PermissionError:
            what = f"{path} is open to others, who would read the numbers of people; its owner closes it: chmod 700"
            raise ImportFailed(what) from None


def open_private(path: Path, *, new: bool = False) -> BinaryIO:
    """Open a file to write, which its owner alone may read: who reads it reads the numbers of people."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC | (os.O_EXCL if new else os.O_TRUNC)
    return os.fdopen(os.open(path, flags, 0o600), "wb")


@contextmanager
def open_file(path: Path, flags: int) -> Iterator[int]:
    """Open a file for the block."""
    file = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        yield file
    finally:
        os.close(file)


def extents(file: int) -> Iterator[tuple[int, int]]:
    """Yield where the file has data, as (start, end) in bytes; all of it where the file system does not know holes."""
    size, end = os.fstat(file).st_size, 0
    while end < size:
        try:
            start = os.lseek(file, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:
                return
            raise
        end = min(os.lseek(file, start, os.SEEK_HOLE), size)
        yield start, end


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a file, holes as holes; the kernel copies, or shares the blocks where it can."""
    with open_file(source, os.O_RDONLY) as old, open_file(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL) as new:
        os.ftruncate(new, os.fstat(old).st_size)
        for start, end in extents(old):
            _copy_part(old, new, start, end)


def _copy_part(old: int, new: int, start: int, end: int) -> None:
    while start < end:
        copied = os.copy_file_range(old, new, min(end - start, _COPY_BYTES), start, start)
        assert copied, "an immutable file does not shrink"
        start += copied


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a loss of power."""
    with open_file(folder, os.O_RDONLY | os.O_DIRECTORY) as handle:
        os.fsync(handle)


def sync_file(path: Path) -> None:
    """Make what a file holds survive a loss of power."""
    with open_file(path, os.O_RDONLY) as file:
        os.fsync(file)


def sync_files(folder: Path) -> None:
    """Make every file of a folder, and their names, survive a loss of power."""
    for path in folder.iterdir():
        sync_file(path)
    sync_folder(folder)


class Claim:
    """A hold on a folder, alone or shared, that goes with the process that has it, however it ends."""

    def __init__(self, folder: Path) -> None:
        self._handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def take(self) -> bool:
        """Take the hold if nobody has it; tell whether that worked."""
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def share(self) -> None:
        """Take a hold that others may share; waits while one has it alone."""
        fcntl.flock(self._handle, fcntl.LOCK_SH)

    def release(self) -> None:
        """Let go."""
        os.close(self._handle)


def sweep(registries: Path) -> list[str]:
    """Remove what ended imports and removals left in `<registries>/<registry>/`, and return its names.

    An import that still runs, in any process, keeps its folder.
    """
    found = sorted(registries.glob(f"*/*{BUILDING}")) + sorted(registries.glob(f"*/*{REMOVING}"))
    return [left.name for left in found if remove_unclaimed(left)]


def remove(folder: Path) -> None:
    """Remove a snapshot: at once for whoever looks, and for good. Checks that have it mapped go on with it."""
    doomed = folder.with_name(folder.name + REMOVING)
    folder.rename(doomed)
    sync_folder(folder.parent)
    shutil.rmtree(doomed)


def remove_unclaimed(folder: Path) -> bool:
    """Remove a folder unless somebody has a hold on it; tell whether it is gone."""
    claim = Claim(folder)
    try:
        free = claim.take()
        if free:
            shutil.rmtree(folder)
    finally:
        claim.release()
    return free
