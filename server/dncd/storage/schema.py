"""What a store writes about itself into META, the same in every backend."""

from typing import Final

from dncd.storage.contract import Table

SCHEMA_VERSION: Final = 1

SCHEMA_ROW: Final = b"schema"
STORE_ROW: Final = b"store"
EPOCH_ROW: Final = b"epoch"

# Rows of META that tell about one copy of the store's files and not about what it knows: a replay of the journal does
# not make them, and whoever compares two stores leaves them out.
STORAGE_PREFIX: Final = b"storage."
INDEX_ROW: Final = b"storage.index"
INDEX_CLEAN_ROW: Final = b"storage.index_clean"
STORAGE_ROWS: Final = (INDEX_ROW, INDEX_CLEAN_ROW)

TABLES: Final = tuple(Table)


def first_rows(store_id: str) -> dict[bytes, bytes]:
    """Return the META rows of an empty store."""
    return {SCHEMA_ROW: b"%d" % SCHEMA_VERSION, STORE_ROW: store_id.encode(), EPOCH_ROW: b"1"}
