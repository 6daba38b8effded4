"""Where a number may be: what nobody knows is never taken for open."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from serving import Api, Clock, moment, pb, served

ALLOW, DEFER, UNSCREENED = pb.VERDICT_ALLOW, pb.VERDICT_DEFER, pb.VERDICT_UNSCREENED
SATELLITE, FREEPHONE, NEW_YORK, TORONTO = "+881612345678", "+80012345678", "+12125550123", "+14165550123"
ORLANDO, OMAHA, BERLIN = "+16892345678", "+14025550123", "+4930123456"
EVERY_STATE = ["us-federal", "us-states", "us-states-unconfirmed"]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp()) * 1000


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with served(tmp_path / "store", Clock(ms("2026-11-18T08:00:00-05:00"))) as server:
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


@pytest.mark.parametrize(
    ("number", "at"),
    [
        (ORLANDO, "2026-11-18T20:30:00-05:00"),
        ("+15805440123", "2026-11-18T08:30:00-06:00"),
        (OMAHA, "2026-11-18T08:30:00-06:00"),
    ],
)
def test_an_overlay_and_a_corner_of_a_state_keep_their_own_clock(api: Api, number: str, at: str) -> None:
    api.apply("states", calling_hours=["us-federal", "us-states"])

    assert ask(api, "states", number, at).verdict == DEFER


@pytest.mark.parametrize("zone", ["EST", "MST", "UTC", "Etc/GMT+5", "Asia/Tokyo"])
def test_a_zone_without_summer_time_or_far_away_opens_nothing(api: Api, zone: str) -> None:
    api.apply("hours", calling_hours=["us-federal"])

    evening = ask(api, "hours", NEW_YORK, "2027-07-15T21:30:00-04:00", time_zone=zone)

    assert evening.verdict == DEFER
    assert evening.findings[0].legal_rule.time_zone in {"America/New_York", zone}


def test_a_code_with_words_around_it_is_read(api: Api) -> None:
    api.apply("states", calling_hours=["us-federal", "us-states"])
    evening = "2026-11-18T20:30:00-05:00"

    texts = ["33101", "FL 33101", "33101 US", "33101-", "33101-0000", "Miami, FL 33101", "N/A", "3310", ""]
    verdicts = [ask(api, "states", NEW_YORK, evening, postal_code=text).verdict for text in texts]

    assert verdicts == [DEFER] * 6 + [UNSCREENED] * 2 + [ALLOW]


def test_a_row_that_cannot_be_read_says_so_and_leaves_its_neighbours_alone(api: Api) -> None:
    api.apply("hours", calling_hours=["us-federal"])
    rows = [
        pb.CheckRow(address=NEW_YORK),
        pb.CheckRow(address=NEW_YORK, time_zone="EDT"),
        pb.CheckRow(address=NEW_YORK, postal_code="unknown"),
        pb.CheckRow(address=NEW_YORK, time_zone="America/New_York", postal_code="10001"),
        pb.CheckRow(address=BERLIN, postal_code="10115"),
    ]
    noon = moment(ms("2026-11-18T12:00:00-05:00"))

    results = api.call("Check", pb.CheckRequest(policy="hours", channel=1, rows=rows, contact_time=noon)).results

    assert [result.verdict for result in results] == [ALLOW, UNSCREENED, UNSCREENED, ALLOW, UNSCREENED]
    told = [[(finding.rule, finding.legal_rule.citation) for finding in result.findings] for result in results]
    assert told[1] == [(pb.RULE_ZONE_UNKNOWN, "the row's time_zone is not an IANA name such as America/Chicago")]
    assert told[2] == [(pb.RULE_ZONE_UNKNOWN, "the row's postal_code cannot be read, or is not known")]
    assert told[4] == [(pb.RULE_HOURS_NOT_COVERED, "")]


def test_a_scrub_says_of_each_row_what_cannot_be_read(api: Api) -> None:
    api.apply("hours", calling_hours=["us-federal"])
    noon = moment(ms("2026-11-18T12:00:00-05:00"))
    columns = {"time_zones": ["", "EDT", "", "America/New_York"], "postal_codes": ["", "", "?1", "33101"]}
    request = pb.ScrubRequest(policy="hours", channel=1, addresses=[NEW_YORK] * 4, contact_time=noon, **columns)

    answer = api.call("Scrub", request)

    assert list(answer.verdicts) == [ALLOW, UNSCREENED, UNSCREENED, ALLOW]
    findings = answer.findings
    said = [findings.legal_rule_names[place].citation for place in findings.legal_rules]
    assert list(zip(findings.rows, said, strict=True)) == [
        (1, "the row's time_zone is not an IANA name such as America/Chicago"),
        (2, "the row's postal_code cannot be read, or is not known"),
    ]


def test_what_cannot_be_read_is_blocked_where_the_policy_says_so_and_ignored_where_places_do_not_count(
    api: Api,
) -> None:
    api.apply("strict", calling_hours=["us-federal"], unscreened=pb.UNSCREENED_BLOCK)
    noon = "2026-11-18T12:00:00-05:00"

    assert ask(api, "strict", NEW_YORK, noon, time_zone="EDT").verdict == pb.VERDICT_BLOCK
    assert ask(api, "", NEW_YORK, noon, time_zone="EDT", postal_code="N/A").verdict == ALLOW


def test_a_code_that_cannot_be_read_may_be_in_a_closed_region_and_under_a_state_s_limit(api: Api) -> None:
    until = moment(ms("2026-11-20T08:00:00-05:00"))
    api.call("CloseRegion", pb.CloseRegionRequest(region="US-FL", until=until, reason="storm"))
    api.apply("limited", attempt_limits=[pb.AttemptLimit(max=1, per_hours=24, regions=["US-TX"])])
    rows = [pb.CheckRow(address=NEW_YORK, postal_code="N/A")]

    assert ask(api, "", NEW_YORK).verdict == ALLOW
    assert ask(api, "", NEW_YORK, postal_code="N/A").verdict == DEFER
    api.call("OpenRegion", pb.OpenRegionRequest(region="US-FL", reason="over"))
    request = pb.ReserveAttemptsRequest(policy="limited", channel=1, rows=rows)
    verdicts = [api.call("ReserveAttempts", request).attempts[0].result.verdict for _ in range(2)]
    assert verdicts == [ALLOW, DEFER]


def test_an_explanation_says_what_cannot_be_read(api: Api) -> None:
    api.apply("hours", calling_hours=["us-federal"])
    row = pb.CheckRow(address=NEW_YORK, time_zone="EDT")

    answer = api.call("Explain", pb.ExplainRequest(policy="hours", channel=1, row=row))

    assert any("the row's time_zone is not an IANA name" in rule.sentence for rule in answer.considered)
