"""PostgreSQL: a table of numbers for the register, one for the entries, `= ANY` on both, in one prepared statement."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
from peer import Held, Mask, Peer, PeerMissing, free_port, module, unprivileged, wait_until
from traffic import Numbers

_USER: Final = "postgres"
_TABLES: Final = ("register", "internal")
_COPY_ROWS: Final = 1_000_000
_QUERY: Final = (
    "SELECT phone FROM register WHERE phone = ANY(%(phones)b)"
    " UNION ALL SELECT phone FROM internal WHERE phone = ANY(%(phones)b)"
)
_COPY_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_COPY_END: Final = b"\xff\xff"
_COPY_ROW: Final = np.dtype([("fields", ">i2"), ("bytes", ">i4"), ("phone", ">i8")])
# Nothing here is written again once it is filled, so nothing needs to reach the disk.
_SETTINGS: Final = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "2GB",
    "work_mem": "64MB",
    "maintenance_work_mem": "1GB",
    "max_wal_size": "8GB",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "random_page_cost": "1.0",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}


@contextmanager
def postgres(held: Held, folder: Path) -> Iterator[list[Peer]]:
    """Serve what is held with a PostgreSQL of its own; raises `PeerMissing`."""
    client, binaries = module("psycopg"), _binaries()
    port, where = free_port(), folder / "cluster"
    # The user that serves has to reach the folder.
    for parent in (folder, *folder.parents):
        if not parent.stat().st_mode & 0o001:
            raise PeerMissing(f"PostgreSQL: {parent} is closed to the user that would serve from it")
    as_user = unprivileged(folder, _USER)
    with (folder / "log").open("w") as log:
        init = [
            str(binaries / "initdb"),
            "-D",
            str(where),
            "-U",
            _USER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        subprocess.run(init, check=True, stdout=log, stderr=log, cwd=folder, **as_user)
        settings = [f"--{name}={value}" for name, value in (_SETTINGS | {"port": str(port)}).items()]
        command = [str(binaries / "postgres"), "-D", str(where), *settings]
        with subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **as_user) as process:
            try:
                address = f"host=127.0.0.1 port={port} user={_USER} dbname=postgres"
                wait_until(lambda: _connects(client, address), "postgres")
                with client.connect(address, autocommit=True) as connected:
                    _fill(connected, held)
                    yield [PostgreSql(connected, len(held.register))]
            finally:
                # Ends sessions, then itself.
                process.terminate()


class PostgreSql(Peer):
    """psycopg 3 with binary parameters and results, from a list of whole numbers to the rows that were found."""

    name = "PostgreSQL, psycopg"

    def __init__(self, connected: Any, holds: int) -> None:
        self.holds = holds
        self._cursor = connected.cursor(binary=True)
        self._process = psutil.Process(connected.info.backend_pid)
        self._asked: list[int] = []

    def prepare(self, numbers: Numbers) -> Any:
        return numbers.tolist()

    def ask(self, prepared: Any) -> Any:
        self._asked = prepared
        return self._cursor.execute(_QUERY, {"phones": prepared}, prepare=True).fetchall()

    def blocked(self, answer: Any) -> Mask:
        return np.isin(np.array(self._asked), np.array([phone for (phone,) in answer]))

    def cpu_s(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)


def _binaries() -> Path:
    """Return the folder of the newest installed server; Debian keeps it off the PATH."""
    found = shutil.which("postgres")
    if found:
        return Path(found).resolve().parent
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not installed:
        raise PeerMissing("PostgreSQL's server is not installed")
    return installed[-1].parent


def _connects(client: Any, address: str) -> bool:
    try:
        client.connect(address).close()
    except client.OperationalError:
        return False
    return True


def _fill(connected: Any, held: Held) -> None:
    for table, numbers in zip(_TABLES, (held.register, held.internal), strict=True):
        connected.execute(f"CREATE UNLOGGED TABLE {table} (phone bigint NOT NULL)")
        with connected.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN (FORMAT binary)") as copy:
            copy.write(_COPY_HEADER)
            for start in range(0, len(numbers), _COPY_ROWS):
                copy.write(_copy_rows(numbers[start : start + _COPY_ROWS]))
            copy.write(_COPY_END)
        connected.execute(f"CREATE UNIQUE INDEX ON {table} (phone)")
        # Marks all pages visible, so that the index alone answers.
        connected.execute(f"VACUUM ANALYZE {table}")


def _copy_rows(numbers: Numbers) -> bytes:
    rows = np.empty(len(numbers), _COPY_ROW)
    rows["fields"], rows["bytes"], rows["phone"] = 1, 8, numbers
    return rows.tobytes()
