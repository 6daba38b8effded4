"""Guarantees 6 to 8: the journal gives the same again, answers a retry once, and shows every tampering."""

from pathlib import Path
from typing import Any

from dncd import journal
from dncd.nouns import Role
from dncd.storage.contract import Table, Transaction
from dncd.storage.keys import u64
from guarantees.story import EMAILS, PHONES, tell
from replaying import assert_replay_equals, replayed
from serving import Served, moment, new_id, pb, served

BLOCK = 2
POOL = [*PHONES, *EMAILS, "+14155550199", "nonsense", "", "911"]


# 6


def test_guarantee_6_a_replay_of_the_journal_gives_the_same_tables_byte_for_byte(
    server: Served, tmp_path: Path
) -> None:
    assert_replay_equals(server.store, tmp_path / "replay")


def test_guarantee_6_a_replay_of_the_journal_gives_the_same_verdicts(tmp_path: Path) -> None:
    with served(tmp_path / "original") as original:
        tell(original)
        expected = [every_answer(original, account) for account in ("default", "beta")]
        with replayed(original.store, tmp_path / "replay"):
            pass
        clock = original.clock
    with served(tmp_path / "replay", clock) as again:
        found = [every_answer(again, account) for account in ("default", "beta")]

    assert found == expected


def every_answer(server: Served, account: str) -> list[Any]:
    api = server.api(account)
    asked = [(channel, policy) for channel in (1, 2, 3, 4) for policy in ("", "texts")]
    answers = [list(api.check(*POOL, channel=channel, policy=policy).results) for channel, policy in asked]
    return [*answers, [each.name for each in api.call("ListLabels").labels], list(api.call("ListEntries").entries)]


# 7


def test_guarantee_7_a_retried_mutation_changes_nothing_twice(server: Served) -> None:
    api = server.api()
    entry = pb.NewEntry(address="+14155550197", label="do-not-phone", source=6)
    request = pb.AddEntriesRequest(entries=[entry], request_id=new_id())
    first = api.call("AddEntries", request)
    head = server.head()

    again = [api.call("AddEntries", request) for _ in range(3)]

    assert again == [first] * 3
    assert server.head() == head


def test_guarantee_7_a_retry_whose_id_is_written_in_capitals_is_the_same_request(server: Served) -> None:
    api, used = server.api(), "123e4567-e89b-42d3-a456-4266141740ab"
    first = api.add("+14155550189", request_id=used)
    head = server.head()

    again = api.add("+14155550189", request_id=used.upper())
    other = api.refused(
        "AddEntries",
        pb.AddEntriesRequest(
            entries=[pb.NewEntry(address="+14155550198", label="do-not-contact", source=6)], request_id=used
        ),
    )

    assert again == first
    assert other.reason == "ERROR_REASON_REQUEST_ID_REUSED"
    assert server.head() == head


def test_guarantee_7_retries_at_once_change_nothing_twice(server: Served) -> None:
    api, head = server.api(), server.head()
    entry = pb.NewEntry(address="+14155550196", label="do-not-phone", source=6)
    request = pb.AddEntriesRequest(entries=[entry], request_id=new_id())

    calls = [api.start("AddEntries", request) for _ in range(32)]
    answers = {call.result() for call in calls}

    assert len(answers) == 1
    assert server.head() == head + 1


def test_guarantee_7_a_removal_retried_after_a_new_opt_out_removes_nothing(server: Served) -> None:
    api, number = server.api(), "+14155550195"
    api.add(number)
    ref = pb.EntryRef(address=number, label="do-not-contact")
    removal = pb.RemoveEntriesRequest(entries=[ref], reason=1, request_id=new_id())
    first = api.call("RemoveEntries", removal)
    api.add(number)

    again = api.call("RemoveEntries", removal)

    assert again == first
    assert api.verdicts(number) == [BLOCK]


def test_guarantee_7_an_addition_retried_after_its_end_gets_its_first_answer(server: Served) -> None:
    api = server.api()
    entry = pb.NewEntry(
        address="+14155550191", label="do-not-phone", source=6, expires_at=moment(server.clock() + 1000)
    )
    request = pb.AddEntriesRequest(entries=[entry], request_id=new_id())
    first = api.call("AddEntries", request)
    server.clock.advance(2000)

    again = api.call("AddEntries", request)

    assert again == first


def test_guarantee_7_a_request_id_with_other_content_is_refused(server: Served) -> None:
    api, used = server.api(), new_id()
    api.add("+14155550194", label="do-not-text", request_id=used)
    head = server.head()
    other = pb.NewEntry(address="+14155550193", label="do-not-text", source=6)

    refusals = [
        api.refused("AddEntries", pb.AddEntriesRequest(entries=[other], request_id=used)),
        api.refused("DeletePolicy", pb.DeletePolicyRequest(name="none", request_id=used)),
        api.refused("SetOptIn", pb.SetOptInRequest(address=PHONES[3], status=2, source=6, request_id=used)),
    ]

    assert {refusal.reason for refusal in refusals} == {"ERROR_REASON_REQUEST_ID_REUSED"}
    assert {refusal.code.name for refusal in refusals} == {"FAILED_PRECONDITION"}
    assert server.head() == head


def test_guarantee_7_a_refused_mutation_does_not_use_its_request_id_up(server: Served) -> None:
    api, retried = server.api(), new_id()
    request = pb.CreateLabelRequest(label=pb.Label(name="do-not-text", channels=[1]), request_id=retried)
    api.refused("CreateLabel", request)

    api.add("+14155550192", label="do-not-text", request_id=retried)

    assert api.verdicts("+14155550192", channel=2) == [BLOCK]


# 8


class Undo(Exception):
    """Ends a transaction without a trace, and carries out what was found in it."""


def found_after(server: Served, tamper: Any) -> journal.Verification:
    """Verify a journal that was tampered with, and undo the tampering."""
    try:
        with server.store.transaction() as txn:
            tamper(txn)
            raise Undo(journal.verify(txn))
    except Undo as undo:
        found: journal.Verification = undo.args[0]
    return found


def test_guarantee_8_every_altered_row_is_found_at_its_position(server: Served) -> None:
    for position in range(1, server.head() + 1):
        for place in (0, 31, 32, -1):

            def alter(txn: Transaction, position: int = position, place: int = place) -> None:
                row = bytearray(txn.get(Table.JOURNAL, u64(position)) or b"")
                row[place] ^= 1
                txn.put(Table.JOURNAL, u64(position), bytes(row))

            found = found_after(server, alter)

            assert (found.intact, found.broken_at) == (False, position)


def test_guarantee_8_every_dropped_row_is_found_at_its_position(server: Served) -> None:
    for position in range(1, server.head() + 1):
        found = found_after(server, lambda txn, position=position: txn.delete(Table.JOURNAL, u64(position)))

        assert (found.intact, found.broken_at) == (False, position)


def test_guarantee_8_every_reordering_is_found_at_its_position(server: Served) -> None:
    for position in range(1, server.head()):

        def swap(txn: Transaction, position: int = position) -> None:
            rows = [txn.get(Table.JOURNAL, u64(each)) or b"" for each in (position, position + 1)]
            txn.put(Table.JOURNAL, u64(position), rows[1])
            txn.put(Table.JOURNAL, u64(position + 1), rows[0])

        found = found_after(server, swap)

        assert (found.intact, found.broken_at) == (False, position)


def test_guarantee_8_rows_added_behind_the_head_are_found(server: Served) -> None:
    last = server.head()

    def append(txn: Transaction) -> None:
        txn.put(Table.JOURNAL, u64(last + 1), txn.get(Table.JOURNAL, u64(last)) or b"")

    assert found_after(server, append).broken_at == last + 1


def test_guarantee_8_the_journal_is_complete_and_callers_can_verify_it(server: Served) -> None:
    answer = server.api(role=Role.AUDITOR).call("VerifyJournal")

    assert (answer.intact, answer.events, answer.broken_at, answer.problem) == (True, server.head(), 0, "")
    assert answer.read_at.position == server.head()
