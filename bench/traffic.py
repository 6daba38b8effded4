"""What callers send: random numbers, known numbers, and requests serialized before the clock starts.

Entry number i of every store is `entries(i)`, so that known numbers are drawn without keeping a list of them. The
numbers are those of calling code 1 with area codes 201 to 989: 6.3 thousand million, so a random one is known by
accident in 0.02 % of cases with 1 million entries, and 0.16 % with 10 million.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from grpc_health.v1 import health_pb2
from numpy.typing import NDArray

from donotcontact.v1 import check_service_pb2, core_pb2, entry_service_pb2

Numbers = NDArray[np.uint64]
Requests = list[bytes]

LABEL: Final = "do-not-contact"
HITS: Final = 0.02
_AREAS: Final = 789
_EXCHANGES: Final = 800
_LINES: Final = 10_000
_SPACE: Final = _AREAS * _EXCHANGES * _LINES
# A prime that does not divide the space: so i -> i * step is one to one.
_STEP: Final = 2_654_435_761
_FIRST: Final = 10_000_000_000 + 201 * 10_000_000 + 200 * 10_000


def entries(indexes: NDArray[np.int64]) -> Numbers:
    """Return the numbers of entries by their index: all different, and in no order."""
    return _numbers(indexes.astype(np.uint64) * np.uint64(_STEP) % np.uint64(_SPACE))


def _numbers(places: Numbers) -> Numbers:
    area, rest = np.divmod(places, np.uint64(_EXCHANGES * _LINES))
    return np.uint64(_FIRST) + area * np.uint64(10_000_000) + rest


class Traffic:
    """A source of requests about a store with so many entries. A seed gives the same requests again."""

    def __init__(
        self, entries_total: int, seed: int, hits: float = HITS, policy: str = "", contact_ms: int = 0
    ) -> None:
        self._entries_total = entries_total
        self._hits = hits
        self._policy = policy
        self._contact_ms = contact_ms
        self._random = np.random.default_rng(seed)

    def fresh(self, rows: int) -> Numbers:
        """Draw random numbers, nearly all unknown."""
        return _numbers(self._random.integers(0, _SPACE, rows, dtype=np.uint64))

    def mixed(self, rows: int) -> Numbers:
        """Draw random numbers, of which the share `hits` is known, at random places."""
        drawn = self.fresh(rows)
        known = np.flatnonzero(self._random.random(rows) < self._hits)
        drawn[known] = self.known(len(known))
        return drawn

    def known(self, rows: int) -> Numbers:
        """Draw numbers of entries."""
        return entries(self._random.integers(0, self._entries_total, rows))

    def null(self) -> bytes:
        """Serialize the empty request of the health service."""
        return health_pb2.HealthCheckRequest().SerializeToString()

    def check(self, rows: int) -> bytes:
        """Serialize a Check of written E.164 numbers."""
        texts = [f"+{number}" for number in self.mixed(rows).tolist()]
        request = check_service_pb2.CheckRequest(
            channel=core_pb2.CHANNEL_VOICE,
            policy=self._policy,
            rows=[check_service_pb2.CheckRow(address=text) for text in texts],
        )
        if self._contact_ms:
            request.contact_time.FromMilliseconds(self._contact_ms)
        return request.SerializeToString()

    def scrub(self, rows: int, *, omit_findings: bool = False) -> bytes:
        """Serialize a Scrub of a column of numbers."""
        return scrub_request(
            self.mixed(rows), policy=self._policy, omit_findings=omit_findings, contact_ms=self._contact_ms
        )

    def add(self, rows: int) -> bytes:
        """Serialize an AddEntries of random numbers."""
        return add_request(self.fresh(rows))


def scrub_request(numbers: Numbers, *, policy: str, omit_findings: bool = False, contact_ms: int = 0) -> bytes:
    """Serialize a Scrub of these numbers, about a moment or, with 0, about now."""
    request = check_service_pb2.ScrubRequest(
        channel=core_pb2.CHANNEL_VOICE, policy=policy, phones=numbers.tolist(), omit_findings=omit_findings
    )
    if contact_ms:
        request.contact_time.FromMilliseconds(contact_ms)
    return request.SerializeToString()


def add_request(numbers: Numbers) -> bytes:
    """Serialize an AddEntries of these numbers."""
    return entry_service_pb2.AddEntriesRequest(
        entries=[
            entry_service_pb2.NewEntry(address=f"+{number}", label=LABEL, source=core_pb2.SOURCE_IMPORT)
            for number in numbers.tolist()
        ]
    ).SerializeToString()


@dataclass(frozen=True, slots=True)
class Scenario:
    """One kind of call: its method, how many rows a request has (0: none), and how to make one."""

    name: str
    method: str
    rows: int
    make: Callable[[Traffic], bytes]

    def requests(self, traffic: Traffic, rows_max: int) -> Requests:
        """Make requests for one turn: at most so many rows in all, so that they are made in a moment."""
        count = max(4, min(1_500, rows_max // max(1, self.rows)))
        return [self.make(traffic) for _ in range(count)]


CHECK: Final = "/donotcontact.v1.CheckService/Check"
SCRUB: Final = "/donotcontact.v1.CheckService/Scrub"
ADD: Final = "/donotcontact.v1.EntryService/AddEntries"
NULL: Final = Scenario("null call", "/grpc.health.v1.Health/Check", 0, Traffic.null)


def check(rows: int) -> Scenario:
    """Describe a Check of so many rows."""
    return Scenario(f"Check {rows:,}", CHECK, rows, lambda traffic: traffic.check(rows))


def scrub(rows: int, *, omit_findings: bool = False) -> Scenario:
    """Describe a Scrub of so many numbers."""
    name = f"Scrub {rows:,}" + (", omit_findings" if omit_findings else "")
    return Scenario(name, SCRUB, rows, lambda traffic: traffic.scrub(rows, omit_findings=omit_findings))


def add(rows: int) -> Scenario:
    """Describe an AddEntries of so many entries."""
    return Scenario(f"AddEntries {rows:,}", ADD, rows, lambda traffic: traffic.add(rows))
