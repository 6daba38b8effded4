"""Whether the server is stopping, told at once to those who wait for something else."""

import threading
from collections.abc import Callable


class Draining:
    """Set once, when the server stops. Wakes run when it is set, each on the thread that sets it."""

    def __init__(self) -> None:
        self._is_set = False
        self._wakes: set[Callable[[], None]] = set()
        self._lock = threading.Lock()

    def is_set(self) -> bool:
        """Tell whether the server is stopping."""
        return self._is_set

    def set(self) -> None:
        """Begin to stop, and wake everyone who asked for it."""
        with self._lock:
            self._is_set = True
            wakes = list(self._wakes)
        for wake in wakes:
            wake()

    def add(self, wake: Callable[[], None]) -> None:
        """Have `wake` called when the server stops; at once where it is stopping."""
        with self._lock:
            self._wakes.add(wake)
        if self._is_set:
            wake()

    def remove(self, wake: Callable[[], None]) -> None:
        """Forget a wake."""
        with self._lock:
            self._wakes.discard(wake)
