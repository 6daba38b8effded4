"""What rows of one request see of the claims before them where no claim is refused: under a policy in SHADOW mode."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from dncd.batch import Batch, Moment
from dncd.kept_attempts import pack_claim
from dncd.nouns import Channel, Verdict
from dncd.storage.contract import Mask, Phones, Snapshot, Table
from dncd.transport.claimed_rows import keys_of, part_of
from dncd.transport.deciding import Answer, answer_at


def beside_claims(
    claimed: "ClaimedSnapshot", answer: Answer, batch: Batch, moment: Moment
) -> Iterator[tuple[int, Batch, Answer]]:
    """Claim every row that is ALLOW, in order; yield those that share anything with one before, decided beside that.

    Costs a decision for each of them.
    """
    for row in np.flatnonzero(answer.decision.verdicts == Verdict.ALLOW).tolist():
        keys = keys_of(answer.catalog.account_id, batch, row).values()
        if claimed.holds(keys):
            part = part_of(batch, [row])
            yield row, part, answer_at(claimed, answer.catalog, answer.policy, part, answer.position, moment)
        claimed.claim(keys)


class ClaimedSnapshot:
    """A snapshot with claims beside what is there, as if they had been written. It knows of no other change."""

    def __init__(self, snapshot: Snapshot, channel: Channel, now_ms: int, lease_ms: int) -> None:
        self._snapshot = snapshot
        self._fact = pack_claim(now_ms, now_ms + lease_ms, 0, 0, channel)
        self._claims: dict[bytes, bytes] = {}

    def claim(self, keys: Collection[bytes]) -> None:
        """Count one more attempt under some keys."""
        for key in keys:
            self._claims[key] = self._claims.get(key, b"") + self._fact

    def holds(self, keys: Collection[bytes]) -> bool:
        """Tell whether anything was claimed under any of some keys."""
        return not self._claims.keys().isdisjoint(keys)

    def get(self, table: Table, key: bytes) -> bytes | None:
        """Return the value of a key, with its claims."""
        return self._with_claims(table, key, self._snapshot.get(table, key))

    def get_many(self, table: Table, keys: Sequence[bytes]) -> list[bytes | None]:
        """Return the value of each key, with its claims."""
        values = self._snapshot.get_many(table, keys)
        return [self._with_claims(table, key, value) for key, value in zip(keys, values, strict=True)]

    def _with_claims(self, table: Table, key: bytes, value: bytes | None) -> bytes | None:
        if table is not Table.ATTEMPTS or key not in self._claims:
            return value
        return (value or b"") + self._claims[key]

    def scan(
        self, table: Table, prefix: bytes = b"", *, start: bytes | None = None, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Yield rows as they are, without claims."""
        return self._snapshot.scan(table, prefix, start=start, reverse=reverse)

    def count(self, table: Table) -> int:
        """Return the number of rows of a table, without claims."""
        return self._snapshot.count(table)

    def maybe_known_phones(self, account_id: int, phones: Phones) -> Mask:
        """Tell that every number may be known: who asks here asks about one that was claimed."""
        return np.ones(len(phones), dtype=np.bool_)

    def maybe_known(self, keys: Sequence[bytes]) -> Mask:
        """Tell that every key may be known."""
        return np.ones(len(keys), dtype=np.bool_)
