"""The catalog of an account: labels, compiled policies, prefixes, domains, closed regions, as a worker holds them.

It is read from a snapshot, and read anew when the snapshot's catalog version differs: so a worker sees the changes of
the others without being told. Policies are compiled when they are first asked: an account may have a thousand.
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Final

import numpy as np

from dncd import accounts, consents, entries, labels, policies, regions
from dncd.errors import PolicyNotFound
from dncd.events import Label, Policy
from dncd.findings import Rows
from dncd.policies import Applied, Compiled, compile_policy
from dncd.regions import ClosedRegion
from dncd.registry.shelf import Shelf
from dncd.rulebook import Rulebook
from dncd.screens import read_screens
from dncd.storage.contract import Phones, Snapshot
from dncd.storage.keys import Kind, text_key

_POWERS_OF_TEN: Final = 10 ** np.arange(0, 20, dtype=np.uint64)


@dataclass(frozen=True)
class Catalog:
    """What an account has beside its addresses, at one version; threads may share it.

    The version is a pair: that of the account's own catalog, and that of the registries. `compiled` are the policies
    that were asked so far.
    """

    account_id: int
    version: tuple[int, int]
    labels: dict[int, Label]
    prefixes: tuple[str, ...]
    domains: frozenset[str]
    closed: tuple[ClosedRegion, ...]
    shelf: Shelf
    book: Rulebook
    compiled: dict[str, Compiled] = field(default_factory=dict)

    def policy(self, snapshot: Snapshot, name: str) -> Compiled:
        """Return a compiled policy as of a snapshot of this version; the empty name is the default.

        Costs 1 to 2 ms the first time. Raises `PolicyNotFound`.
        """
        compiled = self.compiled.get(name)
        if compiled is None:
            applied = policies.find(snapshot, self.account_id, name) if name else Applied(policies.DEFAULT, 0, 0)
            # Two threads may compile it at once: what they get is the same.
            compiled = _compile(snapshot, self.account_id, applied, self.labels, self.shelf, self.book)
            self.compiled[name] = compiled
        return compiled

    def compile_again(self, snapshot: Snapshot, before: "Catalog") -> None:
        """Compile the policies that an earlier catalog had compiled, while their lists are still open there.

        To open a list anew takes a tenth of a second where it is large, since all of its pages are touched.
        """
        for name in tuple(before.compiled):
            with suppress(PolicyNotFound):
                self.policy(snapshot, name)

    def covering_prefixes(self, phones: Phones) -> Iterator[tuple[Rows, list[bytes]]]:
        """Yield, for each length of prefix, the rows that a prefix covers and the address keys of those prefixes."""
        if not self.prefixes:
            return
        digits = np.searchsorted(_POWERS_OF_TEN, phones, side="right")
        for length, prefixes in self._prefixes_by_length.items():
            rest = np.maximum(digits - length, 0)
            heads = phones // _POWERS_OF_TEN[rest]
            places = np.minimum(np.searchsorted(prefixes, heads), len(prefixes) - 1)
            rows = np.flatnonzero((digits >= length) & (prefixes[places] == heads))
            yield rows, [text_key(self.account_id, Kind.PREFIX, str(head)) for head in heads[rows].tolist()]

    @cached_property
    def _prefixes_by_length(self) -> dict[int, Phones]:
        lengths = sorted({len(prefix) for prefix in self.prefixes})
        return {
            length: np.array(sorted(int(p) for p in self.prefixes if len(p) == length), dtype=np.uint64)
            for length in lengths
        }


def read(snapshot: Snapshot, account_id: int, shelf: Shelf, book: Rulebook) -> Catalog:
    """Read an account's catalog from a snapshot; the snapshots of registries come from a shelf."""
    return Catalog(
        account_id,
        _version(snapshot, account_id),
        dict(labels.scan(snapshot, account_id)),
        tuple(entries.scan_patterns(snapshot, account_id, Kind.PREFIX)),
        frozenset(entries.scan_patterns(snapshot, account_id, Kind.DOMAIN)),
        tuple(regions.scan(snapshot, account_id)),
        shelf,
        book,
    )


def compile_draft(snapshot: Snapshot, catalog: Catalog, policy: Policy) -> Compiled:
    """Compile a policy that is not applied; its version is 0. Raises `InvalidFields` for names that are not there."""
    policies.check_names(snapshot, catalog.account_id, policy, "draft")
    return _compile(snapshot, catalog.account_id, Applied(policy, 0, 0), catalog.labels, catalog.shelf, catalog.book)


def _compile(
    snapshot: Snapshot, account_id: int, applied: Applied, known: dict[int, Label], shelf: Shelf, book: Rulebook
) -> Compiled:
    screens = read_screens(snapshot, account_id, applied.policy, shelf)
    scope_id = consents.scope_id_of(snapshot, account_id, applied.policy.name) or 0
    return compile_policy(applied, known, screens, book, scope_id)


class Catalogs:
    """The catalogs of all accounts that were asked about; threads may share it."""

    def __init__(self, shelf: Shelf, book: Rulebook) -> None:
        self.shelf = shelf
        self.book = book
        self._reading = Lock()
        self._known: dict[int, Catalog] = {}

    def at(self, snapshot: Snapshot, account_id: int) -> Catalog:
        """Return an account's catalog as of a snapshot; costs one read where nothing changed."""
        known = self._known.get(account_id)
        version = _version(snapshot, account_id)
        if known is None or known.version != version:
            # One thread reads it, and those that wait for the same find it read.
            with self._reading:
                known = self._known.get(account_id)
                if known is None or known.version != version:
                    fresh = read(snapshot, account_id, self.shelf, self.book)
                    if known is not None:
                        fresh.compile_again(snapshot, known)
                    known = self._known[account_id] = fresh
        return known


def _version(snapshot: Snapshot, account_id: int) -> tuple[int, int]:
    return accounts.catalog_version(snapshot, account_id), accounts.catalog_version(snapshot, accounts.SERVER_ID)
