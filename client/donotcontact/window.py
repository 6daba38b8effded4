"""The chunks of a scrub that are on their way, in order."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from donotcontact.columns import Chunk


class Window:
    """At most `width` chunks sent and not yet answered; the first sent is the first taken.

    A fault of the input waits for its place: it is raised when every chunk before it was taken.
    """

    def __init__(self, chunks: Iterator[Chunk], width: int) -> None:
        if width < 1:
            raise ValueError("at least one chunk must be in flight")
        self._chunks: Iterator[Chunk] | None = chunks
        self._width = width
        self._sent: deque[tuple[Chunk, Any]] = deque()
        self._fault: Exception | None = None

    def take(self, send: Callable[[Chunk], Any]) -> tuple[Chunk, Any] | None:
        """Send as many chunks as fit, and return the oldest with what `send` gave for it; None at the end."""
        while len(self._sent) < self._width and (chunk := self._next()) is not None:
            self._sent.append((chunk, send(chunk)))
        if self._sent:
            return self._sent.popleft()
        if self._fault is not None:
            raise self._fault
        return None

    def narrow(self) -> None:
        """Halve the width: the server said that it has no room."""
        self._width = max(1, self._width // 2)

    def cancel(self) -> None:
        """Give up what was sent and not taken."""
        for _, call in self._sent:
            call.cancel()
        self._sent.clear()
        self._chunks = None

    def _next(self) -> Chunk | None:
        if self._chunks is None:
            return None
        try:
            chunk = next(self._chunks, None)
        except Exception as fault:  # noqa: BLE001  # the input is the caller's: whatever it raises goes back to him
            self._fault, chunk = fault, None
        if chunk is None:
            self._chunks = None
        return chunk
