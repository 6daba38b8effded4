"""ConsentService: the opt-in to texts."""

from dncd import journal, limits
from dncd.encoding import timestamp
from dncd.events import OptInClaimed, OptInSet
from dncd.nouns import OptInStatus, Source
from dncd.optin import status_of
from dncd.records import opt_in_of
from dncd.touched import read as read_known
from dncd.transport import fields
from dncd.transport.changes import Changes
from dncd.transport.messages import revision
from dncd.transport.roles import AGENTS, CHECKERS, EVERYONE
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import consent_service_pb2 as pb


class ConsentHandlers:
    """The handlers of ConsentService."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._store = changes.store

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        name, control = "ConsentService", Plane.CONTROL
        claimed = (pb.ClaimOptInRequestRequest, pb.ClaimOptInRequestResponse)
        return [
            Rpc(name, "GetOptIn", pb.GetOptInRequest, pb.GetOptInResponse, EVERYONE, control, self.get),
            Rpc(name, "SetOptIn", pb.SetOptInRequest, pb.SetOptInResponse, AGENTS, control, self.set_),
            Rpc(name, "ClaimOptInRequest", *claimed, CHECKERS, control, self.claim),
        ]

    def get(self, call: Call, request: pb.GetOptInRequest) -> pb.GetOptInResponse:
        """Tell the status of one number."""
        target = fields.phone_target(request.address, fields.region(request.region, call.caller.default_region))
        with self._store.snapshot() as snapshot:
            records = read_known(snapshot, target.key(call.caller.account_id)).records
            position = journal.head(snapshot).position
        record = opt_in_of(records)
        return pb.GetOptInResponse(
            address=target.text,
            status=status_of(records),  # type: ignore[arg-type]  # plain integers pass for enums
            since=timestamp(record.recorded_at_ms) if record else None,
            event_position=record.position if record else 0,
            read_at=revision(self._store.id, position),
        )

    def set_(self, call: Call, request: pb.SetOptInRequest) -> pb.SetOptInResponse:
        """Record a status."""
        change = OptInSet(
            target=fields.phone_target(request.address, fields.region(request.region, call.caller.default_region)),
            status=fields.choice(OptInStatus, request.status, "status"),
            source=fields.choice(Source, request.source, "source"),
            note=fields.text(request.note, "note", limits.NOTE_BYTES_MAX),
            evidence=fields.evidence(request.evidence),
        )
        written = self._changes.accept(call, request, change)
        return pb.SetOptInResponse(
            before=written.codes[0],  # type: ignore[arg-type]  # plain integers pass for enums
            status=change.status,  # type: ignore[arg-type]  # plain integers pass for enums
            written_at=revision(self._store.id, written.position),
        )

    def claim(self, call: Call, request: pb.ClaimOptInRequestRequest) -> pb.ClaimOptInRequestResponse:
        """Grant the opt-in request to the first who asks."""
        change = OptInClaimed(
            target=fields.phone_target(request.address, fields.region(request.region, call.caller.default_region)),
            campaign=fields.text(request.campaign, "campaign", limits.EVIDENCE_FIELD_BYTES_MAX),
        )
        written = self._changes.accept(call, request, change)
        granted, status, blocked = written.codes
        return pb.ClaimOptInRequestResponse(
            granted=bool(granted),
            status=status,  # type: ignore[arg-type]  # plain integers pass for enums
            blocked_by_entry=bool(blocked),
            written_at=revision(self._store.id, written.position),
        )
