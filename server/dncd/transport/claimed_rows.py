"""Rows of a batch one by one, as claims see them: what an attempt on each is counted by and limited by."""

from collections.abc import Sequence
from dataclasses import replace

from dncd.addresses import Target
from dncd.attempt_counts import Asked, resolve
from dncd.attempts import count_keys
from dncd.batch import Batch
from dncd.events import AttemptsReserved, ClaimedAttempt
from dncd.findings import Rows
from dncd.locating import Located, locate
from dncd.nouns import AttemptScope
from dncd.storage.keys import Kind
from dncd.transport.addresses import address_text
from dncd.transport.deciding import Answer


def counted_by(batch: Batch, row: int) -> tuple[Target, str, str]:
    """Return what an attempt on a row is counted by: its address, contact and debt."""
    kind = Kind.EMAIL if batch.phones is None else Kind.PHONE
    contacts, debts = batch.contact_ids, batch.debt_ids
    return Target(kind, address_text(batch, row)), contacts[row] if contacts else "", debts[row] if debts else ""


def keys_of(account_id: int, batch: Batch, row: int) -> dict[AttemptScope, bytes]:
    """Return the keys that an attempt on a row is counted under."""
    return count_keys(account_id, *counted_by(batch, row))


def claims_of(answer: Answer, batch: Batch, rows: Rows, now_ms: int, lease_ms: int) -> AttemptsReserved:
    """Build the claims of rows. A policy in SHADOW mode limits nothing, and its attempts count all the same."""
    bounds = () if answer.policy.shadow else answer.policy.bounds
    asked = Asked(
        channel=batch.channel,
        faults=batch.faults,
        rows=rows,
        keys=(),
        contact_ids=batch.contact_ids,
        debt_ids=batch.debt_ids,
        located=_located(answer, batch) if bounds else None,
        begins_ms=answer.contact_ms,
        ends_ms=now_ms,
    )
    resolved, judged_by = resolve(bounds, asked, rows)
    claimed = tuple(
        ClaimedAttempt(row, *counted_by(batch, row), limits_of_row)
        for row, limits_of_row in zip(rows.tolist(), judged_by, strict=True)
    )
    return AttemptsReserved(batch.channel, lease_ms, resolved, claimed)


def _located(answer: Answer, batch: Batch) -> Located | None:
    if answer.decision.located is not None or batch.phones is None:
        return answer.decision.located
    return locate(answer.catalog.book.places, batch.phones, batch.time_zones, batch.postal_codes)


def part_of(batch: Batch, rows: Sequence[int]) -> Batch:
    """Return some rows of a batch."""
    columns = {
        name: [column[row] for row in rows]
        for name in ("emails", "time_zones", "postal_codes", "contact_ids", "debt_ids")
        if (column := getattr(batch, name))
    }
    phones = None if batch.phones is None else batch.phones[rows]
    return replace(batch, faults=batch.faults[rows], phones=phones, **columns)  # type: ignore[arg-type]  # columns of texts
