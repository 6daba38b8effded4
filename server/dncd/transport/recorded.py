"""What stands in the journal, read back for answers: so a retry is answered as the first call was."""

import re
from typing import Final

from dncd import journal
from dncd.events import Change, Event
from dncd.storage.contract import Snapshot, Store

# Positions name reviews and permissions; a number with more digits is none.
_NAME: Final = re.compile(r"[1-9][0-9]{0,18}", re.ASCII)


def recorded_change(store: Store, position: int) -> Change:
    """Return the change of the event at a position that was written."""
    with store.snapshot() as snapshot:
        return journal.find(snapshot, position).event().draft.change


def find_named(snapshot: Snapshot, account_id: int, name: str) -> Event | None:
    """Return the event of an account that a name made from its position stands for; None where there is none."""
    if not _NAME.fullmatch(name) or int(name) > journal.head(snapshot).position:
        return None
    event = journal.find(snapshot, int(name)).event()
    return event if event.draft.account_id == account_id else None
