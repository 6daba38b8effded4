import gzip
import hashlib
import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dncd.registry import archives, lines
from dncd.registry.failures import SourceTooLarge, SourceUnreadable
from dncd.registry.lines import Block, Source
from registry_reading import zipped

BLOCKS = st.sampled_from([1, 2, 3, 5, 7, 16, 4096])


def lines_of(content: bytes, name: str = "a.txt", block_bytes: int = 4096) -> list[tuple[str, int, bytes]]:
    source = Source(io.BytesIO(content), name, block_bytes)
    return [
        (block.file, block.first_line + row, line)
        for entry in source.entries()
        for block in entry.blocks
        for row, line in enumerate(block.lines())
    ]


def texts_of(content: bytes, block_bytes: int = 4096) -> list[bytes]:
    return [line for _, _, line in lines_of(content, block_bytes=block_bytes)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_lines_end_as_people_end_them(end: bytes) -> None:
    assert texts_of(end.join([b"one", b"two", b"three"]) + end) == [b"one", b"two", b"three"]


def test_the_last_line_needs_no_end() -> None:
    assert texts_of(b"one\ntwo") == [b"one", b"two"]


def test_an_empty_source_has_no_lines() -> None:
    assert texts_of(b"") == []


@given(st.lists(st.sampled_from([b"1", b"22", b"\n", b"\r", b"\r\n", b"x"])).map(b"".join), BLOCKS)
def test_lines_do_not_depend_on_where_blocks_are_cut(content: bytes, block_bytes: int) -> None:
    found = lines_of(content, block_bytes=block_bytes)

    assert [line for _, _, line in found] == content.splitlines()
    assert [number for _, number, _ in found] == list(range(1, len(found) + 1))


@given(st.lists(st.sampled_from(["", " ", "\t \t", "1", " 1 ", "\r", "\v"]), min_size=1), st.data())
def test_filled_lines_are_those_that_hold_more_than_blanks(texts: list[str], data: st.DataObject) -> None:
    block = Block("a.txt", 1, "".join(f"{text}\n" for text in texts).encode())
    rows = sorted(data.draw(st.sets(st.sampled_from(range(len(texts))))))

    found = block.filled(np.array(rows, np.intp))

    assert found == [row for row in rows if block.line(row).strip(b" \t")]


@given(st.text(st.sampled_from("aé€1\n"), max_size=40), st.sampled_from(["utf-8-sig", "utf-16"]), BLOCKS)
def test_byte_order_marks_are_understood(text: str, encoding: str, block_bytes: int) -> None:
    assert texts_of(text.encode(encoding), block_bytes) == text.encode().splitlines()


def test_big_endian_utf_16_is_understood() -> None:
    assert texts_of(b"\xfe\xff" + "one\n".encode("utf-16-be")) == [b"one"]


def test_utf_16_that_is_cut_off_is_refused() -> None:
    with pytest.raises(SourceUnreadable, match="UTF-16"):
        texts_of("one\n".encode("utf-16")[:-1])


@pytest.mark.parametrize("block_bytes", [1, 3, 4096])
def test_a_nul_byte_is_refused_with_its_line(block_bytes: int) -> None:
    with pytest.raises(SourceUnreadable) as refused:
        lines_of(b"one\ntwo\nth\0ree\n", block_bytes=block_bytes)

    assert (refused.value.file, refused.value.line) == ("a.txt", 3)


def test_utf_16_without_its_mark_is_refused() -> None:
    with pytest.raises(SourceUnreadable, match="save it as UTF-8"):
        texts_of("8185550123\n".encode("utf-16-le"))


def test_a_line_without_end_is_refused() -> None:
    with pytest.raises(SourceTooLarge, match="longer than"):
        texts_of(b"1\n" + b"1" * (lines.LINE_BYTES_MAX + 1))


@pytest.mark.parametrize("block_bytes", [1, 7, 4096])
def test_gzip_of_several_members_is_one_file(block_bytes: int) -> None:
    content = gzip.compress(b"one\ntw") + gzip.compress(b"o\n") + b"\0\0"

    assert lines_of(content, "a.txt.gz", block_bytes) == [("a.txt", 1, b"one"), ("a.txt", 2, b"two")]


@given(st.binary(max_size=2_000).filter(lambda content: b"\0" not in content), BLOCKS)
def test_gzip_gives_what_went_in(content: bytes, block_bytes: int) -> None:
    content = b"lines\n" + content

    assert texts_of(gzip.compress(content), block_bytes) == content.splitlines()


def test_a_zip_gives_its_files_in_order_and_skips_what_macos_adds() -> None:
    content = zipped(
        ("b/", b""),
        ("b/second.txt", b"1\n"),
        ("first.txt", b"2"),
        ("__MACOSX/b/._second.txt", b"\0"),
        (".DS_Store", b""),
    )

    assert lines_of(content, "a.zip") == [("second.txt", 1, b"1"), ("first.txt", 1, b"2")]


def test_names_lose_folders_and_control_characters() -> None:
    assert lines_of(zipped(("us\\new\n.txt", b"1\n")), "a.zip") == [("new?.txt", 1, b"1")]


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_gzip_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(SourceUnreadable):
        texts_of(gzip.compress(os.urandom(100).replace(b"\0", b"1"))[:-cut])


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_zip_that_is_cut_off_is_refused(cut: int) -> None:
    with pytest.raises(SourceUnreadable):
        texts_of(zipped(("a.txt", b"818,5550123\n" * 20))[:-cut])


DAMAGEABLE = (
    gzip.compress(b"818,5550123\n818,5550124\n", mtime=0),
    zipped(("a.txt", b"818,5550123\n818,5550124\n"), method=zipfile.ZIP_STORED),
    zipped(("a.txt", b"818,5550123\n818,5550124\n")),
)


@given(st.sampled_from(DAMAGEABLE), st.integers(0, 400), st.integers(1, 255))
def test_damage_to_an_archive_never_changes_a_line(content: bytes, place: int, flip: int) -> None:
    damaged = bytearray(content)
    damaged[place % len(damaged)] ^= flip
    if bytes(damaged[:2]) != content[:2]:
        return  # it is no archive any more, but text

    try:
        found = texts_of(bytes(damaged))
    except (SourceUnreadable, SourceTooLarge):
        return

    assert found in ([b"818,5550123", b"818,5550124"], [])


def test_an_encrypted_entry_is_refused_by_name() -> None:
    content = bytearray(zipped(("secret.txt", b"818,5550123\n")))
    content[6] |= 1  # the flag in the entry's own header, and in the directory
    content[content.index(b"PK\x01\x02") + 8] |= 1

    with pytest.raises(SourceUnreadable, match=r"a\.txt/secret\.txt: is encrypted"):
        texts_of(bytes(content))


def test_other_ways_to_compress_are_refused() -> None:
    with pytest.raises(SourceUnreadable, match="use deflate"):
        texts_of(zipped(("a.txt", b"1\n"), method=zipfile.ZIP_LZMA))


@pytest.mark.parametrize(
    "inner",
    [zipped(("a.txt", b"1")), gzip.compress(b"1"), b"7z\xbc\xaf\x27\x1c", b"%PDF-1.7", b"\xd0\xcf\x11\xe0\xa1\xb1"],
)
def test_archives_and_documents_within_are_refused(inner: bytes) -> None:
    with pytest.raises(SourceUnreadable, match="not text"):
        texts_of(zipped(("inner", inner)))


def test_a_spreadsheet_is_refused_with_the_way_out() -> None:
    with pytest.raises(SourceUnreadable, match="save it as CSV"):
        texts_of(zipped(("[Content_Types].xml", b"<xml/>")))


def test_a_zip_bomb_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "EXPANSION_FREE_BYTES", 100_000)
    bomb = b"1\n" * 10_000_000

    for content in (zipped(("a.txt", bomb)), gzip.compress(bomb)):
        source = Source(io.BytesIO(content), "bomb", 4096)
        with pytest.raises(SourceTooLarge, match="expands"):
            sum(len(block.text) for entry in source.entries() for block in entry.blocks)
        # It was not expanded to its end.
        assert source._expanded_bytes < len(content) * lines.EXPANSION_RATIO_MAX + 100_000


def test_entries_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "EXPANSION_FREE_BYTES", 1000)
    monkeypatch.setattr(lines, "EXPANSION_RATIO_MAX", 1)

    with pytest.raises(SourceTooLarge):
        texts_of(zipped(*((f"{place}.txt", b"1\n" * 400) for place in range(2))))


def test_an_expansion_has_an_absolute_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "EXPANDED_BYTES_MAX", 10)

    with pytest.raises(SourceTooLarge):
        texts_of(gzip.compress(b"818,5550123\n"))


def test_too_many_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "ENTRIES_MAX", 2)

    with pytest.raises(SourceTooLarge, match="entries"):
        texts_of(zipped(*((f"{place}.txt", b"") for place in range(3))))


@pytest.mark.parametrize("content", [b"", b"one\n", gzip.compress(b"one\n") + b"\0", zipped(("a", b"1"), ("b", b""))])
@pytest.mark.parametrize("block_bytes", [1, 4096])
def test_the_digest_is_that_of_the_bytes_as_given(content: bytes, block_bytes: int) -> None:
    source = Source(io.BytesIO(content), "list", block_bytes)
    for entry in source.entries():
        list(entry.blocks)

    assert source.sha256 == hashlib.sha256(content).hexdigest()
    assert source.bytes_read == source.size == len(content)


def test_a_file_that_grows_meanwhile_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_bytes(b"1\n2\n")
    source = Source(path.open("rb"), path.name)
    entries = source.entries()
    list(next(entries).blocks)
    path.write_bytes(b"1\n2\n3\n")

    with pytest.raises(SourceUnreadable, match="changed while"):
        next(entries)
    source.close()


@pytest.mark.parametrize("behind", [b"4155550199\n", b"\0" * 30, b"\n"])
def test_what_is_behind_a_zip_is_never_left_out(behind: bytes) -> None:
    with pytest.raises(SourceUnreadable, match="before or behind"):
        texts_of(zipped(("a.txt", b"818,5550123\n")) + behind)


def test_one_zip_behind_another_is_refused() -> None:
    with pytest.raises(SourceUnreadable, match="another archive"):
        texts_of(zipped(("a.txt", b"818,5550123\n")) + zipped(("b.txt", b"818,5550124\n")))


def test_a_zip_with_a_comment_is_read() -> None:
    out = io.BytesIO(zipped(("a.txt", b"818,5550123\n")))
    with zipfile.ZipFile(out, "a") as archive:
        archive.comment = b"the list of November"

    assert texts_of(out.getvalue()) == [b"818,5550123"]
