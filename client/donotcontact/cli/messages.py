"""Messages of the contract as plain values for JSON and YAML: short enum names, ISO times, integers as numbers."""

from typing import Any

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from donotcontact.cli.nouns import iso, short_name

Field = Any
"""A FieldDescriptor, of which protobuf has two: its own and that of its C library."""

HIDDEN_FIELDS = {"account_id", "request_digest"}
"""Fields of events that servers keep for themselves."""


def plain(message: Message, *, sparse: bool = False) -> dict[str, Any]:
    """Return the message as a dict that JSON and YAML can hold, its keys as in the contract, in its order.

    Every field is there, so that scripts need not ask; an unset message is None, an unset member of a oneof left out.
    With `sparse`, fields that hold their default are left out.
    """
    shown = {}
    for field in message.DESCRIPTOR.fields:
        if field.name in HIDDEN_FIELDS or (sparse and not _is_filled(message, field)):
            continue
        if field.containing_oneof is not None and not message.HasField(field.name):
            continue
        shown[field.name] = _value(message, field, sparse)
    return shown


def _is_filled(message: Message, field: Field) -> bool:
    return any(listed.name == field.name for listed, _ in message.ListFields())


def _value(message: Message, field: Field, sparse: bool) -> Any:
    content = getattr(message, field.name)
    if field.is_repeated:
        return [_single(element, field, sparse) for element in content]
    if field.message_type is not None and not message.HasField(field.name):
        return None
    return _single(content, field, sparse)


def _single(content: Any, field: Field, sparse: bool) -> Any:
    if field.enum_type is not None:
        return short_name(field.enum_type, content)
    if isinstance(content, Timestamp):
        return iso(content)
    if isinstance(content, Message):
        return plain(content, sparse=sparse)
    if isinstance(content, bytes):
        return content.hex()
    return content
