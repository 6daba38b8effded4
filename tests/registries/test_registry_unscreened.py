"""Who was not screened is not allowed: no list, an old list, a list or an account that does not cover the number."""

from datetime import UTC, date, datetime

import pytest

from registries.operating import (
    ALLOW,
    BLOCK,
    DAY_MS,
    ENTRY,
    MISSING,
    NOT_COVERED,
    REGISTRY,
    STALE,
    TODAY,
    UNSCREENED,
    Operator,
    apply_policy,
    explained,
    require,
    rules,
    verdicts,
)
from serving import Served, moment, pb

LISTED, OTHER, ABROAD = 14155550101, 14155550102, 33123456789


def noon(day: str) -> int:
    return int(datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC).timestamp() * 1000) + DAY_MS // 2


@pytest.fixture
def us(server: Served, operator: Operator) -> str:
    """A list of one US number, of today; give its id."""
    operator.create("us", "+1")
    apply_policy(server.api(), require("us", max_age_days=31))
    return str(operator.list_numbers("us", LISTED).id)


def test_without_a_list_nobody_in_the_scope_is_allowed(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    apply_policy(server.api(), require("us"))

    assert rules(server.api(), LISTED) == {MISSING: UNSCREENED}
    assert verdicts(server.api(), LISTED, OTHER, ABROAD) == [UNSCREENED] * 3


def test_a_list_that_was_imported_and_not_put_in_force_screens_nobody(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    operator.list_numbers("us", LISTED, activate=False)
    apply_policy(server.api(), require("us"))

    assert rules(server.api(), OTHER) == {MISSING: UNSCREENED}


def test_a_missing_list_is_told_with_its_registry_and_no_snapshot(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    apply_policy(server.api(), require("us"))

    [finding] = server.api().check(f"+{OTHER}", policy="calls").results[0].findings

    assert (finding.registry.name, finding.registry.snapshot, finding.registry.list_date) == ("us", "", "")


def test_a_list_of_exactly_31_days_is_fine_and_one_of_32_is_stale(server: Served, us: str) -> None:
    assert us
    server.clock.now_ms = noon("2025-07-16") - DAY_MS // 2
    on_the_last_day = rules(server.api(), OTHER)
    server.clock.advance(DAY_MS)
    on_the_day_after = rules(server.api(), OTHER)

    assert on_the_last_day == {}
    assert on_the_day_after == {STALE: UNSCREENED}


def test_the_last_day_ends_when_it_ends_first_anywhere(server: Served, us: str) -> None:
    assert us
    # At 10:00 UTC it is the next day on Kiritimati; in Sydney it is so four hours later.
    midnight = noon("2025-07-16") - 2 * DAY_MS // 24

    assert verdicts(server.api(), OTHER, contact_time=moment(midnight - 1)) == [ALLOW]
    assert verdicts(server.api(), OTHER, contact_time=moment(midnight)) == [UNSCREENED]


def test_a_list_is_judged_at_the_moment_of_contact(server: Served, us: str) -> None:
    assert us
    late = moment(noon("2025-07-17"))
    scrubbed = server.api().call(
        "Scrub", pb.ScrubRequest(policy="calls", channel=1, phones=[OTHER, LISTED], contact_time=late)
    )

    assert verdicts(server.api(), OTHER, LISTED, contact_time=late) == [UNSCREENED, BLOCK]
    assert list(scrubbed.verdicts) == [UNSCREENED, BLOCK]
    assert explained(server.api(), OTHER, contact_time=late).result.verdict == UNSCREENED
    assert verdicts(server.api(), OTHER) == [ALLOW]


def test_a_match_blocks_on_a_stale_list_too(server: Served, us: str) -> None:
    assert us
    server.clock.now_ms = noon("2025-07-17")

    assert rules(server.api(), LISTED) == {REGISTRY: BLOCK, STALE: UNSCREENED}


def test_a_policy_that_asks_no_age_takes_a_list_of_any_age(server: Served, us: str) -> None:
    assert us
    apply_policy(server.api(), require("us"), name="any-age")
    server.clock.now_ms = noon("2029-01-01")

    assert verdicts(server.api(), OTHER, LISTED, policy="any-age") == [ALLOW, BLOCK]


def test_age_counts_from_the_date_of_the_list_and_not_from_the_import(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    operator.list_numbers("us", LISTED, list_date="2025-05-14")
    apply_policy(server.api(), require("us", max_age_days=31))

    assert rules(server.api(), OTHER) == {STALE: UNSCREENED}


def test_a_newer_list_ends_the_staleness_at_once(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    operator.list_numbers("us", LISTED, list_date="2025-05-14")
    apply_policy(server.api(), require("us", max_age_days=31))
    stale = verdicts(server.api(), OTHER)

    operator.list_numbers("us", LISTED, list_date=TODAY)

    assert (stale, verdicts(server.api(), OTHER)) == ([UNSCREENED], [ALLOW])


def test_a_number_in_no_scope_is_not_covered(server: Served, us: str) -> None:
    assert us
    [finding] = server.api().check(f"+{ABROAD}", policy="calls").results[0].findings

    assert (finding.rule, finding.verdict) == (NOT_COVERED, UNSCREENED)
    assert not finding.HasField("registry")


def test_an_account_relies_on_nothing_until_it_is_granted(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    operator.grant("us")
    operator.list_numbers("us", LISTED)
    apply_policy(server.api(), require("us"))

    assert rules(server.api(), OTHER) == {NOT_COVERED: UNSCREENED}
    assert verdicts(server.api(), LISTED) == [UNSCREENED]


def test_two_accounts_rely_on_what_each_subscribed_to(server: Served, operator: Operator, us: str) -> None:
    server.account("beta", "US")
    apply_policy(server.api("beta"), require("us"))
    operator.grant("us", "+1212", account="beta")
    phones = [LISTED, OTHER, 12125550101]
    before = [verdicts(server.api(account), *phones) for account in ("default", "beta")]

    operator.grant("us", "+1415", account="beta")
    after = [verdicts(server.api(account), *phones) for account in ("default", "beta")]

    assert us
    assert before == [[BLOCK, ALLOW, ALLOW], [UNSCREENED, UNSCREENED, ALLOW]]
    assert after == [[BLOCK, ALLOW, ALLOW], [BLOCK, ALLOW, UNSCREENED]]


def test_a_coverage_that_is_taken_away_ends_at_once(server: Served, operator: Operator, us: str) -> None:
    assert us
    before = verdicts(server.api(), OTHER)

    operator.grant("us")

    assert (before, verdicts(server.api(), OTHER)) == ([ALLOW], [UNSCREENED])
    assert rules(server.api(), OTHER) == {NOT_COVERED: UNSCREENED}


@pytest.mark.parametrize("beyond", ["+44", "+15", "+1"])
def test_a_coverage_beyond_the_scope_is_refused_and_changes_nothing(
    server: Served, operator: Operator, beyond: str
) -> None:
    operator.create("us", "+1415")
    head = server.head()

    refused = operator.refused("GrantCoverage", registry="us", account="default", prefixes=["+1415555", beyond])

    assert refused.reason == "ERROR_REASON_INVALID_FIELD"
    assert "prefixes[" in str(refused.bad_request)
    assert "+1415" in refused.bad_request.field_violations[0].description
    assert server.head() == head


def test_a_list_covers_the_area_codes_of_its_files_and_no_others(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    name = "2025-06-10_415_4711.txt"
    snapshot = operator.upload("us", b"415,5550101\n", format="ftc", file_name=name, list_date="").snapshot
    apply_policy(server.api(), require("us", max_age_days=31))

    assert (list(snapshot.coverage), snapshot.list_date) == (["+1415"], "2025-06-10")
    assert verdicts(server.api(), LISTED, OTHER, 12125550101) == [BLOCK, ALLOW, UNSCREENED]
    assert rules(server.api(), 12125550101) == {NOT_COVERED: UNSCREENED}


def test_every_registry_whose_scope_holds_a_number_has_to_cover_it(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    operator.create("texas", "+1512")
    operator.list_numbers("us", LISTED)
    operator.list_numbers("texas", 15125550101)
    operator.grant("texas")
    apply_policy(server.api(), require("us"), require("texas"))

    assert verdicts(server.api(), OTHER, 15125550102) == [ALLOW, UNSCREENED]


def test_a_policy_can_make_the_unscreened_blocked(server: Served, operator: Operator, us: str) -> None:
    operator.create("uk", "+44")
    apply_policy(server.api(), require("us", max_age_days=31), require("uk"), unscreened=2, name="strict")
    server.clock.now_ms = noon("2025-07-17")

    assert us
    assert rules(server.api(), OTHER, "strict") == {STALE: BLOCK}
    assert rules(server.api(), 442079460123, "strict") == {MISSING: BLOCK}
    assert rules(server.api(), ABROAD, "strict") == {NOT_COVERED: BLOCK}
    assert verdicts(server.api(), OTHER, 442079460123, ABROAD, policy="strict") == [BLOCK] * 3


def test_a_shadow_policy_reports_registries_and_enforces_none(server: Served, operator: Operator, us: str) -> None:
    operator.create("uk", "+44")
    apply_policy(server.api(), require("us", max_age_days=31), require("uk"), mode=2, name="trial")
    phones = [LISTED, OTHER, 442079460123, ABROAD]

    results = server.api().check(*(f"+{phone}" for phone in phones), policy="trial").results
    scrubbed = server.api().call("Scrub", pb.ScrubRequest(policy="trial", channel=1, phones=phones))

    would = [BLOCK, ALLOW, UNSCREENED, UNSCREENED]
    assert us
    assert [result.verdict for result in results] == [ALLOW] * 4
    assert [result.shadow_verdict for result in results] == would
    assert [finding.rule for result in results for finding in result.findings] == [REGISTRY, MISSING, NOT_COVERED]
    assert all(finding.shadow for result in results for finding in result.findings)
    assert (list(scrubbed.verdicts), list(scrubbed.shadow_verdicts)) == ([ALLOW] * 4, would)


def test_an_opt_out_stands_beside_what_registries_find(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    operator.list_numbers("us", LISTED, list_date="2025-05-01")
    apply_policy(server.api(), require("us", max_age_days=31))
    apply_policy(server.api(), require("us", max_age_days=31), mode=2, name="trial")
    server.api().add(f"+{LISTED}", f"+{OTHER}")

    assert rules(server.api(), LISTED) == {ENTRY: BLOCK, REGISTRY: BLOCK, STALE: UNSCREENED}
    assert rules(server.api(), OTHER) == {ENTRY: BLOCK, STALE: UNSCREENED}
    assert verdicts(server.api(), LISTED, OTHER, policy="trial") == [BLOCK, BLOCK]


@pytest.mark.parametrize("entry", [0, 1])
@pytest.mark.parametrize("day", [TODAY, "2025-08-01"])
def test_adding_an_entry_never_frees_a_number_from_a_registry(server: Served, us: str, entry: int, day: str) -> None:
    assert us
    server.clock.now_ms = noon(day)
    phone = (LISTED, OTHER)[entry]
    before = verdicts(server.api(), phone)

    server.api().add(f"+{phone}")

    assert verdicts(server.api(), phone) == [BLOCK]
    assert before in ([BLOCK], [ALLOW], [UNSCREENED])


def test_a_policy_that_names_an_unknown_registry_is_refused(server: Served) -> None:
    refused = server.api().refused(
        "ApplyPolicy", pb.ApplyPolicyRequest(policy=pb.Policy(name="calls", registries=[require("nowhere")]))
    )

    assert [fault.field for fault in refused.bad_request.field_violations] == ["policy.registries[0].name"]
