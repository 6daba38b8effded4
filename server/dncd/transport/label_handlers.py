"""EntryService, the half of it that is about labels."""

from dncd import events, journal, labels, limits
from dncd.encoding import label_message
from dncd.events import Label
from dncd.nouns import Channel, Purpose
from dncd.storage.contract import Snapshot
from dncd.transport import fields, paging
from dncd.transport.changes import Changes
from dncd.transport.messages import revision
from dncd.transport.roles import ADMINS, EVERYONE
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import entry_pb2
from donotcontact.v1 import entry_service_pb2 as pb


class LabelHandlers:
    """The handlers of EntryService that are about labels."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._store = changes.store

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        name, control = "EntryService", Plane.CONTROL
        return [
            Rpc(name, "CreateLabel", pb.CreateLabelRequest, pb.CreateLabelResponse, ADMINS, control, self.create),
            Rpc(name, "UpdateLabel", pb.UpdateLabelRequest, pb.UpdateLabelResponse, ADMINS, control, self.update),
            Rpc(name, "ArchiveLabel", pb.ArchiveLabelRequest, pb.ArchiveLabelResponse, ADMINS, control, self.archive),
            Rpc(name, "ListLabels", pb.ListLabelsRequest, pb.ListLabelsResponse, EVERYONE, control, self.list_),
        ]

    def create(self, call: Call, request: pb.CreateLabelRequest) -> pb.CreateLabelResponse:
        """Create a label."""
        label = _label(request.label)
        written = self._changes.accept(call, request, events.LabelCreated(label, names_apart=True))
        return pb.CreateLabelResponse(
            label=self._message(call, label.name), written_at=revision(self._store.id, written.position)
        )

    def update(self, call: Call, request: pb.UpdateLabelRequest) -> pb.UpdateLabelResponse:
        """Replace a label."""
        label = _label(request.label)
        reason = fields.said(fields.text(request.reason, "reason", limits.NOTE_BYTES_MAX))
        written = self._changes.accept(call, request, events.LabelUpdated(label, reason, narrowing_held=True))
        return pb.UpdateLabelResponse(
            label=self._message(call, label.name), written_at=revision(self._store.id, written.position)
        )

    def archive(self, call: Call, request: pb.ArchiveLabelRequest) -> pb.ArchiveLabelResponse:
        """Archive a label."""
        written = self._changes.accept(call, request, events.LabelArchived(fields.name(request.name, "name")))
        return pb.ArchiveLabelResponse(
            label=self._message(call, request.name), written_at=revision(self._store.id, written.position)
        )

    def list_(self, call: Call, request: pb.ListLabelsRequest) -> pb.ListLabelsResponse:
        """List a page of labels by name."""
        account_id = call.caller.account_id
        after = paging.decode_name(request, account_id)
        page_rows = fields.page_rows(request.page_size)
        with self._store.snapshot() as snapshot:
            names = paging.take(labels.scan_names(snapshot, account_id, after), page_rows)
            listed = [_label_message(snapshot, account_id, name) for name in names.rows]
            position = journal.head(snapshot).position
        return pb.ListLabelsResponse(
            labels=listed,
            next_page_token=paging.encode(request, account_id, names.rows[-1].encode() if names.more else b""),
            read_at=revision(self._store.id, position),
        )

    def _message(self, call: Call, name: str) -> entry_pb2.Label:
        with self._store.snapshot() as snapshot:
            return _label_message(snapshot, call.caller.account_id, name)


def _label_message(snapshot: Snapshot, account_id: int, name: str) -> entry_pb2.Label:
    label_id = labels.find_id(snapshot, account_id, name)
    label = labels.get(snapshot, account_id, label_id)
    return label_message(label, labels.count_entries(snapshot, account_id, label_id))


def _label(message: entry_pb2.Label) -> Label:
    channels = fields.choices(Channel, list(message.channels), "label.channels")
    if not channels:
        raise fields.invalid("label.channels", "must name at least one channel")
    return Label(
        name=fields.name(message.name, "label.name"),
        channels=channels,
        purposes=fields.choices(Purpose, list(message.purposes), "label.purposes"),
        description=fields.text(message.description, "label.description", limits.NOTE_BYTES_MAX),
    )
