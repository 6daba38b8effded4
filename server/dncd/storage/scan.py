"""Walks over the rows of an LMDB table, forwards and backwards, that stay right while their own transaction writes."""

from collections.abc import Callable, Iterator

from lmdb import Cursor

Row = tuple[bytes, bytes]


def scan_forwards(cursor: "Cursor[bytes]", first: bytes, prefix: bytes, changes: Callable[[], int]) -> Iterator[Row]:
    """Yield the rows of a prefix from the key `first` on; `changes` counts the writes of the transaction."""
    seen = changes()
    there = _seek(cursor, first)
    while there and (row := cursor.item())[0].startswith(prefix):
        yield row
        if changes() == seen:
            there = cursor.next()
        else:
            seen = changes()
            there = _seek(cursor, row[0]) and (cursor.key() != row[0] or cursor.next())


def scan_backwards(
    cursor: "Cursor[bytes]", last: bytes | None, prefix: bytes, changes: Callable[[], int]
) -> Iterator[Row]:
    """Yield the rows of a prefix backwards from the key `last`; None begins at the prefix's end."""
    seen = changes()
    there = _seek_end(cursor, prefix) if last is None else _seek_back(cursor, last)
    while there and (row := cursor.item())[0].startswith(prefix):
        yield row
        if changes() == seen:
            there = cursor.prev()
        else:
            seen = changes()
            there = _seek_before(cursor, row[0])


def end_of_prefix(prefix: bytes) -> bytes | None:
    """Return the least key that sorts after every key of the prefix; None where that is the end of the table."""
    stem = prefix.rstrip(b"\xff")
    return stem[:-1] + bytes((stem[-1] + 1,)) if stem else None


def _seek(cursor: "Cursor[bytes]", key: bytes) -> bool:
    # LMDB has no empty key to look for.
    return cursor.set_range(key) if key else cursor.first()


def _seek_before(cursor: "Cursor[bytes]", key: bytes) -> bool:
    return cursor.prev() if _seek(cursor, key) else cursor.last()


def _seek_back(cursor: "Cursor[bytes]", key: bytes) -> bool:
    if _seek(cursor, key):
        return cursor.key() == key or cursor.prev()
    return cursor.last()


def _seek_end(cursor: "Cursor[bytes]", prefix: bytes) -> bool:
    end = end_of_prefix(prefix)
    return cursor.last() if end is None else _seek_before(cursor, end)
