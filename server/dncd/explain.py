"""The explanation of one address for a person: every rule considered, what each found, in sentences."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dncd.batch import Batch
from dncd.bounds import Bound
from dncd.catalog import Catalog
from dncd.check import Decision
from dncd.facts import NEVER_MS
from dncd.findings import Ground
from dncd.locating import locate
from dncd.nouns import AttemptScope, Channel, ConsentKind, NotCounted, Rule, Source
from dncd.policies import Compiled
from dncd.remedies import day
from dncd.rules.pack import HoursRule
from dncd.rules.place import NOWHERE, Place
from dncd.rules.sentences import sentence
from dncd.screens import Listed, Screen, Unopened
from dncd.storage.contract import Phones

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


def place_of(catalog: Catalog, batch: Batch) -> Place:
    """Return where the address of a batch of one may be."""
    if batch.phones is None:
        return NOWHERE
    located = locate(catalog.book.places, batch.phones, batch.time_zones, batch.postal_codes)
    return next(place for place, _ in located.groups())


def considered(catalog: Catalog, policy: Compiled, batch: Batch, decision: Decision) -> list[Considered]:
    """Return every rule of the policy for a batch of one, in the order of evaluation, also those that found nothing."""
    findings = decision.findings
    if len(findings) and findings["rule"][0] == Rule.ADDRESS:
        return [Considered(Rule.ADDRESS, "", "This is not an address that the channel can reach.", 0)]
    rules = [Considered(Rule.ADDRESS, "", "The address is one that the channel can reach.")]
    for label_id, label in catalog.labels.items():
        if policy.honoured[batch.channel][label_id]:
            rules += _entry_rules(label_id, label.name, decision)
    rules += _review_rules(decision)
    rules.append(_opt_in_rule(policy, batch.channel, decision))
    if batch.phones is not None:
        rules += _registry_rules(batch.phones, decision)
        rules += _region_rules(catalog, decision)
        rules += _hours_rules(catalog, policy, batch.channel, place_of(catalog, batch), decision)
    elif policy.policy.calling_hours:
        said = "Calling hours do not hold for e-mail: nothing of them is judged."
        rules.append(Considered(Rule.CALLING_HOURS, "", said))
    rules += _bound_rules(catalog, policy, batch, decision)
    return rules


def _with_rule(decision: Decision, *rules: Rule) -> list[int]:
    return [index for index, rule in enumerate(decision.findings["rule"].tolist()) if rule in rules]


def _entry_rules(label_id: int, name: str, decision: Decision) -> list[Considered]:
    hits = [index for index in _with_rule(decision, Rule.ENTRY) if decision.findings["label"][index] == label_id]
    if not hits:
        return [Considered(Rule.ENTRY, name, f"Nothing in force stands under {name}.")]
    return [Considered(Rule.ENTRY, name, _entry_sentence(name, decision, index), index) for index in hits]


def _entry_sentence(name: str, decision: Decision, index: int) -> str:
    finding = decision.findings[index]
    until = "" if finding["expires_at_ms"] == NEVER_MS else f" until {day(finding['expires_at_ms'])}"
    said = _SAID_BY[Source(finding["source"])]
    return f"Stands under {name} since {day(finding['recorded_at_ms'])}{until}: {said}{_shadow(decision, index)}."


def _shadow(decision: Decision, index: int) -> str:
    return " (reported only: the policy is in SHADOW mode)" if decision.findings["shadow"][index] else ""


def _review_rules(decision: Decision) -> Iterator[Considered]:
    for index in _with_rule(decision, Rule.REVIEW):
        finding = decision.findings[index]
        wrote = f"The person wrote what may be an opt-out at {day(finding['recorded_at_ms'])}"
        yield Considered(Rule.REVIEW, "review", f"{wrote}, and nobody has decided yet.", index)


def _opt_in_rule(policy: Compiled, channel: Channel, decision: Decision) -> Considered:
    for index in _with_rule(decision, *_OPT_IN_SENTENCE):
        rule = Rule(decision.findings["rule"][index])
        return Considered(rule, "opt-in", _OPT_IN_SENTENCE[rule], index)
    asked = policy.asks_opt_in(channel)
    accepted = "The person accepted the opt-in." if asked else f"The policy asks no opt-in for {channel.name}."
    return Considered(Rule.OPT_IN_NOT_SENT, "opt-in", accepted)


def _registry_rules(phones: Phones, decision: Decision) -> Iterator[Considered]:
    findings = decision.findings
    places = findings["screen"].tolist()
    for place, screen in enumerate(decision.screens):
        hits = [index for index, each in enumerate(places) if each == place]
        for index in hits:
            yield _registry_rule(screen, decision, index)
        if not hits:
            spoken = screen.scope.contains(phones).all()
            said = (
                f"Not on {_list_of(screen)}." if spoken else f"{screen.required.name} does not speak about this number."
            )
            yield Considered(Rule.REGISTRY, screen.required.name, said)
    for index in _with_rule(decision, Rule.REGISTRY_NOT_COVERED):
        if places[index] < 0:
            said = "No registry of the policy speaks about this number."
            yield Considered(Rule.REGISTRY_NOT_COVERED, "", said, index)


def _registry_rule(screen: Screen, decision: Decision, index: int) -> Considered:
    listed = _list_of(screen)
    rule = Rule(decision.findings["rule"][index])
    if not_counted := int(decision.findings["not_counted"][index]):
        return Considered(rule, screen.required.name, _not_counted(screen, not_counted), index)
    sentences = {
        Rule.REGISTRY: f"Stands on {listed}{_lifted(decision, index)}.",
        Rule.REGISTRY_NOT_COVERED: f"Not covered by {listed}, or not by what the account may rely on of it.",
        Rule.REGISTRY_STALE: f"Older than the {screen.required.max_age_days} days that the policy allows: {listed}.",
        Rule.REGISTRY_MISSING: _missing(screen),
    }
    return Considered(rule, screen.required.name, sentences[rule], index)


def _not_counted(screen: Screen, code: int) -> str:
    """Say why a match does not count as registered."""
    listed, required = _list_of(screen), screen.required
    why, lacking = screen.not_counted(code)
    if why is NotCounted.OTHER_CATEGORIES or lacking is None:
        asked = ", ".join(map(str, sorted(required.categories)))
        return f"Stands on {listed} for other categories than the policy asks for ({asked}): it does not count."
    return (
        f"Stands on {listed}, and not yet on that of {_dated(lacking)}:"
        f" it counts when it has been listed for {required.listed_days_min} days."
    )


def _missing(screen: Screen) -> str:
    if screen.unopened is None:
        return f"No list of {screen.required.name} is in force."
    listed = f"The {screen.required.name} list of {_dated(screen.unopened)}"
    if screen.unopened.pruned:
        return f"{listed} was in force then and was pruned since: what stood on it is not known any more."
    return f"{listed} is in force, and its files are damaged or gone."


def _lifted(decision: Decision, index: int) -> str:
    finding = decision.findings[index]
    if not finding["lifted_by"]:
        return ""
    kind = ConsentKind(finding["lifted_by"]).name
    until = "" if finding["expires_at_ms"] == NEVER_MS else f" until {day(finding['expires_at_ms'])}"
    return f"; a consent ({kind}) given at {day(finding['recorded_at_ms'])} lifts it{until}"


def _list_of(screen: Screen) -> str:
    listed = screen.in_force
    if listed is None:
        return screen.required.name
    return f"the {screen.required.name} list of {_dated(listed)}"


def _dated(listed: Listed | Unopened) -> str:
    return f"{listed.list_date.isoformat()} (snapshot {listed.snapshot_id})"


def _region_rules(catalog: Catalog, decision: Decision) -> Iterator[Considered]:
    hits = _with_rule(decision, Rule.REGION_CLOSED)
    for index in hits:
        finding = decision.findings[index]
        region = decision.grounds[finding["ground"]].region
        closed = next(each for each in catalog.closed if each.region == region)
        said = f"The account closed {region} until {day(closed.until_ms)}: {closed.reason}"
        yield Considered(Rule.REGION_CLOSED, region, said, index)
    if catalog.closed and not hits:
        yield Considered(Rule.REGION_CLOSED, "", "In no region that the account closed for this time.")


def _hours_rules(
    catalog: Catalog, policy: Compiled, channel: Channel, place: Place, decision: Decision
) -> Iterator[Considered]:
    findings = decision.findings
    closed = {decision.grounds[findings["ground"][i]].rule_id: i for i in _with_rule(decision, Rule.CALLING_HOURS)}
    lacking = [name for name in policy.policy.calling_hours if name not in catalog.book.packs]
    # Where the hours as a whole were not judged, no rule of them was found open.
    judged = not _with_rule(decision, Rule.HOURS_NOT_COVERED, Rule.ZONE_UNKNOWN)
    for rule in _hours_of(catalog, policy, channel, place):
        index = closed.get(rule.id)
        said = f"{sentence(rule)} ({rule.citation})"
        if index is None:
            yield Considered(Rule.CALLING_HOURS, rule.id, f"Open. {said}" if judged else f"Not judged. {said}")
        else:
            zone = decision.grounds[findings["ground"][index]].time_zone
            yield Considered(Rule.CALLING_HOURS, rule.id, f"Closed in {zone}. {said}{_opens(decision, index)}", index)
    for index in _with_rule(decision, Rule.HOURS_NOT_COVERED):
        said = "No rule of the policy's packs speaks about where the number may be."
        if lacking:
            said = f"This server has no rule pack {', '.join(lacking)}: without it nothing is open."
        yield Considered(Rule.HOURS_NOT_COVERED, "", said, index)
    for index in _with_rule(decision, Rule.ZONE_UNKNOWN):
        ground = findings["ground"][index]
        why = f": {decision.grounds[ground].citation}" if ground >= 0 else " of the number"
        yield Considered(Rule.ZONE_UNKNOWN, "", f"Nobody knows the time zone{why}.", index)


def _hours_of(catalog: Catalog, policy: Compiled, channel: Channel, place: Place) -> Iterator[HoursRule]:
    for name in policy.policy.calling_hours:
        for rule in catalog.book.packs[name].hours if name in catalog.book.packs else ():
            if rule.region in place.regions and channel in rule.channels and policy.policy.purpose in rule.purposes:
                yield rule


def _opens(decision: Decision, index: int) -> str:
    retry_at_ms = int(decision.findings["retry_at_ms"][index])
    return f" Opens at {day(retry_at_ms)}." if retry_at_ms else " Does not open within 400 days."


def _bound_rules(catalog: Catalog, policy: Compiled, batch: Batch, decision: Decision) -> Iterator[Considered]:
    place = place_of(catalog, batch)
    findings = decision.findings
    full = _with_rule(decision, Rule.ATTEMPT_LIMIT, Rule.COOLDOWN)
    for index in full:
        ground = decision.grounds[findings["ground"][index]]
        said = f"{_bound_sentence(ground)} {_stops(ground, findings[index])}{_opens(decision, index)}"
        if _is_lacking(ground):
            said = f"This server has no rule pack {ground.pack}: without it no attempt is allowed."
        yield Considered(Rule(findings["rule"][index]), ground.rule_id, said, index)
    for index in _with_rule(decision, Rule.CONTEXT_MISSING):
        said = "The policy counts attempts by contact or debt, and none was named."
        yield Considered(Rule.CONTEXT_MISSING, "", said, index)
    stopped = {_identity(decision.grounds[findings["ground"][index]]) for index in full}
    for bound in policy.bounds:
        ground = bound.ground(place)
        if _holds(bound, batch, place) and _identity(ground) not in stopped:
            rule = Rule.COOLDOWN if bound.after else Rule.ATTEMPT_LIMIT
            free = "Has room." if bound.after is None else "Nothing to wait for."
            room = free if _is_counted(bound, batch) else f"Not counted: no {bound.per.name.lower()} was named."
            yield Considered(rule, ground.rule_id, f"{_bound_sentence(ground)} {room}")


def _holds(bound: Bound, batch: Batch, place: Place) -> bool:
    return (not bound.channels or batch.channel in bound.channels) and bound.holds_in(place)


def _is_counted(bound: Bound, batch: Batch) -> bool:
    ids = {AttemptScope.CONTACT: batch.contact_ids, AttemptScope.DEBT: batch.debt_ids}
    return bound.per is AttemptScope.NUMBER or any(ids[bound.per])


def _is_lacking(ground: Ground) -> bool:
    """Tell whether a ground stands for a pack that this server does not have."""
    return bool(ground.pack) and not ground.rule_id


def _identity(ground: Ground) -> Ground:
    return ground._replace(attempts=0, time_zone="")


def _stops(ground: Ground, finding: Any) -> str:
    if ground.after is None:
        return f"Full with {ground.attempts}."
    return f"Waiting after the {ground.after.name.lower()} of {day(finding['recorded_at_ms'])}."


def _bound_sentence(ground: Ground) -> str:
    assert ground.per is not None, "what a bound rests on says what it counts by"
    per = ground.per.name.lower()
    only = f", on {', '.join(channel.name for channel in ground.channels)}" if ground.channels else ""
    only += f", in {', '.join(ground.regions)}" if ground.regions else ""
    cited = f" ({ground.citation})" if ground.citation else ""
    if ground.after is None:
        return f"At most {ground.max} attempts in {ground.per_hours} hours by {per}{only}{cited}."
    length = f"{ground.per_hours} hours" if ground.per_hours else f"{ground.days} calendar days, its own day included,"
    return f"None for {length} after {ground.after.name.lower()} by {per}{only}{cited}."
