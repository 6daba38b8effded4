"""preview: the counts of all chunks, for one moment and one policy, or no counts at all."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from client.scripted_server import ALLOW, BLOCK, REVISION, ScriptedServer, answer, failure
from donotcontact import AsyncClient, Client, IncompleteAnswer, InvalidRequest, Preview, Verdict
from donotcontact.v1.check_service_pb2 import OpenCount, PreviewResponse, ReasonCount, VerdictCount
from donotcontact.v1.policy_pb2 import Policy
from donotcontact.v1.verdict_pb2 import RULE_CALLING_HOURS, RULE_ENTRY, VERDICT_DEFER

START = datetime(2026, 11, 3, 12, tzinfo=UTC)


def counted(allow: int, block: int, hours: int = 0, version: int = 3, shadow: int = 0) -> PreviewResponse:
    response = PreviewResponse(
        verdicts=[VerdictCount(verdict=ALLOW, addresses=allow), VerdictCount(verdict=BLOCK, addresses=block)],
        reasons=[
            ReasonCount(rule=RULE_ENTRY, verdict=BLOCK, subject="DNC_Sales", addresses=block),
            ReasonCount(
                rule=RULE_CALLING_HOURS, verdict=VERDICT_DEFER, subject="us-fl-hours", addresses=1, shadow=True
            ),
        ],
        open=[OpenCount(time=_stamp(START + timedelta(hours=hour)), addresses=allow + hour) for hour in range(hours)],
        checked_at=REVISION,
        contact_time=_stamp(START),
        policy_version=version,
    )
    if shadow:
        response.shadow_verdicts.add(verdict=VERDICT_DEFER, addresses=shadow)
    return response


def _stamp(moment: datetime) -> Timestamp:
    stamp = Timestamp()
    stamp.FromDatetime(moment)
    return stamp


def test_counts_of_chunks_are_added_up(server: ScriptedServer, client: Client) -> None:
    server.script("Preview", answer(counted(2, 1, hours=2)), answer(counted(0, 2, hours=2)))

    preview = client.preview(range(1, 6), channel="VOICE", policy="p", hours=2, chunk=3)

    assert preview.addresses == 5
    assert preview.verdicts == {Verdict.ALLOW: 2, Verdict.BLOCK: 3}
    assert [(r.rule, r.subject, r.addresses, r.shadow) for r in preview.reasons] == [
        ("ENTRY", "DNC_Sales", 3, False), ("CALLING_HOURS", "us-fl-hours", 2, True),
    ]  # fmt: skip
    assert [(each.time, each.addresses) for each in preview.open] == [(START, 2), (START + timedelta(hours=1), 4)]
    assert (preview.contact_time, preview.policy_version, preview.checked_at) == (START, 3, REVISION)


def test_later_chunks_ask_about_the_moment_and_the_revision_of_the_first(
    server: ScriptedServer, client: Client
) -> None:
    server.script("Preview", answer(counted(1, 0)))

    client.preview(
        ["+1", "+2"], channel="VOICE", time_zones=["A/B", "C/D"], region="US", draft=Policy(name="d"), chunk=1
    )

    first, second = server.requests("Preview")
    assert not first.scrub.HasField("contact_time")
    assert second.scrub.contact_time.ToDatetime(UTC) == START
    assert second.scrub.at_least_as_fresh == REVISION
    for request, address, zone in ((first, "+1", "A/B"), (second, "+2", "C/D")):
        assert (list(request.scrub.addresses), list(request.scrub.time_zones)) == ([address], [zone])
        assert (request.draft.name, request.scrub.region) == ("d", "US")


@pytest.mark.parametrize(
    "response",
    [
        counted(1, 0, hours=1),
        counted(2, 1, hours=1),
        counted(1, 1),
        counted(1, 1, hours=2),
        counted(1, 1, hours=1, shadow=1),
        PreviewResponse(verdicts=[VerdictCount(verdict=ALLOW, addresses=2)], open=[OpenCount()]),
    ],
    ids=["short", "long", "no hours", "more hours", "short shadow", "without revision"],
)
def test_counts_that_do_not_fit_are_refused(server: ScriptedServer, client: Client, response: PreviewResponse) -> None:
    server.script("Preview", answer(response))

    with pytest.raises(IncompleteAnswer):
        client.preview([1, 2], channel="VOICE", hours=1)


def test_counts_of_two_versions_of_a_policy_are_not_added_up(server: ScriptedServer, client: Client) -> None:
    server.script("Preview", answer(counted(1, 0)), answer(counted(1, 0, version=4)))

    with pytest.raises(IncompleteAnswer, match="policy"):
        client.preview([1, 2], channel="VOICE", chunk=1)


def test_shadow_counts_stand_beside_the_real_ones(server: ScriptedServer, client: Client) -> None:
    server.script("Preview", answer(counted(2, 0, shadow=2)))

    preview = client.preview([1, 2], channel="VOICE")

    assert preview.shadow_verdicts == {Verdict.DEFER: 2}


def test_a_chunk_is_repeated_where_no_server_answers(server: ScriptedServer, client: Client) -> None:
    server.script("Preview", failure(grpc.StatusCode.UNAVAILABLE), answer(counted(1, 0)))

    assert client.preview([1], channel="VOICE").addresses == 1


def test_a_fault_names_the_row_of_the_whole_list(server: ScriptedServer, client: Client) -> None:
    fault = failure(
        grpc.StatusCode.INVALID_ARGUMENT, "ERROR_REASON_INVALID_FIELD", violations=(("time_zones[0]", "is none"),)
    )
    server.script("Preview", answer(counted(1, 0)), fault)

    with pytest.raises(InvalidRequest) as caught:
        client.preview([1, 2], channel="VOICE", chunk=1)

    assert caught.value.field_violations == [("time_zones[1]", "is none")]


@pytest.mark.parametrize("settings", [{"hours": -1}, {"hours": 169}, {"chunk": 0}])
def test_settings_that_no_server_takes_are_refused(client: Client, settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"hours|chunk"):
        client.preview([1], channel="VOICE", **settings)


def test_nothing_to_count_is_refused(server: ScriptedServer, client: Client) -> None:
    with pytest.raises(InvalidRequest):
        client.preview([], channel="VOICE")

    assert server.seen == []


def test_a_preview_is_neither_true_nor_changed(server: ScriptedServer, client: Client) -> None:
    server.script("Preview", answer(counted(1, 0)))

    preview = client.preview([1], channel="VOICE")

    with pytest.raises(TypeError):
        bool(preview)
    with pytest.raises(TypeError):
        preview.verdicts[Verdict.ALLOW] = 5  # type: ignore[index]  # that is the point


def test_the_asynchronous_client_counts_the_same(server: ScriptedServer) -> None:
    server.script("Preview", answer(counted(2, 1, hours=1)))

    async def run() -> Preview:
        async with AsyncClient(server.target) as client:
            return await client.preview([1, 2, 3, 4, 5, 6], channel="VOICE", hours=1, chunk=3)

    preview = asyncio.run(run())

    assert preview.verdicts == {Verdict.ALLOW: 4, Verdict.BLOCK: 2}
    assert [each.addresses for each in preview.open] == [4]
