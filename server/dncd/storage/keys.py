"""Keys of the tables: big-endian, account first, so that a table's order is the order people want.

An address key is account (4 bytes) + kind (1 byte) + target. A phone target is its E.164 digits as an 8-byte number;
every other target is its canonical text in UTF-8 (for a prefix the digits, for a domain the domain). Keys of ATTEMPTS
are built the same way; there a target may also be a caller's name for a person or a debt.
"""

import struct
from enum import IntEnum

import numpy as np

from dncd.storage.contract import Phones


class Kind(IntEnum):
    """What an address key is about. Kept on disk: never renumber."""

    PHONE = 1
    EMAIL = 2
    PREFIX = 3
    DOMAIN = 4
    CONTACT = 5
    DEBT = 6


_ACCOUNT = struct.Struct(">I")
_PHONE = struct.Struct(">IBQ")
_U64 = struct.Struct(">Q")
_PHONE_BYTES = 13


def account_key(account_id: int, rest: bytes = b"") -> bytes:
    """Build a key of an account table."""
    return _ACCOUNT.pack(account_id) + rest


def u64(number: int) -> bytes:
    """Encode a position or a time so that byte order is number order."""
    return _U64.pack(number)


def phone_key(account_id: int, phone: int) -> bytes:
    """Build the address key of a phone number given as E.164 digits."""
    return _PHONE.pack(account_id, Kind.PHONE, phone)


def text_key(account_id: int, kind: Kind, text: str) -> bytes:
    """Build the address key of an e-mail address, a prefix's digits or a domain, or the key of a contact or debt."""
    return _ACCOUNT.pack(account_id) + bytes((kind,)) + text.encode()


def phone_keys(account_id: int, phones: Phones) -> list[bytes]:
    """Build the address keys of a column of numbers, in its order."""
    rows = np.empty((len(phones), _PHONE_BYTES), dtype=np.uint8)
    rows[:, :5] = np.frombuffer(_ACCOUNT.pack(account_id) + bytes((Kind.PHONE,)), dtype=np.uint8)
    rows[:, 5:] = phones.astype(">u8").view(np.uint8).reshape(-1, 8)
    keys: list[bytes] = rows.view(f"V{_PHONE_BYTES}").ravel().tolist()
    return keys


def account_of(key: bytes) -> int:
    """Read the account id of an account table's key."""
    return int(_ACCOUNT.unpack_from(key)[0])
