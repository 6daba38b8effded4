"""Locks on files that go with the process that holds them, however it ends."""

import fcntl
import os
from pathlib import Path


class FileLock:
    """An exclusive lock on a file, which is made where it is missing."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self) -> bool:
        """Take the lock if nobody has it; tell whether that worked."""
        return _flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def wait(self) -> None:
        """Take the lock once nobody has it."""
        _flock(self._file, fcntl.LOCK_EX)

    def release(self) -> None:
        """Let go of the lock, if held, and of the file."""
        os.close(self._file)


def is_locked(path: Path) -> bool:
    """Tell whether a process holds the lock on a file."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Shared, so that two who ask do not take each other for the holder.
        return not _flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    finally:
        os.close(file)


def _flock(file: int, operation: int) -> bool:
    try:
        fcntl.flock(file, operation)
    except BlockingIOError:
        return False
    return True
