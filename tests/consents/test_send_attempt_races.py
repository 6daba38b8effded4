"""Claims of sends that come twice, at once, or break off: each send counts once, and never not at all."""

from typing import Any

import pytest

from consents.desk import Desk, at_once, new_id
from consents.sending import SMS, VOICE, apply, claiming, just_before
from dncd import attempt_log
from dncd.errors import ShuttingDown
from dncd.events import AttemptLimit, OptInClaimed, SendClaimed
from dncd.nouns import AttemptOutcome, Verdict


@pytest.mark.parametrize("kind", [SendClaimed, OptInClaimed])
def test_a_claim_that_lost_a_race_leaves_no_attempt(desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: type) -> None:
    apply(desk, AttemptLimit(3, 24))
    act = claiming(desk, kind)
    won: list[Any] = []
    just_before(desk, monkeypatch, kind, lambda: won.append(act("")))

    lost = act("")

    assert [won[0].granted, lost.granted, lost.reservation] == [True, False, ""]
    assert desk.counted() == [SMS]


@pytest.mark.parametrize("kind", [SendClaimed, OptInClaimed])
def test_one_of_many_callers_is_granted_and_counts(desk: Desk, kind: type) -> None:
    apply(desk, AttemptLimit(3, 24))
    act = claiming(desk, kind)

    claims = at_once(30, lambda: act(""))

    assert sum(claim.granted for claim in claims) == len(desk.counted()) == 1


@pytest.mark.parametrize("kind", [SendClaimed, OptInClaimed])
def test_a_retry_counts_once_and_is_answered_alike_although_its_own_attempt_fills_the_limit(
    desk: Desk, kind: type
) -> None:
    apply(desk, AttemptLimit(1, 24))
    act = claiming(desk, kind)
    request_id = new_id()

    first, again = act(request_id), act(request_id)

    assert first.granted
    assert again == first
    assert len(desk.counted()) == 1


@pytest.mark.parametrize("kind", [SendClaimed, OptInClaimed])
def test_the_same_request_at_once_counts_once_and_is_answered_alike(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: type
) -> None:
    apply(desk)
    act = claiming(desk, kind)
    request_id = new_id()
    won: list[Any] = []
    just_before(desk, monkeypatch, kind, lambda: won.append(act(request_id)))

    second = act(request_id)

    assert second.granted
    assert second == won[0]
    assert len(desk.counted()) == 1


@pytest.mark.parametrize("kind", [SendClaimed, OptInClaimed])
@pytest.mark.parametrize("outcome", [AttemptOutcome.RELEASED, AttemptOutcome.CONVERSATION, AttemptOutcome.NO_ANSWER])
def test_a_retry_is_not_granted_once_its_attempt_came_to_an_outcome(
    desk: Desk, kind: type, outcome: AttemptOutcome
) -> None:
    apply(desk)
    act = claiming(desk, kind)
    request_id = new_id()
    desk.complete(act(request_id).reservation, outcome)

    again = act(request_id)

    assert (again.granted, again.reservation) == (False, "")


def test_a_claim_that_was_refused_for_a_full_limit_may_be_retried(desk: Desk) -> None:
    apply(desk, AttemptLimit(1, 24))
    act = claiming(desk, SendClaimed)
    call = desk.reserve(channel=VOICE)
    request_id = new_id()
    refused = act(request_id)

    desk.complete(call.reservation, AttemptOutcome.RELEASED)

    assert (refused.granted, refused.verdict) == (False, Verdict.DEFER)
    assert act(request_id).granted
    assert desk.counted() == [SMS]


def test_a_claim_that_breaks_off_between_attempt_and_grant_counts_one_too_many(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(desk, AttemptLimit(2, 24))
    act = claiming(desk, SendClaimed)

    def die() -> None:
        raise ShuttingDown("the server is stopping")

    just_before(desk, monkeypatch, SendClaimed, die)
    request_id = new_id()
    with pytest.raises(ShuttingDown):
        act(request_id)

    assert act(request_id).granted
    assert desk.counted() == [SMS, SMS]


def test_the_journal_names_the_attempt_of_a_send(desk: Desk) -> None:
    apply(desk)

    for kind in (OptInClaimed, SendClaimed):
        answer = claiming(desk, kind)("")
        change = desk.newest().draft.change
        assert isinstance(change, kind)
        assert change.reservation == answer.reservation != ""


def test_whoever_made_an_attempt_stands_with_it(desk: Desk) -> None:
    apply(desk)

    desk.ask(actor="gateway-1")

    with desk.store.snapshot() as snapshot:
        assert attempt_log.event_at(snapshot, 1).draft.actor == "tester/gateway-1"
