"""Following the journal over breaks of the stream."""

from collections.abc import Callable, Sequence

from donotcontact.errors import DoNotContactError, IncompleteAnswer, Unavailable
from donotcontact.retry import Retry, is_refusal
from donotcontact.v1.journal_service_pb2 import EventKind, WatchEventsRequest, WatchEventsResponse


class Watch:
    """How far a watch has come, and whether it goes on after a break.

    Each event is told once and in order, over any number of breaks. A watch that began "from now on" and broke
    before the server said where that is cannot go on without a gap: it raises.
    """

    def __init__(
        self,
        *,
        after_position: int | None,
        kinds: Sequence[EventKind.ValueType | int],
        heartbeat_seconds: int,
        give_up_after_s: float | None,
        retry: Retry,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.breaks = 0
        self._position = after_position
        self._store = ""
        self._kinds = [EventKind.ValueType(kind) for kind in kinds]
        self._heartbeat_seconds = heartbeat_seconds
        self._give_up_after_s = give_up_after_s
        self._retry = retry
        self._clock = clock
        self._random = random
        self._heard_at = clock()
        self._failures = 0
        self.request()  # a wrong argument is told where it was given

    def request(self) -> bytes:
        """Build the request that goes on where the last stream broke."""
        request = WatchEventsRequest(
            after_position=self._position, heartbeat_seconds=self._heartbeat_seconds, kinds=self._kinds
        )
        return request.SerializeToString()

    def is_news(self, message: WatchEventsResponse) -> bool:
        """Note how far the message tells; False for an event that was told before the break."""
        self._heard_at, self._failures = self._clock(), 0
        self._require_same_store(message.read_at.store)
        known = -1 if self._position is None else self._position
        told_before = message.HasField("event") and message.event.position <= known
        if message.HasField("event") or message.HasField("read_at"):
            self._position = max(known, message.event.position, message.read_at.position)
        return not told_before

    def pause_s(self, failure: DoNotContactError) -> float:
        """Return how long to wait before the next stream; raises the failure where there must be none."""
        if not self._goes_on(failure):
            raise failure
        pause_s = self._retry.pause_s(self._failures, self._random) + (failure.retry_after_s or 0.0)
        self._failures += 1
        self.breaks += 1
        return pause_s

    def _goes_on(self, failure: DoNotContactError) -> bool:
        if self._give_up_after_s is not None and self._clock() - self._heard_at >= self._give_up_after_s:
            return False
        return is_refusal(failure) or (isinstance(failure, Unavailable) and self._position is not None)

    def _require_same_store(self, store: str) -> None:
        if self._store and store and store != self._store:
            raise IncompleteAnswer("the stream goes on from another store, whose positions mean other events")
        self._store = store or self._store
