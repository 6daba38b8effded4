"""Deciding for callers: the snapshot, the catalog, the policy and the moment that an answer is computed from."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Semaphore
from typing import Any

from dncd import journal, limits
from dncd.batch import Batch, Moment
from dncd.catalog import Catalog, Catalogs, compile_draft
from dncd.check import Decision, decide
from dncd.errors import ChannelNotInPolicy
from dncd.events import Policy
from dncd.freshness import fresh_snapshot
from dncd.policies import Compiled, channels_of
from dncd.storage.contract import Snapshot, Store
from dncd.tokens import Caller
from dncd.transport import fields

_MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision with all that an answer says about it."""

    decision: Decision
    catalog: Catalog
    policy: Compiled
    position: int
    contact_ms: int


class Decider:
    """Decides batches over one store. Threads may share it."""

    def __init__(self, store: Store, catalogs: Catalogs, now_ms: Callable[[], int]) -> None:
        self.store = store
        self.catalogs = catalogs
        self._now_ms = now_ms
        self._freshness_waiters = Semaphore(limits.FRESHNESS_WAITERS_MAX)

    def answer(self, caller: Caller, request: Any, batch: Batch, draft: Policy | None = None) -> Answer:
        """Decide what a request asks, under its policy or a draft, now or at its contact time, as fresh as it wants."""
        asked_ms = fields.optional_time_ms(request, "contact_time")
        with self.snapshot_for(request) as snapshot:
            end = journal.head(snapshot)
            catalog = self.catalogs.at(snapshot, caller.account_id)
            policy = self.policy(snapshot, catalog, request.policy, draft)
            moment = _moment_of_contact(self.now(end), asked_ms)
            return answer_at(snapshot, catalog, policy, batch, end.position, moment)

    def answer_now(self, caller: Caller, policy_name: str, batch: Batch) -> Answer:
        """Decide a batch under a policy, by name, now."""
        with self.store.snapshot() as snapshot:
            end = journal.head(snapshot)
            catalog = self.catalogs.at(snapshot, caller.account_id)
            policy = self.policy(snapshot, catalog, policy_name)
            return answer_at(snapshot, catalog, policy, batch, end.position, self.now(end))

    def policy(self, snapshot: Snapshot, catalog: Catalog, name: str, draft: Policy | None = None) -> Compiled:
        """Return a draft compiled, or the policy in force; raises `PolicyNotFound`."""
        if draft is not None:
            return compile_draft(snapshot, catalog, draft)
        return catalog.policy(snapshot, fields.name(name, "policy") if name else "")

    def now(self, end: journal.Head) -> Moment:
        """Return the moment that it is."""
        now_ms = self._now_ms()
        return Moment(max(now_ms, end.time_ms), now_ms)

    def snapshot_for(self, request: Any) -> AbstractContextManager[Snapshot]:
        """Open a snapshot that is as fresh as a request wants."""
        if not request.HasField("at_least_as_fresh"):
            return self.store.snapshot()
        wanted = request.at_least_as_fresh
        return fresh_snapshot(self.store, wanted.store, wanted.position, self._freshness_waiters)


def moment_asked(now: Moment, asked_ms: int | None) -> Moment:
    """Return the moment that is asked about, which may be past; for one to come all counts that has begun by now."""
    if asked_ms is None:
        return now
    return Moment(asked_ms if asked_ms < now.ends_ms else max(asked_ms, now.begins_ms), asked_ms)


def _moment_of_contact(now: Moment, asked_ms: int | None) -> Moment:
    """Return the moment of a contact that may be allowed: now or later. Raises `InvalidFields` for what is surely past.

    Of a moment that has passed nobody can contact anyone, and what began since would not count: so one that is past by
    no more than clocks differ is now.
    """
    if asked_ms is None or asked_ms >= now.ends_ms:
        return moment_asked(now, asked_ms)
    if asked_ms < now.ends_ms - limits.CONTACT_PAST_MINUTES_MAX * _MINUTE_MS:
        raise fields.invalid(
            "contact_time",
            f"must not be over {limits.CONTACT_PAST_MINUTES_MAX} minutes ago; Explain answers about the past",
        )
    return now


def answer_at(
    snapshot: Snapshot, catalog: Catalog, policy: Compiled, batch: Batch, position: int, moment: Moment
) -> Answer:
    """Decide a batch over a snapshot. Raises `ChannelNotInPolicy`."""
    if batch.channel not in channels_of(policy.policy):
        raise ChannelNotInPolicy(
            f"the policy does not name the channel {batch.channel.name}",
            policy=policy.policy.name,
            channel=batch.channel.name,
        )
    return Answer(decide(snapshot, catalog, policy, batch, moment), catalog, policy, position, moment.begins_ms)
