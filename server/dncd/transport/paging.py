"""Page tokens: opaque, and bound to the account and the filters that they were given for."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from google.protobuf.message import Message

from dncd.errors import PageTokenInvalid

T = TypeVar("T")

_DIGEST_BYTES = 8
_POSITION_BYTES = 8


def encode(request: Message, account_id: int, next_key: bytes) -> str:
    """Build the token of the page that begins at a key; empty at the end."""
    if not next_key:
        return ""
    return base64.urlsafe_b64encode(_binding(request, account_id) + next_key).decode().rstrip("=")


def decode(request: Message, account_id: int) -> bytes:
    """Return the key where the request's page begins; empty for the first. Raises `PageTokenInvalid`."""
    token: str = request.page_token  # type: ignore[attr-defined]  # every paged request has one
    if not token:
        return b""
    try:
        content = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        content = b""
    digest, key = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if not key or not hmac.compare_digest(digest, _binding(request, account_id)):
        raise not_given()
    return key


def decode_name(request: Message, account_id: int) -> str:
    """Return the name behind which the request's page begins; empty for the first. Raises `PageTokenInvalid`."""
    try:
        return decode(request, account_id).decode()
    except UnicodeDecodeError:
        raise not_given() from None


def decode_position(request: Message, account_id: int) -> int:
    """Return the position where the request's page begins; 0 for the first. Raises `PageTokenInvalid`."""
    key = decode(request, account_id)
    if len(key) not in {0, _POSITION_BYTES}:
        raise not_given()
    return int.from_bytes(key)


def not_given() -> PageTokenInvalid:
    """Build the error of a token that is none of ours. Anybody can compute one, so what it holds is judged too."""
    return PageTokenInvalid("the page_token was not given for these filters; begin again without it")


def _binding(request: Message, account_id: int) -> bytes:
    filters = type(request)()
    filters.CopyFrom(request)
    for field in ("page_token", "page_size"):
        filters.ClearField(field)
    content = filters.SerializeToString(deterministic=True)
    bound = f"{request.DESCRIPTOR.full_name} {account_id} ".encode() + content
    return hashlib.sha256(bound).digest()[:_DIGEST_BYTES]


@dataclass(frozen=True, slots=True)
class Taken(Generic[T]):
    """The rows of one page; `more` tells whether others follow."""

    rows: list[T]
    more: bool


def take(rows: Iterator[T], page_rows: int) -> Taken[T]:
    """Take a page from rows."""
    taken = list(islice(rows, page_rows))
    return Taken(taken, next(rows, None) is not None)
