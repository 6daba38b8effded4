"""What a format reads from a file: columns of numbers, and what could not be read.

Formats yield `Chunk`s in the order of the file; the builder takes them as they come: no file is ever held whole.
"""

from dataclasses import dataclass, field
from datetime import date

import numpy as np
from numpy.typing import NDArray

from dncd.storage.contract import Mask, Phones

EVERY_CATEGORY = 0
# Not on the register, but in the wash that was asked about it: see `formats/acma.py`. Policies cannot ask for it.
WASHED_CLEAN = 15
Categories = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some numbers of a file, as E.164 digits; not sorted, and not without duplicates.

    `removed` is there for change lists: True takes the number off the register. `categories` is there for registers
    that keep preferences: bit k of a number's mask is its category k, bit 0 is "every category".
    """

    phones: Phones
    removed: Mask | None = None
    categories: Categories | None = None


@dataclass(frozen=True, slots=True)
class Reject:
    """A line that could not be read: the file (or entry of an archive), the line's number from 1, and why.

    `masked` is its text with all but the first three digits hidden.
    """

    file: str
    line: int
    reason: str
    masked: str


@dataclass(slots=True)
class Reading:
    """What is known about a source once it was read to its end; formats fill it while they read."""

    lines: int = 0
    rejects: int = 0
    list_date: date | None = None
    # What the files cover, as prefixes of E.164 digits such as 1818; empty: all that the registry is about.
    coverage: set[str] = field(default_factory=set)
    # Until which day each prefix is known, where the files tell it: of the file, or of the newest changes.
    dates: dict[str, date] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
