"""What no decision behind a store and a register could be faster than: the memory that every one of them waits for.

The two probes for each number are measured in numpy, as the server does them, and in C with prefetching, which is as
fast as a compiled decision could be; beside them the lookups of known addresses in LMDB. `others` stands for a cache
that other work has used in between, as it has in a server: 48 MiB are written before each measurement.
"""

import ctypes
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
from campaign import account_id
from national import Imported, ScreenedTraffic
from numpy.typing import NDArray
from traffic import HITS, Numbers

from dncd.registry.membership import Membership
from dncd.storage.contract import Table
from dncd.storage.keys import phone_keys
from dncd.storage.lmdb import LmdbStore

ROWS: Final = 10_000
NUMPY: Final = "index and register, numpy"
COMPILED: Final = "index and register, C with prefetching"
LOOKUPS: Final = f"{round(ROWS * HITS):,} known addresses, LMDB"
_BATCHES: Final = 200
_OTHERS_BYTES: Final = 48 << 20
_INDEX_HEADER_BYTES: Final = 4096
_SOURCE: Final = Path(__file__).with_name("probes.c")

Flags = NDArray[np.uint8]
Probe = Callable[[Numbers], Flags]


def measure(register: Imported, store: Path, entries: int, seed: int) -> dict[str, Any]:
    """Measure on a store that nobody serves; CPU time of one thread, median, in microseconds."""
    print("floors", flush=True)
    traffic = ScreenedTraffic(entries, seed, register.file)
    batches = [traffic.mixed(ROWS) for _ in range(_BATCHES)]
    opened = LmdbStore.own(store, create=False)
    try:
        with opened.snapshot() as snapshot, tempfile.TemporaryDirectory(prefix="dncd-probes-") as folder:
            account = account_id(snapshot)
            members = Membership.open(register.folder)

            def in_numpy(phones: Numbers) -> Flags:
                flags = members.contains(phones).view(np.uint8) << np.uint8(1)
                flags |= snapshot.maybe_known_phones(account, phones).view(np.uint8)
                return flags

            known = [phone_keys(account, traffic.known(round(ROWS * HITS))) for _ in range(_BATCHES)]
            rows = [_row(NUMPY, batches, in_numpy)]
            if compiled := _compiled(Path(folder), store, register, members, account):
                for batch in batches:
                    assert (compiled(batch) == in_numpy(batch)).all(), "both probe the same bits"
                rows.append(_row(COMPILED, batches, compiled))
            rows.append(_row(LOOKUPS, known, lambda keys: snapshot.get_many(Table.ADDRESSES, keys)))
    finally:
        opened.close()
    return {"rows": rows, "numbers": ROWS, "compiler": len(rows) == 3}


def _row(name: str, batches: list[Any], ask: Callable[[Any], object]) -> dict[str, Any]:
    return {"what": name, "warm_us": _median_us(batches, ask, 0), "others_us": _median_us(batches, ask, _OTHERS_BYTES)}


def _median_us(batches: list[Any], ask: Callable[[Any], object], others_bytes: int) -> float:
    others, taken = np.zeros(others_bytes, np.uint8), []
    for batch in batches:
        others += 1
        began = time.thread_time_ns()
        ask(batch)
        taken.append(time.thread_time_ns() - began)
    return float(np.median(taken)) / 1e3


def _compiled(folder: Path, store: Path, register: Imported, members: Membership, account_id: int) -> Probe | None:
    """Compile the probes; None, said openly, where there is no C compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        print("no C compiler: what a compiled decision would gain is not measured", flush=True)
        return None
    library = folder / "probes.so"
    subprocess.run([compiler, "-O3", "-march=native", "-shared", "-fPIC", "-o", library, _SOURCE], check=True)
    probe = ctypes.CDLL(str(library)).probe
    probe.restype = None
    (index_file,) = store.glob("address-index-*.bits")
    index = np.memmap(index_file, np.uint8, "r", _INDEX_HEADER_BYTES)
    (entry,) = members.manifest.bits
    registered = np.memmap(register.folder / entry.name, np.uint8, "r")
    log2_bits = (len(index) * 8).bit_length() - 1
    found = np.zeros(ROWS, np.uint8)

    def ask(phones: Numbers) -> Flags:
        sizes = ctypes.c_size_t(len(phones)), ctypes.c_uint64(account_id)
        span = ctypes.c_uint64(entry.span.first), ctypes.c_uint64(entry.span.numbers)
        probe(_at(phones), *sizes, _at(index), log2_bits, _at(registered), *span, _at(found))
        return found

    return ask


def _at(column: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(column.ctypes.data)
