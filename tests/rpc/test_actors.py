"""Entries and events are found by who made them: by the whole actor, or by the person that a token acted for."""

from collections.abc import Iterator

import pytest

from serving import Served, pb, served


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("actors") / "store") as running:
        entry = pb.NewEntry(address="+14155550123", label="do-not-contact", source=6)
        running.api().call("AddEntries", pb.AddEntriesRequest(entries=[entry], actor="bob"))
        yield running


@pytest.mark.parametrize(("actor", "found"), [("bob", 1), ("TOKEN", 0), ("TOKEN/bob", 1), ("ann", 0), ("bo", 0)])
def test_actor_is_found_by_either_name(server: Served, actor: str, found: int) -> None:
    [recorded] = {entry.actor for entry in server.api().call("ListEntries", pb.ListEntriesRequest()).entries}
    wanted = actor.replace("TOKEN", recorded.partition("/")[0])

    entries = server.api().call("ListEntries", pb.ListEntriesRequest(actor=wanted))
    events = server.api().call("ListEvents", pb.ListEventsRequest(actor=wanted))

    assert (len(entries.entries), entries.total) == (found, found)
    assert len([event for event in events.events if event.HasField("entries_added")]) == found
