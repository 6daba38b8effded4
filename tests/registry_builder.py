"""A process that builds a snapshot, tells each step on a line, and waits for a line before it goes on.

python registry_builder.py REGISTRIES SNAPSHOT [PREVIOUS]
"""

import sys
from pathlib import Path

import numpy as np

from dncd.registry.build import SnapshotBuilder
from dncd.registry.chunks import Chunk
from registry_snapshots import ABOUT

FIRST = 14_150_000_000
NUMBERS = 300_000


def pause(step: str) -> None:
    sys.stdout.write(f"{step}\n")
    sys.stdout.flush()
    sys.stdin.readline()


def main(registries: Path, snapshot: str, previous: Path | None) -> None:
    with SnapshotBuilder(registries, "us-national", snapshot, previous=previous, on_step=pause) as builder:
        pause("begun")
        for first in range(FIRST, FIRST + NUMBERS, 100_000):
            builder.add(Chunk(np.arange(first, first + 100_000, dtype=np.uint64)))
        builder.finish(ABOUT)
        pause("finished")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]) if len(sys.argv) > 3 else None)
