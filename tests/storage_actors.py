"""Other processes with a store open, for tests of storage."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

_PROGRAM = Path(__file__).parent / "storage" / "actor.py"


class Actor:
    """Another process with the store open."""

    def __init__(self, role: str, path: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(_PROGRAM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.ask(f"{role} {path}")

    def ask(self, command: str) -> int:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("close\n")
        self.end()

    def end(self) -> None:
        self.process.communicate()


Actors = Callable[[str], Actor]
