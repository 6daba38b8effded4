"""The shelf: where the snapshots of all registries lie, and those of them that are open.

An open snapshot is shared by all that ask it, and let go when the last of them is done: so a check under way ends on
the list it began with, and a list that was replaced is freed without anybody closing it.
"""

import logging
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Final
from weakref import WeakValueDictionary

from dncd.registry.files import REMOVING, Claim, make_private, remove, remove_unclaimed
from dncd.registry.membership import Membership

log = logging.getLogger(__name__)


# What the folder of a snapshot is renamed to where a file of it is damaged, so that nobody opens it.
DAMAGED: Final = ".damaged"


class Shelf:
    """The folder `<registry>/<snapshot id>/` of each snapshot, below one folder. Threads may share it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._open: WeakValueDictionary[tuple[str, str], Membership] = WeakValueDictionary()

    def folder(self, registry: str, snapshot_id: str) -> Path:
        """Return where a snapshot lies."""
        return self.path / registry / snapshot_id

    def remove(self, registry: str, snapshot_id: str) -> None:
        """Remove a snapshot's files; whoever has it open goes on with it. One that is gone already is left alone."""
        folder = self.folder(registry, snapshot_id)
        for each in (folder, folder.with_name(folder.name + DAMAGED)):
            try:
                remove(each)
            except FileNotFoundError:
                log.debug("a folder of %s is not there to be removed", snapshot_id)

    @contextmanager
    def importing(self, registry: str) -> Iterator[None]:
        """Hold the folder of a registry for the block, in which a snapshot is built and the journal told of it."""
        make_private(self.path)
        make_private(folder := self.path / registry)
        with _claim(folder) as claim:
            claim.share()
            yield

    def remove_strays(self, registry: str, known: Callable[[], Collection[str]]) -> list[str] | None:
        """Remove the folders of a registry that are of no known snapshot, and return their names; None: an import runs.

        `known` is asked once nobody imports, so that it knows all that was imported. What another process is removing
        at this moment is left to it.
        """
        folder = self.path / registry
        if not folder.exists():
            return []
        with _claim(folder) as claim:
            if not claim.take():
                return None
            ids = known()
            found = [path for path in sorted(folder.iterdir()) if path.is_dir() and path.suffix != REMOVING]
            strays = [path for path in found if path.name.removesuffix(DAMAGED) not in ids]
            return [path.name for path in strays if remove_unclaimed(path)]

    def open(self, registry: str, snapshot_id: str) -> Membership:
        """Open a snapshot, in milliseconds; raises `SnapshotDamaged` where its files are not what it was made of.

        A thread beside touches its pages, so that soon no check waits for them.
        """
        members = self._open.get((registry, snapshot_id))
        if members is None:
            members = Membership.open(self.folder(registry, snapshot_id))
            self._open[(registry, snapshot_id)] = members
            Thread(target=_touch, args=(members,), name="touch", daemon=True).start()
        return members


@contextmanager
def _claim(folder: Path) -> Iterator[Claim]:
    claim = Claim(folder)
    try:
        yield claim
    finally:
        claim.release()


def _touch(members: Membership) -> None:
    try:
        members.touch()
    except OSError:
        log.debug("a snapshot was removed before its pages were touched; nothing depends on it")
