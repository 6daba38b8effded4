"""A retry of ReserveAttempts forgives the limits that its own claims fill, and no more than that."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from attempts.reserving import MIAMI, apply_policy, complete, limit, names, reserve, verdicts
from dncd.administration import change_account
from dncd.nouns import AttemptOutcome, Verdict
from serving import Served, new_id, served

ALLOW, DEFER = int(Verdict.ALLOW), int(Verdict.DEFER)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "store") as running:
        apply_policy(running.api(), "twice", [limit(2, 24)])
        yield running


def test_a_retry_is_not_allowed_where_others_filled_the_limit_meanwhile(server: Served) -> None:
    request_id = new_id()
    reserve(server.api(), MIAMI, policy="twice", request_id=request_id)
    for _ in range(2):
        [name] = names(reserve(server.api(), MIAMI))
        complete(server.api(), AttemptOutcome.NO_ANSWER, name)

    again = reserve(server.api(), MIAMI, policy="twice", request_id=request_id)

    assert verdicts(again) == [DEFER]
    assert names(again) == [""]
    assert again.attempts[0].result.findings[0].attempts.attempts == 3


def test_a_retry_forgives_all_claims_of_its_own_request_on_a_number(server: Served) -> None:
    request_id = new_id()
    first = reserve(server.api(), MIAMI, MIAMI, policy="twice", request_id=request_id)

    again = reserve(server.api(), MIAMI, MIAMI, policy="twice", request_id=request_id)

    assert verdicts(first) == verdicts(again) == [ALLOW, ALLOW]
    assert names(again) == names(first)


def test_a_retry_gives_no_claim_to_a_text_that_reads_as_another_number_by_now(server: Served) -> None:
    request_id, text = new_id(), "(207) 946-0958"
    change_account(server.store, server.clock(), "default", "US")
    first = reserve(server.api(), text, request_id=request_id)
    change_account(server.store, server.clock(), "default", "GB")

    again = reserve(server.api(), text, request_id=request_id)

    assert [each.result.address for each in (*first.attempts, *again.attempts)] == ["+12079460958", "+442079460958"]
    assert (verdicts(first), verdicts(again)) == ([ALLOW], [DEFER])
