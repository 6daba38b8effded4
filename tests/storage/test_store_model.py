"""Any sequence of changes and reads answers as a dict does."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dncd.storage.contract import Store, Table
from dncd.storage.lmdb import LmdbStore
from dncd.storage.memory import MemoryStore

KEYS = st.binary(min_size=1, max_size=4).map(
    lambda key: key.translate(bytes(b"\x00ab\xfe\xff"[i % 5] for i in range(256)))
)
PREFIXES = st.binary(max_size=3).map(lambda key: key.translate(bytes(b"\x00ab\xfe\xff"[i % 5] for i in range(256))))
CHANGES = st.lists(st.tuples(KEYS, st.none() | st.binary(max_size=3)), max_size=12)


class UndoneError(Exception):
    """Ends a transaction without its changes."""


class StoreMachine(RuleBasedStateMachine):
    store: Store

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[bytes, bytes] = {}

    @rule(changes=CHANGES, undo=st.booleans())
    def change(self, changes: list[tuple[bytes, bytes | None]], undo: bool) -> None:
        model = dict(self.model)
        try:
            with self.store.transaction() as transaction:
                for key, value in changes:
                    if value is None:
                        assert transaction.delete(Table.ADDRESSES, key) == (model.pop(key, None) is not None)
                    else:
                        transaction.put(Table.ADDRESSES, key, value)
                        model[key] = value
                assert dict(transaction.scan(Table.ADDRESSES)) == model
                if undo:
                    raise UndoneError
            self.model = model
        except UndoneError:
            pass  # the model stays as it was, and so must the store

    @rule(prefix=PREFIXES, rest=st.none() | PREFIXES, reverse=st.booleans())
    def scan(self, prefix: bytes, rest: bytes | None, reverse: bool) -> None:
        start = None if rest is None else prefix + rest
        rows = sorted(row for row in self.model.items() if row[0].startswith(prefix))
        if start is not None:
            rows = [row for row in rows if (row[0] <= start if reverse else row[0] >= start)]
        with self.store.snapshot() as snapshot:
            found = list(snapshot.scan(Table.ADDRESSES, prefix, start=start, reverse=reverse))
        assert found == (rows[::-1] if reverse else rows)

    @rule(keys=st.lists(KEYS, max_size=12))
    def get(self, keys: list[bytes]) -> None:
        with self.store.snapshot() as snapshot:
            assert snapshot.get_many(Table.ADDRESSES, keys) == [self.model.get(key) for key in keys]
            flags = snapshot.maybe_known(keys).tolist()
        assert all(flag for key, flag in zip(keys, flags, strict=True) if key in self.model)

    @invariant()
    def everything_known_is_flagged(self) -> None:
        with self.store.snapshot() as snapshot:
            assert snapshot.count(Table.ADDRESSES) == len(self.model)
            assert snapshot.maybe_known(list(self.model)).all()

    def teardown(self) -> None:
        self.store.close()


class LmdbMachine(StoreMachine):
    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.store = LmdbStore.own(Path(self.directory.name))

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = LmdbStore.own(Path(self.directory.name))

    def teardown(self) -> None:
        super().teardown()
        self.directory.cleanup()


class MemoryMachine(StoreMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = MemoryStore()


TestLmdbStoreAnswersAsADict = LmdbMachine.TestCase
TestLmdbStoreAnswersAsADict.settings = settings(max_examples=25, stateful_step_count=20)
TestMemoryStoreAnswersAsADict = MemoryMachine.TestCase
TestMemoryStoreAnswersAsADict.settings = settings(max_examples=25, stateful_step_count=20)
