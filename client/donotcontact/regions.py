"""The requests about regions and the rules of law. `Client` and `AsyncClient` send them."""

from datetime import datetime

from donotcontact.calls import Call, Reading
from donotcontact.moments import timestamp
from donotcontact.v1.policy_service_pb2 import (
    ClosedRegion,
    CloseRegionRequest,
    CloseRegionResponse,
    ListClosedRegionsRequest,
    ListRulePacksRequest,
    OpenRegionRequest,
    OpenRegionResponse,
    RulePack,
)


def close_region(
    region: str, *, until: datetime, reason: str, actor: str = "", request_id: str | None = None
) -> Call[CloseRegionResponse]:
    """Close a country or subdivision, such as US-FL, for every policy at once; phone numbers there get DEFER."""
    request = CloseRegionRequest(
        region=region, until=timestamp(until), reason=reason, actor=actor, request_id=request_id or ""
    )
    return Call(request, CloseRegionResponse)


def open_region(
    region: str, *, reason: str = "", actor: str = "", request_id: str | None = None
) -> Call[OpenRegionResponse]:
    """Open a closed region again."""
    request = OpenRegionRequest(region=region, reason=reason, actor=actor, request_id=request_id or "")
    return Call(request, OpenRegionResponse)


def closed_regions() -> Reading[list[ClosedRegion]]:
    """List the regions that are closed, those whose time is over included, by name."""
    return Reading(ListClosedRegionsRequest(), lambda response: list(response.regions))


def rule_packs() -> Reading[list[RulePack]]:
    """List the rule packs of the server, with every rule and its citation, by name."""
    return Reading(ListRulePacksRequest(), lambda response: list(response.packs))
