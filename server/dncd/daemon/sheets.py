"""Sheets: the memory that a worker counts in, made by the supervisor, which adds up what stands there.

A sheet belongs to a place of the crew, not to a process: the worker that comes after a crash goes on with it, so no
count is lost, none is counted twice, and nothing piles up however often workers die. It has no name in any file system,
so nobody else opens it, nothing is left behind by a kill, and a full disk cannot kill whoever writes to it.
"""

import mmap
import os

from dncd.metrics import Counts, Layout


class Sheet:
    """The memory of one place, as the supervisor holds it."""

    def __init__(self, layout: Layout) -> None:
        """Make a sheet of zeros, its room taken now: a write into a hole could find none."""
        self.file = os.memfd_create("dncd-counts")
        try:
            os.posix_fallocate(self.file, 0, layout.bytes)
            self.memory = mmap.mmap(self.file, layout.bytes)
        except OSError:
            os.close(self.file)
            raise

    def close(self) -> None:
        """Let go of it; the memory is freed when the worker has ended too."""
        os.close(self.file)


def counts_on(file: int, layout: Layout) -> Counts:
    """Count on the sheet that the supervisor handed down as an open file."""
    assert os.fstat(file).st_size == layout.bytes, "supervisor and worker are of one version"
    return Counts(layout, mmap.mmap(file, layout.bytes))
