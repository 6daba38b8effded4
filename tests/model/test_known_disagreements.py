"""Where the server does not do what the model says, each with the smallest case. A case that passes must leave here."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dncd.nouns import Role
from model.facts import (
    ABANDONED,
    ALLOW,
    CONVERSATION,
    RECORDED,
    REJECTED,
    REMOVED,
    SMS,
    VOICE,
    WHATSAPP,
)
from serving import Api, Served, moment, new_id, pb, served

PERSON, MAILBOX = "+14155550101", "ann@example.com"


@pytest.fixture(name="server")
def serve(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "store") as running:
        yield running


@pytest.fixture(name="api")
def call(server: Served) -> Api:
    return server.api("default", Role.ADMIN)


def reserve(api: Api, policy: str, *rows: Any, channel: int = VOICE) -> Any:
    request = pb.ReserveAttemptsRequest(policy=policy, channel=channel, rows=rows)
    return api.call("ReserveAttempts", request).attempts


def complete(api: Api, claimed: Any, outcome: int) -> None:
    completion = pb.AttemptCompletion(reservation=claimed.reservation, outcome=outcome)
    answer = api.call("CompleteAttempts", pb.CompleteAttemptsRequest(completions=[completion]))
    assert list(answer.outcomes) == [RECORDED]


def write(api: Api, text: str, channel: int = SMS, **fields: Any) -> Any:
    return api.call(
        "RecordInboundMessage", pb.RecordInboundMessageRequest(address=PERSON, channel=channel, text=text, **fields)
    )


def renew(api: Api, address: str, label: str) -> None:
    request = pb.RemoveEntriesRequest(
        entries=[pb.EntryRef(address=address, label=label)], reason=2, evidence=pb.Evidence(reference="form 7")
    )
    assert list(api.call("RemoveEntries", request).outcomes) == [REMOVED]


@pytest.mark.xfail(strict=True, reason="where the entry of a STOP is gone, its channel is gone with it")
def test_start_on_whatsapp_leaves_the_status_that_a_stop_by_sms_made(api: Api) -> None:
    write(api, "STOP")
    renew(api, PERSON, "do-not-text")

    assert write(api, "START", WHATSAPP).status == REJECTED


@pytest.mark.xfail(strict=True, reason="a message is known by its message id only where the call has no request id")
def test_message_that_comes_again_with_another_request_id_does_nothing(api: Api) -> None:
    write(api, "START", message_id="m-1", request_id=new_id())
    write(api, "STOP", message_id="m-2", request_id=new_id())

    write(api, "START", message_id="m-1", request_id=new_id())

    assert api.call("GetOptIn", pb.GetOptInRequest(address=PERSON)).status == REJECTED


@pytest.mark.xfail(strict=True, reason="rows in SHADOW mode do not see the claims of the rows before them")
def test_rows_of_one_request_see_the_claims_before_them_in_shadow_too(api: Api) -> None:
    api.apply("shadow", mode=2, attempt_limits=[pb.AttemptLimit(max=1, per_hours=1)])

    first, second = reserve(api, "shadow", pb.CheckRow(address=PERSON), pb.CheckRow(address=PERSON))

    assert (first.result.shadow_verdict, second.result.shadow_verdict) == (ALLOW, 3)


@pytest.mark.xfail(strict=True, reason="attempts have no revisions: as of one, those count that its event's time knew")
def test_answer_that_counts_attempts_is_explained_as_of_its_revision(server: Served, api: Api) -> None:
    api.apply("calls", attempt_limits=[pb.AttemptLimit(max=1, per_hours=1)])
    server.clock.advance(1)
    reserve(api, "calls", pb.CheckRow(address=PERSON))
    answered = api.check(PERSON, policy="calls")

    explained = api.call(
        "Explain",
        pb.ExplainRequest(
            policy="calls",
            channel=VOICE,
            row=pb.CheckRow(address=PERSON),
            revision=answered.checked_at,
            contact_time=moment(server.clock()),
        ),
    )

    assert explained.result.verdict == answered.results[0].verdict


@pytest.mark.xfail(strict=True, reason="an outcome that took another one's place is all that is known of the past, too")
def test_answer_is_explained_by_the_outcome_of_its_time(server: Served, api: Api) -> None:
    api.apply("calls", cooldowns=[pb.Cooldown(after=ABANDONED, hours=72)])
    [claimed] = reserve(api, "calls", pb.CheckRow(address=PERSON))
    complete(api, claimed, ABANDONED)
    answered, answered_ms = api.check(PERSON, policy="calls").results[0], server.clock()
    server.clock.advance(1)
    complete(api, claimed, CONVERSATION)

    row, then = pb.CheckRow(address=PERSON), moment(answered_ms)
    request = pb.ExplainRequest(policy="calls", channel=VOICE, row=row, time=then, contact_time=then)

    assert api.call("Explain", request).result.verdict == answered.verdict
