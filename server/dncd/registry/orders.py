"""Orders: what is to be imported, and what a person says about it that the file does not say itself."""

from datetime import date
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel

from dncd.registry.failures import FormatUnsuited
from dncd.registry.formats import Options, Shape
from dncd.registry.lines import Source
from dncd.registry.prefixes import PrefixSet

CHANGES: Final = "ftc-change"
# The others find their heading by its words, or have none; and fix how their numbers are written.
_WITH_HEADING: Final = ("csv", "acma")
_AS_WRITTEN: Final = ("csv", "numbers")
ShapeName = Literal["", "flagged", "registered", "clean"]


class Order(BaseModel):
    """What is to be imported. `previous` is the snapshot in force, that a change list is applied to.

    `scope` is what the registry speaks about. `changes_since` is the day from which on a change list has every change.
    `washed` is the file that was washed, where only the clean numbers came back. `header` says whether the first row is
    one, `international` that digits without a plus sign begin with their calling code.
    """

    registries: Path
    registry: str
    snapshot: str
    path: Path
    file_name: str
    format: str
    calling_code: int
    scope: tuple[str, ...]
    region: str = ""
    header: bool | None = None
    international: bool = False
    list_date: date | None = None
    changes_since: date | None = None
    column: str = ""
    category_column: str = ""
    registered_flags: str = ""
    clean_flags: str = ""
    shape: ShapeName = ""
    flag_column: str = ""
    washed: Path | None = None
    washed_name: str = ""
    coverage: tuple[str, ...] = ()
    previous: str = ""

    @property
    def previous_folder(self) -> Path | None:
        """Where the snapshot is that the file changes; None where the file is a whole list."""
        return self.registries / self.registry / self.previous if self.format == CHANGES else None

    def check(self) -> None:
        """Raise `FormatUnsuited` for what contradicts itself, before anything is read."""
        if self.format == CHANGES:
            self._check_changes()
        elif self.changes_since is not None:
            raise FormatUnsuited(f"only a change list ({CHANGES}) begins on a day (--changes-since)")
        if self.washed is not None and self.shape != "clean":
            raise FormatUnsuited("the file that was washed (--washed) is read only where the result is --shape clean")
        if self.header is not None and self.format not in _WITH_HEADING:
            raise FormatUnsuited(f"only {', '.join(_WITH_HEADING)} are told of a heading (--header, --no-header)")
        if self.international and self.format not in _AS_WRITTEN:
            raise FormatUnsuited(f"only {', '.join(_AS_WRITTEN)} are told of calling codes (--international)")
        options = self.options()
        for prefix in self.coverage:
            options.require_scope(prefix)

    def options(self, washed: Source | None = None) -> Options:
        """Return what the formats take."""
        return Options(
            calling_code=self.calling_code,
            scope=PrefixSet(self.scope),
            region=self.region,
            heading=self.header,
            international=self.international,
            list_date=self.list_date,
            column=self.column or None,
            categories_column=self.category_column or None,
            registered_flags=_flags(self.registered_flags),
            clean_flags=_flags(self.clean_flags),
            shape=Shape(self.shape) if self.shape else None,
            flag_column=self.flag_column or None,
            coverage=frozenset(prefix.lstrip("+") for prefix in self.coverage),
            washed_input=washed,
        )

    def _check_changes(self) -> None:
        if not self.previous:
            raise FormatUnsuited("a change list changes the list in force, and there is none; import a full list first")
        if self.changes_since is None:
            what = (
                "a change list does not say from which day on it has every change, and a missing day would let calls"
                " through; say it (--changes-since), most often the date of the list in force"
            )
            raise FormatUnsuited(what, self.file_name)


def _flags(written: str) -> frozenset[str]:
    return frozenset(flag.strip() for flag in written.split(",") if flag.strip())
