"""entries, address, journal, watch: what is shown, and where it stops."""

import json
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from cli.conftest import Dnc
from cli.fake_server import NOVEMBER_3, REVISION, FakeServer
from donotcontact.v1.core_pb2 import Evidence, OptInStatus, Revision, Source
from donotcontact.v1.entry_pb2 import Entry, EntryReason, EntryState
from donotcontact.v1.entry_service_pb2 import GetAddressResponse, ListEntriesResponse
from donotcontact.v1.event_pb2 import AddedEntry, EntriesAdded, Event, Role
from donotcontact.v1.journal_service_pb2 import (
    EventKind,
    ListEventsResponse,
    VerifyJournalResponse,
    WatchEventsResponse,
)

ENTRY = Entry(
    address="+14155550123",
    label="do-not-contact",
    source=Source.SOURCE_AGENT,
    reason=EntryReason.ENTRY_REASON_REQUESTED_BY_PERSON,
    actor="ann",
    note="angry\x1b[31m",
    evidence=Evidence(call_id="c-1"),
    recorded_at=Timestamp(seconds=NOVEMBER_3),
    state=EntryState.ENTRY_STATE_ACTIVE,
)


def event(position: int) -> Event:
    change = EntriesAdded(entries=[AddedEntry(address=ENTRY.address, label=ENTRY.label, source=Source.SOURCE_AGENT)])
    stamp = Timestamp(seconds=NOVEMBER_3)
    return Event(position=position, time=stamp, actor="ann", role=Role.ROLE_AGENT, entries_added=change)


def pages(request: Any) -> ListEntriesResponse:
    token = "" if request.page_token else "next"
    entries = [ENTRY] * min(request.page_size, 60)
    return ListEntriesResponse(entries=entries, next_page_token=token, total=120, read_at=REVISION)


def test_entries_go_over_pages_up_to_the_limit(dnc: Dnc, server: FakeServer) -> None:
    server.answers["ListEntries"] = pages

    document = dnc.json("entries", "--limit", "100")

    assert (len(document["entries"]), document["more"], document["total"]) == (100, True, 120)
    assert document["entries"][0]["evidence"]["call_id"] == "c-1"


def test_entries_send_every_filter(dnc: Dnc, server: FakeServer) -> None:
    server.answers["ListEntries"] = pages
    filters = ["--label", "l", "--contains", "555", "--source", "agent", "--actor", "a", "--reason", "legal"]

    dnc("entries", *filters, "--state", "active", "--from", "2026-11-01T00:00Z", "--before", "2026-11-02T00:00Z")

    request = server.requests[0]
    assert (request.label, request.address_contains, request.actor) == ("l", "555", "a")
    assert (request.source, request.reason) == (Source.SOURCE_AGENT, EntryReason.ENTRY_REASON_LEGAL)
    assert request.state == EntryState.ENTRY_STATE_ACTIVE
    assert request.recorded_before.seconds - request.recorded_from.seconds == 86_400


def test_what_is_stored_cannot_steer_the_terminal(dnc: Dnc, server: FakeServer) -> None:
    server.answers["ListEntries"] = pages

    result = dnc("entries", "--limit", "1")

    assert "angry" in result.stdout
    assert "\x1b" not in result.stdout


def test_address_shows_entries_opt_in_and_history(dnc: Dnc, server: FakeServer) -> None:
    server.answers["GetAddress"] = lambda _: GetAddressResponse(
        address=ENTRY.address,
        entries=[ENTRY],
        opt_in=OptInStatus.OPT_IN_STATUS_SENT,
        history=[event(7)],
        read_at=REVISION,
    )

    result = dnc("address", "415 555 0123", "--region", "US")

    assert "opt-in to texts: SENT" in result.stdout
    assert "added +14155550123 under do-not-contact, said to an agent" in result.stdout
    assert server.requests[0].region == "US"


def test_journal_list_says_where_there_are_more(dnc: Dnc, server: FakeServer) -> None:
    server.answers["ListEvents"] = lambda _: ListEventsResponse(events=[event(2), event(1)], read_at=REVISION)

    document = dnc.json("journal", "list", "--limit", "1", "--kind", "entries-added", "--oldest-first")

    assert (len(document["events"]), document["more"]) == (1, True)
    assert document["events"][0]["entries_added"]["entries"][0]["source"] == "AGENT"
    assert "request_digest" not in document["events"][0]
    assert server.requests[0].kinds == [EventKind.EVENT_KIND_ENTRIES_ADDED]


def test_journal_that_is_intact_leaves_with_0(dnc: Dnc, server: FakeServer) -> None:
    server.answers["VerifyJournal"] = lambda _: VerifyJournalResponse(intact=True, events=3, head_hash="ab")

    result = dnc("journal", "verify")

    assert result.exit_code == 0
    assert "Head hash ab" in result.stdout


def test_journal_that_is_broken_leaves_with_1(dnc: Dnc, server: FakeServer) -> None:
    server.answers["VerifyJournal"] = lambda _: VerifyJournalResponse(events=3, broken_at=4, problem="hash")

    result = dnc("journal", "verify")

    assert result.exit_code == 1
    assert "BROKEN at position 4: hash" in result.stdout


def test_watch_writes_one_json_line_for_each_event_and_none_for_heartbeats(dnc: Dnc, server: FakeServer) -> None:
    told = [WatchEventsResponse(read_at=Revision(store="s1", position=7))]
    told += [
        WatchEventsResponse(event=event(position), read_at=Revision(store="s1", position=position))
        for position in (8, 9)
    ]
    server.answers["WatchEvents"] = lambda _: iter(told)

    result = dnc("watch", "--after", "7", "--limit", "2", "--json")

    assert [json.loads(line)["position"] for line in result.stdout.splitlines()] == [8, 9]
    assert server.requests[0].after_position == 7
