"""What is known beside an address goes with it, and what a verdict rests on comes back."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from client.scripted_server import REVISION, ScriptedServer, answer, checked, scrubbed
from donotcontact import (
    AttemptCount,
    Channel,
    Client,
    ConsentKind,
    IncompleteAnswer,
    LegalRule,
    Outcome,
    Row,
    Scope,
    Verdict,
)
from donotcontact.columns import CHUNK_BYTES_MAX, Context, scrub_chunks
from donotcontact.v1 import verdict_pb2 as pb
from donotcontact.v1.check_service_pb2 import ExplainResponse, ScrubRequest
from donotcontact.v1.core_pb2 import ATTEMPT_SCOPE_NUMBER, CHANNEL_VOICE, CONSENT_KIND_BUSINESS_RELATIONSHIP
from donotcontact.v1.policy_pb2 import Policy
from donotcontact.v1.policy_service_pb2 import (
    ClosedRegion,
    ListClosedRegionsResponse,
    ListRulePacksResponse,
    RulePack,
)

PHONE = "+14155550123"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
NOON_MS = 1_767_268_800_000
ROW = Row(PHONE, time_zone="America/Chicago", postal_code="60601", contact_id="c-1", debt_id="d-1")


def test_a_row_carries_what_is_known_of_the_person(server: ScriptedServer, client: Client) -> None:
    server.script("Explain", answer(ExplainResponse()))

    client.check([ROW], channel="VOICE")
    client.explain(ROW, channel="VOICE", draft=Policy(name="p"))

    for row in (server.requests("Check")[0].rows[0], server.requests("Explain")[0].row):
        assert (row.time_zone, row.postal_code, row.contact_id, row.debt_id) == (
            "America/Chicago", "60601", "c-1", "d-1",
        )  # fmt: skip
    assert server.requests("Explain")[0].draft.name == "p"
    assert "60601" not in repr(ROW)


def deferred() -> Any:
    response = checked(3)
    response.results[0].retry_at.FromDatetime(NOON)
    response.results[0].findings.extend(
        [
            pb.Finding(rule=pb.RULE_CALLING_HOURS, shadow=True, legal_rule=pb.LegalRule(id="shadow-only")),
            pb.Finding(
                rule=pb.RULE_ATTEMPT_LIMIT,
                verdict=pb.VERDICT_DEFER,
                legal_rule=pb.LegalRule(id="us-fl-limit", pack="us-states", citation="Fla. Stat. x", region="US-FL"),
                attempts=pb.AttemptCount(attempts=3, max=3, per_hours=24, per=ATTEMPT_SCOPE_NUMBER),
            ),
            pb.Finding(
                rule=pb.RULE_REGISTRY,
                verdict=pb.VERDICT_ALLOW,
                lifted_by=pb.LiftingConsent(
                    kind=CONSENT_KIND_BUSINESS_RELATIONSHIP, given_at=Timestamp(seconds=60), event_position=9
                ),
            ),
        ]
    )
    return response


def test_a_result_tells_when_it_opens_and_what_it_rests_on(server: ScriptedServer, client: Client) -> None:
    server.script("Check", answer(deferred()))

    result = client.check_one(PHONE, channel="VOICE")

    assert result.retry_at == NOON
    assert result.legal_rule == LegalRule("us-fl-limit", "us-states", "Fla. Stat. x", "US-FL", "")
    assert result.attempts == AttemptCount(3, 3, 24, Scope.NUMBER, Outcome.UNSPECIFIED)
    lifted = result.lifted_by
    assert lifted is not None
    assert (lifted.kind, lifted.event_position, lifted.expires_at) == (ConsentKind.BUSINESS_RELATIONSHIP, 9, None)
    with pytest.raises(AttributeError):
        result.legal_rule.id = "x"  # type: ignore[misc]  # that is the point


def test_a_result_tells_the_length_of_a_pause_and_where_it_holds(server: ScriptedServer, client: Client) -> None:
    response = checked(3)
    response.results[0].findings.add(
        rule=pb.RULE_COOLDOWN,
        attempts=pb.AttemptCount(attempts=1, days=7, channels=[CHANNEL_VOICE], regions=["US-FL", "US-OK"]),
    )
    server.script("Check", answer(response))

    counted = client.check_one(PHONE, channel="VOICE").attempts

    assert counted is not None
    assert (counted.days, counted.per_hours, counted.max) == (7, 0, 0)
    assert (counted.channels, counted.regions) == ((Channel.VOICE,), ("US-FL", "US-OK"))


def test_a_result_without_reasons_has_none_of_them(client: Client) -> None:
    result = client.check_one("+1", channel="VOICE")

    assert (result.retry_at, result.legal_rule, result.attempts, result.lifted_by) == (None, None, None, None)


def test_kinds_of_a_later_server_are_kept(server: ScriptedServer, client: Client) -> None:
    response = checked(1)
    response.results[0].findings.add().lifted_by.kind = 77  # type: ignore[assignment]  # a later server's
    server.script("Check", answer(response))

    lifted = client.check_one(PHONE, channel="VOICE").lifted_by

    assert lifted is not None
    assert (lifted.kind.value, lifted.kind.name) == (77, "UNKNOWN_77")


def test_a_time_that_no_datetime_holds_is_not_known(server: ScriptedServer, client: Client) -> None:
    response = checked(3)
    response.results[0].retry_at.seconds = 10**15
    server.script("Check", answer(response))

    assert client.check_one(PHONE, channel="VOICE").retry_at is None


def test_scrub_columns_go_with_their_addresses_chunk_by_chunk(server: ScriptedServer, client: Client) -> None:
    addresses = [f"+{number}" for number in range(7)]
    zones = (f"Zone/{number}" for number in range(7))

    parts = list(
        client.scrub(
            iter(addresses), channel="VOICE", time_zones=zones, contact_ids=[*"abc", None, "", "f", "g"], chunk=3
        )
    )

    assert sum(len(part) for part in parts) == 7
    by_first = {request.addresses[0]: request for request in server.requests("Scrub")}
    assert [list(by_first[first].time_zones) for first in ("+0", "+3", "+6")] == [
        ["Zone/0", "Zone/1", "Zone/2"], ["Zone/3", "Zone/4", "Zone/5"], ["Zone/6"],
    ]  # fmt: skip
    assert list(by_first["+3"].contact_ids) == ["", "", "f"]
    assert all(list(request.debt_ids) == [] for request in by_first.values())


def test_a_column_that_says_nothing_in_a_chunk_is_left_out(server: ScriptedServer, client: Client) -> None:
    list(client.scrub([1, 2], channel="VOICE", debt_ids=["", None]))

    assert list(server.requests("Scrub")[0].debt_ids) == []


@pytest.mark.parametrize(("debts", "fault"), [(["a"], "shorter"), (["a", "b", "c"], "longer")])
def test_a_column_of_another_length_is_refused(client: Client, debts: list[str], fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        list(client.scrub([1, 2], channel="VOICE", debt_ids=debts))


def test_one_text_is_no_column(client: Client) -> None:
    with pytest.raises(TypeError):
        client.scrub([1, 2], channel="VOICE", debt_ids="ab")


def test_wide_columns_are_cut_with_their_addresses() -> None:
    phones = np.arange(9, dtype=np.uint64)
    ids = [f"{number}" + "x" * 300_000 for number in range(9)]

    chunks = list(scrub_chunks(ScrubRequest(policy="p"), phones, Context(contact_ids=ids), 50_000))

    requests = [ScrubRequest.FromString(chunk.request) for chunk in chunks]
    assert max(len(chunk.request) for chunk in chunks) < CHUNK_BYTES_MAX + 100
    assert [phone for request in requests for phone in request.phones] == list(range(9))
    assert [int(text[0]) for request in requests for text in request.contact_ids] == list(range(9))


def with_openings() -> Any:
    response = scrubbed(1, 3, 3)
    response.retry_at_ms.extend([0, NOON_MS, 2**64 - 1])
    return response


def test_scrub_tells_openings_as_a_column(server: ScriptedServer, client: Client) -> None:
    server.script("Scrub", answer(with_openings()))

    (part,) = client.scrub([1, 2, 3], channel="VOICE")

    assert part.retry_at.dtype == np.dtype("datetime64[ms]")
    assert list(np.isnat(part.retry_at)) == [True, False, True]
    assert part.retry_at[1] == np.datetime64("2026-01-01T12:00")
    assert (part.retry_at_of(0), part.retry_at_of(1), part.retry_at_of(2)) == (None, NOON, None)
    with pytest.raises(IndexError):
        part.retry_at_of(-1)


def test_scrub_without_openings_has_none(client: Client) -> None:
    (part,) = client.scrub([1, 2], channel="VOICE")

    assert np.isnat(part.retry_at).all()
    assert len(part.retry_at) == 2


def test_openings_are_datetimes_without_numpy(
    server: ScriptedServer, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    server.script("Scrub", answer(with_openings()))

    (part,) = client.scrub([1, 2, 3], channel="VOICE")

    assert part.retry_at == [None, NOON, None]


def test_openings_that_do_not_fit_the_addresses_are_refused(server: ScriptedServer, client: Client) -> None:
    response = with_openings()
    response.retry_at_ms.pop()
    server.script("Scrub", answer(response))

    with pytest.raises(IncompleteAnswer):
        list(client.scrub([1, 2, 3], channel="VOICE"))


def test_scrub_findings_tell_their_rule_their_opening_and_what_lifted_them(
    server: ScriptedServer, client: Client
) -> None:
    response = scrubbed(3, 1)
    columns = response.findings
    columns.rows.extend([0, 1])
    columns.rules.extend([pb.RULE_CALLING_HOURS, pb.RULE_REGISTRY])
    columns.verdicts.extend([Verdict.DEFER.value, Verdict.ALLOW.value])  # type: ignore[list-item]  # the wire's numbers
    columns.retry_at_ms.extend([NOON_MS, 0])
    columns.legal_rules.extend([0, 0xFFFF_FFFF])
    columns.legal_rule_names.add(id="us-fl-hours", time_zone="America/New_York")
    columns.lifted_by.extend([0, 3])  # type: ignore[list-item]  # the wire's numbers
    server.script("Scrub", answer(response))

    (part,) = client.scrub([1, 2], channel="VOICE")

    (hours,), (registry,) = part.findings_of(0), part.findings_of(1)
    assert (hours.legal_rule.id, hours.retry_at.ToDatetime(UTC)) == ("us-fl-hours", NOON)
    assert not hours.HasField("lifted_by")
    assert (registry.lifted_by.kind, registry.HasField("legal_rule")) == (3, False)
    assert part.has_lifted


def test_regions_and_packs_come_as_lists(server: ScriptedServer, client: Client) -> None:
    server.script("ListClosedRegions", answer(ListClosedRegionsResponse(regions=[ClosedRegion(region="US-FL")])))
    server.script("ListRulePacks", answer(ListRulePacksResponse(packs=[RulePack(name="uk")])))

    assert [region.region for region in client.closed_regions()] == ["US-FL"]
    assert [pack.name for pack in client.rule_packs()] == ["uk"]


@pytest.mark.parametrize("ask", [lambda c: c.closed_regions(), lambda c: c.rule_packs()])
def test_reading_is_no_change(server: ScriptedServer, client: Client, ask: Callable[[Client], object]) -> None:
    server.script("ListClosedRegions", answer(ListClosedRegionsResponse(read_at=REVISION)))
    server.script("ListRulePacks", answer(ListRulePacksResponse()))

    assert ask(client) == []
