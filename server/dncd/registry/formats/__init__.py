"""The formats that registers come in; `docs/reference/registry-formats.md` says what each accepts and refuses."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from dncd.registry.chunks import Chunk, Reading, Reject
from dncd.registry.failures import FormatUnsuited
from dncd.registry.formats import acma, delimited, ftc, ftc_change, ncpr, numbers, tps
from dncd.registry.formats.options import Options, Shape
from dncd.registry.lines import Source
from dncd.registry.rejects import Tally

__all__ = ["FORMATS", "Format", "Options", "Shape", "read"]

Format = Callable[[Source, Options, Tally], Iterator[Chunk]]

FORMATS: Final[Mapping[str, Format]] = MappingProxyType(
    {
        "ftc": ftc.read,
        "ftc-change": ftc_change.read,
        "tps": tps.read,
        "ncpr": ncpr.read,
        "acma": acma.read,
        "csv": delimited.read,
        "numbers": numbers.read,
    }
)


def read(
    format_name: str, source: Source, options: Options, reading: Reading, reject: Callable[[Reject], None]
) -> Iterator[Chunk]:
    """Read a source in the order of its lines; `reading` is complete, and `source.sha256` known, at the end.

    Every line that holds something, headings aside, is read or rejected: `reading.lines` counts both. Afterwards
    `rejects.judge(reading)` says whether the source can be relied on. Raises ImportFailed and what derives from it.
    """
    if format_name not in FORMATS:
        raise FormatUnsuited(f"there is no format of this name; there are {', '.join(FORMATS)}")
    return FORMATS[format_name](source, options, Tally(reading, reject))
