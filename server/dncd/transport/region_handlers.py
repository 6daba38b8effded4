"""PolicyService: the regions that an account closed, and the rule packs there are."""

from dncd import journal, limits, regions
from dncd.encoding import timestamp
from dncd.events import RegionClosed, RegionOpened
from dncd.openings import round_up
from dncd.rulebook import Rulebook
from dncd.rules.sentences import kind_of, sentence
from dncd.transport import fields
from dncd.transport.changes import Changes
from dncd.transport.messages import revision
from dncd.transport.policy_fields import region_of
from dncd.transport.roles import ADMINS, EVERYONE
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import policy_service_pb2 as pb


class RegionHandlers:
    """The handlers of regions and rule packs."""

    def __init__(self, changes: Changes, book: Rulebook) -> None:
        self._changes = changes
        self._store = changes.store
        self._book = book

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        name, control = "PolicyService", Plane.CONTROL
        listed = (pb.ListClosedRegionsRequest, pb.ListClosedRegionsResponse)
        packs = (pb.ListRulePacksRequest, pb.ListRulePacksResponse)
        return [
            Rpc(name, "CloseRegion", pb.CloseRegionRequest, pb.CloseRegionResponse, ADMINS, control, self.close),
            Rpc(name, "OpenRegion", pb.OpenRegionRequest, pb.OpenRegionResponse, ADMINS, control, self.open),
            Rpc(name, "ListClosedRegions", *listed, EVERYONE, control, self.list_closed),
            Rpc(name, "ListRulePacks", *packs, EVERYONE, control, self.list_packs),
        ]

    def close(self, call: Call, request: pb.CloseRegionRequest) -> pb.CloseRegionResponse:
        """Close a region until a time."""
        until_ms = fields.optional_time_ms(request, "until")
        if until_ms is None:
            raise fields.invalid("until", "must say when the region opens again")
        reason = fields.text(request.reason, "reason", limits.NOTE_BYTES_MAX)
        if not fields.said(reason):
            raise fields.invalid("reason", "must say why: it is kept in the journal")
        change = RegionClosed(region_of(request.region, self._book, "region"), round_up(until_ms), reason)
        written = self._changes.accept(call, request, change)
        return pb.CloseRegionResponse(written_at=revision(self._store.id, written.position))

    def open(self, call: Call, request: pb.OpenRegionRequest) -> pb.OpenRegionResponse:
        """Open a region again."""
        reason = fields.text(request.reason, "reason", limits.NOTE_BYTES_MAX)
        change = RegionOpened(region_of(request.region, self._book, "region"), reason)
        written = self._changes.accept(call, request, change)
        return pb.OpenRegionResponse(
            changed=bool(written.codes[0]), written_at=revision(self._store.id, written.position)
        )

    def list_closed(self, call: Call, _: pb.ListClosedRegionsRequest) -> pb.ListClosedRegionsResponse:
        """List the regions that are closed or were."""
        with self._store.snapshot() as snapshot:
            closed = list(regions.scan(snapshot, call.caller.account_id))
            position = journal.head(snapshot).position
        return pb.ListClosedRegionsResponse(
            regions=map(_closed_message, closed), read_at=revision(self._store.id, position)
        )

    def list_packs(self, _: Call, __: pb.ListRulePacksRequest) -> pb.ListRulePacksResponse:
        """List the rule packs of this server."""
        packs = self._book.packs.values()
        return pb.ListRulePacksResponse(
            packs=[
                pb.RulePack(
                    name=pack.name,
                    title=pack.title,
                    rules=[
                        pb.PackRule(
                            id=rule.id,
                            kind=kind_of(rule),
                            region=rule.region,
                            sentence=sentence(rule),
                            citation=rule.citation,
                            effective=rule.effective.isoformat(),
                            confidence=rule.confidence,
                        )
                        for rule in pack.rules()
                    ],
                )
                for pack in packs
            ]
        )


def _closed_message(closed: regions.ClosedRegion) -> pb.ClosedRegion:
    return pb.ClosedRegion(
        region=closed.region,
        until=timestamp(closed.until_ms),
        reason=closed.reason,
        closed_at=timestamp(closed.closed_at_ms),
        event_position=closed.position,
    )
