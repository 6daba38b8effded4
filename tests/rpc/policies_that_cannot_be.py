"""Policies that are wrong in one thing: refused with its path, applied or as a draft."""

from collections.abc import Iterator
from typing import Any

from rpc.sound_requests import sound_requests, whole_policy
from rpc.spoiled_requests import Row

ROOTS = {"ApplyPolicy": "policy", "Preview": "draft", "Explain": "draft"}
REGIONS = [f"US-{code}" for code in ("AL", "AK", "AZ", "AR", "CA", "CO", "CT", "DE", "FL", "GA")]


def registries(*names: str) -> dict[str, Any]:
    return {"registries": [pb_registry(name) for name in names]}


def pb_registry(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, **fields}


def limits(count: int = 1, **fields: Any) -> dict[str, Any]:
    return {"attempt_limits": [{"max": 3, "per_hours": 24, **fields}] * count}


def cooldowns(count: int = 1, **fields: Any) -> dict[str, Any]:
    return {"cooldowns": [{"after": 3, **fields}] * count}


# By what is wrong: the fields in place of those of a whole policy, and the path below the policy.
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no name": ({"name": ""}, "name"),
    "an unknown label": ({"labels": ["missing"]}, "labels[0]"),
    "the second label": ({"labels": ["open", "missing"]}, "labels[1]"),
    "101 labels": ({"labels": ["open"] * 101}, "labels"),
    "opt-in nowhere": ({"require_opt_in": {}}, "require_opt_in.channels"),
    "opt-in to calls": ({"require_opt_in": {"channels": [2, 1]}}, "require_opt_in.channels"),
    "permission nowhere": ({"one_time_permission": {}}, "one_time_permission.channels"),
    "an unknown registry": (registries("missing"), "registries[0].name"),
    "the second registry": (registries("us", "missing"), "registries[1].name"),
    "a registry twice": (registries("us", "us"), "registries"),
    "21 registries": (registries(*(f"r{number}" for number in range(21))), "registries"),
    "the second kind": ({"registries": [pb_registry("us", lifted_by=[1, 99])]}, "registries[0].lifted_by[1]"),
    "the second pack": ({"calling_hours": ["us-federal", "missing"]}, "calling_hours[1]"),
    "a pack twice": ({"calling_hours": ["us-federal", "us-federal"]}, "calling_hours"),
    "21 packs": ({"calling_hours": [f"p{number}" for number in range(21)]}, "calling_hours"),
    "a pack without hours": ({"calling_hours": ["uk"]}, "calling_hours[0]"),
    "an attempt pack twice": ({"attempt_packs": ["us-states", "us-states"]}, "attempt_packs"),
    "21 attempt packs": ({"attempt_packs": [f"p{number}" for number in range(21)]}, "attempt_packs"),
    "a pack of another purpose": ({"purpose": 1, "attempt_packs": ["us-states", "reg-f"]}, "attempt_packs[1]"),
    "a pack of another channel": ({"channels": [2], "attempt_packs": ["us-states", "uk"]}, "attempt_packs[1]"),
    "a pack of the purpose on another channel": (
        {"channels": [2, 4], "purpose": 5, "attempt_packs": ["reg-f"]},
        "attempt_packs[0]",
    ),
    "opt-in to what is not asked": ({"channels": [1], "require_opt_in": {"channels": [2]}}, "require_opt_in.channels"),
    "a pack without limits": ({"attempt_packs": ["us-states", "us-federal"]}, "attempt_packs[1]"),
    "21 limits": (limits(21), "attempt_limits"),
    "101 regions": (limits(regions=REGIONS * 10 + ["US"]), "attempt_limits[0].regions"),
    "the second region": (limits(regions=["US", "US-ZZ"]), "attempt_limits[0].regions[1]"),
    "a region beyond US and CA": (limits(regions=["GB-LND"]), "attempt_limits[0].regions[0]"),
    "21 cool-downs": (cooldowns(21, hours=1), "cooldowns"),
    "a cool-down after nothing": (cooldowns(after=0, hours=1), "cooldowns[0].after"),
    "a cool-down after a claim": (cooldowns(after=1, hours=1), "cooldowns[0].after"),
    "a cool-down after no answer": (cooldowns(after=2, hours=1), "cooldowns[0].after"),
    "a cool-down after a release": (cooldowns(after=5, hours=1), "cooldowns[0].after"),
    "a cool-down of nothing": (cooldowns(), "cooldowns[0]"),
    "a cool-down of hours and days": (cooldowns(hours=1, days=1), "cooldowns[0]"),
    "a cool-down of 721 hours": (cooldowns(hours=721), "cooldowns[0].hours"),
    "a cool-down of 31 days": (cooldowns(days=31), "cooldowns[0].days"),
    "101 regions of a cool-down": (cooldowns(hours=1, regions=REGIONS * 10 + ["US"]), "cooldowns[0].regions"),
}


def policies_that_cannot_be() -> Iterator[Row]:
    for why, (fields, path) in WRONG.items():
        for method, root in ROOTS.items():
            request = sound_requests()[method]
            getattr(request, root).CopyFrom(whole_policy(**fields))
            yield Row(f"{method} with {why}", method, request, "INVALID_FIELD", (f"{root}.{path}",))
