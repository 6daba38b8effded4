"""Policies as messages."""

from typing import Any

from dncd import events
from dncd.nouns import AttemptOutcome, AttemptScope, Channel, ConsentKind, Mode, Purpose, Unscreened
from donotcontact.v1 import policy_pb2

# Plain integers pass for enums at run time.
_Policy: Any = policy_pb2


def policy_message(policy: events.Policy) -> policy_pb2.Policy:
    """Build the message of a policy."""
    message: policy_pb2.Policy = _Policy.Policy(
        name=policy.name,
        channels=sorted(policy.channels),
        purpose=policy.purpose,
        labels=policy.labels,
        require_opt_in=_channels(_Policy.RequireOptIn, policy.require_opt_in),
        mode=policy.mode,
        registries=map(_registry_message, policy.registries),
        unscreened=policy.unscreened if policy.unscreened is not Unscreened.UNSCREENED else 0,
        calling_hours=policy.calling_hours,
        attempt_limits=map(_limit_message, policy.attempt_limits),
        cooldowns=map(_cooldown_message, policy.cooldowns),
        attempt_packs=policy.attempt_packs,
        one_time_permission=_channels(_Policy.OneTimePermission, policy.one_time_permission),
    )
    return message


def policy_value(message: policy_pb2.Policy) -> events.Policy:
    """Read the message of a policy, with defaults filled in; raises ValueError for unknown enum numbers."""
    return events.Policy(
        name=message.name,
        channels=frozenset(map(Channel, message.channels)),
        purpose=Purpose(message.purpose or Purpose.MARKETING),
        labels=tuple(message.labels),
        require_opt_in=frozenset(map(Channel, message.require_opt_in.channels)),
        mode=Mode(message.mode or Mode.ENFORCE),
        registries=tuple(map(_registry_value, message.registries)),
        unscreened=Unscreened(message.unscreened or Unscreened.UNSCREENED),
        calling_hours=tuple(message.calling_hours),
        attempt_limits=tuple(map(_limit_value, message.attempt_limits)),
        cooldowns=tuple(map(_cooldown_value, message.cooldowns)),
        attempt_packs=tuple(message.attempt_packs),
        one_time_permission=frozenset(map(Channel, message.one_time_permission.channels)),
    )


def encode_policy(policy: events.Policy) -> bytes:
    """Encode a policy for a table: equal policies have equal bytes."""
    return policy_message(policy).SerializeToString(deterministic=True)


def decode_policy(encoded: bytes) -> events.Policy:
    """Decode a policy of a table."""
    return policy_value(policy_pb2.Policy.FromString(encoded))


def _channels(build: Any, channels: frozenset[Channel]) -> Any:
    return build(channels=sorted(channels)) if channels else None


def _registry_message(required: events.RequiredRegistry) -> Any:
    return _Policy.RequiredRegistry(
        name=required.name,
        max_age_days=required.max_age_days,
        categories=sorted(required.categories),
        listed_days_min=required.listed_days_min,
        lifted_by=sorted(required.lifted_by),
    )


def _registry_value(message: policy_pb2.RequiredRegistry) -> events.RequiredRegistry:
    return events.RequiredRegistry(
        name=message.name,
        max_age_days=message.max_age_days,
        categories=frozenset(message.categories),
        listed_days_min=message.listed_days_min,
        lifted_by=frozenset(map(ConsentKind, message.lifted_by)),
    )


def _limit_message(limit: events.AttemptLimit) -> Any:
    return _Policy.AttemptLimit(
        max=limit.max,
        per_hours=limit.per_hours,
        regions=sorted(limit.regions),
        per=limit.per if limit.per is not AttemptScope.NUMBER else 0,
        channels=sorted(limit.channels),
    )


def _limit_value(message: policy_pb2.AttemptLimit) -> events.AttemptLimit:
    return events.AttemptLimit(
        max=message.max,
        per_hours=message.per_hours,
        regions=frozenset(message.regions),
        per=AttemptScope(message.per or AttemptScope.NUMBER),
        channels=frozenset(map(Channel, message.channels)),
    )


def _cooldown_message(cooldown: events.Cooldown) -> Any:
    return _Policy.Cooldown(
        after=cooldown.after,
        hours=cooldown.hours,
        days=cooldown.days,
        regions=sorted(cooldown.regions),
        per=cooldown.per if cooldown.per is not AttemptScope.NUMBER else 0,
        channels=sorted(cooldown.channels),
    )


def _cooldown_value(message: policy_pb2.Cooldown) -> events.Cooldown:
    return events.Cooldown(
        after=AttemptOutcome(message.after),
        hours=message.hours,
        days=message.days,
        regions=frozenset(message.regions),
        per=AttemptScope(message.per or AttemptScope.NUMBER),
        channels=frozenset(map(Channel, message.channels)),
    )
