"""CheckService: requests to columns, the decision, and the decision to answers."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from threading import Semaphore
from typing import Any

import numpy as np

from dncd import explain, history, journal, limits
from dncd.addresses import Fault, Target, phone_faults
from dncd.catalog import Catalog, Catalogs
from dncd.catalog import read as read_catalog
from dncd.check import Batch, Decision, Moment, decide
from dncd.encoding import timestamp
from dncd.errors import AsOfOutOfRange, ChannelNotInPolicy
from dncd.freshness import fresh_snapshot
from dncd.nouns import PHONE_CHANNELS
from dncd.policies import Compiled, channels_of
from dncd.storage.contract import Snapshot, Store
from dncd.storage.keys import Kind
from dncd.tokens import Caller
from dncd.transport import fields
from dncd.transport.addresses import address_text, clear_results, read_batch
from dncd.transport.findings import finding_columns, finding_messages
from dncd.transport.messages import event_about, revision
from dncd.transport.roles import AGENTS_AND_AUDITORS, EVERYONE
from dncd.transport.rpc import Call, Plane, Rpc
from dncd.transport.wire import column, piece
from donotcontact.v1 import check_service_pb2 as pb

_Result: Any = pb.CheckResult


@dataclass(frozen=True, slots=True)
class Answer:
    """A decision with all that an answer says about it."""

    decision: Decision
    catalog: Catalog
    policy: Compiled
    position: int
    contact_ms: int


class CheckHandlers:
    """The handlers of CheckService over one store."""

    def __init__(self, store: Store, catalogs: Catalogs, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._catalogs = catalogs
        self._now_ms = now_ms
        self._freshness_waiters = Semaphore(limits.FRESHNESS_WAITERS_MAX)

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        explained = (pb.ExplainRequest, pb.ExplainResponse)
        return [
            Rpc("CheckService", "Check", pb.CheckRequest, pb.CheckResponse, EVERYONE, Plane.DATA, self.check),
            Rpc("CheckService", "Scrub", pb.ScrubRequest, pb.ScrubResponse, EVERYONE, Plane.BULK, self.scrub),
            Rpc("CheckService", "Explain", *explained, AGENTS_AND_AUDITORS, Plane.READ, self.explain),
        ]

    def check(self, call: Call, request: pb.CheckRequest) -> bytes:
        """Answer rows, each with its findings."""
        rows = request.rows
        fields.batch(len(rows), limits.CHECK_ROWS_MAX)
        texts, regions, references = _row_columns(rows, call.caller.default_region)
        batch = read_batch(fields.channel(request.channel), texts, regions, limits.CHECK_ROWS_MAX)
        answer = self._answer(call.caller, request, batch)
        return _results(answer, batch, references) + _check_tail(self._store.id, answer)

    def scrub(self, call: Call, request: pb.ScrubRequest) -> bytes:
        """Answer a column of addresses with a column of verdicts."""
        batch = _scrub_batch(request, call.caller.default_region)
        answer = self._answer(call.caller, request, batch)
        decision = answer.decision
        findings = b"" if request.omit_findings else finding_columns(answer.catalog, decision)
        shadow = b"" if decision.shadow_verdicts is None else column(6, decision.shadow_verdicts)
        tail = pb.ScrubResponse(
            checked_at=revision(self._store.id, answer.position),
            contact_time=timestamp(answer.contact_ms),
            policy_version=answer.policy.version,
        )
        return b"".join([column(1, decision.verdicts), piece(2, findings), tail.SerializeToString(), shadow])

    def explain(self, call: Call, request: pb.ExplainRequest) -> pb.ExplainResponse:
        """Explain one address, as of now or of the past."""
        caller = call.caller
        row = request.row
        text = fields.text(row.address, "row.address", limits.MESSAGE_BYTES_MAX)
        region = fields.region(row.region, caller.default_region, "row.region")
        reference = fields.text(row.reference, "row.reference", limits.REFERENCE_BYTES_MAX)
        batch = read_batch(fields.channel(request.channel), [text], region, 1)
        address = address_text(batch, 0)
        target = _target_of(batch, address)
        events_max = fields.history_rows(request.history_max)
        with self._store.snapshot() as snapshot:
            keys = history.covering_keys(caller.account_id, target) if target else []
            answer = self._explained(snapshot, caller, request, batch, keys)
            rows, truncated = history.newest(snapshot, keys, answer.position, events_max)
        considered = explain.considered(answer.catalog, answer.policy, batch, answer.decision)
        findings = finding_messages(answer.catalog, answer.decision)
        return pb.ExplainResponse(
            result=_result(answer.decision, 0, address, findings, reference),
            considered=[_considered_message(rule, findings) for rule in considered],
            history=[event_about(journal_row.encoded, keys, caller.account_id) for journal_row in rows],
            answered_at=revision(self._store.id, answer.position),
            contact_time=timestamp(answer.contact_ms),
            policy_version=answer.policy.version,
            history_truncated=truncated,
        )

    def _explained(
        self, snapshot: Snapshot, caller: Caller, request: pb.ExplainRequest, batch: Batch, keys: list[bytes]
    ) -> Answer:
        end = journal.head(snapshot)
        asked_ms = fields.optional_time_ms(request, "contact_time")
        now = self._now(end)
        position, past_ms = _as_of(snapshot, request, self._store.id, now.begins_ms)
        if position is None:
            catalog = read_catalog(snapshot, caller.account_id, self._catalogs.shelf)
            moment = now if asked_ms is None else Moment(asked_ms, asked_ms)
            return _decide(snapshot, catalog, request, batch, end.position, moment)
        contact_ms = past_ms if asked_ms is None else asked_ms
        past = history.rebuild(snapshot, caller.account_id, keys, position)
        with past.snapshot() as then:
            catalog = read_catalog(then, caller.account_id, self._catalogs.shelf)
            if not catalog.labels:
                raise AsOfOutOfRange("the account did not exist yet at that time")
            return _decide(then, catalog, request, batch, position, Moment(contact_ms, contact_ms))

    def _answer(self, caller: Caller, request: Any, batch: Batch) -> Answer:
        with self._snapshot_for(request) as snapshot:
            end = journal.head(snapshot)
            catalog = self._catalogs.at(snapshot, caller.account_id)
            asked_ms = fields.optional_time_ms(request, "contact_time")
            moment = self._now(end) if asked_ms is None else Moment(asked_ms, asked_ms)
            return _decide(snapshot, catalog, request, batch, end.position, moment)

    def _now(self, end: journal.Head) -> Moment:
        now_ms = self._now_ms()
        return Moment(max(now_ms, end.time_ms), now_ms)

    def _snapshot_for(self, request: Any) -> AbstractContextManager[Snapshot]:
        if not request.HasField("at_least_as_fresh"):
            return self._store.snapshot()
        wanted = request.at_least_as_fresh
        return fresh_snapshot(self._store, wanted.store, wanted.position, self._freshness_waiters)


def _decide(snapshot: Snapshot, catalog: Catalog, request: Any, batch: Batch, position: int, moment: Moment) -> Answer:
    policy = catalog.policy(fields.name(request.policy, "policy") if request.policy else "")
    if batch.channel not in channels_of(policy.policy):
        raise ChannelNotInPolicy(
            f"the policy does not name the channel {batch.channel.name}",
            policy=request.policy,
            channel=batch.channel.name,
        )
    return Answer(decide(snapshot, catalog, policy, batch, moment), catalog, policy, position, moment.begins_ms)


def _row_columns(rows: Sequence[pb.CheckRow], default_region: str) -> tuple[list[str], str | list[str], list[str]]:
    """Split rows into columns; one region for all where no row has its own, and no references where no row has one."""
    rows = list(rows)
    texts = [row.address for row in rows]
    regions: str | list[str] = default_region
    if any(own := [row.region for row in rows]):
        regions = [fields.region(region, default_region, f"rows[{index}].region") for index, region in enumerate(own)]
    if not any(references := [row.reference for row in rows]):
        return texts, regions, []
    for index, reference in enumerate(references):
        fields.text(reference, f"rows[{index}].reference", limits.REFERENCE_BYTES_MAX)
    return texts, regions, references


def _scrub_batch(request: pb.ScrubRequest, default_region: str) -> Batch:
    channel = fields.channel(request.channel)
    if request.phones and request.addresses:
        raise fields.invalid("addresses", "must be empty where phones is given")
    fields.batch(len(request.phones) or len(request.addresses), limits.SCRUB_ADDRESSES_MAX)
    if not request.phones:
        region = fields.region(request.region, default_region)
        return read_batch(channel, list(request.addresses), region, limits.SLOW_ADDRESSES_MAX)
    if channel not in PHONE_CHANNELS:
        raise fields.invalid("phones", f"must be empty for {channel.name}; give addresses")
    phones = np.asarray(request.phones, dtype=np.uint64)
    faults = phone_faults(phones, limits.SCRUB_ADDRESSES_MAX)
    if faults.any():
        phones = np.where(faults == Fault.NONE, phones, np.uint64(0))
    return Batch(channel, faults, phones=phones)


def _results(answer: Answer, batch: Batch, references: list[str]) -> bytes:
    """Encode the results of a check, in order, as the first field of its response."""
    decision = answer.decision
    findings = _findings_by_row(answer)
    if references or decision.shadow_verdicts is not None:
        rows = range(len(batch.faults))
        references = references or [""] * len(rows)
        return b"".join([_encoded(answer, batch, row, findings.get(row, ()), references[row]) for row in rows])
    clear = clear_results(batch)
    pieces, begin = [], 0
    for row, found in findings.items():
        pieces += [clear.rows(begin, row), _encoded(answer, batch, row, found, "")]
        begin = row + 1
    return b"".join([*pieces, clear.rows(begin)])


def _findings_by_row(answer: Answer) -> dict[int, list[Any]]:
    """Gather the messages of the findings by row, in the order of rows."""
    by_row: dict[int, list[Any]] = {}
    if len(answer.decision.findings):
        messages = finding_messages(answer.catalog, answer.decision)
        for row, message in zip(answer.decision.findings["row"].tolist(), messages, strict=True):
            by_row.setdefault(row, []).append(message)
    return by_row


def _encoded(answer: Answer, batch: Batch, row: int, findings: Sequence[Any], reference: str) -> bytes:
    result = _result(answer.decision, row, address_text(batch, row), findings, reference)
    return piece(1, result.SerializeToString())


def _result(decision: Decision, row: int, address: str, findings: Sequence[Any], reference: str) -> Any:
    shadow = decision.shadow_verdicts
    return _Result(
        verdict=int(decision.verdicts[row]),
        address=address,
        findings=findings,
        shadow_verdict=0 if shadow is None else int(shadow[row]),
        reference=reference,
    )


def _check_tail(store_id: str, answer: Answer) -> bytes:
    return pb.CheckResponse(
        checked_at=revision(store_id, answer.position),
        contact_time=timestamp(answer.contact_ms),
        policy_version=answer.policy.version,
    ).SerializeToString()


def _target_of(batch: Batch, address: str) -> Target | None:
    if not address:
        return None
    return Target(Kind.EMAIL if batch.phones is None else Kind.PHONE, address)


def _as_of(snapshot: Snapshot, request: pb.ExplainRequest, store_id: str, now_ms: int) -> tuple[int | None, int]:
    """Return the position asked about, None for now, and its time."""
    asked = request.WhichOneof("as_of")
    if asked is None:
        return None, now_ms
    end = journal.head(snapshot)
    if asked == "time":
        past_ms = fields.time_ms(request.time, "time")
        position = journal.position_at(snapshot, past_ms)
        if position == 0 or past_ms > now_ms:
            raise AsOfOutOfRange("the time lies before the first event or in the future")
        return position, past_ms
    fields.same_store(request.revision.store, store_id)
    position = request.revision.position
    if not 1 <= position <= end.position:
        raise AsOfOutOfRange("the revision lies before the first event or in the future")
    return position, journal.find(snapshot, position).event().time_ms


def _considered_message(rule: explain.Considered, findings: list[Any]) -> Any:
    build: Any = pb.ConsideredRule
    finding = findings[rule.finding] if rule.finding is not None else None
    return build(rule=rule.rule, subject=rule.subject, sentence=rule.sentence, finding=finding)
