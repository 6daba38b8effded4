"""What an event does must never depend on the version of the server: old journals give the tables that they gave."""

import json
from base64 import b64decode
from typing import Any, get_args

import pytest

from dncd import attempt_log, events, journal, limits
from dncd.encoding import decode
from dncd.errors import DncError
from dncd.journal import JournalRow
from dncd.storage.memory import MemoryStore
from replay.golden import FILE, NEVER_LOWERED, digests_of, golden

WHAT_TO_DO = """
An old journal no longer gives the tables that it gave. Every store in the field would disagree with its own journal.
- Was the change meant to leave stored data alone? Then it is a mistake: look at what `apply` reads beside the event and
  the store. What may change between versions is resolved into the event before it is accepted.
- Is it meant that stored bytes change? Then raise SCHEMA_VERSION in dncd/storage/schema.py, say in CHANGELOG.md which
  version reads older stores and how they are brought over, and tell the history anew:
  python tests/replay/golden.py
- Before the first release no store in the field has a journal: telling the history anew is enough.
"""


@pytest.fixture(scope="module")
def kept() -> Any:
    return json.loads(FILE.read_text())


def encoded(rows: list[dict[str, str]]) -> list[bytes]:
    return [b64decode(row["event"]) for row in rows]


def replayed(kept: Any) -> dict[str, str]:
    store = MemoryStore()
    try:
        with store.transaction() as txn:
            for position, event in enumerate(encoded(kept["journal"]), start=1):
                journal.replay(txn, JournalRow(position, b"", event))
            for event in encoded(kept["attempts"]):
                attempt_log.replay(txn, event)
    except DncError as error:
        pytest.fail(f"{error}\n{WHAT_TO_DO}")
    with store.snapshot() as snapshot:
        return digests_of(snapshot)


def test_the_golden_journal_gives_the_tables_that_it_gave(kept: Any) -> None:
    found = replayed(kept)

    changed = sorted(name for name in found | kept["tables"] if found.get(name) != kept["tables"].get(name))
    assert not changed, f"other tables than before: {', '.join(changed)}\n{WHAT_TO_DO}"


def test_every_kind_of_event_is_in_the_golden_journal(kept: Any) -> None:
    found = {type(decode(event).draft.change) for event in encoded(kept["journal"] + kept["attempts"])}

    assert found == set(get_args(events.Change)), "tell of the new kind in tests/replay/golden.py, and run it"


def test_no_other_limit_has_a_say_in_what_an_old_event_does(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in vars(limits).items():
        if isinstance(value, int) and name not in NEVER_LOWERED:
            monkeypatch.setattr(limits, name, 1)

    assert replayed(kept) == kept["tables"], WHAT_TO_DO


def test_no_limit_is_lower_than_what_old_journals_may_hold(kept: Any) -> None:
    lowered = [name for name, value in kept["never_lowered"].items() if getattr(limits, name) < value]

    assert set(kept["never_lowered"]) == set(NEVER_LOWERED)
    assert not lowered, f"a journal may hold more than the new limit, and would be refused: {lowered}\n{WHAT_TO_DO}"


def test_the_limit_whose_effect_is_replayed_never_changes(kept: Any) -> None:
    name = "REVIEWS_PER_ADDRESS_MAX"

    assert getattr(limits, name) == kept["never_lowered"][name], WHAT_TO_DO


def test_the_golden_history_can_be_told_anew() -> None:
    told = golden()

    assert told == golden()
    assert {row["kind"] for row in told["journal"] + told["attempts"]} == {
        kind.__name__ for kind in get_args(events.Change)
    }
