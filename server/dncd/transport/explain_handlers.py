"""CheckService for people: the explanation of one address."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from dncd import explain, history, journal, limits
from dncd.addresses import Target
from dncd.attempts import count_keys
from dncd.batch import Batch, Moment
from dncd.catalog import read as read_catalog
from dncd.encoding import timestamp
from dncd.errors import AsOfOutOfRange, PolicyNotFound, quoted
from dncd.events import Policy
from dncd.remedies import remedies
from dncd.screens import ShelfOfPast
from dncd.storage.contract import Snapshot
from dncd.storage.keys import Kind
from dncd.tokens import Caller
from dncd.transport import fields
from dncd.transport.addresses import address_text
from dncd.transport.answers import result_message, retry_of
from dncd.transport.deciding import Answer, Decider, answer_at, moment_asked
from dncd.transport.findings import finding_messages
from dncd.transport.messages import event_about, revision
from dncd.transport.policy_fields import draft_of
from dncd.transport.roles import AGENTS_AND_AUDITORS
from dncd.transport.rows import check_rows
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import check_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class Then:
    """A state of knowledge of the past: a revision, and the first and the last moment at which it was the newest.

    Attempts have no revisions: which of them were known depends on the moment in between. Asked by time, it is one
    moment alone.
    """

    position: int
    first_ms: int
    last: Moment

    def known_ms(self, contact: Moment) -> int:
        """Return when a question about a moment of contact was most likely answered: then, or as near as may be."""
        return min(max(contact.begins_ms, self.first_ms), self.last.begins_ms)


class ExplainHandlers:
    """The handler of Explain."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self._store = decider.store
        self._catalogs = decider.catalogs

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        explained = (pb.ExplainRequest, pb.ExplainResponse)
        return [Rpc("CheckService", "Explain", *explained, AGENTS_AND_AUDITORS, Plane.READ, self.explain)]

    def explain(self, call: Call, request: pb.ExplainRequest) -> pb.ExplainResponse:
        """Explain one address, as of now or of the past."""
        caller = call.caller
        fields.text(request.row.address, "row.address", limits.MESSAGE_BYTES_MAX)
        channel = fields.channel(request.channel)
        batch, references = check_rows([request.row], channel, caller.default_region, "row.")
        draft = draft_of(request, self._catalogs.book)
        target = _target_of(batch, address_text(batch, 0))
        events_max = fields.history_rows(request.history_max)
        with self._store.snapshot() as snapshot:
            keys = history.covering_keys(caller.account_id, target) if target else []
            answer = self._explained(snapshot, caller, request, batch, keys, draft)
            rows, truncated = history.newest(snapshot, keys, answer.position, events_max)
        retry = retry_of(answer)
        considered = explain.considered(answer.catalog, answer.policy, batch, answer.decision)
        findings = finding_messages(answer.catalog, answer.decision)
        place = explain.place_of(answer.catalog, batch)
        return pb.ExplainResponse(
            result=result_message(answer, batch, 0, findings, references[0] if references else "", retry),
            considered=[_considered_message(rule, findings) for rule in considered],
            history=[event_about(journal_row.encoded, keys, caller.account_id) for journal_row in rows],
            answered_at=revision(self._store.id, answer.position),
            contact_time=timestamp(answer.contact_ms),
            policy_version=answer.policy.version,
            history_truncated=truncated,
            remedies=remedies(answer.catalog, answer.decision, int(retry[0]) if retry is not None else 0),
            regions=sorted(place.regions),
            time_zones=place.zones,
        )

    def _explained(
        self,
        snapshot: Snapshot,
        caller: Caller,
        request: pb.ExplainRequest,
        batch: Batch,
        keys: list[bytes],
        draft: Policy | None,
    ) -> Answer:
        end = journal.head(snapshot)
        asked_ms = fields.optional_time_ms(request, "contact_time")
        now = self._decider.now(end)
        then = _as_of(snapshot, request, self._store.id, now)
        if then is None:
            catalog = self._catalogs.at(snapshot, caller.account_id)
            policy = self._decider.policy(snapshot, catalog, request.policy, draft)
            moment = moment_asked(now, asked_ms)
            return answer_at(snapshot, catalog, policy, batch, end.position, moment)
        if draft is not None:
            raise fields.invalid("draft", "must not be set together with as_of: the past knows no draft")
        contact = then.last if asked_ms is None else Moment(asked_ms, asked_ms)
        past = history.rebuild(snapshot, caller.account_id, keys, then.position)
        counted = _count_keys(caller.account_id, batch)
        history.copy_attempts(snapshot, past, counted, then.known_ms(contact))
        with past.snapshot() as rebuilt:
            shelf = ShelfOfPast(self._catalogs.shelf, snapshot)
            catalog = read_catalog(rebuilt, caller.account_id, shelf, self._catalogs.book)
            if not catalog.labels:
                raise AsOfOutOfRange("the account did not exist yet at that time")
            try:
                policy = self._decider.policy(rebuilt, catalog, request.policy)
            except PolicyNotFound as error:
                raise PolicyNotFound(f"no policy {quoted(request.policy)} was in force then", **error.figures) from None
            return answer_at(rebuilt, catalog, policy, batch, then.position, contact)


def _target_of(batch: Batch, address: str) -> Target | None:
    if not address:
        return None
    return Target(Kind.EMAIL if batch.phones is None else Kind.PHONE, address)


def _count_keys(account_id: int, batch: Batch) -> Iterable[bytes]:
    """Return the keys that attempts of the one row are counted under."""
    target = _target_of(batch, address_text(batch, 0))
    contact_id = batch.contact_ids[0] if batch.contact_ids else ""
    debt_id = batch.debt_ids[0] if batch.debt_ids else ""
    return count_keys(account_id, target, contact_id, debt_id).values() if target else ()


def _as_of(snapshot: Snapshot, request: pb.ExplainRequest, store_id: str, now: Moment) -> Then | None:
    """Return the state of knowledge that is asked about, None for that of now."""
    asked = request.WhichOneof("as_of")
    if asked is None:
        return None
    end = journal.head(snapshot)
    if asked == "time":
        past_ms = fields.time_ms(request.time, "time")
        position = journal.position_at(snapshot, past_ms)
        if position == 0 or past_ms > now.begins_ms:
            raise AsOfOutOfRange("the time lies before the first event or in the future")
        return Then(position, past_ms, Moment(past_ms, past_ms))
    fields.same_store(request.revision.store, store_id)
    position = request.revision.position
    if not 1 <= position <= end.position:
        raise AsOfOutOfRange("the revision lies before the first event or in the future")
    first_ms = journal.find(snapshot, position).event().time_ms
    if position == end.position:
        return Then(position, first_ms, now)
    # The moment before the next event, which may have the same time.
    last_ms = max(first_ms, journal.find(snapshot, position + 1).event().time_ms - 1)
    return Then(position, first_ms, Moment(last_ms, last_ms))


def _considered_message(rule: explain.Considered, findings: list[Any]) -> Any:
    build: Any = pb.ConsideredRule
    finding = findings[rule.finding] if rule.finding is not None else None
    return build(rule=rule.rule, subject=rule.subject, sentence=rule.sentence, finding=finding)
