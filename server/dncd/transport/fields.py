"""Reading and judging the fields of requests: plain values out, `InvalidFields` with the path of each wrong one."""

import hashlib
import re
import unicodedata
import uuid
from collections.abc import Iterator, Sized
from contextlib import contextmanager
from enum import IntEnum
from typing import Final, TypeVar

from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from dncd import limits
from dncd.addresses import AddressError, Fault, Target, known_region, target_from_text, targets_from_texts
from dncd.encoding import milliseconds
from dncd.errors import BatchEmpty, BatchTooLarge, FieldFault, InvalidAddresses, InvalidFields, RevisionOfAnotherStore
from dncd.events import Change, Draft, Evidence
from dncd.nouns import Channel
from dncd.storage.keys import Kind
from dncd.tokens import Caller
from donotcontact.v1 import core_pb2

E = TypeVar("E", bound=IntEnum)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
# Letters, symbols and marks by category, of which nothing is seen: fillers, the blank of Braille, variation selectors.
_SHOW_NOTHING: Final = frozenset(map(chr, [0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0])) | frozenset(
    map(chr, [*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)
_NO_TARGET: Final = Target(Kind.EMAIL, "")
_UUID_HINT: Final = "a UUID such as 123e4567-e89b-12d3-a456-426614174000"

_WHY: Final = {
    Fault.EMPTY: "is empty",
    Fault.TOO_LONG: f"is longer than any address: over {limits.ADDRESS_CHARS_MAX} characters",
    Fault.NOT_AN_ADDRESS: "is not a phone number or an e-mail address",
    Fault.REGION_MISSING: "is a number without a country; write it as E.164 or give a region",
    Fault.NOT_A_POSSIBLE_NUMBER: "is not a possible number: calling code or length are wrong",
    Fault.ROUNDED_BY_SPREADSHEET: "was rounded by a spreadsheet; its last digits are lost",
    Fault.SHORT_NUMBER: "is a short code or an emergency number",
    Fault.SEVERAL_ADDRESSES: "holds several addresses; give one for each row",
    Fault.EMAIL_SYNTAX: "is not a well-formed e-mail address",
    Fault.WRONG_CHANNEL: "is of the other kind: a phone number for e-mail, or the other way round",
    Fault.NOT_ONE_ADDRESS: "is a prefix or a domain where one single address is needed",
    Fault.TOO_MANY_SLOW_ROWS: "is one of too many that need the slow parser; send E.164",
}


def invalid(path: str, description: str) -> InvalidFields:
    """Build the error of one wrong field."""
    return InvalidFields([FieldFault(path, description)])


@contextmanager
def below(path: str) -> Iterator[None]:
    """Name the fields that are found wrong within by their path below a message of the request."""
    try:
        yield
    except InvalidFields as error:
        faults = [FieldFault(f"{path}.{fault.path}", fault.description) for fault in error.faults]
        raise type(error)(faults) from None


class Faults:
    """Collects what is wrong with the rows of a batch, so that the caller hears of all of it at once."""

    def __init__(self) -> None:
        self._fields: list[FieldFault] = []
        self._addresses: list[FieldFault] = []

    def note(self, path: str, error: InvalidFields) -> None:
        """Note what is wrong with the fields below a path."""
        where = self._addresses if isinstance(error, InvalidAddresses) else self._fields
        where += [FieldFault(path + fault.path, fault.description) for fault in error.faults]

    def check(self) -> None:
        """Raise what was noted: `InvalidFields`, or `InvalidAddresses` where only addresses are wrong."""
        if self._fields:
            raise InvalidFields((self._fields + self._addresses)[: limits.FIELD_FAULTS_MAX])
        if self._addresses:
            raise InvalidAddresses(self._addresses[: limits.FIELD_FAULTS_MAX])


def batch(rows: int, rows_max: int) -> None:
    """Judge the size of a batch; raises `BatchEmpty` or `BatchTooLarge`."""
    if rows == 0:
        raise BatchEmpty("the batch has no rows")
    if rows > rows_max:
        raise BatchTooLarge(
            f"the batch has {rows:,} rows; at most {rows_max:,} are taken", rows=rows, rows_max=rows_max
        )


def choice(kind: type[E], number: int, path: str) -> E:
    """Read a required enum."""
    try:
        return kind(number)
    except ValueError:
        names = ", ".join(member.name for member in kind)
        raise invalid(path, f"must be one of {names}") from None


def optional_choice(kind: type[E], number: int, path: str) -> E | None:
    """Read an enum that may be left out."""
    return choice(kind, number, path) if number else None


def choices(kind: type[E], numbers: list[int], path: str) -> frozenset[E]:
    """Read a list of enums."""
    return frozenset(choice(kind, number, f"{path}[{index}]") for index, number in enumerate(numbers))


def name(text: str, path: str) -> str:
    """Read the name of a label or policy."""
    if not _NAME.fullmatch(text):
        raise invalid(path, "must be 1 to 64 letters, digits, dots, hyphens or underscores, first a letter or digit")
    return text


def text(value: str, path: str, bytes_max: int) -> str:
    """Read free text; line breaks and tabs may stand in it, other control characters not."""
    if len(value.encode()) > bytes_max:
        raise invalid(path, f"must be at most {bytes_max} bytes")
    if _CONTROL.search(value):
        raise invalid(path, "must not hold control characters")
    return value


def said(written: str) -> str:
    """Take off both ends what nobody sees: white space, zero-width and other invisible characters.

    What is left of a text that says nothing is empty: so no proof, note or reason is made of blanks.
    """
    start, end = 0, len(written)
    while start < end and _shows_nothing(written[start]):
        start += 1
    while start < end and _shows_nothing(written[end - 1]):
        end -= 1
    return written[start:end]


def _shows_nothing(char: str) -> bool:
    return char.isspace() or char in _SHOW_NOTHING or unicodedata.category(char) in {"Cc", "Cf"}


def region(code: str, default: str, path: str = "region") -> str:
    """Read a country; empty is the default."""
    if code and not known_region(code):
        raise invalid(path, "must be an ISO 3166-1 alpha-2 country code in capitals, such as US")
    return code or default


def time_ms(time: Timestamp, path: str) -> int:
    """Read a time in milliseconds since 1970 UTC."""
    value = milliseconds(time)
    if not 0 <= value <= limits.TIME_MS_MAX or not 0 <= time.nanos < 1_000_000_000:
        raise invalid(path, "must be a time between 1970 and 9999")
    return value


def optional_time_ms(message: Message, field: str) -> int | None:
    """Read a time that may be left out."""
    return time_ms(getattr(message, field), field) if message.HasField(field) else None


def evidence(message: core_pb2.Evidence, path: str = "evidence") -> Evidence:
    """Read evidence; a field of blanks is no evidence."""

    def proof(field: str) -> str:
        return said(text(getattr(message, field), f"{path}.{field}", limits.EVIDENCE_FIELD_BYTES_MAX))

    return Evidence(proof("call_id"), proof("recording"), proof("campaign"), proof("reference"))


def target(written: str, default_region: str, path: str = "address") -> Target:
    """Read any target that an entry can be about; raises `InvalidAddresses`."""
    try:
        return target_from_text(written, default_region)
    except AddressError as error:
        raise InvalidAddresses([FieldFault(path, describe(error.fault))]) from None


def targets(texts: list[str], default_region: str, path: str, faults: Faults) -> list[Target]:
    """Read a column of targets; notes the rows that are none, and gives a target that is never used in their place."""
    found, wrong = targets_from_texts(texts, default_region)
    for index in wrong.nonzero()[0].tolist():
        fault = FieldFault("address", describe(Fault(wrong[index])))
        faults.note(f"{path}[{index}].", InvalidAddresses([fault]))
    return [target or _NO_TARGET for target in found]


def phone_target(written: str, default_region: str, path: str = "address") -> Target:
    """Read one phone number; raises `InvalidAddresses`."""
    found = target(written, default_region, path)
    if found.kind is Kind.PHONE:
        return found
    fault = Fault.WRONG_CHANNEL if found.kind is Kind.EMAIL else Fault.NOT_ONE_ADDRESS
    raise InvalidAddresses([FieldFault(path, describe(fault))])


def describe(fault: Fault) -> str:
    """Say what is wrong with an address, and the fault's name for machines."""
    return f"{_WHY[fault]} ({fault.name})"


def same_store(named: str, store_id: str) -> None:
    """Judge the store that a revision names; raises `RevisionOfAnotherStore`."""
    if named != store_id:
        raise RevisionOfAnotherStore("the revision was given by another store, or by this one before it was restored")


def channel(number: int) -> Channel:
    """Read the required channel of a request."""
    return choice(Channel, number, "channel")


def at_most(values: Sized, count_max: int, path: str) -> None:
    """Judge how many a list holds."""
    if len(values) > count_max:
        raise invalid(path, f"must hold at most {count_max:,}")


def page_rows(size: int) -> int:
    """Read the size of a page; 0 is the default."""
    if not 0 <= size <= limits.PAGE_ROWS_MAX:
        raise invalid("page_size", f"must be 0 to {limits.PAGE_ROWS_MAX}")
    return size or limits.PAGE_ROWS_DEFAULT


def history_rows(size: int) -> int:
    """Read how many events of a history are wanted; 0 is the default."""
    if not 0 <= size <= limits.HISTORY_EVENTS_MAX:
        raise invalid("history_max", f"must be 0 to {limits.HISTORY_EVENTS_MAX}")
    return size or limits.HISTORY_EVENTS_DEFAULT


def draft(caller: Caller, request: Message, change: Change) -> Draft:
    """Build the draft of a change from its caller and its request's `actor` and `request_id`, where it has them."""
    on_behalf_of = text(getattr(request, "actor", ""), "actor", limits.ACTOR_BYTES_MAX)
    written_id = getattr(request, "request_id", "")
    actor = f"{caller.actor}/{on_behalf_of}" if on_behalf_of else caller.actor
    digest = _digest(request) if written_id else b""
    return Draft(caller.account_id, actor, caller.role, change, _request_id(written_id), digest)


def _request_id(written: str) -> bytes:
    if not written:
        return b""
    try:
        return uuid.UUID(written).bytes
    except ValueError:
        raise invalid("request_id", f"must be {_UUID_HINT}") from None


def _digest(request: Message) -> bytes:
    # The name goes in too: one id must not answer two methods. The id stays out: it may be written in capitals or not.
    without_id = type(request)()
    without_id.CopyFrom(request)
    without_id.ClearField("request_id")
    content = without_id.SerializeToString(deterministic=True)
    return hashlib.sha256(request.DESCRIPTOR.full_name.encode() + b"\0" + content).digest()
