"""A file of bits over hashed address keys, mapped into every process that reads it: two probes for an address.

The hash is multiply-xorshift (after the finalizer of SplitMix64, Steele and others 2014), cheap enough in numpy that
the probes' cache misses cost more. Layout: a header page, then `bits / 8` bytes of bits.
"""

import mmap
import os
import struct
import zlib
from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from dncd.storage.contract import Mask, Phones
from dncd.storage.keys import Kind

Hashes = NDArray[np.uint64]

# With fewer addresses than this, plain integers beat numpy's cost per call.
SCALAR_ROWS_MAX: Final = 8
BITS_MIN: Final = 1 << 20
# Each probe takes one half of the hash. Beyond that the index grows no more: it flags more often, never wrongly.
BITS_MAX: Final = 1 << 32

_HEADER_BYTES: Final = 4096
_HEADER: Final = struct.Struct("<8sIQQ32s64sI")
_KEYS: Final = struct.Struct("<Q")
_KEYS_AT: Final = 2048
_CHECKSUM: Final = struct.Struct("<I")
_CHECKSUM_AT: Final = _HEADER_BYTES - 4
_MAGIC: Final = b"DNCBITS\0"
_FORMAT: Final = 2
_NONCE_BYTES: Final = 64

_U64: Final = (1 << 64) - 1
_SALT: Final = 0xD1342543DE82EF95
_FIRST: Final = 0x9E3779B97F4A7C15
_SECOND: Final = 0xD6E8FEB86659FD93
_PHONE_ROW: Final = np.dtype([("account", ">u4"), ("kind", "u1"), ("phone", ">u8")])
_PHONE_BYTES: Final = _PHONE_ROW.itemsize
_PHONE_KIND: Final = int(Kind.PHONE)


class BitmapError(Exception):
    """The file is not the bitmap that was asked for; build another."""


class _Header(NamedTuple):
    magic: bytes
    version: int
    bits: int
    generation: int
    store: bytes
    nonce: bytes
    body_checksum: int


class Bitmap:
    """One generation of an address index. Reads need no lock; only the holder of the store's write transaction adds."""

    def __init__(self, path: Path, mapped: mmap.mmap, header: _Header) -> None:
        self.path = path
        self.generation = header.generation
        self.bits = header.bits
        self._header = header
        self._mapped = mapped
        self._body = np.frombuffer(mapped, dtype=np.uint8, offset=_HEADER_BYTES)
        log2 = header.bits.bit_length() - 1
        self._shift = 64 - log2
        self._mask = header.bits - 1

    @classmethod
    def create(cls, path: Path, *, generation: int, bits: int, store_id: str) -> Self:
        """Make an empty bitmap and replace what is at the path; OSError where the disk has no room for all of it."""
        header = _Header(_MAGIC, _FORMAT, bits, generation, _digest(store_id), b"", 0)
        draft = path.with_suffix(".draft")
        file = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            # Reserve every byte now: a write into a hole of a mapped file on a full disk would kill the process.
            os.posix_fallocate(file, 0, _HEADER_BYTES + bits // 8)
            bitmap = cls(path, mmap.mmap(file, 0), header)
            bitmap._write(header)
            draft.rename(path)
        except OSError:
            draft.unlink()
            raise
        finally:
            os.close(file)
        return bitmap

    @classmethod
    def open(cls, path: Path, *, generation: int, store_id: str) -> Self:
        """Map what is at the path; FileNotFoundError, or `BitmapError` where its header is not the one expected."""
        file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            size = os.fstat(file).st_size
            if size <= _HEADER_BYTES:
                raise BitmapError("the file is shorter than its header")
            mapped = mmap.mmap(file, size)
        finally:
            os.close(file)
        header = _read_header(mapped)
        if (header.generation, header.store) != (generation, _digest(store_id)):
            raise BitmapError("the file belongs to another store or generation")
        return cls(path, mapped, header)

    @property
    def keys(self) -> int:
        """Return how many keys were added that were not flagged before."""
        return int(_KEYS.unpack_from(self._mapped, _KEYS_AT)[0])

    def maybe_phones(self, account_id: int, phones: Phones) -> Mask:
        """Tell for each number of the account whether it may have been added."""
        if len(phones) <= SCALAR_ROWS_MAX:
            salt = _salt(account_id)
            return np.array([self._has(_mixed(salt ^ phone)) for phone in phones.tolist()], dtype=np.bool_)
        return self._have(_mix(phones ^ np.uint64(_salt(account_id))))

    def maybe(self, keys: Sequence[bytes]) -> Mask:
        """Tell for each address key whether it may have been added."""
        if len(keys) <= SCALAR_ROWS_MAX:
            return np.array([self._has(hash_key(key)) for key in keys], dtype=np.bool_)
        return self._have(hash_keys(keys))

    def add(self, keys: Sequence[bytes]) -> None:
        """Set the bits of address keys. The caller holds the store's write transaction."""
        if len(keys) <= SCALAR_ROWS_MAX:
            new = sum(self._set(hash_key(key)) for key in keys)
        else:
            new = self._set_all(hash_keys(keys))
        _KEYS.pack_into(self._mapped, _KEYS_AT, self.keys + new)

    def seal(self, nonce: bytes) -> None:
        """Sync the bits, then a header that vouches for them. The caller holds the store's write transaction."""
        self._mapped.flush()
        self._write(self._header._replace(nonce=_padded(nonce), body_checksum=zlib.crc32(self._body.data)))

    def unseal(self) -> None:
        """Take the nonce out of the header, before the bits change."""
        self._write(self._header._replace(nonce=b""))

    def is_sealed(self, nonce: bytes) -> bool:
        """Tell whether the header has the nonce and the bits are those it vouches for. Reads the whole file."""
        return self._header.nonce == _padded(nonce) and zlib.crc32(self._body.data) == self._header.body_checksum

    def _write(self, header: _Header) -> None:
        self._header = header
        _HEADER.pack_into(self._mapped, 0, *header)
        _CHECKSUM.pack_into(self._mapped, _CHECKSUM_AT, zlib.crc32(self._mapped[: _HEADER.size]))
        self._mapped.flush(0, _HEADER_BYTES)

    def _has(self, mixed: int) -> bool:
        first, second = mixed >> self._shift, mixed & self._mask
        body = self._mapped
        return bool(
            body[_HEADER_BYTES + (first >> 3)] >> (first & 7) & body[_HEADER_BYTES + (second >> 3)] >> (second & 7) & 1
        )

    def _have(self, mixed: Hashes) -> Mask:
        found = self._probe(mixed >> np.uint64(self._shift))
        rows = found.nonzero()[0]
        if len(rows):
            found[rows] = self._probe(mixed[rows] & np.uint64(self._mask))
        return found

    def _probe(self, places: Hashes) -> Mask:
        # take() with int64 indexes is twice as fast as indexing with uint64.
        found = self._body.take((places >> np.uint64(3)).view(np.int64))
        found >>= places.astype(np.uint8) & np.uint8(7)
        found &= np.uint8(1)
        return found.view(np.bool_)

    def _set(self, mixed: int) -> bool:
        if self._has(mixed):
            return False
        for place in (mixed >> self._shift, mixed & self._mask):
            self._mapped[_HEADER_BYTES + (place >> 3)] |= 1 << (place & 7)
        return True

    def _set_all(self, mixed: Hashes) -> int:
        new = mixed[~self._have(mixed)]
        for places in (new >> np.uint64(self._shift), new & np.uint64(self._mask)):
            bits = np.left_shift(np.uint8(1), places.astype(np.uint8) & np.uint8(7))
            np.bitwise_or.at(self._body, (places >> np.uint64(3)).view(np.int64), bits)
        return len(new)


def bits_for(addresses: int) -> int:
    """Return the size of a new bitmap: a power of two, at least 64 bits for each address, within the bounds."""
    return min(max(BITS_MIN, 1 << (64 * addresses - 1).bit_length()), BITS_MAX) if addresses else BITS_MIN


def is_full(addresses: int, bits: int) -> bool:
    """Tell whether so many addresses want a larger bitmap."""
    return addresses > bits // 32 and bits < BITS_MAX


def hash_key(key: bytes) -> int:
    """Hash one address key to 64 bits."""
    if _is_phone(key):
        return _mixed(_salt(int.from_bytes(key[:4])) ^ int.from_bytes(key[5:]))
    return int.from_bytes(blake2b(key, digest_size=8).digest())


def hash_keys(keys: Sequence[bytes]) -> Hashes:
    """Hash address keys, in their order; a column of phone keys in numpy."""
    if set(map(len, keys)) == {_PHONE_BYTES}:
        rows = np.frombuffer(b"".join(keys), dtype=_PHONE_ROW)
        if (rows["kind"] == _PHONE_KIND).all():
            return _hash_phone_rows(rows)
    return np.fromiter(map(hash_key, keys), dtype=np.uint64, count=len(keys))


def _hash_phone_rows(rows: NDArray[np.void]) -> Hashes:
    mixed: Hashes = rows["account"].astype(np.uint64)
    mixed *= np.uint64(_SALT)
    mixed ^= rows["phone"]
    return _mix(mixed)


def _is_phone(key: bytes) -> bool:
    return len(key) == _PHONE_BYTES and key[4] == _PHONE_KIND


def _salt(account_id: int) -> int:
    return account_id * _SALT & _U64


def _mix(mixed: Hashes) -> Hashes:
    """Mix in place; `_mixed` is the same for one number."""
    mixed *= np.uint64(_FIRST)
    mixed ^= mixed >> np.uint64(32)
    mixed *= np.uint64(_SECOND)
    mixed ^= mixed >> np.uint64(29)
    return mixed


def _mixed(number: int) -> int:
    number = number * _FIRST & _U64
    number ^= number >> 32
    number = number * _SECOND & _U64
    return number ^ number >> 29


def _read_header(mapped: mmap.mmap) -> _Header:
    header = _Header(*_HEADER.unpack_from(mapped))
    if zlib.crc32(mapped[: _HEADER.size]) != _CHECKSUM.unpack_from(mapped, _CHECKSUM_AT)[0]:
        raise BitmapError("the header is damaged")
    if (header.magic, header.version) != (_MAGIC, _FORMAT):
        raise BitmapError("the file has another format")
    if len(mapped) != _HEADER_BYTES + header.bits // 8:
        raise BitmapError("the file was cut off")
    return header


def _digest(store_id: str) -> bytes:
    # Store ids differ in length: one that was restored has two UUIDs.
    return blake2b(store_id.encode(), digest_size=32).digest()


def _padded(nonce: bytes) -> bytes:
    assert len(nonce) <= _NONCE_BYTES, "a nonce that is cut off would never match"
    return nonce.ljust(_NONCE_BYTES, b"\0")
