"""YAML files that people write: read whole, as nodes that know their lines, so that each fault is told with its own."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import yaml

from donotcontact.cli.exits import FileError

FILE_BYTES_MAX = 1_048_576
YAML_TAG = "tag:yaml.org,2002:"
PLAIN_TAGS = frozenset(
    f"{YAML_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "timestamp", "seq", "map", "merge", "value")
)
"""What words, numbers, lists and keys are without any tag."""


def yaml_document(path: str, stdin: BinaryIO, *, what: str, example: str) -> tuple[str, yaml.MappingNode]:
    """Return the name of a file and the mapping that it holds; `-` is standard input.

    Raises FileError for what is not YAML, several documents, or anything but keys and values.
    """
    name = "standard input" if path == "-" else path
    return name, _mapping(_text(path, stdin), name, what, example)


def refuse(name: str, what: str, faults: Sequence[str]) -> None:
    """Raise FileError with every fault, where there are any."""
    if faults:
        raise FileError(f"{name} is not {what}:\n  " + "\n  ".join(faults))


def line_of(node: yaml.Node) -> int:
    """Return the line of a node, counted from 1."""
    return int(node.start_mark.line) + 1


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    """Yield every node once, in the order of the file; one that several aliases name, too."""
    waiting, seen = [root], {id(root)}
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, yaml.MappingNode):
            below = [each for pair in node.value for each in pair]
        else:
            below = node.value if isinstance(node, yaml.SequenceNode) else []
        for each in reversed(below):
            if id(each) not in seen:
                seen.add(id(each))
                waiting.append(each)


def _text(path: str, stdin: BinaryIO) -> bytes:
    try:
        content = stdin.read(FILE_BYTES_MAX + 1) if path == "-" else Path(path).read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}.") from None
    if len(content) > FILE_BYTES_MAX:
        raise FileError(f"{path} is longer than {FILE_BYTES_MAX:,} bytes.")
    return content


def _mapping(content: bytes, name: str, what: str, example: str) -> yaml.MappingNode:
    try:
        documents = list(yaml.compose_all(content, Loader=yaml.SafeLoader))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise FileError(f"{name}, line {line}: not YAML: {error.problem or 'syntax'}.") from None
    except (yaml.YAMLError, RecursionError):
        raise FileError(f"{name} is not YAML.") from None
    if len(documents) != 1:
        raise FileError(f"{name} holds {len(documents)} documents.", f"Write {what} in each file.")
    for node in _nodes(documents[0]):
        if node.tag not in PLAIN_TAGS:
            tag = node.tag.replace(YAML_TAG, "!!")
            raise FileError(f"{name}, line {line_of(node)}: {tag}: tags have no meaning here.", "Leave it out.")
    if not isinstance(documents[0], yaml.MappingNode):
        raise FileError(f"{name} is not {what}: it must begin with keys, such as {example}.")
    return documents[0]
