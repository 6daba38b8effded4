"""What holds for any file: the shortcuts say what the definitions say, and nothing depends on where blocks are cut."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dncd.addresses import phones_from_texts
from dncd.registry.formats import Options, acma, ftc, ncpr, tps
from dncd.registry.formats.layouts import Layout, read_lines
from dncd.registry.formats.numbers import shortcuts
from dncd.registry.formats.patterns import match, pattern
from dncd.registry.lines import Block
from dncd.registry.rejects import CODE_OR_NOT
from registry_reading import LIST_DATE, read_bytes

LAYOUTS = {"ftc": ftc.layout, "tps": tps.layout, "ncpr": ncpr.layout, "acma": acma.layout}
DIGITS = st.text("0123456789", min_size=1, max_size=13)
EXACT = st.one_of(
    st.from_regex(r"\A[2-9][0-9]{2},?[2-9][0-9]{6}\Z"),
    st.from_regex(r"\A1[2-9][0-9]{2}[2-9][0-9]{6}\Z"),
    st.from_regex(r"\A0[1-9][0-9]{2,3} [0-9]{6,7}\Z"),
    st.from_regex(r"\A0[1-9][0-9]{8,9} ?\Z"),
    st.from_regex(r"\A(61|91|44|\+44)?[1-9][0-9]{8,9}\Z"),
    st.from_regex(r"\A\+[1-9][0-9]{5,15}\Z"),
)
NEARLY = st.builds(
    lambda line, place, char: line[:place] + char + line[place:], EXACT, st.integers(0, 12), st.sampled_from("0 x,-E\t")
)
LINE = st.one_of(EXACT, EXACT, NEARLY, DIGITS, st.sampled_from(["", " ", "4.15555E+09", "\u00e9"]))
LINES = st.one_of(st.lists(LINE, max_size=20), st.lists(EXACT, min_size=1, max_size=3).map(lambda lines: lines * 5))


def block_of(lines: list[str]) -> Block:
    return Block("a.txt", 1, "".join(f"{line}\n" for line in lines).encode())


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS)
@given(lines=LINES.filter(bool))
def test_the_shortcut_reads_what_the_definition_reads(layout: Callable[[], Layout], lines: list[str]) -> None:
    phones, reasons = read_lines(block_of(lines), layout())

    for row, line in enumerate(lines):
        bare = line.encode().strip(b" \t")
        defined = layout().define(bare) if bare else 0
        assert (reasons[row] if row in reasons else int(phones[row])) == defined


@pytest.mark.parametrize("region", ["US", "GB", "AU", "IN", "DE", ""])
@settings(max_examples=50)
@given(lines=LINES.filter(bool))
def test_the_shortcut_for_written_numbers_reads_what_addresses_read(region: str, lines: list[str]) -> None:
    outcome = read_bytes("numbers", block_of(lines).text, Options(region=region, list_date=LIST_DATE))

    phones, faults = phones_from_texts([line.strip(" \t") for line in lines], region, len(lines))
    for reject in outcome.rejects:
        if reject.reason == CODE_OR_NOT:
            assert phones[reject.line - 1]
            phones[reject.line - 1], faults[reject.line - 1] = 0, 1
    assert outcome.phones == [phone for phone in phones.tolist() if phone]
    assert outcome.reading.rejects == sum(1 for row in np.flatnonzero(faults) if lines[row].strip(" \t"))


@pytest.mark.parametrize("region", ["US", "GB", "AU"])
def test_the_shortcuts_take_the_common_forms(region: str) -> None:
    national = {"US": "8185550123", "GB": "02079460958", "AU": "0412345678"}[region]

    assert match(block_of([national] * 3 + ["+4930123456"]), shortcuts(region)).all()


@pytest.mark.parametrize("format_name", ["ftc", "tps", "ncpr", "csv", "numbers"])
@settings(max_examples=50)
@given(
    lines=LINES,
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-8-sig"]),
    block_bytes=st.integers(1, 40),
)
def test_nothing_depends_on_where_blocks_are_cut(
    format_name: str, lines: list[str], end: str, last: bool, encoding: str, block_bytes: int
) -> None:
    content = (end.join(lines) + end * last).encode(encoding)
    options = (
        Options(list_date=LIST_DATE, column=1, delimiter=",") if format_name == "csv" else Options(list_date=LIST_DATE)
    )

    whole = read_bytes(format_name, content, options)
    cut = read_bytes(format_name, content, options, block_bytes=block_bytes)

    assert cut == whole
    assert whole.reading.lines == len(whole.phones) + len(whole.rejects)


@given(
    st.lists(st.tuples(st.integers(200, 999), st.integers(2_000_000, 9_999_999))),
    st.sampled_from(["%d,%07d", "%d%07d", "1%d%07d"]),
)
def test_what_is_written_in_a_full_list_is_what_is_read(numbers: list[tuple[int, int]], form: str) -> None:
    content = "".join(f"{form % number}\r\n" for number in numbers).encode()

    outcome = read_bytes("ftc", content)

    assert outcome.phones == [10**10 + area * 10**7 + line for area, line in numbers]
    assert outcome.reading.coverage == {f"1{area}" for area, _ in numbers}


@given(st.lists(st.integers(2_000_000_000, 2_099_999_999)), st.booleans())
def test_what_is_written_in_a_tps_list_is_what_is_read(numbers: list[int], spaces: bool) -> None:
    texts = [f"0{number}" for number in numbers]
    lines = [f"{text[:4]:5}{text[4:]:>7}" if spaces else f"{text:12}" for text in texts]

    outcome = read_bytes("tps", "".join(f"{line}\r\n" for line in lines).encode())

    assert outcome.phones == [44 * 10**10 + number for number in numbers]


def test_slices_of_a_long_block_are_in_order() -> None:
    block = block_of([f"818555{place:04}" for place in range(10_000)])

    assert (match(block, [pattern("DDDDDDDDDD", 1)]) == 18185550000 + np.arange(10_000)).all()


def test_one_bad_line_among_many_spoils_no_neighbour() -> None:
    lines = [f"818,555{place:04}" for place in range(10_000)]
    expected = [18185550000 + place for place in range(10_000) if place not in {0, 4095, 4096, 9_999}]
    for bad in ("818,55x0000", "818,5550000 1", "x", "818,555000"):
        damaged = [bad if place in {0, 4095, 4096, 9_999} else line for place, line in enumerate(lines)]

        outcome = read_bytes("ftc", block_of(damaged).text)

        assert outcome.phones == expected
        assert [reject.line for reject in outcome.rejects] == [1, 4096, 4097, 10_000]
