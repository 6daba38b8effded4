"""ReserveAttempts and CompleteAttempts as callers meet them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from attempts.reserving import (
    MIAMI,
    NEW_YORK,
    ap,
    apply_policy,
    complete,
    limit,
    names,
    policies,
    reservation_request,
    reserve,
    verdicts,
)
from dncd import accounts
from dncd.events import Draft
from dncd.journal import Written
from dncd.kept_attempts import pack_claim
from dncd.limits import ATTEMPTS_KEPT_MAX
from dncd.nouns import AttemptOutcome, AttemptScope, Channel, Role, Rule, Verdict
from dncd.storage.contract import Table
from dncd.storage.keys import Kind, text_key
from dncd.writer import StoreLog
from serving import Served, in_ms, moment, new_id, pb, served

HOUR_MS = 3_600_000
ALLOW, BLOCK, DEFER, UNSCREENED, INVALID = (
    int(verdict) for verdict in (Verdict.ALLOW, Verdict.BLOCK, Verdict.DEFER, Verdict.UNSCREENED, Verdict.INVALID)
)
RECORDED, UNCHANGED, UNKNOWN = 1, 2, 3


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "store") as running:
        apply_policy(running.api(), "florida", attempt_packs=["us-states"])
        apply_policy(running.api(), "once", [limit(1, 24)])
        yield running


def rules_of(attempt: object) -> list[int]:
    return [finding.rule for finding in attempt.result.findings]  # type: ignore[attr-defined]  # a generated message


def test_of_a_hundred_parallel_callers_three_are_granted_in_florida(server: Served) -> None:
    apis = [server.api(role=role) for role in (Role.CHECKER, Role.AGENT, Role.MANAGER, Role.ADMIN)]

    with ThreadPoolExecutor(25) as pool:
        asked = [pool.submit(reserve, apis[turn % 4], MIAMI, policy="florida") for turn in range(100)]
        answers = [future.result().attempts[0] for future in asked]

    granted = [answer for answer in answers if answer.reservation]
    assert len({answer.reservation for answer in granted}) == len(granted) == 3
    assert all(answer.result.verdict == ALLOW for answer in granted)
    others = [answer for answer in answers if not answer.reservation]
    assert {answer.result.verdict for answer in others} == {DEFER}
    assert {tuple(rules_of(answer)) for answer in others} == {(Rule.ATTEMPT_LIMIT,)}
    assert {answer.result.findings[0].legal_rule.citation for answer in others} == {"Fla. Stat. 501.616(6)"}


def test_elsewhere_a_limit_of_florida_does_not_hold(server: Served) -> None:
    answers = [reserve(server.api(), NEW_YORK, policy="florida") for _ in range(5)]

    assert all(names(answer) != [""] for answer in answers)


def test_rows_of_one_request_see_the_claims_of_those_before(server: Served) -> None:
    answer = reserve(server.api(), MIAMI, NEW_YORK, MIAMI, MIAMI, "+1 (305) 555-0123", policy="florida")

    assert verdicts(answer) == [ALLOW, ALLOW, ALLOW, ALLOW, DEFER]
    assert [bool(name) for name in names(answer)] == [True, True, True, True, False]
    [finding] = answer.attempts[4].result.findings
    assert (finding.rule, finding.attempts.attempts, finding.attempts.max) == (Rule.ATTEMPT_LIMIT, 3, 3)
    assert in_ms(finding.retry_at) == server.clock() + HOUR_MS


def test_check_says_when_the_limit_has_room_again(server: Served) -> None:
    first = reserve(server.api(), MIAMI, policy="once")
    complete(server.api(), AttemptOutcome.NO_ANSWER, *names(first))

    [result] = server.api().check(MIAMI, policy="once").results
    [planned] = server.api().check(MIAMI, policy="once", contact_time=moment(server.clock() + 24 * HOUR_MS)).results

    assert result.verdict == DEFER
    assert in_ms(result.findings[0].retry_at) == server.clock() + 24 * HOUR_MS
    assert planned.verdict == ALLOW


def test_a_lease_that_ends_frees_its_claim(server: Served) -> None:
    first = reserve(server.api(), MIAMI, policy="once", lease_seconds=60)
    assert in_ms(first.lease_ends_at) == server.clock() + 60_000
    server.clock.advance(59_999)
    assert verdicts(reserve(server.api(), MIAMI, policy="once")) == [DEFER]

    server.clock.advance(1)

    assert verdicts(reserve(server.api(), MIAMI, policy="once")) == [ALLOW]


def test_a_call_of_an_hour_keeps_its_place_where_nobody_named_a_lease(server: Served) -> None:
    reserve(server.api(), MIAMI, policy="once")

    server.clock.advance(HOUR_MS - 1)

    assert verdicts(reserve(server.api(), MIAMI, policy="once")) == [DEFER]


def test_a_lease_told_to_the_caller_runs_from_the_time_of_the_stream(server: Served) -> None:
    reserve(server.api(), NEW_YORK)
    ahead_ms = server.clock()
    server.clock.advance(-HOUR_MS)
    request_id = new_id()

    first = reserve(server.api(), MIAMI, policy="once", lease_seconds=60, request_id=request_id)
    again = reserve(server.api(), MIAMI, policy="once", lease_seconds=60, request_id=request_id)

    assert in_ms(first.lease_ends_at) == in_ms(again.lease_ends_at) == ahead_ms + 60_000
    server.clock.advance(HOUR_MS + 59_999)
    assert verdicts(reserve(server.api(), MIAMI, policy="once")) == [DEFER]


def test_a_claim_given_back_frees_its_place_at_once(server: Served) -> None:
    first = reserve(server.api(), MIAMI, policy="once")

    assert complete(server.api(), AttemptOutcome.RELEASED, *names(first)) == [RECORDED]

    assert verdicts(reserve(server.api(), MIAMI, policy="once")) == [ALLOW]


def test_completions_answer_in_order_and_the_stronger_outcome_stands(server: Served) -> None:
    [first] = names(reserve(server.api(), MIAMI))

    weaker = complete(server.api(), AttemptOutcome.RELEASED, first)
    outcomes = complete(server.api(), AttemptOutcome.CONVERSATION, "77-0", first, first, "")
    late = complete(server.api(), AttemptOutcome.NO_ANSWER, first)

    assert (weaker, outcomes, late) == ([RECORDED], [UNKNOWN, RECORDED, UNCHANGED, UNKNOWN], [UNCHANGED])
    assert verdicts(reserve(server.api(), MIAMI, policy="once")) == [DEFER]


def test_a_contact_with_as_many_attempts_as_are_kept_is_deferred_and_its_neighbours_are_not(server: Served) -> None:
    kept_since_ms = server.clock()
    kept = b"".join(
        pack_claim(kept_since_ms + row, kept_since_ms, 1, row, Channel.VOICE) for row in range(ATTEMPTS_KEPT_MAX)
    )
    with server.store.transaction() as txn:
        [account_id] = [each.id for each in accounts.scan(txn) if each.name == "default"]
        txn.put(Table.ATTEMPTS, text_key(account_id, Kind.CONTACT, "everybody"), kept)
    rows = [{"address": MIAMI, "contact_id": "everybody"}, {"address": NEW_YORK, "contact_id": "ann"}]

    answer = server.api().call("ReserveAttempts", ap.ReserveAttemptsRequest(channel=1, rows=rows))

    assert verdicts(answer) == [DEFER, ALLOW]
    assert [bool(name) for name in names(answer)] == [False, True]
    [finding] = answer.attempts[0].result.findings
    assert finding.rule == Rule.ATTEMPT_LIMIT
    assert (finding.attempts.attempts, finding.attempts.max) == (ATTEMPTS_KEPT_MAX, ATTEMPTS_KEPT_MAX)
    assert finding.attempts.per == AttemptScope.CONTACT
    assert in_ms(finding.retry_at) == in_ms(answer.attempts[0].result.retry_at) == kept_since_ms + 745 * HOUR_MS


def test_a_cooldown_stops_calls_after_a_conversation(server: Served) -> None:
    pause = policies.Cooldown(after=AttemptOutcome.CONVERSATION, hours=48)
    apply_policy(server.api(), "gentle", cooldowns=[pause])
    answer = reserve(server.api(), MIAMI, policy="gentle")
    complete(server.api(), AttemptOutcome.CONVERSATION, *names(answer))

    again = reserve(server.api(), MIAMI, policy="gentle")

    [finding] = again.attempts[0].result.findings
    assert (finding.rule, finding.attempts.after) == (Rule.COOLDOWN, AttemptOutcome.CONVERSATION)
    assert in_ms(finding.retry_at) == server.clock() + 48 * HOUR_MS
    assert names(again) == [""]


def test_attempts_under_a_policy_without_limits_count_for_the_others(server: Served) -> None:
    reserve(server.api(), MIAMI)

    assert verdicts(reserve(server.api(), MIAMI, policy="once")) == [DEFER]


def test_limits_hold_on_the_channels_they_name(server: Served) -> None:
    apply_policy(server.api(), "texts", [limit(1, 24, channels=[Channel.SMS])])
    for channel in (Channel.SMS, Channel.VOICE):
        reserve(server.api(), MIAMI, policy="texts", channel=channel)

    assert verdicts(reserve(server.api(), MIAMI, policy="texts", channel=Channel.SMS)) == [DEFER]
    assert verdicts(reserve(server.api(), MIAMI, policy="texts", channel=Channel.VOICE)) == [ALLOW]


def test_a_limit_by_contact_counts_all_numbers_of_a_person_and_needs_the_id(server: Served) -> None:
    apply_policy(server.api(), "persons", [limit(1, 24, per=AttemptScope.CONTACT)])

    first = reserve(server.api(), MIAMI, policy="persons", contact_id="ann")
    second = reserve(server.api(), NEW_YORK, policy="persons", contact_id="ann")
    nobody = reserve(server.api(), NEW_YORK, policy="persons")

    assert (verdicts(first), verdicts(second), verdicts(nobody)) == ([ALLOW], [DEFER], [UNSCREENED])
    assert rules_of(nobody.attempts[0]) == [Rule.CONTEXT_MISSING]


def test_e_mail_is_counted_too(server: Served) -> None:
    first = reserve(server.api(), "ann@example.com", policy="once", channel=Channel.EMAIL)
    second = reserve(server.api(), "Ann@Example.com", policy="once", channel=Channel.EMAIL)

    assert (verdicts(first), verdicts(second)) == ([ALLOW], [DEFER])


def test_an_e_mail_that_something_stronger_stops_names_no_time_although_its_neighbour_does(server: Served) -> None:
    for address in ("ann@example.com", "bob@example.com"):
        reserve(server.api(), address, policy="once", channel=Channel.EMAIL)
    server.api().add("ann@example.com")

    rows = [pb.CheckRow(address=address) for address in ("ann@example.com", "bob@example.com")]
    results = server.api().call("Check", pb.CheckRequest(policy="once", channel=Channel.EMAIL, rows=rows)).results

    assert [result.verdict for result in results] == [BLOCK, DEFER]
    assert [result.HasField("retry_at") for result in results] == [False, True]


def test_what_is_not_allow_claims_nothing_and_spoils_nothing(server: Served) -> None:
    server.api().add(NEW_YORK)

    answer = reserve(server.api(), NEW_YORK, "nonsense", MIAMI, policy="once")
    server.api().call(
        "RemoveEntries",
        pb.RemoveEntriesRequest(entries=[pb.EntryRef(address=NEW_YORK, label="do-not-contact")], reason=1),
    )

    assert verdicts(answer) == [BLOCK, INVALID, ALLOW]
    assert [bool(name) for name in names(answer)] == [False, False, True]
    assert verdicts(reserve(server.api(), NEW_YORK, policy="once")) == [ALLOW]


def test_a_shadow_policy_reports_its_limit_and_claims_beyond_it(server: Served) -> None:
    apply_policy(server.api(), "shy", [limit(1, 24)], mode=2)
    reserve(server.api(), MIAMI, policy="shy")

    answer = reserve(server.api(), MIAMI, policy="shy")

    assert names(answer) != [""]
    assert answer.attempts[0].result.shadow_verdict == DEFER


def test_two_accounts_do_not_see_each_others_attempts(server: Served) -> None:
    server.account("other")
    other = server.api("other")
    apply_policy(other, "once", [limit(1, 24)])
    [name] = names(reserve(server.api(), MIAMI, policy="once"))

    assert verdicts(reserve(other, MIAMI, policy="once")) == [ALLOW]
    assert complete(other, AttemptOutcome.RELEASED, name) == [UNKNOWN]
    assert verdicts(reserve(server.api(), MIAMI, policy="once")) == [DEFER]


def test_attempts_move_no_revision_of_the_journal(server: Served) -> None:
    before = server.head()

    answer = reserve(server.api(), MIAMI)
    complete(server.api(), AttemptOutcome.NO_ANSWER, *names(answer))

    assert server.head() == before == answer.checked_at.position


# Retries


def test_a_retry_gives_the_same_claim_and_counts_once(server: Served) -> None:
    apply_policy(server.api(), "twice", [limit(2, 24)])
    request_id = new_id()
    first = reserve(server.api(), MIAMI, policy="twice", request_id=request_id)

    again = reserve(server.api(), MIAMI, policy="twice", request_id=request_id)

    assert names(again) == names(first) != [""]
    assert again.lease_ends_at == first.lease_ends_at
    assert verdicts(reserve(server.api(), MIAMI, policy="twice")) == [ALLOW]
    assert verdicts(reserve(server.api(), MIAMI, policy="twice")) == [DEFER]


def test_a_retry_is_allowed_although_its_own_claim_made_the_limit_full(server: Served) -> None:
    request_id = new_id()
    first = reserve(server.api(), MIAMI, NEW_YORK, policy="once", request_id=request_id)

    again = reserve(server.api(), MIAMI, NEW_YORK, policy="once", request_id=request_id)

    assert verdicts(again) == [ALLOW, ALLOW]
    assert names(again) == names(first)
    assert not any(attempt.result.findings for attempt in again.attempts)
    assert not any(attempt.result.HasField("retry_at") for attempt in again.attempts)


def test_a_retry_sees_an_opt_out_that_came_between(server: Served) -> None:
    request_id = new_id()
    reserve(server.api(), MIAMI, policy="once", request_id=request_id)
    server.api().add(MIAMI)

    again = reserve(server.api(), MIAMI, policy="once", request_id=request_id)

    assert (verdicts(again), names(again)) == ([BLOCK], [""])
    assert rules_of(again.attempts[0]) == [Rule.ENTRY]


@pytest.mark.parametrize("outcome", [0, AttemptOutcome.RELEASED, AttemptOutcome.NO_ANSWER])
def test_a_retry_allows_nothing_once_its_claim_is_over(server: Served, outcome: int) -> None:
    request_id = new_id()
    first = reserve(server.api(), MIAMI, policy="florida", request_id=request_id)
    if outcome:
        complete(server.api(), outcome, *names(first))
    else:
        server.clock.advance(HOUR_MS)

    again = reserve(server.api(), MIAMI, policy="florida", request_id=request_id)

    assert (verdicts(again), names(again)) == ([DEFER], [""])
    assert again.attempts[0].result.findings[0].rule == Rule.ATTEMPT_LIMIT
    assert in_ms(again.attempts[0].result.retry_at) == server.clock()
    assert not again.HasField("lease_ends_at")


def test_a_retry_allows_no_row_that_had_no_claim(server: Served) -> None:
    request_id = new_id()
    server.api().add(NEW_YORK)
    reserve(server.api(), MIAMI, NEW_YORK, policy="florida", request_id=request_id)
    server.api().call(
        "RemoveEntries",
        pb.RemoveEntriesRequest(entries=[pb.EntryRef(address=NEW_YORK, label="do-not-contact")], reason=1),
    )

    again = reserve(server.api(), MIAMI, NEW_YORK, policy="florida", request_id=request_id)

    assert verdicts(again) == [ALLOW, DEFER]
    assert verdicts(reserve(server.api(), NEW_YORK, policy="florida")) == [ALLOW]


def test_the_same_request_twice_at_once_claims_once(server: Served) -> None:
    request_id = new_id()

    with ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(reserve, server.api(), MIAMI, policy="once", request_id=request_id) for _ in range(8)]
        answers = [future.result() for future in asked]

    assert {tuple(names(answer)) for answer in answers if verdicts(answer) == [ALLOW]} == {tuple(names(answers[0]))}
    assert all(names(answer) == names(answers[0]) for answer in answers)


def test_a_row_whose_claim_was_refused_is_never_allowed_even_where_room_came_since(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = StoreLog.append

    def slow(log: StoreLog, draft: Draft) -> Written:
        written = append(log, draft)
        server.clock.advance(HOUR_MS)
        return written

    monkeypatch.setattr(StoreLog, "append", slow)

    answer = reserve(server.api(), MIAMI, MIAMI, policy="once")

    assert verdicts(answer) == [ALLOW, DEFER]
    assert [bool(name) for name in names(answer)] == [True, False]
    assert in_ms(answer.attempts[1].result.retry_at) == server.clock()


def test_a_completion_may_be_retried(server: Served) -> None:
    [name] = names(reserve(server.api(), MIAMI))
    request_id = new_id()

    first = complete(server.api(), AttemptOutcome.NO_ANSWER, name, request_id=request_id)
    again = complete(server.api(), AttemptOutcome.NO_ANSWER, name, request_id=request_id)

    assert first == again == [RECORDED]


# Refusals


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"rows": []}, "BATCH_EMPTY"),
        ({"rows": [{"address": MIAMI}] * 1_001}, "BATCH_TOO_LARGE"),
        ({"channel": 0}, "INVALID_FIELD"),
        ({"channel": 77}, "INVALID_FIELD"),
        ({"lease_seconds": 86_401}, "INVALID_FIELD"),
        ({"request_id": "not a uuid"}, "INVALID_FIELD"),
        ({"actor": "x" * 129}, "INVALID_FIELD"),
        ({"policy": "nowhere"}, "POLICY_NOT_FOUND"),
        ({"policy": "spaces in it"}, "INVALID_FIELD"),
        ({"policy": "voice", "channel": 2}, "CHANNEL_NOT_IN_POLICY"),
        ({"rows": [{"address": MIAMI, "contact_id": "x" * 129}]}, "INVALID_FIELD"),
        ({"rows": [{"address": MIAMI, "debt_id": "\x00"}]}, "INVALID_FIELD"),
        ({"rows": [{"address": MIAMI, "time_zone": "Moon\x07Crater"}]}, "INVALID_FIELD"),
    ],
)
def test_a_claim_that_makes_no_sense_is_refused_with_its_reason(
    server: Served, changes: dict[str, object], reason: str
) -> None:
    apply_policy(server.api(), "voice", channels=[1])
    request = ap.ReserveAttemptsRequest(**{"channel": 1, "rows": [{"address": MIAMI}], **changes})

    caught = server.api().refused("ReserveAttempts", request)

    assert caught.reason == f"ERROR_REASON_{reason}"
    assert "555" not in caught.message


@pytest.mark.parametrize(
    ("completions", "path"),
    [
        ([], ""),
        ([{"reservation": "1-0", "outcome": 2}] * 1_001, ""),
        ([{"reservation": "1-0", "outcome": 2}, {"reservation": "1-0"}], "completions[1].outcome"),
        ([{"reservation": "1-0", "outcome": 1}], "completions[0].outcome"),
        ([{"reservation": "1-0", "outcome": 9}], "completions[0].outcome"),
    ],
)
def test_a_completion_that_makes_no_sense_is_refused(
    server: Served, completions: list[dict[str, object]], path: str
) -> None:
    caught = server.api().refused("CompleteAttempts", ap.CompleteAttemptsRequest(completions=completions))

    if path:
        assert caught.reason == "ERROR_REASON_INVALID_FIELD"
        assert path in caught.message
    else:
        assert caught.reason in {"ERROR_REASON_BATCH_EMPTY", "ERROR_REASON_BATCH_TOO_LARGE"}


def test_a_request_id_of_another_request_is_refused(server: Served) -> None:
    request_id = new_id()
    [name] = names(reserve(server.api(), MIAMI, request_id=request_id))

    other_row = server.api().refused("ReserveAttempts", reservation_request(NEW_YORK, request_id=request_id))
    completions = [ap.AttemptCompletion(reservation=name, outcome=2)]
    other_method = server.api().refused(
        "CompleteAttempts", ap.CompleteAttemptsRequest(completions=completions, request_id=request_id)
    )

    assert other_row.reason == other_method.reason == "ERROR_REASON_REQUEST_ID_REUSED"


def test_a_request_id_of_another_stream_is_refused_whatever_is_asked(server: Served) -> None:
    of_entry, of_claim = new_id(), new_id()
    entry = pb.NewEntry(address=NEW_YORK, label="do-not-contact", source=1)
    server.api().call("AddEntries", pb.AddEntriesRequest(entries=[entry], request_id=of_entry))
    reserve(server.api(), MIAMI, request_id=of_claim)

    claimed = server.api().refused("ReserveAttempts", reservation_request(MIAMI, request_id=of_entry))
    blocked = server.api().refused("ReserveAttempts", reservation_request(NEW_YORK, request_id=of_entry))
    added = server.api().refused("AddEntries", pb.AddEntriesRequest(entries=[entry], request_id=of_claim))

    assert {claimed.reason, blocked.reason, added.reason} == {"ERROR_REASON_REQUEST_ID_REUSED"}


def test_an_auditor_claims_nothing(server: Served) -> None:
    caught = server.api(role=Role.AUDITOR).refused("ReserveAttempts", reservation_request(MIAMI))

    assert caught.reason == "ERROR_REASON_ROLE_NOT_ALLOWED"


# Housekeeping


def test_housekeeping_forgets_what_no_window_needs_and_nothing_else(server: Served) -> None:
    longest = limit(1, 744)
    apply_policy(server.api(), "monthly", [longest])
    complete(server.api(), AttemptOutcome.NO_ANSWER, *names(reserve(server.api(), MIAMI, policy="monthly")))
    server.clock.advance(744 * HOUR_MS - 1)

    server.app.housekeep(server.clock())
    kept = verdicts(reserve(server.api(), MIAMI, policy="monthly"))
    reserve(server.api(), NEW_YORK)
    server.clock.advance(2 * HOUR_MS)
    reserve(server.api(), NEW_YORK)
    server.app.housekeep(server.clock())

    assert kept == [DEFER]
    with server.store.snapshot() as snapshot:
        assert snapshot.count("attempts") == 1  # type: ignore[arg-type]  # the name of the table
