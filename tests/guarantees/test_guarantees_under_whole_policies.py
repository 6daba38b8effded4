"""Guarantees 3 to 6 again, under policies with hours, limits, registries, consents, opt-ins and context columns."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dncd import attempt_log, journal
from guarantees.columns import at, checked, lengths, told, told_by_columns
from guarantees.test_guarantees import entries, new_entry
from guarantees.whole import (
    ALLOW,
    BLOCK,
    DEFER,
    MOMENTS,
    PHONES,
    POLICIES,
    POOL,
    RELEASED,
    Asked,
    complete,
    consent,
    copy_registries,
    furnish,
    grant,
    reserve,
    scrub_of,
    whole_server,
)
from replaying import replayed, tables_of
from serving import Api, Clock, Served, daemon, moment, new_id, pb, prepared_store, served

asked_rows = st.builds(
    Asked,
    address=st.sampled_from(POOL),
    time_zone=st.sampled_from(["", "America/New_York", "Pacific/Honolulu", "Europe/London"]),
    postal_code=st.sampled_from(["", "33101", "94105", "SW1A 1AA", "no such code"]),
    contact_id=st.sampled_from(["", "c-1", "c-2"]),
    debt_id=st.sampled_from(["", "d-1"]),
)
bare_rows = st.sampled_from(POOL).map(Asked)
quick = settings(max_examples=30, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with whole_server(tmp_path_factory.mktemp("whole") / "store") as running:
        yield running


# 3


def test_guarantee_3_what_one_worker_acknowledged_every_worker_decides_by(tmp_path: Path) -> None:
    token = prepared_store(tmp_path / "store")
    with daemon(tmp_path / "store") as running, ExitStack() as closing:
        apis = running.api_on_each_worker(token, closing)
        for turn in range(8):
            writer, others = apis[turn % 2], apis
            number = f"+1305555{turn:04d}"
            limited: dict[str, Any] = {"policy": f"limited-{turn}"}
            writer.apply(limited["policy"], attempt_limits=[pb.AttemptLimit(max=1, per_hours=24)])
            assert [api.verdicts(number, **limited) for api in others] == [[ALLOW], [ALLOW]]

            claim = reserve(writer, number)
            assert [api.verdicts(number, **limited) for api in others] == [[DEFER], [DEFER]]
            complete(writer, claim, RELEASED)
            assert [api.verdicts(number, **limited) for api in others] == [[ALLOW], [ALLOW]]

            until = Timestamp(seconds=int(time.time()) + 3600)
            writer.call("CloseRegion", pb.CloseRegionRequest(region="US-FL", until=until, reason="a hurricane"))
            assert [api.verdicts(number) for api in others] == [[DEFER], [DEFER]]
            writer.call("OpenRegion", pb.OpenRegionRequest(region="US-FL"))
            assert [api.verdicts(number) for api in others] == [[ALLOW], [ALLOW]]

            said = pb.RecordInboundMessageRequest(address=number, text="maybe you could stop this some day")
            review = writer.call("RecordInboundMessage", said).review
            assert [api.verdicts(number, channel=2) for api in others] == [[BLOCK], [BLOCK]]
            writer.call("DecideReview", pb.DecideReviewRequest(review=review, decision=2))
            assert [api.verdicts(number, channel=2) for api in others] == [[ALLOW], [ALLOW]]


# 4


@given(
    rows=st.lists(st.one_of(asked_rows, bare_rows), min_size=1, max_size=20),
    channel=st.sampled_from([1, 1, 2, 2, 3, 4]),
    policy=st.sampled_from(POLICIES),
    time_ms=st.sampled_from(MOMENTS),
)
@quick
def test_guarantee_4_a_batch_equals_its_rows_one_by_one_under_a_whole_policy(
    server: Served, rows: list[Asked], channel: int, policy: str, time_ms: int | None
) -> None:
    api, asked = server.api(), {"channel": channel, "policy": policy, **at(time_ms)}
    one_by_one = [checked(api, [row], **asked)[0] for row in rows]

    in_a_batch = checked(api, rows, **asked)
    column = api.call("Scrub", scrub_of(rows, **asked))
    explained = [api.call("Explain", pb.ExplainRequest(row=row.row(), **asked)).result for row in rows]

    assert in_a_batch == one_by_one
    assert explained == one_by_one
    assert told_by_columns(column) == [told(result) for result in one_by_one]
    assert lengths(column.findings) == {len(column.findings.rows)}
    assert list(column.findings.rows) == sorted(column.findings.rows)


def test_guarantee_4_phones_as_numbers_are_answered_as_phones_as_texts(server: Served) -> None:
    api, rows = server.api(), [Asked(phone) for phone in PHONES]
    for policy in POLICIES:
        for time_ms in MOMENTS:
            asked = {"channel": 1, "policy": policy, **at(time_ms)}
            numbers = pb.ScrubRequest(phones=[int(phone) for phone in PHONES], **asked)

            assert api.call("Scrub", numbers) == api.call("Scrub", scrub_of(rows, **asked))


# 5


@given(waves=st.lists(st.lists(entries, min_size=1, max_size=3), min_size=1, max_size=3), pauses=st.data())
@settings(quick, max_examples=10)
def test_guarantee_5_adding_an_entry_never_turns_a_non_allow_into_allow_under_a_whole_policy(
    server: Served, waves: list[list[dict[str, Any]]], pauses: st.DataObject
) -> None:
    account = f"account-{new_id()}"
    server.account(account)
    grant(server, account)
    furnish(server, account)
    api = server.api(account)
    api.call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name="own", channels=[1, 2, 3])))
    for wave in waves:
        server.clock.advance(pauses.draw(st.sampled_from([0, 1, 1500, 30_000])))
        before = every_verdict(server, api)
        api.call("AddEntries", pb.AddEntriesRequest(entries=[new_entry(server, **row) for row in wave]))
        after = every_verdict(server, api)
        assert [place for place, verdict in before.items() if verdict != ALLOW and after[place] == ALLOW] == []


def every_verdict(server: Served, api: Api) -> dict[Any, int]:
    # The numbers that `entries` adds stand among those of the account.
    return {
        (address, channel, policy, ahead): verdict
        for channel in (1, 2)
        for policy in ("whole", "blunt")
        for ahead in (0, 1500, 3_600_000 * 12)
        for address, verdict in zip(
            PHONES,
            api.call(
                "Scrub",
                pb.ScrubRequest(
                    addresses=PHONES,
                    contact_ids=["c-9"] * len(PHONES),
                    channel=channel,
                    policy=policy,
                    contact_time=moment(server.clock() + ahead),
                    omit_findings=True,
                ),
            ).verdicts,
            strict=True,
        )
    }


def test_guarantee_5_a_persons_own_word_ends_what_a_relationship_lifted(server: Served) -> None:
    server.account("own-word")
    grant(server, "own-word")
    api = server.api("own-word")
    api.apply("lifted", registries=[pb.RequiredRegistry(name="us-national", lifted_by=[3])])
    number = "+14155550102"
    consent(api, 3, number)
    lifted = api.verdicts(number, policy="lifted")

    api.add(number, label="do-not-text", source=1)

    assert lifted == [ALLOW]
    assert api.verdicts(number, policy="lifted") == [2]


# 6


def every_answer(server: Served) -> list[Any]:
    api, rows = server.api(), [Asked(address, contact_id="c-1", debt_id="d-1") for address in POOL]
    asked = [
        {"channel": channel, "policy": policy, **at(time_ms)}
        for channel in (1, 2)
        for policy in POLICIES
        for time_ms in (None, *MOMENTS)
    ]
    answers: list[Any] = [checked(api, rows, **each) for each in asked]
    answers += [list(api.call("ListReviews").reviews), list(api.call("ListClosedRegions").regions)]
    answers += [list(api.call("ListConsents", pb.ListConsentsRequest(address=phone)).consents) for phone in PHONES]
    return answers


def test_guarantee_6_a_replay_of_journal_and_attempts_gives_the_same_tables_and_verdicts(tmp_path: Path) -> None:
    with whole_server(tmp_path / "original") as original:
        expected = every_answer(original)
        with replayed(original.store, tmp_path / "replay") as copy:
            with original.store.snapshot() as there, copy.transaction() as txn:
                for _, encoded in attempt_log.read_from(there, 0):
                    attempt_log.replay(txn, encoded)
            with original.store.snapshot() as there, copy.snapshot() as here:
                assert journal.verify(there).intact
                assert tables_of(here) == tables_of(there)
        now_ms = original.clock.now_ms
    copy_registries(tmp_path / "original", tmp_path / "replay")

    with served(tmp_path / "replay", Clock(now_ms)) as again:
        assert every_answer(again) == expected


@given(
    rows=st.lists(asked_rows, min_size=1, max_size=10),
    channel=st.sampled_from([1, 2]),
    policy=st.sampled_from(POLICIES),
    time_ms=st.sampled_from(MOMENTS[1:]),
)
@quick
def test_guarantee_6_a_question_about_a_moment_gets_the_same_answer_when_that_has_come(
    server: Served, rows: list[Asked], channel: int, policy: str, time_ms: int
) -> None:
    api, asked = server.api(), {"channel": channel, "policy": policy, "contact_time": moment(time_ms)}
    first = checked(api, rows, **asked)
    back = server.clock.now_ms

    server.clock.now_ms = time_ms
    later = checked(api, rows, **asked)
    server.clock.now_ms = back

    assert later == first
