"""What is wrong with a request about registries is refused with its reason and its field, and changes nothing."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import pytest

from dncd.registry.importing import import_file
from dncd.transport import uploads
from registries.operating import ALLOW, BLOCK, Operator, apply_policy, require, rpb, verdicts
from serving import Served, pb, served

LISTED, OTHER = 14155550101, 14155550102
FIELD = "ERROR_REASON_INVALID_FIELD"
ADDRESS = "ERROR_REASON_INVALID_ADDRESS"
NO_REGISTRY, NO_SNAPSHOT = "ERROR_REASON_REGISTRY_NOT_FOUND", "ERROR_REASON_SNAPSHOT_NOT_FOUND"


@dataclass(frozen=True)
class Row:
    """A request, why it is refused, and the field that is named."""

    method: str
    fields: dict[str, Any]
    reason: str
    path: str = ""


def registry(**fields: Any) -> dict[str, Any]:
    return {"registry": rpb.Registry(**{"name": "fresh", "scope": ["+1"], **fields})}


def named(**fields: Any) -> dict[str, Any]:
    return {"registry": "us", "snapshot": "f00d", **fields}


def granted(**fields: Any) -> dict[str, Any]:
    return {"registry": "us", "account": "default", "prefixes": ["+1415"], **fields}


def required(*registries: Any, **fields: Any) -> dict[str, Any]:
    return {"policy": pb.Policy(**{"name": "fresh", "registries": registries, **fields})}


REGISTRIES = {
    "no name": Row("CreateRegistry", registry(name=""), FIELD, "registry.name"),
    "a name of 65 characters": Row("CreateRegistry", registry(name="n" * 65), FIELD, "registry.name"),
    "a name that is a path": Row("CreateRegistry", registry(name="../us"), FIELD, "registry.name"),
    "a name of two dots": Row("CreateRegistry", registry(name=".."), FIELD, "registry.name"),
    "a name with control characters": Row("CreateRegistry", registry(name="u\x00s"), FIELD, "registry.name"),
    "no scope": Row("CreateRegistry", registry(scope=[]), FIELD, "registry.scope"),
    "a scope of 1,001": Row("CreateRegistry", registry(scope=["+1"] * 1001), FIELD, "registry.scope"),
    "a scope that is no prefix": Row("CreateRegistry", registry(scope=["+1", "all"]), ADDRESS, "registry.scope[1]"),
    "a scope of no country": Row("CreateRegistry", registry(scope=["+999"]), ADDRESS, "registry.scope[0]"),
    "a domain as scope": Row("CreateRegistry", registry(scope=["@example.com"]), ADDRESS, "registry.scope[0]"),
    "an empty scope": Row("CreateRegistry", registry(scope=[""]), ADDRESS, "registry.scope[0]"),
    "a long description": Row("CreateRegistry", registry(description="d" * 1001), FIELD, "registry.description"),
    "a request id that is none": Row("CreateRegistry", registry() | {"request_id": "1"}, FIELD, "request_id"),
    "another of the same name": Row(
        "CreateRegistry", registry(name="us", scope=["+44"]), "ERROR_REASON_REGISTRY_EXISTS"
    ),
    "an account that is not there": Row("GrantCoverage", granted(account="missing"), FIELD, "account"),
    "a coverage that is no prefix": Row("GrantCoverage", granted(prefixes=["some"]), ADDRESS, "prefixes[0]"),
    "a coverage of 1,001": Row("GrantCoverage", granted(prefixes=["+1"] * 1001), FIELD, "prefixes"),
    "a coverage of no registry": Row("GrantCoverage", granted(registry="missing"), NO_REGISTRY),
    "a long actor": Row("GrantCoverage", granted(actor="a" * 129), FIELD, "actor"),
    "a long reason": Row("ActivateSnapshot", named(reason="r" * 1001), FIELD, "reason"),
    "a snapshot that is not there": Row("ActivateSnapshot", named(), NO_SNAPSHOT),
    "a snapshot that is a path": Row("ActivateSnapshot", named(snapshot="../us"), FIELD, "snapshot"),
    "no snapshot": Row("ActivateSnapshot", named(snapshot=""), FIELD, "snapshot"),
    "an activation of no registry": Row("ActivateSnapshot", named(registry="missing"), NO_SNAPSHOT),
    "a pruning of no snapshot": Row("PruneSnapshot", named(), NO_SNAPSHOT),
    "a pruning of a path": Row("PruneSnapshot", named(snapshot="."), FIELD, "snapshot"),
    "a pruning of nothing": Row("PruneSnapshot", named(registry="empty", snapshot=""), FIELD, "snapshot"),
    "a pruning of no registry": Row("PruneSnapshot", named(registry="missing"), NO_REGISTRY),
    "snapshots of no registry": Row("ListSnapshots", {"registry": "missing"}, NO_REGISTRY),
    "a page of -1": Row("ListSnapshots", {"registry": "us", "page_size": -1}, FIELD, "page_size"),
    "a page of 1,001": Row("ListRegistries", {"page_size": 1001}, FIELD, "page_size"),
    "a token that is none": Row(
        "ListSnapshots", {"registry": "us", "page_token": "x"}, "ERROR_REASON_PAGE_TOKEN_INVALID"
    ),
    "a registry that is not there": Row("GetRegistry", {"name": "missing"}, NO_REGISTRY),
}
POLICIES = {
    "an unknown one": (required(require("missing")), "policy.registries[0].name"),
    "the second unknown": (required(require("us"), require("missing")), "policy.registries[1].name"),
    "no name": (required(require("")), "policy.registries[0].name"),
    "the same twice": (required(require("us"), require("us")), "policy.registries"),
    "21 of them": (required(*(require(f"r{number}") for number in range(21))), "policy.registries"),
    "ten years and more": (required(require("us", max_age_days=3661)), "policy.registries[0].max_age_days"),
    "listed for as long": (required(require("us", listed_days_min=3661)), "policy.registries[0].listed_days_min"),
    "category 0": (required(require("us", categories=[0])), "policy.registries[0].categories"),
    "category 16": (required(require("us", categories=[1, 16])), "policy.registries[0].categories"),
    "unscreened as nobody knows": (required(require("us"), unscreened=9), "policy.unscreened"),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Operator]]:
    with pytest.MonkeyPatch.context() as patch, served(tmp_path_factory.mktemp("bad-registries") / "store") as running:
        patch.setattr(uploads, "import_apart", import_file)
        with closing(Operator(running.address, running.token("operator"))) as operator:
            operator.create("us", "+1")
            operator.create("empty", "+44")
            operator.list_numbers("us", LISTED)
            apply_policy(running.api(), require("us"))
            yield running, operator


@pytest.mark.parametrize("name", REGISTRIES)
def test_a_wrong_request_is_refused_with_its_reason_and_changes_nothing(
    sound: tuple[Served, Operator], name: str
) -> None:
    server, operator = sound
    row, head = REGISTRIES[name], server.head()

    refused = operator.refused(row.method, **row.fields)

    assert refused.reason == row.reason
    if row.path:
        assert [fault.field for fault in refused.bad_request.field_violations] == [row.path]
    assert server.head() == head
    assert verdicts(server.api(), LISTED, OTHER) == [BLOCK, ALLOW]


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_with_a_wrong_registry_is_refused_whole(sound: tuple[Served, Operator], name: str) -> None:
    server, _ = sound
    (fields, path), head = POLICIES[name], server.head()

    refused = server.api().refused("ApplyPolicy", pb.ApplyPolicyRequest(**fields))

    assert refused.reason == FIELD
    assert [fault.field for fault in refused.bad_request.field_violations] == [path]
    assert server.head() == head
    assert server.api().refused("GetPolicy", pb.GetPolicyRequest(name="fresh")).code.name == "NOT_FOUND"
