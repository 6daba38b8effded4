"""Attempts and closed regions, on the server and in the model; and the clocks of the persons called."""

import dataclasses
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from dncd.nouns import Role
from model.answering import answer, strongest
from model.changed import RETRY_MS, Changed
from model.clocks import next_instant, utc_day
from model.drawing import MAIL_ROWS, PHONE_ROWS, POLICIES, REGIONS, ROWS, accounts, call_policies
from model.facts import (
    ALLOW,
    ALREADY,
    ATTEMPTS_KEPT_MS,
    DAY_MS,
    DEFER,
    EMAIL,
    MINUTE_MS,
    PENDING,
    RECORDED,
    RULE_LIMIT,
    SMS,
    STRONGER,
    UNKNOWN,
    VOICE,
)
from model.messages import row_message, told
from model.nouns import Attempt, Closing, Policy, Refused, Row
from model.reference import Account
from serving import in_ms, moment, new_id, pb

REGION_DAYS_MAX, LEASE_S = 400, 3600
BUSY = [row for row in PHONE_ROWS if row.address in {"+14155550101", "+442079460123"}]
_ZONES = st.sampled_from(["America/New_York", "America/Los_Angeles", "America/Phoenix", "Europe/London", "Asia/Tokyo"])
# Noon of the day before clocks change in the United States and Europe; before the year 2027 and its rule on revocation.
_EVES_MS = [
    *(1_761_393_600_000, 1_761_998_400_000, 1_772_884_800_000, 1_774_699_200_000),
    *(1_792_843_200_000, 1_793_448_000_000, 1_801_310_400_000),
]


class Calling(Changed):
    """The rules of attempts, of regions and of clocks."""

    def __init__(self) -> None:
        super().__init__()
        # The requests that claimed something, with the names and the time of then.
        self.claimed: list[tuple[str, Any, list[str], int]] = []

    @initialize(policy=call_policies)
    def begin_with_a_policy_of_calls(self, policy: Policy) -> None:
        self.apply_policy("default", "p1", policy)

    @rule(account=accounts, name=st.sampled_from(POLICIES), policy=call_policies)
    def apply_a_policy_of_calls(self, account: str, name: str, policy: Policy) -> None:
        self.apply_policy(account, name, policy)

    @rule(
        account=accounts,
        policy=st.sampled_from(["", "p1", "p1", "p1", "p2"]),
        channel=st.sampled_from([VOICE, VOICE, SMS, EMAIL]),
        choices=st.lists(st.integers(0, 99), min_size=1, max_size=4),
        lease_s=st.sampled_from([0, 60, 3600, 86_400]),
        again=st.booleans(),
    )
    def reserve(self, account: str, policy: str, channel: int, choices: list[int], lease_s: int, again: bool) -> None:
        among = MAIL_ROWS if channel == EMAIL else PHONE_ROWS
        # Half of them the same few people, so that limits are reached.
        asked = [among[choice % len(among)] if choice % 2 else BUSY[choice % len(BUSY)] for choice in choices]
        asked = [row for row in asked if row in among] or among[:1]
        if again:
            asked = [asked[0], ROWS[-1], asked[0], *asked[1:]]
        request = pb.ReserveAttemptsRequest(
            policy=policy, channel=channel, rows=map(row_message, asked), lease_seconds=lease_s, request_id=new_id()
        )
        self.touched = account
        api, model = self.api(account, Role.CHECKER), self.models[account]
        before = self.modelled(
            account,
            Role.CHECKER,
            "ReserveAttempts",
            request,
            lambda: [answer(model, policy, channel, row, self.now_ms) for row in asked],
        )
        if isinstance(before, Refused):
            return
        given = api.call("ReserveAttempts", request)
        claimed = self.claim_rows(model, policy, channel, asked, [each.reservation for each in given.attempts], lease_s)
        granted = [name for name, _ in claimed]
        for row, each, first, (name, seen) in zip(asked, given.attempts, before, claimed, strict=True):
            # A row that was ALLOW sees the claims before it; where they refuse it, also those behind.
            refused = first[0] == ALLOW and not name
            expected = answer(model, policy, channel, row, self.now_ms) if refused else seen if name else first
            assert told(each.result) == (expected[0], expected[1], frozenset(expected[2])), row
            assert each.reservation == name
        assert (given.checked_at.position, given.policy_version) == (self.head, model.policies[policy][1])
        assert in_ms(given.lease_ends_at) == (self.now_ms + (lease_s or LEASE_S) * 1000 if any(granted) else 0)
        if any(granted):
            self.claimed.append((account, request, granted, self.now_ms))

    def claim_rows(
        self, model: Account, policy: str, channel: int, asked: list[Row], names: list[str], lease_s: int
    ) -> list[tuple[str, Any]]:
        """Claim in order in the model, under the names that the server gave.

        Gives those that must be granted, and what each row was answered when its turn came.
        """
        granted = []
        for row, name in zip(asked, names, strict=True):
            seen = answer(model, policy, channel, row, self.now_ms)
            allowed = seen[0] == ALLOW
            granted.append((name if allowed else "", seen))
            assert bool(name) == allowed, (row, "never one too many, and none too few")
            if allowed:
                assert name not in model.attempts, "names are unique"
                lease_ends_ms = self.now_ms + (lease_s or LEASE_S) * 1000
                model.attempts[name] = Attempt(row, channel, self.now_ms, lease_ends_ms)
                self.claims[model.name, name] = None
        return granted

    @precondition(lambda self: self.claims)
    @rule(
        account=accounts,
        choices=st.lists(st.integers(0, 99), min_size=1, max_size=3),
        outcome=st.sampled_from([2, 3, 3, 4, 4, 5]),
    )
    def complete(self, account: str, choices: list[int], outcome: int) -> None:
        known = list(self.claims)
        named = [known[-1 - choice % min(4, len(known))] for choice in choices]
        account = account if choices[0] % 5 == 0 else named[0][0]
        completions = [pb.AttemptCompletion(reservation=name, outcome=outcome) for _, name in named]
        request = pb.CompleteAttemptsRequest(completions=completions, request_id=new_id())
        self.touched = account
        outcomes = self.api(account, Role.CHECKER).call("CompleteAttempts", request).outcomes
        for (_, name), found in zip(named, outcomes, strict=True):
            # Names are those of an account: another one's may be its own too.
            self.complete_one(self.models[account], name, outcome, found)
        assert self.api(account, Role.CHECKER).call("CompleteAttempts", request).outcomes == outcomes

    def complete_one(self, model: Account, name: str, outcome: int, found: int) -> None:
        attempt = model.attempts.get(name)
        if attempt is None:
            assert found == UNKNOWN
            return
        if found == UNKNOWN:
            last_ms = max(attempt.reserved_ms, *attempt.told_ms.values())
            assert last_ms + ATTEMPTS_KEPT_MS <= self.now_ms, "no window needs it any more"
            del model.attempts[name]
            return
        is_stronger = STRONGER.index(outcome) > STRONGER.index(attempt.outcome)
        assert found == (RECORDED if is_stronger else ALREADY)
        if is_stronger:
            attempt.outcome, attempt.told_ms[outcome] = outcome, self.now_ms

    @precondition(lambda self: self.claimed)
    @rule(choice=st.integers(0, 99))
    def claim_again(self, choice: int) -> None:
        """A retry gives claims of the first answer while their leases run, and never a new one."""
        account, request, names, at_ms = self.claimed[-1 - choice % min(3, len(self.claimed))]
        model = self.models[account]
        known, _ = model.policies.get(request.policy, (None, 0))
        answered = known is not None and (not known.channels or request.channel in known.channels)
        if not answered or self.now_ms - at_ms >= RETRY_MS:
            return
        given = self.api(account, Role.CHECKER).call("ReserveAttempts", request).attempts
        for message, each, name in zip(request.rows, given, names, strict=True):
            attempt = model.attempts.get(name)
            running = attempt and attempt.outcome == PENDING and self.now_ms < attempt.lease_ends_ms
            row = Row(*(getattr(message, known.name) for known in dataclasses.fields(Row)))
            verdict, shadow, found = answer(model, request.policy, request.channel, row, self.now_ms)
            stops = [one for one in found if one.verdict != ALLOW and not one.shadow]
            if running and all(one.rule == RULE_LIMIT for one in stops):
                others = [one for one in found if one.rule != RULE_LIMIT]
                assert (each.result.verdict, each.reservation) == (ALLOW, name)
                assert each.result.shadow_verdict == (strongest(others) if shadow else 0)
            else:
                assert each.reservation == ""
                assert each.result.verdict == (verdict if verdict != ALLOW else DEFER) or running

    @rule(
        account=accounts,
        region=st.sampled_from(REGIONS),
        ms=st.sampled_from([1, MINUTE_MS, 7 * 3_600_000, DAY_MS, 401 * DAY_MS, -1]),
    )
    def close_region(self, account: str, region: str, ms: int) -> None:
        until_ms = -(-(self.now_ms + ms) // MINUTE_MS) * MINUTE_MS
        closing = Closing(until_ms, f"storm {self.head}", self.now_ms, self.head + 1)
        request = pb.CloseRegionRequest(region=region, until=moment(self.now_ms + ms), reason=closing.reason)
        now_ms = self.now_ms

        def close(model: Account) -> None:
            if not now_ms < until_ms <= now_ms + REGION_DAYS_MAX * DAY_MS:
                raise Refused("INVALID_FIELD")
            model.close_region(region, closing)

        self.change(account, "CloseRegion", request, close)

    @rule(account=accounts, region=st.sampled_from(REGIONS))
    def open_region(self, account: str, region: str) -> None:
        request = pb.OpenRegionRequest(region=region, reason="over")
        answer, changed = self.change(account, "OpenRegion", request, lambda model: model.open_region(region))
        assert answer.changed == changed

    @rule(account=accounts)
    def list_regions(self, account: str) -> None:
        listed = self.api(account).call("ListClosedRegions").regions
        told = [(e.region, in_ms(e.until), e.reason, in_ms(e.closed_at), e.event_position) for e in listed]
        assert told == [
            (region, each.until_ms, each.reason, each.closed_ms, each.position)
            for region, each in sorted(self.models[account].closings.items())
        ]

    @rule(
        zone=_ZONES,
        hour=st.sampled_from([0, 2, 8, 9, 12, 12, 15, 19, 20, 21]),
        step=st.sampled_from([0, 0, -1, 1, -MINUTE_MS]),
    )
    def go_to_an_hour(self, zone: str, hour: int, step: int) -> None:
        at_ms = next_instant(zone, hour, self.now_ms) + step
        self.server.clock.advance(max(1, at_ms - self.now_ms))

    @rule(eve_ms=st.sampled_from(_EVES_MS))
    def go_to_a_day_of_new_clocks(self, eve_ms: int) -> None:
        if eve_ms > self.now_ms:
            self.server.clock.advance(eve_ms - self.now_ms)
            assert utc_day(self.now_ms).month in {1, 3, 10, 11}
