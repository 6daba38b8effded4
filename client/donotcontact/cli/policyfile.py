"""Policies as YAML: the JSON mapping of the message, short enum names allowed, and faults with their path and line."""

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import yaml
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from donotcontact.cli.messages import Field, plain
from donotcontact.cli.nouns import enum_number, iso, option_names
from donotcontact.cli.yamlfile import line_of, refuse, yaml_document
from donotcontact.v1.policy_pb2 import Policy
from donotcontact.v1.policy_service_pb2 import AppliedPolicy


def read_policy(path: str, stdin: BinaryIO) -> Policy:
    """Read a policy from a file, or from standard input for `-`. Raises FileError with path and line of every fault."""
    name, root = yaml_document(path, stdin, what="a policy", example="name: us-telemarketing")
    faults: list[str] = []
    policy = Policy()
    _fill(policy, root, "", faults)
    if not faults and not policy.name:
        faults.append("name: is missing")
    refuse(name, "a policy", faults)
    return policy


def write_policy(applied: AppliedPolicy) -> str:
    """Write a policy as YAML that can be applied again; comments tell its version."""
    head = f"# version {applied.version}, applied {iso(applied.applied_at)}\n" if applied.version else ""
    body = yaml.dump(plain(applied.policy, sparse=True), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
    return head + body


class _Dumper(yaml.SafeDumper):
    """Lists of words on one line, as people write them."""

    def represent_list(self, data: Any) -> yaml.SequenceNode:
        flow = all(isinstance(element, str | int) for element in data)
        return self.represent_sequence("tag:yaml.org,2002:seq", data, flow_style=flow)


_Dumper.add_representer(list, _Dumper.represent_list)


def _fill(message: Message, node: yaml.MappingNode, path: str, faults: list[str]) -> None:
    fields = _fields(message)
    seen: set[str] = set()
    for key, value in node.value:
        here = f"{path}{key.value if isinstance(key, yaml.ScalarNode) else '?'}"
        field = fields.get(key.value) if isinstance(key, yaml.ScalarNode) else None
        if field is None:
            known = ", ".join(each.name for each in message.DESCRIPTOR.fields)
            faults.append(f"{here} (line {line_of(key)}): no such key; known are {known}")
        elif field.name in seen:
            faults.append(f"{here} (line {line_of(key)}): stands here twice")
        else:
            seen.add(field.name)
            _set(message, field, value, here, faults)


def _fields(message: Message) -> dict[str, Field]:
    return {name: field for field in message.DESCRIPTOR.fields for name in (field.name, field.json_name)}


def _set(message: Message, field: Field, node: yaml.Node, path: str, faults: list[str]) -> None:
    if field.is_repeated:
        target = getattr(message, field.name)
        for index, element in enumerate(_elements(node, path, faults)):
            here = f"{path}[{index}]"
            if field.message_type is not None:
                _fill_child(target.add(), element, here, faults)
            elif (value := _scalar(field, element, here, faults)) is not None:
                target.append(value)
    elif field.message_type is not None:
        child = getattr(message, field.name)
        child.SetInParent()
        _fill_child(child, node, path, faults)
    elif (value := _scalar(field, node, path, faults)) is not None:
        setattr(message, field.name, value)


def _fill_child(child: Message, node: yaml.Node, path: str, faults: list[str]) -> None:
    if isinstance(node, yaml.MappingNode):
        _fill(child, node, f"{path}.", faults)
    else:
        faults.append(f"{path} (line {line_of(node)}): must be keys and values")


def _elements(node: yaml.Node, path: str, faults: list[str]) -> Iterator[yaml.Node]:
    if isinstance(node, yaml.SequenceNode):
        yield from node.value
    else:
        faults.append(f"{path} (line {line_of(node)}): must be several, such as [one, two]")


def _scalar(field: Field, node: yaml.Node, path: str, faults: list[str]) -> str | int | None:
    if not isinstance(node, yaml.ScalarNode) or node.tag.endswith(":null"):
        faults.append(f"{path} (line {line_of(node)}): must be one word or text")
        return None
    if field.cpp_type == FieldDescriptor.CPPTYPE_UINT32:
        return _number(node, path, faults)
    if field.enum_type is None:
        return str(node.value)
    number = enum_number(field.enum_type, node.value)
    if number is None:
        names = ", ".join(name.upper().replace("-", "_") for name in option_names(field.enum_type))
        faults.append(f"{path} (line {line_of(node)}): {node.value!r} is not one of {names}")
    return number


def _number(node: yaml.ScalarNode, path: str, faults: list[str]) -> int | None:
    if re.fullmatch(r"0|[1-9][0-9]{0,8}", node.value, re.ASCII):
        return int(node.value)
    # YAML 1.1 reads 010 as 8, and people as 10.
    zeros = " without leading zeros" if node.value.isdigit() else ""
    faults.append(f"{path} (line {line_of(node)}): must be a whole number{zeros}, such as 31")
    return None
