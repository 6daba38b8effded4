"""Options that say how a call file is to be read."""

from typing import Annotated

import typer

from donotcontact.cli.exits import UsageError

DELIMITER_NAMES = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}
COLUMN_OPTIONS = {
    "time_zones": "--time-zone-column",
    "postal_codes": "--postal-code-column",
    "contact_ids": "--contact-column",
    "debt_ids": "--debt-column",
}


def _column_option(option: str, what: str) -> typer.models.OptionInfo:
    info: typer.models.OptionInfo = typer.Option(
        option, metavar="NAME|N", help=f"The column of {what}. Default: none.", show_default=False
    )
    return info


TimeZoneColumnOption = Annotated[
    str | None, _column_option("--time-zone-column", "the persons' time zones, such as America/Chicago")
]
PostalCodeColumnOption = Annotated[str | None, _column_option("--postal-code-column", "the persons' postal codes")]
ContactColumnOption = Annotated[str | None, _column_option("--contact-column", "the contacts that attempts count by")]
DebtColumnOption = Annotated[str | None, _column_option("--debt-column", "the debts that attempts count by")]
ColumnOption = Annotated[
    str | None,
    typer.Option(
        "--column",
        metavar="NAME|N",
        help="The column of the addresses, by name or by number from 1. Default: found by looking.",
    ),
]
EncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding", metavar="NAME", help="Such as cp1250. Default: UTF-8, UTF-16 with its mark, else Windows-1252."
    ),
]
DelimiterOption = Annotated[
    str | None,
    typer.Option("--delimiter", metavar="NAME", help=f"{', '.join(DELIMITER_NAMES)}. Default: found by looking."),
]
HeaderOption = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first row names the columns. Default: found by looking.",
        show_default=False,
    ),
]


def delimiter_of(name: str | None) -> str | None:
    """Return the delimiter of a name; raises UsageError for another one."""
    if name is None or name in DELIMITER_NAMES.values():
        return name
    if name not in DELIMITER_NAMES:
        raise UsageError("--delimiter is none of " + ", ".join(DELIMITER_NAMES) + ".")
    return DELIMITER_NAMES[name]
