"""What can be wrong with a file as a whole, or with what was said about it. Bad lines are rejects, not failures.

    ImportFailed
    ├── SourceUnreadable     truncated, damaged, encrypted, an archive in an archive, NUL bytes
    ├── SourceTooLarge       expands too far, has too many entries, a line without end
    ├── LayoutAmbiguous      can be read in two ways, and nobody said which
    ├── FormatUnsuited       no such format, or options that contradict it
    ├── ListDateMissing      neither the file nor the operator says of which day it is
    ├── MostlyRejects        too little of it could be read
    └── DiskNotSparse        the disk of the registers fills the holes of files
    SnapshotDamaged          a file of a finished snapshot is not what it was made of

Messages name file and line, never a number.
"""

from collections.abc import Iterable

from dncd.errors import DncError, StorageFull


class ImportFailed(DncError):
    """A source cannot become a snapshot; nothing was changed."""

    reason = "ERROR_REASON_IMPORT_FAILED"

    def __init__(self, what: str, file: str = "", line: int = 0) -> None:
        """Name the file, or the entry of an archive, and the line from 1, where they are known."""
        place = ", line ".join([file, str(line)] if line else [file])
        super().__init__(f"{place}: {what}" if file else what, file=file, line=line)
        self.file = file
        self.line = line


class SourceUnreadable(ImportFailed):
    """The bytes are not what they should be."""


class SourceTooLarge(ImportFailed):
    """The source, or what it expands to, is over a limit."""


class LayoutAmbiguous(ImportFailed):
    """The file can be read in two ways; an option has to say which."""


class FormatUnsuited(ImportFailed):
    """The format does not exist, or the options contradict it or the file."""


class ListDateMissing(ImportFailed):
    """Nothing says of which day the list is, and freshness counts from that day."""


class MostlyRejects(ImportFailed):
    """Too little could be read for a register that anyone should rely on."""

    def show(self, rejected: Iterable[str]) -> None:
        """Add some of the rejected lines to the sentence, so that whoever reads it sees what the file is."""
        if listed := "; ".join(rejected):
            self.args = (f"{self} The first: {listed}",)


class DiskNotSparse(ImportFailed):
    """The file system fills the holes of files, so that a bit file would take 1.25 GB."""


class SnapshotDamaged(DncError):
    """A file of a snapshot is missing, cut off, too long or altered; `file` names it."""

    reason = "ERROR_REASON_SNAPSHOT_DAMAGED"


def disk_full(what: str) -> StorageFull:
    """Tell that the disk filled up while something was written; nothing that is live was touched."""
    return StorageFull(f"the disk is full: {what}; no snapshot was changed")
