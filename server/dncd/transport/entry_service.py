"""EntryService, the half of it that is about entries."""

from functools import lru_cache

from dncd import events, history, journal, labels, limits
from dncd.errors import DncError, FieldFault, InvalidFields, LabelArchived, LabelNotFound, RoleNotAllowed, quoted
from dncd.events import AddedEntry, EntriesAdded, EntriesRemoved, RemovedEntry
from dncd.listing import Filter, Listing
from dncd.nouns import (
    OWN_WORD,
    PHONE_CHANNELS,
    Channel,
    EntryReason,
    EntryState,
    RemovalReason,
    RowOutcome,
    Source,
)
from dncd.optin import status_of
from dncd.storage.contract import Snapshot
from dncd.storage.keys import Kind
from dncd.tokens import Caller
from dncd.touched import read as read_known
from dncd.transport import fields, paging
from dncd.transport.changes import Changes, counts
from dncd.transport.messages import entry_message, event_about, revision
from dncd.transport.roles import AGENTS, AGENTS_AND_AUDITORS, MANAGERS
from dncd.transport.rpc import Call, Plane, Rpc
from donotcontact.v1 import entry_service_pb2 as pb

_PATTERNS = frozenset({Kind.PREFIX, Kind.DOMAIN})
_NOUNS = {
    Kind.PHONE: "a phone number",
    Kind.PREFIX: "a phone prefix",
    Kind.EMAIL: "an e-mail address",
    Kind.DOMAIN: "an e-mail domain",
}
_MAIL = frozenset({Channel.EMAIL})
_REACHED_ON = {
    Kind.PHONE: PHONE_CHANNELS,
    Kind.PREFIX: PHONE_CHANNELS,
    Kind.EMAIL: _MAIL,
    Kind.DOMAIN: _MAIL,
}


class EntryHandlers:
    """The handlers of EntryService that are about entries."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._store = changes.store

    def rpcs(self) -> list[Rpc]:
        """Return the methods with who may call them and where they run."""
        name, control = "EntryService", Plane.CONTROL
        return [
            Rpc(name, "AddEntries", pb.AddEntriesRequest, pb.AddEntriesResponse, AGENTS, control, self.add),
            Rpc(
                name, "RemoveEntries", pb.RemoveEntriesRequest, pb.RemoveEntriesResponse, MANAGERS, control, self.remove
            ),
            Rpc(
                name,
                "ListEntries",
                pb.ListEntriesRequest,
                pb.ListEntriesResponse,
                AGENTS_AND_AUDITORS,
                Plane.READ,
                self.list_,
            ),
            Rpc(
                name,
                "GetAddress",
                pb.GetAddressRequest,
                pb.GetAddressResponse,
                AGENTS_AND_AUDITORS,
                Plane.READ,
                self.get,
            ),
        ]

    def add(self, call: Call, request: pb.AddEntriesRequest) -> pb.AddEntriesResponse:
        """Add entries, all or none."""
        fields.batch(len(request.entries), limits.CHANGE_ROWS_MAX)
        region = fields.region(request.region, call.caller.default_region)
        added = _added_entries(request, region)
        _check_patterns(call.caller, added)
        self._check_reach(call, request, added)
        try:
            written = self._changes.accept(call, request, EntriesAdded(added))
        except (LabelNotFound, LabelArchived) as error:
            raise _with_rows(error, [entry.label for entry in added]) from None
        tally = counts(written.codes)
        return pb.AddEntriesResponse(
            outcomes=list(written.codes),  # type: ignore[arg-type]  # plain integers pass for enums
            added=tally[RowOutcome.ADDED],
            extended=tally[RowOutcome.EXTENDED],
            unchanged=tally[RowOutcome.UNCHANGED],
            written_at=self._changes.written_at(request, written),
        )

    def _check_reach(self, call: Call, request: pb.AddEntriesRequest, added: list[AddedEntry]) -> None:
        """Refuse entries that stop nothing: no channel of their label reaches such an address.

        Judged here, where a new request comes in, so that a journal of before replays; and a retry of one that was
        accepted has its first answer, whatever became of the label.
        """
        with self._store.snapshot() as snapshot:
            faults = _out_of_reach(snapshot, call.caller.account_id, added)
            if not faults or journal.find_answer(
                snapshot, fields.draft(call.caller, request, EntriesAdded(added)), self._changes.now_ms()
            ):
                return
        raise InvalidFields(faults[: limits.FIELD_FAULTS_MAX])

    def remove(self, call: Call, request: pb.RemoveEntriesRequest) -> pb.RemoveEntriesResponse:
        """Remove entries, except the person's own word."""
        fields.batch(len(request.entries), limits.CHANGE_ROWS_MAX)
        change = _removal(request, fields.region(request.region, call.caller.default_region))
        written = self._changes.accept(call, request, change)
        tally = counts(written.codes)
        return pb.RemoveEntriesResponse(
            outcomes=list(written.codes),  # type: ignore[arg-type]  # plain integers pass for enums
            removed=tally[RowOutcome.REMOVED],
            unchanged=tally[RowOutcome.UNCHANGED],
            kept=tally[RowOutcome.KEPT_OWN_WORD],
            written_at=self._changes.written_at(request, written),
        )

    def list_(self, call: Call, request: pb.ListEntriesRequest) -> pb.ListEntriesResponse:
        """List a page of entries; the first page tells how many there are."""
        account_id = call.caller.account_id
        start = paging.decode(request, account_id)
        page_rows = fields.page_rows(request.page_size)
        with self._store.snapshot() as snapshot:
            wanted = _filter(snapshot, account_id, request)
            listing = Listing(snapshot, account_id, self._now_ms(snapshot))
            page = listing.page(wanted, page_rows, start)
            total, is_lower_bound = (0, False) if start else listing.total(wanted)
            position = journal.head(snapshot).position
        return pb.ListEntriesResponse(
            entries=[entry_message(entry) for entry in page.entries],
            next_page_token=paging.encode(request, account_id, page.next_key),
            total=total,
            total_is_lower_bound=is_lower_bound,
            read_at=revision(self._store.id, position),
        )

    def get(self, call: Call, request: pb.GetAddressRequest) -> pb.GetAddressResponse:
        """Tell all that is known about one address."""
        account_id = call.caller.account_id
        target = fields.target(request.address, fields.region(request.region, call.caller.default_region))
        events_max = fields.history_rows(request.history_max)
        key = target.key(account_id)
        with self._store.snapshot() as snapshot:
            position = journal.head(snapshot).position
            entries = Listing(snapshot, account_id, self._now_ms(snapshot)).of_address(target)
            rows, truncated = history.newest(snapshot, [key], position, events_max)
            status = status_of(read_known(snapshot, key).facts)
        return pb.GetAddressResponse(
            address=target.text,
            entries=[entry_message(entry) for entry in entries],
            opt_in=status,  # type: ignore[arg-type]  # plain integers pass for enums
            history=[event_about(row.encoded, {key}, account_id) for row in rows],
            history_truncated=truncated,
            read_at=revision(self._store.id, position),
        )

    def _now_ms(self, snapshot: Snapshot) -> int:
        """Tell the time as Check does: never earlier than the journal's."""
        return max(self._changes.now_ms(), journal.head(snapshot).time_ms)


def _added_entries(request: pb.AddEntriesRequest, region: str) -> list[AddedEntry]:
    faults = fields.Faults()
    targets = fields.targets([entry.address for entry in request.entries], region, "entries", faults)
    added = []
    judged = lru_cache(_judged)
    for index, (entry, target) in enumerate(zip(request.entries, targets, strict=True)):
        try:
            label, source, reason = judged(entry.label, entry.source, entry.reason)
            added.append(AddedEntry(target, label, source, reason, *_details(entry)))
        except InvalidFields as error:
            faults.note(f"entries[{index}].", error)
    faults.check()
    return added


def _judged(label: str, source_number: int, reason_number: int) -> tuple[str, Source, EntryReason]:
    """Read what the rows of a batch mostly share."""
    source = fields.choice(Source, source_number, "source")
    by_default = EntryReason.REQUESTED_BY_PERSON if source in OWN_WORD else EntryReason.INTERNAL_DECISION
    reason = fields.choice(EntryReason, reason_number, "reason") if reason_number else by_default
    return fields.name(label, "label"), source, reason


def _details(entry: pb.NewEntry) -> tuple[str, events.Evidence, int, int]:
    starts_at_ms = fields.optional_time_ms(entry, "starts_at") or 0
    expires_at_ms = fields.optional_time_ms(entry, "expires_at")
    if expires_at_ms is not None and expires_at_ms <= starts_at_ms:
        raise fields.invalid("expires_at", "must be later than starts_at")
    note = fields.text(entry.note, "note", limits.NOTE_BYTES_MAX) if entry.note else ""
    evidence = fields.evidence(entry.evidence) if entry.HasField("evidence") else events.NO_EVIDENCE
    return note, evidence, starts_at_ms, expires_at_ms or 0


def _out_of_reach(snapshot: Snapshot, account_id: int, added: list[AddedEntry]) -> list[FieldFault]:
    unreached: dict[tuple[str, Kind], str] = {}
    for name, kind in {(entry.label, entry.target.kind) for entry in added}:
        try:
            channels = labels.find(snapshot, account_id, name).channels
        except LabelNotFound:  # told by the change itself
            continue
        if not channels & _REACHED_ON[kind]:
            told = ", ".join(channel.name for channel in sorted(channels))
            why = f"the label {quoted(name)} stops {told} alone, so it would do nothing"
            unreached[name, kind] = f"is {_NOUNS[kind]}; {why}"
    return [
        FieldFault(f"entries[{row}].address", unreached[entry.label, entry.target.kind])
        for row, entry in enumerate(added)
        if (entry.label, entry.target.kind) in unreached
    ]


def _check_patterns(caller: Caller, added: list[AddedEntry]) -> None:
    if caller.role not in MANAGERS and any(entry.target.kind in _PATTERNS for entry in added):
        raise RoleNotAllowed(
            "prefixes and domains reach many persons; adding them takes a MANAGER",
            role=caller.role.name,
            roles_allowed="MANAGER, ADMIN",
        )


def _with_rows(error: DncError, names: list[str]) -> DncError:
    """Name the first row that an error about a label is about."""
    index = names.index(error.figures["label"])
    return type(error)(f"entries[{index}].label: {error}", **error.figures)


def _removal(request: pb.RemoveEntriesRequest, region: str) -> EntriesRemoved:
    reason = fields.choice(RemovalReason, request.reason, "reason")
    evidence = fields.evidence(request.evidence)
    if reason is RemovalReason.CONSENT_RENEWED and not evidence:
        raise fields.invalid("evidence", "is required for CONSENT_RENEWED: a call, recording, campaign or reference")
    faults = fields.Faults()
    targets = fields.targets([ref.address for ref in request.entries], region, "entries", faults)
    removed = []
    for index, (ref, target) in enumerate(zip(request.entries, targets, strict=True)):
        try:
            removed.append(RemovedEntry(target, fields.name(ref.label, "label")))
        except InvalidFields as error:
            faults.note(f"entries[{index}].", error)
    faults.check()
    note = fields.text(request.note, "note", limits.NOTE_BYTES_MAX)
    return EntriesRemoved(removed, reason, note, evidence)


def _filter(snapshot: Snapshot, account_id: int, request: pb.ListEntriesRequest) -> Filter:
    part = request.address_contains
    if part and not limits.SEARCH_CHARS_MIN <= len(part) <= limits.ADDRESS_CHARS_MAX:
        raise fields.invalid("address_contains", f"must have at least {limits.SEARCH_CHARS_MIN} characters")
    return Filter(
        label_id=labels.find_id(snapshot, account_id, fields.name(request.label, "label")) if request.label else None,
        address_contains=part.lower(),
        source=fields.optional_choice(Source, request.source, "source"),
        actor=request.actor,
        reason=fields.optional_choice(EntryReason, request.reason, "reason"),
        state=fields.optional_choice(EntryState, request.state, "state"),
        from_ms=fields.optional_time_ms(request, "recorded_from") or 0,
        before_ms=fields.optional_time_ms(request, "recorded_before"),
    )
