"""What a label may not become without a word: a twin of another one, or one whose entries stop less."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dncd.nouns import EVERY_CHANNEL, Channel, Purpose
from serving import Served, new_id, pb, served

NUMBER = "+14155550123"
VOICE, SMS, EMAIL = Channel.VOICE, Channel.SMS, Channel.EMAIL
ALLOW, BLOCK = 1, 2


@pytest.fixture(name="server")
def with_a_label_of_one_entry(tmp_path: Path) -> Iterator[Served]:
    with served(tmp_path / "store") as running:
        create(running, "sales", [VOICE, SMS])
        running.api().call("ApplyPolicy", pb.ApplyPolicyRequest(policy=pb.Policy(name="spring", labels=["sales"])))
        running.api().add(NUMBER, label="sales", source=4)
        yield running


def create(server: Served, name: str, channels: Any, **fields: Any) -> Any:
    label = pb.Label(name=name, channels=channels)
    return server.api().call("CreateLabel", pb.CreateLabelRequest(label=label, **fields))


def wanted(channels: Any, purposes: Any = (), **fields: Any) -> Any:
    return pb.UpdateLabelRequest(label=pb.Label(name="sales", channels=channels, purposes=purposes), **fields)


def verdict(server: Served, channel: Channel = SMS) -> int:
    return int(server.api().verdicts(NUMBER, channel=channel, policy="spring")[0])


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("Do-Not-Contact", "do-not-contact"),
        ("DO_NOT_PHONE", "do-not-phone"),
        ("do.not.text", "do-not-text"),
        ("donotemail", "do-not-email"),
        ("SALES", "sales"),
        ("sales-", "sales"),
    ],
)
def test_a_name_that_people_take_for_another_one_is_refused(server: Served, name: str, taken: str) -> None:
    before = server.head()

    request = pb.CreateLabelRequest(label=pb.Label(name=name, channels=EVERY_CHANNEL))
    refused = server.api().refused("CreateLabel", request)

    assert (refused.code.name, refused.reason) == ("ALREADY_EXISTS", "ERROR_REASON_LABEL_EXISTS")
    assert refused.info.metadata["label"] == taken
    assert repr(taken) in refused.message
    assert server.head() == before


def test_an_equal_label_is_created_twice_and_changes_nothing(server: Served) -> None:
    assert create(server, "sales", [VOICE, SMS]).label.name == "sales"
    assert create(server, "sales2", [VOICE, SMS]).label.name == "sales2"


@pytest.mark.parametrize(
    ("channels", "purposes", "lost", "lost_for"),
    [
        ([EMAIL], [], "VOICE, SMS", ""),
        ([VOICE], [], "SMS", ""),
        ([VOICE, SMS], [Purpose.SURVEY], "", "MARKETING, SERVICE, TRANSACTIONAL, DEBT_COLLECTION"),
        ([SMS], set(Purpose) - {Purpose.MARKETING}, "VOICE", "MARKETING"),
    ],
)
@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("reason", ["", " \u200b"])
def test_entries_stop_no_less_without_a_reason(
    server: Served, channels: Any, purposes: Any, lost: str, lost_for: str, archived: bool, reason: str
) -> None:
    if archived:
        server.api().call("ArchiveLabel", pb.ArchiveLabelRequest(name="sales"))
    before = server.head()

    refused = server.api().refused("UpdateLabel", wanted(channels, purposes, reason=reason))

    assert (refused.code.name, refused.reason) == ("FAILED_PRECONDITION", "ERROR_REASON_LABEL_NARROWED")
    figures = {"label": "sales", "entries": "1", "channels": lost, "purposes": lost_for}
    assert dict(refused.info.metadata) == figures
    assert all(part in refused.message for part in ("1 ", lost, lost_for))
    assert (server.head(), verdict(server), verdict(server, VOICE)) == (before, BLOCK, BLOCK)


def test_with_a_reason_they_do_and_the_journal_keeps_it(server: Served) -> None:
    server.api().call("UpdateLabel", wanted([VOICE], reason=" texts have their own\n"))

    events = server.api().call("ListEvents", pb.ListEventsRequest(page_size=1000)).events
    [reason] = [event.label_updated.reason for event in events if event.HasField("label_updated")]
    assert reason == "texts have their own"
    assert (verdict(server), verdict(server, VOICE)) == (ALLOW, BLOCK)


@pytest.mark.parametrize(("channels", "purposes"), [(EVERY_CHANNEL, []), ([VOICE, SMS], list(Purpose))])
def test_a_label_that_stops_as_much_or_more_takes_no_reason(server: Served, channels: Any, purposes: Any) -> None:
    server.api().call("UpdateLabel", wanted(channels, purposes))

    assert (verdict(server), verdict(server, VOICE)) == (BLOCK, BLOCK)


def test_a_label_without_entries_changes_freely(server: Served) -> None:
    create(server, "fresh", [VOICE, SMS])

    label = pb.Label(name="fresh", channels=[EMAIL])
    answer = server.api().call("UpdateLabel", pb.UpdateLabelRequest(label=label))

    assert list(answer.label.channels) == [EMAIL]


def test_a_retry_is_answered_as_the_first_call_was_whatever_the_label_has_by_now(server: Served) -> None:
    request = pb.UpdateLabelRequest(label=pb.Label(name="fresh", channels=[EMAIL]), request_id=new_id())
    create(server, "fresh", [VOICE, EMAIL])
    first = server.api().call("UpdateLabel", request)
    server.api().call("UpdateLabel", pb.UpdateLabelRequest(label=pb.Label(name="fresh", channels=EVERY_CHANNEL)))
    server.api().add("+14155550124", label="fresh", source=4)

    again = server.api().call("UpdateLabel", request)

    assert again.written_at == first.written_at


GIVEN = "14155559876"


@pytest.mark.parametrize("name", [GIVEN, "1.415.555.9876", "415-555-9876"])
def test_a_phone_number_in_place_of_a_name_is_not_repeated(server: Served, name: str) -> None:
    entry = pb.NewEntry(address=NUMBER, label=name, source=4)
    ref = pb.EntryRef(address=NUMBER, label=name)
    tries = {
        "Check": pb.CheckRequest(policy=name, channel=1, rows=[pb.CheckRow(address=NUMBER)]),
        "GetPolicy": pb.GetPolicyRequest(name=name),
        "Explain": pb.ExplainRequest(policy=name, channel=1, row=pb.CheckRow(address=NUMBER)),
        "ApplyPolicy": pb.ApplyPolicyRequest(policy=pb.Policy(name="mine", labels=[name])),
        "AddEntries": pb.AddEntriesRequest(entries=[entry]),
        "RemoveEntries": pb.RemoveEntriesRequest(entries=[ref], reason=1),
        "ListEntries": pb.ListEntriesRequest(label=name),
        "UpdateLabel": pb.UpdateLabelRequest(label=pb.Label(name=name, channels=[1])),
        "ArchiveLabel": pb.ArchiveLabelRequest(name=name),
    }

    told = {method: server.api().refused(method, request) for method, request in tries.items()}

    texts = [f"{refused.message}{refused.info}" for refused in told.values()]
    texts.append(str(told["ApplyPolicy"].bad_request))
    assert not [text for text in texts if name in text]
    assert {method: refused.reason.removeprefix("ERROR_REASON_") for method, refused in told.items()} == {
        "Check": "POLICY_NOT_FOUND",
        "GetPolicy": "POLICY_NOT_FOUND",
        "Explain": "POLICY_NOT_FOUND",
        "ApplyPolicy": "INVALID_FIELD",
        "AddEntries": "LABEL_NOT_FOUND",
        "RemoveEntries": "LABEL_NOT_FOUND",
        "ListEntries": "LABEL_NOT_FOUND",
        "UpdateLabel": "LABEL_NOT_FOUND",
        "ArchiveLabel": "LABEL_NOT_FOUND",
    }
