"""What a policy file would change against the policy in force, field by field."""

from dataclasses import dataclass
from typing import Any

import yaml

from donotcontact.cli.messages import plain
from donotcontact.v1.core_pb2 import AttemptScope, Purpose
from donotcontact.v1.policy_pb2 import Mode, Policy, Unscreened


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs: what is in force, and what the file says. Empty: nothing."""

    path: str
    before: str
    after: str


def differences(before: Policy, after: Policy) -> list[Change]:
    """Return every difference, in the order of the contract. A default that is written out is no difference.

    Lists of words are compared by what they hold, registries by name, limits and pauses as a whole; order decides
    nothing, and is no difference.
    """
    changes: list[Change] = []
    _compare(_ordered(plain(_filled(before))), _ordered(plain(_filled(after))), "", changes)
    return changes


def _filled(policy: Policy) -> Policy:
    """Return a copy with every default written out."""
    filled = Policy()
    filled.CopyFrom(policy)
    filled.purpose = filled.purpose or Purpose.PURPOSE_MARKETING
    filled.mode = filled.mode or Mode.MODE_ENFORCE
    filled.unscreened = filled.unscreened or Unscreened.UNSCREENED_UNSCREENED
    for limit in filled.attempt_limits:
        limit.per = limit.per or AttemptScope.ATTEMPT_SCOPE_NUMBER
    for cooldown in filled.cooldowns:
        cooldown.per = cooldown.per or AttemptScope.ATTEMPT_SCOPE_NUMBER
    return filled


def _ordered(content: Any) -> Any:
    """Return the content with every list of words or numbers sorted."""
    if isinstance(content, dict):
        return {key: _ordered(value) for key, value in content.items()}
    if not isinstance(content, list):
        return content
    return [_ordered(each) for each in content] if any(isinstance(each, dict) for each in content) else sorted(content)


def _compare(before: Any, after: Any, path: str, changes: list[Change]) -> None:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            _compare(before.get(key), after.get(key), f"{path}.{key}" if path else key, changes)
    elif isinstance(before, list) and isinstance(after, list):
        _compare_lists(before, after, path, changes)
    else:
        changes.append(Change(path, _shown(before), _shown(after)))


def _compare_lists(before: list[Any], after: list[Any], path: str, changes: list[Change]) -> None:
    if _are_named(before) and _are_named(after):
        old, new = ({each["name"]: each for each in side} for side in (before, after))
        for name in {**old, **new}:
            _compare(old.get(name), new.get(name), f"{path}[{name}]", changes)
        return
    changes += [Change(path, _shown(each), "") for each in _without(before, after)]
    changes += [Change(path, "", _shown(each)) for each in _without(after, before)]


def _without(these: list[Any], those: list[Any]) -> list[Any]:
    """Return what these hold beyond those, each as often as it is there more often."""
    left = list(those)
    beyond = []
    for each in these:
        if each in left:
            left.remove(each)
        else:
            beyond.append(each)
    return beyond


def _are_named(elements: list[Any]) -> bool:
    return all(isinstance(each, dict) and "name" in each for each in elements)


def _shown(content: Any) -> str:
    """Write a value on one line as YAML, without what is empty."""
    slim = _slim(content)
    if slim in (None, "", [], {}):
        return ""
    text = yaml.safe_dump(slim, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10_000)
    return text.removesuffix("...\n").strip()


def _slim(content: Any) -> Any:
    if isinstance(content, dict):
        return {key: _slim(value) for key, value in content.items() if value not in (None, "", 0, [], {})}
    return [_slim(each) for each in content] if isinstance(content, list) else content
