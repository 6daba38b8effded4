"""One number a line, in any form that `dncd.addresses` reads, with a shortcut for the plainest ones."""

from collections.abc import Iterator
from functools import cache
from typing import Final

import numpy as np

from dncd.addresses import known_region, phone_faults
from dncd.registry.chunks import Chunk
from dncd.registry.failures import FormatUnsuited
from dncd.registry.formats.layouts import BLANK, counted, decoded
from dncd.registry.formats.options import Options
from dncd.registry.formats.patterns import Pattern, match, pattern
from dncd.registry.formats.written import read_written
from dncd.registry.lines import Block, Source
from dncd.registry.rejects import OUT_OF_SCOPE, Tally
from dncd.storage.contract import Phones

_REGIONS: Final = {1: "US", 44: "GB", 61: "AU", 91: "IN"}
_E164_DIGITS_MIN: Final = 7
_E164_DIGITS_MAX: Final = 15


def read(source: Source, options: Options, tally: Tally) -> Iterator[Chunk]:
    """Read numbers. Raises ListDateMissing unless the operator gives the date."""
    region = region_of(options)
    tally.reading.list_date = options.require_date(source.name)
    tally.reading.coverage |= options.coverage
    for entry in source.entries():
        tally.reading.files.append(entry.name)
        for block in entry.blocks:
            if len(phones := _numbers(block, region, options, tally)):
                yield Chunk(phones)


def region_of(options: Options) -> str:
    """Return the region of numbers without a plus sign, "" for none. Raises FormatUnsuited for an unknown one."""
    region = options.region or _REGIONS.get(options.calling_code, "")
    if region and not known_region(region):
        raise FormatUnsuited("the region is not an ISO 3166-1 alpha-2 code with a numbering plan")
    return region


def _numbers(block: Block, region: str, options: Options, tally: Tally) -> Phones:
    phones = match(block, international_shortcuts() if options.international else shortcuts(region))
    read = np.flatnonzero(phones)
    phones[read[phone_faults(phones[read], len(read)) != 0]] = 0
    rest = {row: block.line(row).strip(BLANK) for row in block.filled(np.flatnonzero(phones == 0))}
    texts = list(map(decoded, rest.values()))
    phones[list(rest)], unread = read_written(texts, region, international=options.international)
    rows = list(rest)
    reasons = {rows[place]: why for place, why in unread.items()}
    outside = options.outside(phones)
    reasons.update(dict.fromkeys(np.flatnonzero(outside).tolist(), OUT_OF_SCOPE))
    phones[outside] = 0
    for row in sorted(reasons):
        tally.rejected(block.file, block.first_line + row, reasons[row], decoded(block.line(row).strip(BLANK)))
    return counted(phones, tally)


@cache
def shortcuts(region: str) -> tuple[Pattern, ...]:
    """Build the patterns that say the same as `phones_from_texts` for numbers that the plan has."""
    national = {"US": ("NDDNDDDDDD", "1NDDNDDDDDD"), "GB": ("0PDDDDDDDDD",), "AU": ("0PDDDDDDDD",)}
    codes = {"US": 1, "GB": 44, "AU": 61}
    return (*(pattern(form, codes[region]) for form in national.get(region, ())), *_e164("+"))


@cache
def international_shortcuts() -> tuple[Pattern, ...]:
    """Build the patterns of numbers that begin with their calling code, with and without a plus sign."""
    return (*_e164(""), *_e164("+"))


def _e164(sign: str) -> Iterator[Pattern]:
    digits = range(_E164_DIGITS_MIN, _E164_DIGITS_MAX + 1)
    return (pattern(f"{sign}P{'D' * (width - 1)}") for width in digits)
