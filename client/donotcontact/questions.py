"""The requests that only read, built from plain values. `Client` and `AsyncClient` send them."""

from collections.abc import Sequence
from datetime import datetime

from donotcontact.calls import Call, Pages
from donotcontact.columns import check_row
from donotcontact.moments import timestamp
from donotcontact.results import Channel, Row
from donotcontact.v1.check_service_pb2 import CheckRequest, ExplainRequest, ExplainResponse, ScrubRequest
from donotcontact.v1.consent_service_pb2 import GetOptInRequest, GetOptInResponse
from donotcontact.v1.core_pb2 import Channel as WireChannel
from donotcontact.v1.core_pb2 import Revision, Source
from donotcontact.v1.entry_pb2 import Entry, EntryReason, EntryState, Label
from donotcontact.v1.entry_service_pb2 import (
    GetAddressRequest,
    GetAddressResponse,
    ListEntriesRequest,
    ListEntriesResponse,
    ListLabelsRequest,
)
from donotcontact.v1.event_pb2 import Event
from donotcontact.v1.journal_service_pb2 import (
    EventKind,
    ListEventsRequest,
    ListEventsResponse,
    VerifyJournalRequest,
    VerifyJournalResponse,
)
from donotcontact.v1.policy_pb2 import Policy
from donotcontact.v1.policy_service_pb2 import (
    AppliedPolicy,
    GetPolicyRequest,
    GetPolicyResponse,
    ListPoliciesRequest,
)
from donotcontact.v1.registry_pb2 import Registry, Snapshot
from donotcontact.v1.registry_service_pb2 import (
    GetRegistryRequest,
    GetRegistryResponse,
    ListRegistriesRequest,
    ListSnapshotsRequest,
)

VERIFY_TIMEOUT_S = 600.0


def channel_number(channel: Channel | str | int) -> WireChannel.ValueType:
    """Return the channel as the wire has it; a name in any case, with or without CHANNEL_. Raises ValueError."""
    if isinstance(channel, str):
        try:
            channel = Channel[channel.upper().removeprefix("CHANNEL_")]
        except KeyError:
            raise ValueError(f"channel is one of {', '.join(Channel.__members__)}") from None
    return WireChannel.ValueType(Channel(channel).value)


def check_head(
    channel: Channel | str, policy: str, at_least_as_fresh: Revision | None, contact_time: datetime | None
) -> CheckRequest:
    """Build a CheckRequest without its rows."""
    return CheckRequest(
        channel=channel_number(channel),
        policy=policy,
        at_least_as_fresh=at_least_as_fresh,
        contact_time=timestamp(contact_time),
    )


def scrub_head(
    *,
    channel: Channel | str,
    policy: str,
    region: str,
    findings: bool,
    at_least_as_fresh: Revision | None,
    contact_time: datetime | None,
) -> ScrubRequest:
    """Build a ScrubRequest without its addresses."""
    return ScrubRequest(
        channel=channel_number(channel),
        policy=policy,
        region=region,
        omit_findings=not findings,
        at_least_as_fresh=at_least_as_fresh,
        contact_time=timestamp(contact_time),
    )


def explain(
    address: str | Row,
    *,
    channel: Channel | str,
    policy: str = "",
    as_of: datetime | Revision | None = None,
    contact_time: datetime | None = None,
    history_max: int = 0,
    draft: Policy | None = None,
) -> Call[ExplainResponse]:
    """Explain one address to a person: every rule considered, what each gave, and the history.

    `as_of` asks from what was known at a past time or revision; `draft` by a policy that is not applied, and not
    together with `as_of`. Slow; not for the moment of contact.
    """
    request = ExplainRequest(
        channel=channel_number(channel),
        policy=policy,
        row=check_row(address),
        revision=as_of if isinstance(as_of, Revision) else None,
        time=timestamp(as_of) if isinstance(as_of, datetime) else None,
        contact_time=timestamp(contact_time),
        history_max=history_max,
        draft=draft,
    )
    return Call(request, ExplainResponse)


def list_entries(
    *,
    label: str = "",
    address_contains: str = "",
    source: Source.ValueType | int = 0,
    actor: str = "",
    reason: EntryReason.ValueType | int = 0,
    state: EntryState.ValueType | int = 0,
    recorded_from: datetime | None = None,
    recorded_before: datetime | None = None,
    page_size: int = 0,
) -> Pages[Entry]:
    """Yield the entries that match every filter, newest first, page after page as they are taken."""
    request = ListEntriesRequest(
        label=label,
        address_contains=address_contains,
        source=Source.ValueType(source),
        actor=actor,
        reason=EntryReason.ValueType(reason),
        state=EntryState.ValueType(state),
        recorded_from=timestamp(recorded_from),
        recorded_before=timestamp(recorded_before),
        page_size=page_size,
    )
    return Pages(request, "entries", Entry)


def list_entries_page(request: ListEntriesRequest) -> Call[ListEntriesResponse]:
    """Fetch one page of entries, with its total and the token of the next."""
    return Call(request, ListEntriesResponse)


def get_address(address: str, *, region: str = "", history_max: int = 0) -> Call[GetAddressResponse]:
    """Tell all that is known about one address: entries, opt-in status, history."""
    return Call(GetAddressRequest(address=address, region=region, history_max=history_max), GetAddressResponse)


def list_labels(*, page_size: int = 0) -> Pages[Label]:
    """Yield the labels of the account by name."""
    return Pages(ListLabelsRequest(page_size=page_size), "labels", Label)


def get_opt_in(address: str, *, region: str = "") -> Call[GetOptInResponse]:
    """Tell the SMS opt-in status of one phone number."""
    return Call(GetOptInRequest(address=address, region=region), GetOptInResponse)


def get_policy(name: str) -> Call[GetPolicyResponse]:
    """Tell the policy in force under a name; raises `NotFound`."""
    return Call(GetPolicyRequest(name=name), GetPolicyResponse)


def list_policies(*, page_size: int = 0) -> Pages[AppliedPolicy]:
    """Yield the policies in force by name."""
    return Pages(ListPoliciesRequest(page_size=page_size), "policies", AppliedPolicy)


def get_registry(name: str) -> Call[GetRegistryResponse]:
    """Tell a registry, what the caller's account may rely on of it, and its snapshot in force; raises `NotFound`."""
    return Call(GetRegistryRequest(name=name), GetRegistryResponse)


def list_registries(*, page_size: int = 0) -> Pages[Registry]:
    """Yield the registries by name."""
    return Pages(ListRegistriesRequest(page_size=page_size), "registries", Registry)


def list_snapshots(registry: str, *, page_size: int = 0) -> Pages[Snapshot]:
    """Yield the snapshots of a registry, the newest import first."""
    return Pages(ListSnapshotsRequest(registry=registry, page_size=page_size), "snapshots", Snapshot)


def list_events(
    *,
    kinds: Sequence[EventKind.ValueType | int] = (),
    actor: str = "",
    address: str = "",
    recorded_from: datetime | None = None,
    recorded_before: datetime | None = None,
    oldest_first: bool = False,
    page_size: int = 0,
) -> Pages[Event]:
    """Yield the events that match every filter, newest first unless asked otherwise."""
    request = ListEventsRequest(
        kinds=[EventKind.ValueType(kind) for kind in kinds],
        actor=actor,
        address=address,
        before=timestamp(recorded_before),
        oldest_first=oldest_first,
        page_size=page_size,
    )
    begin = timestamp(recorded_from)
    if begin is not None:
        getattr(request, "from").CopyFrom(begin)  # the field's name is a keyword of Python
    return Pages(request, "events", Event)


def list_events_page(request: ListEventsRequest) -> Call[ListEventsResponse]:
    """Fetch one page of events, with the token of the next."""
    return Call(request, ListEventsResponse)


def verify_journal(*, timeout_s: float = VERIFY_TIMEOUT_S) -> Call[VerifyJournalResponse]:
    """Recompute the hash chain over the whole journal. Takes as long as the journal is."""
    return Call(VerifyJournalRequest(), VerifyJournalResponse, timeout_s=timeout_s)
