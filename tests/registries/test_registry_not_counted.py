"""A number that stands on a list and does not count is told with the reason, in every answer."""

import pytest

from registries.operating import ALLOW, BLOCK, REGISTRY, Operator, apply_policy, explained, require, verdicts
from serving import Served, pb

OLD, NEW, CLEAN = 442079460100, 442079460101, 442079460102
JOINED_LATELY, OTHER_CATEGORIES = 1, 2


@pytest.fixture
def tps(server: Served, operator: Operator) -> dict[str, str]:
    """Two lists: one number is on both, another joined with the second."""
    operator.create("tps", "+44")
    apply_policy(server.api(), require("tps", listed_days_min=28, lifted_by=[1]))
    numbers = {"2025-05-20": [OLD], "2025-06-10": [OLD, NEW]}
    return {day: operator.list_numbers("tps", *phones, list_date=day).id for day, phones in numbers.items()}


def test_a_number_that_joined_lately_is_allowed_with_the_list_that_proves_it(
    server: Served, tps: dict[str, str]
) -> None:
    [result] = server.api().check(f"+{NEW}", policy="calls").results

    [finding] = result.findings
    registry = finding.registry
    assert (result.verdict, finding.rule, finding.verdict) == (ALLOW, REGISTRY, ALLOW)
    assert not finding.HasField("lifted_by")
    assert (registry.snapshot, registry.list_date) == (tps["2025-06-10"], "2025-06-10")
    assert registry.not_counted == JOINED_LATELY
    assert (registry.lacking_snapshot, registry.lacking_list_date) == (tps["2025-05-20"], "2025-05-20")


def test_explain_says_that_a_number_joined_lately(server: Served, tps: dict[str, str]) -> None:
    answer = explained(server.api(), NEW)

    [said] = [each.sentence for each in answer.considered if each.rule == REGISTRY]
    assert said == (
        f"Stands on the tps list of 2025-06-10 (snapshot {tps['2025-06-10']}), and not yet on that of 2025-05-20"
        f" (snapshot {tps['2025-05-20']}): it counts when it has been listed for 28 days."
    )
    assert not answer.remedies


def test_who_counts_and_who_is_on_no_list_has_no_such_finding(server: Served, tps: dict[str, str]) -> None:
    assert tps
    results = server.api().check(f"+{OLD}", f"+{CLEAN}", policy="calls").results

    assert [[finding.registry.not_counted for finding in result.findings] for result in results] == [[0], []]
    assert [result.verdict for result in results] == [BLOCK, ALLOW]


def test_scrub_names_the_registry_once_more_with_the_reason(server: Served, tps: dict[str, str]) -> None:
    assert tps
    phones = [OLD, CLEAN, NEW]

    scrubbed = server.api().call("Scrub", pb.ScrubRequest(policy="calls", channel=1, phones=phones)).findings
    checked = server.api().check(*(f"+{phone}" for phone in phones), policy="calls").results

    assert list(scrubbed.rows) == [0, 2]
    assert list(scrubbed.verdicts) == [BLOCK, ALLOW]
    assert [scrubbed.registry_names[place] for place in scrubbed.registries] == [
        finding.registry for result in checked for finding in result.findings
    ]


@pytest.fixture
def ncpr(server: Served, operator: Operator) -> int:
    """A list with categories, of which the policy asks for one; give a number that is listed for another."""
    operator.create("ncpr", "+91")
    heading = b"Service Area Code,Phone Number,Preferences,Opstype,Phone Type\n"
    operator.upload("ncpr", heading + b"1,9812345601,3,A,1\n1,9812345602,4,A,1\n", format="ncpr")
    apply_policy(server.api(), require("ncpr", categories=[3, 5]))
    return 919812345602


def test_a_number_that_is_listed_for_other_categories_is_allowed_with_that_reason(server: Served, ncpr: int) -> None:
    [result] = server.api().check(f"+{ncpr}", policy="calls").results

    [finding] = result.findings
    assert (result.verdict, finding.verdict, finding.registry.not_counted) == (ALLOW, ALLOW, OTHER_CATEGORIES)
    assert finding.registry.lacking_snapshot == ""
    assert verdicts(server.api(), 919812345601, 919812345603) == [BLOCK, ALLOW]


def test_explain_says_that_a_number_is_listed_for_other_categories(server: Served, ncpr: int) -> None:
    [said] = [each.sentence for each in explained(server.api(), ncpr).considered if each.rule == REGISTRY]

    assert "for other categories than the policy asks for (3, 5)" in said


def test_previews_count_those_that_do_not_count_under_allow(server: Served, tps: dict[str, str]) -> None:
    assert tps
    scrub = pb.ScrubRequest(policy="calls", channel=1, phones=[OLD, NEW, CLEAN])

    answer = server.api().call("Preview", pb.PreviewRequest(scrub=scrub))

    counted = [(each.rule, each.verdict, each.subject, each.addresses) for each in answer.reasons]
    assert sorted(counted) == [(REGISTRY, ALLOW, "tps", 1), (REGISTRY, BLOCK, "tps", 1)]
