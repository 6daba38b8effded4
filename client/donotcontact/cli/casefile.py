"""Test cases of policies as YAML: an address, a channel, a time, and the verdict that is expected."""

from collections.abc import Collection
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import BinaryIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from google.protobuf.descriptor import EnumDescriptor

from donotcontact import Row
from donotcontact.cli.nouns import CHANNEL, RULE, VERDICT, enum_number, option_names
from donotcontact.cli.yamlfile import line_of, refuse, yaml_document
from donotcontact.v1.verdict_pb2 import Verdict

CASES_MAX = 10_000
WHAT = "a file of cases"
CONTEXT = ("region", "time_zone", "postal_code", "contact_id", "debt_id")


@dataclass(slots=True)
class Words:
    """What a case says, as it is written; empty where it says nothing."""

    name: str = ""
    address: str = field(default="", repr=False)
    channel: str = ""
    time: str = ""
    region: str = ""
    time_zone: str = ""
    postal_code: str = field(default="", repr=False)
    contact_id: str = ""
    debt_id: str = ""
    expect: str = ""
    reasons: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that an answer must name, and the place in the file that says so."""

    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Case:
    """One case: what is asked, and the verdict and reasons that the answer must have."""

    name: str
    row: Row
    channel: int
    time: datetime
    expect: int
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The cases of a file, and the policy that it names; empty where it names none."""

    name: str
    policy: str
    cases: tuple[Case, ...]

    def refuse_unknown_reasons(self, legal_rules: Collection[str]) -> None:
        """Raise FileError for every reason that is neither a rule of the contract nor one of these, by their ids."""
        refuse(
            self.name,
            WHAT,
            [
                f"{reason.path}: {reason.name!r} is neither a rule, such as CALLING_HOURS, nor the id of a legal one, "
                "such as us-fl-hours; see dnc packs"
                for reason in self.legal_reasons
                if reason.name not in legal_rules
            ],
        )

    @property
    def legal_reasons(self) -> list[Reason]:
        """Every reason that is no rule of the contract, and so must be the id of a legal one."""
        return [reason for case in self.cases for reason in case.reasons if enum_number(RULE, reason.name) is None]


KEYS = tuple(each.name for each in fields(Words))
NEEDED = ("name", "address", "channel", "time", "expect")


def read_cases(path: str, stdin: BinaryIO) -> CaseFile:
    """Read cases from a file, or from standard input for `-`. Raises FileError with path and line of every fault."""
    name, root = yaml_document(path, stdin, what=WHAT, example="policy: us-telemarketing")
    faults: list[str] = []
    known = _keys(root, ("policy", "cases"), "", faults)
    policy = _text(known["policy"], "policy", faults) if "policy" in known else ""
    cases = _cases(known.get("cases"), faults)
    refuse(name, WHAT, faults)
    return CaseFile(name, policy, tuple(cases))


def _cases(node: yaml.Node | None, faults: list[str]) -> list[Case]:
    if not isinstance(node, yaml.SequenceNode) or not 1 <= len(node.value) <= CASES_MAX:
        faults.append(f"cases: must be 1 to {CASES_MAX:,}, each with {', '.join(NEEDED)}")
        return []
    read = [_case(element, f"cases[{index}]", faults) for index, element in enumerate(node.value)]
    return [case for case in read if case is not None]


def _case(node: yaml.Node, path: str, faults: list[str]) -> Case | None:
    before = len(faults)
    known = _keys(node, KEYS, f"{path}.", faults)
    if not isinstance(node, yaml.MappingNode):
        return None
    words = Words()
    for key, value in known.items():
        here = f"{path}.{key}"
        setattr(words, key, _texts(value, here, faults) if key == "reasons" else _text(value, here, faults))
    faults += [f"{path} (line {line_of(node)}): {key} is missing" for key in NEEDED if key not in known]
    if len(faults) > before:
        return None
    channel = _enum(CHANNEL, words.channel, known["channel"], f"{path}.channel", faults)
    expect = _enum(VERDICT, words.expect, known["expect"], f"{path}.expect", faults)
    time = _time(words, known["time"], f"{path}.time", faults)
    if channel is None or expect is None or time is None:
        return None
    row = Row(words.address, **{key: getattr(words, key) for key in CONTEXT})
    reasons = _reasons(words, known["reasons"], path) if words.reasons else ()
    return Case(words.name, row, channel, time, Verdict.ValueType(expect), reasons)


def _reasons(words: Words, node: yaml.Node, path: str) -> tuple[Reason, ...]:
    places = [f"{path}.reasons[{index}] (line {line_of(each)})" for index, each in enumerate(node.value)]
    return tuple(map(Reason, words.reasons, places))


def _keys(node: yaml.Node, known: tuple[str, ...], path: str, faults: list[str]) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        faults.append(f"{path.removesuffix('.')} (line {line_of(node)}): must be keys and values")
        return {}
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else "?"
        if name not in known:
            faults.append(f"{path}{name} (line {line_of(key)}): no such key; known are {', '.join(known)}")
        elif name in found:
            faults.append(f"{path}{name} (line {line_of(key)}): stands here twice")
        else:
            found[name] = value
    return found


def _text(node: yaml.Node, path: str, faults: list[str]) -> str:
    if isinstance(node, yaml.ScalarNode) and not node.tag.endswith(":null"):
        return str(node.value)
    faults.append(f"{path} (line {line_of(node)}): must be one word or text")
    return ""


def _texts(node: yaml.Node, path: str, faults: list[str]) -> list[str]:
    if isinstance(node, yaml.SequenceNode):
        return [_text(element, f"{path}[{index}]", faults) for index, element in enumerate(node.value)]
    faults.append(f"{path} (line {line_of(node)}): must be several, such as [us-fl-hours]")
    return []


def _enum(enum: EnumDescriptor, word: str, node: yaml.Node, path: str, faults: list[str]) -> int | None:
    number = enum_number(enum, word)
    if number is None:
        names = ", ".join(name.upper().replace("-", "_") for name in option_names(enum))
        faults.append(f"{path} (line {line_of(node)}): {word!r} is not one of {names}")
    return number


def _time(words: Words, node: yaml.Node, path: str, faults: list[str]) -> datetime | None:
    """Read the time; one without an offset is the time of the case's own time zone, never that of this machine."""
    try:
        moment = datetime.fromisoformat(words.time.strip())
        if moment.utcoffset() is None and words.time_zone:
            moment = moment.replace(tzinfo=ZoneInfo(words.time_zone))
    except (ValueError, ZoneInfoNotFoundError, OSError):
        moment = None
    if moment is None or moment.utcoffset() is None:
        faults.append(
            f"{path} (line {line_of(node)}): must be a time with its offset, such as 2026-11-03T20:30-05:00, or beside "
            "a time_zone that is known"
        )
        return None
    return moment
