"""What holds of every policy: stricter is never weaker, a trial changes nothing, and retry_at keeps its word."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guarantees.columns import at, checked
from guarantees.drawn_policies import (
    attempt_packs_for,
    cooldowns,
    limits,
    moments,
    packs,
    permissions,
    phone_channels,
    policies,
    quick,
    screens,
    some_rows,
)
from guarantees.whole import (
    ALLOW,
    DEFER,
    HOUR_MS,
    POLICIES,
    POOL,
    Asked,
    scrub_of,
    whole_fields,
    whole_server,
)
from serving import START_MS, Api, Served, in_ms, moment, pb

MINUTE_MS = 60_000
HOURS_NOT_COVERED, CALLING_HOURS = 11, 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with whole_server(tmp_path_factory.mktemp("properties") / "store") as running:
        yield running


def stricter(kind: str, drawn: st.DataObject, policy: dict[str, Any]) -> dict[str, Any]:
    """Add one rule of a kind to a policy."""
    more = {"attempt_limits": limits, "cooldowns": cooldowns, "calling_hours": packs, "registries": screens}
    if kind == "attempt_packs":
        added: Any = drawn.draw(st.sampled_from(attempt_packs_for(policy["purpose"])))
    else:
        added = drawn.draw(more[kind])
    if kind == "registries" and policy[kind]:
        return policy
    return {**policy, kind: [*policy[kind], *([added] if added not in policy[kind] else [])]}


@pytest.mark.parametrize("kind", ["attempt_limits", "cooldowns", "calling_hours", "attempt_packs"])
@given(policy=policies, rows=some_rows, channel=phone_channels, time_ms=moments, drawn=st.data())
@quick
def test_one_more_rule_never_turns_a_non_allow_into_allow(
    server: Served,
    kind: str,
    policy: dict[str, Any],
    rows: list[Asked],
    channel: int,
    time_ms: int | None,
    drawn: st.DataObject,
) -> None:
    api, asked = server.api(), {"channel": channel, **at(time_ms)}
    api.apply("before", **policy)
    api.apply("after", **stricter(kind, drawn, policy))

    before = checked(api, rows, policy="before", **asked)
    after = checked(api, rows, policy="after", **asked)

    # A pack may speak about where a number is that no pack spoke about before: that alone lets it be called.
    opened = [
        row
        for row, old, new in zip(rows, before, after, strict=True)
        if old.verdict != ALLOW == new.verdict and HOURS_NOT_COVERED not in {each.rule for each in old.findings}
    ]
    assert opened == []


@given(
    rows=some_rows,
    region=st.sampled_from(["US", "US-FL", "US-NY", "CA", "GB", "IN"]),
    hours=st.sampled_from([1, 10, 400]),
    channel=phone_channels,
    policy=st.sampled_from(POLICIES),
    time_ms=moments,
)
@quick
def test_closing_a_region_never_turns_a_non_allow_into_allow_and_opening_it_gives_back_what_was(
    server: Served, rows: list[Asked], region: str, hours: int, channel: int, policy: str, time_ms: int | None
) -> None:
    api, asked = server.api(), {"channel": channel, "policy": policy, **at(time_ms)}
    before = checked(api, rows, **asked)
    until = moment(server.clock() + hours * HOUR_MS)

    api.call("CloseRegion", pb.CloseRegionRequest(region=region, until=until, reason="by order"))
    while_closed = checked(api, rows, **asked)
    api.call("OpenRegion", pb.OpenRegionRequest(region=region))

    assert [new for old, new in zip(before, while_closed, strict=True) if old.verdict != ALLOW == new.verdict] == []
    assert checked(api, rows, **asked) == before


@given(policy=policies, permission=permissions, rows=some_rows, channel=phone_channels, time_ms=moments)
@quick
def test_a_shadow_policy_changes_no_verdict_and_tells_that_of_the_same_policy_in_force(
    server: Served,
    policy: dict[str, Any],
    permission: Any,
    rows: list[Asked],
    channel: int,
    time_ms: int | None,
) -> None:
    api, asked = server.api(), {"channel": channel, **at(time_ms)}
    # What stands in the way of permission is not weakened while a policy is tried: it is ENFORCE without permission.
    api.apply("trial", mode=2, one_time_permission=permission, **policy)
    api.apply("forced", mode=1, **policy)

    trial = checked(api, rows, policy="trial", **asked)
    forced = checked(api, rows, policy="forced", **asked)
    default = checked(api, rows, **asked)

    assert [result.verdict for result in trial] == [result.verdict for result in default]
    assert [result.shadow_verdict for result in trial] == [result.verdict for result in forced]
    assert [result.retry_at for result in trial] == [result.retry_at for result in default]
    assert {result.shadow_verdict for result in (*forced, *default)} == {0}


def named(finding: Any) -> tuple[Any, ...]:
    """Tell findings that defer apart by the rule that gave them."""
    legal, counted = finding.legal_rule, finding.attempts
    return finding.rule, legal.id, legal.region, counted.max, counted.per_hours, counted.per, counted.after


def deferring(result: Any) -> list[Any]:
    return [finding for finding in result.findings if finding.verdict == DEFER and not finding.shadow]


def ask_one(api: Api, row: Asked, time_ms: int, **asked: Any) -> Any:
    [result] = checked(api, [row], contact_time=moment(time_ms), **asked)
    return result


@given(policy=policies, rows=some_rows, channel=phone_channels, time_ms=moments)
@quick
def test_retry_at_is_when_what_defers_is_over_and_not_before(
    server: Served, policy: dict[str, Any], rows: list[Asked], channel: int, time_ms: int | None
) -> None:
    api, asked = server.api(), {"channel": channel, "policy": "retried"}
    api.apply("retried", **policy)
    now_ms = server.clock() if time_ms is None else time_ms
    for row, result in zip(rows, checked(api, rows, **asked, **at(time_ms)), strict=True):
        assert result.HasField("retry_at") <= (result.verdict == DEFER)
        if result.HasField("retry_at"):
            assert in_ms(result.retry_at) > now_ms
            assert ask_one(api, row, in_ms(result.retry_at), **asked).verdict != DEFER
        for finding in deferring(result):
            if finding.HasField("retry_at"):
                then_ms = in_ms(finding.retry_at)
                after = ask_one(api, row, then_ms, **asked)
                assert named(finding) not in {named(each) for each in deferring(after)}
                # A minute is the grain of hours, and a millisecond that of attempts.
                grain_ms = MINUTE_MS if finding.rule == CALLING_HOURS else 1
                shortly_before = ask_one(api, row, max(now_ms, then_ms - grain_ms), **asked)
                assert named(finding) in {named(each) for each in deferring(shortly_before)}


@given(policy=policies, rows=some_rows, channel=phone_channels)
@quick
def test_a_row_is_still_deferred_the_minute_before_its_retry_at(
    server: Served, policy: dict[str, Any], rows: list[Asked], channel: int
) -> None:
    api, asked = server.api(), {"channel": channel, "policy": "retried"}
    api.apply("retried", **policy)
    for time_ms in (START_MS + 14 * HOUR_MS, START_MS + 20 * HOUR_MS):
        for row, result in zip(rows, checked(api, rows, **asked, **at(time_ms)), strict=True):
            if result.HasField("retry_at"):
                before_ms = max(time_ms, in_ms(result.retry_at) - MINUTE_MS)
                # A list may be too old by then, which outweighs it.
                assert deferring(ask_one(api, row, before_ms, **asked))


def test_a_draft_is_not_kept(server: Served) -> None:
    api, head = server.api(), server.head()
    draft = pb.Policy(name="never-applied", **whole_fields())
    rows = [Asked(address) for address in POOL]

    preview = api.call("Preview", pb.PreviewRequest(scrub=scrub_of(rows, channel=1), draft=draft, hours=3))
    explained = api.call("Explain", pb.ExplainRequest(channel=1, row=rows[0].row(), draft=draft))

    assert (preview.policy_version, explained.policy_version) == (0, 0)
    assert server.head() == head
    assert api.refused("GetPolicy", pb.GetPolicyRequest(name="never-applied")).reason == "ERROR_REASON_POLICY_NOT_FOUND"


@given(policy=policies, permission=permissions, rows=some_rows, channel=phone_channels, time_ms=moments)
@settings(quick, max_examples=15)
def test_a_draft_explains_as_it_answers_once_it_is_applied(
    server: Served,
    policy: dict[str, Any],
    permission: Any,
    rows: list[Asked],
    channel: int,
    time_ms: int | None,
) -> None:
    api, whole = server.api(), {**policy, "one_time_permission": permission}
    draft = pb.Policy(name="drafted", **whole)

    asked = [pb.ExplainRequest(channel=channel, row=row.row(), draft=draft, **at(time_ms)) for row in rows]
    drafted = [api.call("Explain", request).result for request in asked]
    api.apply("drafted", **whole)

    assert checked(api, rows, channel=channel, policy="drafted", **at(time_ms)) == drafted
