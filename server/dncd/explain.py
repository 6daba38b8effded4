"""The explanation of one address for a person: every rule considered, what each found, in sentences."""

from dataclasses import dataclass
from datetime import UTC, datetime

from dncd.catalog import Catalog
from dncd.check import Batch, Decision
from dncd.nouns import Channel, Rule, Source
from dncd.policies import Compiled
from dncd.records import NEVER_MS
from dncd.screens import Screen

_SAID_BY = {
    Source.AGENT: "the person told an agent",
    Source.IVR: "the person told the voice menu",
    Source.BOT: "the person told a bot",
    Source.INBOUND_MESSAGE: "the person wrote it",
    Source.IMPORT: "from an import",
    Source.API: "from another system",
    Source.CONSOLE: "entered by hand",
    Source.WORKFLOW: "by a workflow",
}
_OPT_IN_SENTENCE = {
    Rule.OPT_IN_NOT_SENT: "No opt-in request was sent yet; claim it and send it first.",
    Rule.OPT_IN_SENT: "The opt-in request was sent and not answered.",
    Rule.OPT_IN_REJECTED: "The person refused the opt-in.",
}


@dataclass(frozen=True, slots=True)
class Considered:
    """One rule that was looked at; `finding` is the index of what it found in the decision, or None."""

    rule: Rule
    subject: str
    sentence: str
    finding: int | None = None


def considered(catalog: Catalog, policy: Compiled, batch: Batch, decision: Decision) -> list[Considered]:
    """Return every rule of the policy for a batch of one, in the order of evaluation, also those that found nothing."""
    findings = decision.findings
    if len(findings) and findings["rule"][0] == Rule.ADDRESS:
        return [Considered(Rule.ADDRESS, "", "This is not an address that the channel can reach.", 0)]
    rules = [Considered(Rule.ADDRESS, "", "The address is one that the channel can reach.")]
    for label_id, label in catalog.labels.items():
        if policy.honoured[batch.channel][label_id]:
            rules += _entry_rules(label_id, label.name, decision)
    rules.append(_opt_in_rule(policy, batch.channel, decision))
    if batch.phones is not None:
        rules += _registry_rules(decision)
    return rules


def _entry_rules(label_id: int, name: str, decision: Decision) -> list[Considered]:
    findings = decision.findings
    hits = [
        index
        for index in range(len(findings))
        if findings["rule"][index] == Rule.ENTRY and findings["label"][index] == label_id
    ]
    if not hits:
        return [Considered(Rule.ENTRY, name, f"Nothing in force stands under {name}.")]
    return [Considered(Rule.ENTRY, name, _entry_sentence(name, decision, index), index) for index in hits]


def _entry_sentence(name: str, decision: Decision, index: int) -> str:
    finding = decision.findings[index]
    until = "" if finding["expires_at_ms"] == NEVER_MS else f" until {day(int(finding['expires_at_ms']))}"
    said = _SAID_BY[Source(finding["source"])]
    shadow = " (reported only: the policy is in SHADOW mode)" if finding["shadow"] else ""
    return f"Stands under {name} since {day(int(finding['recorded_at_ms']))}{until}: {said}{shadow}."


def _opt_in_rule(policy: Compiled, channel: Channel, decision: Decision) -> Considered:
    for index, rule in enumerate(decision.findings["rule"].tolist()):
        if rule in _OPT_IN_SENTENCE:
            return Considered(Rule(rule), "opt-in", _OPT_IN_SENTENCE[Rule(rule)], index)
    asked = policy.asks_opt_in(channel)
    sentence = "The person accepted the opt-in." if asked else f"The policy asks no opt-in for {channel.name}."
    return Considered(Rule.OPT_IN_NOT_SENT, "opt-in", sentence)


def _registry_rules(decision: Decision) -> list[Considered]:
    findings = decision.findings
    places = findings["screen"].tolist()
    rules = []
    for place, screen in enumerate(decision.screens):
        hits = [index for index, each in enumerate(places) if each == place]
        name = screen.required.name
        rules += [_registry_rule(screen, Rule(findings["rule"][index]), index) for index in hits]
        if not hits:
            rules.append(Considered(Rule.REGISTRY, name, f"Not on {_list_of(screen)}, or none of its numbers."))
    for index, rule in enumerate(findings["rule"].tolist()):
        if rule == Rule.REGISTRY_NOT_COVERED and places[index] < 0:
            sentence = "No registry of the policy speaks about this number."
            rules.append(Considered(Rule.REGISTRY_NOT_COVERED, "", sentence, index))
    return rules


def _registry_rule(screen: Screen, rule: Rule, index: int) -> Considered:
    listed = _list_of(screen)
    sentences = {
        Rule.REGISTRY: f"Stands on {listed}.",
        Rule.REGISTRY_NOT_COVERED: f"Not covered by {listed}, or not by what the account may rely on of it.",
        Rule.REGISTRY_STALE: f"Older than the {screen.required.max_age_days} days that the policy allows: {listed}.",
        Rule.REGISTRY_MISSING: f"No list of {screen.required.name} is in force, or its files are gone.",
    }
    return Considered(rule, screen.required.name, sentences[rule], index)


def _list_of(screen: Screen) -> str:
    listed = screen.in_force
    if listed is None:
        return screen.required.name
    return f"the {screen.required.name} list of {listed.list_date.isoformat()} (snapshot {listed.snapshot_id})"


def day(time_ms: int) -> str:
    """Write a time as people read it, in UTC."""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
