"""Claims of attempts: how many are granted in a second, and how many share a commit; many numbers, and one for all.

The policies have limits and no calling hours: a claim is always about now, and the benchmark runs at any time of day.
"""

from dataclasses import dataclass
from typing import Any, Final

from changes import commits
from load import closed_by_many
from rounds import percentiles
from servers import Server
from traffic import Requests, Scenario, Traffic

from donotcontact.v1 import (
    attempt_service_pb2,
    check_service_pb2,
    core_pb2,
    policy_pb2,
    policy_service_pb2,
    policy_service_pb2_grpc,
)

RESERVE: Final = "/donotcontact.v1.AttemptService/ReserveAttempts"
MANY: Final = "many numbers"
HOT: Final = "one number for all"
FULL_UP: Final = "one number, limit reached"
_FEW: Final = "bench-few"
_ROOMY: Final = "bench-roomy"
_ROOM: Final = 1_000
_FEW_MAX: Final = 3
_FIRST_HOT: Final = 12_125_550_000
_CALLS_PER_S_MAX: Final = 3_000
_ROWS_PER_S_MAX: Final = 60_000


@dataclass(frozen=True, slots=True)
class _Load:
    """Who asks for what, and under which policy."""

    about: str
    policy: str
    rows: int
    callers: int

    def requests(self, traffic: Traffic, hot: int, seconds: float) -> Requests:
        """Make all requests of one caller: more than can be answered, so that none is sent twice."""
        per_s = min(_CALLS_PER_S_MAX, _ROWS_PER_S_MAX // self.rows)
        calls = 8 + int(seconds * per_s / self.callers)
        return [_request(self.policy, numbers) for numbers in self._numbers(traffic, hot, calls)]

    def _numbers(self, traffic: Traffic, hot: int, calls: int) -> list[list[int]]:
        if self.about == MANY:
            return traffic.fresh(calls * self.rows).reshape(calls, self.rows).tolist()
        if self.about == FULL_UP:
            return [[hot]] * calls
        # Each caller claims its share of the room of one number, then goes on to the next: no limit is ever reached.
        share = _ROOM // self.callers
        return [[hot + call // share] for call in range(calls)]


LOADS: Final = (
    _Load(MANY, _FEW, 1, 1),
    _Load(MANY, _FEW, 1, 32),
    _Load(MANY, _FEW, 100, 1),
    _Load(MANY, _FEW, 100, 32),
    _Load(HOT, _ROOMY, 1, 1),
    _Load(HOT, _ROOMY, 1, 32),
    _Load(FULL_UP, _FEW, 1, 32),
)


def measure(server: Server, entries_total: int, seconds: float, seed: int) -> list[dict[str, Any]]:
    """Claim attempts by one caller and by many, on many numbers and on one; every claim is answered after its fsync."""
    _apply_policies(server)
    rows = []
    for index, load in enumerate(LOADS):
        print(f"claims, {load.about}, {load.callers} callers of {load.rows}", flush=True)
        rows.append(_measured(server, load, index, entries_total, seconds, seed + index))
    return rows


def _measured(server: Server, load: _Load, index: int, entries_total: int, seconds: float, seed: int) -> dict[str, Any]:
    # None of the numbers that changes added before.
    sources = [Traffic(entries_total, seed * 1_000 + 500 + caller) for caller in range(load.callers)]
    # Each load has numbers of its own, of an area code without limits of its state.
    parts = [load.requests(source, _FIRST_HOT + index * 10_000, seconds) for source in sources]
    scenario = Scenario(f"ReserveAttempts {load.rows}", RESERVE, load.rows, _never)
    with commits(server.store) as count:
        before = count()
        turn = closed_by_many(server, scenario, parts, seconds, keep_answers=True)
        made = count() - before
    warm_up, timed = _granted(turn.answers[: load.callers]), _granted(turn.answers[load.callers :])
    _check(load, warm_up + timed, turn.calls)
    return percentiles([turn]) | {
        "scenario": scenario.name,
        "about": load.about,
        "rows": load.rows,
        "callers": load.callers,
        "entries": entries_total,
        "calls": turn.calls,
        "calls_per_s": turn.calls / turn.seconds,
        "claims": timed,
        "claims_per_s": timed / turn.seconds,
        "commits_per_call": made / (turn.calls + load.callers),
        "commits_per_claim": made / (warm_up + timed),
        "cpu_us_per_row": turn.cpu_s * 1e6 / (turn.calls * load.rows),
    }


def _granted(answers: list[bytes]) -> int:
    """Count the claims that were granted."""
    response = attempt_service_pb2.ReserveAttemptsResponse
    return sum(bool(row.reservation) for answer in answers for row in response.FromString(answer).attempts)


def _check(load: _Load, granted: int, calls: int) -> None:
    """Make sure that limits were kept, and that nothing but them refused claims: else every figure is void."""
    asked = (calls + load.callers) * load.rows
    if load.about == FULL_UP and granted != _FEW_MAX:
        raise RuntimeError(f"{granted} claims were granted on one number, not {_FEW_MAX}")
    # A random number is known by accident, and some are drawn twice.
    if granted < asked * {HOT: 1.0, MANY: 0.98, FULL_UP: 0.0}[load.about]:
        raise RuntimeError(f"{granted} of {asked} claims were granted, {load.about}")


def _request(policy: str, numbers: list[int]) -> bytes:
    return attempt_service_pb2.ReserveAttemptsRequest(
        policy=policy,
        channel=core_pb2.CHANNEL_VOICE,
        rows=[check_service_pb2.CheckRow(address=f"+{number}") for number in numbers],
    ).SerializeToString()


def _apply_policies(server: Server) -> None:
    few = policy_pb2.Policy(
        name=_FEW,
        attempt_limits=[policy_pb2.AttemptLimit(max=_FEW_MAX, per_hours=24)],
        attempt_packs=["us-states"],
    )
    roomy = policy_pb2.Policy(name=_ROOMY, attempt_limits=[policy_pb2.AttemptLimit(max=_ROOM, per_hours=24)])
    with server.channel() as channel:
        policies = policy_service_pb2_grpc.PolicyServiceStub(channel)
        for policy in (few, roomy):
            policies.ApplyPolicy(policy_service_pb2.ApplyPolicyRequest(policy=policy))


def _never(_: Traffic) -> bytes:
    raise NotImplementedError("requests of claims are made for each caller")
