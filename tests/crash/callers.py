"""Callers that keep changing things while the server is killed under them, and remember what they were told."""

import random
import threading
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import grpc

from serving import Api, new_id, pb

BATCH_ROWS = 40
CALL_S = 3.0


@dataclass(frozen=True)
class Change:
    """A change that was sent: additions of new numbers, or the removal of some."""

    method: str
    numbers: list[str]
    request: Any


@dataclass
class Told:
    """What one caller knows: what was acknowledged, and what nobody answered."""

    acknowledged: list[Change] = field(default_factory=list)
    unanswered: list[Change] = field(default_factory=list)


class Caller(threading.Thread):
    """Adds single numbers and batches, and removes some again, until told to stop."""

    def __init__(self, address: str, token: str, serial: int, seed: int) -> None:
        super().__init__(name=f"caller-{serial}")
        self.told = Told()
        self._numbers = (f"+1{serial:03d}{number:07d}" for number in count(2_000_000))
        self._address = address
        self._token = token
        self._random = random.Random(seed)
        self._stopping = threading.Event()

    def stop(self) -> None:
        self._stopping.set()

    def run(self) -> None:
        api = Api(self._address, self._token)
        while not self._stopping.is_set():
            change = self._next()
            try:
                api.call(change.method, change.request, CALL_S)
            except grpc.RpcError:
                self.told.unanswered.append(change)
                # The connection may have been to a worker that is dead; the next may reach another.
                api.close()
                api = Api(self._address, self._token)
            else:
                self.told.acknowledged.append(change)
        api.close()

    def _next(self) -> Change:
        dice = self._random.random()
        added = [each for each in self.told.acknowledged if each.method == "AddEntries"]
        if dice < 0.15 and added:
            return removal(self._random.choice(added).numbers)
        rows = 1 if dice < 0.7 else BATCH_ROWS
        return addition([next(self._numbers) for _ in range(rows)])


def addition(numbers: list[str]) -> Change:
    entries = [pb.NewEntry(address=number, label="do-not-contact", source=6) for number in numbers]
    return Change("AddEntries", numbers, pb.AddEntriesRequest(entries=entries, request_id=new_id()))


def removal(numbers: list[str]) -> Change:
    refs = [pb.EntryRef(address=number, label="do-not-contact") for number in numbers]
    return Change("RemoveEntries", numbers, pb.RemoveEntriesRequest(entries=refs, reason=1, request_id=new_id()))
