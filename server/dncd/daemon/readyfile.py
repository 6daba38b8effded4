"""The ready file: what a script that started the server waits for."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


class ReadyFileUnusable(Exception):
    """The ready file cannot be written or taken away."""


@contextmanager
def ready_file(place: Path | None) -> Iterator[Callable[[object], None]]:
    """Take away what an earlier server left, and give the way to write anew; what was written goes when the block ends.

    A server that is killed cannot take its file away. So the line tells its process too: `ADDRESS PID`.
    """
    if place is None:
        yield lambda _address: None
        return
    line = ""

    def write(address: object) -> None:
        nonlocal line
        line = f"{address} {os.getpid()}\n"
        with _named(place):
            # Renamed into place, so that whoever waits for the file never reads half of it.
            written = place.with_name(place.name + ".new")
            written.write_text(line)
            written.replace(place)

    with _named(place):
        place.unlink(missing_ok=True)
    yield write
    with _named(place):
        if line and place.exists() and place.read_text() == line:
            place.unlink()


@contextmanager
def _named(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ReadyFileUnusable(f"ready_file: {place} cannot be written: {error.strerror}") from error
