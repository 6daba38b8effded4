"""dncd beside what people would use instead: same numbers, same machine, one run, turn by turn.

Every peer holds the same entries and a part of the same register, as large as suits its memory. All are asked the same
numbers, on which they agree: a peer that answers otherwise ends the run. A peer's own time as a client counts.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from load import Turn, repeated
from national import Imported, PeerTraffic
from peer import Held, Peer, PeerMissing
from peers_dncd import CheckRaw, ScrubClient, ScrubRaw
from peers_postgres import postgres
from peers_redis import redis
from peers_set import set_server
from rounds import percentiles, spread
from servers import Server
from traffic import Numbers, entries

BATCHES: Final = (1, 10, 100, 1_000, 10_000)
_BATCHES_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many numbers of the register each peer holds, and how long it is measured, with how many numbers a turn."""

    redis: int
    postgres: int
    plain_set: int
    rounds: int
    turn_s: float
    rows_max: int = 600_000

    @property
    def common(self) -> int:
        """Return how many numbers of the register all peers hold."""
        return min(self.redis, self.postgres, self.plain_set)


def measure(
    server: Server, register: Imported, entries_total: int, sizes: Sizes, folder: Path, seed: int
) -> dict[str, Any]:
    """Ask dncd and its peers in turns; return rows for each of them and size of batch, and who was missing."""
    sample = register.file.sample
    internal = entries(np.arange(entries_total))
    missing: list[str] = []
    with ExitStack() as stack:
        peers: list[Peer] = [peer(server, register.file.numbers) for peer in (ScrubClient, ScrubRaw, CheckRaw)]
        for start, count in ((set_server, sizes.plain_set), (redis, sizes.redis), (postgres, sizes.postgres)):
            held = Held(np.asarray(sample[:count]), internal)
            peers += _started(stack, start, held, folder / f"peer-{start.__name__}", missing)
        traffic = PeerTraffic(entries_total, seed, register, sizes.common)
        turns = _rounds(peers, traffic, sizes)
    return {"missing": missing, "rows": _rows(peers, turns), "common": sizes.common, "rounds": sizes.rounds}


def _started(
    stack: ExitStack,
    start: Callable[[Held, Path], Any],
    held: Held,
    folder: Path,
    missing: list[str],
) -> list[Peer]:
    """Start what serves a peer; where it is not installed, say so and go on without."""
    print(f"starting {start.__name__} with {len(held.register):,} numbers", flush=True)
    folder.mkdir(exist_ok=True)
    try:
        found: list[Peer] = stack.enter_context(start(held, folder))
    except PeerMissing as error:
        print(f"skipped: {error}", flush=True)
        missing.append(str(error))
        return []
    return found


Turns = dict[tuple[str, int], list[Turn]]


def _rounds(peers: list[Peer], traffic: PeerTraffic, sizes: Sizes) -> Turns:
    turns: Turns = {(peer.name, rows): [] for peer in peers for rows in BATCHES if rows <= peer.rows_max}
    for number in range(sizes.rounds):
        print(f"peers, round {number + 1} of {sizes.rounds}", flush=True)
        for rows in BATCHES:
            batches = [traffic.mixed(rows) for _ in range(max(4, min(_BATCHES_MAX, sizes.rows_max // rows)))]
            asked = [peer for peer in peers if rows <= peer.rows_max]
            _agree(asked, batches[0])
            # Who comes first changes with the round.
            for peer in asked[number % len(asked) :] + asked[: number % len(asked)]:
                prepared = [peer.prepare(batch) for batch in batches]
                turns[peer.name, rows].append(repeated(peer.ask, prepared, sizes.turn_s, peer.cpu_s))
    return turns


def _agree(peers: list[Peer], batch: Numbers) -> None:
    """Make sure that all peers give the same answer: else they were not asked the same."""
    first, *others = [peer for peer in peers if peer.decides]
    expected = first.blocked(first.ask(first.prepare(batch)))
    for peer in others:
        if not np.array_equal(expected, peer.blocked(peer.ask(peer.prepare(batch)))):
            raise RuntimeError(f"{peer.name} does not answer as {first.name} does")


def _rows(peers: list[Peer], turns: Turns) -> list[dict[str, Any]]:
    return [
        {
            "peer": peer.name,
            "holds": peer.holds,
            "rows": rows,
            "calls": sum(turn.calls for turn in turns[peer.name, rows]),
            **percentiles(turns[peer.name, rows]),
            "cpu_us_per_call": sum(turn.cpu_s for turn in turns[peer.name, rows])
            * 1e6
            / sum(turn.calls for turn in turns[peer.name, rows]),
            "ratios": {base: _ratio(turns, peer.name, base, rows) for base in (ScrubClient.name, ScrubRaw.name)},
        }
        for peer in peers
        for rows in BATCHES
        if rows <= peer.rows_max
    ]


def _ratio(turns: Turns, name: str, base: str, rows: int) -> dict[str, float]:
    """Return how many times as long as `base` a peer took, round by round."""
    pairs = zip(turns[name, rows], turns[base, rows], strict=True)
    return spread([turn.p50_us / other.p50_us for turn, other in pairs])
