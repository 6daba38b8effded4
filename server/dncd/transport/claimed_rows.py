"""Rows of a batch one by one, as claims see them: what an attempt on each is counted by, and some rows alone."""

from collections.abc import Sequence
from dataclasses import replace

from dncd.addresses import Target
from dncd.attempts import count_keys
from dncd.batch import Batch
from dncd.nouns import AttemptScope
from dncd.storage.keys import Kind
from dncd.transport.addresses import address_text


def counted_by(batch: Batch, row: int) -> tuple[Target, str, str]:
    """Return what an attempt on a row is counted by: its address, contact and debt."""
    kind = Kind.EMAIL if batch.phones is None else Kind.PHONE
    contacts, debts = batch.contact_ids, batch.debt_ids
    return Target(kind, address_text(batch, row)), contacts[row] if contacts else "", debts[row] if debts else ""


def keys_of(account_id: int, batch: Batch, row: int) -> dict[AttemptScope, bytes]:
    """Return the keys that an attempt on a row is counted under."""
    return count_keys(account_id, *counted_by(batch, row))


def part_of(batch: Batch, rows: Sequence[int]) -> Batch:
    """Return some rows of a batch."""
    columns = {
        name: [column[row] for row in rows]
        for name in ("emails", "time_zones", "postal_codes", "contact_ids", "debt_ids")
        if (column := getattr(batch, name))
    }
    phones = None if batch.phones is None else batch.phones[rows]
    return replace(batch, faults=batch.faults[rows], phones=phones, **columns)  # type: ignore[arg-type]  # columns of texts
