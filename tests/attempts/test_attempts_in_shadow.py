"""Claims under a policy in SHADOW mode: nothing is refused, and each row is told what ENFORCE would have said."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from attempts.reserving import MIAMI, NEW_YORK, ap, apply_policy, complete, limit, names, reserve
from dncd.nouns import AttemptOutcome, AttemptScope, Rule, Verdict
from serving import Served, in_ms, new_id, pb, served

ALLOW, BLOCK, DEFER = int(Verdict.ALLOW), int(Verdict.BLOCK), int(Verdict.DEFER)
HOUR_MS = 3_600_000
SHADOW = 2


@pytest.fixture(name="server")
def serve(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "store") as running:
        apply_policy(running.api(), "shy", [limit(2, 24)], mode=SHADOW)
        yield running


def shadows(response: Any) -> list[int]:
    return [attempt.result.shadow_verdict for attempt in response.attempts]


def test_rows_of_one_request_see_the_claims_before_them(server: Served) -> None:
    answer = reserve(server.api(), MIAMI, NEW_YORK, MIAMI, MIAMI, "+1 (305) 555-0123", policy="shy", lease_seconds=600)

    assert all(names(answer))
    assert shadows(answer) == [ALLOW, ALLOW, ALLOW, DEFER, DEFER]
    counted = [[finding.attempts.attempts for finding in each.result.findings] for each in answer.attempts]
    assert counted == [[], [], [], [2], [3]]
    [finding] = answer.attempts[3].result.findings
    assert (finding.rule, finding.shadow) == (Rule.ATTEMPT_LIMIT, True)
    assert in_ms(finding.retry_at) == server.clock() + 600_000


def test_a_batch_is_told_what_its_rows_are_told_one_by_one(server: Served) -> None:
    server.account("other")
    alone = server.api("other")
    apply_policy(alone, "shy", [limit(2, 24)], mode=SHADOW)
    people = [MIAMI, NEW_YORK, MIAMI, MIAMI, NEW_YORK, NEW_YORK]

    together = reserve(server.api(), *people, policy="shy")
    one_by_one = [reserve(alone, person, policy="shy").attempts[0] for person in people]

    assert [each.result for each in together.attempts] == [each.result for each in one_by_one]


def test_claims_are_seen_by_contact_over_all_numbers(server: Served) -> None:
    apply_policy(server.api(), "persons", [limit(1, 24, per=AttemptScope.CONTACT)], mode=SHADOW)
    rows = [
        {"address": MIAMI, "contact_id": "ann", "reference": "1"},
        {"address": NEW_YORK, "contact_id": "ann", "reference": "2"},
        {"address": NEW_YORK, "contact_id": "bob", "reference": "3"},
    ]

    answer = server.api().call("ReserveAttempts", ap.ReserveAttemptsRequest(policy="persons", channel=1, rows=rows))

    assert shadows(answer) == [ALLOW, DEFER, ALLOW]
    assert [each.result.reference for each in answer.attempts] == ["1", "2", "3"]


def test_a_row_that_claims_nothing_is_seen_by_none(server: Served) -> None:
    apply_policy(server.api(), "strict", [limit(1, 24)], mode=SHADOW)
    server.api().add(MIAMI)

    answer = reserve(server.api(), MIAMI, MIAMI, NEW_YORK, policy="strict")

    assert [each.result.verdict for each in answer.attempts] == [BLOCK, BLOCK, ALLOW]
    assert shadows(answer) == [BLOCK, BLOCK, ALLOW]


def test_a_retry_is_told_nothing_of_its_own_claims(server: Served) -> None:
    request_id = new_id()
    first = reserve(server.api(), MIAMI, MIAMI, policy="shy", request_id=request_id)

    again = reserve(server.api(), MIAMI, MIAMI, policy="shy", request_id=request_id)

    assert names(again) == names(first)
    assert shadows(again) == [ALLOW, ALLOW]
    assert not any(each.result.findings for each in again.attempts)


def test_a_retry_is_told_of_a_pause_that_would_stop_it(server: Served) -> None:
    pause = pb.Cooldown(after=AttemptOutcome.CONVERSATION, hours=1)
    apply_policy(server.api(), "paused", [limit(1, 24)], cooldowns=[pause], mode=SHADOW)
    request_id = new_id()
    first = reserve(server.api(), MIAMI, MIAMI, policy="paused", request_id=request_id)
    complete(server.api(), AttemptOutcome.CONVERSATION, names(first)[0])

    again = reserve(server.api(), MIAMI, MIAMI, policy="paused", request_id=request_id)

    assert [each.result.verdict for each in again.attempts] == [DEFER, ALLOW]
    assert shadows(again) == [DEFER, DEFER]


def test_a_retry_that_allows_nothing_more_would_not_be_allowed_in_earnest_either(server: Served) -> None:
    request_id = new_id()
    first = reserve(server.api(), MIAMI, policy="shy", request_id=request_id)
    complete(server.api(), AttemptOutcome.RELEASED, *names(first))

    [again] = reserve(server.api(), MIAMI, policy="shy", request_id=request_id).attempts

    assert (again.result.verdict, again.result.shadow_verdict, again.reservation) == (DEFER, DEFER, "")
