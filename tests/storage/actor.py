"""A process that opens a store and does what its standard input says, one command a line; each is answered by a line.

own | attach PATH            open the store
add ACCOUNT FIRST COUNT      put that many numbers in one transaction
hold ACCOUNT FIRST COUNT     the same, but never commit
known ACCOUNT FIRST COUNT    tell how many of the numbers the index flags
close
"""

import sys
from pathlib import Path

import numpy as np

from dncd.storage.contract import Table
from dncd.storage.keys import phone_keys
from dncd.storage.lmdb import LmdbStore


def answer(store: LmdbStore, verb: str, account_id: int, first: int, count: int) -> int:
    phones = np.arange(first, first + count, dtype=np.uint64)
    if verb == "known":
        with store.snapshot() as snapshot:
            return int(snapshot.maybe_known_phones(account_id, phones).sum())
    with store.transaction() as transaction:
        for key in phone_keys(account_id, phones):
            transaction.put(Table.ADDRESSES, key, b"row")
        if verb == "hold":
            say(count)
            sys.stdin.readline()
    return count


def say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def main() -> None:
    role, path = sys.stdin.readline().split()
    store = LmdbStore.own(Path(path)) if role == "own" else LmdbStore.attach(Path(path))
    say(0)
    for line in sys.stdin:
        verb, *numbers = line.split()
        if verb == "close":
            break
        say(answer(store, verb, *map(int, numbers)))
    store.close()


main()
