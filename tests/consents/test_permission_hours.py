"""Permission for one send lifts an opt-out, and not the hour of the day where the person is."""

from datetime import datetime
from typing import Any

import pytest

from consents.desk import Desk
from dncd.events import Policy, PolicyApplied
from dncd.nouns import Channel, Source, Verdict

NEW_YORK = "+12125550123"
MORNING = "2026-11-23T09:30:00-05:00"
NIGHT = "2026-11-23T03:30:00-05:00"


@pytest.fixture(name="calls")
def callable_by_permission(desk: Desk) -> Desk:
    policy = Policy("calls", calling_hours=("us-federal",), one_time_permission=frozenset({Channel.VOICE}))
    desk.accept(PolicyApplied(policy))
    desk.add(NEW_YORK, "do-not-phone", Source.AGENT)
    return desk


def at(desk: Desk, moment: str) -> None:
    desk.clock.now_ms = int(datetime.fromisoformat(moment).timestamp()) * 1000


def permit(desk: Desk, **context: str) -> Any:
    row = {"address": NEW_YORK, **context}
    facts: dict[str, Any] = {"policy": "calls", "channel": 1, "row": row, "permission_given": True, "note": "asked"}
    return desk.call("AuthorizeOneTimeSend", **facts)


def test_no_permission_is_made_at_night(calls: Desk) -> None:
    at(calls, NIGHT)

    answer = permit(calls)

    assert (answer.verdict, answer.permission) == (Verdict.PERMISSION_REQUIRED, "")
    assert {finding.verdict for finding in answer.result.findings} == {Verdict.PERMISSION_REQUIRED, Verdict.DEFER}


def test_the_claim_goes_by_the_clock_of_the_row(calls: Desk) -> None:
    at(calls, MORNING)

    here = permit(calls)
    granted = calls.claim(here.permission).granted
    in_hawaii = permit(calls, time_zone="Pacific/Honolulu")

    assert granted
    assert (in_hawaii.verdict, in_hawaii.permission) == (Verdict.PERMISSION_REQUIRED, "")


def test_a_permission_of_the_evening_is_not_claimed_after_hours(calls: Desk) -> None:
    at(calls, "2026-11-23T20:55:00-05:00")
    by_their_clock = permit(calls, time_zone="America/New_York")
    at(calls, "2026-11-23T21:05:00-05:00")

    claimed = calls.claim(by_their_clock.permission)

    assert by_their_clock.verdict == Verdict.ALLOW
    assert not claimed.granted
    assert Verdict.DEFER in {finding.verdict for finding in claimed.result.findings}
