"""Was the number registered on that day, and by which list; and the journal of registries says it all again."""

from pathlib import Path
from typing import Any

import pytest

from dncd.catalog import read
from dncd.errors import SnapshotNotFound
from dncd.nouns import Role
from dncd.registry.shelf import Shelf
from dncd.rulebook import read_rulebook
from dncd.screens import ShelfOfPast
from registries.operating import (
    ALLOW,
    BLOCK,
    DAY_MS,
    MISSING,
    REGISTRY,
    UNSCREENED,
    Operator,
    apply_policy,
    explained,
    require,
    verdicts,
)
from replaying import assert_replay_equals, replayed
from serving import Served, moment, pb

LISTED, LATER = 14155550101, 14155550102


class Past:
    """Two lists, one after the other, a day between; and where they came into force."""

    def __init__(self, server: Served, operator: Operator) -> None:
        self.api = server.api()
        operator.create("us", "+1")
        apply_policy(self.api, require("us", max_age_days=31))
        self.before = server.head()
        first = operator.upload("us", b"+%d\n" % LISTED, list_date="2025-06-14")
        self.first, self.first_at = first.snapshot.id, first.written_at
        self.first_ms = server.clock()
        server.clock.advance(DAY_MS)
        second = operator.upload("us", b"+%d\n" % LATER, list_date="2025-06-15")
        self.second, self.second_at = second.snapshot.id, second.written_at

    def found(self, phone: int, **as_of: Any) -> tuple[int, list[tuple[int, str]]]:
        """Explain a number: its verdict, and which rule found what by which list."""
        result = explained(self.api, phone, **as_of).result
        return result.verdict, [(finding.rule, finding.registry.snapshot) for finding in result.findings]


@pytest.fixture
def past(server: Served, operator: Operator) -> Past:
    return Past(server, operator)


def test_a_past_revision_is_explained_by_the_list_that_was_in_force_then(past: Past) -> None:
    assert past.found(LISTED) == (ALLOW, [])
    assert past.found(LATER) == (BLOCK, [(REGISTRY, past.second)])
    assert past.found(LISTED, revision=past.first_at) == (BLOCK, [(REGISTRY, past.first)])
    assert past.found(LATER, revision=past.first_at) == (ALLOW, [])
    assert past.found(LATER, revision=past.second_at) == (BLOCK, [(REGISTRY, past.second)])


def test_a_past_time_is_explained_by_the_list_that_was_in_force_then(past: Past) -> None:
    eve = moment(past.first_ms + DAY_MS - 1)

    assert past.found(LISTED, time=eve) == (BLOCK, [(REGISTRY, past.first)])
    assert past.found(LATER, time=eve) == (ALLOW, [])
    assert past.found(LATER, time=moment(past.first_ms + DAY_MS)) == (BLOCK, [(REGISTRY, past.second)])


def test_the_revision_between_import_and_activation_has_the_list_before(past: Past) -> None:
    imported = pb.Revision(store=past.second_at.store, position=past.second_at.position - 1)

    assert past.found(LISTED, revision=imported) == (BLOCK, [(REGISTRY, past.first)])


def test_before_the_first_list_it_was_missing(past: Past) -> None:
    then = pb.Revision(store=past.first_at.store, position=past.before)

    assert past.found(LISTED, revision=then) == (UNSCREENED, [(MISSING, "")])


def test_explain_of_the_past_names_the_list_and_its_date_in_words(past: Past) -> None:
    answer = explained(past.api, LISTED, revision=past.first_at)

    [said] = [each.sentence for each in answer.considered if each.rule == REGISTRY]
    assert said == f"Stands on the us list of 2025-06-14 (snapshot {past.first})."


def test_a_list_that_was_pruned_since_is_told_as_missing_and_never_as_clear(operator: Operator, past: Past) -> None:
    operator.call("PruneSnapshot", registry="us", snapshot=past.first)

    assert past.found(LISTED, revision=past.first_at)[0] == UNSCREENED
    assert [rule for rule, _ in past.found(LATER, revision=past.first_at)[1]] == [MISSING]
    assert past.found(LATER) == (BLOCK, [(REGISTRY, past.second)])


def test_explain_of_the_past_names_the_list_that_was_pruned_since(operator: Operator, past: Past) -> None:
    operator.call("PruneSnapshot", registry="us", snapshot=past.first)

    answer = explained(past.api, LISTED, revision=past.first_at)

    [said] = [each.sentence for each in answer.considered if each.rule == MISSING]
    assert said.startswith(f"The us list of 2025-06-14 (snapshot {past.first}) was in force then and was pruned since")
    assert past.found(LISTED, revision=past.first_at) == (UNSCREENED, [(MISSING, past.first)])


def test_a_list_that_was_pruned_since_is_gone_also_where_a_worker_has_it_open(
    server: Served, operator: Operator, store: Path, past: Past
) -> None:
    with server.store.snapshot() as now:
        before = ShelfOfPast(shelf := Shelf(store / "registries"), now)
        opened = before.open("us", past.first)
    operator.call("PruneSnapshot", registry="us", snapshot=past.first)

    with server.store.snapshot() as now, pytest.raises(SnapshotNotFound):
        ShelfOfPast(shelf, now).open("us", past.first)
    assert shelf.open("us", past.first) is opened


def test_the_past_knows_the_coverage_that_the_account_had_then(operator: Operator, past: Past) -> None:
    operator.grant("us", "+1212")

    assert past.found(LATER)[0] == UNSCREENED
    assert past.found(LATER, revision=past.second_at) == (BLOCK, [(REGISTRY, past.second)])


def test_the_past_is_what_check_answered_then(server: Served, operator: Operator, past: Past) -> None:
    phones = [LISTED, LATER, 14155550103, 442079460123]
    answers = []
    for change in (
        lambda: operator.list_numbers("us", *phones[:3], list_date="2025-06-16"),
        lambda: operator.grant("us", "+1212"),
        lambda: apply_policy(server.api(), require("us"), unscreened=2),
        lambda: operator.grant("us", "+1"),
        lambda: operator.activate("us", past.second, "back"),
    ):
        change()
        answers.append(server.api().check(*(f"+{phone}" for phone in phones), policy="calls"))

    for answer in answers:
        again = [explained(server.api(), phone, revision=answer.checked_at).result for phone in phones]
        assert again == list(answer.results)


def everything(server: Served, operator: Operator) -> Past:
    """Do all that can be done to registries."""
    past = Past(server, operator)
    server.account("beta", "GB")
    operator.grant("us", "+1212", "+1415", account="beta")
    held = operator.list_numbers("us", LISTED, LATER, *range(14155550200, 14155550220))
    operator.activate("us", past.second, "too big")
    operator.activate("us", held.id)
    operator.call("PruneSnapshot", registry="us", snapshot=past.first)
    operator.create("tps", "+44")
    apply_policy(server.api(), require("us"), require("tps", listed_days_min=28), name="both")
    operator.refused("PruneSnapshot", registry="us", snapshot=held.id)
    return past


def test_replaying_the_journal_gives_the_same_registries_byte_for_byte(
    server: Served, operator: Operator, tmp_path: Path
) -> None:
    everything(server, operator)

    assert_replay_equals(server.store, tmp_path / "replay")


def test_a_replayed_store_beside_the_same_files_gives_the_same_answers(
    server: Served, operator: Operator, store: Path, tmp_path: Path
) -> None:
    everything(server, operator)
    shelf = Shelf(store / "registries")

    with replayed(server.store, tmp_path / "replay") as copy, copy.snapshot() as here, server.store.snapshot() as there:
        book = read_rulebook()
        again, original = (
            read(snapshot, 1, shelf, book).policy(snapshot, "both").screens for snapshot in (here, there)
        )

        assert again == original
        assert again[0].in_force is not None


def test_the_journal_tells_of_registries_to_those_of_the_server_alone(server: Served, operator: Operator) -> None:
    everything(server, operator)

    listed = server.api(role=Role.AUDITOR).call("ListEvents", pb.ListEventsRequest(page_size=1000)).events

    assert not [event for event in listed if event.WhichOneof("change") in {"snapshot_imported", "coverage_granted"}]
    assert verdicts(server.api(), LISTED, LATER, policy="both") == [BLOCK, BLOCK]
