"""What every peer of the comparison does, and what the peers share."""

import importlib
import os
import pwd
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from traffic import Numbers

Mask = NDArray[np.bool_]
_READY_S: Final = 60.0
_ANY_ROWS: Final = 1 << 30


class PeerMissing(Exception):
    """A peer is not installed on this machine."""


@dataclass(frozen=True, slots=True)
class Held:
    """What a peer holds: a part of the register, and all entries."""

    register: Numbers
    internal: Numbers


class Peer(ABC):
    """Something that tells which numbers of a batch are on the register or among the entries."""

    name: ClassVar[str]
    rows_max: ClassVar[int] = _ANY_ROWS
    # False for a floor, which moves the bytes and decides nothing.
    decides: ClassVar[bool] = True
    holds: int

    @abstractmethod
    def prepare(self, numbers: Numbers) -> Any:
        """Bring a batch into the form that the peer's client takes; outside the clock."""

    @abstractmethod
    def ask(self, prepared: Any) -> Any:
        """Ask, and return the answer as the client gives it; inside the clock."""

    @abstractmethod
    def blocked(self, answer: Any) -> Mask:
        """Return the answer as a mask; outside the clock."""

    @abstractmethod
    def cpu_s(self) -> float:
        """Return the CPU that the server has used, in seconds."""


def module(name: str) -> ModuleType:
    """Import a client library; raises `PeerMissing`."""
    try:
        return importlib.import_module(name)
    except ImportError:
        raise PeerMissing(f"the Python package {name} is not installed") from None


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_until(ready: Callable[[], bool], what: str) -> None:
    """Wait until something serves; raises RuntimeError where it does not."""
    ends = time.monotonic() + _READY_S
    while not ready():
        if time.monotonic() > ends:
            raise RuntimeError(f"{what} did not come up")
        time.sleep(0.05)


def unprivileged(folder: Path, user: str) -> dict[str, Any]:
    """Return arguments for a process that owns a folder; root gives the folder to a user who is not."""
    if os.geteuid() != 0:
        return {}
    found = pwd.getpwnam(user)
    os.chown(folder, found.pw_uid, found.pw_gid)
    return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
