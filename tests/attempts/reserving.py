"""Callers of AttemptService."""

from collections.abc import Sequence
from typing import Any

from donotcontact.v1 import attempt_service_pb2, policy_pb2
from serving import Api, pb

ap: Any = attempt_service_pb2
policies: Any = policy_pb2
MIAMI = "+13055550123"
NEW_YORK = "+12125550123"


def reservation_request(*addresses: str, policy: str = "", channel: int = 1, **fields: Any) -> Any:
    context = {name: fields.pop(name) for name in ("contact_id", "debt_id", "time_zone") if name in fields}
    rows = [pb.CheckRow(address=address, **context) for address in addresses]
    return ap.ReserveAttemptsRequest(policy=policy, channel=channel, rows=rows, **fields)


def reserve(api: Api, *addresses: str, **fields: Any) -> Any:
    return api.call("ReserveAttempts", reservation_request(*addresses, **fields))


def complete(api: Api, outcome: int, *names: str, **fields: Any) -> list[int]:
    completions = [ap.AttemptCompletion(reservation=name, outcome=outcome) for name in names]
    request = ap.CompleteAttemptsRequest(completions=completions, **fields)
    return list(api.call("CompleteAttempts", request).outcomes)


def names(response: Any) -> list[str]:
    return [attempt.reservation for attempt in response.attempts]


def verdicts(response: Any) -> list[int]:
    return [attempt.result.verdict for attempt in response.attempts]


def apply_policy(api: Api, name: str, limits: Sequence[Any] = (), **fields: Any) -> None:
    policy = policies.Policy(name=name, attempt_limits=limits, **fields)
    api.call("ApplyPolicy", pb.ApplyPolicyRequest(policy=policy))


def limit(maximum: int, hours: int, **fields: Any) -> Any:
    return policies.AttemptLimit(max=maximum, per_hours=hours, **fields)
