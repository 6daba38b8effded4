"""The decision: snapshot, policy, a column of addresses and a time in; verdicts and findings out.

A pure function over columns; one address is a batch of one. Rules only ever give findings, and the verdict of an
address is the strongest of its findings: so no answer lacks its reason, and no reason lacks its effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dncd.addresses import Fault, covering_domains
from dncd.catalog import Catalog
from dncd.findings import NO_FINDINGS, Bytes, Findings, Rows, blank
from dncd.nouns import PHONE_CHANNELS, STRENGTH, Channel, OptInStatus, Rule, Verdict
from dncd.policies import Compiled
from dncd.records import OPT_IN_LABEL, RECORD_BYTES, Records, join
from dncd.screens import Screen, screen_findings
from dncd.storage.contract import Phones, Snapshot, Table
from dncd.storage.keys import Kind, phone_keys, text_key

# Python 3.11 takes 0.15 us to read a member of an enum, and a check reads dozens: these are read once.
_ALLOW: Final = int(Verdict.ALLOW)
_BLOCK: Final = int(Verdict.BLOCK)
_ADDRESSES: Final = Table.ADDRESSES

# How weak each verdict is, by its number: what sorts the strongest first.
_WEAKNESS: Final = np.zeros(max(Verdict) + 1, dtype=np.uint8)
_WEAKNESS[list(reversed(STRENGTH))] = range(len(STRENGTH))

# What each opt-in status asks for by itself, by its number.
_OPT_IN_RULE: Final = np.zeros(max(OptInStatus) + 1, dtype=np.uint8)
_OPT_IN_RULE[OptInStatus.NOT_SENT] = Rule.OPT_IN_NOT_SENT
_OPT_IN_RULE[OptInStatus.SENT] = Rule.OPT_IN_SENT
_OPT_IN_RULE[OptInStatus.REJECTED] = Rule.OPT_IN_REJECTED


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment of contact in milliseconds since 1970 UTC, as two bounds where clocks disagree.

    What starts has started by `begins_ms`; what ends has ended by `ends_ms`. One event under a clock that ran ahead
    moves the journal's time for ever: what it says has begun, but nothing ends by it once the clock is right again.
    """

    begins_ms: int
    ends_ms: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A column of normalized addresses: numbers for a phone channel, texts for EMAIL.

    Where `faults` is not zero the row is no address, and its number 0 or its text empty.
    """

    channel: Channel
    faults: Bytes
    phones: Phones | None = None
    emails: Sequence[str] = ()

    def __post_init__(self) -> None:
        assert (self.phones is not None) == (self.channel in PHONE_CHANNELS), "the column fits the channel"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer for a batch, in its order.

    `findings` is sorted by row, the strongest first; `keys` and `screens` are the address keys and the screens that
    `findings["key"]` and `findings["screen"]` point into. `shadow_verdicts` is there for a policy in SHADOW mode only.
    """

    verdicts: Bytes
    findings: Findings
    keys: Sequence[bytes] = ()
    screens: Sequence[Screen] = ()
    shadow_verdicts: Bytes | None = None


def decide(snapshot: Snapshot, catalog: Catalog, policy: Compiled, batch: Batch, moment: Moment) -> Decision:
    """Decide a batch under a policy for a moment.

    The channel must be one of the policy's. Costs about 30 ns an address that nothing is known about, and 2 us
    for each one that something is known about.
    """
    found: list[Findings] = []
    if batch.faults.any():
        found.append(_address_findings(batch.faults))
    rows, keys, values = _look_up(snapshot, catalog, batch)
    if keys or policy.asks_opt_in(batch.channel):
        records, record_keys = _join(values)
        record_rows = rows[record_keys]
        if len(records):
            found.append(_entry_findings(policy, batch.channel, records, record_rows, record_keys, moment))
        if policy.asks_opt_in(batch.channel):
            found.append(_opt_in_findings(policy, batch, records, record_rows, record_keys))
    if policy.screens and batch.phones is not None:
        for findings in screen_findings(policy.screens, policy.policy, batch.phones, moment.begins_ms):
            findings["shadow"] = policy.shadow
            found.append(findings)
    findings, count = _sorted(found), len(batch.faults)
    if policy.shadow:
        enforced = findings[~findings["shadow"]]
        verdicts, shadow_verdicts = _verdicts(count, enforced), _verdicts(count, findings)
        return Decision(verdicts, findings, keys, policy.screens, shadow_verdicts)
    return Decision(_verdicts(count, findings), findings, keys, policy.screens)


def _look_up(snapshot: Snapshot, catalog: Catalog, batch: Batch) -> tuple[Rows, list[bytes], list[bytes]]:
    """Find what is known: for each value found its row, its address key, and the value."""
    if batch.phones is not None:
        rows, keys = _phone_keys(snapshot, catalog, batch.phones)
    else:
        rows, keys = _email_keys(snapshot, catalog, batch.emails)
    if not keys:
        return rows, keys, []
    values = snapshot.get_many(_ADDRESSES, keys)
    if None not in values:
        return rows, keys, values  # type: ignore[return-value]  # the line above is what mypy cannot see
    kept = [index for index, value in enumerate(values) if value is not None]
    return rows[kept], [keys[index] for index in kept], [value for value in values if value is not None]


def _phone_keys(snapshot: Snapshot, catalog: Catalog, phones: Phones) -> tuple[Rows, list[bytes]]:
    # The index may flag 0, which stands for a row that is no address; no row of the table has that key.
    rows = np.flatnonzero(snapshot.maybe_known_phones(catalog.account_id, phones))
    keys = phone_keys(catalog.account_id, phones[rows]) if len(rows) else []
    for covered, prefix_keys in catalog.covering_prefixes(phones):
        rows = np.concatenate([rows, covered])
        keys += prefix_keys
    return rows, keys


def _email_keys(snapshot: Snapshot, catalog: Catalog, emails: Sequence[str]) -> tuple[Rows, list[bytes]]:
    account_id = catalog.account_id
    all_keys = [text_key(account_id, Kind.EMAIL, email) for email in emails]
    rows: list[int] = np.flatnonzero(snapshot.maybe_known(all_keys)).tolist()
    keys = [all_keys[row] for row in rows]
    if catalog.domains:
        for row, email in enumerate(emails):
            for domain in covering_domains(email) if email else ():
                if domain in catalog.domains:
                    rows.append(row)
                    keys.append(text_key(account_id, Kind.DOMAIN, domain))
    return np.array(rows, dtype=np.intp), keys


def _join(values: list[bytes]) -> tuple[Records, Rows]:
    """Join packed values into one column of records; tell for each record which value it comes from."""
    records = join(values)
    counts = np.fromiter(map(len, values), dtype=np.intp, count=len(values)) // RECORD_BYTES
    return records, np.repeat(np.arange(len(values)), counts)


def _address_findings(faults: Bytes) -> Findings:
    rows = np.flatnonzero(faults)
    findings = blank(rows, Rule.ADDRESS, Verdict.INVALID)
    findings["fault"] = faults[rows]
    return findings


def _entry_findings(
    policy: Compiled, channel: Channel, records: Records, rows: Rows, keys: Rows, moment: Moment
) -> Findings:
    honoured = policy.honoured[channel][records["label"]]
    active = (records["starts_at_ms"] <= moment.begins_ms) & (moment.ends_ms < records["expires_at_ms"])
    hits = np.flatnonzero(honoured & active)
    findings = blank(rows[hits], Rule.ENTRY, _BLOCK)
    if policy.shadow:
        findings["shadow"] = ~policy.enforced[channel][records["label"][hits]]
    _copy_records(findings, records[hits])
    findings["key"] = keys[hits]
    return findings


def _opt_in_findings(policy: Compiled, batch: Batch, records: Records, rows: Rows, keys: Rows) -> Findings:
    """Find the rows whose person did not accept; a row without a record is NOT_SENT."""
    known = np.flatnonzero(records["label"] == OPT_IN_LABEL)
    status = np.full(len(batch.faults), OptInStatus.NOT_SENT, dtype=np.uint8)
    status[rows[known]] = records["status"][known]
    record_of = np.full(len(batch.faults), -1, dtype=np.intp)
    record_of[rows[known]] = known
    asked = np.flatnonzero((status != OptInStatus.ACCEPTED) & (batch.faults == Fault.NONE))
    findings = blank(asked, Rule.OPT_IN_NOT_SENT, Verdict.OPT_IN_REQUIRED)
    findings["rule"] = _OPT_IN_RULE[status[asked]]
    findings["verdict"][status[asked] != OptInStatus.NOT_SENT] = _BLOCK
    findings["shadow"] = policy.shadow
    recorded = np.flatnonzero(record_of[asked] >= 0)
    of_record = record_of[asked[recorded]]
    part = findings[recorded]
    _copy_records(part, records[of_record])
    part["label"] = 0
    part["key"] = keys[of_record]
    findings[recorded] = part
    return findings


def _copy_records(findings: Findings, records: Records) -> None:
    for name in ("label", "source", "recorded_at_ms", "expires_at_ms", "position"):
        findings[name] = records[name]


def _sorted(found: list[Findings]) -> Findings:
    """Sort by row, then the strongest first, then by rule."""
    if not found:
        return NO_FINDINGS
    if len(found) == 1 and _one_for_each_row(found[0]):
        return found[0]
    findings = np.concatenate(found)
    order = np.lexsort((findings["rule"], _WEAKNESS[findings["verdict"]], findings["row"]))
    return findings[order]


def _one_for_each_row(findings: Findings) -> bool:
    rows = findings["row"]
    return bool((rows[1:] > rows[:-1]).all())


def _verdicts(count: int, findings: Findings) -> Bytes:
    verdicts = np.full(count, _ALLOW, dtype=np.uint8)
    if len(findings):
        # Each row's strongest finding comes first, so it is written last, and numpy keeps the last.
        verdicts[findings["row"][::-1]] = findings["verdict"][::-1]
    return verdicts
