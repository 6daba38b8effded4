"""Findings, verdicts and events as sentences that a person understands."""

from collections.abc import Callable
from typing import Any

from google.protobuf.message import Message

from donotcontact.cli.nouns import (
    ADDRESS_FAULT,
    CHANNEL,
    OPT_IN_STATUS,
    REMOVAL_REASON,
    ROLE,
    RULE,
    SOURCE,
    VERDICT,
    option_name,
    short_name,
    time_of,
)
from donotcontact.v1.core_pb2 import Evidence
from donotcontact.v1.entry_pb2 import Label
from donotcontact.v1.event_pb2 import Event
from donotcontact.v1.verdict_pb2 import AddressFault, Finding, Rule, Verdict

SAID = {
    "AGENT": "said to an agent",
    "IVR": "said to the voice menu",
    "BOT": "said to a bot",
    "INBOUND_MESSAGE": "written by the person in a message",
    "IMPORT": "from an imported file",
    "API": "from another system",
    "CONSOLE": "added by hand",
    "WORKFLOW": "added by a workflow",
}
FAULTS = {
    AddressFault.ADDRESS_FAULT_EMPTY: "there is no address",
    AddressFault.ADDRESS_FAULT_TOO_LONG: "longer than any address",
    AddressFault.ADDRESS_FAULT_NOT_AN_ADDRESS: "neither a phone number nor an e-mail address",
    AddressFault.ADDRESS_FAULT_REGION_MISSING: "a number without a country; write it with + or give --region",
    AddressFault.ADDRESS_FAULT_NOT_A_POSSIBLE_NUMBER: "no phone number can look like this",
    AddressFault.ADDRESS_FAULT_ROUNDED_BY_SPREADSHEET: "rounded by a spreadsheet; its last digits are lost",
    AddressFault.ADDRESS_FAULT_SHORT_NUMBER: "a short code or an emergency number",
    AddressFault.ADDRESS_FAULT_SEVERAL_ADDRESSES: "several addresses in one field",
    AddressFault.ADDRESS_FAULT_EMAIL_SYNTAX: "not the form of an e-mail address",
    AddressFault.ADDRESS_FAULT_WRONG_CHANNEL: "an address that this channel does not reach",
    AddressFault.ADDRESS_FAULT_NOT_ONE_ADDRESS: "a prefix or a domain, not one address",
    AddressFault.ADDRESS_FAULT_TOO_MANY_SLOW_ROWS: "not read: too many unusual spellings; write it as +14155550123",
}
OPT_IN_REASONS: dict[int, str] = {
    Rule.RULE_OPT_IN_NOT_SENT: "no opt-in request was sent to this number yet",
    Rule.RULE_OPT_IN_SENT: "the opt-in request is unanswered{since}",
    Rule.RULE_OPT_IN_REJECTED: "the person refused texts{on}",
}
REGISTRY_REASONS: dict[int, str] = {
    Rule.RULE_REGISTRY: "on {}",
    Rule.RULE_REGISTRY_NOT_COVERED: "not covered by {} for this account",
    Rule.RULE_REGISTRY_STALE: "{} is older than the policy allows",
    Rule.RULE_REGISTRY_MISSING: "{} has no list in force",
}
STYLES = {"ALLOW": "green", "BLOCK": "bold red", "INVALID": "magenta", "OPT_IN_REQUIRED": "yellow", "DEFER": "yellow"}
PERMITTING = "ALLOW"


def verdict_name(verdict: int) -> str:
    """Return the verdict's name; UNKNOWN_9 for one that this version does not know, which does not permit."""
    return short_name(VERDICT, verdict)


def verdict_style(name: str) -> str:
    """Return the colour of a verdict; red for every one that is not known."""
    return STYLES.get(name, "red")


def finding_sentence(finding: Finding) -> str:
    """Say one reason, without its verdict."""
    sentence = _reason(finding, f" since {time_of(finding.recorded_at):%Y-%m-%d}" if _is_recorded(finding) else "")
    if finding.expires_at.seconds:
        sentence += f", until {time_of(finding.expires_at):%Y-%m-%d}"
    return f"reported only (shadow): {sentence}" if finding.shadow else sentence


def finding_kind(finding: Finding) -> str:
    """Say one reason without its dates, so that reasons can be counted."""
    sentence = _reason(finding, "")
    return f"reported only (shadow): {sentence}" if finding.shadow else sentence


def findings_line(verdict: int, findings: list[Finding]) -> str:
    """Say all reasons in one line, the strongest first."""
    if findings:
        return "; ".join(finding_sentence(finding) for finding in findings)
    return "" if verdict == Verdict.VERDICT_ALLOW else "the server gave no reason"


def row_sentence(verdict: int, findings: list[Finding]) -> str:
    """Say verdict and reasons, such as "BLOCK: under do-not-contact since 2026-11-03, said to an agent"."""
    reasons = findings_line(verdict, findings)
    return f"{verdict_name(verdict)}: {reasons}" if reasons else verdict_name(verdict)


def evidence_line(evidence: Evidence) -> str:
    """Say what proves a change, in one line."""
    named = [("call", evidence.call_id), ("recording", evidence.recording)]
    named += [("campaign", evidence.campaign), ("reference", evidence.reference)]
    return ", ".join(f"{name} {value}" for name, value in named if value)


def event_sentence(event: Event) -> str:
    """Say what an event changed; one that this version does not know is named so."""
    kind = event.WhichOneof("change")
    tell = EVENT_SENTENCES.get(kind or "")
    return tell(getattr(event, kind)) if tell and kind else "a change that this version of dnc does not know"


def event_actor(event: Event) -> str:
    """Say who did it, and in which role."""
    role = option_name(ROLE, event.role) if event.role else ""
    return f"{event.actor} ({role})" if role and event.actor else event.actor or role


def channels_line(label: Label) -> str:
    """Say which channels a label covers."""
    return ", ".join(short_name(CHANNEL, channel) for channel in label.channels)


def _is_recorded(finding: Finding) -> bool:
    return finding.HasField("recorded_at") and finding.recorded_at.seconds > 0


def _reason(finding: Finding, since: str) -> str:
    if finding.rule == Rule.RULE_ENTRY:
        said = SAID.get(short_name(SOURCE, finding.source), "")
        covered = (
            f" as part of {finding.target}" if finding.target.startswith("@") or finding.target.endswith("*") else ""
        )
        return f"under {finding.label}{covered}{since}" + (f", {said}" if said else "")
    if finding.rule == Rule.RULE_ADDRESS:
        return FAULTS.get(finding.fault, f"address fault {short_name(ADDRESS_FAULT, finding.fault)}")
    if finding.rule in OPT_IN_REASONS:
        return OPT_IN_REASONS[finding.rule].format(since=since, on=since.replace(" since", " on"))
    if finding.rule in REGISTRY_REASONS:
        return _registry_reason(finding)
    return f"a rule that this version of dnc does not know ({short_name(RULE, finding.rule)})"


def _registry_reason(finding: Finding) -> str:
    registry = finding.registry
    if not registry.name:
        return "no registry of the policy speaks about this number"
    listed = f", list of {registry.list_date}" if registry.list_date else ""
    return f"{REGISTRY_REASONS[finding.rule].format(registry.name)}{listed}"


def _named(entries: list[Message]) -> str:
    labels = sorted({str(getattr(entry, "label", "")) for entry in entries})
    first = str(getattr(entries[0], "address", "")) if entries else "nothing"
    more = f" and {len(entries) - 1:,} more" if len(entries) > 1 else ""
    return f"{first}{more} under {', '.join(labels)}"


EVENT_SENTENCES: dict[str, Callable[[Any], str]] = {
    "entries_added": lambda change: (
        f"added {_named(list(change.entries))}, {SAID.get(short_name(SOURCE, change.entries[0].source), '')}"
        if change.entries
        else "added nothing"
    ),
    "entries_removed": lambda change: (
        f"removal asked for {_named(list(change.entries))}: {option_name(REMOVAL_REASON, change.reason)}"
    ),
    "entries_expired": lambda _: "tidied away entries that had ended",
    "label_created": lambda change: f"created label {change.label.name} for {channels_line(change.label)}",
    "label_updated": lambda change: f"changed label {change.label.name}, now for {channels_line(change.label)}",
    "label_archived": lambda change: f"archived label {change.name}",
    "opt_in_set": lambda change: f"opt-in of {change.address} set to {short_name(OPT_IN_STATUS, change.status)}",
    "opt_in_claimed": lambda change: f"opt-in request to {change.address} claimed",
    "policy_applied": lambda change: f"applied policy {change.policy.name}",
    "policy_deleted": lambda change: f"deleted policy {change.name}",
    "account_created": lambda change: f"created account {change.name}",
    "token_created": lambda change: f"created token {change.name} for {option_name(ROLE, change.role)}",
    "token_revoked": lambda change: f"revoked token {change.token_id}",
    "registry_created": lambda change: f"created registry {change.registry.name}",
    "snapshot_imported": lambda change: (
        f"imported {change.snapshot.numbers:,} numbers of {change.snapshot.registry}, list of"
        f" {change.snapshot.list_date}, as snapshot {change.snapshot.id}"
    ),
    "snapshot_activated": lambda change: f"put snapshot {change.snapshot} of {change.registry} in force",
    "snapshot_pruned": lambda change: f"took snapshot {change.snapshot} of {change.registry} away",
    "coverage_granted": lambda change: (
        f"{change.account} may rely on {' '.join(change.prefixes) or 'nothing'} of {change.registry}"
    ),
    "requests_pruned": lambda _: "forgot old request ids",
}
