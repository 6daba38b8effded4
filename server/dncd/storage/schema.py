"""What a store writes about itself into META, the same in every backend."""

from typing import Final

from dncd.storage.contract import Table

SCHEMA_VERSION: Final = 2

SCHEMA_ROW: Final = b"schema"
STORE_ROW: Final = b"store"
EPOCH_ROW: Final = b"epoch"

# Rows of META that tell about one copy of the store's files and not about what it knows: a replay of the journal does
# not make them, and whoever compares two stores leaves them out.
STORAGE_PREFIX: Final = b"storage."
INDEX_ROW: Final = b"storage.index"
INDEX_CLEAN_ROW: Final = b"storage.index_clean"
# Stands in a copy that nobody opened yet: whoever opens it first begins a new epoch.
COPIED_ROW: Final = b"storage.copied"
STORAGE_ROWS: Final = (INDEX_ROW, INDEX_CLEAN_ROW, COPIED_ROW)

FIRST_EPOCH: Final = b"1"

TABLES: Final = tuple(Table)


def id_in_epoch(store_id: bytes, epoch: bytes) -> str:
    """Name a store in an epoch. A restored copy is another store: what came after the copy was made is not in it."""
    return (store_id if epoch == FIRST_EPOCH else store_id + b"." + epoch).decode()


def first_rows(store_id: str) -> dict[bytes, bytes]:
    """Return the META rows of an empty store."""
    return {SCHEMA_ROW: b"%d" % SCHEMA_VERSION, STORE_ROW: store_id.encode(), EPOCH_ROW: FIRST_EPOCH}
