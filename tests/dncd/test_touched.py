"""What is known about addresses is the same whichever way it was written."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dncd import events, journal
from dncd.addresses import Target
from dncd.nouns import (
    Channel,
    ConsentKind,
    EntryReason,
    MessageClass,
    OptInStatus,
    Purpose,
    RemovalReason,
    ReviewDecision,
    Role,
    Source,
)
from dncd.storage.contract import Mask, Table, Transaction
from dncd.storage.keys import Kind
from dncd.storage.memory import MemoryStore

PHONES = [Target(Kind.PHONE, f"+1415555010{digit}") for digit in range(5)]
TARGETS = [*PHONES, Target(Kind.EMAIL, "ann@example.com"), Target(Kind.PREFIX, "+1201*")]
LABELS = ["do-not-contact", "do-not-text"]

entries = st.builds(
    events.AddedEntry,
    st.sampled_from(TARGETS),
    st.sampled_from(LABELS),
    st.sampled_from([Source.AGENT, Source.IMPORT]),
    st.just(EntryReason.LEGAL),
    st.just(""),
    st.just(events.NO_EVIDENCE),
    st.sampled_from([0, 5_000]),
    st.sampled_from([0, 50_000, 90_000]),
)
removed = st.builds(events.RemovedEntry, st.sampled_from(TARGETS), st.sampled_from(LABELS))
changes: st.SearchStrategy[Any] = st.one_of(
    st.builds(events.EntriesAdded, st.lists(entries, min_size=1, max_size=8)),
    st.builds(
        events.EntriesRemoved, st.lists(removed, min_size=1, max_size=4), st.just(RemovalReason.LEGAL_INSTRUCTION)
    ),
    st.builds(events.OptInSet, st.sampled_from(PHONES), st.just(OptInStatus.REJECTED), st.just(Source.AGENT)),
    st.builds(events.OptInClaimed, st.sampled_from(PHONES)),
    st.builds(
        events.InboundMessageRecorded,
        st.sampled_from(PHONES),
        st.sampled_from([Channel.SMS, Channel.WHATSAPP]),
        st.sampled_from(MessageClass),
        st.just("keyword"),
    ),
    st.builds(events.ReviewDecided, st.integers(1, 6), st.sampled_from(PHONES), st.sampled_from(ReviewDecision)),
    st.builds(
        events.ConsentRecorded,
        st.sampled_from(PHONES),
        st.sampled_from(ConsentKind),
        st.just(frozenset({Channel.VOICE})),
        st.sampled_from([None, Purpose.SURVEY]),
        st.just(""),
        st.sampled_from([0, 900]),
        st.sampled_from([0, 90_000]),
        st.just(Source.API),
    ),
    st.builds(
        events.ConsentRevoked,
        st.sampled_from(PHONES),
        st.just(frozenset({Channel.VOICE})),
        st.just(frozenset[Purpose]()),
        st.just(False),
        st.just(Source.AGENT),
    ),
    st.builds(
        events.PermissionAnswered,
        st.sampled_from(PHONES),
        st.just(Channel.SMS),
        st.just(""),
        st.booleans(),
        st.sampled_from([0, 90_000]),
    ),
    st.builds(events.SendClaimed, st.integers(1, 6), st.sampled_from(PHONES)),
)


class Suspicious:
    """A transaction whose index rules nothing out."""

    def __init__(self, txn: Transaction) -> None:
        self._txn = txn

    def __getattr__(self, name: str) -> Any:
        return getattr(self._txn, name)

    def maybe_known(self, keys: Sequence[bytes]) -> Mask:
        return np.ones(len(keys), dtype=np.bool_)


def written(chosen: Sequence[Any], wrap: Callable[[Transaction], Any]) -> dict[Table, list[tuple[bytes, bytes]]]:
    store = MemoryStore()
    with store.transaction() as txn:
        for time_ms, change in enumerate([events.AccountCreated("acme"), *chosen], start=1_000):
            journal.accept(wrap(txn), events.Draft(1, "me", Role.ADMIN, change), time_ms)
    with store.snapshot() as snapshot:
        return {table: list(snapshot.scan(table)) for table in Table}


@settings(max_examples=200)
@given(st.lists(changes, max_size=6))
def test_addresses_that_the_index_rules_out_are_written_as_those_that_are_looked_for(chosen: list[Any]) -> None:
    ruled_out = written(chosen, lambda txn: txn)
    looked_for = written(chosen, Suspicious)

    assert ruled_out == looked_for
