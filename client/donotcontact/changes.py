"""The requests that change something, built from plain values. `Client` and `AsyncClient` send them.

Each carries a request_id, made by the client where None is given, so that sending it again changes nothing twice.
An empty `actor` is the client's.
"""

from collections.abc import Sequence

from donotcontact.calls import Call
from donotcontact.v1.consent_service_pb2 import (
    SetOptInRequest,
    SetOptInResponse,
)
from donotcontact.v1.core_pb2 import Evidence, OptInStatus, Source
from donotcontact.v1.entry_pb2 import Label, RemovalReason
from donotcontact.v1.entry_service_pb2 import (
    AddEntriesRequest,
    AddEntriesResponse,
    ArchiveLabelRequest,
    ArchiveLabelResponse,
    CreateLabelRequest,
    CreateLabelResponse,
    EntryRef,
    NewEntry,
    RemoveEntriesRequest,
    RemoveEntriesResponse,
    UpdateLabelRequest,
    UpdateLabelResponse,
)
from donotcontact.v1.policy_pb2 import Policy
from donotcontact.v1.policy_service_pb2 import (
    ApplyPolicyRequest,
    ApplyPolicyResponse,
    DeletePolicyRequest,
    DeletePolicyResponse,
)
from donotcontact.v1.registry_pb2 import Registry
from donotcontact.v1.registry_service_pb2 import (
    ActivateSnapshotRequest,
    ActivateSnapshotResponse,
    CreateRegistryRequest,
    CreateRegistryResponse,
    GrantCoverageRequest,
    GrantCoverageResponse,
    PruneSnapshotRequest,
    PruneSnapshotResponse,
)


def add_entries(
    entries: Sequence[NewEntry],
    *,
    region: str = "",
    actor: str = "",
    request_id: str | None = None,
    validate_only: bool = False,
) -> Call[AddEntriesResponse]:
    """Add 1 to 1,000 entries, all or none; in force and durable when it returns."""
    request = AddEntriesRequest(
        entries=entries, region=region, actor=actor, request_id=request_id or "", validate_only=validate_only
    )
    return Call(request, AddEntriesResponse, rows=len(entries))


def remove_entries(
    refs: Sequence[EntryRef],
    *,
    reason: RemovalReason.ValueType | int,
    note: str = "",
    evidence: Evidence | None = None,
    region: str = "",
    actor: str = "",
    request_id: str | None = None,
    validate_only: bool = False,
) -> Call[RemoveEntriesResponse]:
    """Remove 1 to 1,000 addresses from labels. The person's own word stays without evidence of renewed consent."""
    request = RemoveEntriesRequest(
        entries=refs,
        reason=RemovalReason.ValueType(reason),
        note=note,
        evidence=evidence,
        region=region,
        actor=actor,
        request_id=request_id or "",
        validate_only=validate_only,
    )
    return Call(request, RemoveEntriesResponse, rows=len(refs))


def create_label(label: Label, *, request_id: str | None = None) -> Call[CreateLabelResponse]:
    """Create a label; raises `Conflict` where a different one has the name."""
    return Call(CreateLabelRequest(label=label, request_id=request_id or ""), CreateLabelResponse)


def update_label(label: Label, *, reason: str = "", request_id: str | None = None) -> Call[UpdateLabelResponse]:
    """Replace the channels, purposes and description of a label.

    `reason` says why its entries may stop less than before; without one, `Conflict` is raised where they would.
    """
    return Call(UpdateLabelRequest(label=label, reason=reason, request_id=request_id or ""), UpdateLabelResponse)


def archive_label(name: str, *, request_id: str | None = None) -> Call[ArchiveLabelResponse]:
    """Archive a label: it takes no new entries, and those it has still count."""
    return Call(ArchiveLabelRequest(name=name, request_id=request_id or ""), ArchiveLabelResponse)


def set_opt_in(
    address: str,
    status: OptInStatus.ValueType | int,
    *,
    source: Source.ValueType | int,
    note: str = "",
    evidence: Evidence | None = None,
    region: str = "",
    actor: str = "",
    request_id: str | None = None,
) -> Call[SetOptInResponse]:
    """Record a new SMS opt-in status; raises `NotPermitted` where the person's own word stands against it.

    That takes a manager with evidence, or the person's START by `record_inbound_message`, whatever source is named.
    """
    request = SetOptInRequest(
        address=address,
        status=OptInStatus.ValueType(status),
        source=Source.ValueType(source),
        note=note,
        evidence=evidence,
        region=region,
        actor=actor,
        request_id=request_id or "",
    )
    return Call(request, SetOptInResponse)


def apply_policy(
    policy: Policy, *, actor: str = "", request_id: str | None = None, validate_only: bool = False
) -> Call[ApplyPolicyResponse]:
    """Put a policy in force, whole or not at all."""
    request = ApplyPolicyRequest(policy=policy, actor=actor, request_id=request_id or "", validate_only=validate_only)
    return Call(request, ApplyPolicyResponse)


def delete_policy(name: str, *, actor: str = "", request_id: str | None = None) -> Call[DeletePolicyResponse]:
    """Take a policy out of force; checks that name it fail from then on."""
    return Call(DeletePolicyRequest(name=name, actor=actor, request_id=request_id or ""), DeletePolicyResponse)


def create_registry(
    name: str, *, scope: Sequence[str], description: str = "", request_id: str | None = None
) -> Call[CreateRegistryResponse]:
    """Create a registry that speaks about numbers with these prefixes, such as +1. An equal one is unchanged."""
    registry = Registry(name=name, scope=scope, description=description)
    return Call(CreateRegistryRequest(registry=registry, request_id=request_id or ""), CreateRegistryResponse)


def activate_snapshot(
    registry: str, snapshot: str, *, reason: str = "", actor: str = "", request_id: str | None = None
) -> Call[ActivateSnapshotResponse]:
    """Put a snapshot in force for every check from now on; raises `Conflict` where it is held and has no reason."""
    request = ActivateSnapshotRequest(
        registry=registry, snapshot=snapshot, reason=reason, actor=actor, request_id=request_id or ""
    )
    return Call(request, ActivateSnapshotResponse)


def prune_snapshot(
    registry: str, snapshot: str, *, actor: str = "", request_id: str | None = None
) -> Call[PruneSnapshotResponse]:
    """Take a snapshot away, with its files; raises `Conflict` where it is in force."""
    request = PruneSnapshotRequest(registry=registry, snapshot=snapshot, actor=actor, request_id=request_id or "")
    return Call(request, PruneSnapshotResponse)


def grant_coverage(
    registry: str, account: str, prefixes: Sequence[str], *, actor: str = "", request_id: str | None = None
) -> Call[GrantCoverageResponse]:
    """Say which prefixes of a registry an account may rely on, in place of those before; none: nothing."""
    request = GrantCoverageRequest(
        registry=registry, account=account, prefixes=prefixes, actor=actor, request_id=request_id or ""
    )
    return Call(request, GrantCoverageResponse)
