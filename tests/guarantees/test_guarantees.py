"""Guarantees 1 to 5 of the design, each held by tests that carry its name; 6 to 10 stand in the files beside."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from donotcontact import Channel, Client, Result
from donotcontact.v1.check_service_pb2 import CheckResult
from guarantees.story import EMAILS, PHONES
from serving import Api, Served, daemon, moment, new_id, pb, prepared_store

ALLOW, BLOCK = 1, 2
POOL = [*PHONES, *EMAILS, "+14155550199", "cy@myexample.com", "nonsense", "", "911", "(415) 555-0101"]
quick = settings(max_examples=40, suppress_health_check=list(HealthCheck))


def results(api: Api, *addresses: str, **fields: Any) -> list[Any]:
    return list(api.check(*addresses, **fields).results)


# 1


@pytest.mark.parametrize("number", range(12))
def test_guarantee_1_only_allow_permits(number: int) -> None:
    result = Result(CheckResult(verdict=number))  # type: ignore[arg-type]  # a number of a later server too

    assert result.allowed is (number == ALLOW)


def test_guarantee_1_an_answer_of_the_real_server_permits_where_it_says_allow(server: Served) -> None:
    with Client(server.address, token=server.token()) as client:
        answer = client.check(["+14155550199", PHONES[2]], channel=Channel.VOICE)

        assert [result.allowed for result in answer] == [True, False]


# 2: rounds of kill -9 stand in tests/crash


def test_guarantee_2_an_acknowledged_change_survives_kill_9(tmp_path: Path) -> None:
    token = prepared_store(tmp_path / "store")
    with daemon(tmp_path / "store") as first:
        Api(first.address, token).add(PHONES[0])
        first.kill()

    with daemon(tmp_path / "store") as second:
        assert Api(second.address, token).verdicts(PHONES[0]) == [BLOCK]


def test_guarantee_2_a_commit_is_synced_before_it_is_acknowledged(server: Served) -> None:
    flags = server.store._env.flags()

    assert flags["sync"]
    assert flags["metasync"]
    assert not flags["writemap"]


def test_guarantee_2_a_refused_batch_changes_nothing(server: Served) -> None:
    api, head = server.api(), server.head()
    rows = [pb.NewEntry(address="+14155550199", label="do-not-phone", source=6)]
    rows.append(pb.NewEntry(address="+14155550198", label="missing", source=6))

    api.refused("AddEntries", pb.AddEntriesRequest(entries=rows))

    assert server.head() == head
    assert api.verdicts("+14155550199") == [ALLOW]


# 3


def test_guarantee_3_a_check_after_an_acknowledged_change_sees_it_on_every_worker(tmp_path: Path) -> None:
    token = prepared_store(tmp_path / "store")
    with daemon(tmp_path / "store") as running, ExitStack() as closing:
        apis = running.api_on_each_worker(token, closing)
        for turn in range(30):
            writer, others = apis[turn % 2], apis
            number = f"+1415555{turn:04d}"
            writer.add(number)
            assert [api.verdicts(number) for api in others] == [[BLOCK], [BLOCK]]
            ref = pb.EntryRef(address=number, label="do-not-contact")
            writer.call("RemoveEntries", pb.RemoveEntriesRequest(entries=[ref], reason=1))
            assert [api.verdicts(number) for api in others] == [[ALLOW], [ALLOW]]
            pattern = f"+1212555{turn:04d}*"
            writer.add(pattern)
            assert [api.verdicts(pattern[:-1]) for api in others] == [[BLOCK], [BLOCK]]
            label = pb.Label(name=f"label-{turn}", channels=[1])
            writer.call("CreateLabel", pb.CreateLabelRequest(label=label))
            policy = pb.Policy(name="changing", labels=[label.name])
            applied = writer.call("ApplyPolicy", pb.ApplyPolicyRequest(policy=policy)).applied
            answers = [api.check(number, policy="changing") for api in others]
            assert [answer.policy_version for answer in answers] == [applied.version] * 2
            writer.add(number, label=label.name)
            assert [api.verdicts(number, policy="changing") for api in others] == [[BLOCK], [BLOCK]]
            assert [api.verdicts(number) for api in others] == [[ALLOW], [ALLOW]]


# 4


@given(
    texts=st.lists(st.sampled_from(POOL), min_size=1, max_size=30),
    channel=st.integers(1, 4),
    policy=st.sampled_from(["", "texts"]),
)
@quick
def test_guarantee_4_a_batch_equals_its_rows_one_by_one_in_order_with_duplicates(
    server: Served, texts: list[str], channel: int, policy: str
) -> None:
    api = server.api()
    one_by_one = [results(api, text, channel=channel, policy=policy)[0] for text in texts]

    in_a_batch = results(api, *texts, channel=channel, policy=policy)
    column = api.call("Scrub", pb.ScrubRequest(addresses=texts, channel=channel, policy=policy))

    assert in_a_batch == one_by_one
    assert list(column.verdicts) == [result.verdict for result in one_by_one]
    assert list(column.findings.rows) == [row for row, result in enumerate(one_by_one) for _ in result.findings]
    assert list(column.findings.rules) == [finding.rule for result in one_by_one for finding in result.findings]


# 5


# Labels that would stop nothing for a number, and for a mailbox: such entries are refused.
UNREACHED = ({"do-not-email"}, {"do-not-phone", "do-not-text"})
_any_entries: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    address=st.sampled_from([*PHONES, *EMAILS, "+1415*", "+1*", "@example.com", "@mail.example.com"]),
    label=st.sampled_from(["do-not-contact", "do-not-phone", "do-not-text", "do-not-email", "own"]),
    source=st.integers(1, 8),
    starts=st.sampled_from([None, -5000, 1000, 9000]),
    lasts=st.sampled_from([None, 1, 2000, 20_000]),
)
entries = _any_entries.filter(lambda row: row["label"] not in UNREACHED["@" in row["address"]])


@given(waves=st.lists(st.lists(entries, min_size=1, max_size=3), min_size=1, max_size=5), pauses=st.data())
@quick
def test_guarantee_5_adding_an_entry_never_turns_a_non_allow_into_allow(
    server: Served, waves: list[list[dict[str, Any]]], pauses: st.DataObject
) -> None:
    account = f"account-{new_id()}"
    server.account(account)
    api = server.api(account)
    api.call("CreateLabel", pb.CreateLabelRequest(label=pb.Label(name="own", channels=[1, 3])))
    api.call("ApplyPolicy", pb.ApplyPolicyRequest(policy=pb.Policy(name="own", labels=["own"])))
    for wave in waves:
        server.clock.advance(pauses.draw(st.sampled_from([0, 1, 1500, 30_000])))
        before = every_verdict(server, api)
        api.call("AddEntries", pb.AddEntriesRequest(entries=[new_entry(server, **row) for row in wave]))
        after = every_verdict(server, api)
        assert [place for place, verdict in before.items() if verdict != ALLOW and after[place] == ALLOW] == []


def new_entry(server: Served, address: str, label: str, source: int, starts: int | None, lasts: int | None) -> Any:
    begins = server.clock() + (starts or 0)
    return pb.NewEntry(
        address=address,
        label=label,
        source=source,
        starts_at=moment(begins) if starts is not None else None,
        expires_at=moment(max(begins, server.clock()) + lasts) if lasts is not None else None,
    )


def every_verdict(server: Served, api: Api) -> dict[Any, int]:
    pool = [*PHONES, *EMAILS]
    return {
        (address, channel, policy, ahead): verdict
        for channel in (1, 2, 3)
        for policy in ("", "own")
        for ahead in (0, 1, 1500, 10_000)
        for address, verdict in zip(
            pool,
            api.verdicts(*pool, channel=channel, policy=policy, contact_time=moment(server.clock() + ahead)),
            strict=True,
        )
    }
