"""Findings and explanations quote the limit or cool-down that stops an address: for how long, after what, where."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from serving import Api, Clock, in_ms, pb, served

NOW_MS = int(datetime.fromisoformat("2026-11-18T12:00:00-05:00").timestamp()) * 1000
FREEPHONE, ORLANDO, MAILBOX = "+18005550123", "+16892345678", "ann@example.com"
VOICE, SMS, EMAIL = 1, 2, 3
CONVERSATION = 3
COUNTED = pb.AttemptLimit(max=1, per_hours=24, regions=["US-FL", "US-OK", "US-MD"], channels=[VOICE, SMS])


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with served(tmp_path / "store", Clock(NOW_MS)) as server:
        yield server.api()


def call(api: Api, policy: str, number: str, outcome: int) -> None:
    """Claim one attempt under a policy that has room, and tell what became of it."""
    request = pb.ReserveAttemptsRequest(policy=policy, channel=VOICE, rows=[pb.CheckRow(address=number)])
    [claimed] = api.call("ReserveAttempts", request).attempts
    completion = pb.AttemptCompletion(reservation=claimed.reservation, outcome=outcome)
    api.call("CompleteAttempts", pb.CompleteAttemptsRequest(completions=[completion]))


def found(api: Api, policy: str, number: str) -> Any:
    rows = [pb.CheckRow(address=number)]
    [finding] = api.call("Check", pb.CheckRequest(policy=policy, channel=VOICE, rows=rows)).results[0].findings
    return finding


def sentences(api: Api, policy: str, number: str, channel: int = VOICE) -> str:
    request = pb.ExplainRequest(policy=policy, channel=channel, row=pb.CheckRow(address=number))
    return "\n".join(rule.sentence for rule in api.call("Explain", request).considered)


def test_a_cool_down_of_calendar_days_tells_its_days_and_the_outcome(api: Api) -> None:
    api.apply("rests", cooldowns=[pb.Cooldown(after=CONVERSATION, days=7, channels=[VOICE])])
    free = sentences(api, "rests", ORLANDO)
    call(api, "rests", ORLANDO, CONVERSATION)

    finding = found(api, "rests", ORLANDO)

    counted = finding.attempts
    assert (counted.days, counted.per_hours, counted.max, counted.after) == (7, 0, 0, CONVERSATION)
    assert list(counted.channels) == [VOICE]
    assert in_ms(finding.recorded_at) == NOW_MS
    rule = "None for 7 calendar days, its own day included, after conversation by number, on VOICE."
    assert f"{rule} Nothing to wait for." in free
    assert f"{rule} Waiting after the conversation of 2026-11-18 17:00 UTC. Opens at 2026-11-25" in sentences(
        api, "rests", ORLANDO
    )


def test_a_cool_down_of_hours_tells_its_hours(api: Api) -> None:
    api.apply("rests", cooldowns=[pb.Cooldown(after=CONVERSATION, hours=72)])
    call(api, "rests", ORLANDO, CONVERSATION)

    counted = found(api, "rests", ORLANDO).attempts

    assert (counted.days, counted.per_hours) == (0, 72)
    assert "None for 72 hours after conversation by number. Waiting after" in sentences(api, "rests", ORLANDO)


@pytest.mark.parametrize(("number", "region"), [(ORLANDO, "US-FL"), (FREEPHONE, "US-FL")])
def test_a_limit_tells_its_regions_and_channels_also_where_nobody_knows_the_place(
    api: Api, number: str, region: str
) -> None:
    api.apply("limited", attempt_limits=[COUNTED])
    rule = "At most 1 attempts in 24 hours by number, on VOICE, SMS, in US-FL, US-MD, US-OK."
    free = sentences(api, "limited", number)
    call(api, "limited", number, CONVERSATION)

    finding = found(api, "limited", number)

    assert list(finding.attempts.regions) == ["US-FL", "US-MD", "US-OK"]
    assert list(finding.attempts.channels) == [VOICE, SMS]
    assert finding.legal_rule.region == region
    assert f"{rule} Has room." in free
    assert f"{rule} Full with 1." in sentences(api, "limited", number)


def test_limits_alike_but_for_their_regions_are_told_one_by_one(api: Api) -> None:
    api.apply("limited", attempt_limits=[COUNTED, pb.AttemptLimit(max=1, per_hours=24, regions=["US-FL"])])
    call(api, "limited", ORLANDO, CONVERSATION)

    told = sentences(api, "limited", ORLANDO)

    assert told.count("Full with 1.") == 2
    assert "Has room." not in told


def test_an_explanation_of_a_mailbox_says_that_hours_do_not_hold_for_it(api: Api) -> None:
    api.apply("hours", calling_hours=["us-federal"])
    api.apply("none")

    assert "Calling hours do not hold for e-mail" in sentences(api, "hours", MAILBOX, EMAIL)
    assert "hours" not in sentences(api, "none", MAILBOX, EMAIL)
    assert "e-mail" not in sentences(api, "hours", ORLANDO)
