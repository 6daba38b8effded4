"""A worker that cannot take changes any more ends, so that the supervisor starts another."""

import subprocess
import sys
from pathlib import Path

from dncd.administration import create_account
from dncd.config import effective
from dncd.daemon.order import READY, Order
from dncd.storage.lmdb import LmdbStore

WAIT_S = 60.0
_WRITER_DIES = """
from dncd.daemon import worker
from dncd.writer import StoreLog

def broken(self):
    raise MemoryError

StoreLog._next_batch = broken
worker.main()
"""


def test_a_worker_whose_writer_died_ends_with_a_failure(tmp_path: Path) -> None:
    path = tmp_path / "store"
    store = LmdbStore.own(path)
    for name in ("default", "operator"):
        create_account(store, 1, name, "")
    settings = effective({"store": path, "drain_notice_seconds": 0})
    process = subprocess.Popen(
        [sys.executable, "-c", _WRITER_DIES],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(Order(settings=settings, host="127.0.0.1", port=0).model_dump_json() + "\n")
    process.stdin.flush()

    # Its stdin stays open meanwhile: to end that is to say that the supervisor is dead.
    code = process.wait(WAIT_S)
    told, words = process.communicate()

    store.close()
    assert told.strip() == READY
    assert code == 1
    assert "the writer ended with MemoryError" in words
    assert "this worker cannot go on" in words


def test_a_worker_that_never_gets_an_order_ends_without_a_word() -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "dncd.daemon.worker"],
        check=False,
        input="",
        capture_output=True,
        text=True,
        timeout=WAIT_S,
    )

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
