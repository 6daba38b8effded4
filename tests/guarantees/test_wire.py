"""The private columns of answers under whole policies are what the typed messages would have been, byte for byte."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guarantees.columns import at, lengths
from guarantees.whole import DEFER, MOMENTS, PHONES, POLICIES, POOL, Asked, scrub_of, whole_server
from serving import Served, pb

quick = settings(max_examples=60, suppress_health_check=list(HealthCheck))
rows_asked = st.lists(
    st.builds(
        Asked,
        address=st.sampled_from(POOL),
        time_zone=st.sampled_from(["", "Pacific/Honolulu"]),
        contact_id=st.sampled_from(["", "c-1"]),
    ),
    min_size=1,
    max_size=30,
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with whole_server(tmp_path_factory.mktemp("wire") / "store") as running:
        yield running


def same_on_the_wire(kind: Any, raw: bytes) -> bool:
    """Tell whether bytes are those that the typed message gives, but for the order of fields, which means nothing."""
    message = kind.FromString(raw)
    known = kind()
    known.CopyFrom(message)
    known.DiscardUnknownFields()
    return bool(len(message.SerializeToString()) == len(raw) and known == message)


def test_the_columns_of_a_scrub_come_in_the_order_of_their_numbers(server: Served) -> None:
    raw = server.api().raw("Scrub", pb.ScrubRequest(channel=1, policy="whole", addresses=PHONES, **at(MOMENTS[4])))

    assert pb.ScrubResponse.FromString(raw).SerializeToString() == raw


@given(
    rows=rows_asked,
    channel=st.sampled_from([1, 2, 4]),
    policy=st.sampled_from(POLICIES),
    time_ms=st.sampled_from(MOMENTS),
    omit=st.booleans(),
)
@quick
def test_the_columns_of_a_scrub_are_wire_identical_under_a_whole_policy(
    server: Served, rows: list[Asked], channel: int, policy: str, time_ms: int | None, omit: bool
) -> None:
    request = scrub_of(rows, channel=channel, policy=policy, omit_findings=omit, **at(time_ms))

    raw = server.api().raw("Scrub", request)

    assert same_on_the_wire(pb.ScrubResponse, raw)
    answer = pb.ScrubResponse.FromString(raw)
    deferred = [verdict == DEFER for verdict in answer.verdicts]
    assert len(answer.retry_at_ms) == (len(rows) if any(deferred) else 0)
    assert not [time for time, waits in zip(answer.retry_at_ms, deferred, strict=False) if time and not waits]
    assert len(answer.shadow_verdicts) == (len(rows) if policy == "shadow" else 0)
    assert lengths(answer.findings) == {len(answer.findings.rows)}
    assert not (omit and answer.HasField("findings"))


@given(
    rows=rows_asked,
    channel=st.sampled_from([1, 2, 4]),
    policy=st.sampled_from(POLICIES),
    time_ms=st.sampled_from(MOMENTS),
)
@quick
def test_the_results_of_a_check_are_wire_identical_under_a_whole_policy(
    server: Served, rows: list[Asked], channel: int, policy: str, time_ms: int | None
) -> None:
    asked = [row.row() for row in rows]

    raw = server.api().raw("Check", pb.CheckRequest(channel=channel, policy=policy, rows=asked, **at(time_ms)))

    assert same_on_the_wire(pb.CheckResponse, raw)


def test_every_optional_column_of_a_scrub_is_there_where_it_is_needed_and_only_there(server: Served) -> None:
    api, asked = server.api(), {"channel": 1, "addresses": PHONES, **at(MOMENTS[4])}
    whole = api.call("Scrub", pb.ScrubRequest(policy="whole", **asked)).findings
    [clear] = [api.call("Scrub", pb.ScrubRequest(channel=1, addresses=["+14155550188"]))]
    [plain] = [api.call("Scrub", pb.ScrubRequest(channel=1, addresses=["911"]))]

    optional = ("targets", "registries", "retry_at_ms", "legal_rules", "lifted_by")
    assert {name: bool(getattr(whole, name)) for name in optional} == dict.fromkeys(optional, True)
    assert {1, 3} >= set(whole.lifted_by) - {0} != set()
    assert len({name.SerializeToString() for name in whole.legal_rule_names}) == len(whole.legal_rule_names)
    assert (len(clear.findings.rows), len(clear.retry_at_ms)) == (0, 0)
    assert {name: bool(getattr(plain.findings, name)) for name in optional} == dict.fromkeys(optional, False)


def test_a_scrub_of_50_000_with_context_is_wire_identical(server: Served) -> None:
    phones = [14155550101 + number for number in range(50_000)]
    request = pb.ScrubRequest(
        channel=1, policy="whole", phones=phones, time_zones=["", "Pacific/Honolulu"] * 25_000, **at(MOMENTS[4])
    )

    raw = server.api().raw("Scrub", request)

    assert same_on_the_wire(pb.ScrubResponse, raw)
    answer = pb.ScrubResponse.FromString(raw)
    assert len(answer.verdicts) == len(answer.retry_at_ms) == 50_000
    assert lengths(answer.findings) == {len(answer.findings.rows)}
