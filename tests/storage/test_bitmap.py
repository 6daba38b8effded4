from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.storage.bitmap import BITS_MAX, BITS_MIN, Bitmap, BitmapError, bits_for, hash_key, hash_keys, is_full
from dncd.storage.keys import Kind, phone_key, phone_keys, text_key

ACCOUNTS = st.integers(0, 2**32 - 1)
PHONES = st.integers(0, 2**64 - 1)
ANY_KEYS = st.lists(st.builds(phone_key, ACCOUNTS, PHONES) | st.binary(min_size=5, max_size=20), max_size=30)


def make(path: Path, bits: int = BITS_MIN) -> Bitmap:
    return Bitmap.create(path / "address-index-1.bits", generation=1, bits=bits, store_id="store")


@given(account_id=ACCOUNTS, phones=st.lists(PHONES, max_size=30))
def test_one_number_hashes_as_in_a_column(account_id: int, phones: list[int]) -> None:
    keys = phone_keys(account_id, np.array(phones, dtype=np.uint64))

    assert hash_keys(keys).tolist() == [hash_key(key) for key in keys]


@given(keys=ANY_KEYS)
def test_one_key_hashes_as_among_others(keys: list[bytes]) -> None:
    assert hash_keys(keys).tolist() == [hash_key(key) for key in keys]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Bitmap:
    return make(tmp_path_factory.mktemp("bitmap"))


@given(account_id=ACCOUNTS, phones=st.lists(PHONES, max_size=30), asked=st.lists(PHONES, max_size=30))
def test_all_ways_to_ask_agree(shared: Bitmap, account_id: int, phones: list[int], asked: list[int]) -> None:
    shared.add(phone_keys(account_id, np.array(phones, dtype=np.uint64)))
    column = np.array(phones + asked, dtype=np.uint64)

    in_columns = shared.maybe_phones(account_id, column).tolist()
    by_key = shared.maybe(phone_keys(account_id, column)).tolist()
    one_by_one = [bool(shared.maybe_phones(account_id, column[row : row + 1])[0]) for row in range(len(column))]

    assert in_columns == by_key == one_by_one
    assert all(in_columns[: len(phones)])


@given(keys=ANY_KEYS)
def test_every_added_key_is_flagged(shared: Bitmap, keys: list[bytes]) -> None:
    shared.add(keys)

    assert shared.maybe(keys).all()
    assert all(shared.maybe([key])[0] for key in keys)


def test_keys_count_once_however_often_they_are_added(tmp_path: Path) -> None:
    bitmap = make(tmp_path)
    keys = phone_keys(7, np.arange(14155550000, 14155550100, dtype=np.uint64))

    bitmap.add(keys)
    bitmap.add(keys)
    for key in keys[:5]:
        bitmap.add([key])

    assert bitmap.keys == 100


@pytest.mark.parametrize("step", [1, 7, 10_000, 1 << 20])
def test_patterns_in_numbers_do_not_crowd_the_bits(tmp_path: Path, step: int) -> None:
    """At 32 bits a key, when it is full, two probes flag 1 in 256 unknown keys; a bad hash would flag many more."""
    bitmap = make(tmp_path)
    stored = np.arange(32_768, dtype=np.uint64) * np.uint64(step) + np.uint64(12_000_000_000)
    asked = stored + np.uint64(32_768 * step)
    bitmap.add(phone_keys(7, stored))

    assert bitmap.maybe_phones(7, asked).mean() < 0.01
    assert bitmap.maybe_phones(8, stored).mean() < 0.01


def test_one_process_sees_the_bits_that_another_mapping_sets(tmp_path: Path) -> None:
    writer = make(tmp_path)
    reader = Bitmap.open(writer.path, generation=1, store_id="store")

    writer.add([text_key(7, Kind.EMAIL, "ann@example.com")])

    assert reader.maybe([text_key(7, Kind.EMAIL, "ann@example.com")]).all()


@pytest.mark.parametrize(
    ("addresses", "bits"),
    [(0, BITS_MIN), (16_384, BITS_MIN), (16_385, BITS_MIN * 2), (10_000_000, 1 << 30), (10**9, BITS_MAX)],
)
def test_new_bitmap_has_64_bits_an_address_within_its_bounds(addresses: int, bits: int) -> None:
    assert bits_for(addresses) == bits


def test_bitmap_is_full_beyond_one_address_in_32_bits_and_never_at_its_largest() -> None:
    assert not is_full(32_768, BITS_MIN)
    assert is_full(32_769, BITS_MIN)
    assert not is_full(10**9, BITS_MAX)


def test_seal_holds_for_its_nonce_until_it_is_taken_off(tmp_path: Path) -> None:
    make(tmp_path).seal(b"nonce")
    bitmap = Bitmap.open(tmp_path / "address-index-1.bits", generation=1, store_id="store")
    answers = [bitmap.is_sealed(b"nonce"), bitmap.is_sealed(b"other")]

    bitmap.unseal()
    reopened = Bitmap.open(bitmap.path, generation=1, store_id="store")

    assert answers == [True, False]
    assert not reopened.is_sealed(b"nonce")


@pytest.mark.parametrize(("generation", "store_id"), [(2, "store"), (1, "other")])
def test_file_of_another_store_or_generation_is_refused(tmp_path: Path, generation: int, store_id: str) -> None:
    path = make(tmp_path).path

    with pytest.raises(BitmapError, match="another store or generation"):
        Bitmap.open(path, generation=generation, store_id=store_id)


def test_store_id_of_any_length_is_told_from_others(tmp_path: Path) -> None:
    restored = f"{UUID(int=1)}.{UUID(int=2)}"
    path = Bitmap.create(tmp_path / "bits", generation=1, bits=BITS_MIN, store_id=restored).path

    Bitmap.open(path, generation=1, store_id=restored)

    with pytest.raises(BitmapError, match="another store or generation"):
        Bitmap.open(path, generation=1, store_id=f"{UUID(int=1)}.{UUID(int=3)}")


def test_nonce_too_long_to_keep_is_refused(tmp_path: Path) -> None:
    bitmap = make(tmp_path)

    with pytest.raises(AssertionError, match="nonce"):
        bitmap.seal(b"n" * 65)


@pytest.mark.parametrize("length", [0, 100, 4096, 5000])
def test_file_cut_off_anywhere_is_refused(tmp_path: Path, length: int) -> None:
    path = make(tmp_path).path
    path.write_bytes(path.read_bytes()[:length])

    with pytest.raises(BitmapError):
        Bitmap.open(path, generation=1, store_id="store")


def test_damaged_header_is_refused(tmp_path: Path) -> None:
    path = make(tmp_path).path
    content = bytearray(path.read_bytes())
    content[14] ^= 1
    path.write_bytes(content)

    with pytest.raises(BitmapError, match="damaged"):
        Bitmap.open(path, generation=1, store_id="store")
