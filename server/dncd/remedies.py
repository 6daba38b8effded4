"""Remedies: what would change an answer, in sentences for a person."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from dncd.addresses import Fault
from dncd.catalog import Catalog
from dncd.check import Decision
from dncd.facts import NEVER_MS
from dncd.findings import Ground
from dncd.nouns import OWN_WORD, Rule, Verdict

_SENTENCES = {
    Rule.OPT_IN_NOT_SENT: "Claim the opt-in request, send it, and wait for the person's START.",
    Rule.OPT_IN_SENT: "Wait for the person's START.",
    Rule.OPT_IN_REJECTED: "The person must write START.",
    Rule.HOURS_NOT_COVERED: "Name a rule pack in the policy that speaks about where the person is.",
    Rule.ZONE_UNKNOWN: "Give the row's time_zone or postal_code, or correct the one that cannot be read.",
    Rule.CONTEXT_MISSING: "Give the row's contact_id or debt_id, by which the policy counts attempts.",
    Rule.REVIEW: "A person must decide what the message says (dnc review).",
}

_DEFERRED = {
    Rule.CALLING_HOURS: "The time outside of calling hours",
    Rule.REGION_CLOSED: "The closing of the region",
    Rule.ATTEMPT_LIMIT: "The wait for room under the limit",
    Rule.COOLDOWN: "The pause after the outcome",
}


def remedies(catalog: Catalog, decision: Decision, retry_at_ms: int) -> list[str]:
    """Return what would change the answer for a batch of one; empty where it is ALLOW. Each finding must end."""
    enforced = decision.findings[~decision.findings["shadow"]]
    said = [text for finding in enforced for text in _remedies_of(catalog, decision, finding)]
    if retry_at_ms:
        said.append(f"Ask again at {day(retry_at_ms)}, when it is open.")
    return list(dict.fromkeys(said))


def _remedies_of(catalog: Catalog, decision: Decision, finding: Any) -> Iterator[str]:
    rule = Rule(finding["rule"])
    if finding["lifted_by"] or finding["not_counted"]:
        return
    if finding["verdict"] == Verdict.PERMISSION_REQUIRED:
        yield "Ask the person, and record permission for this one send (dnc permit)."
    if finding["verdict"] == Verdict.DEFER:
        yield _waiting(decision, finding)
    if rule is Rule.ADDRESS:
        yield f"Correct the address: {Fault(finding['fault']).name}."
    elif rule is Rule.ENTRY:
        yield _entry(catalog, finding)
    elif finding["screen"] >= 0:
        yield from _registry(rule, decision, int(finding["screen"]))
    elif rule is Rule.REGISTRY_NOT_COVERED:
        yield "Name a registry in the policy that speaks about this number."
    elif rule in _SENTENCES:
        yield _SENTENCES[rule]


def _waiting(decision: Decision, finding: Any) -> str:
    ground = decision.grounds[finding["ground"]] if finding["ground"] >= 0 else Ground()
    if ground.pack and not ground.rule_id:
        return f"Have a server that has the rule pack {ground.pack}, or take it out of the policy."
    what = _DEFERRED[Rule(finding["rule"])]
    if not finding["retry_at_ms"]:
        return f"{what} does not end within 400 days."
    return f"{what} ends at {day(finding['retry_at_ms'])}."


def _entry(catalog: Catalog, finding: Any) -> str:
    label = catalog.labels[int(finding["label"])].name
    until = (
        "" if finding["expires_at_ms"] == NEVER_MS else f", or wait until it ends at {day(finding['expires_at_ms'])}"
    )
    if finding["source"] in OWN_WORD:
        return f"A MANAGER removes the entry under {label} with evidence that the person agreed again{until}."
    return f"A MANAGER removes the entry under {label} with a reason{until}."


def _registry(rule: Rule, decision: Decision, place: int) -> Iterator[str]:
    required = decision.screens[place].required
    name = required.name
    if rule is Rule.REGISTRY:
        kinds = " or ".join(kind.name for kind in sorted(required.lifted_by))
        yield f"Record a consent ({kinds}) that lifts {name}." if kinds else f"Nothing but a later list of {name}."
    elif rule is Rule.REGISTRY_NOT_COVERED:
        yield f"Import a list of {name} that covers the number, or have its area granted to the account."
    else:
        yield f"Import a current list of {name}."


def day(time_ms: int) -> str:
    """Write a time as people read it, in UTC."""
    return datetime.fromtimestamp(int(time_ms) / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
