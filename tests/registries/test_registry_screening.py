"""What is imported is what blocks: nothing else, whoever asks and however."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dncd.registry.importing import import_file
from dncd.transport import uploads
from registries.operating import (
    ALLOW,
    BLOCK,
    ENTRY,
    INVALID,
    NOT_COVERED,
    REGISTRY,
    TODAY,
    UNSCREENED,
    Operator,
    apply_policy,
    explained,
    require,
    rules,
    texts,
    verdicts,
)
from serving import METHODS, Served, pb, served

NOWHERE = 4294967295
# Of a plan with one bit file, of one with another, of one too wide for bits, of one with several lengths.
FIRSTS = (14155550000, 12125559990, 442079460000, 919812345000, 4930123450000, 390612345000)
NUMBERS = st.builds(lambda first, place: first + place, st.sampled_from(FIRSTS), st.integers(1, 40))


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Served, Operator]]:
    """A server with one registry about the whole world."""
    with pytest.MonkeyPatch.context() as patch, served(tmp_path_factory.mktemp("wide") / "store") as running:
        patch.setattr(uploads, "import_apart", import_file)
        with closing(Operator(running.address, running.token("operator"))) as operator:
            operator.create("world", "+1", "+44", "+91", "+49", "+39")
            apply_policy(running.api(), require("world", max_age_days=31))
            yield running, operator


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(listed=st.sets(NUMBERS, min_size=1, max_size=12), asked=st.lists(NUMBERS, max_size=12))
def test_what_is_listed_is_blocked_its_neighbours_are_not_and_all_ways_to_ask_agree(
    wide: tuple[Served, Operator], listed: set[int], asked: list[int]
) -> None:
    server, operator = wide
    snapshot = operator.list_numbers("world", *listed, activate=False)
    operator.activate("world", snapshot.id, "whatever its size")
    phones = [*sorted(listed), *(phone + step for phone in sorted(listed) for step in (-1, 1)), *asked]
    expected = [BLOCK if phone in listed else ALLOW for phone in phones]

    checked = server.api().check(*texts(phones), policy="calls")
    scrubbed = scrub(server, phones=phones)
    spelled = scrub(server, addresses=texts(phones))
    why = [explained(server.api(), phone) for phone in phones[:3]]

    assert snapshot.numbers == len(listed)
    assert [result.verdict for result in checked.results] == expected
    assert list(scrubbed.verdicts) == expected
    assert spelled == scrubbed
    assert [each.result for each in why] == [*checked.results][:3]
    for phone, result in zip(phones, checked.results, strict=True):
        found = [(finding.rule, finding.registry.name, finding.registry.snapshot) for finding in result.findings]
        assert found == ([(REGISTRY, "world", snapshot.id)] if phone in listed else [])
        assert all(finding.registry.list_date == TODAY for finding in result.findings)


def scrub(server: Served, policy: str = "calls", **fields: Any) -> Any:
    return server.api().call("Scrub", pb.ScrubRequest(policy=policy, channel=1, **fields))


@pytest.fixture
def several(server: Served, operator: Operator) -> dict[str, str]:
    """Three registries, one of them without a list; give the snapshots by registry."""
    operator.create("us", "+1")
    operator.create("texas", "+1512")
    operator.create("uk", "+44")
    apply_policy(server.api(), *(require(name, max_age_days=31) for name in ("us", "texas", "uk")))
    server.api().add("+15125550101", "+442079460102")
    return {
        "us": operator.list_numbers("us", 15125550101, 15125550102, 14155550101, list_date="2025-06-10").id,
        "texas": operator.list_numbers("texas", 15125550101, list_date="2025-05-01").id,
        "uk": "",
    }


def test_scrub_names_the_list_of_each_finding_and_agrees_with_check(server: Served, several: dict[str, str]) -> None:
    phones = [15125550101, 15125550102, 14155550101, 14155550102, 442079460102, 33123456789, 911]

    found = scrub(server, phones=phones).findings
    checked = server.api().check(*texts(phones), policy="calls")

    dates = {"us": "2025-06-10", "texas": "2025-05-01", "uk": ""}
    named = [(ref.name, ref.snapshot, ref.list_date) for ref in found.registry_names]
    assert named == [(name, several[name], dates[name]) for name in ("us", "texas", "uk")]
    columns = (found.rows, found.rules, found.verdicts, found.faults, found.labels, found.sources, found.shadows)
    assert {len(column) for column in columns} == {len(found.registries)}
    scrubbed = [
        (row, rule, verdict, "" if place == NOWHERE else named[place][0])
        for row, rule, verdict, place in zip(found.rows, found.rules, found.verdicts, found.registries, strict=True)
    ]
    assert scrubbed == [
        (row, finding.rule, finding.verdict, finding.registry.name)
        for row, result in enumerate(checked.results)
        for finding in result.findings
    ]
    assert [result.verdict for result in checked.results] == [
        BLOCK,
        BLOCK,
        BLOCK,
        ALLOW,
        BLOCK,
        UNSCREENED,
        INVALID,
    ]


def test_every_rule_of_a_number_is_told_the_strongest_first(server: Served, several: dict[str, str]) -> None:
    [result] = server.api().check("+15125550101", policy="calls").results

    found = [(finding.rule, finding.registry.name) for finding in result.findings]

    # An entry, both registers, and the Texas list is older than allowed.
    assert found == [(ENTRY, ""), (REGISTRY, "us"), (REGISTRY, "texas"), (8, "texas")]


@pytest.mark.parametrize("omit", [False, True])
def test_a_scrub_with_registries_is_wire_identical_to_the_generated_message(
    server: Served, several: dict[str, str], omit: bool
) -> None:
    assert several
    phones = [15125550101, 15125550102, 14155550102, 442079460102, 33123456789, 0]
    for asked in (phones, [14155550102], [33123456789]):
        request = pb.ScrubRequest(policy="calls", channel=1, phones=asked, omit_findings=omit)

        raw = server.api().raw("Scrub", request)

        assert METHODS["Scrub"].response.FromString(raw).SerializeToString() == raw


def test_a_check_with_registries_is_wire_identical_to_the_generated_message(
    server: Served, several: dict[str, str]
) -> None:
    assert several
    rows = [pb.CheckRow(address=text) for text in texts([15125550101, 14155550102, 442079460102, 33123456789])]

    raw = server.api().raw("Check", pb.CheckRequest(policy="calls", channel=1, rows=rows))

    assert METHODS["Check"].response.FromString(raw).SerializeToString() == raw


def test_a_batch_equals_its_rows_asked_one_by_one(server: Served, several: dict[str, str]) -> None:
    assert several
    phones = [15125550101, 33123456789, 15125550102, 14155550101, 14155550102, 442079460102, 442079460103] * 3

    together = server.api().check(*texts(phones), policy="calls").results
    alone = [server.api().check(text, policy="calls").results[0] for text in texts(phones)]

    assert [*together] == alone
    assert list(scrub(server, phones=phones).verdicts) == [result.verdict for result in alone]


def test_explain_says_of_each_registry_what_it_found(server: Served, several: dict[str, str]) -> None:
    answer = explained(server.api(), 15125550102)

    said = [(each.subject, each.sentence) for each in answer.considered if each.rule >= REGISTRY]

    assert said[0] == ("us", f"Stands on the us list of 2025-06-10 (snapshot {several['us']}).")
    assert said[1][0] == "texas"
    assert "Older than the 31 days" in said[1][1]
    assert [subject for subject, _ in said] == ["us", "texas", "uk"]


def test_registries_say_nothing_about_mail(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    apply_policy(server.api(), require("us", max_age_days=31))

    [result] = server.api().check("ann@example.com", policy="calls", channel=3).results
    why = server.api().call(
        "Explain", pb.ExplainRequest(channel=3, policy="calls", row=pb.CheckRow(address="ann@example.com"))
    )

    # The same policy lets nobody be called: its registry has no list.
    assert verdicts(server.api(), 14155550101) == [UNSCREENED]
    assert (result.verdict, len(result.findings)) == (ALLOW, 0)
    assert not [each for each in why.considered if each.rule >= REGISTRY]


@pytest.mark.parametrize("channel", [1, 2, 4])
def test_every_phone_channel_is_screened(server: Served, operator: Operator, channel: int) -> None:
    operator.create("us", "+1")
    operator.list_numbers("us", 14155550101)
    apply_policy(server.api(), require("us"))

    assert verdicts(server.api(), 14155550101, 14155550102, channel=channel) == [BLOCK, ALLOW]


def test_a_policy_without_registries_screens_against_none(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    operator.list_numbers("us", 14155550101)

    assert verdicts(server.api(), 14155550101, policy="") == [ALLOW]


def test_only_the_categories_that_a_policy_asks_for_block(server: Served, operator: Operator) -> None:
    operator.create("ncpr", "+91")
    heading = b"Service Area Code,Phone Number,Preferences,Opstype,Phone Type\n"
    rows = ["1,9812345601,0,A,1", "1,9812345602,3,A,1", '1,9812345603,"1,2",A,1', "1,9812345604,3,D,1"]
    operator.upload("ncpr", heading + "\n".join(rows).encode(), format="ncpr")
    apply_policy(server.api(), require("ncpr", categories=[3]), name="health")
    apply_policy(server.api(), require("ncpr", categories=[2, 5]), name="homes")
    apply_policy(server.api(), require("ncpr"), name="anything")
    phones = [919812345601, 919812345602, 919812345603, 919812345604]

    asked = {name: verdicts(server.api(), *phones, policy=name) for name in ("health", "homes", "anything")}

    assert asked == {
        "health": [BLOCK, BLOCK, ALLOW, ALLOW],
        "homes": [BLOCK, ALLOW, BLOCK, ALLOW],
        "anything": [BLOCK, BLOCK, BLOCK, ALLOW],
    }


def test_a_change_list_changes_the_list_in_force_and_covers_what_that_did(server: Served, operator: Operator) -> None:
    operator.create("us", "+1")
    operator.upload("us", b"415,5550101\n415,5550102\n", format="ftc", file_name="2025-06-10_415_1.txt", list_date="")
    apply_policy(server.api(), require("us"))
    changes = b"415,5550101,2025-06-11,D\n415,5550103,2025-06-11,A\n212,5550101,2025-06-11,A\n"

    said = {"list_date": "2025-06-11", "changes_since": "2025-06-10", "coverage": ["+1415"]}
    changed = operator.upload("us", changes, format="ftc-change", file_name="changes.txt", **said)

    assert (changed.snapshot.numbers, list(changed.snapshot.coverage)) == (2, ["+1415"])
    assert (changed.snapshot.list_date, changed.snapshot.rejects) == ("2025-06-11", 1)
    assert verdicts(server.api(), 14155550101, 14155550102, 14155550103) == [ALLOW, BLOCK, BLOCK]
    # Nobody ever imported the full list of 212, so what is not on the list is not screened either.
    assert rules(server.api(), 12125550109) == {NOT_COVERED: UNSCREENED}
