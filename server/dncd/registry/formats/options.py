"""What the operator says about a file that the file does not say itself."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

import numpy as np

from dncd.registry.failures import FormatUnsuited, ListDateMissing
from dncd.registry.lines import Source
from dncd.registry.prefixes import PrefixSet
from dncd.storage.contract import Mask, Phones


class Shape(StrEnum):
    """The three results of an Australian wash."""

    FLAGGED = "flagged"
    REGISTERED = "registered"
    CLEAN = "clean"


Column = str | int


@dataclass(frozen=True, slots=True)
class Options:
    """Options of a reading. What is not given is guessed where there is only one way to guess, and refused otherwise.

    A column is a word of the heading, whatever its case, or a position from 1.
    """

    calling_code: int = 0  # 1, 44, 61 or 91: what numbers without a plus sign belong to; 0: what the format says
    scope: PrefixSet | None = None  # what the registry speaks about: other numbers are rejects; None: any
    region: str = ""  # ISO 3166-1 alpha-2, for csv and numbers
    list_date: date | None = None  # overrides the date that a file carries
    coverage: frozenset[str] = frozenset()  # prefixes of E.164 digits, for files that do not carry theirs
    delimiter: str = ""
    heading: bool | None = None  # csv, acma: whether the first row is one; None: found by looking
    international: bool = False  # csv, numbers: digits without a plus sign begin with their calling code
    column: Column | None = None
    categories_column: Column | None = None
    flag_column: Column | None = None
    registered_flags: frozenset[str] = frozenset()  # acma: what means registered, whatever its case
    clean_flags: frozenset[str] = frozenset()  # acma: what means not registered
    shape: Shape | None = None  # acma
    washed_input: Source | None = None  # acma: what was washed, where only the clean numbers came back

    def require_code(self, code: int, format_name: str) -> None:
        """Raise FormatUnsuited where the operator means another country than the format does."""
        if self.calling_code not in {0, code}:
            raise FormatUnsuited(f"{format_name} files hold numbers of calling code {code}, not {self.calling_code}")

    def require_date(self, file: str) -> date:
        """Return the operator's list date. Raises ListDateMissing."""
        if self.list_date is None:
            raise ListDateMissing("the file does not say of which day it is; give its list date (--list-date)", file)
        return self.list_date

    def outside(self, phones: Phones) -> Mask:
        """Tell for each number whether the registry does not speak about it; rows that are no numbers are 0."""
        if self.scope is None:
            return np.zeros(len(phones), np.bool_)
        outside: Mask = ~self.scope.contains(phones) & (phones > 0)
        return outside

    def require_scope(self, prefix: str, file: str = "") -> None:
        """Raise FormatUnsuited where a file is said to cover numbers that the registry does not speak about."""
        if self.scope is not None and not prefix.lstrip("+").startswith(self.scope.prefixes):
            spoken = " ".join(f"+{each}" for each in self.scope.prefixes)
            raise FormatUnsuited(f"it covers +{prefix.lstrip('+')}, and the registry speaks about {spoken} only", file)
