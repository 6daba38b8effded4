"""TPS and CTPS: numbers only, in 12 characters a line, with a space behind the dialling code or padded at the end.

Source: tpsonline.org.uk, licensee file layouts. The layout of incremental files is not published; it is not read.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from dncd.registry.chunks import Chunk
from dncd.registry.formats.layouts import Layout, judged, numbers_of, unread
from dncd.registry.formats.options import Options
from dncd.registry.formats.patterns import pattern
from dncd.registry.lines import Source
from dncd.registry.rejects import OUT_OF_SCOPE, Tally

CODE: Final = 44
_LINE: Final = re.compile(rb"(?:\+44|0044|44|0)([1-9][0-9]{8,9})")
_FORMS: Final = ("0PDDDDDDDDD ", "0PDD DDDDDDD", "0PDDD DDDDDD", "0PDDDDDDDDD")


def read(source: Source, options: Options, tally: Tally) -> Iterator[Chunk]:
    """Read numbers. Raises ListDateMissing unless the operator gives the date."""
    options.require_code(CODE, "tps")
    tally.reading.list_date = options.require_date(source.name)
    tally.reading.coverage |= options.coverage
    for entry in source.entries():
        tally.reading.files.append(entry.name)
        for block in entry.blocks:
            if len(phones := numbers_of(block, layout(), tally, options.outside, OUT_OF_SCOPE)):
                yield Chunk(phones)


@cache
def layout() -> Layout:
    """Build the layout on first use."""
    return Layout(tuple(pattern(form, CODE) for form in _FORMS), define, judged=True)


def define(line: bytes) -> int | str:
    """Read one line: spaces anywhere; a leading 0, or the calling code, has to be there."""
    found = _LINE.fullmatch(line.replace(b" ", b""))
    if not found:
        return unread(line)
    return judged(int(b"44" + found[1]))
