"""Reading small register files in tests: what came out of them, in one value."""

import io
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from dncd.registry.chunks import Reading, Reject
from dncd.registry.formats import Options, read
from dncd.registry.lines import BLOCK_BYTES, Source

LIST_DATE: Final = date(2026, 7, 1)
DATED: Final = Options(list_date=LIST_DATE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that a reading gave."""

    phones: list[int]
    removed: list[bool]
    categories: list[int]
    rejects: list[Reject]
    reading: Reading
    sha256: str

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(reject.line, reject.reason) for reject in self.rejects]


def read_bytes(
    format_name: str, content: bytes, options: Options = DATED, name: str = "list.txt", block_bytes: int = BLOCK_BYTES
) -> Outcome:
    """Read a source from memory, and check that no line was lost."""
    source = Source(io.BytesIO(content), name, block_bytes)
    reading, rejects = Reading(), list[Reject]()
    chunks = list(read(format_name, source, options, reading, rejects.append))
    assert reading.rejects == len(rejects)
    return Outcome(
        phones=_joined(chunk.phones for chunk in chunks),
        removed=_joined(chunk.removed for chunk in chunks if chunk.removed is not None),
        categories=_joined(chunk.categories for chunk in chunks if chunk.categories is not None),
        rejects=rejects,
        reading=reading,
        sha256=source.sha256,
    )


def zipped(*files: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Make a zip archive of named files."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def _joined(columns: Iterable) -> list:  # type: ignore[type-arg] # columns of any dtype
    return [value for column in columns for value in column.tolist()]
