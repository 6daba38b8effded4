"""The same calls about the same numbers under several policies, in turns: what the full policy costs beside less.

By day every number's hours are open; by night all are closed, so that every number is deferred and has its finding.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc
import numpy as np
from campaign import FULL, Campaign
from load import Turn, closed, method_of
from national import POLICY
from rounds import closed_row, spread
from servers import Server
from traffic import NULL, check, scrub, scrub_request

from donotcontact.v1 import check_service_pb2, verdict_pb2

PLAIN: Final = "built-in labels"
REGISTRY: Final = "and a register"
DAY: Final = "full, by day"
NIGHT: Final = "full, by night"
_WARM_SCRUBS: Final = 20
# So small a store has few pages that are worth touching first.
_COLD_ENTRIES: Final = 100_000
_PROBE_ROWS: Final = 2_000

SCENARIOS: Final = (
    *(check(rows) for rows in (1, 10, 100, 1_000)),
    *(scrub(rows) for rows in (10_000, 50_000)),
    scrub(10_000, omit_findings=True),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A policy and the moment that it is asked about; 0 is now."""

    name: str
    policy: str
    contact_ms: int = 0


def measure(
    server: Server, campaign: Campaign, rounds: int, turn_s: float, rows_max: int, seed: int
) -> list[dict[str, Any]]:
    """Let one caller make every kind of call under every policy in turns; return a row for each."""
    asked = [
        Asked(PLAIN, ""),
        Asked(REGISTRY, POLICY),
        Asked(DAY, FULL, campaign.moments.day_ms),
        Asked(NIGHT, FULL, campaign.moments.night_ms),
    ]
    turns: dict[tuple[str, str], list[Turn]] = {}
    with server.channel() as channel:
        verify(channel, campaign, seed)
        if campaign.entries_total > _COLD_ENTRIES:
            _warm(channel, campaign, asked, seed)
        for number in range(rounds):
            print(f"by policy, round {number + 1} of {rounds}", flush=True)
            null = NULL.requests(campaign.traffic(seed, ""), rows_max)
            turns.setdefault((NULL.name, ""), []).append(closed(server, channel, NULL, null, turn_s))
            for scenario in SCENARIOS:
                # Who comes first changes with the round.
                for each in asked[number % len(asked) :] + asked[: number % len(asked)]:
                    traffic = campaign.traffic(seed + number, each.policy, each.contact_ms)
                    requests = scenario.requests(traffic, rows_max)
                    found = turns.setdefault((scenario.name, each.name), [])
                    found.append(closed(server, channel, scenario, requests, turn_s))
    return _rows(campaign, asked, turns)


def _rows(campaign: Campaign, asked: Sequence[Asked], turns: dict[tuple[str, str], list[Turn]]) -> list[dict[str, Any]]:
    null = turns[NULL.name, ""]
    rows = [closed_row(campaign.entries_total, NULL, null, null) | {"policy": ""}]
    for scenario in SCENARIOS:
        plain = turns[scenario.name, PLAIN]
        for each in asked:
            found = turns[scenario.name, each.name]
            ratio = spread([turn.p50_us / other.p50_us for turn, other in zip(found, plain, strict=True)])
            row = closed_row(campaign.entries_total, scenario, found, null)
            rows.append(row | {"policy": each.name, "ratio_to_plain": ratio})
    return rows


def _warm(channel: grpc.Channel, campaign: Campaign, asked: Sequence[Asked], seed: int) -> None:
    scenario = scrub(50_000, omit_findings=True)
    for each in asked:
        traffic = campaign.traffic(seed + 500, each.policy, each.contact_ms)
        call = method_of(channel, scenario.method)
        for _ in range(_WARM_SCRUBS):
            call(scenario.make(traffic))


def verify(channel: grpc.Channel, campaign: Campaign, seed: int) -> None:
    """Make sure that days are open and nights closed, and that every group is known: else every figure is void."""
    by_day, by_night = (
        _scrubbed(channel, campaign, time_ms, seed) for time_ms in (campaign.moments.day_ms, campaign.moments.night_ms)
    )
    rules = verdict_pb2.Rule
    wanted = {rules.RULE_ENTRY, rules.RULE_REGISTRY, rules.RULE_ATTEMPT_LIMIT}
    if set(by_day.findings.rules) - wanted or not set(by_day.findings.rules) & wanted:
        raise RuntimeError("by day something other than entries, the register and attempts stops numbers, or nothing")
    if verdict_pb2.VERDICT_ALLOW not in by_day.verdicts:
        raise RuntimeError("by day no number is clear")
    if verdict_pb2.VERDICT_ALLOW not in by_day.findings.verdicts:
        raise RuntimeError("no consent lifts a match")
    closed_rows = np.array(by_night.findings.rows)[np.array(by_night.findings.rules) == rules.RULE_CALLING_HOURS]
    if len(np.unique(closed_rows)) != len(by_night.verdicts) or verdict_pb2.VERDICT_ALLOW in by_night.verdicts:
        raise RuntimeError("by night some number is not deferred")


def _scrubbed(channel: grpc.Channel, campaign: Campaign, contact_ms: int, seed: int) -> check_service_pb2.ScrubResponse:
    traffic = campaign.traffic(seed, FULL)
    numbers = np.concatenate([traffic.fresh(_PROBE_ROWS), traffic.known(_PROBE_ROWS)])
    request = scrub_request(numbers, policy=FULL, contact_ms=contact_ms)
    return check_service_pb2.ScrubResponse.FromString(method_of(channel, scrub(1).method)(request, timeout=60))
