"""Where and with what the figures were measured."""

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import lmdb
import psutil

import dncd

_PACKAGES: Final = ("grpcio", "protobuf", "lmdb", "numpy", "phonenumbers")
# Of the server that is measured, wherever it is installed from.
_ROOT: Final = Path(dncd.__file__).resolve().parent.parent.parent


def describe() -> dict[str, Any]:
    """Tell the processor, cores, memory, kernel, and the versions of what matters for speed."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "lmdb": ".".join(map(str, lmdb.version())),
    }


def commit() -> str:
    """Name the commit of the working tree; `+` at the end says that files differ from it."""
    name = _git("rev-parse", "--short=12", "HEAD")
    return name + ("+" if _git("status", "--porcelain", "--", "server", "client", "proto") else "")


def load_average() -> float:
    """Return how many processes wanted a core on average over the last minute."""
    return os.getloadavg()[0]


def _git(*arguments: str) -> str:
    found = subprocess.run(["git", *arguments], cwd=_ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip() or ("unknown" if found.returncode else "")


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
