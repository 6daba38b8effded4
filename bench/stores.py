"""Filled stores, kept in a folder between runs, since filling one with 10 million entries takes minutes.

A store is filled through AddEntries as callers do it, 1,000 entries a call and 8 calls at a time, which measures
durable changes at scale too. What is missing after `RPC_SECONDS_MAX` is written by the domain in one process, in large
transactions: same journal, same tables, fewer commits.
"""

import json
import shutil
import time
from collections import deque
from pathlib import Path
from typing import Any, Final

import grpc
import numpy as np
from load import method_of
from servers import Server
from traffic import ADD, LABEL, SCRUB, add_request, entries

from dncd import accounts, journal
from dncd.encoding import canonical_target
from dncd.events import AddedEntry, Draft, EntriesAdded
from dncd.nouns import EntryReason, Role, Source
from dncd.storage.lmdb import LmdbStore
from donotcontact.v1 import check_service_pb2, core_pb2, verdict_pb2

ROWS_PER_CHANGE: Final = 1_000
CALLS_AT_ONCE: Final = 8
RPC_SECONDS_MAX: Final = 90.0
_CHANGES_PER_COMMIT: Final = 200
_PROBE_ROWS: Final = 1_000


def filled(stores: Path, total: int, log: Path) -> tuple[Path, dict[str, Any]]:
    """Return a store with so many entries and how its filling went; fill it where the folder has none."""
    path, report = stores / f"entries-{total}", stores / f"entries-{total}.json"
    if not report.exists():
        shutil.rmtree(path, ignore_errors=True)
        report.write_text(json.dumps(_fill(path, total, log)))
    facts: dict[str, Any] = json.loads(report.read_text())
    return path, facts


def copied(store: Path, name: str) -> Path:
    """Copy a store that nobody serves, so that changes leave the kept one alone."""
    copy = store.with_name(name)
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(store, copy)
    return copy


def verify(server: Server, total: int) -> None:
    """Make sure that the server blocks the numbers that the store is said to hold: else every figure is void."""
    indexes = np.unique(np.linspace(0, total - 1, min(total, _PROBE_ROWS), dtype=np.int64))
    request = check_service_pb2.ScrubRequest(channel=core_pb2.CHANNEL_VOICE, phones=entries(indexes).tolist())
    with server.channel() as channel:
        answer = check_service_pb2.ScrubResponse.FromString(
            method_of(channel, SCRUB)(request.SerializeToString(), timeout=60)
        )
    if any(verdict != verdict_pb2.VERDICT_BLOCK for verdict in answer.verdicts):
        raise RuntimeError(f"{server.store} does not hold the entries it should; remove it, and it is filled anew")


def _fill(path: Path, total: int, log: Path) -> dict[str, Any]:
    print(f"filling {path} with {total:,} entries", flush=True)
    with Server(path, log) as server, server.channel() as channel:
        began = time.perf_counter()
        marks = _add_over_rpc(channel, total)
        by_rpc, by_rpc_s = marks[-1]
        cpu_s = server.cpu_s()
    if by_rpc < total:
        _add_directly(path, by_rpc, total)
    return {
        "entries": total,
        "entries_by_rpc": by_rpc,
        "seconds_by_rpc": by_rpc_s,
        "entries_per_s": by_rpc / by_rpc_s,
        "last_tenth_entries_per_s": _speed_of_last_tenth(marks),
        "server_cpu_us_per_entry": cpu_s * 1e6 / by_rpc,
        "seconds": time.perf_counter() - began,
    }


def _add_over_rpc(channel: grpc.Channel, total: int) -> list[tuple[int, float]]:
    """Add entries until all are there or the time is up; return how many were acknowledged by when."""
    call, waiting = method_of(channel, ADD), deque[tuple[Any, int]]()
    began, marks = time.perf_counter(), [(0, 0.0)]

    def settle() -> None:
        future, up_to = waiting.popleft()
        future.result()
        marks.append((up_to, time.perf_counter() - began))

    for start in range(0, total, ROWS_PER_CHANGE):
        if marks[-1][1] > RPC_SECONDS_MAX:
            break
        end = min(start + ROWS_PER_CHANGE, total)
        waiting.append((call.future(add_request(entries(np.arange(start, end)))), end))
        if len(waiting) >= CALLS_AT_ONCE:
            settle()
    while waiting:
        settle()
    return marks


def _speed_of_last_tenth(marks: list[tuple[int, float]]) -> float:
    # Calls are answered together, as they share commits: few of them tell no speed but that of all.
    first = marks[len(marks) * 9 // 10] if len(marks) > 10 * CALLS_AT_ONCE else marks[0]
    last = marks[-1]
    return (last[0] - first[0]) / (last[1] - first[1])


def _add_directly(path: Path, first: int, total: int) -> None:
    print(f"the last {total - first:,} entries are written in one process", flush=True)
    store = LmdbStore.own(path, create=False)
    starts = range(first, total, ROWS_PER_CHANGE)
    for part in range(0, len(starts), _CHANGES_PER_COMMIT):
        with store.transaction() as txn:
            account = accounts.find(txn, accounts.DEFAULT_NAME)
            assert account is not None, "every store has it"
            for start in starts[part : part + _CHANGES_PER_COMMIT]:
                change = _change(start, min(start + ROWS_PER_CHANGE, total))
                journal.accept(txn, Draft(account.id, "bench", Role.ADMIN, change), time.time_ns() // 1_000_000)
    store.close()


def _change(start: int, end: int) -> EntriesAdded:
    return EntriesAdded(
        [
            AddedEntry(canonical_target(f"+{number}"), LABEL, Source.IMPORT, EntryReason.INTERNAL_DECISION)
            for number in entries(np.arange(start, end)).tolist()
        ]
    )
