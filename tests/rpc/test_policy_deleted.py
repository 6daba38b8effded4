"""The journal tells whether a deletion took a policy out of force."""

from pathlib import Path

from dncd import journal
from dncd.encoding import encode
from dncd.events import Draft, Event, PolicyDeleted
from dncd.nouns import Role
from dncd.storage.lmdb import LmdbStore
from serving import pb, served


def test_deletion_of_what_is_not_there_says_so(tmp_path: Path) -> None:
    with served(tmp_path / "store") as server:
        api = server.api()
        api.apply("spring")
        changed = [api.call("DeletePolicy", pb.DeletePolicyRequest(name=name)).changed for name in ("spring", "nosuch")]

        events = api.call("ListEvents", pb.ListEventsRequest(oldest_first=True)).events[-2:]

    assert changed == [True, False]
    assert [event.policy_deleted.unchanged for event in events] == [False, True]


def test_deletion_of_an_older_journal_replays_as_it_stands(tmp_path: Path) -> None:
    """Journals of before the field do not tell that there was none."""
    draft = Draft(1, "operator", Role.SERVER, PolicyDeleted("nosuch"))
    row = journal.JournalRow(1, b"", encode(Event(1, 0, draft)))
    store = LmdbStore.own(tmp_path / "store")
    try:
        with store.transaction() as txn:
            journal.replay(txn, row)
        with store.snapshot() as snapshot:
            assert journal.find(snapshot, 1).encoded == row.encoded
    finally:
        store.close()
