"""The shelf: where the snapshots of all registries lie, and those of them that are open.

An open snapshot is shared by all that ask it, and let go when the last of them is done: so a check under way ends on
the list it began with, and a list that was replaced is freed without anybody closing it.
"""

import logging
from pathlib import Path
from threading import Thread
from typing import Final
from weakref import WeakValueDictionary

from dncd.registry.files import remove
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
            if each.exists():
                remove(each)

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


def _touch(members: Membership) -> None:
    try:
        members.touch()
    except FileNotFoundError:
        log.debug("a snapshot was removed before its pages were touched; nothing depends on it")
