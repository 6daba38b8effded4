"""CheckService: requests to columns, the decision, and the decision to answers."""

from dncd import limits
from dncd.encoding import timestamp
from dncd.transport import fields
from dncd.transport.answers import check_tail, encoded_results, retry_of
from dncd.transport.deciding import Decider
from dncd.transport.findings import finding_columns
from dncd.transport.messages import revision
from dncd.transport.roles import EVERYONE
from dncd.transport.rows import request_rows, scrub_batch
from dncd.transport.rpc import Call, Plane, Rpc
from dncd.transport.wire import column, piece
from donotcontact.v1 import check_service_pb2 as pb


class CheckHandlers:
    """The handlers of CheckService for machines: Check and Scrub."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self._store = decider.store

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        return [
            Rpc("CheckService", "Check", pb.CheckRequest, pb.CheckResponse, EVERYONE, Plane.DATA, self.check),
            Rpc("CheckService", "Scrub", pb.ScrubRequest, pb.ScrubResponse, EVERYONE, Plane.BULK, self.scrub),
        ]

    def check(self, call: Call, request: pb.CheckRequest) -> bytes:
        """Answer rows, each with its findings."""
        fields.batch(len(request.rows), limits.CHECK_ROWS_MAX)
        batch, references = request_rows(request, call.caller.default_region)
        answer = self._decider.answer(call.caller, request, batch)
        return encoded_results(answer, batch, references) + check_tail(self._store.id, answer)

    def scrub(self, call: Call, request: pb.ScrubRequest) -> bytes:
        """Answer a column of addresses with a column of verdicts."""
        batch = scrub_batch(request, call.caller.default_region)
        answer = self._decider.answer(call.caller, request, batch)
        decision = answer.decision
        findings = b"" if request.omit_findings else finding_columns(answer.catalog, decision)
        shadow = b"" if decision.shadow_verdicts is None else column(6, decision.shadow_verdicts)
        times = retry_of(answer)
        retry = b"" if times is None else column(7, times)
        tail = pb.ScrubResponse(
            checked_at=revision(self._store.id, answer.position),
            contact_time=timestamp(answer.contact_ms),
            policy_version=answer.policy.version,
        )
        return b"".join([column(1, decision.verdicts), piece(2, findings), tail.SerializeToString(), shadow, retry])
