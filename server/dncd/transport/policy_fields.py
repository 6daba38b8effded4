"""Reading and judging the policies of requests."""

from typing import Any

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from dncd import limits
from dncd.events import AttemptLimit, Cooldown, Policy, RequiredRegistry
from dncd.nouns import (
    EVERY_CHANNEL,
    AttemptOutcome,
    AttemptScope,
    Channel,
    ConsentKind,
    Mode,
    Purpose,
    Unscreened,
)
from dncd.rulebook import Rulebook
from dncd.rules.pack import Pack, PackRule
from dncd.transport import fields
from donotcontact.v1 import policy_pb2

_OPT_IN_CHANNELS = frozenset({Channel.SMS})
_COOLDOWN_AFTER = frozenset({AttemptOutcome.CONVERSATION, AttemptOutcome.ABANDONED})


def draft_of(request: Any, book: Rulebook) -> Policy | None:
    """Read the policy of a request that is not to be applied; None where it has none."""
    return policy_of(request.draft, book, "draft") if request.HasField("draft") else None


def policy_of(message: policy_pb2.Policy, book: Rulebook, path: str = "policy") -> Policy:
    """Read a policy, with its defaults filled in. Raises `InvalidFields` with the path of what is wrong."""
    _refuse_unknown(message, path)
    fields.at_most(message.labels, limits.POLICY_LABELS_MAX, f"{path}.labels")
    channels = fields.choices(Channel, list(message.channels), f"{path}.channels")
    purpose = fields.optional_choice(Purpose, message.purpose, f"{path}.purpose") or Purpose.MARKETING
    return Policy(
        name=fields.name(message.name, f"{path}.name"),
        channels=channels,
        purpose=purpose,
        labels=tuple(fields.name(name, f"{path}.labels[{index}]") for index, name in enumerate(message.labels)),
        require_opt_in=_opt_in(message, channels, f"{path}.require_opt_in.channels"),
        mode=fields.optional_choice(Mode, message.mode, f"{path}.mode") or Mode.ENFORCE,
        registries=_registries(message, f"{path}.registries"),
        unscreened=fields.optional_choice(Unscreened, message.unscreened, f"{path}.unscreened")
        or Unscreened.UNSCREENED,
        calling_hours=_hours_packs(message.calling_hours, book, f"{path}.calling_hours"),
        attempt_limits=_limits(message, book, f"{path}.attempt_limits"),
        cooldowns=_cooldowns(message, book, f"{path}.cooldowns"),
        attempt_packs=_attempt_packs(message.attempt_packs, book, channels, purpose, f"{path}.attempt_packs"),
        one_time_permission=_permission(message, f"{path}.one_time_permission.channels"),
    )


def _refuse_unknown(message: Message, path: str) -> None:
    """Refuse what a newer contract may say: a policy must not be laxer here than it was written."""
    unknown = UnknownFieldSet(message)
    if len(unknown):
        raise fields.invalid(path, f"has a field that this server does not know: number {unknown[0].field_number}")
    for field, value in message.ListFields():
        if field.message_type is not None:
            for index, part in enumerate(value if field.is_repeated else [value]):
                _refuse_unknown(part, f"{path}.{field.name}[{index}]" if field.is_repeated else f"{path}.{field.name}")


def _opt_in(message: policy_pb2.Policy, of_policy: frozenset[Channel], path: str) -> frozenset[Channel]:
    channels = fields.choices(Channel, list(message.require_opt_in.channels), path)
    if message.HasField("require_opt_in") and not channels:
        raise fields.invalid(path, "must name at least one channel")
    if channels - _OPT_IN_CHANNELS:
        raise fields.invalid(path, "must be SMS: only texts have an opt-in status")
    if of_policy and channels - of_policy:
        raise fields.invalid(path, "must be among the policy's channels: nothing is asked of others")
    return channels


def _permission(message: policy_pb2.Policy, path: str) -> frozenset[Channel]:
    channels = fields.choices(Channel, list(message.one_time_permission.channels), path)
    if message.HasField("one_time_permission") and not channels:
        raise fields.invalid(path, "must name at least one channel")
    return channels


def _hours_packs(names: Any, book: Rulebook, path: str) -> tuple[str, ...]:
    packs = _packs(names, book, path)
    for index, pack in enumerate(packs):
        if not pack.hours:
            raise fields.invalid(f"{path}[{index}]", "is a rule pack without calling hours; name it in attempt_packs")
    return tuple(names)


def _attempt_packs(
    names: Any, book: Rulebook, channels: frozenset[Channel], purpose: Purpose, path: str
) -> tuple[str, ...]:
    for index, pack in enumerate(_packs(names, book, path)):
        if lack := _lacks(pack, channels or EVERY_CHANNEL, purpose):
            raise fields.invalid(f"{path}[{index}]", lack)
    return tuple(names)


def _lacks(pack: Pack, channels: frozenset[Channel], purpose: Purpose) -> str:
    """Say why a pack bounds no attempt of a policy's channels and purpose; "" where it does."""
    rules: tuple[PackRule, ...] = (*pack.limits, *pack.cooldowns)
    if not rules:
        return "is a rule pack without attempt limits and cool-downs"
    rules = tuple(rule for rule in rules if purpose in rule.purposes)
    if not rules:
        return f"has no limit and no cool-down for the policy's purpose, {purpose.name}"
    if not any(channels & rule.channels for rule in rules):
        return f"has no limit and no cool-down for the policy's channels, {_named(channels)}"
    return ""


def _named(channels: frozenset[Channel]) -> str:
    return ", ".join(channel.name for channel in sorted(channels))


def _packs(names: Any, book: Rulebook, path: str) -> list[Pack]:
    fields.at_most(names, limits.POLICY_PACKS_MAX, path)
    if len(set(names)) < len(names):
        raise fields.invalid(path, "must name each rule pack once")
    for index, name in enumerate(names):
        if name not in book.packs:
            raise fields.invalid(f"{path}[{index}]", f"must be a rule pack: {', '.join(book.packs)}")
    return [book.packs[name] for name in names]


def _registries(message: policy_pb2.Policy, path: str) -> tuple[RequiredRegistry, ...]:
    fields.at_most(message.registries, limits.POLICY_REGISTRIES_MAX, path)
    names = [required.name for required in message.registries]
    if len(set(names)) < len(names):
        raise fields.invalid(path, "must name each registry once")
    return tuple(_registry(required, f"{path}[{index}]") for index, required in enumerate(message.registries))


def _registry(required: policy_pb2.RequiredRegistry, path: str) -> RequiredRegistry:
    for field in ("max_age_days", "listed_days_min"):
        _within(getattr(required, field), 0, limits.REGISTRY_DAYS_MAX, f"{path}.{field}")
    categories = frozenset(required.categories)
    if categories - set(range(1, limits.REGISTRY_CATEGORY_MAX + 1)):
        raise fields.invalid(f"{path}.categories", f"must be numbers from 1 to {limits.REGISTRY_CATEGORY_MAX}")
    return RequiredRegistry(
        name=fields.name(required.name, f"{path}.name"),
        max_age_days=required.max_age_days,
        categories=categories,
        listed_days_min=required.listed_days_min,
        lifted_by=fields.choices(ConsentKind, list(required.lifted_by), f"{path}.lifted_by"),
    )


def _limits(message: policy_pb2.Policy, book: Rulebook, path: str) -> tuple[AttemptLimit, ...]:
    fields.at_most(message.attempt_limits, limits.POLICY_LIMITS_MAX, path)
    return tuple(_limit(limit, book, f"{path}[{index}]") for index, limit in enumerate(message.attempt_limits))


def _limit(limit: policy_pb2.AttemptLimit, book: Rulebook, path: str) -> AttemptLimit:
    _within(limit.max, 1, limits.ATTEMPTS_PER_WINDOW_MAX, f"{path}.max")
    _within(limit.per_hours, 1, limits.ATTEMPT_WINDOW_HOURS_MAX, f"{path}.per_hours")
    return AttemptLimit(
        max=limit.max,
        per_hours=limit.per_hours,
        regions=_regions(limit.regions, book, f"{path}.regions"),
        per=fields.optional_choice(AttemptScope, limit.per, f"{path}.per") or AttemptScope.NUMBER,
        channels=fields.choices(Channel, list(limit.channels), f"{path}.channels"),
    )


def _cooldowns(message: policy_pb2.Policy, book: Rulebook, path: str) -> tuple[Cooldown, ...]:
    fields.at_most(message.cooldowns, limits.POLICY_LIMITS_MAX, path)
    return tuple(_cooldown(cooldown, book, f"{path}[{index}]") for index, cooldown in enumerate(message.cooldowns))


def _cooldown(cooldown: policy_pb2.Cooldown, book: Rulebook, path: str) -> Cooldown:
    after = fields.choice(AttemptOutcome, cooldown.after, f"{path}.after")
    if after not in _COOLDOWN_AFTER:
        raise fields.invalid(f"{path}.after", "must be CONVERSATION or ABANDONED")
    if bool(cooldown.hours) == bool(cooldown.days):
        raise fields.invalid(path, "must have either hours or days")
    _within(cooldown.hours, 0, limits.COOLDOWN_HOURS_MAX, f"{path}.hours")
    _within(cooldown.days, 0, limits.COOLDOWN_DAYS_MAX, f"{path}.days")
    return Cooldown(
        after=after,
        hours=cooldown.hours,
        days=cooldown.days,
        regions=_regions(cooldown.regions, book, f"{path}.regions"),
        per=fields.optional_choice(AttemptScope, cooldown.per, f"{path}.per") or AttemptScope.NUMBER,
        channels=fields.choices(Channel, list(cooldown.channels), f"{path}.channels"),
    )


def _regions(names: Any, book: Rulebook, path: str) -> frozenset[str]:
    fields.at_most(names, limits.POLICY_REGIONS_MAX, path)
    return frozenset(region_of(name, book, f"{path}[{index}]") for index, name in enumerate(names))


def region_of(name: str, book: Rulebook, path: str) -> str:
    """Read a region that some number may be in."""
    region = book.region_named(name)
    if not region:
        raise fields.invalid(path, "must be a country, or a subdivision of US or CA, in ISO 3166, such as GB or US-FL")
    return region


def _within(number: int, least: int, most: int, path: str) -> None:
    if not least <= number <= most:
        raise fields.invalid(path, f"must be {least} to {most:,}")
