"""Sends that a claim grants are contact attempts: they count, and no full limit lets one pass."""

from itertools import count

import pytest

from consents.desk import ACCOUNT, MAILBOX, MINUTE_MS, PERSON, Desk, at_once, in_ms
from consents.sending import EMAIL, HOUR_MS, PEOPLE, SMS, VOICE, WHATSAPP, apply, just_before, permit
from dncd.events import AttemptLimit, AttemptsReserved
from dncd.kept_attempts import pack_claim
from dncd.limits import ATTEMPTS_KEPT_MAX
from dncd.nouns import AttemptOutcome, AttemptScope, Mode, OptInStatus, Rule, Source, Verdict
from dncd.storage.contract import Table
from dncd.storage.keys import Kind, text_key

DAY_MS = 24 * HOUR_MS


@pytest.fixture(name="limited")
def three_a_day(desk: Desk) -> Desk:
    apply(desk, AttemptLimit(3, 24))
    for label in ("do-not-phone", "do-not-text"):
        desk.add(PERSON, label)
    desk.add(MAILBOX, "do-not-email")
    return desk


def test_three_claims_fill_a_limit_of_three_and_the_fourth_waits(limited: Desk) -> None:
    begun_ms = limited.clock()
    first = limited.claim(permit(limited))
    limited.clock.now_ms += DAY_MS - 5 * MINUTE_MS
    second = limited.claim(permit(limited))
    by_text, by_voice = permit(limited, SMS), permit(limited)
    third = limited.claim(by_voice)

    fourth = limited.claim(by_text)

    assert [each.granted for each in (first, second, third, fourth)] == [True, True, True, False]
    assert len({each.reservation for each in (first, second, third)}) == 3
    assert (fourth.verdict, fourth.reservation, fourth.address) == (Verdict.DEFER, "", "")
    assert in_ms(fourth.retry_at) == begun_ms + DAY_MS
    [finding] = [each for each in fourth.result.findings if each.rule == Rule.ATTEMPT_LIMIT]
    assert (finding.attempts.attempts, finding.attempts.max) == (3, 3)
    limited.clock.now_ms = begun_ms + DAY_MS
    assert limited.claim(by_text).granted


def test_no_permission_is_made_where_a_limit_is_full(limited: Desk) -> None:
    for _ in range(3):
        assert limited.claim(permit(limited)).granted

    assert permit(limited) == ""


def test_threads_with_a_permission_each_never_exceed_the_limit_of_one_number(desk: Desk) -> None:
    apply(desk, AttemptLimit(2, 24))
    for label in ("do-not-phone", "do-not-text"):
        desk.add(PERSON, label)
    permissions = [permit(desk, channel) for channel in (VOICE, SMS, WHATSAPP)]
    asked = iter(permissions * 7)

    claims = at_once(21, lambda: desk.claim(next(asked)))

    assert sum(claim.granted for claim in claims) == len(desk.counted()) == 2


def test_threads_with_a_permission_each_never_exceed_the_limit_of_one_contact(desk: Desk) -> None:
    apply(desk, AttemptLimit(3, 24, per=AttemptScope.CONTACT))
    for number in PEOPLE:
        desk.add(number, "do-not-phone")
    permissions = [permit(desk, address=number, contact_id="ann") for number in PEOPLE]
    asked = iter(permissions)

    claims = at_once(len(permissions), lambda: desk.claim(next(asked)))

    granted = [claim for claim in claims if claim.granted]
    assert len({claim.reservation for claim in granted}) == len(granted) == 3
    refused = [claim for claim in claims if not claim.granted]
    assert {claim.verdict for claim in refused} == {Verdict.DEFER}
    assert all(claim.HasField("retry_at") and claim.result.findings for claim in refused)
    desk.complete(granted[0].reservation, AttemptOutcome.RELEASED)
    taken = {claim.address for claim in granted}
    left = next(name for name, number in zip(permissions, PEOPLE, strict=True) if number not in taken)
    assert desk.claim(left).granted


def test_a_claim_that_finds_the_limit_full_only_when_it_is_written_is_told_so(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply(desk, AttemptLimit(1, 24))
    desk.add(PERSON, "do-not-text")
    by_text = permit(desk, SMS)
    just_before(desk, monkeypatch, AttemptsReserved, lambda: desk.reserve(channel=VOICE))

    claimed = desk.claim(by_text)

    assert (claimed.granted, claimed.verdict) == (False, Verdict.DEFER)
    # The claim of the call is a lease of an hour.
    assert in_ms(claimed.retry_at) == desk.clock() + HOUR_MS
    assert desk.counted() == [VOICE]
    desk.clock.now_ms += HOUR_MS
    assert desk.verdict(policy="campaign") is Verdict.PERMISSION_REQUIRED


def test_a_claim_on_what_has_as_many_attempts_as_are_kept_is_not_granted(desk: Desk) -> None:
    apply(desk)
    desk.add(PERSON, "do-not-text")
    permission = permit(desk, SMS, contact_id="everybody")
    since_ms = desk.clock() - 3 * HOUR_MS
    kept = b"".join(pack_claim(since_ms + row, since_ms, 1, row, VOICE) for row in range(ATTEMPTS_KEPT_MAX))
    with desk.store.transaction() as txn:
        txn.put(Table.ATTEMPTS, text_key(ACCOUNT, Kind.CONTACT, "everybody"), kept)

    claimed = desk.claim(permission)

    assert (claimed.granted, claimed.verdict) == (False, Verdict.DEFER)
    assert in_ms(claimed.retry_at) == since_ms + 745 * HOUR_MS
    assert [finding.rule for finding in claimed.result.findings] == [Rule.ENTRY, Rule.ATTEMPT_LIMIT]
    assert claimed.result.verdict == Verdict.PERMISSION_REQUIRED


@pytest.mark.parametrize("policy", ["", "campaign"])
def test_an_opt_in_request_counts_as_a_text(desk: Desk, policy: str) -> None:
    apply(desk, AttemptLimit(3, 24))

    asked = desk.ask(policy=policy)
    texts = [desk.reserve(policy="campaign") for _ in range(3)]

    assert asked.granted
    assert asked.reservation
    assert [bool(text.reservation) for text in texts] == [True, True, False]
    assert desk.counted() == [SMS] * 3


def test_an_opt_in_request_waits_for_a_full_limit_and_leaves_the_number_not_sent(desk: Desk) -> None:
    apply(desk, AttemptLimit(1, 24), require_opt_in=frozenset({SMS}))
    call = desk.reserve(channel=VOICE, policy="campaign")

    asked = desk.ask(policy="campaign")

    assert (asked.granted, asked.status, asked.blocked_by_entry) == (False, OptInStatus.NOT_SENT, False)
    assert in_ms(asked.retry_at) == desk.clock() + HOUR_MS
    assert Rule.ATTEMPT_LIMIT in {finding.rule for finding in asked.result.findings}
    desk.complete(call.reservation, AttemptOutcome.RELEASED)
    assert desk.ask(policy="campaign").granted


def test_opt_in_requests_and_texts_at_once_never_exceed_the_limit(desk: Desk) -> None:
    apply(desk, AttemptLimit(3, 24))
    turns = count()

    def send() -> bool:
        if next(turns) % 2:
            return bool(desk.ask(policy="campaign").granted)
        return bool(desk.reserve(policy="campaign").reservation)

    granted = at_once(20, send)

    assert sum(granted) == len(desk.counted()) <= 3


def test_a_policy_in_shadow_limits_no_send_and_counts_all(desk: Desk) -> None:
    apply(desk, AttemptLimit(1, 24), name="shy", mode=Mode.SHADOW)
    desk.reserve(channel=VOICE)

    asked = desk.ask(policy="shy")

    assert (asked.granted, bool(asked.reservation)) == (True, True)
    assert desk.counted() == [VOICE, SMS]


def test_a_permission_claimed_under_what_became_shadow_is_limited_by_nothing(desk: Desk) -> None:
    apply(desk, AttemptLimit(1, 24))
    desk.add(PERSON, "do-not-text", Source.CONSOLE)
    permission = permit(desk, SMS)
    desk.reserve(channel=VOICE)
    limited = desk.claim(permission)

    apply(desk, AttemptLimit(1, 24), mode=Mode.SHADOW)
    in_shadow = desk.claim(permission)

    assert limited.verdict == Verdict.DEFER
    # SHADOW weakens nothing: the opt-out asks for no permission under it, so none passes it.
    assert (in_shadow.granted, in_shadow.verdict) == (False, Verdict.BLOCK)
    assert desk.counted() == [VOICE]


def test_sends_by_e_mail_count_too(limited: Desk) -> None:
    claims = [limited.claim(permit(limited, EMAIL, MAILBOX)) for _ in range(3)]

    assert all(claim.granted for claim in claims)
    assert limited.counted(MAILBOX) == [EMAIL] * 3
    assert permit(limited, EMAIL, MAILBOX) == ""


def test_a_confirmation_counts_and_no_limit_of_a_campaign_stops_it(limited: Desk) -> None:
    number = PEOPLE[0]
    for _ in range(3):
        assert limited.reserve(number, VOICE, "campaign").reservation

    confirmed = limited.claim(limited.say("STOP", number).confirmation)

    assert confirmed.granted
    assert confirmed.reservation
    assert limited.counted(number) == [VOICE] * 3 + [SMS]
