"""The way of a change through transport: request to draft, draft to log, and the outcome back."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from google.protobuf.message import Message

from dncd.events import Change
from dncd.journal import Written
from dncd.storage.contract import Store
from dncd.transport import fields
from dncd.transport.messages import revision
from dncd.transport.rpc import Call
from dncd.writer import StoreLog
from donotcontact.v1 import core_pb2


class Changes:
    """Sends changes to the log of one store."""

    def __init__(self, store: Store, log: StoreLog, now_ms: Callable[[], int]) -> None:
        self.store = store
        self.now_ms = now_ms
        self._log = log

    def accept(self, call: Call, request: Message, change: Change) -> Written:
        """Accept a change, or say what it would do where the request has `validate_only` set."""
        draft = fields.draft(call.caller, request, change)
        if getattr(request, "validate_only", False):
            return self._log.preview(draft)
        return self._log.append(draft)

    def accept_for(self, account_id: int, call: Call, request: Message, change: Change) -> Written:
        """Accept a change that belongs to another account than the caller's: to the server itself."""
        return self._log.append(replace(fields.draft(call.caller, request, change), account_id=account_id))

    def written_at(self, request: Message, written: Written) -> core_pb2.Revision:
        """Build the revision that holds a change; for `validate_only` the one before, since nothing was written."""
        previewed = getattr(request, "validate_only", False)
        return revision(self.store.id, written.position - 1 if previewed else written.position)


def counts(codes: bytes) -> Counter[int]:
    """Count outcome codes."""
    return Counter(codes)
