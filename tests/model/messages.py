"""What the model says as messages of the contract, and what the server answers in the words of the model."""

import math
from typing import Any

from model.facts import EMAIL, RULE_CLOSED_REGION, SMS, Bound
from model.nouns import Finding, Policy, Row
from serving import in_ms, pb


def row_message(row: Row) -> Any:
    return pb.CheckRow(**vars(row))


def policy_message(name: str, policy: Policy) -> Any:
    message = pb.Policy(
        name=name,
        channels=policy.channels,
        purpose=policy.purpose,
        labels=policy.labels,
        mode=2 if policy.shadow else 1,
        registries=[
            pb.RequiredRegistry(name=each.name, max_age_days=each.max_age_days, lifted_by=each.lifted_by)
            for each in policy.registries
        ],
        unscreened=2 if policy.unscreened_blocks else 1,
        calling_hours=policy.hours,
        attempt_limits=[
            pb.AttemptLimit(max=bound.max, per_hours=bound.per_hours, **_where(bound)) for bound in policy.limits
        ],
        cooldowns=[
            pb.Cooldown(after=bound.after, hours=bound.hours, days=bound.days, **_where(bound))
            for bound in policy.cooldowns
        ],
        attempt_packs=policy.attempt_packs,
    )
    if policy.opt_in:
        message.require_opt_in.channels.append(SMS)
    if policy.permission:
        message.one_time_permission.channels.extend(policy.permission)
    return message


def _where(bound: Bound) -> dict[str, Any]:
    return {"regions": bound.regions, "per": bound.per, "channels": bound.channels}


def finding_of(message: Any) -> Finding:
    subject, citation = "", message.legal_rule.citation
    attempts: tuple[int, ...] = ()
    if message.HasField("registry"):
        subject = " ".join(filter(None, (message.registry.name, message.registry.list_date)))
    if message.HasField("legal_rule"):
        subject = message.legal_rule.id
        # Bounds may hold by several regions, so theirs is loose.
        if message.rule == RULE_CLOSED_REGION or not message.HasField("attempts"):
            subject += f" {message.legal_rule.region}"
    if message.HasField("attempts"):
        counted = message.attempts
        attempts = counted.attempts, counted.max, counted.per_hours, counted.per, counted.after, counted.days
        subject = message.legal_rule.id
    return Finding(
        message.rule,
        message.verdict,
        message.label,
        message.source,
        message.target,
        in_ms(message.recorded_at),
        end_of(message),
        message.event_position,
        message.shadow,
        subject,
        citation,
        in_ms(message.retry_at),
        attempts,
        message.HasField("lifted_by"),
        (frozenset(message.attempts.channels), frozenset(message.attempts.regions)),
        loose=_loose(message),
    )


def _loose(message: Any) -> frozenset[object]:
    if message.HasField("lifted_by"):
        lifting = message.lifted_by
        return frozenset({(lifting.kind, in_ms(lifting.given_at), end_of(lifting), lifting.event_position)})
    named = {message.legal_rule.time_zone}
    if message.HasField("attempts"):
        named.add(message.legal_rule.region)
    return frozenset(named - {""})


def end_of(message: Any) -> float:
    return in_ms(message.expires_at) if message.HasField("expires_at") else math.inf


def scrub_message(rows: list[Row], policy: str, channel: int, *, numbers: bool) -> Any:
    """Ask for a whole column, by texts or by numbers; what is no number is 0."""
    columns: dict[str, list[Any]] = {
        "time_zones": [row.time_zone for row in rows],
        "postal_codes": [row.postal_code for row in rows],
        "contact_ids": [row.contact_id for row in rows],
        "debt_ids": [row.debt_id for row in rows],
    }
    if numbers:
        assert channel != EMAIL, "mailboxes have no number"
        columns["phones"] = [int(row.address[1:]) if row.place.regions else 0 for row in rows]
    else:
        columns["addresses"] = [row.address for row in rows]
    return pb.ScrubRequest(policy=policy, channel=channel, **columns)


def column_findings(columns: Any) -> list[tuple[Any, ...]]:
    """Read the findings of a scrub, row by row; empty columns stand for nothing in any row."""
    count = len(columns.rows)

    def named(places: Any, names: Any) -> list[Any]:
        return [names[place] if place != 2**32 - 1 else None for place in places] or [None] * count

    registries = named(columns.registries, columns.registry_names)
    rules = named(columns.legal_rules, columns.legal_rule_names)
    return sorted(
        zip(
            columns.rows,
            columns.rules,
            columns.verdicts,
            [label or "" for label in named(columns.labels, columns.label_names)],
            columns.sources,
            [target or "" for target in named(columns.targets, columns.target_names)],
            columns.shadows,
            columns.retry_at_ms or [0] * count,
            [each.name if each else "" for each in registries],
            [each.id if each else "" for each in rules],
            [each.citation if each else "" for each in rules],
            [kind > 0 for kind in columns.lifted_by or [0] * count],
            strict=True,
        )
    )


def finding_columns(rows: list[list[Finding]]) -> list[tuple[Any, ...]]:
    """Say the findings of a model as `column_findings` reads those of a server."""
    return sorted(
        (
            index,
            each.rule,
            each.verdict,
            each.label,
            each.source,
            each.target if "*" in each.target or each.target.startswith("@") else "",
            each.shadow,
            each.retry_ms,
            each.subject.split(" ")[0] if each.citation == "" else "",
            each.subject.split(" ")[0] if each.citation else "",
            each.citation,
            each.lifted,
        )
        for index, findings in enumerate(rows)
        for each in findings
    )


def told(result: Any) -> tuple[int, int, frozenset[Finding]]:
    found = [finding_of(message) for message in result.findings]
    assert len(set(found)) == len(found), "no finding comes twice"
    return result.verdict, result.shadow_verdict, frozenset(found)
