"""The address index of a store: which addresses are certainly unknown, without asking LMDB.

Invariant: the bitmap that a committed snapshot names holds every key of ADDRESSES and ATTEMPTS in that snapshot. Bits
are set inside the write transaction, before it commits, and never cleared: attempts that were pruned stay flagged until
the file is built anew, since a superset is right. One file is shared by all processes; a larger one replaces it under a
new generation, named in META by the same transaction. A snapshot whose file is gone looks at everything.

Nothing on disk is believed unless its owner vouched for it: after a clean close the header and META hold the same
nonce, and the first change takes it out of META. Otherwise the owner builds the file anew. So a file need not be synced
while it is in use.
"""

import logging
from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import Final

from dncd.storage.bitmap import Bitmap, BitmapError, bits_for

log = logging.getLogger(__name__)

# Other threads of the process wait for one chunk at a time.
BUILD_CHUNK_KEYS: Final = 20_000
_KEPT_GENERATIONS: Final = 2
_FILES: Final = "address-index-*"


class AddressIndex:
    """The generations of one store's index that this process has mapped. Threads may share it."""

    def __init__(self, directory: Path, store_id: str) -> None:
        self._directory = directory
        self._store_id = store_id
        self._mapped: dict[int, Bitmap] = {}
        self._mapping = Lock()

    def at(self, generation: int) -> Bitmap | None:
        """Return the bitmap of a generation, or None where its file is gone or damaged: then nothing is certain."""
        return self._mapped.get(generation) or self._open(generation)

    def build(self, generation: int, keys: Iterable[bytes], count: int) -> Bitmap:
        """Build a generation's file from all keys of both tables; keep it once it is committed, else discard it.

        Raises OSError where the disk is full. Costs about 0.4 us a key.
        """
        began = perf_counter()
        bitmap = Bitmap.create(
            self._path(generation), generation=generation, bits=bits_for(count), store_id=self._store_id
        )
        rest = iter(keys)
        while chunk := list(islice(rest, BUILD_CHUNK_KEYS)):
            bitmap.add(chunk)
        seconds = perf_counter() - began
        log.info("Built address index %d for %d addresses in %.1f s.", generation, count, seconds)
        return bitmap

    def keep(self, bitmap: Bitmap) -> None:
        """Use a bitmap whose generation is committed, and take the one before away; who maps that still has it."""
        with self._mapping:
            self._remember(bitmap)
        try:
            self._path(bitmap.generation - 1).unlink(missing_ok=True)
        except OSError as error:
            # The change is committed and must not look refused; the next owner sweeps.
            log.warning("The file of address index %d stays: %s.", bitmap.generation - 1, error.strerror)

    def sweep(self, generation: int) -> None:
        """Take away what a dead process left behind. The caller holds the write transaction."""
        for path in self._directory.glob(_FILES):
            if path != self._path(generation):
                path.unlink(missing_ok=True)

    def discard(self, bitmap: Bitmap) -> None:
        """Take away the file of a bitmap whose transaction failed."""
        bitmap.path.unlink(missing_ok=True)

    def _open(self, generation: int) -> Bitmap | None:
        with self._mapping:
            if known := self._mapped.get(generation):
                return known
            try:
                bitmap = Bitmap.open(self._path(generation), generation=generation, store_id=self._store_id)
            except (FileNotFoundError, BitmapError):
                return None
            self._remember(bitmap)
            return bitmap

    def _remember(self, bitmap: Bitmap) -> None:
        newest = sorted({*self._mapped, bitmap.generation})[-_KEPT_GENERATIONS:]
        known = {**self._mapped, bitmap.generation: bitmap}
        # A new dict, since readers look without the lock.
        self._mapped = {generation: known[generation] for generation in newest}

    def _path(self, generation: int) -> Path:
        return self._directory / f"address-index-{generation}.bits"
