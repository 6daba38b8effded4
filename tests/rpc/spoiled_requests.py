"""Requests that are wrong in one field, for every field of a kind in every request."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from dncd.nouns import Role
from dncd.transport import paging
from rpc.sound_requests import MAILBOX, OPERATED, PERSON, STREAMED, places, sound_requests
from serving import METHODS

Code = grpc.StatusCode
DEFAULT_ACCOUNT = 1
# ActivateSnapshot looks its snapshot up before it reads these; there is none.
UNREAD = {("ActivateSnapshot", "actor"), ("ActivateSnapshot", "request_id")}
PLACES = [place for place in places() if (place.method, place.path) not in UNREAD]
PAGED = [place.method for place in PLACES if place.path == "page_token"]
CONTROL = "a\x07b"


@dataclass(frozen=True)
class Row:
    """What is sent, and what comes back. No paths: the reason alone says it."""

    name: str
    method: str
    request: Any
    reason: str
    paths: tuple[str, ...] = ()
    code: Code = Code.INVALID_ARGUMENT
    role: Role = Role.ADMIN

    @property
    def account(self) -> str:
        return "operator" if self.method in OPERATED else "default"


def field(method: str, path: str, value: Any, why: str = "") -> Row:
    [place] = [place for place in PLACES if (place.method, place.path) == (method, path)]
    name = f"{method}.{path} {why or repr(value)[:20]}"
    return Row(name, method, place.spoiled(value), "INVALID_FIELD", (told(place.path, place.field),))


def told(path: str, descriptor: Any) -> str:
    """Lists of names are told with the index, lists of kinds and of categories as a whole."""
    return f"{path}[0]" if descriptor.is_repeated and descriptor.name not in {"kinds", "categories"} else path


def one(method: str, name: str, reason: str, /, *paths: str, **facts: Any) -> Row:
    """Build a row from fields of the sound request; a value takes the place of what is there."""
    extra = {key: facts.pop(key) for key in ("code", "role") if key in facts}
    request = sound_requests()[method]
    for key, value in facts.items():
        request.ClearField(key)
        part = METHODS[method].request(**{key: value})
        request.MergeFrom(part)
    return Row(f"{method} {name}", method, request, reason, paths, **extra)


def enums_nobody_knows() -> Iterator[Row]:
    for place in PLACES:
        if place.field.enum_type is not None:
            for number in (99, -1):
                yield field(place.method, place.path, number)


def times_that_cannot_be() -> Iterator[Row]:
    wrong = [Timestamp(seconds=-1), Timestamp(seconds=2**62), Timestamp(seconds=-(2**62)), Timestamp(nanos=-1)]
    wrong.append(Timestamp(seconds=1, nanos=2**31 - 1))
    for place in PLACES:
        if place.field.message_type is not None and place.field.message_type.name == "Timestamp":
            for time in wrong:
                yield field(place.method, place.path, time, f"{time.seconds} s {time.nanos} ns")


TEXT_BYTES_MAX = {
    "note": 1000,
    "description": 1000,
    "reason": 1000,
    "actor": 128,
    "reference": 128,
    "postal_code": 128,
    "postal_codes": 128,
    "contact_id": 128,
    "contact_ids": 128,
    "debt_id": 128,
    "debt_ids": 128,
    "own_codes": 128,
    "campaign": 512,
    "call_id": 512,
    "recording": 512,
    "message_id": 512,
}


def texts_that_are_too_long() -> Iterator[Row]:
    for place in PLACES:
        bytes_max = TEXT_BYTES_MAX.get(place.field.name) if place.field.enum_type is None else None
        if place.path.endswith("evidence.reference"):
            bytes_max = 512
        # What is searched for may be anything; what cannot be, matches nothing.
        if bytes_max is not None and not place.method.startswith("List"):
            yield field(place.method, place.path, "x" * (bytes_max + 1), "too long")
            yield field(place.method, place.path, "é" * (bytes_max // 2 + 1), "too long in bytes")
            yield field(place.method, place.path, CONTROL, "control characters")


def names_that_are_none() -> Iterator[Row]:
    wrong = ["x" * 65, "-x", "a b", CONTROL, "Ünicode", "name\n", "x" * 20_000, PERSON, MAILBOX]
    for place in PLACES:
        # A registry is looked up as it is written: what is no name is not found.
        named = place.field.message_type is None and place.method != "GetRegistry"
        if named and place.field.name in {"name", "label", "labels", "policy"}:
            yield from (field(place.method, place.path, name) for name in wrong)


def regions_that_are_none() -> Iterator[Row]:
    for place in PLACES:
        if place.field.name in {"region", "regions"}:
            yield from (field(place.method, place.path, region) for region in ("ZZ", "us", "USA", "1", "x" * 9000))


def zones_that_are_none() -> Iterator[Row]:
    # What is no zone is a matter of its row, and no fault of the request.
    wrong = [CONTROL, "x" * 129, "x" * 9000]
    for place in PLACES:
        if place.field.name in {"time_zone", "time_zones"}:
            yield from (field(place.method, place.path, zone) for zone in wrong)


def packs_that_are_none() -> Iterator[Row]:
    wrong = ["", "us", "US-FEDERAL", "../packs/us-federal", "us-federal.toml", CONTROL, "x" * 9000]
    for place in PLACES:
        if place.field.name in {"calling_hours", "attempt_packs"}:
            yield from (field(place.method, place.path, pack) for pack in wrong)


NUMBERS_MAX = {
    "max": 1000,
    "per_hours": 744,
    "max_age_days": 3660,
    "listed_days_min": 3660,
    "categories": 14,
    "lease_seconds": 86_400,
}
AT_LEAST_ONE = {"max", "per_hours", "categories"}


def numbers_out_of_bounds() -> Iterator[Row]:
    for place in PLACES:
        most = NUMBERS_MAX.get(place.field.name)
        if most is not None:
            yield from (field(place.method, place.path, number) for number in (most + 1, 2**32 - 1))
        if place.field.name in AT_LEAST_ONE:
            yield field(place.method, place.path, 0)


def request_ids_that_are_none() -> Iterator[Row]:
    for place in PLACES:
        if place.path == "request_id":
            yield from (field(place.method, place.path, text) for text in ("nope", "1" * 31, CONTROL, "x" * 9000))


def pages_that_are_none() -> Iterator[Row]:
    for method in PAGED:
        yield field(method, "page_size", -1)
        yield field(method, "page_size", 1001)
        for token in ("nope", "!!!", "é", "A" * 11, "A" * 9000):
            yield one(method, f"page_token {token[:8]}", "PAGE_TOKEN_INVALID", page_token=token)
        for key in (b"\xff\xfe", b"\xff" * 9, b"\x00\x00\x00\x09" + bytes(30)):
            if method in {"ListLabels", "ListPolicies", "ListRegistries"} and key[:1] != b"\xff":
                continue  # any name is a place between names
            made = paging.encode(sound_requests()[method], DEFAULT_ACCOUNT, key)
            yield one(method, f"page_token that holds {key[:4]!r}", "PAGE_TOKEN_INVALID", page_token=made)


def bytes_that_are_no_message() -> Iterator[Row]:
    for method in METHODS:
        yield Row(f"{method} garbage", method, b"\xff\xff\xff", "MALFORMED_REQUEST")
        if method not in STREAMED:
            yield Row(f"{method} 3 MB", method, bytes(3 * 1024 * 1024), "MESSAGE_TOO_LARGE")
        fields = METHODS[method].request.DESCRIPTOR.fields_by_number
        if 1 in fields and fields[1].type == fields[1].TYPE_STRING:
            yield Row(f"{method} invalid UTF-8", method, b"\x0a\x02\xff\xfe", "MALFORMED_REQUEST")
