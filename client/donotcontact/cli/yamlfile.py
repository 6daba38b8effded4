"""YAML files that people write: read whole, as nodes that know their lines, so that each fault is told with its own."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import yaml

from donotcontact.cli.exits import FileError

FILE_BYTES_MAX = 1_048_576


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
    if not isinstance(documents[0], yaml.MappingNode):
        raise FileError(f"{name} is not {what}: it must begin with keys, such as {example}.")
    return documents[0]
