"""CheckService for people who plan: a column of addresses, counted."""

from collections.abc import Mapping

from dncd import journal, limits
from dncd.batch import Moment
from dncd.check import Decision
from dncd.encoding import timestamp
from dncd.nouns import Verdict
from dncd.preview import count_reasons, count_verdicts
from dncd.transport import fields
from dncd.transport.deciding import Decider, answer_at, moment_asked
from dncd.transport.messages import revision
from dncd.transport.policy_fields import draft_of
from dncd.transport.roles import EVERYONE
from dncd.transport.rows import scrub_batch
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import check_service_pb2 as pb

_HOUR_MS = 3_600_000


class PreviewHandlers:
    """The handler of Preview."""

    def __init__(self, decider: Decider) -> None:
        self._decider = decider
        self._store = decider.store

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        previewed = (pb.PreviewRequest, pb.PreviewResponse)
        return [Rpc("CheckService", "Preview", *previewed, EVERYONE, Plane.BULK, self.preview)]

    def preview(self, call: Call, request: pb.PreviewRequest) -> pb.PreviewResponse:
        """Count what a policy or a draft answers, now and in the coming hours, over one snapshot."""
        if request.hours > limits.PREVIEW_HOURS_MAX:
            raise fields.invalid("hours", f"must be at most {limits.PREVIEW_HOURS_MAX}")
        draft = draft_of(request, self._decider.catalogs.book)
        with fields.below("scrub"):
            batch = scrub_batch(request.scrub, call.caller.default_region)
            asked_ms = fields.optional_time_ms(request.scrub, "contact_time")
            name = fields.name(request.scrub.policy, "policy") if request.scrub.policy else ""
        with self._decider.snapshot_for(request.scrub) as snapshot:
            end = journal.head(snapshot)
            catalog = self._decider.catalogs.at(snapshot, call.caller.account_id)
            policy = self._decider.policy(snapshot, catalog, name, draft)
            moment = moment_asked(self._decider.now(end), asked_ms)
            answer = answer_at(snapshot, catalog, policy, batch, end.position, moment)
            open_by_hour = []
            for hour in range(request.hours):
                later = _later(moment, hour)
                decision = answer_at(snapshot, catalog, policy, batch, end.position, later).decision if hour else None
                open_by_hour.append((later.begins_ms, _allowed(decision or answer.decision)))
        decision = answer.decision
        shadow = {} if decision.shadow_verdicts is None else count_verdicts(decision.shadow_verdicts)
        return pb.PreviewResponse(
            verdicts=_verdict_counts(count_verdicts(decision.verdicts)),
            shadow_verdicts=_verdict_counts(shadow),
            reasons=[
                pb.ReasonCount(
                    rule=int(reason.rule),  # type: ignore[arg-type]  # plain integers pass for enums
                    verdict=int(reason.verdict),  # type: ignore[arg-type]  # plain integers pass for enums
                    subject=reason.subject,
                    addresses=addresses,
                    shadow=reason.shadow,
                )
                for reason, addresses in count_reasons(answer.catalog, decision)
            ],
            open=[pb.OpenCount(time=timestamp(time_ms), addresses=addresses) for time_ms, addresses in open_by_hour],
            checked_at=revision(self._store.id, answer.position),
            contact_time=timestamp(answer.contact_ms),
            policy_version=answer.policy.version,
        )


def _later(moment: Moment, hours: int) -> Moment:
    begins_ms, ends_ms = (
        min(time + hours * _HOUR_MS, limits.TIME_MS_MAX) for time in (moment.begins_ms, moment.ends_ms)
    )
    return Moment(begins_ms, ends_ms)


def _allowed(decision: Decision) -> int:
    return int((decision.verdicts == Verdict.ALLOW).sum())


def _verdict_counts(counts: Mapping[Verdict, int]) -> list[pb.VerdictCount]:
    return [
        pb.VerdictCount(verdict=int(verdict), addresses=count)  # type: ignore[arg-type]  # plain integers pass for enums
        for verdict, count in counts.items()
    ]
