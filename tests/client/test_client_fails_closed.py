"""Guarantee 1: only ALLOW permits."""

import sys
from collections.abc import Callable

import grpc
import pytest

from client.scripted_server import (
    ALLOW,
    NOT_ALLOW,
    REVISION,
    ScriptedServer,
    answer,
    checked,
    closed_port,
    failure,
    scrubbed,
)
from donotcontact import (
    Channel,
    Client,
    DoNotContactError,
    IncompleteAnswer,
    InvalidRequest,
    Result,
    Row,
    ScrubAnswer,
    ServerError,
    Timeout,
    Unavailable,
    Verdict,
)
from donotcontact.v1.check_service_pb2 import CheckResponse, ScrubResponse
from donotcontact.v1.verdict_pb2 import RULE_ENTRY

PHONE = "+14155550123"


def test_allow_permits(server: ScriptedServer, client: Client) -> None:
    server.script("Check", answer(checked(1)))

    result = client.check_one(PHONE, channel=Channel.VOICE)

    assert result.allowed is True
    assert result.verdict is Verdict.ALLOW


@pytest.mark.parametrize("verdict", NOT_ALLOW)
def test_every_other_verdict_in_a_check_is_kept_and_does_not_permit(
    server: ScriptedServer, client: Client, verdict: int
) -> None:
    server.script("Check", answer(checked(verdict)))

    result = client.check_one(PHONE, channel="VOICE")

    assert result.allowed is False
    assert result.verdict.value == verdict


@pytest.mark.parametrize("numpy_is_here", [True, False])
@pytest.mark.parametrize("verdict", NOT_ALLOW)
def test_every_other_verdict_in_a_scrub_is_kept_and_does_not_permit(
    server: ScriptedServer, client: Client, verdict: int, numpy_is_here: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not numpy_is_here:
        monkeypatch.setitem(sys.modules, "numpy", None)
    server.script("Scrub", answer(scrubbed(1, verdict)))

    (part,) = client.scrub([14155550123, 14155550124], channel="SMS")

    assert list(part.allowed) == [True, False]
    assert list(part.verdicts) == [1, verdict]


@pytest.mark.parametrize(
    "response",
    [checked(), checked(1), checked(1, 1, 1), checked(*[1] * 1000), CheckResponse(results=checked(1, 1).results)],
    ids=["empty", "short", "long", "very long", "without revision"],
)
def test_a_check_answer_that_does_not_fit_the_rows_is_refused(
    server: ScriptedServer, client: Client, response: CheckResponse
) -> None:
    server.script("Check", answer(response))

    with pytest.raises(IncompleteAnswer):
        client.check([PHONE, PHONE], channel="VOICE")


@pytest.mark.parametrize(
    "response",
    [
        scrubbed(),
        scrubbed(1),
        scrubbed(1, 1, 1),
        ScrubResponse(verdicts=[ALLOW, ALLOW]),
        ScrubResponse(verdicts=[ALLOW, ALLOW], shadow_verdicts=[ALLOW], checked_at=REVISION),
    ],
    ids=["empty", "short", "long", "without revision", "short shadow"],
)
def test_a_scrub_answer_that_does_not_fit_the_addresses_is_refused(
    server: ScriptedServer, client: Client, response: ScrubResponse
) -> None:
    server.script("Scrub", answer(response))

    with pytest.raises(IncompleteAnswer):
        list(client.scrub([PHONE, PHONE], channel="VOICE"))


def test_a_result_that_bears_the_reference_of_another_row_is_refused(server: ScriptedServer, client: Client) -> None:
    server.script("Check", answer(checked(1, 2, references=("b", "a"))))

    with pytest.raises(IncompleteAnswer, match=r"rows\[0\]"):
        client.check([Row(PHONE, reference="a"), Row(PHONE, reference="b")], channel="VOICE")


def test_a_later_chunk_that_is_short_spoils_the_whole_check(server: ScriptedServer, client: Client) -> None:
    server.script("Check", answer(checked(*[1] * 1000)), answer(checked()))

    with pytest.raises(IncompleteAnswer):
        client.check([PHONE] * 1001, channel="VOICE")


def test_a_server_that_hangs_is_a_timeout(server: ScriptedServer, client: Client) -> None:
    server.script("Check", server.hang)

    with pytest.raises(Timeout) as caught:
        client.check_one(PHONE, channel="VOICE", timeout_s=0.2)

    assert caught.value.code is grpc.StatusCode.DEADLINE_EXCEEDED


def test_a_scrub_chunk_that_hangs_is_a_timeout(server: ScriptedServer) -> None:
    server.script("Scrub", server.hang)

    with Client(server.target, timeout_s=0.2) as client, pytest.raises(Timeout):
        list(client.scrub([PHONE], channel="VOICE"))


def test_a_dead_server_is_unavailable_for_check_and_scrub(pauses: list[float]) -> None:
    with Client(closed_port(), sleep=pauses.append) as client:
        with pytest.raises(Unavailable):
            client.check_one(PHONE, channel="VOICE")
        with pytest.raises(Unavailable):
            list(client.scrub([PHONE], channel="VOICE"))


def test_bytes_that_are_no_response_are_an_error(server: ScriptedServer, client: Client) -> None:
    server.script("Check", answer(ScrubResponse(verdicts=[ALLOW])))  # its bytes do not read as a CheckResponse

    with pytest.raises(DoNotContactError):
        client.check_one(PHONE, channel="VOICE")


def test_a_crashing_server_is_an_error(server: ScriptedServer, client: Client) -> None:
    server.script("Check", failure(grpc.StatusCode.INTERNAL, "ERROR_REASON_INTERNAL", metadata={"incident": "7"}))

    with pytest.raises(ServerError) as caught:
        client.check_one(PHONE, channel="VOICE")

    assert caught.value.metadata == {"incident": "7"}


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.check_one(PHONE, channel="VOICE"),
        lambda client: client.check([PHONE], channel="VOICE"),
        lambda client: next(client.scrub([PHONE], channel="VOICE")),
        lambda client: client.check_one(PHONE, channel="VOICE").verdict,
    ],
    ids=["result", "check answer", "scrub answer", "verdict"],
)
def test_no_answer_has_a_truth_value(client: Client, ask: Callable[[Client], object]) -> None:
    thing = ask(client)

    with pytest.raises(TypeError, match="allowed"):
        bool(thing)


def test_an_answer_about_nobody_is_refused_without_asking(server: ScriptedServer, client: Client) -> None:
    with pytest.raises(InvalidRequest):
        client.check([], channel="VOICE")

    assert server.seen == []
    assert list(client.scrub([], channel="VOICE")) == []


def test_neither_results_nor_rows_show_addresses_in_their_repr(client: Client) -> None:
    result = client.check_one(Row(PHONE, reference="r1"), channel="VOICE")

    assert PHONE not in repr(result) + repr(Row(PHONE)) + repr(client.check([PHONE], channel="VOICE"))
    assert isinstance(result, Result)


def test_findings_whose_columns_differ_in_length_are_refused(server: ScriptedServer, client: Client) -> None:
    response = scrubbed(2)
    response.findings.rows.append(0)
    response.findings.rules.extend([RULE_ENTRY, RULE_ENTRY])
    server.script("Scrub", answer(response))

    (part,) = client.scrub([PHONE], channel="VOICE")

    assert isinstance(part, ScrubAnswer)
    with pytest.raises(IncompleteAnswer):
        part.findings_of(0)
