"""When a call is sent again: only where that is safe, never past its deadline."""

from collections.abc import Callable
from dataclasses import dataclass

from donotcontact.errors import DoNotContactError, Overloaded, Timeout, Unavailable

# What gRPC says of calls on a channel that this side closed.
_CLOSED = "Channel closed"
REASONS_OF_NO_ROOM = frozenset({"ERROR_REASON_OVERLOADED", "ERROR_REASON_TOO_MANY_WATCHERS"})


@dataclass(frozen=True, slots=True)
class Retry:
    """How often and how soon to try again.

    `attempts_max` bounds the attempts of one call where no server answers; a server that asks for patience is
    given it until the deadline. Pauses double from `backoff_s` to `backoff_max_s`, each cut by up to a half at random.
    """

    attempts_max: int = 4
    backoff_s: float = 0.05
    backoff_max_s: float = 2.0

    def pause_s(self, attempt: int, random: Callable[[], float]) -> float:
        """Return the pause behind the attempt with this number, the first being 0."""
        full_s: float = min(self.backoff_max_s, self.backoff_s * 2 ** min(attempt, 30))
        return full_s * (0.5 + random() / 2)


class Attempts:
    """The attempts of one call, until one is answered or no further one is safe."""

    def __init__(
        self,
        retry: Retry,
        *,
        is_change: bool,
        timeout_s: float,
        clock: Callable[[], float],
        random: Callable[[], float],
    ) -> None:
        self.number = 0
        self._retry = retry
        self._is_change = is_change
        self._clock = clock
        self._random = random
        self._deadline = clock() + timeout_s

    def timeout_s(self) -> float:
        """Return how long the next attempt may take; raises `Timeout` where no time is left.

        A change leaves half of the time to the next attempt: its request_id makes that one safe, and another
        worker may answer where this one hangs.
        """
        left_s = self._deadline - self._clock()
        if left_s <= 0:
            raise Timeout("the deadline passed before the call could be sent")
        halved = self._is_change and self.number + 1 < self._retry.attempts_max
        return left_s / 2 if halved else left_s

    def pause_s(self, failure: DoNotContactError) -> float:
        """Return how long to wait before the next attempt; raises the failure where there must be none."""
        if not self._may_repeat(failure):
            raise failure
        pause_s = self._retry.pause_s(self.number, self._random) + (failure.retry_after_s or 0.0)
        if self._clock() + pause_s >= self._deadline:
            raise failure
        self.number += 1
        return pause_s

    def _may_repeat(self, failure: DoNotContactError) -> bool:
        if is_refusal(failure):
            return True
        if self.number + 1 >= self._retry.attempts_max:
            return False
        return is_unreachable(failure) or (self._is_change and isinstance(failure, Timeout))


def is_refusal(failure: DoNotContactError) -> bool:
    """Tell whether the server took nothing on and asks to come again."""
    if not isinstance(failure, Overloaded):
        return False
    return failure.reason in REASONS_OF_NO_ROOM or failure.retry_after_s is not None


def is_unreachable(failure: DoNotContactError) -> bool:
    """Tell whether another connection, or another moment, may find a server.

    A worker that stops cancels what it had not begun. What closing this client cancelled must not be sent again.
    """
    if not isinstance(failure, Unavailable) or failure.code is None:
        return False
    return failure.code.name == "UNAVAILABLE" or (failure.code.name == "CANCELLED" and _CLOSED not in str(failure))
