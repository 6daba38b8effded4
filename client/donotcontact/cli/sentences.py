"""Findings and verdicts as sentences that a person understands."""

from collections.abc import Sequence
from datetime import datetime

from donotcontact.cli.eventwords import SAID, event_sentence
from donotcontact.cli.nouns import (
    ADDRESS_FAULT,
    ATTEMPT_OUTCOME,
    ATTEMPT_SCOPE,
    CHANNEL,
    CONSENT_KIND,
    RULE,
    SOURCE,
    VERDICT,
    enum_number,
    local_words,
    short_name,
    time_of,
    words,
)
from donotcontact.v1.core_pb2 import AttemptOutcome
from donotcontact.v1.verdict_pb2 import (
    AddressFault,
    AttemptCount,
    Finding,
    LegalRule,
    NotCounted,
    RegistryRef,
    Rule,
    Verdict,
)

__all__ = [
    "OPT_IN_REASONS",
    "RULE_WORDS",
    "event_sentence",
    "fault_words",
    "finding_kind",
    "finding_sentence",
    "findings_line",
    "opening_words",
    "row_sentence",
    "rule_words",
    "verdict_name",
    "verdict_style",
]

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
LEGAL_REASONS: dict[int, str] = {
    Rule.RULE_CALLING_HOURS: "outside of calling hours",
    Rule.RULE_REGION_CLOSED: "{region} is closed by this account",
    Rule.RULE_ATTEMPT_LIMIT: "as many attempts as are allowed",
    Rule.RULE_COOLDOWN: "a pause{length} after {after}",
}
AFTER: dict[int, str] = {
    AttemptOutcome.ATTEMPT_OUTCOME_CONVERSATION: "a conversation",
    AttemptOutcome.ATTEMPT_OUTCOME_ABANDONED: "an abandoned call",
}
PLAIN_REASONS: dict[int, str] = {
    Rule.RULE_HOURS_NOT_COVERED: "no rule of the policy's packs speaks about where the person may be",
    Rule.RULE_ZONE_UNKNOWN: "nobody knows the time zone of the number; give the row's own",
    Rule.RULE_CONTEXT_MISSING: "attempts are counted by contact or debt, and the row names none",
    Rule.RULE_REVIEW: "the person wrote what may be an opt-out, and nobody has decided yet",
}
RULE_WORDS = {
    "ADDRESS": "not an address that the channel can reach",
    "ENTRY": "under a label",
    "OPT_IN_NOT_SENT": "no opt-in request was sent yet",
    "OPT_IN_SENT": "the opt-in request is unanswered",
    "OPT_IN_REJECTED": "texts were refused",
    "REGISTRY": "on a registry",
    "REGISTRY_NOT_COVERED": "not covered by a registry",
    "REGISTRY_STALE": "the list is too old",
    "REGISTRY_MISSING": "no list in force",
    "CALLING_HOURS": "outside of calling hours",
    "HOURS_NOT_COVERED": "no rule speaks about the place",
    "ZONE_UNKNOWN": "the time zone is not known",
    "REGION_CLOSED": "the region is closed",
    "ATTEMPT_LIMIT": "as many attempts as are allowed",
    "COOLDOWN": "a pause after an outcome",
    "CONTEXT_MISSING": "no contact or debt to count by",
    "REVIEW": "a message waits for a decision",
}
REGIONS_SHOWN_MAX = 5
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
    if finding.attempts.max:
        sentence += f": {_count(finding.attempts)}"
    if finding.expires_at.seconds:
        sentence += f", until {time_of(finding.expires_at):%Y-%m-%d}"
    if finding.HasField("retry_at"):
        sentence += f", until {local_words(time_of(finding.retry_at), finding.legal_rule.time_zone)}"
    return _reported(finding, sentence)


def finding_kind(finding: Finding) -> str:
    """Say one reason without its dates and counts, so that reasons can be counted."""
    return _reported(finding, _reason(finding, ""))


def rule_words(rule: str) -> str:
    """Say what a rule of the contract is, by its name, such as "outside of calling hours" for CALLING_HOURS."""
    return RULE_WORDS.get(rule, rule.lower().replace("_", " "))


def fault_words(fault: str) -> str:
    """Say what is wrong with an address, by the name of the fault in the contract."""
    number = enum_number(ADDRESS_FAULT, fault)
    return FAULTS.get(AddressFault.ValueType(number), fault) if number else fault


def opening_words(moment: datetime, findings: Sequence[Finding]) -> str:
    """Say when an address opens, in the time zone of the rule that keeps it closed longest."""
    waiting = [finding for finding in findings if finding.HasField("retry_at") and finding.legal_rule.time_zone]
    longest = max(waiting, key=lambda finding: finding.retry_at.ToNanoseconds(), default=Finding())
    return local_words(moment, longest.legal_rule.time_zone)


def findings_line(verdict: int, findings: list[Finding]) -> str:
    """Say all reasons in one line, the strongest first."""
    if findings:
        return "; ".join(finding_sentence(finding) for finding in findings)
    return "" if verdict == Verdict.VERDICT_ALLOW else "the server gave no reason"


def row_sentence(verdict: int, findings: list[Finding]) -> str:
    """Say verdict and reasons, such as "BLOCK: under do-not-contact since 2026-11-03, said to an agent"."""
    reasons = findings_line(verdict, findings)
    return f"{verdict_name(verdict)}: {reasons}" if reasons else verdict_name(verdict)


def _reported(finding: Finding, sentence: str) -> str:
    return f"reported only (shadow): {sentence}" if finding.shadow else sentence


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
    return _rule_reason(finding, since)


def _rule_reason(finding: Finding, since: str) -> str:
    if finding.rule == Rule.RULE_ZONE_UNKNOWN and finding.legal_rule.citation:
        return f"nobody knows the time zone: {finding.legal_rule.citation}"
    if finding.rule in PLAIN_REASONS:
        return PLAIN_REASONS[finding.rule]
    if finding.rule in LEGAL_REASONS:
        said = LEGAL_REASONS[finding.rule].format(
            region=finding.legal_rule.region, length=_length(finding.attempts), after=_after(finding, since)
        )
        return said + _quoted(finding.legal_rule)
    return f"a rule that this version of dnc does not know ({short_name(RULE, finding.rule)})"


def _registry_reason(finding: Finding) -> str:
    registry = finding.registry
    if not registry.name:
        return "no registry of the policy speaks about this number"
    listed = f", list of {registry.list_date}" if registry.list_date else ""
    return f"{REGISTRY_REASONS[finding.rule].format(registry.name)}{listed}{_lifted(finding)}{_not_counted(registry)}"


def _not_counted(registry: RegistryRef) -> str:
    if registry.not_counted == NotCounted.NOT_COUNTED_JOINED_LATELY:
        return f"; it does not count yet, and is not on the list of {registry.lacking_list_date}"
    if registry.not_counted == NotCounted.NOT_COUNTED_OTHER_CATEGORIES:
        return "; it does not count, since it is listed for other categories"
    return "; it does not count" if registry.not_counted else ""


def _lifted(finding: Finding) -> str:
    if not finding.HasField("lifted_by"):
        return ""
    consent = finding.lifted_by
    given = f" of {time_of(consent.given_at):%Y-%m-%d}" if consent.HasField("given_at") else ""
    ends = f" until {time_of(consent.expires_at):%Y-%m-%d}" if consent.HasField("expires_at") else ""
    return f"; lifted by consent ({words(CONSENT_KIND, consent.kind)}{given}{ends})"


def _quoted(rule: LegalRule) -> str:
    """Quote the rule, such as " (us-fl-hours: Fla. Stat. 501.616(6))"; nothing where the policy spells it out."""
    quoted = ": ".join(filter(None, [rule.id, rule.citation]))
    return f" ({quoted})" if quoted else ""


def _length(count: AttemptCount) -> str:
    if count.days:
        return f" of {count.days:,} calendar days"
    return f" of {count.per_hours:,} hours" if count.per_hours else ""


def _after(finding: Finding, since: str) -> str:
    after = AFTER.get(finding.attempts.after, words(ATTEMPT_OUTCOME, finding.attempts.after) or "an attempt")
    return after + since.replace(" since", " on") + _only(finding.attempts)


def _count(count: AttemptCount) -> str:
    window = f" in {count.per_hours:,} hours" if count.per_hours else ""
    by = words(ATTEMPT_SCOPE, count.per) or "number"
    return f"{count.attempts:,} of {count.max:,}{window} by {by}{_only(count)}"


def _only(count: AttemptCount) -> str:
    """Say where a limit or cool-down holds, such as ", on VOICE, in US-FL, US-MD, US-OK"; the first few of many."""
    channels = ", ".join(short_name(CHANNEL, channel) for channel in count.channels)
    more = len(count.regions) - REGIONS_SHOWN_MAX
    regions = ", ".join(count.regions[:REGIONS_SHOWN_MAX]) + (f" and {more:,} more" if more > 0 else "")
    return (f", on {channels}" if channels else "") + (f", in {regions}" if regions else "")
