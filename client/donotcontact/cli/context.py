"""Options that say where the person is, and what attempts are counted by."""

from typing import Annotated

import typer

TimeZoneOption = Annotated[
    str,
    typer.Option(
        "--time-zone",
        metavar="ZONE",
        help="The person's time zone, such as America/Chicago. Default: those of the number.",
        show_default=False,
    ),
]
PostalCodeOption = Annotated[
    str,
    typer.Option("--postal-code", metavar="CODE", help="The person's postal code, such as 33101.", show_default=False),
]
ContactIdOption = Annotated[
    str,
    typer.Option(
        "--contact-id", metavar="ID", help="The person, where attempts are counted by contact.", show_default=False
    ),
]
DebtIdOption = Annotated[
    str,
    typer.Option("--debt-id", metavar="ID", help="The debt, where attempts are counted by debt.", show_default=False),
]
DraftOption = Annotated[
    str | None,
    typer.Option("--draft", metavar="FILE", help="A policy as YAML that is not applied, in place of --policy."),
]
