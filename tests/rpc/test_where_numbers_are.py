"""Where a number may be: what nobody knows is never taken for open."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from serving import Api, Clock, moment, pb, served

ALLOW, DEFER, UNSCREENED = pb.VERDICT_ALLOW, pb.VERDICT_DEFER, pb.VERDICT_UNSCREENED
SATELLITE, FREEPHONE, NEW_YORK, TORONTO = "+881612345678", "+80012345678", "+12125550123", "+14165550123"
EVERY_STATE = ["us-federal", "us-states", "us-states-unconfirmed"]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with served(tmp_path / "store", Clock(ms("2026-11-18T13:00:00-05:00"))) as server:
        yield server.api()


def ask(api: Api, policy: str, number: str, at: str = "", **context: str) -> Any:
    asked = {"contact_time": moment(ms(at))} if at else {}
    rows = [pb.CheckRow(address=number, **context)]
    return api.call("Check", pb.CheckRequest(policy=policy, channel=1, rows=rows, **asked)).results[0]


@pytest.mark.parametrize(
    ("number", "postal_code", "at", "rule"),
    [
        (NEW_YORK, "M5V 1A1", "2026-11-21T19:30:00-05:00", "ca-hours"),
        (NEW_YORK, "V5K 0A1", "2026-11-18T08:30:00-05:00", "ca-hours"),
        (TORONTO, "33101", "2026-11-18T20:30:00-05:00", "us-fl-hours"),
    ],
)
def test_a_postal_code_of_the_neighbour_counts(api: Api, number: str, postal_code: str, at: str, rule: str) -> None:
    api.apply("both", calling_hours=["us-federal", "us-states", "ca"])

    result = ask(api, "both", number, at, postal_code=postal_code)

    assert result.verdict == DEFER
    assert rule in {finding.legal_rule.id for finding in result.findings}


@pytest.mark.parametrize("number", [SATELLITE, FREEPHONE])
def test_a_number_that_may_be_anywhere_is_closed_with_any_region(api: Api, number: str) -> None:
    before = ask(api, "", number).verdict
    until = moment(ms("2026-11-20T08:00:00-05:00"))
    api.call("CloseRegion", pb.CloseRegionRequest(region="US-FL", until=until, reason="storm"))

    assert (before, ask(api, "", number).verdict) == (ALLOW, DEFER)


def test_a_limit_of_a_region_holds_for_a_number_that_may_be_anywhere(api: Api) -> None:
    api.apply("one", attempt_limits=[pb.AttemptLimit(max=1, per_hours=24, regions=["US"])])
    request = pb.ReserveAttemptsRequest(policy="one", channel=1, rows=[pb.CheckRow(address=SATELLITE)])

    verdicts = [api.call("ReserveAttempts", request).attempts[0].result.verdict for _ in range(2)]

    assert verdicts == [ALLOW, DEFER]


def test_a_number_that_is_never_open_everywhere_says_so_again_and_again(api: Api) -> None:
    api.apply("strict", calling_hours=EVERY_STATE)

    answers = [ask(api, "strict", "+18005550123", f"2026-11-18T13:{minute:02}:00-05:00") for minute in range(20)]

    assert {answer.verdict for answer in answers} == {DEFER}
    assert not any(answer.HasField("retry_at") for answer in answers)


def test_an_explanation_does_not_call_open_what_was_not_judged(api: Api) -> None:
    api.apply("debts", attempt_packs=["reg-f"], purpose=5)
    request = pb.ExplainRequest(policy="debts", channel=1, row=pb.CheckRow(address=NEW_YORK))

    answer = api.call("Explain", request)

    assert answer.result.verdict == UNSCREENED
    assert any("Not counted: no debt was named." in rule.sentence for rule in answer.considered)
    assert not any("Has room." in rule.sentence for rule in answer.considered)
