"""Answers come in the order of the addresses, whatever the chunks do on their way."""

import random
from collections.abc import Iterator
from threading import Event
from typing import Any

import grpc
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from client.scripted_server import ALLOW, ScriptedServer, failure, honest_scrub, verdict_for
from donotcontact import Channel, Client, InvalidRequest, Row, Verdict
from donotcontact.columns import Context, check_chunks, scrub_chunks
from donotcontact.v1.check_service_pb2 import CheckRequest, ScrubRequest

WAIT_S = 20.0


def test_check_gives_one_result_for_each_row_in_order_duplicates_included(client: Client) -> None:
    addresses = ["+1", "+2", "+1", "x", "+4"] * 500

    answer = client.check(addresses, channel=Channel.SMS)

    assert [result.address for result in answer] == addresses
    assert [result.verdict for result in answer] == [Verdict(verdict_for(address)) for address in addresses]
    assert [len(response.results) for response in answer.responses] == [1000, 1000, 500]
    assert (answer.checked_at.position, answer.policy_version) == (42, 7)


def test_rows_keep_region_and_reference(server: ScriptedServer, client: Client) -> None:
    answer = client.check([Row("0207 946 0001", region="GB", reference="lead-1"), "+44"], channel="voice")

    (request,) = server.requests("Check")
    assert [(row.address, row.region) for row in request.rows] == [("0207 946 0001", "GB"), ("+44", "")]
    assert [result.reference for result in answer] == ["lead-1", ""]


@pytest.mark.parametrize("seed", range(5))
def test_scrub_keeps_the_order_when_chunks_overtake_each_other(server: ScriptedServer, seed: int) -> None:
    # In each group of four, one chunk is answered only after another, later one of the group: were they not
    # in flight together, it would wait in vain.
    chooser = random.Random(seed)
    answered = [Event() for _ in range(24)]
    pairs = [sorted(chooser.sample(range(4), 2)) for _ in range(6)]
    waits_for = {group * 4 + early: group * 4 + late for group, (early, late) in enumerate(pairs)}

    def overtaking(request: Any, context: Any) -> Any:
        chunk = request.phones[0] // 10
        if chunk in waits_for:
            assert answered[waits_for[chunk]].wait(WAIT_S)
        answered[chunk].set()
        return honest_scrub(request, context)

    server.script("Scrub", overtaking)
    with Client(server.target, timeout_s=WAIT_S) as client:
        parts = list(client.scrub(range(240), channel="SMS", chunk=10, in_flight=4))

    assert [part.offset for part in parts] == list(range(0, 240, 10))
    assert [verdict for part in parts for verdict in part.verdicts] == [verdict_for(str(n)) for n in range(240)]


@given(
    addresses=st.one_of(
        st.lists(st.sampled_from(["+11", "+12", "+13", "x", ""]), max_size=40),
        st.lists(st.integers(0, 2**64 - 1), max_size=40),
    ),
    chunk=st.integers(1, 9),
    in_flight=st.integers(1, 5),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_chunking_never_changes_the_answer(
    client: Client, addresses: list[str] | list[int], chunk: int, in_flight: int
) -> None:
    parts = list(client.scrub(addresses, channel="SMS", chunk=chunk, in_flight=in_flight))

    assert [verdict for part in parts for verdict in part.verdicts] == [verdict_for(str(a)) for a in addresses]
    assert [bool(a) for part in parts for a in part.allowed] == [verdict_for(str(a)) == ALLOW for a in addresses]
    assert [part.offset for part in parts] == list(range(0, len(addresses), chunk))


@pytest.mark.parametrize("dtype", [np.uint64, np.int64, np.uint32, ">u8", object])
def test_an_array_asks_as_its_numbers_do(server: ScriptedServer, client: Client, dtype: Any) -> None:
    numbers = [0, 4_155_550, 2_155_551, 7]

    parts = list(client.scrub(np.array(numbers, dtype=dtype), channel="SMS", chunk=3, in_flight=1))

    assert [phone for request in server.requests("Scrub") for phone in request.phones] == numbers
    assert [len(part) for part in parts] == [3, 1]
    assert isinstance(parts[0].allowed, np.ndarray)


def test_an_array_of_text_asks_for_addresses(server: ScriptedServer, client: Client) -> None:
    list(client.scrub(np.array(["+11", "+12"]), channel="SMS"))

    assert list(server.requests("Scrub")[0].addresses) == ["+11", "+12"]


@pytest.mark.parametrize(
    "addresses",
    [
        np.array([4.15e9]),
        np.array([-1]),
        np.array([[1]]),
        np.array("x"),
        [1.5],
        [-1],
        [2**64],
        [None],
        ["+1", 1],
        [1, "+1"],
    ],
    ids=["float array", "negative array", "2-D", "0-D", "float", "negative", "wide", "none", "mixed", "mixed too"],
)
def test_what_is_no_column_of_addresses_is_refused(client: Client, addresses: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        list(client.scrub(addresses, channel="SMS"))


@pytest.mark.parametrize("addresses", ["+14155550123", b"+1", Row("+1")])
def test_one_string_is_not_taken_for_a_sequence_of_addresses(client: Client, addresses: Any) -> None:
    with pytest.raises(TypeError, match="sequence"):
        client.check(addresses, channel="SMS")
    with pytest.raises(TypeError, match="sequence"):
        client.scrub(addresses, channel="SMS")


def test_a_failed_chunk_raises_at_its_place(server: ScriptedServer, client: Client) -> None:
    def fussy(request: Any, context: Any) -> Any:
        if 5 in request.phones:
            return failure(grpc.StatusCode.INVALID_ARGUMENT)(request, context)
        return honest_scrub(request, context)

    server.script("Scrub", fussy)
    answers = client.scrub(range(10), channel="SMS", chunk=2)

    assert [next(answers).offset, next(answers).offset] == [0, 2]
    with pytest.raises(InvalidRequest):
        next(answers)
    with pytest.raises(StopIteration):
        next(answers)


def test_a_fault_of_the_input_raises_behind_the_chunks_before_it(client: Client) -> None:
    def source() -> Iterator[int]:
        yield from range(5)
        raise LookupError("the file broke off")

    answers = client.scrub(source(), channel="SMS", chunk=2)

    assert [next(answers).offset, next(answers).offset] == [0, 2]
    with pytest.raises(LookupError):
        next(answers)


def test_scrub_takes_no_more_than_it_can_have_in_flight(server: ScriptedServer, client: Client) -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    answers = client.scrub(source(), channel="SMS", chunk=10, in_flight=3)
    assert taken == []
    next(answers)

    assert len(taken) == 30
    assert len(server.requests("Scrub")) <= 3


def test_chunks_stay_below_the_size_of_a_message() -> None:
    wide = ["x" * 300_000] * 9

    scrubs = list(scrub_chunks(ScrubRequest(policy="p"), wide, Context(), 50_000))
    checks = list(check_chunks(CheckRequest(policy="p"), wide))

    for chunks, kind, field in ((scrubs, ScrubRequest, "addresses"), (checks, CheckRequest, "rows")):
        requests = [kind.FromString(chunk.request) for chunk in chunks]
        assert max(len(chunk.request) for chunk in chunks) < 2 * 1024 * 1024
        assert sum(len(getattr(request, field)) for request in requests) == 9
        assert {request.policy for request in requests} == {"p"}
        assert [chunk.offset for chunk in chunks] == [sum(c.count for c in chunks[:i]) for i in range(len(chunks))]


def test_findings_of_a_scrub_are_found_by_row(client: Client) -> None:
    (part,) = client.scrub([1, 2, 3, 4], channel="SMS")

    (finding,) = part.findings_of(3)
    assert (finding.label, finding.event_position) == ("DNC_Sales", 4)
    assert finding.recorded_at.ToMilliseconds() == 1_700_000_000_000
    assert part.findings_of(0) == ()
    with pytest.raises(IndexError):
        part.findings_of(4)


def test_findings_can_be_left_out(server: ScriptedServer, client: Client) -> None:
    (part,) = client.scrub([2], channel="SMS", findings=False)

    assert server.requests("Scrub")[0].omit_findings
    assert part.findings_of(0) == ()


def test_check_answer_is_a_sequence(client: Client) -> None:
    answer = client.check(["+1", "+2", "+3"], channel="SMS")

    assert len(answer) == 3
    assert [result.allowed for result in answer[1:]] == [False, True]
    assert answer[-1] == answer[2]
